package activities

import (
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/record"
)

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
	owed := map[string]notetask.Rendered{}
	for _, r := range l.p.Plan.Render(l.p.Done) {
		owed[r.Key] = r
	}
	for i := range l.note.Tasks {
		t := &l.note.Tasks[i]
		followed := t.State == record.NoteTaskThere || t.State == record.NoteTaskWithdrawn
		if doc := l.there[t.TaskID]; doc != nil {
			t.Seen = l.c.taskSums(doc)
			l.carriedOut(t, owed[t.Key])
			l.at.Touched[t.Key] = touched(t.Written, t.Seen)
			t.Completed = asText(doc["completed"]) == "true"
			if t.State == record.NoteTaskWithdrawn && len(l.at.Touched[t.Key]) > 0 {
				t.State = record.NoteTaskReleased // somebody works on it after all
			}
		} else if followed && t.TaskID != "" {
			t.State, t.Owed = record.NoteTaskGone, nil
		}
		switch {
		case t.State == record.NoteTaskGone:
			l.at.Done[t.Key] = true
		case t.State == record.NoteTaskWanted, l.owes(t, notetask.FieldCompleted):
			l.at.Done[t.Key] = l.p.Done[t.Key] // the note has ticked it off, which nobody has carried out yet
		case followed:
			l.at.Done[t.Key] = t.Completed
		}
	}
	for _, change := range notetask.Progress(l.p.Plan, l.p.Done, l.at.Done, l.at.Touched) {
		l.owe(change)
	}
	l.p.Done = l.at.Done
}

// carriedOut takes in what was owed and is there: an update of which nobody heard what came of it, and which is no edit.
func (l *look) carriedOut(t *record.NoteTask, as notetask.Rendered) {
	if len(t.Owed) == 0 || as.Key == "" {
		return
	}
	sums := l.c.taskSums(l.c.noteTaskDoc(l.note.NoteID, as, nil))
	for i, field := range noteTaskFields {
		if i < len(t.Written) && t.Seen[i] == sums[i] && slices.Contains(t.Owed, string(field)) {
			t.Written[i] = sums[i]
			t.Owed = slices.DeleteFunc(t.Owed, func(f string) bool { return f == string(field) })
		}
	}
}

// owes tells whether a field is to be written that no person has changed meanwhile.
func (l *look) owes(t *record.NoteTask, field notetask.Field) bool {
	return slices.Contains(t.Owed, string(field)) && !slices.Contains(l.at.Touched[t.Key], field)
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
			before, err := l.before(t.TaskID)
			if err != nil {
				return out, err
			}
			out.Steps = append(out.Steps, NoteTaskStep{Key: t.Key, Op: NoteTaskDelete, TaskID: t.TaskID, Settle: t.TaskID == "", Before: before})
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
		t.Owed = slices.DeleteFunc(t.Owed, func(f string) bool { return !l.owes(t, notetask.Field(f)) })
		if len(t.Owed) == 0 {
			return nil
		}
		for _, f := range t.Owed {
			step.Fields = append(step.Fields, notetask.Field(f))
		}
		before, err := l.before(t.TaskID)
		if err != nil {
			return err
		}
		step.Before = before
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

// before seals a task as it was read; empty where it was not.
func (l *look) before(id string) (Sealed, error) {
	doc := l.there[id]
	if doc == nil {
		return nil, nil
	}
	kept := crm.Document{}
	for _, key := range vendorField {
		if value, told := doc[key]; told {
			kept[key] = value
		}
	}
	return l.c.seal(record.GoHighLevel, purposeHistory, kept)
}
