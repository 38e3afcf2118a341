package workflows

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// backlog is a ledger with pending contacts, as the activities of a BulkSync meet it.
type backlog struct {
	state   sync.Mutex
	pending int
	batches map[string]int      // claimed, by the batch's name
	errs    []error             // of the next batches
	takes   time.Duration       // how long a batch takes
	tries   map[string]int      // by the batch's name
	pauses  []*activities.Pause // of the next batches, after half of what they claim
	rests   []bool              // of the next batches: whether the connection is paused, so that they do nothing
	refusal *record.Refusal     // for which it rests; nil where a person has paused it
	// handedOver waits in the record lane; a ContactSync takes it out, unless it is stuck there.
	handedOver []int64
	stuck      map[int64]bool
	refused    map[int64]bool // whose ContactSync fails
	synced     map[int64]int
}

func newBacklog(pending int) *backlog {
	return &backlog{
		pending: pending, batches: map[string]int{}, tries: map[string]int{}, stuck: map[int64]bool{}, refused: map[int64]bool{}, synced: map[int64]int{},
		takes: time.Second,
	}
}

func (b *backlog) serve(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(contacts.SyncContacts, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SyncRecordsInput) (activities.SyncRecordsResult, error) {
			b.state.Lock()
			defer b.state.Unlock()
			b.tries[in.Batch]++
			if len(b.errs) > 0 {
				err := b.errs[0]
				b.errs = b.errs[1:]
				if err != nil {
					return activities.SyncRecordsResult{}, err
				}
			}
			if len(b.rests) > 0 {
				rests := b.rests[0]
				b.rests = b.rests[1:]
				if rests {
					return activities.SyncRecordsResult{Pause: &activities.Pause{For: 20 * time.Second, Lane: crm.LaneLive, Refusal: b.refusal}}, nil
				}
			}
			left := b.pending
			claimed := min(in.Size, left)
			if len(b.pauses) > 0 {
				pause := b.pauses[0]
				b.pauses = b.pauses[1:]
				b.pending -= claimed / 2
				b.batches[in.Batch] += claimed / 2
				return activities.SyncRecordsResult{Claimed: claimed / 2, Left: left, Pause: pause}, nil
			}
			b.pending -= claimed
			b.batches[in.Batch] += claimed
			return activities.SyncRecordsResult{
				Claimed: claimed, Left: left, Allowances: map[record.Side]activities.Allowance{record.GoHighLevel: {Sent: 7, Left: -1}},
			}, nil
		}).After(b.takes).Maybe()
	env.OnActivity(contacts.ListRecordLane, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.RecordLaneInput) ([]int64, error) {
			b.state.Lock()
			defer b.state.Unlock()
			return slices.Clone(b.handedOver[:min(in.Limit, len(b.handedOver))]), nil
		}).Maybe()
}

// serveContacts mocks the runs of single contacts.
func (b *backlog) serveContacts(env *testsuite.TestWorkflowEnvironment) {
	env.OnWorkflow(ContactSync, mock.Anything, mock.Anything).Return(
		func(_ workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
			b.state.Lock()
			defer b.state.Unlock()
			b.synced[in.LinkID]++
			if !b.stuck[in.LinkID] {
				b.handedOver = slices.DeleteFunc(b.handedOver, func(l int64) bool { return l == in.LinkID })
			}
			if b.refused[in.LinkID] {
				return RecordSyncResult{}, temporal.NewNonRetryableApplicationError("refused", string(crm.Rejected), nil)
			}
			return RecordSyncResult{LinkID: in.LinkID}, nil
		}).After(longRun / 2).Maybe()
}

// checkNames checks that no two batches share a name: the second would claim what the first had.
func (b *backlog) checkNames(t *testing.T) {
	t.Helper()
	for name, claimed := range b.batches {
		if !strings.HasPrefix(name, "default-test-workflow-id/") || claimed > batchSize {
			t.Errorf("batch %q is not named for its run, or not the only one of that name: it claimed %d", name, claimed)
		}
	}
}

var bulkInput = BulkSyncInput{Connection: "acme", Kind: record.Contact, Epoch: "epoch-1", Origin: "epoch", Total: 1000}

func (b *backlog) run(t *testing.T, in BulkSyncInput, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	b.serve(env)
	b.serveContacts(env)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(BulkSync, in)
	return env
}

func TestBulkSyncDrainsThePendingChangesInSeveralLanes(t *testing.T) {
	b := newBacklog(5*batchSize + 1)
	var together, most int
	env := b.run(t, bulkInput, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			b.state.Lock()
			defer b.state.Unlock()
			if info.ActivityType.Name == "SyncContacts" {
				together++
				most = max(most, together)
			}
		})
		env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
			b.state.Lock()
			defer b.state.Unlock()
			if info.ActivityType.Name == "SyncContacts" {
				together--
			}
		})
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 5*batchSize + 1})
	same(t, "pending", b.pending, 0)
	same(t, "batches at once", most, activities.BulkLanes)
	b.checkNames(t)
	p := progressOf(t, env)
	same(t, "progress", p.Kinds, []KindCounter{{What: "contact", Done: 5*batchSize + 1, Total: 5*batchSize + 1}})
	same(t, "allowance", p.Allowances[record.GoHighLevel].Sent, 7)
}

func TestWhereSomebodyLooksAgainTheRunEndsWithTheFirstBatchThatIsNotFull(t *testing.T) {
	for name, c := range map[string]struct{ pending, lanes, batches int }{
		"a few":                        {11, 1, 1},
		"more than a batch takes":      {batchSize + 1, 1, 2},
		"full batches tell of no end":  {batchSize, 1, 2},
		"several lanes":                {3*batchSize - 1, 3, 0}, // those that are done early may begin one more
		"nothing, as others were fast": {0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBacklog(c.pending)
			in := bulkInput
			in.Lanes = c.lanes
			var out BulkSyncResult
			succeeded(t, b.run(t, in, nil), &out)
			same(t, "done", out.Done, c.pending)
			if c.batches > 0 {
				same(t, "batches", len(b.batches), c.batches)
			}
		})
	}
}

func TestABatchThatFailsForNowIsTriedAgain(t *testing.T) {
	b := newBacklog(10)
	busy := refusal(record.Salesforce, crm.Unavailable)
	b.errs = []error{busy, busy, nil, activities.Translate(record.ErrFenced)}
	var out BulkSyncResult
	succeeded(t, b.run(t, bulkInput, nil), &out)
	same(t, "result", out, BulkSyncResult{Done: 10})
}

func TestAUsedUpDayIsWaitedOutAndTheBatchGoesOnWhereItStopped(t *testing.T) {
	b := newBacklog(10)
	pause := &activities.Pause{Side: record.GoHighLevel, For: 6 * time.Hour, Lane: crm.LaneBackfill}
	b.pauses = []*activities.Pause{pause, pause, pause}
	var waits []time.Duration
	var during Progress
	env := b.run(t, bulkInput, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { waits = append(waits, d) })
		env.RegisterDelayedCallback(func() { during = progressOf(t, env) }, time.Hour)
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 10})
	same(t, "waits", waits, []time.Duration{6 * time.Hour, 6 * time.Hour, 6 * time.Hour})
	same(t, "what it says meanwhile", during.Paused, "GoHighLevel's daily allowance: backfill goes on at 07:50 UTC")
	same(t, "what it says in the end", progressOf(t, env).Paused, "")
	for _, n := range []string{"1", "2", "3"} {
		same(t, "attempts at batch "+n, b.tries["default-test-workflow-id/"+n], 2)
	}
}

func TestABatchThatFailsForGoodFailsTheRunWithItsType(t *testing.T) {
	b := newBacklog(10 * batchSize)
	b.errs = []error{nil, refusal(record.GoHighLevel, crm.NeedsReconnect)}
	b.handedOver = []int64{1}
	env := b.run(t, bulkInput, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "NeedsReconnect") })
	err := failed(t, env, "NeedsReconnect")
	var p activities.Problem
	if detail := err.Details(&p); detail != nil || p.Side != record.GoHighLevel {
		t.Errorf("the error's detail is %+v (%v)", p, detail)
	}
	same(t, "record lane", len(b.synced), 0)
	if b.pending < 5*batchSize {
		t.Errorf("the other lanes went on: %d pending", b.pending)
	}
}

func TestWhatTheBulkLaneHandsOverGetsRunsOfItsOwn(t *testing.T) {
	b := newBacklog(100)
	for link := range int64(25) {
		b.handedOver = append(b.handedOver, 100+link)
	}
	b.refused[103], b.refused[117] = true, true
	var ids []string
	var running, most int
	env := b.run(t, bulkInput, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
			ids = append(ids, info.WorkflowExecution.ID)
			running++
			most = max(most, running)
		})
		env.SetOnChildWorkflowCompletedListener(func(*workflow.Info, converter.EncodedValue, error) { running-- })
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 100, Failed: 2})
	same(t, "runs at once", most, recordLanes)
	slices.Sort(ids)
	same(t, "runs", len(slices.Compact(ids)), 25)
	same(t, "first run", ids[0], "contact/acme/100")
	for link, n := range b.synced {
		if n != 1 {
			t.Errorf("contact %d was synced %d times", link, n)
		}
	}
	same(t, "phase", progressOf(t, env).Phase, "record lane")
}

func TestAContactThatStaysInTheRecordLaneIsTriedOnce(t *testing.T) {
	b := newBacklog(0)
	b.handedOver = []int64{1, 2}
	b.stuck[1], b.refused[1] = true, true
	var out BulkSyncResult
	succeeded(t, b.run(t, bulkInput, nil), &out)
	same(t, "result", out, BulkSyncResult{Failed: 1})
	same(t, "runs", b.synced, map[int64]int{1: 1, 2: 1})
}

func TestALongBulkSyncContinuesAsANewRunAndThatOneEndsIt(t *testing.T) {
	t.Run("while it drains", func(t *testing.T) {
		b := newBacklog(20 * batchSize)
		b.handedOver = []int64{1}
		// The third round of batches is under way.
		carried := continued(t, b.run(t, bulkInput, suggestAfter(b.takes*5/2)))
		same(t, "batches carried", carried.Batches, 3*activities.BulkLanes)
		same(t, "done carried", carried.Done, 3*activities.BulkLanes*batchSize)
		same(t, "connection carried", carried.Connection, "acme")
		same(t, "record lane", len(b.synced), 0)

		var out BulkSyncResult
		env := b.run(t, carried, nil)
		succeeded(t, env, &out)
		same(t, "result", out, BulkSyncResult{Done: 20 * batchSize})
		same(t, "progress", progressOf(t, env).Kinds[0].Done, 20*batchSize)
		b.checkNames(t)
		same(t, "record lane", b.synced, map[int64]int{1: 1})
	})
	t.Run("in the record lane", func(t *testing.T) {
		b := newBacklog(1)
		b.handedOver = []int64{1, 2, 3}
		b.stuck[1], b.refused[1], b.refused[2] = true, true, true
		carried := continued(t, b.run(t, bulkInput, suggestAfter(longRun/4)))
		same(t, "failed carried", carried.Failed, 2)
		same(t, "tried carried", carried.Tried, map[int64]bool{1: true, 2: true, 3: true})

		b.handedOver = append(b.handedOver, 4)
		var out BulkSyncResult
		succeeded(t, b.run(t, carried, nil), &out)
		same(t, "result", out, BulkSyncResult{Done: 1, Failed: 2})
		same(t, "runs", b.synced, map[int64]int{1: 1, 2: 1, 3: 1, 4: 1})
	})
}

// suggestAfter makes Temporal find the history long after a time.
func suggestAfter(d time.Duration) func(*testsuite.TestWorkflowEnvironment) {
	return func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { env.SetContinueAsNewSuggested(true) }, d)
	}
}

// continued checks that a run continued as a new BulkSync, and returns what it carried over.
func continued(t *testing.T, env *testsuite.TestWorkflowEnvironment) (in BulkSyncInput) {
	t.Helper()
	var next *workflow.ContinueAsNewError
	if err := env.GetWorkflowError(); !errors.As(err, &next) {
		t.Fatalf("the run ended with %v, want it continued as a new one", err)
	}
	same(t, "next workflow", next.WorkflowType.Name, "BulkSync")
	if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestABulkSyncOfInvalidInputNamesAllProblems(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(BulkSync, BulkSyncInput{Kind: record.Kind("invoice")})
	err := failed(t, env, TypeInvalidInput)
	for _, want := range []string{"connection is missing", `kind "invoice"`, "epoch is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestCurrentDetailsCountBothLanes(t *testing.T) {
	b := newBacklog(3)
	b.handedOver, b.refused[1] = []int64{1}, true
	env := b.run(t, bulkInput, nil)
	succeeded(t, env, nil)
	details := detailsOf(t, env)
	for _, want := range []string{"bulk lane", "| 3 |", "record lane"} {
		if !strings.Contains(details, want) {
			t.Errorf("the details do not say %q: %s", want, details)
		}
	}
}
