package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/record"
)

// PlanNoteInput is a note and its contact as they are now.
type PlanNoteInput struct {
	NoteToPlan
	Contact string `json:"contact"`
	// Tasks are all that the contact has: a list of crm.Document.
	Tasks Sealed `json:"tasks"`
	// Owner is the contact itself, where the note is to be read anew; else empty.
	Owner Sealed `json:"owner,omitempty"`
	Anew  bool   `json:"anew,omitempty"`
}

// NoteTaskOp is what is to be done to a task.
type NoteTaskOp string

// The operations.
const (
	NoteTaskCreate   NoteTaskOp = "create"
	NoteTaskUpdate   NoteTaskOp = "update"
	NoteTaskComplete NoteTaskOp = "complete" // or open again: nothing else changes
	NoteTaskDelete   NoteTaskOp = "delete"
)

// NoteTaskStep is one thing to do in GoHighLevel.
type NoteTaskStep struct {
	Key    string     `json:"key"`
	Op     NoteTaskOp `json:"op"`
	TaskID string     `json:"task_id,omitempty"`
	// Settle tells that a create was begun before: the task must be looked for first.
	Settle    bool             `json:"settle,omitempty"`
	Fields    []notetask.Field `json:"fields,omitempty"` // that are written; empty for all
	Completed bool             `json:"completed,omitempty"`
	Task      Sealed           `json:"task,omitempty"` // a crm.Document
	// Before is the task as it was read, for the journal; empty where it is made.
	Before Sealed `json:"before,omitempty"`
}

// NoteTasksPlan is what is to be done about a note.
type NoteTasksPlan struct {
	Steps []NoteTaskStep `json:"steps,omitempty"`
	// Tasks counts the things to do, without the parent, and Done those that are done, or whose task somebody deleted.
	Tasks int `json:"tasks,omitempty"`
	Done  int `json:"done,omitempty"`
	// Reason is why there are no tasks; "" where there are some.
	Reason string `json:"reason,omitempty"`
	// Over tells that there is nothing left to follow once the steps are carried out.
	Over bool `json:"over,omitempty"`
	// Mark tells that the note is to have the line, or none where Line is "".
	Mark bool   `json:"mark,omitempty"`
	Line string `json:"line,omitempty"`
}

// PlanNoteTasks decides what is to be done about a note's tasks: it takes in what people did to them in GoHighLevel, reads
// the note anew where that has changed, and stores what it owes before anybody carries it out. Safe to repeat.
func (a *NoteTasks) PlanNoteTasks(ctx context.Context, in PlanNoteInput) (out NoteTasksPlan, err error) {
	c, doc, err := a.open(ctx, in.NoteToPlan)
	if err != nil {
		return out, err
	}
	if c.NoteTasks == nil {
		return NoteTasksPlan{Over: true, Reason: string(notetask.ReasonOff)}, a.leave(ctx, in.NoteTasksInput, record.NoteNothing)
	}
	known, err := a.Ledger.GetNote(ctx, in.Connection, in.NoteID)
	if err != nil {
		return out, err
	}
	there, err := c.tasksThere(ctx, in, known)
	if err != nil {
		return out, err
	}
	setting := c.NoteTasks.Setting
	if len(in.Owner) > 0 {
		var contact crm.Document
		if err := c.unseal(record.GoHighLevel, purposeHistory, in.Owner, &contact); err != nil {
			return out, err
		}
		setting.Directory.Owner = asText(contact["assignedTo"])
	}
	note, reason, err := c.readToPlan(doc)
	if err != nil {
		return out, err
	}
	now := time.Now().UTC()
	_, err = a.Ledger.ChangeNote(ctx, in.Connection, in.NoteID, func(n *record.FollowedNote) error {
		p, err := c.openPlan(*n)
		if err != nil {
			return err
		}
		l := look{c: c, note: n, p: p, there: there, now: now}
		l.see()
		if in.Anew {
			after := notetask.Plan{Reason: notetask.ReasonFiltered, Used: p.Plan.Used} // leaves what there is alone
			if reason == "" {
				if after, err = notetask.Make(note, p.Plan, setting); err != nil {
					return err
				}
			}
			l.change(after)
			l.p.Read = c.readSum(note)
		}
		n.Contact = in.Contact
		if out, err = l.plan(reason); err != nil {
			return err
		}
		return c.sealPlan(n, l.p)
	})
	if err != nil {
		return NoteTasksPlan{}, err
	}
	return out, nil
}

// tasksThere returns the tasks that the ledger knows of the note, as they are now, by their ids. One that is not among the
// contact's is asked for by itself.
func (c *Connection) tasksThere(ctx context.Context, in PlanNoteInput, known record.FollowedNote) (map[string]crm.Document, error) {
	var docs []crm.Document
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Tasks, &docs); err != nil {
		return nil, err
	}
	all := map[string]crm.Document{}
	for _, doc := range docs {
		all[asText(doc["id"])] = doc
	}
	there := map[string]crm.Document{}
	for _, t := range known.Tasks {
		if t.TaskID == "" || t.State != record.NoteTaskThere && t.State != record.NoteTaskWithdrawn {
			continue
		}
		doc := all[t.TaskID]
		if doc == nil {
			var err error
			doc, err = c.GoHighLevel.GetTask(ctx, in.Contact, t.TaskID)
			if crm.KindOf(err) == crm.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		there[t.TaskID] = doc
	}
	return there, nil
}
