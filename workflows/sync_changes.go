package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// SyncChanges drains a connection's pending changes until nothing is pending, and completes: a few go one run each, more go
// in bulk. SignalRing starts it and keeps it going. While a side refuses the connection it says so, and completes at once:
// what is pending stays. What changes while it is being synced is synced again, and what takes
// long holds up nothing else.
func SyncChanges(ctx workflow.Context, in SyncChangesInput) error {
	if err := in.Validate(); err != nil {
		return invalidInput(err)
	}
	s := &syncChanges{in: in, reviews: map[int64]bool{}, notes: map[string]bool{}, rings: workflow.GetSignalChannelWithOptions(ctx, SignalRing, workflow.SignalChannelOptions{
		Description: "Something is pending",
	})}
	if s.in.Told == nil {
		s.in.Told = map[int64]bool{}
	}
	s.lane = newRecordLane(ctx, in.Connection, "")
	return s.run(ctx)
}

type syncChanges struct {
	in      SyncChangesInput
	rings   workflow.ReceiveChannel
	lane    *recordLane
	reviews map[int64]bool  // that were given a run
	notes   map[string]bool // whose runs have been told of a change
	inBulk  bool            // a BulkSync is under way
	rang    bool            // since the last BulkSync began
	whole   bool            // the last plan had told all
	again   bool            // what has ended since the last look may have left something to do
	failure error
	// What was begun, for people who watch.
	single, bulk int
}

func (s *syncChanges) run(ctx workflow.Context) error {
	for {
		if s.hush() {
			clear(s.in.Told) // it may be about one of them
			clear(s.notes)
		}
		s.again = false
		var plan activities.ChangesPlan
		err := workflow.ExecuteActivity(ledgerCall(ctx, "See what is pending"), contacts.PlanChanges, activities.PlanChangesInput{
			Connection: s.in.Connection, Begun: len(s.reviews), Busy: s.lane.busy(ctx),
			BusyNotes: workflow.DeterministicKeys(s.notes),
		}).Get(ctx, &plan)
		if err != nil {
			return permanent(ctx, err)
		}
		if len(plan.Refusals) > 0 {
			workflow.SetCurrentDetails(ctx, refusalNote(s.in.Connection, plan.Refusals...))
		}
		reviews, err := attendReviews(ctx, s.in.Connection, plan.Reviews, s.reviews)
		if err != nil {
			return permanent(ctx, err)
		}
		if plan.Live {
			if err := s.begin(ctx, plan); err != nil {
				return permanent(ctx, err)
			}
			if err := s.followNotes(ctx, plan.Notes); err != nil {
				return permanent(ctx, err)
			}
			if err := s.wait(ctx); err != nil {
				return permanent(ctx, err)
			}
		}
		if (s.idle() || !plan.Live) && !s.again && reviews == 0 && s.rings.Len() == 0 {
			return nil
		}
		s.in.Round++
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			// What rang meanwhile, and what is under way, needs no carrying over: the next run begins by looking. But a ring may
			// be about one that was told.
			if s.hush() {
				clear(s.in.Told)
			}
			return workflow.NewContinueAsNewError(ctx, SyncChanges, s.in)
		}
	}
}

// hush takes in every ring so far, and tells whether there was one.
func (s *syncChanges) hush() (rang bool) {
	for s.rings.ReceiveAsync(nil) {
		rang = true
	}
	s.rang = s.rang || rang
	return rang
}

func (s *syncChanges) idle() bool { return s.lane.idle() && !s.inBulk }

// begin starts what the plan says.
func (s *syncChanges) begin(ctx workflow.Context, plan activities.ChangesPlan) error {
	s.whole = plan.Whole
	if plan.Bulk > 0 && !s.inBulk {
		s.bulk += plan.Bulk
		s.beginBulk(ctx, plan)
	}
	// A contact whose run waits for a person stays pending until that run has looked; once it is told, that is its affair.
	links := slices.DeleteFunc(append(linkRefs(record.Contact, plan.Record), plan.Others...), func(ref record.LinkRef) bool { return s.in.Told[ref.LinkID] })
	if s.single += len(links); len(links) > 0 || plan.Bulk > 0 {
		s.describe(ctx)
	}
	return s.lane.begin(ctx, links, "which has changed", func(p passed) {
		s.in.Told[p.link] = p.told
		s.again = s.again || !s.whole || !p.settled
		s.describe(ctx)
	})
}

// wait returns once another look is due, or nothing is under way any more. Where a look comes due while something is, the
// rest gets a while: a look costs the same for one change as for many.
func (s *syncChanges) wait(ctx workflow.Context) error {
	err := workflow.Await(ctx, func() bool { return s.idle() || s.failure != nil || s.again || s.rings.Len() > 0 })
	if err != nil || s.idle() || s.failure != nil {
		return errors.Join(err, s.failure)
	}
	over := func() bool { return s.idle() || s.failure != nil }
	if !overlapping(ctx) {
		err := workflow.Await(ctx, over)
		return errors.Join(err, s.failure)
	}
	pause := lookAgain
	if s.inBulk {
		pause = lookAgainInBulk
	}
	// A timer that is not cancelled would stay open beside the next one.
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	_, err = workflow.AwaitWithOptions(timed, workflow.AwaitOptions{
		Timeout: pause, TimerOptions: workflow.TimerOptions{Summary: "More has changed"},
	}, over)
	return errors.Join(err, s.failure)
}

// beginBulk starts a run in bulk and, where changes keep coming, lets some gather after it: such a run costs the same for
// one as for many.
func (s *syncChanges) beginBulk(ctx workflow.Context, plan activities.ChangesPlan) {
	epoch := fmt.Sprintf("%s-%d", workflow.GetInfo(ctx).OriginalRunID, s.in.Round)
	kind := cmp.Or(plan.BulkKind, record.Contact)
	id := BulkSyncID(s.in.Connection, kind, epoch)
	s.inBulk, s.rang = true, false
	run := workflow.ExecuteChildWorkflow(
		ofKind(child(ctx, id, ScenarioBulkSync, s.in.Connection, "Sync "+count(plan.Bulk, "changed "+string(kind))), kind, s.in.Connection),
		BulkSync, BulkSyncInput{
			Connection: s.in.Connection, Kind: kind, Epoch: epoch, Origin: id, Total: plan.Bulk, LeavesSingle: true,
			Lanes: min(activities.BulkLanes, (plan.Bulk+batchSize-1)/batchSize),
		},
	)
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { s.inBulk, s.again = false, true }()
		err := run.Get(ctx, nil)
		if err == nil && plan.Gather > 0 && (s.rang || s.rings.Len() > 0) {
			err = workflow.NewTimerWithOptions(ctx, plan.Gather, workflow.TimerOptions{Summary: "More keeps changing"}).Get(ctx, nil)
		}
		if err != nil {
			s.failure = err
		}
	})
}

func (s *syncChanges) describe(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("| lane | begun |\n|---|---|\n| record lane | %d |\n| bulk lane | %d |\n| failed | %d |\n",
		s.single, s.bulk, s.lane.failed))
}

// attendReviews starts the runs in which reviews wait, but for those that were begun, and tells how many these were. One
// whose run is open already is left alone.
func attendReviews(ctx workflow.Context, connection string, ids []int64, begun map[int64]bool) (n int, err error) {
	var starts []workflow.Future
	for _, id := range ids {
		if begun[id] {
			continue
		}
		begun[id] = true
		run := workflow.ExecuteChildWorkflow(child(ctx, ReviewID(connection, id), ScenarioReview, connection,
			fmt.Sprintf("Review %d waits for a person", id)), Review, ReviewInput{Connection: connection, ReviewID: id})
		starts = append(starts, run.GetChildWorkflowExecution())
	}
	for _, start := range starts {
		if err := start.Get(ctx, nil); err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return 0, err
		}
	}
	return len(starts), nil
}

// followNotes gives notes that have changed their runs, or tells those that are open. They outlive this one, and nobody
// waits for them.
func (s *syncChanges) followNotes(ctx workflow.Context, notes []string) error {
	for _, note := range notes {
		s.notes[note] = true
		in := NoteToTaskInput{Connection: s.in.Connection, NoteID: note}
		id := NoteToTaskID(in.Connection, note)
		for range tries {
			run := workflow.ExecuteChildWorkflow(child(ctx, id, ScenarioNoteToTask, in.Connection, "Tasks of Salesforce note "+note), NoteToTask, in)
			err := run.GetChildWorkflowExecution().Get(ctx, nil)
			if err == nil {
				break
			}
			if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
				return err
			}
			if workflow.SignalExternalWorkflow(ctx, id, "", SignalChanged, nil).Get(ctx, nil) == nil {
				break
			}
		}
	}
	// There may be more. What could not be told stays marked, and the next ring is about it too.
	s.again = s.again || len(notes) >= activities.NotesAtOnce
	return nil
}
