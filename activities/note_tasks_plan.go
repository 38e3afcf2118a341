package activities

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
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

// look is one look at a note and its tasks. It changes the note, and touches nothing else.
type look struct {
	c     *Connection
	note  *record.FollowedNote
	p     notePlan
	there map[string]crm.Document
	at    notetask.State
	now   time.Time
}

func (l *look) task(key string) *record.NoteTask {
	for i := range l.note.Tasks {
		if l.note.Tasks[i].Key == key {
			return &l.note.Tasks[i]
		}
	}
	return nil
}

// see takes in how the tasks stand, and what the parent has to show of it. A task that somebody deleted is nobody's to do
// any more: it counts as done.
func (l *look) see() {
	l.at = notetask.State{Done: notetask.Done{}, Touched: map[string][]notetask.Field{}}
	for i := range l.note.Tasks {
		t := &l.note.Tasks[i]
		followed := t.State == record.NoteTaskThere || t.State == record.NoteTaskWithdrawn
		if doc := l.there[t.TaskID]; doc != nil {
			l.at.Touched[t.Key] = touched(t.Written, l.c.taskSums(doc))
			t.Completed = asText(doc["completed"]) == "true"
			if t.State == record.NoteTaskWithdrawn && len(l.at.Touched[t.Key]) > 0 {
				t.State = record.NoteTaskReleased // somebody works on it after all
			}
		} else if followed && t.TaskID != "" {
			t.State, t.Owed = record.NoteTaskGone, nil
		}
		switch {
		case t.State == record.NoteTaskGone, followed && t.Completed:
			l.at.Done[t.Key] = true
		case t.State == record.NoteTaskWanted && l.p.Done[t.Key]:
			l.at.Done[t.Key] = true // it was ticked off in the note before it came to be
		}
	}
	for _, change := range notetask.Progress(l.p.Plan, l.p.Done, l.at.Done, l.at.Touched) {
		l.owe(change)
	}
	l.p.Done = l.at.Done
}

func (l *look) owe(change notetask.Change) {
	t := l.task(change.Task.Key)
	if t == nil || t.State != record.NoteTaskThere {
		return // it is made as it is then, or nobody's any more
	}
	for _, f := range change.Fields {
		if !slices.Contains(t.Owed, string(f)) {
			t.Owed = append(t.Owed, string(f))
		}
	}
}

// change takes in what the note says now.
func (l *look) change(after notetask.Plan) {
	diff := notetask.Compare(l.p.Plan, after, l.at)
	for _, add := range diff.Add {
		t := l.task(add.Key)
		switch {
		case t == nil:
			l.note.Tasks = append(l.note.Tasks, record.NoteTask{Key: add.Key, State: record.NoteTaskWanted})
		case t.State == record.NoteTaskWithdrawn && t.TaskID != "": // it was to be deleted, and is not yet
			t.State = record.NoteTaskThere
			l.owe(notetask.Change{Fields: noteTaskFields, Task: add})
		default: // only a parent comes back under its key
			*t = record.NoteTask{Key: add.Key, State: record.NoteTaskWanted}
		}
	}
	for _, change := range diff.Change {
		l.owe(change)
	}
	for _, key := range diff.Withdraw {
		if t := l.task(key); t != nil && t.State != record.NoteTaskGone {
			t.State, t.Owed = record.NoteTaskWithdrawn, nil
		}
	}
	for _, key := range diff.Release {
		if t := l.task(key); t != nil && t.State != record.NoteTaskGone {
			t.State, t.Owed = record.NoteTaskReleased, nil
		}
	}
	// What never came to be, or is not there any more, needs no deleting.
	wanted := map[string]bool{notetask.ParentKey: after.Parent()}
	for _, t := range after.Tasks {
		wanted[t.Key] = true
	}
	l.note.Tasks = slices.DeleteFunc(l.note.Tasks, func(t record.NoteTask) bool {
		return !wanted[t.Key] && (t.State == record.NoteTaskGone || t.TaskID == "" && t.Intent.IsZero())
	})
	l.p.Done = notetask.DoneAfter(l.p.Plan, after, l.at)
	l.p.Plan = after
}

// plan spells out what is owed.
func (l *look) plan(reason string) (out NoteTasksPlan, err error) {
	out.Tasks, out.Reason = len(l.p.Plan.Tasks), reason
	if out.Reason == "" {
		out.Reason = string(l.p.Plan.Reason)
	}
	for _, t := range l.p.Plan.Tasks {
		if l.p.Done[t.Key] {
			out.Done++
		}
	}
	for _, r := range l.p.Plan.Render(l.p.Done) {
		if err := l.step(&out, r); err != nil {
			return out, err
		}
	}
	for _, t := range l.note.Tasks {
		if t.State == record.NoteTaskWithdrawn {
			out.Steps = append(out.Steps, NoteTaskStep{Key: t.Key, Op: NoteTaskDelete, TaskID: t.TaskID, Settle: t.TaskID == ""})
		}
	}
	done := l.p.Plan.AllDone(l.p.Done)
	switch {
	case !done:
		l.p.DoneOn = ""
	case l.p.DoneOn == "":
		l.p.DoneOn = l.c.dayOf(l.now)
	}
	switch {
	case done:
		l.note.State = record.NoteDone
		out.Line = notetask.DoneLine(out.Tasks, l.p.DoneOn)
	case out.Tasks > 0:
		l.note.State = record.NoteOpen
	default:
		l.note.State = record.NoteNothing
	}
	out.Over = done || out.Tasks == 0
	// A line that a person took out again stays out.
	out.Mark = l.c.NoteTasks.Setting.Rules.MarkDone && out.Line != l.p.Line
	return out, nil
}

func (l *look) step(out *NoteTasksPlan, r notetask.Rendered) error {
	t := l.task(r.Key)
	if t == nil || t.State != record.NoteTaskWanted && t.State != record.NoteTaskThere {
		return nil
	}
	step := NoteTaskStep{Key: r.Key, Op: NoteTaskUpdate, TaskID: t.TaskID, Completed: r.Completed}
	if t.State == record.NoteTaskWanted {
		step.Op, step.Settle = NoteTaskCreate, !t.Intent.IsZero()
		if !step.Settle {
			t.Intent = l.now
		}
	} else {
		t.Owed = slices.DeleteFunc(t.Owed, func(f string) bool { return slices.Contains(l.at.Touched[t.Key], notetask.Field(f)) })
		if len(t.Owed) == 0 {
			return nil
		}
		for _, f := range t.Owed {
			step.Fields = append(step.Fields, notetask.Field(f))
		}
		if len(step.Fields) == 1 && step.Fields[0] == notetask.FieldCompleted {
			step.Op = NoteTaskComplete
			out.Steps = append(out.Steps, step)
			return nil
		}
	}
	sealed, err := l.c.seal(record.GoHighLevel, purposeHistory, l.c.noteTaskDoc(l.note.NoteID, r, step.Fields))
	step.Task = sealed
	out.Steps = append(out.Steps, step)
	return err
}

// writeNoteBody replaces what a note says.
func (c *Connection) writeNoteBody(ctx context.Context, id, body string) error {
	if strings.HasPrefix(id, "002") {
		return c.Salesforce.UpdateRecord(ctx, "Note", id, crm.Document{"Body": body})
	}
	return c.Salesforce.UpdateRecord(ctx, noteObject, id, crm.Document{"Content": base64.StdEncoding.EncodeToString([]byte(body))})
}
