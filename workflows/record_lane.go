package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/record"
)

// recordLane runs a ContactSync per contact, some at a time, for the run that it belongs to.
type recordLane struct {
	connection, origin string
	slots              workflow.Semaphore
	parked             map[int64]bool // contacts whose run waits for a person
	failed             int
	// unsettled counts contacts that did not just come into step: another look tells what is left to do about them.
	unsettled int
}

// newRecordLane opens the lane. A run that parks says so by a signal: it may wait for weeks, and nobody waits with it.
func newRecordLane(ctx workflow.Context, connection, origin string) *recordLane {
	l := &recordLane{connection: connection, origin: origin, slots: workflow.NewSemaphore(ctx, recordLanes), parked: map[int64]bool{}}
	workflow.Go(ctx, func(ctx workflow.Context) {
		parked := workflow.GetSignalChannelWithOptions(ctx, SignalParked, workflow.SignalChannelOptions{
			Description: "A contact's run waits for a person from now on",
		})
		var link int64
		for parked.Receive(ctx, &link) {
			l.parked[link] = true
		}
	})
	return l
}

// sync runs the contacts and returns once each has ended or waits for a person. A contact whose run is open already is
// told that it has changed, and synced by that run; after each contact, each is called with whether it was only told.
func (l *recordLane) sync(ctx workflow.Context, links []int64, summary string, each func(link int64, told bool)) error {
	lanes := workflow.NewWaitGroup(ctx)
	for _, link := range links {
		if err := l.slots.Acquire(ctx, 1); err != nil {
			return err
		}
		lanes.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer lanes.Done()
			defer l.slots.Release(1)
			each(link, l.one(ctx, link, fmt.Sprintf("Contact %d, %s", link, summary)))
		})
	}
	lanes.Wait(ctx)
	return nil
}

// tries is how often a contact is started, or its open run told, where the one that was open ends in between.
const tries = 3

func (l *recordLane) one(ctx workflow.Context, link int64, summary string) (told bool) {
	var out ContactSyncResult
	defer func() {
		if out.State != record.LinkInStep {
			l.unsettled++
		}
	}()
	in := ContactSyncInput{Connection: l.connection, LinkID: link, Origin: l.origin}
	for range tries {
		delete(l.parked, link)
		run := workflow.ExecuteChildWorkflow(child(ctx, ContactSyncID(in), ScenarioContactSync, in.Connection, summary), ContactSync, in)
		err := run.GetChildWorkflowExecution().Get(ctx, nil)
		if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			if workflow.SignalExternalWorkflow(ctx, ContactSyncID(in), "", SignalChanged, nil).Get(ctx, nil) == nil {
				return true
			}
			continue
		}
		if err == nil {
			if err = workflow.Await(ctx, func() bool { return run.IsReady() || l.parked[link] }); err == nil && run.IsReady() {
				err = run.Get(ctx, &out)
			}
		}
		if err != nil {
			l.failed++
			workflow.GetLogger(ctx).Warn("contact failed", "link", link, "error", err)
		}
		return false
	}
	return false
}
