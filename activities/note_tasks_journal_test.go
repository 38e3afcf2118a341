package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// history returns all that was written to a record, held by a link or not, oldest first.
func (w *world) history(l record.Link) (out []written) {
	w.t.Helper()
	l.Connection = acme
	rows, err := w.store.History(w.t.Context(), l)
	require.NoError(w.t, err)
	out = w.opened(rows)
	for _, one := range out {
		require.Equal(w.t, reconcile.CauseNote, one.Cause)
	}
	return out
}

// told is what was written to some fields, each as "before -> after".
func toldOf(all []written, fields ...record.Field) (out []string) {
	for _, w := range all {
		for _, field := range fields {
			if w.Field == field {
				out = append(out, string(w.operation)+" "+w.Before.Text()+" -> "+w.After.Text())
			}
		}
	}
	return out
}

func TestWhatNotesWriteToGoHighLevelIsJournaledOnceThoughNoLinkHoldsTheTasks(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	plan := n.plan()
	for _, step := range plan.Steps {
		n.carryOut(step)
		if step.Op == activities.NoteTaskCreate { // the answer to the commit got lost
			task := n.remembered(step.Key)
			do[any](n.world, onNoteTasks.CommitNoteTask, activities.CommitNoteTaskInput{NoteTasksInput: n.id, Step: step, TaskID: task.TaskID})
		}
	}
	parent, lawyer := record.Link{Kind: record.Task, GoHighLevelID: n.called("Kick-off (0 of 2 done)").ID}, record.Link{Kind: record.Task, GoHighLevelID: n.called("lawyer").ID}
	made := n.history(lawyer)
	require.Equal(t, []string{"create  -> 2/2 Call the lawyer · Kick-off"}, toldOf(made, record.Title))
	require.NotEmpty(t, made[0].origin)
	require.Contains(t, toldOf(made, record.Body)[0], "Kick-off")

	require.NoError(t, n.world.ghl.CompleteTask(n.called("offer").ID))
	n.follow()
	require.Equal(t, []string{"create  -> Kick-off (0 of 2 done)", "update Kick-off (0 of 2 done) -> Kick-off (1 of 2 done)"}, toldOf(n.history(parent), record.Title))

	n.edit("<ul><li>Send the offer</li></ul>")
	n.follow()
	require.Equal(t, "delete 2/2 Call the lawyer · Kick-off -> ", toldOf(n.history(lawyer), record.Title)[1], "what was lost is kept")
	note := record.Link{Kind: record.Note, SalesforceID: n.id.NoteID}
	require.Len(t, toldOf(n.history(note), "done_line"), 1, "the only thing left is done")
	kind, side, err := n.store.WrittenAlone(t.Context(), acme, parent.GoHighLevelID)
	require.NoError(t, err)
	require.Equal(t, []string{"task", "gohighlevel"}, []string{string(kind), string(side)})
}

func TestWhatANoteSaysAboutItsTasksIsJournaledAsOftenAsItChanges(t *testing.T) {
	n := newTasked(t, noting(""), "Call the lawyer", "<p>todo: call the lawyer</p>")
	n.follow()
	task := n.world.ghl.Tasks()[0].ID
	require.NoError(t, n.world.ghl.CompleteTask(task))
	line := n.follow().Line
	require.NotEmpty(t, line)
	do[any](n.world, onNoteTasks.WriteDoneLine, activities.DoneLineInput{NoteTasksInput: n.id, Line: line})
	require.NoError(t, n.world.ghl.ReopenTask(task))
	n.follow()
	note := record.Link{Kind: record.Note, SalesforceID: n.id.NoteID}
	require.Equal(t, []string{"update  -> " + line, "update " + line + " -> "}, toldOf(n.history(note), "done_line"))
}

func TestATaskThatIsSyncedTellsOfTheNoteThatItWasMadeOf(t *testing.T) {
	s := noting("")
	s.rules.Kinds = []record.Kind{record.Task}
	n := newTasked(t, s, "Call the lawyer", "<p>todo: call the lawyer</p>")
	n.follow()
	id := n.world.ghl.Tasks()[0].ID
	link := n.taskSync(id, n.ghl)
	require.Equal(t, record.LinkInStep, link.State)
	entries := n.timeline(n.linkOf(record.GoHighLevel, n.ghl).ID).Entries
	require.Len(t, entries, 1)
	require.Equal(t, n.id.NoteID, entries[0].Note)

	rows, err := n.store.History(t.Context(), link)
	require.NoError(t, err)
	require.Equal(t, []record.Side{record.GoHighLevel, record.Salesforce}, []record.Side{rows[0].Side, rows[1].Side}, "made of a note, and then synced")
	require.Equal(t, record.Create, rows[0].Operation)

	require.NoError(t, n.world.ghl.CompleteTask(id))
	n.edit("<p>todo: call the lawyer and the notary</p>")
	n.follow()
	held, err := n.store.Journal(t.Context(), acme, link.ID)
	require.NoError(t, err)
	require.Equal(t, record.GoHighLevel, held[len(held)-1].Side, "from now on the link is known")
}
