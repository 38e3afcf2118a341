package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
)

// step carries out one step, and records it.
func (n *noteToTask) step(ctx workflow.Context, step activities.NoteTaskStep) error {
	switch step.Op {
	case activities.NoteTaskCreate:
		return n.create(ctx, step)
	case activities.NoteTaskDelete:
		return n.withdraw(ctx, step)
	}
	stored, err := n.update(ctx, step)
	if activities.KindOf(err) == crm.NotFound {
		n.again = true // the parent has to show it
		return n.commit(ctx, activities.CommitNoteTaskInput{Step: step, TaskID: step.TaskID, Gone: true})
	}
	if ambiguous(err) {
		return n.setBack(ctx, step, err)
	}
	if err != nil {
		return err
	}
	n.result.Changed++
	return n.commit(ctx, activities.CommitNoteTaskInput{Step: step, TaskID: step.TaskID, Stored: stored.Task})
}

func (n *noteToTask) update(ctx workflow.Context, step activities.NoteTaskStep) (stored activities.GoHighLevelTask, err error) {
	if step.Op == activities.NoteTaskComplete {
		summary := "Open task " + step.Key + " again"
		if step.Completed {
			summary = "Complete task " + step.Key
		}
		err = workflow.ExecuteActivity(vendorWrite(ctx, summary), goHighLevel.SetGoHighLevelTaskCompleted, activities.GoHighLevelTaskCompletionInput{
			Connection: n.in.Connection, ContactID: n.contact, TaskID: step.TaskID, Completed: step.Completed,
		}).Get(ctx, &stored)
		return stored, err
	}
	err = workflow.ExecuteActivity(vendorWrite(ctx, "Update task "+step.Key), goHighLevel.UpdateGoHighLevelTask, n.write(step)).Get(ctx, &stored)
	return stored, err
}

// setBack waits, longer each time, before the note and its tasks are looked at again: a step failed in a way that may pass, and by
// then a person may have changed the task.
func (n *noteToTask) setBack(ctx workflow.Context, step activities.NoteTaskStep, err error) error {
	if unknown(err) {
		if err := n.commit(ctx, activities.CommitNoteTaskInput{Step: step, TaskID: step.TaskID, Unknown: true}); err != nil {
			return err
		}
	}
	n.setbacks++
	n.again, n.setback = true, true
	return waitBeforeAnew(ctx, n.setbacks, err)
}

func (n *noteToTask) write(step activities.NoteTaskStep) activities.GoHighLevelTaskWriteInput {
	return activities.GoHighLevelTaskWriteInput{Connection: n.in.Connection, ContactID: n.contact, TaskID: step.TaskID, Task: step.Task}
}

func (n *noteToTask) commit(ctx workflow.Context, in activities.CommitNoteTaskInput) error {
	in.NoteTasksInput = n.id()
	return workflow.ExecuteActivity(ledgerCall(ctx, "Record task "+in.Step.Key), noteTasks.CommitNoteTask, in).Get(ctx, nil)
}

// create makes a task, or finds it where a create of unknown outcome has made it.
func (n *noteToTask) create(ctx workflow.Context, step activities.NoteTaskStep) error {
	since := workflow.Now(ctx)
	for attempt := 0; ; attempt++ {
		if step.Settle || attempt > 0 {
			found, err := n.settle(ctx, step, since)
			if err != nil {
				return err
			}
			if found.TaskID != "" {
				n.result.Created++
				n.again = true // somebody may have changed it since
				return n.commit(ctx, activities.CommitNoteTaskInput{Step: step, TaskID: found.TaskID, Found: true})
			}
		}
		var stored activities.GoHighLevelTask
		err := workflow.ExecuteActivity(vendorWrite(ctx, "Create task "+step.Key), goHighLevel.CreateGoHighLevelTask, n.write(step)).Get(ctx, &stored)
		if err == nil {
			n.result.Created++
			return n.commit(ctx, activities.CommitNoteTaskInput{Step: step, TaskID: stored.TaskID, Stored: stored.Task})
		}
		if !ambiguous(err) {
			return err
		}
		since = workflow.Now(ctx)
		if err := workflow.NewTimerWithOptions(ctx, settlePause(attempt), workflow.TimerOptions{Summary: "Before looking whether the create went through"}).Get(ctx, nil); err != nil {
			return err
		}
	}
}

func (n *noteToTask) settle(ctx workflow.Context, step activities.NoteTaskStep, since time.Time) (found activities.GoHighLevelTask, err error) {
	err = workflow.ExecuteActivity(vendorCall(ctx, "Look for task "+step.Key+" before creating it"), noteTasks.SettleNoteTask,
		activities.SettleNoteTaskInput{NoteTasksInput: n.id(), Contact: n.contact, Key: step.Key, Since: since}).Get(ctx, &found)
	return found, err
}

// withdraw deletes a task whose item is not in the note any more, and which nobody has worked on.
func (n *noteToTask) withdraw(ctx workflow.Context, step activities.NoteTaskStep) error {
	if step.Settle {
		found, err := n.settle(ctx, step, workflow.Now(ctx))
		if err != nil {
			return err
		}
		step.TaskID = found.TaskID
	}
	if step.TaskID != "" {
		err := workflow.ExecuteActivity(vendorWrite(ctx, "Delete task "+step.Key+", which is not in the note any more"), goHighLevel.DeleteGoHighLevelTask,
			activities.GoHighLevelTaskInput{Connection: n.in.Connection, ContactID: n.contact, TaskID: step.TaskID}).Get(ctx, nil)
		if ambiguous(err) {
			return n.setBack(ctx, step, err)
		}
		if err != nil {
			return err
		}
		n.result.Withdrawn++
	}
	return n.commit(ctx, activities.CommitNoteTaskInput{Step: step})
}
