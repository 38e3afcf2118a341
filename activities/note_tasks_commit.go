package activities

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/record"
)

// SettleNoteTaskInput is a task whose create was begun, and whose outcome is unknown.
type SettleNoteTaskInput struct {
	NoteTasksInput
	Contact string `json:"contact"`
	Key     string `json:"key"`
	// Since is when it was last heard that the outcome is unknown.
	Since time.Time `json:"since"`
}

// SettleNoteTask looks among the contact's tasks for one that a create of unknown outcome made: by the reference that its
// body ends with. The answer is empty where there is none. It fails with kind Busy for as long as the answer cannot be
// trusted. Safe to repeat.
func (a *NoteTasks) SettleNoteTask(ctx context.Context, in SettleNoteTaskInput) (out GoHighLevelTask, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	known, err := a.Ledger.GetNote(ctx, in.Connection, in.NoteID)
	if err != nil {
		return out, err
	}
	l := look{note: &known}
	task := l.task(in.Key)
	if task == nil {
		return out, nil
	}
	docs, err := c.GoHighLevel.ListTasks(ctx, in.Contact)
	if err != nil {
		return out, err
	}
	ref := c.noteTaskRef(in.NoteID, in.Key)
	docs = slices.DeleteFunc(docs, func(doc crm.Document) bool {
		return !strings.Contains(record.MarkupText(asText(doc["body"])), ref)
	})
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = asText(doc["id"])
	}
	held, err := a.Ledger.NotesTasks(ctx, in.Connection, ids)
	if err != nil {
		return out, err
	}
	for i, id := range ids {
		if owner, taken := held[id]; !taken || owner.NoteID == in.NoteID && owner.Key == in.Key {
			return c.sealTask(docs[i], nil)
		}
	}
	if task.TaskID == "" {
		return out, trusted(record.GoHighLevel, in.Since, createLag)
	}
	return out, nil
}

// createLag is how long GoHighLevel may take to carry out a create that it has not answered, and to show it among the
// contact's tasks.
const createLag = 10 * time.Second

// CommitNoteTaskInput is what carrying out a step came to.
type CommitNoteTaskInput struct {
	NoteTasksInput
	Step NoteTaskStep `json:"step"`
	// TaskID and Stored are what GoHighLevel answered; Stored is empty where it answered nothing.
	TaskID string `json:"task_id,omitempty"`
	Stored Sealed `json:"stored,omitempty"`
	// Gone tells that there was no such task any more, and Found that it was made before. Unknown tells that nobody heard
	// what came of the step: it is journaled, and stays owed.
	Gone    bool `json:"gone,omitempty"`
	Found   bool `json:"found,omitempty"`
	Unknown bool `json:"unknown,omitempty"`
}

// CommitNoteTask records that a step was carried out, and journals what was written, which it does once. Safe to repeat.
func (a *NoteTasks) CommitNoteTask(ctx context.Context, in CommitNoteTaskInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	stored, sent, before := crm.Document{}, crm.Document{}, crm.Document{}
	for sealed, into := range map[*Sealed]*crm.Document{&in.Stored: &stored, &in.Step.Task: &sent, &in.Step.Before: &before} {
		if len(*sealed) > 0 {
			if err := c.unseal(record.GoHighLevel, purposeHistory, *sealed, into); err != nil {
				return err
			}
		}
	}
	now := time.Now().UTC()
	_, err = a.Ledger.ChangeNote(ctx, in.Connection, in.NoteID, func(n *record.FollowedNote) error {
		l := look{note: n}
		t := l.task(in.Step.Key)
		id := in.TaskID
		if in.Step.Op == NoteTaskDelete && t != nil {
			id = t.TaskID
		}
		open := t != nil && in.Step.open(t) // else an attempt before this one has recorded it
		switch {
		case t == nil, in.Unknown:
		case in.Step.Op == NoteTaskDelete:
			n.Tasks = slices.DeleteFunc(n.Tasks, func(t record.NoteTask) bool { return t.Key == in.Step.Key && t.State == record.NoteTaskWithdrawn })
		case in.Gone:
			t.State, t.Owed = record.NoteTaskGone, nil
			return nil
		default:
			c.committed(t, in, stored, sent)
			t.WrittenAt = now
		}
		if !open || id == "" {
			return nil
		}
		entry, err := c.taskEntry(ctx, in.Step, id, before, sent)
		n.Journal = append(n.Journal, entry)
		return err
	})
	return err
}

// open tells whether a step on a task is still to be recorded.
func (s NoteTaskStep) open(t *record.NoteTask) bool {
	switch s.Op {
	case NoteTaskCreate:
		return t.State == record.NoteTaskWanted
	case NoteTaskDelete:
		return t.State == record.NoteTaskWithdrawn
	}
	return slices.ContainsFunc(s.Fields, func(f notetask.Field) bool { return slices.Contains(t.Owed, string(f)) })
}

// committed notes what a task was written as: what GoHighLevel answered, or what was sent where it did not say.
func (c *Connection) committed(t *record.NoteTask, in CommitNoteTaskInput, stored, sent crm.Document) {
	if in.Step.Op == NoteTaskComplete {
		sent[vendorField[notetask.FieldCompleted]] = in.Step.Completed
	}
	base := stored
	if in.Found {
		base = sent // a person may have changed it since it was made
	}
	for key, value := range sent {
		if _, told := base[key]; !told {
			base[key] = value
		}
	}
	sums := c.taskSums(base)
	t.Seen = slices.Clone(sums)
	if t.State == record.NoteTaskWanted || len(t.Written) != len(sums) {
		t.Written = sums
	}
	for i, field := range noteTaskFields {
		if slices.Contains(in.Step.Fields, field) {
			t.Written[i] = sums[i]
		}
	}
	t.Owed = slices.DeleteFunc(t.Owed, func(f string) bool { return slices.Contains(in.Step.Fields, notetask.Field(f)) })
	if t.State == record.NoteTaskWanted {
		t.State = record.NoteTaskThere
	}
	t.TaskID, t.Intent = in.TaskID, time.Time{}
	if completed, told := base[vendorField[notetask.FieldCompleted]]; told {
		t.Completed = asText(completed) == "true"
	}
}
