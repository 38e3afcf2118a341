package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/workflows"
)

// rawClient reads what Temporal keeps without decrypting it, and fails the test where any of it is in clear.
type rawClient struct {
	client.Client
	people             []string
	payloads, failures int
}

func (s *system) raw(t *testing.T) *rawClient {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: s.State.TemporalAddress, Namespace: s.State.Namespace, Logger: platform.TemporalLogger(zap.NewNop()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := &rawClient{Client: c}
	for p := range s.Sandbox.GoHighLevel.All() {
		for _, text := range []string{p.Email, p.LastName, digits.ReplaceAllString(p.Phone, "")} {
			if len(text) >= 6 { // what is shorter may happen to be a word of ours
				r.people = append(r.people, strings.ToLower(text))
			}
		}
	}
	return r
}

// look reads all that is kept of the newest run of an id.
func (r *rawClient) look(t *testing.T, s *system, id string) *history.History {
	t.Helper()
	h := &history.History{}
	events := r.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		h.Events = append(h.Events, event)
	}
	about, err := r.DescribeWorkflowExecution(t.Context(), id, "") // with memo, heartbeats, summaries
	if err != nil {
		t.Fatal(err)
	}
	r.mustBeClosed(t, id, h)
	r.mustBeClosed(t, id, about)
	s.mustOpen(t, h)
	return h
}

// mustOpen fails the test where a history cannot be decrypted with the keys at hand.
func (s *system) mustOpen(t *testing.T, h *history.History) {
	t.Helper()
	open := proto.Clone(h).(*history.History)
	s.decrypt(t, open)
	err := proxy.VisitPayloads(t.Context(), open, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			for _, p := range p {
				if codec.Encrypted(p) {
					return nil, errors.New("a payload stays closed")
				}
			}
			return p, nil
		},
	})
	if err != nil {
		t.Error(err)
	}
}

func (r *rawClient) mustBeClosed(t *testing.T, id string, kept proto.Message) {
	t.Helper()
	err := proxy.VisitPayloads(context.Background(), kept, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(ctx *proxy.VisitPayloadsContext, payloads []*common.Payload) ([]*common.Payload, error) {
			if _, lane := ctx.Parent.(*common.Header); lane {
				return payloads, nil
			}
			for _, p := range payloads {
				r.payloads++
				if !codec.Encrypted(p) {
					t.Errorf("%s keeps in clear, in a %T: %s", id, ctx.Parent, p)
				}
			}
			return payloads, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = proxy.VisitFailures(context.Background(), kept, proxy.VisitFailuresOptions{
		Visitor: func(_ *proxy.VisitFailuresContext, f *failure.Failure) error {
			for ; f != nil; f = f.GetCause() {
				r.failures++
				// What Temporal itself reports has fixed words.
				if f.GetSource() == "GoSDK" && (f.GetMessage() != "Encoded failure" || f.GetStackTrace() != "" || f.GetEncodedAttributes() == nil) {
					t.Errorf("%s keeps a failure in clear: %s", id, f)
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := proto.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(string(bytes))
	for _, person := range r.people {
		if strings.Contains(text, person) {
			t.Errorf("%s shows %q", id, person)
		}
	}
}

func (r *rawClient) lookAtSchedules(t *testing.T) {
	t.Helper()
	for _, id := range []string{workflows.SweepID(0), workflows.MaintenanceShardID(0)} {
		kept, err := r.WorkflowService().DescribeSchedule(t.Context(), &workflowservice.DescribeScheduleRequest{Namespace: "default", ScheduleId: id})
		if err != nil {
			t.Fatal(err)
		}
		r.mustBeClosed(t, id, kept)
	}
}

// decrypt makes a history readable, as one that an earlier version recorded.
func (s *system) decrypt(t testing.TB, h *history.History) {
	t.Helper()
	codec := s.Codec()
	err := proxy.VisitFailures(t.Context(), h, proxy.VisitFailuresOptions{
		Visitor: func(_ *proxy.VisitFailuresContext, f *failure.Failure) error {
			for ; f != nil; f = f.GetCause() {
				converter.DecodeCommonFailureAttributes(codec.Converter(), f)
				f.EncodedAttributes = nil
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = proxy.VisitPayloads(t.Context(), h, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			return codec.Decode(p)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
