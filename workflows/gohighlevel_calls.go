package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func readGoHighLevelContact(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read GoHighLevel contact "+s.claim.GoHighLevelID), goHighLevel.GetGoHighLevelContact,
		activities.GoHighLevelContactInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID})
	return func() (activities.Sealed, error) {
		var out activities.GoHighLevelContact
		err := call.Get(ctx, &out)
		return out.Contact, err
	}
}

func writeGoHighLevelContact(ctx workflow.Context, s *recordSync, op record.Operation) (id string, _ activities.Sealed, err error) {
	in := activities.GoHighLevelWriteInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID, Contact: s.decision.GoHighLevel}
	var stored activities.GoHighLevelContact
	if op == record.Create {
		err = workflow.ExecuteActivity(vendorWrite(ctx, "Create in GoHighLevel"), goHighLevel.CreateGoHighLevelContact, in).Get(ctx, &stored)
		return stored.ContactID, stored.Contact, err
	}
	if len(in.Contact) > 0 {
		err = workflow.ExecuteActivity(vendorWrite(ctx, updateGoHighLevel(s)), goHighLevel.UpdateGoHighLevelContact, in).Get(ctx, &stored)
	}
	return in.ContactID, stored.Contact, err
}

func updateGoHighLevel(s *recordSync) string {
	return "Update GoHighLevel: " + fieldNames(s.decision.GoHighLevelFields)
}

func removeGoHighLevelContact(ctx workflow.Context, s *recordSync) workflow.Future {
	return workflow.ExecuteActivity(removal(ctx), goHighLevel.DeleteGoHighLevelContact,
		activities.GoHighLevelContactInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelID})
}

func removal(ctx workflow.Context) workflow.Context {
	return vendorWrite(ctx, "Delete in GoHighLevel, as it was deleted in Salesforce")
}

func (s *recordSync) task() activities.GoHighLevelTaskInput {
	return activities.GoHighLevelTaskInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, TaskID: s.claim.GoHighLevelID}
}

func readGoHighLevelTask(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read GoHighLevel task "+s.claim.GoHighLevelID), goHighLevel.GetGoHighLevelTask, s.task())
	return func() (activities.Sealed, error) {
		var out activities.GoHighLevelTask
		err := call.Get(ctx, &out)
		return out.Task, err
	}
}

func writeGoHighLevelTask(ctx workflow.Context, s *recordSync, op record.Operation) (id string, _ activities.Sealed, err error) {
	in := activities.GoHighLevelTaskWriteInput{
		Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, TaskID: s.claim.GoHighLevelID, Task: s.decision.GoHighLevel,
	}
	var call workflow.Future
	switch {
	case op == record.Create:
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Create in GoHighLevel"), goHighLevel.CreateGoHighLevelTask, in)
	case s.decision.Completed != nil:
		summary := "Open the task again in GoHighLevel"
		if *s.decision.Completed {
			summary = "Complete the task in GoHighLevel"
		}
		call = workflow.ExecuteActivity(vendorWrite(ctx, summary), goHighLevel.SetGoHighLevelTaskCompleted, activities.GoHighLevelTaskCompletionInput{
			Connection: in.Connection, ContactID: in.ContactID, TaskID: in.TaskID, Completed: *s.decision.Completed,
		})
	case len(in.Task) == 0:
		return in.TaskID, nil, nil
	default:
		call = workflow.ExecuteActivity(vendorWrite(ctx, updateGoHighLevel(s)), goHighLevel.UpdateGoHighLevelTask, in)
	}
	var stored activities.GoHighLevelTask
	err = call.Get(ctx, &stored)
	return stored.TaskID, stored.Task, err
}

func removeGoHighLevelTask(ctx workflow.Context, s *recordSync) workflow.Future {
	return workflow.ExecuteActivity(removal(ctx), goHighLevel.DeleteGoHighLevelTask, s.task())
}

func (s *recordSync) note() activities.GoHighLevelNoteInput {
	return activities.GoHighLevelNoteInput{Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, NoteID: s.claim.GoHighLevelID}
}

func readGoHighLevelNote(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read GoHighLevel note "+s.claim.GoHighLevelID), records.ReadGoHighLevelNote, s.note())
	return func() (activities.Sealed, error) {
		var out activities.SealedDocument
		err := call.Get(ctx, &out)
		return out.Document, err
	}
}

func writeGoHighLevelNote(ctx workflow.Context, s *recordSync, op record.Operation) (id string, _ activities.Sealed, err error) {
	in := activities.GoHighLevelNoteWriteInput{
		Connection: s.in.Connection, ContactID: s.claim.GoHighLevelContact, NoteID: s.claim.GoHighLevelID, Note: s.decision.GoHighLevel,
	}
	var call workflow.Future
	switch {
	case op == record.Create:
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Create in GoHighLevel"), goHighLevel.CreateGoHighLevelNote, in)
	case len(in.Note) == 0:
		return in.NoteID, nil, nil
	default:
		call = workflow.ExecuteActivity(vendorWrite(ctx, updateGoHighLevel(s)), goHighLevel.UpdateGoHighLevelNote, in)
	}
	var stored activities.GoHighLevelNote
	err = call.Get(ctx, &stored)
	return stored.NoteID, stored.Note, err
}

func removeGoHighLevelNote(ctx workflow.Context, s *recordSync) workflow.Future {
	return workflow.ExecuteActivity(removal(ctx), goHighLevel.DeleteGoHighLevelNote, s.note())
}

func (s *recordSync) appointment() activities.GoHighLevelAppointmentInput {
	return activities.GoHighLevelAppointmentInput{Connection: s.in.Connection, AppointmentID: s.claim.GoHighLevelID}
}

func readGoHighLevelAppointment(ctx workflow.Context, s *recordSync) reading {
	call := workflow.ExecuteActivity(vendorCall(ctx, "Read GoHighLevel appointment "+s.claim.GoHighLevelID), goHighLevel.GetGoHighLevelAppointment, s.appointment())
	return func() (activities.Sealed, error) {
		var out activities.GoHighLevelAppointment
		err := call.Get(ctx, &out)
		return out.Appointment, err
	}
}

func writeGoHighLevelAppointment(ctx workflow.Context, s *recordSync, op record.Operation) (id string, _ activities.Sealed, err error) {
	in := activities.GoHighLevelAppointmentWriteInput{Connection: s.in.Connection, AppointmentID: s.claim.GoHighLevelID, Appointment: s.decision.GoHighLevel}
	var call workflow.Future
	switch {
	case op == record.Create:
		call = workflow.ExecuteActivity(vendorWrite(ctx, "Book in GoHighLevel"), goHighLevel.CreateGoHighLevelAppointment, in)
	case len(in.Appointment) == 0:
		return in.AppointmentID, nil, nil
	default:
		call = workflow.ExecuteActivity(vendorWrite(ctx, updateGoHighLevel(s)), goHighLevel.UpdateGoHighLevelAppointment, in)
	}
	var stored activities.GoHighLevelAppointment
	err = call.Get(ctx, &stored)
	return stored.AppointmentID, stored.Appointment, err
}

func removeGoHighLevelAppointment(ctx workflow.Context, s *recordSync) workflow.Future {
	return workflow.ExecuteActivity(removal(ctx), goHighLevel.DeleteGoHighLevelCalendarEvent, s.appointment())
}
