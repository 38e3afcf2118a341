package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

var onNoteTasks *activities.NoteTasks

// noting is a world in which notes become tasks.
func noting(more string) setting {
	return setting{rules: sandbox.RulesOptions{Extra: "note_to_task: {enabled: true, mark_done: true" + more + "}\n"}}
}

// tasked is a note on somebody who is in step.
type tasked struct {
	*world
	id     activities.NoteTasksInput
	ghl    string // the contact in GoHighLevel
	counts struct{ created, changed, withdrawn int }
}

func newTasked(t testing.TB, s setting, title, html string) *tasked {
	t.Helper()
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	return &tasked{world: w, ghl: g, id: activities.NoteTasksInput{Connection: acme, NoteID: w.writeNote(sf, title, html)}}
}

func (w *world) writeNote(contact, title, html string) string {
	w.t.Helper()
	id := w.sf.Create("ContentNote", map[string]any{"Title": title, "Content": html})
	require.NoError(w.t, w.sf.LinkNote(id, contact))
	return id
}

func (n *tasked) edit(html string) {
	n.t.Helper()
	require.NoError(n.t, n.world.sf.Edit("ContentNote", n.id.NoteID, map[string]any{"Content": html}))
}

// consider begins to look at the note, as a run does.
func (n *tasked) consider() (activities.NoteToPlan, activities.NoteConsidered) {
	n.t.Helper()
	do[activities.NoteTasksBegun](n.world, onNoteTasks.BeginNoteTasks, n.id)
	read := do[activities.SealedDocument](n.world, onNoteTasks.ReadNoteToPlan, n.id)
	note := activities.NoteToPlan{NoteTasksInput: n.id, Note: read.Document}
	return note, do[activities.NoteConsidered](n.world, onNoteTasks.ConsiderNote, note)
}

// plan looks at the note and its tasks, and says what is owed.
func (n *tasked) plan() activities.NoteTasksPlan {
	n.t.Helper()
	note, considered := n.consider()
	require.False(n.t, considered.Over, considered.Reason)
	require.Equal(n.t, n.ghl, considered.Contact)
	contact := activities.GoHighLevelContactInput{Connection: acme, ContactID: n.ghl}
	tasks := do[activities.GoHighLevelTasks](n.world, onGoHighLevel.ListGoHighLevelTasks, contact)
	in := activities.PlanNoteInput{NoteToPlan: note, Contact: n.ghl, Tasks: tasks.Tasks, Anew: considered.Anew}
	if considered.Owner {
		in.Owner = do[activities.GoHighLevelContact](n.world, onGoHighLevel.GetGoHighLevelContact, contact).Contact
	}
	return do[activities.NoteTasksPlan](n.world, onNoteTasks.PlanNoteTasks, in)
}

// carryOut does one step and records it.
func (n *tasked) carryOut(step activities.NoteTaskStep) {
	n.t.Helper()
	write := activities.GoHighLevelTaskWriteInput{Connection: acme, ContactID: n.ghl, TaskID: step.TaskID, Task: step.Task}
	commit := activities.CommitNoteTaskInput{NoteTasksInput: n.id, Step: step, TaskID: step.TaskID}
	var stored activities.GoHighLevelTask
	switch step.Op {
	case activities.NoteTaskCreate:
		stored = do[activities.GoHighLevelTask](n.world, onGoHighLevel.CreateGoHighLevelTask, write)
		commit.TaskID = stored.TaskID
		n.counts.created++
	case activities.NoteTaskUpdate:
		stored = do[activities.GoHighLevelTask](n.world, onGoHighLevel.UpdateGoHighLevelTask, write)
		n.counts.changed++
	case activities.NoteTaskComplete:
		stored = do[activities.GoHighLevelTask](n.world, onGoHighLevel.SetGoHighLevelTaskCompleted, activities.GoHighLevelTaskCompletionInput{
			Connection: acme, ContactID: n.ghl, TaskID: step.TaskID, Completed: step.Completed,
		})
		n.counts.changed++
	case activities.NoteTaskDelete:
		do[any](n.world, onGoHighLevel.DeleteGoHighLevelTask, activities.GoHighLevelTaskInput{Connection: acme, ContactID: n.ghl, TaskID: step.TaskID})
		n.counts.withdrawn++
	}
	commit.Stored = stored.Task
	do[any](n.world, onNoteTasks.CommitNoteTask, commit)
}

// follow looks at the note and does all that is owed.
func (n *tasked) follow() activities.NoteTasksPlan {
	n.t.Helper()
	plan := n.plan()
	for _, step := range plan.Steps {
		n.carryOut(step)
	}
	if plan.Mark {
		do[any](n.world, onNoteTasks.WriteDoneLine, activities.DoneLineInput{NoteTasksInput: n.id, Line: plan.Line})
	}
	return plan
}

// titles are those of all tasks in GoHighLevel; completed ones are marked.
func (n *tasked) titles() (out []string) {
	for _, task := range n.world.ghl.Tasks() {
		title := task.Title
		if task.Completed {
			title += " ✓"
		}
		out = append(out, title)
	}
	return out
}

// called returns the one task whose title contains a text.
func (n *tasked) called(text string) gohighleveltest.Task {
	n.t.Helper()
	var found []gohighleveltest.Task
	for _, task := range n.world.ghl.Tasks() {
		if strings.Contains(task.Title, text) {
			found = append(found, task)
		}
	}
	require.Len(n.t, found, 1, "tasks called %q among %q", text, n.titles())
	return found[0]
}

// remembered returns what the ledger knows of the note's task.
func (n *tasked) remembered(key string) record.NoteTask {
	n.t.Helper()
	note, err := n.store.GetNote(n.t.Context(), acme, n.id.NoteID)
	require.NoError(n.t, err)
	for _, task := range note.Tasks {
		if task.Key == key {
			return task
		}
	}
	return record.NoteTask{}
}

func (n *tasked) text() string {
	row, _ := n.world.sf.Get("ContentNote", n.id.NoteID)
	text, _ := row["TextPreview"].(string)
	return text
}

// longAgo lets the answer to whether a create went through be trusted.
var longAgo = time.Now().Add(-time.Hour)
