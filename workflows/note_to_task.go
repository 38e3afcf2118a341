package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
)

// NoteToTask makes GoHighLevel tasks of a Salesforce note and follows them: it reads the note and its contact's tasks as
// they are, does what is owed, one activity per API call, and waits for either to change, for as long as something is open.
// SyncChanges starts it, and signals it where it waits; that costs nothing while nothing happens. It completes once all is
// done, or the note is gone, and starts again when the note changes after that. What people did to a task stays.
//
// The tasks are GoHighLevel's own: where tasks are synced, TaskSync brings them to Salesforce like any other, by its own
// links, and what is done about them there comes back as a change of the GoHighLevel task.
func NoteToTask(ctx workflow.Context, in NoteToTaskInput) (NoteToTaskResult, error) {
	if err := in.Validate(); err != nil {
		return NoteToTaskResult{}, invalidInput(err)
	}
	n := &noteToTask{in: in, changes: workflow.GetSignalChannelWithOptions(ctx, SignalChanged, workflow.SignalChannelOptions{
		Description: "The note, or one of its tasks, may have changed",
	})}
	err := n.run(ctx)
	if err == nil || workflow.IsContinueAsNewError(err) {
		return n.result, err
	}
	held, err := n.hold(ctx, err)
	if held {
		return n.result, nil
	}
	return n.result, permanent(ctx, err)
}

// hold leaves the note marked where what failed comes of a side that refuses the connection, and tells whether it does: a
// run that begins once that is over takes it up. Else it returns why the run fails.
func (n *noteToTask) hold(ctx workflow.Context, failure error) (held bool, err error) {
	if !mayBeRefused(failure) || !holding(ctx) {
		return false, failure
	}
	var out activities.NoteHeld
	err = workflow.ExecuteActivity(ledgerCall(ctx, "See whether a side refuses the connection"), noteTasks.HoldNote, n.id()).Get(ctx, &out)
	if err != nil || out.Refusal == nil {
		return false, errors.Join(failure, err)
	}
	n.result.Reason = ReasonHeld
	workflow.SetCurrentDetails(ctx, refusalNote(n.in.Connection, *out.Refusal))
	return true, nil
}

type noteToTask struct {
	in      NoteToTaskInput
	changes workflow.ReceiveChannel
	contact string // of GoHighLevel, that the tasks belong to
	note    activities.Sealed
	// again tells that a look has found out what the next one must take in.
	again bool
	// setback tells that a step of this look failed in a way that may pass, and setbacks how often one did.
	setback  bool
	setbacks int
	result   NoteToTaskResult
}

func (n *noteToTask) id() activities.NoteTasksInput {
	return activities.NoteTasksInput{Connection: n.in.Connection, NoteID: n.in.NoteID}
}

func (n *noteToTask) run(ctx workflow.Context) error {
	for {
		// What is told from here on is not known to this look.
		for n.changes.ReceiveAsync(nil) {
		}
		n.again, n.setback = false, false
		over, err := n.look(ctx)
		if err != nil {
			return err
		}
		n.in.Looks++
		if !n.setback {
			n.setbacks = 0
		}
		if n.changes.Len() == 0 && !n.again {
			if over {
				return nil
			}
			if err := n.wait(ctx); err != nil {
				return err
			}
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, NoteToTask, n.in) // which begins by looking: no signal needs carrying over
		}
	}
}

// wait returns once something has changed; for a note whose contact is not in step, also after a while.
func (n *noteToTask) wait(ctx workflow.Context) error {
	told := func() bool { return n.changes.Len() > 0 }
	if n.in.Lost == 0 {
		return workflow.Await(ctx, told)
	}
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	_, err := workflow.AwaitWithOptions(timed, workflow.AwaitOptions{
		Timeout: lostPause(n.in.Lost), TimerOptions: workflow.TimerOptions{Summary: "The note's contact is not in step yet"},
	}, told)
	return err
}

// look does all that is to be done now. Over tells that nothing is left to follow.
func (n *noteToTask) look(ctx workflow.Context) (over bool, err error) {
	var begun activities.NoteTasksBegun
	err = workflow.ExecuteActivity(ledgerCall(ctx, "See that the note has changed"), noteTasks.BeginNoteTasks, n.id()).Get(ctx, &begun)
	if err != nil || begun.Off {
		n.result.Reason = ReasonOff
		return true, err
	}
	var read activities.SealedDocument
	err = workflow.ExecuteActivity(vendorCall(ctx, "Read Salesforce note "+n.in.NoteID), noteTasks.ReadNoteToPlan, n.id()).Get(ctx, &read)
	if activities.KindOf(err) == crm.NotFound {
		n.result.Reason = activities.ReasonGone
		return true, workflow.ExecuteActivity(ledgerCall(ctx, "Let go of the tasks of a note that is gone"), noteTasks.LeaveNote, n.id()).Get(ctx, nil)
	}
	if err != nil {
		return false, err
	}
	n.note = read.Document
	note := activities.NoteToPlan{NoteTasksInput: n.id(), Note: n.note}
	var considered activities.NoteConsidered
	err = workflow.ExecuteActivity(ledgerCall(ctx, "Look for things to do"), noteTasks.ConsiderNote, note).Get(ctx, &considered)
	if err != nil {
		return false, err
	}
	if considered.Over {
		n.result.Reason, n.result.Tasks, n.result.Done = considered.Reason, 0, 0
		return true, nil
	}
	if n.contact = considered.Contact; n.contact == "" {
		return n.lost(ctx)
	}
	plan, there, err := n.plan(ctx, note, considered)
	if err != nil {
		return false, err
	}
	if !there {
		return n.lost(ctx)
	}
	n.in.Lost = 0
	n.result.Reason, n.result.Tasks, n.result.Done = plan.Reason, plan.Tasks, plan.Done
	n.describe(ctx)
	return plan.Over, n.carryOut(ctx, plan)
}

// lost counts how often the note belonged to no contact in step, and gives up in the end: a later change of the note starts
// a new run.
func (n *noteToTask) lost(ctx workflow.Context) (over bool, err error) {
	n.in.Lost++
	n.result.Reason = ReasonNoContact
	workflow.SetCurrentDetails(ctx, "The note's contact is not in step.")
	return n.in.Lost > lostLooks, nil
}

// plan reads the contact's tasks, and its owner where that matters, and asks what is to be done. There is false where the
// contact is not there any more.
func (n *noteToTask) plan(ctx workflow.Context, note activities.NoteToPlan, considered activities.NoteConsidered) (plan activities.NoteTasksPlan, there bool, err error) {
	contact := activities.GoHighLevelContactInput{Connection: n.in.Connection, ContactID: n.contact}
	listing := workflow.ExecuteActivity(vendorCall(ctx, "Read the tasks of GoHighLevel contact "+n.contact), goHighLevel.ListGoHighLevelTasks, contact)
	var owner activities.GoHighLevelContact
	if considered.Owner {
		err = workflow.ExecuteActivity(vendorCall(ctx, "Read whom GoHighLevel contact "+n.contact+" belongs to"), goHighLevel.GetGoHighLevelContact, contact).Get(ctx, &owner)
	}
	var tasks activities.GoHighLevelTasks
	if listed := listing.Get(ctx, &tasks); err == nil {
		err = listed
	}
	if activities.KindOf(err) == crm.NotFound {
		return plan, false, nil
	}
	if err != nil {
		return plan, false, err
	}
	err = workflow.ExecuteActivity(vendorCall(ctx, "Plan the note's tasks"), noteTasks.PlanNoteTasks, activities.PlanNoteInput{
		NoteToPlan: note, Contact: n.contact, Tasks: tasks.Tasks, Owner: owner.Contact, Anew: considered.Anew,
	}).Get(ctx, &plan)
	return plan, true, err
}

func (n *noteToTask) describe(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("| tasks | done | contact |\n|---|---|---|\n| %d | %d | %s |\n", n.result.Tasks, n.result.Done, n.contact))
}

// carryOut does what is owed. What a vendor refuses for good holds up nothing else, and fails the run in the end: it stays
// owed, and the next run tries it again.
func (n *noteToTask) carryOut(ctx workflow.Context, plan activities.NoteTasksPlan) error {
	var refused error
	for _, step := range plan.Steps {
		err := n.step(ctx, step)
		if ctx.Err() != nil || n.setback {
			return err
		}
		if err != nil && refused == nil {
			refused = err
		}
	}
	if refused != nil || !plan.Mark {
		return refused
	}
	summary := "Write into the note that its tasks are done"
	if plan.Line == "" {
		summary = "Take out of the note that its tasks are done"
	}
	return workflow.ExecuteActivity(vendorCall(ctx, summary), noteTasks.WriteDoneLine,
		activities.DoneLineInput{NoteTasksInput: n.id(), Line: plan.Line}).Get(ctx, nil)
}
