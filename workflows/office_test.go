package workflows

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// office is a connection with pending changes, as a SyncChanges meets it.
type office struct {
	diary
	state   sync.Mutex
	paused  bool
	refuses []record.Refusal // by the sides: then it rests too
	pending []int64
	// most is how many pending links go one by one; the others go in bulk, as links of bulkKind.
	most     int
	bulkKind record.Kind
	notes    []string // that are marked, whatever their runs do
	reviews  []int64  // that no run waits for; attended ones are taken out, unless they are deaf
	deaf     bool
	// waits are contacts whose runs wait for a person until they are told of a change, and answers how often they then
	// wait on; refused are those whose runs fail.
	waits   map[int64]bool
	answers int
	refused map[int64]bool
	held    map[int64]bool // contacts that their run works on, which no look tells of
	synced  map[int64]int  // passes of each contact
	bulks   []BulkSyncInput
	// takes is how long a pass takes, inBulk what it takes in bulk, slow what it takes of single contacts.
	takes  time.Duration
	inBulk time.Duration
	// whole lets looks tell that they have told all, and gather that changes are to gather.
	whole bool
	// handedOver are contacts that looks tell of beside those that go in bulk.
	handedOver []int64
	gather     time.Duration
	slow       map[int64]time.Duration
	planErr    error
	// onPlan is called, once set, in the middle of a look.
	onPlan func()
}

func newOffice(pending ...int64) *office {
	return &office{
		pending: pending, most: 10, waits: map[int64]bool{}, refused: map[int64]bool{}, held: map[int64]bool{}, synced: map[int64]int{}, slow: map[int64]time.Duration{},
		takes: longRun / 3,
	}
}

// mark makes a contact pending.
func (o *office) mark(links ...int64) {
	o.state.Lock()
	defer o.state.Unlock()
	o.pending = append(o.pending, links...)
}

// hold lets a contact's run work on it.
func (o *office) hold(link int64) {
	o.state.Lock()
	defer o.state.Unlock()
	o.held[link] = true
}

// done takes a contact in: it is pending no more.
func (o *office) done(link int64) {
	o.state.Lock()
	defer o.state.Unlock()
	o.synced[link]++
	o.held[link] = false
	o.pending = slices.DeleteFunc(o.pending, func(l int64) bool { return l == link })
}

func (o *office) serve(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(contacts.PlanChanges, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.PlanChangesInput) (activities.ChangesPlan, error) {
			if in.Connection != "acme" {
				return activities.ChangesPlan{}, refusal("", crm.Invalid)
			}
			o.note("plan")
			o.state.Lock()
			defer o.state.Unlock()
			plan := activities.ChangesPlan{Live: !o.paused && o.refuses == nil, Refusals: o.refuses}
			if o.planErr != nil || !plan.Live {
				return plan, o.planErr
			}
			plan.Reviews = slices.Clone(o.reviews[:min(len(o.reviews), reviewsAtOnce+in.Begun)])
			for _, note := range o.notes {
				if !slices.Contains(in.BusyNotes, note) && len(plan.Notes) < activities.NotesAtOnce {
					plan.Notes = append(plan.Notes, note)
				}
			}
			free := slices.DeleteFunc(slices.Clone(o.pending), func(link int64) bool { return o.held[link] || slices.Contains(in.Busy, link) })
			if len(free) <= o.most {
				plan.Record, plan.Whole = free, o.whole
			} else {
				plan.Bulk, plan.BulkKind, plan.Gather, plan.Record = len(free), o.bulkKind, o.gather, o.handedOver
			}
			if call := o.onPlan; call != nil {
				o.onPlan = nil
				call()
			}
			return plan, nil
		}).Maybe()
	// A mocked run counts as started only once it has ended; these are runs of their own.
	for name, run := range map[string]any{"ContactSync": o.contact, "BulkSync": o.bulk, "Review": o.review} {
		env.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: name, DisableAlreadyRegisteredCheck: true})
	}
}

// bulk is a bulk run, which takes in everything.
func (o *office) bulk(ctx workflow.Context, in BulkSyncInput) (BulkSyncResult, error) {
	o.note("bulk sync")
	o.state.Lock()
	o.bulks = append(o.bulks, in)
	o.pending = nil
	o.state.Unlock()
	return BulkSyncResult{Done: in.Total}, workflow.Sleep(ctx, cmp.Or(o.inBulk, o.takes))
}

// review is the run of a review, which waits.
func (o *office) review(ctx workflow.Context, in ReviewInput) (record.Verdict, error) {
	o.note(fmt.Sprintf("review %d", in.ReviewID))
	if !o.deaf {
		o.state.Lock()
		o.reviews = slices.DeleteFunc(o.reviews, func(r int64) bool { return r == in.ReviewID })
		o.state.Unlock()
	}
	workflow.GetSignalChannel(ctx, SignalChanged).Receive(ctx, nil)
	return record.Verdict{}, nil
}

// contact is the run of one contact: it takes the contact in, and where that waits for a person, says so, and takes it in
// again whenever it is told of a change.
func (o *office) contact(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
	o.note(fmt.Sprintf("start %d", in.LinkID))
	o.hold(in.LinkID)
	if err := workflow.Sleep(ctx, cmp.Or(o.slow[in.LinkID], o.takes)); err != nil {
		return RecordSyncResult{}, err
	}
	o.done(in.LinkID)
	if o.refused[in.LinkID] {
		return RecordSyncResult{}, temporal.NewNonRetryableApplicationError("refused", string(crm.Rejected), nil)
	}
	if !o.waits[in.LinkID] {
		return RecordSyncResult{LinkID: in.LinkID, State: record.LinkInStep}, nil
	}
	parent := workflow.GetInfo(ctx).ParentWorkflowExecution
	if err := workflow.SignalExternalWorkflow(ctx, parent.ID, "", SignalParked, in.LinkID).Get(ctx, nil); err != nil {
		return RecordSyncResult{}, err
	}
	for changes := workflow.GetSignalChannel(ctx, SignalChanged); ; {
		changes.Receive(ctx, nil)
		o.note(fmt.Sprintf("told %d", in.LinkID))
		if err := workflow.Sleep(ctx, o.takes); err != nil {
			return RecordSyncResult{}, err
		}
		o.done(in.LinkID)
		if o.answers--; o.answers <= 0 {
			return RecordSyncResult{LinkID: in.LinkID}, nil
		}
	}
}

// work runs a SyncChanges over the office. Runs that still wait when it is done do not hold the test up.
func (o *office) work(t *testing.T, in SyncChangesInput, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	env.SetDetachedChildWait(false)
	o.serve(env)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(SyncChanges, in)
	return env
}

// runs counts what was started, and who was told.
func (o *office) runs() map[string]int {
	out := map[string]int{}
	for _, line := range o.read() {
		out[line]++
	}
	delete(out, "plan")
	return out
}
