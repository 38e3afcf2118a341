package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// mirror is a connection of two kinds as the activities of a Verify meet it: 60 links of each kind, of which some drift until
// they are repaired.
type mirror struct {
	diary
	state sync.Mutex
	live  bool
	drift map[record.Kind]int
	// left is how much there is to be synced, at each look, after a repair; the last of them for ever.
	left   []int
	pauses int // how often a slice meets a used-up day
	lane   crm.Lane
	looked []time.Time
	kept   record.Certificate
}

func newMirror() *mirror {
	return &mirror{live: true, drift: map[record.Kind]int{record.Task: 3}, left: []int{0}}
}

func (m *mirror) verify(t *testing.T, in VerifyInput, prepare ...func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	env.OnActivity(verifying.PlanVerification, mock.Anything, mock.Anything).Return(
		activities.VerifyPlan{Kinds: []record.Kind{record.Contact, record.Task}, RulesVersion: 7, Live: m.live}, nil).Maybe()
	env.OnActivity(records.StageRecords, mock.Anything, mock.Anything).Return(
		func(ctx context.Context, in activities.StageRecordsInput) (activities.StageRecordsResult, error) {
			m.note(fmt.Sprintf("read %s from %s", in.Kind, in.Side))
			m.state.Lock()
			defer m.state.Unlock()
			m.lane = crm.LaneOf(ctx)
			return activities.StageRecordsResult{Read: 62, Total: -1, Done: true}, nil
		}).Maybe()
	env.OnActivity(verifying.VerifyRecords, mock.Anything, mock.Anything).Return(m.slice).Maybe()
	env.OnActivity(verifying.VerifyUnlinked, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.VerifyUnlinkedInput) (activities.VerifyUnlinkedResult, error) {
			out := activities.VerifyUnlinkedResult{}
			if in.Side == record.Salesforce {
				out.Excluded = 1
			}
			return out, nil
		}).Maybe()
	env.OnActivity(verifying.RepairDrift, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.RepairInput) (int, error) {
			m.note(fmt.Sprintf("repair %v", in.Kinds))
			m.state.Lock()
			defer m.state.Unlock()
			m.looked = append(m.looked, env.Now())
			left := m.left[0]
			if len(m.left) > 1 {
				m.left = m.left[1:]
			}
			if left == 0 {
				m.drift = nil
			}
			return left, nil
		}).Maybe()
	env.OnActivity(verifying.KeepCertificate, mock.Anything, mock.Anything).Return(
		func(_ context.Context, c record.Certificate) (record.Certificate, error) {
			m.kept = c
			return c, nil
		}).Maybe()
	env.OnActivity(records.UnstageRecords, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.KindInput) error {
			m.note("forget " + string(in.Kind))
			return nil
		}).Maybe()
	for _, p := range prepare {
		p(env)
	}
	env.ExecuteWorkflow(Verify, in)
	return env
}

// slice compares the links in two slices.
func (m *mirror) slice(_ context.Context, in activities.VerifyRecordsInput) (activities.VerifyRecordsResult, error) {
	m.state.Lock()
	defer m.state.Unlock()
	if m.pauses > 0 {
		m.pauses--
		return activities.VerifyRecordsResult{Pause: &activities.Pause{Side: record.GoHighLevel, For: 15 * time.Minute, Lane: crm.LaneVerify}}, nil
	}
	m.note(fmt.Sprintf("compare %s after %d, repairing: %v", in.Kind, in.After, in.Repair))
	if in.After == 0 {
		return activities.VerifyRecordsResult{Last: 30, Verified: record.Verified{InStep: 30}, Fingerprint: in.Fingerprint + "a"}, nil
	}
	d := m.drift[in.Kind]
	return activities.VerifyRecordsResult{Verified: record.Verified{InStep: 29 - d, Held: 1, Drift: d}, Fingerprint: in.Fingerprint + "b"}, nil
}

func TestVerifyCertifiesHowEachKindStandsAndWritesNothing(t *testing.T) {
	m := newMirror()
	m.pauses = 2
	env := m.verify(t, VerifyInput{Connection: "acme"})
	var c record.Certificate
	succeeded(t, env, &c)
	same(t, "the kinds", c.Kinds, []record.KindCertificate{
		{Kind: record.Contact, GoHighLevel: 62, Salesforce: 62, Verified: record.Verified{InStep: 59, Held: 1, Excluded: 1}, Fingerprint: "ab"},
		{Kind: record.Task, GoHighLevel: 62, Salesforce: 62, Verified: record.Verified{InStep: 56, Held: 1, Excluded: 1, Drift: 3}, Fingerprint: "ab"},
	})
	same(t, "the drift", c.Drift, 3)
	same(t, "the rules' version", c.RulesVersion, 7)
	same(t, "the lane", m.lane, crm.LaneVerify)
	same(t, "what is kept", m.kept, c)
	for _, line := range m.read() {
		if strings.Contains(line, "repairing: true") || strings.HasPrefix(line, "repair ") {
			t.Errorf("nobody asked for that: %s", line)
		}
	}
	same(t, "how often staged tasks are forgotten", m.count("forget task"), 1)
	if details := detailsOf(t, env); !strings.Contains(details, "**done**") || !strings.Contains(details, "| tasks | 56 | 0 | 1 | 1 | 0 | 0 | 3 | 0 |") {
		t.Errorf("the run shows %s", details)
	}
	same(t, "the progress", progressOf(t, env).Phase, "done")
}

func TestVerifyRepairsDriftAndComparesOnlyThatKindOnceMore(t *testing.T) {
	m := newMirror()
	m.left = []int{5, 2, 0}
	var c record.Certificate
	succeeded(t, m.verify(t, VerifyInput{Connection: "acme", Repair: true}), &c)
	same(t, "the tasks", c.Kinds[1].Verified, record.Verified{InStep: 59, Held: 1, Excluded: 1})
	same(t, "what was repaired", c.Repaired, 3)
	same(t, "what still drifts", c.Drift, 0)
	same(t, "how often it was looked whether all is synced", m.count("repair [task]"), 3)
	same(t, "how often contacts are compared", m.count("compare contact after 0, repairing: true"), 1)
	same(t, "how often tasks are compared once more", m.count("compare task after 0, repairing: false"), 1)
}

func TestVerifyDoesNotWaitForeverForARepair(t *testing.T) {
	m := newMirror()
	m.left = []int{3}
	var c record.Certificate
	succeeded(t, m.verify(t, VerifyInput{Connection: "acme", Repair: true}), &c)
	same(t, "the drift", c.Drift, 3)
	same(t, "what was repaired", c.Repaired, 0)
	if waited := m.looked[len(m.looked)-1].Sub(m.looked[0]); waited < repairPatience || waited > repairPatience+time.Minute {
		t.Errorf("it waited %s", waited)
	}
}

func TestVerifyOfAConnectionThatIsNotLiveLeavesItsDrift(t *testing.T) {
	m := newMirror()
	m.live = false
	var c record.Certificate
	succeeded(t, m.verify(t, VerifyInput{Connection: "acme", Repair: true}), &c)
	same(t, "the drift", c.Drift, 3)
	same(t, "how often a repair was tried", m.count("repair [task]"), 0)
}

func TestVerifyOfAKindThatIsNotSyncedIsRefused(t *testing.T) {
	for _, kind := range []record.Kind{record.Note, "deal"} {
		m := newMirror()
		env := m.verify(t, VerifyInput{Connection: "acme", Kinds: []record.Kind{kind}}, func(env *testsuite.TestWorkflowEnvironment) { marked(env, TypeInvalidInput) })
		failed(t, env, TypeInvalidInput)
		same(t, "what was called", len(m.read()), 0)
	}
}

func TestVerifyGoesOnInANewRunWhereItsHistoryHasGrown(t *testing.T) {
	m := newMirror()
	env := m.verify(t, VerifyInput{Connection: "acme", Kinds: []record.Kind{record.Task}}, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetContinueAsNewSuggested(true)
	})
	var next *workflow.ContinueAsNewError
	if err := env.GetWorkflowError(); !errors.As(err, &next) {
		t.Fatalf("it ended with %v", err)
	}
	var in VerifyInput
	if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &in); err != nil {
		t.Fatal(err)
	}
	var c record.Certificate
	succeeded(t, m.verify(t, in), &c)
	same(t, "the tasks", c.Kinds, []record.KindCertificate{
		{Kind: record.Task, GoHighLevel: 62, Salesforce: 62, Verified: record.Verified{InStep: 56, Held: 1, Excluded: 1, Drift: 3}, Fingerprint: "ab"},
	})
	same(t, "how often the first slice is compared", m.count("compare task after 0, repairing: false"), 1)
}
