package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

const (
	codecOrigin = "https://temporal.example.com"
	codecToken  = "a-token-for-those-who-may-see"
)

func TestWhatTemporalKeepsIsReadableOnlyWithTheKeyAndToThoseWhoMaySeeIt(t *testing.T) {
	decode := freeAddress(t)
	t.Setenv("TANDEM_CODEC_LISTEN", decode)
	t.Setenv("TANDEM_CODEC_ORIGIN", codecOrigin)
	t.Setenv("TANDEM_CODEC_TOKEN", codecToken)
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 40, OnlyGoHighLevel: 10, OnlySalesforce: 10, Messy: true, Seed: 3}) // two are refused
	if err := s.Sandbox.FillTimeline(sandbox.PerContact{Notes: 1}, sandbox.PerContact{Tasks: 1}); err != nil {
		t.Fatal(err)
	}
	s.connect(t, func(o *sandbox.RulesOptions) { o.Kinds = []record.Kind{record.Task, record.Note} })
	s.startWorker(t)
	out := s.onboard(t)
	if out.Verify.Failed == 0 || out.Verify.InReview == 0 {
		t.Fatalf("nothing failed, or nobody is asked: %+v", out.Verify)
	}
	links, err := s.Store.Links(t.Context(), connection, record.Contact, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if printed, err := s.starter(t, "explain", connection, fmt.Sprint(links[0].Link.ID)); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}

	raw := s.raw(t)
	onboarding := raw.look(t, s, workflows.OnboardingID(connection))
	ids := map[string]int{}
	list, err := raw.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range list.Executions {
		id := run.GetExecution().GetWorkflowId()
		raw.look(t, s, id)
		scenario, _, _ := strings.Cut(id, "/")
		ids[scenario]++
	}
	for _, scenario := range []string{"contact", "bulk", "explain", "review", "sweep"} {
		if ids[scenario] == 0 {
			t.Errorf("no run of %s was looked at, only %v", scenario, ids)
		}
	}
	if raw.failures == 0 || raw.payloads < 100 {
		t.Errorf("only %d payloads and %d failures were looked at", raw.payloads, raw.failures)
	}
	raw.lookAtSchedules(t)

	// To those who may see it, it is shown, and to nobody else.
	input := onboarding.Events[0].GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()[0]
	shown := map[string]string{"Origin": codecOrigin, "Authorization": "Bearer " + codecToken, "X-Namespace": s.State.Namespace}
	if code, got := ask(t, decode, input, shown); code != http.StatusOK || string(got.GetData()) != `{"connection":"acme"}` {
		t.Errorf("HTTP %d, %s", code, got)
	}
	if code, got := ask(t, decode, input, with(shown, "Authorization", "Bearer guess")); code != http.StatusUnauthorized || got != nil {
		t.Errorf("without the token: HTTP %d, %s", code, got)
	}
	if code, got := ask(t, decode, input, with(shown, "Origin", "https://evil.example")); code != http.StatusForbidden || got != nil {
		t.Errorf("from another origin: HTTP %d, %s", code, got)
	}
	s.eventually(t, func() bool { // visibility lags behind
		printed, err := s.starter(t, "runs", "--failed", "--connection", connection)
		return err == nil && strings.Contains(printed, "INVALID_EMAIL_ADDRESS")
	})

	t.Run("in the Web UI", s.mustShowOnly)

	// With its key everything that was kept of the connection is gone, and nothing new is kept.
	if err := s.Store.ForgetConnectionKey(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
	if code, got := ask(t, decode, input, shown); code != http.StatusOK || !codec.Encrypted(got) {
		t.Errorf("what was erased is shown: HTTP %d, %s", code, got)
	}
	late, err := s.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if err := late.GetWorkflow(t.Context(), workflows.OnboardingID(connection), "").Get(t.Context(), &out); !isErased(err) {
		t.Errorf("reading a result that was erased ended with %v", err)
	}
	_, err = late.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflows.CheckConnectionID(connection), TaskQueue: workflows.TaskQueue},
		workflows.CheckConnection, workflows.CheckConnectionInput{Connection: connection})
	if !isErased(err) {
		t.Errorf("starting something for a connection that was erased ended with %v", err)
	}
}

// freeAddress returns an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // nothing came
	return l.Addr().String()
}

func isErased(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == codec.TypeErased
}

func with(header map[string]string, name, value string) map[string]string {
	out := maps.Clone(header)
	out[name] = value
	return out
}

// ask has a payload decrypted by a worker; the payload is nil where it refuses.
func ask(t *testing.T, address string, p *common.Payload, header map[string]string) (int, *common.Payload) {
	t.Helper()
	body, err := protojson.Marshal(&common.Payloads{Payloads: []*common.Payload{p}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+codec.DecodePath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end below
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out common.Payloads
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil
	}
	if err := protojson.Unmarshal(answer, &out); err != nil || len(out.Payloads) != 1 {
		t.Fatalf("%v: %s", err, answer)
	}
	return response.StatusCode, out.Payloads[0]
}
