package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/record"
)

// recordLane runs a ContactSync per contact, a TaskSync per task and so on, some at a time, for the run that it belongs to.
type recordLane struct {
	connection, origin string
	open               map[int64]time.Time // contacts whose run is under way, since when
	parked             map[int64]bool      // contacts whose run waits for a person
	failed             int
	ticking            bool // a clock is running
}

// passed is what came of a contact's turn in the lane.
type passed struct {
	link int64
	// told: its run was open already, and was only told that the contact has changed.
	told bool
	// settled: it just came into step. Of any other, another look tells what is left to do about it.
	settled bool
}

// newRecordLane opens the lane. A run that parks says so by a signal: it may wait for weeks, and nobody waits with it.
func newRecordLane(ctx workflow.Context, connection, origin string) *recordLane {
	l := &recordLane{connection: connection, origin: origin, open: map[int64]time.Time{}, parked: map[int64]bool{}}
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

// sync runs the contacts and returns once each has ended or waits for a person, and calls each with what came of it.
func (l *recordLane) sync(ctx workflow.Context, links []record.LinkRef, summary string, each func(passed)) error {
	if err := l.begin(ctx, links, summary, each); err != nil {
		return err
	}
	return workflow.Await(ctx, l.idle)
}

// begin starts the runs of the contacts as soon as there is room for them. A contact whose run is open already is told
// that it has changed, and synced by that run.
func (l *recordLane) begin(ctx workflow.Context, links []record.LinkRef, summary string, each func(passed)) error {
	for _, ref := range links {
		if err := l.awaitRoom(ctx); err != nil {
			return err
		}
		began := workflow.Now(ctx)
		l.open[ref.LinkID] = began
		workflow.Go(ctx, func(ctx workflow.Context) {
			out := l.one(ctx, ref, fmt.Sprintf("%s %d, %s", titled[ref.Kind], ref.LinkID, summary))
			if l.open[ref.LinkID].Equal(began) {
				delete(l.open, ref.LinkID)
			}
			each(out)
		})
	}
	return nil
}

func (l *recordLane) idle() bool { return len(l.open) == 0 }

// busy lists the contacts whose run was begun a short while ago, so that nothing is to be done about them. One that was
// begun long ago may have got lost, as where it was reset: to begin it once more does no harm.
func (l *recordLane) busy(ctx workflow.Context) []int64 {
	var out []int64
	for _, link := range workflow.DeterministicKeys(l.open) {
		if workflow.Now(ctx).Sub(l.open[link]) < longRun {
			out = append(out, link)
		}
	}
	return out
}

// awaitRoom waits until another run may begin. Runs that have been under way for long, as where a vendor keeps refusing
// one contact, hold up nobody else.
func (l *recordLane) awaitRoom(ctx workflow.Context) error {
	if len(l.open) >= recordLanes && !overlapping(ctx) {
		return workflow.Await(ctx, func() bool { return len(l.open) < recordLanes })
	}
	room := func() bool { return len(l.open) < recordLanesAtMost && len(l.busy(ctx)) < recordLanes }
	for !room() {
		l.tick(ctx)
		if err := workflow.Await(ctx, func() bool { return room() || !l.ticking }); err != nil {
			return err
		}
	}
	return nil
}

// tick lets the run look again later for how long others have been under way. One clock serves all that wait.
func (l *recordLane) tick(ctx workflow.Context) {
	if l.ticking {
		return
	}
	l.ticking = true
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { l.ticking = false }()
		timer := workflow.NewTimerWithOptions(ctx, longRun, workflow.TimerOptions{Summary: "All lanes are taken"})
		_ = timer.Get(ctx, nil) // it fails where the run is cancelled, of which whoever waits is told as well
	})
}

// tries is how often a contact is started, or its open run told, where the one that was open ends in between.
const tries = 3

// titled are the kinds at the beginning of a sentence.
var titled = map[record.Kind]string{
	record.Contact: "Contact", record.Task: "Task", record.Note: "Note", record.Appointment: "Appointment",
}

// linkRefs names records of a kind by their links.
func linkRefs(kind record.Kind, links []int64) []record.LinkRef {
	out := make([]record.LinkRef, len(links))
	for i, link := range links {
		out[i] = record.LinkRef{Kind: kind, LinkID: link}
	}
	return out
}

func (l *recordLane) one(ctx workflow.Context, ref record.LinkRef, summary string) passed {
	link := ref.LinkID
	var out RecordSyncResult
	in := RecordSyncInput{Connection: l.connection, LinkID: link, Origin: l.origin}
	for range tries {
		delete(l.parked, link)
		run := workflow.ExecuteChildWorkflow(child(ctx, RecordSyncID(ref.Kind, in), SyncScenarios[ref.Kind], in.Connection, summary), RecordSyncs[ref.Kind], in)
		err := run.GetChildWorkflowExecution().Get(ctx, nil)
		if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			if workflow.SignalExternalWorkflow(ctx, RecordSyncID(ref.Kind, in), "", SignalChanged, nil).Get(ctx, nil) == nil {
				return passed{link: link, told: true}
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
			workflow.GetLogger(ctx).Warn("a record failed", "kind", ref.Kind, "link", link, "error", err)
		}
		return passed{link: link, settled: out.State == record.LinkInStep}
	}
	return passed{link: link}
}
