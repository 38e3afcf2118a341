package notetask

import (
	"maps"
	"slices"
)

// Field is a part of a task in GoHighLevel.
type Field string

// The fields.
const (
	FieldTitle     Field = "title"
	FieldBody      Field = "body"
	FieldDue       Field = "due"
	FieldAssignee  Field = "assignee"
	FieldCompleted Field = "completed"
)

// State is how a note's tasks stand in GoHighLevel, by their keys.
type State struct {
	Done Done
	// Touched are the fields that a person changed there.
	Touched map[string][]Field
}

// Diff is what is to be done in GoHighLevel, in the order of the note, the parent first.
type Diff struct {
	Add    []Rendered `json:"add,omitempty"`
	Change []Change   `json:"change,omitempty"`
	// Withdraw are the tasks to delete: their items are gone, and nobody worked on them.
	Withdraw []string `json:"withdraw,omitempty"`
	// Release are the tasks to leave as they are and to follow no more: their items are gone, but somebody completed or
	// changed them, or the rules leave the note out by now.
	Release []string `json:"release,omitempty"`
}

// Empty tells whether there is nothing to do.
func (d Diff) Empty() bool {
	return len(d.Add)+len(d.Change)+len(d.Withdraw)+len(d.Release) == 0
}

// Change is what is to be written to a task that is there.
type Change struct {
	Fields []Field  `json:"fields"` // those of Task to write
	Task   Rendered `json:"task"`
}

// Compare returns what an edit of a note means for its tasks: what the plan before it became is there, and as State says.
// A field that a person changed is left alone, and a task is completed or opened again only where the note itself ticks its
// item off or on. The same plan twice is nothing to do.
func Compare(before, after Plan, at State) Diff {
	out := Diff{}
	was, is := before.Render(at.Done), after.Render(DoneAfter(before, after, at))
	there := map[string]Rendered{}
	for _, r := range was {
		there[r.Key] = r
	}
	wanted := map[string]bool{}
	for _, r := range is {
		wanted[r.Key] = true
		old, ok := there[r.Key]
		switch fields := changed(old, r, at.Touched[r.Key]); {
		case !ok:
			out.Add = append(out.Add, r)
		case len(fields) > 0:
			out.Change = append(out.Change, Change{Fields: fields, Task: r})
		}
	}
	leftOut := after.Reason == ReasonOff || after.Reason == ReasonFiltered || after.Reason == ReasonTooMany
	for _, r := range was {
		switch {
		case wanted[r.Key]:
		case leftOut || r.Completed || len(at.Touched[r.Key]) > 0:
			out.Release = append(out.Release, r.Key)
		default:
			out.Withdraw = append(out.Withdraw, r.Key)
		}
	}
	return out
}

// Progress returns what is to be written to a plan's tasks once others of them are completed, or open again: it is the
// parent that shows it.
func Progress(p Plan, before, now Done, touched map[string][]Field) []Change {
	var out []Change
	was := p.Render(before)
	for i, r := range p.Render(now) {
		if r.Key != ParentKey {
			continue // what somebody did to a subtask is there already
		}
		if fields := changed(was[i], r, touched[r.Key]); len(fields) > 0 {
			out = append(out, Change{Fields: fields, Task: r})
		}
	}
	return out
}

// DoneAfter returns which tasks are completed once an edit of a note is carried out.
func DoneAfter(before, after Plan, at State) Done {
	out := maps.Clone(at.Done)
	if out == nil {
		out = Done{}
	}
	ticked := map[string]bool{}
	for _, t := range before.Tasks {
		ticked[t.Key] = t.Done
	}
	for _, t := range after.Tasks {
		if old, known := ticked[t.Key]; (!known || old != t.Done) && !slices.Contains(at.Touched[t.Key], FieldCompleted) {
			out[t.Key] = t.Done
		}
	}
	return out
}

// changed returns the fields in which two states of a task differ and which no person changed.
func changed(old, now Rendered, touched []Field) []Field {
	var out []Field
	for _, f := range []struct {
		field  Field
		differ bool
	}{
		{FieldTitle, old.Title != now.Title}, {FieldBody, old.Body != now.Body}, {FieldDue, old.Due != now.Due},
		{FieldAssignee, old.Assignee != now.Assignee}, {FieldCompleted, old.Completed != now.Completed},
	} {
		if f.differ && !slices.Contains(touched, f.field) {
			out = append(out, f.field)
		}
	}
	return out
}
