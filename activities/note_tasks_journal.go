package activities

import (
	"context"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// doneLine names, in the journal, the line by which a note says that its tasks are done.
const doneLine record.Field = "done_line"

// journaledAs is what the journal calls a field of a note's task, as it does where the task is synced.
var journaledAs = map[notetask.Field]record.Field{
	notetask.FieldTitle: record.Title, notetask.FieldBody: record.Body, notetask.FieldDue: record.Due,
	notetask.FieldAssignee: record.Assignee, notetask.FieldCompleted: record.Status,
}

// noteEntry is an entry of the journal about what was done because of a note, by the run that does it.
func (c *Connection) noteEntry(ctx context.Context, kind record.Kind, side record.Side, id string, op record.Operation, writes []reconcile.Write) (record.NoteEntry, error) {
	run := activity.GetInfo(ctx).WorkflowExecution
	entry, err := c.journal(side, op, writes)
	return record.NoteEntry{
		Origin:   record.Origin{Connection: c.ID, Kind: kind, Origin: run.ID, RunID: run.RunID, RulesVersion: c.RulesVersion},
		RecordID: id, JournalEntry: entry,
	}, err
}

// taskEntry is noteEntry for what a step did to a task: what it held before, and what it was given.
func (c *Connection) taskEntry(ctx context.Context, step NoteTaskStep, id string, before, after crm.Document) (record.NoteEntry, error) {
	op := map[NoteTaskOp]record.Operation{NoteTaskCreate: record.Create, NoteTaskDelete: record.Delete}[step.Op]
	if op == "" {
		op = record.Update
	}
	var writes []reconcile.Write
	for _, field := range noteTaskFields {
		if len(step.Fields) > 0 && !slices.Contains(step.Fields, field) {
			continue
		}
		w := reconcile.Write{
			Field: journaledAs[field], Before: c.taskValue(field, before), After: c.taskValue(field, after), Cause: reconcile.CauseNote,
		}
		if !w.Before.Equal(w.After) {
			writes = append(writes, w)
		}
	}
	return c.noteEntry(ctx, record.Task, record.GoHighLevel, id, op, writes)
}

// taskValue is a field of a GoHighLevel task as the journal keeps it; empty where there is none.
func (c *Connection) taskValue(field notetask.Field, doc crm.Document) record.Value {
	raw := asText(doc[vendorField[field]])
	if raw == "" {
		return nil
	}
	if field == notetask.FieldCompleted {
		return record.Scalar(map[bool]string{true: rules.TaskCompleted, false: rules.TaskOpen}[raw == "true"])
	}
	return record.Scalar(c.taskText(field, raw))
}
