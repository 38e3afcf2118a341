package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/workflows"
)

// house is a whole dev stack and a way to run commands against it.
type house struct {
	*stack.Stack
	temporal client.Client
	rules    string // a rules file for the connection acme
	public   string // the workers' public address; "" for none
}

func newHouse(t *testing.T, change ...func(*stack.Options)) *house {
	t.Helper()
	dir, err := devstack.NewTempDataDir()
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // the first build of Temporal takes minutes
	defer cancel()
	o := stack.Options{
		DataDir: dir, Ephemeral: true, Out: os.Stderr,
		Sandbox: sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 10 * time.Millisecond}},
	}
	for _, c := range change {
		c(&o)
	}
	s, err := stack.Start(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, s.Close(closing))
	})
	h := &house{Stack: s, rules: filepath.Join(dir, "acme.yaml")}
	h.temporal, err = s.Dial(ctx, nil)
	require.NoError(t, err)
	t.Cleanup(h.temporal.Close)
	s.Sandbox.Fill(sandbox.People{Both: 5, OnlyGoHighLevel: 2, OnlySalesforce: 2, Seed: 1})
	h.writeRules(t, string(s.Sandbox.Rules(sandbox.RulesOptions{
		Connection: "acme", GoHighLevelURL: s.State.GoHighLevelURL, IndexLag: 10 * time.Millisecond,
	})))
	return h
}

func (h *house) writeRules(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(h.rules, []byte(text), 0o600))
}

// run runs a command line against the house, in which the fakes' authorisation pages grant at once.
func (h *house) run(t *testing.T, line string, args ...any) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return h.runIn(ctx, func(string) {}, fmt.Sprintf(line, args...))
}

// runIn is run under a context; told is called with what the command tells a person.
func (h *house) runIn(ctx context.Context, told func(string), line string) outcome {
	ghl, sf := sandbox.Apps()
	env := map[string]string{
		"TANDEM_DATABASE_URL": h.State.DatabaseURL, "TANDEM_KEYSET_FILE": h.State.KeysetFile,
		"TANDEM_ALLOW_HOSTS": devstack.FakeHosts, "TANDEM_PUBLIC_URL": h.public,
		envGoHighLevelSecret: ghl.ClientSecret, envSalesforceSecret: sf.ClientSecret,
	}
	var out, errOut bytes.Buffer
	a := newApp(strings.NewReader(""), &out, writer(func(text []byte) { errOut.Write(text); told(string(text)) }), func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	a.browse = func(page string) error {
		answer, err := http.Get(page)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	code := execute(ctx, a, append(strings.Fields(line), "--temporal-address", h.State.TemporalAddress))
	return outcome{code, out.String(), errOut.String()}
}

type writer func(text []byte)

func (w writer) Write(text []byte) (int, error) {
	w(text)
	return len(text), nil
}

// mustRun runs a command that must come to its end, and reads its JSON.
func (h *house) mustRun(t *testing.T, into any, line string, args ...any) {
	t.Helper()
	got := h.run(t, line+" -o json", args...)
	require.Equal(t, exitDone, got.code, "%s: %s%s", line, got.out, got.err)
	require.NoError(t, json.Unmarshal([]byte(got.out), into), "%s: %s", line, got.out)
}

func (h *house) add(t *testing.T, flags string) outcome {
	t.Helper()
	ghl, sf := sandbox.Apps()
	return h.run(t, "connections add %s --gohighlevel-client-id %s --salesforce-client-id %s --salesforce-login-host %s %s",
		h.rules, ghl.ClientID, sf.ClientID, h.State.SalesforceURL, flags)
}

func (h *house) startWorker(t *testing.T) {
	t.Helper()
	w := assembly.NewWorker(h.temporal, h.temporal, assembly.NewConnections(h.Store, h.Vault, devstack.Fakes()), h.Store)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// listed waits until visibility lists as many failed runs as there are.
func (h *house) listed(t *testing.T, n int) []listedRun {
	t.Helper()
	var list []listedRun
	require.Eventually(t, func() bool {
		h.mustRun(t, &list, "runs --failed --connection acme")
		return len(list) == n
	}, 30*time.Second, 50*time.Millisecond)
	return list
}

func TestPeopleRunTandemByTheStarter(t *testing.T) {
	h := newHouse(t)
	t.Run("a database is migrated once", h.migrates)
	t.Run("a connection is added, and its rules updated", h.connects)
	t.Run("what is not there is not found", h.findsNothing)
	t.Run("a run that no worker took up is started anew", h.startsAnew)
	t.Run("Ctrl-C stops the watching, not the run", h.interrupts)
	t.Run("a run that failed is reset once it can succeed", h.resets)
	t.Run("a keyset is made once", h.makesKeysets)
	t.Run("keys are rotated and retired", h.rotates)
	t.Run("a rotation waits for workers that do not follow", h.waitsForWorkers)
	t.Run("a connection is erased", h.erases)
}

func (h *house) migrates(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), h.Postgres.URL()) // only who owns it may
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE DATABASE fresh TEMPLATE template0")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	address, err := url.Parse(h.Postgres.URL())
	require.NoError(t, err)
	address.Path = "/fresh"

	unready := h.run(t, "status --database-url %s", address)
	require.Equal(t, exitFailed, unready.code)
	require.Contains(t, unready.err, "starter migrate")
	var first, second struct{ From, To int }
	h.mustRun(t, &first, "migrate --database-url %s", address)
	require.Zero(t, first.From)
	require.Positive(t, first.To)
	h.mustRun(t, &second, "migrate --database-url %s", address)
	require.Equal(t, first.To, second.From)
	require.Equal(t, first.To, second.To)
}

func (h *house) findsNothing(t *testing.T) {
	for _, line := range []string{
		"connections show nobody", "connections check nobody", "status nobody", "start onboarding nobody", "watch onboarding/nobody",
		"replay onboarding/nobody", "replay --check onboarding/nobody",
	} {
		require.Equal(t, exitNotFound, h.run(t, "%s", line).code, line)
	}
	none := h.run(t, "replay --failed --connection nobody")
	require.Equal(t, exitDone, none.code)
	require.Contains(t, none.err, "no such runs")
}

func (h *house) startsAnew(t *testing.T) {
	started := h.run(t, "start onboarding acme")
	require.Equal(t, exitDone, started.code, started.err)
	require.Contains(t, started.out, "starter watch onboarding/acme")
	require.Contains(t, started.err, "No worker")
	twice := h.run(t, "start onboarding acme")
	require.Equal(t, exitFailed, twice.code)
	require.Contains(t, twice.err, "is running already")
	var out []replayedRun
	h.mustRun(t, &out, "replay onboarding/acme")
	require.Equal(t, replaySkip, out[0].Action)

	require.NoError(t, h.temporal.TerminateWorkflow(t.Context(), "onboarding/acme", "", "by mistake"))
	failed := h.listed(t, 1)
	require.Equal(t, "terminated", failed[0].Status)
	require.Equal(t, "by mistake", failed[0].Error)
	require.Equal(t, workflows.ScenarioOnboarding, failed[0].Scenario)
	h.mustRun(t, &out, "replay --failed --connection acme --dry-run")
	require.Equal(t, replayStart, out[0].Action)
	require.Empty(t, out[0].NewRunID)
	h.mustRun(t, &out, "replay --failed --connection acme")
	require.Equal(t, replayStart, out[0].Action)
	require.Equal(t, "no worker ever took it up", out[0].Why)
	require.NotEqual(t, out[0].RunID, out[0].NewRunID)
	h.mustRun(t, &out, "replay --failed --connection acme")
	require.Equal(t, replaySkip, out[0].Action, "a second replay is harmless")
}

func (h *house) interrupts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := h.runIn(ctx, func(text string) {
		if strings.Contains(text, "No worker") {
			cancel()
		}
	}, "start contact-sync acme --link 1 --wait")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "The run goes on")
	require.Contains(t, got.err, "starter watch contact/acme/1")
	require.Contains(t, got.err, "interrupted")
	run, err := h.temporal.DescribeWorkflowExecution(t.Context(), "contact/acme/1", "")
	require.NoError(t, err)
	require.Equal(t, "running", statusWord(run.GetWorkflowExecutionInfo().GetStatus()))
	require.NoError(t, h.temporal.CancelWorkflow(t.Context(), "contact/acme/1", ""))
}

func (h *house) resets(t *testing.T) {
	h.Sandbox.Salesforce.HideField("Contact."+sandbox.PlanField, true)
	h.startWorker(t)
	watched := h.run(t, "watch onboarding/acme")
	require.Equal(t, exitPerson, watched.code, watched.err)
	require.Contains(t, watched.err, sandbox.PlanField)
	checked := h.run(t, "connections check acme")
	require.Equal(t, exitPerson, checked.code, checked.err)
	require.Contains(t, checked.out, sandbox.PlanField)
	require.Contains(t, checked.err, "held back until a check passes")
	h.heldBack(t)
	require.Contains(t, h.run(t, "connections check acme -o json").out, `"state": "unchecked"`)

	failed := h.listed(t, 2)
	require.Equal(t, "failed", failed[0].Status)
	require.Equal(t, "NeedsAccess", failed[0].ProblemKind)
	require.Contains(t, failed[0].Error, sandbox.PlanField)
	require.Nil(t, failed[0].Newer)
	require.NotNil(t, failed[1].Newer, "the terminated run has a successor")

	h.Sandbox.Salesforce.HideField("Contact."+sandbox.PlanField, false)
	var out []replayedRun
	h.mustRun(t, &out, "replay --failed --scenario onboarding")
	require.Len(t, out, 1, "two failed runs of one id are one to replay")
	require.Equal(t, replayReset, out[0].Action, out[0].Why)
	require.Equal(t, failed[0].RunID, out[0].RunID)
	watched = h.run(t, "watch onboarding/acme -o json")
	require.Equal(t, exitDone, watched.code, watched.err)
	var result workflows.OnboardingResult
	require.NoError(t, json.Unmarshal([]byte(watched.out), &result))
	require.Equal(t, 9, result.Verify.InStep)

	h.mustRun(t, &out, "replay onboarding/acme")
	require.Equal(t, replaySkip, out[0].Action)
	require.Equal(t, "it has completed", out[0].Why)
	require.Equal(t, "completed", h.listed(t, 2)[0].Newer.Status)
	table := h.run(t, "runs --failed --since 1d")
	require.Contains(t, table.out, "NEWER")
	var verdict struct {
		Compatible bool
		Events     int
	}
	h.mustRun(t, &verdict, "replay --check onboarding/acme")
	require.True(t, verdict.Compatible)
	require.Positive(t, verdict.Events)
	var all []connectionStatus
	h.mustRun(t, &all, "status acme")
	require.Equal(t, 9, all[0].Linked)
	require.Len(t, all[0].Runs, runsInStatus)
	require.Contains(t, h.run(t, "status acme").out, "onboarding/acme")
	ready := h.run(t, "connections check acme")
	require.Equal(t, exitDone, ready.code, ready.err)
	require.Contains(t, ready.out, "is ready")
	require.Regexp(t, `Salesforce +field +Contact: \d+ fields +yes +contacts`, ready.out)
	h.Sandbox.Salesforce.RevokeGrant()
	revoked := h.run(t, "connections check acme")
	require.Equal(t, exitPerson, revoked.code, revoked.err)
	require.Contains(t, revoked.out, "starter connect")
	back := h.run(t, "connect salesforce acme")
	require.Equal(t, exitDone, back.code, "%s%s", back.out, back.err)
	require.Contains(t, back.out, "is ready")
	require.Contains(t, back.err, "Connection acme is connected again")
	var one workflows.RecordSyncResult
	h.mustRun(t, &one, "start contact-sync acme --link %d --wait", 1)
	require.EqualValues(t, "in_step", one.State)
}
