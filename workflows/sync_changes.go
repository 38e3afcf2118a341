package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// SyncChanges drains a connection's pending changes until nothing is pending, and completes: a few go one run each, more go
// in bulk. SignalRing starts it and keeps it going. What changes while it is being synced is synced again.
func SyncChanges(ctx workflow.Context, in SyncChangesInput) error {
	if err := in.Validate(); err != nil {
		return invalidInput(err)
	}
	s := &syncChanges{in: in, reviews: map[int64]bool{}, rings: workflow.GetSignalChannelWithOptions(ctx, SignalRing, workflow.SignalChannelOptions{
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
	reviews map[int64]bool // that were given a run
	// What was begun, for people who watch.
	single, bulk int
}

func (s *syncChanges) run(ctx workflow.Context) error {
	for {
		if s.hush() {
			clear(s.in.Told) // it may be about one of them
		}
		var plan activities.ChangesPlan
		err := workflow.ExecuteActivity(ledgerCall(ctx, "See what is pending"), contacts.PlanChanges,
			activities.PlanChangesInput{Connection: s.in.Connection, Begun: len(s.reviews)}).Get(ctx, &plan)
		if err != nil {
			return permanent(ctx, err)
		}
		begun, err := attendReviews(ctx, s.in.Connection, plan.Reviews, s.reviews)
		if err != nil {
			return permanent(ctx, err)
		}
		done, err := s.step(ctx, plan)
		if err != nil {
			return permanent(ctx, err)
		}
		if done && begun == 0 && s.rings.Len() == 0 {
			return nil
		}
		s.in.Round++
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			// What rang meanwhile needs no carrying over: the next run begins by looking. But it may be about one that was told.
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
	return rang
}

// step syncs what the plan says and tells whether nothing is left of it: another look would cost more than it could tell.
func (s *syncChanges) step(ctx workflow.Context, plan activities.ChangesPlan) (done bool, err error) {
	// A contact whose run waits for a person stays pending until that run has looked; once it is told, that is its affair.
	links := slices.DeleteFunc(plan.Record, func(link int64) bool { return s.in.Told[link] })
	switch {
	case !plan.Live:
		return true, nil
	case plan.Bulk > 0:
		s.bulk += plan.Bulk
		s.describe(ctx)
		return false, s.inBulk(ctx, plan)
	case len(links) > 0:
		s.single += len(links)
		s.describe(ctx)
		before := s.lane.unsettled
		err := s.lane.sync(ctx, links, "which has changed", func(link int64, told bool) {
			s.in.Told[link] = told
			s.describe(ctx)
		})
		return plan.Whole && s.lane.unsettled == before, err
	}
	return true, nil
}

// inBulk syncs in bulk and, where changes keep coming, lets some gather: a run in bulk costs the same for one as for many.
func (s *syncChanges) inBulk(ctx workflow.Context, plan activities.ChangesPlan) error {
	epoch := fmt.Sprintf("%s-%d", workflow.GetInfo(ctx).OriginalRunID, s.in.Round)
	id := BulkSyncID(s.in.Connection, record.Contact, epoch)
	err := workflow.ExecuteChildWorkflow(
		child(ctx, id, ScenarioBulkSync, s.in.Connection, "Sync "+count(plan.Bulk, "changed contact")),
		BulkSync, BulkSyncInput{
			Connection: s.in.Connection, Kind: record.Contact, Epoch: epoch, Origin: id, Total: plan.Bulk,
			Lanes: min(bulkLanes, (plan.Bulk+batchSize-1)/batchSize),
		},
	).Get(ctx, nil)
	if err != nil || plan.Gather == 0 || s.rings.Len() == 0 {
		return err
	}
	return workflow.NewTimerWithOptions(ctx, plan.Gather, workflow.TimerOptions{Summary: "More keeps changing"}).Get(ctx, nil)
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
