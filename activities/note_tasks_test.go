package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

const twoThings = "<ul><li>Send the offer</li><li>Call the lawyer</li></ul>"

func TestANoteBecomesTasksOnceHoweverOftenItIsLookedAt(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	plan := n.follow()
	require.Equal(t, 2, plan.Tasks)
	require.False(t, plan.Over)
	require.ElementsMatch(t, []string{"Kick-off (0 of 2 done)", "1/2 Send the offer · Kick-off", "2/2 Call the lawyer · Kick-off"}, n.titles())
	require.Equal(t, 3, n.counts.created)
	again := n.follow()
	require.Empty(t, again.Steps)
	require.Equal(t, 3, n.counts.created)
}

func TestTheParentShowsWhatWasDoneAndTheNoteThatAllIs(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	require.NoError(t, n.world.ghl.CompleteTask(n.called("offer").ID))
	plan := n.follow()
	require.Equal(t, 1, plan.Done)
	require.Len(t, plan.Steps, 1)
	require.Contains(t, n.called("Kick-off (1 of 2 done)").Body, "☑ 1/2 Send the offer")

	require.NoError(t, n.world.ghl.CompleteTask(n.called("lawyer").ID))
	plan = n.follow()
	require.True(t, plan.Over)
	require.Equal(t, plan.Line, "All 2 tasks done on "+strings.TrimPrefix(plan.Line, "All 2 tasks done on "))
	require.True(t, n.called("Kick-off (2 of 2 done)").Completed)
	require.Contains(t, n.text(), plan.Line)
	require.False(t, n.follow().Mark, "it says so already")
	do[any](n.world, onNoteTasks.WriteDoneLine, activities.DoneLineInput{NoteTasksInput: n.id, Line: plan.Line})
	require.Equal(t, 1, strings.Count(n.text(), "done on"), "writing it again does not double it")

	require.NoError(t, n.world.ghl.ReopenTask(n.called("lawyer").ID))
	plan = n.follow()
	require.False(t, plan.Over)
	require.NotContains(t, n.text(), "done on")
	require.False(t, n.called("Kick-off (1 of 2 done)").Completed)
}

func TestAnEditOfANoteLeavesAloneWhatAPersonChanged(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	lawyer := n.called("lawyer").ID
	require.NoError(t, n.world.ghl.EditTask(lawyer, map[string]any{"title": "Ask the notary"}))
	n.edit("<ul><li>Send the offer</li><li>Order flowers</li></ul>")
	n.follow()
	n.called("Ask the notary")
	require.Equal(t, record.NoteTaskReleased, n.remembered("2").State)
	n.called("Order flowers")
	n.edit("<ul><li>Send the offer</li></ul>")
	n.follow()
	require.ElementsMatch(t, []string{"Send the offer", "Ask the notary"}, n.titles(), "flowers and parent were touched by nobody")
	require.Equal(t, 2, n.counts.withdrawn)
}

func TestATickInTheNoteCompletesItsTaskEvenIfThatWasInterrupted(t *testing.T) {
	check := func(done string) string {
		return "<ul><li>[" + done + "] Send the offer</li><li>[ ] Call the lawyer</li></ul>"
	}
	n := newTasked(t, noting(""), "Kick-off", check(" "))
	n.follow()
	n.edit(check("x"))
	interrupted := n.plan()
	require.NotEmpty(t, interrupted.Steps)
	require.Equal(t, interrupted.Steps, resealed(interrupted.Steps, n.plan().Steps), "what is owed stays owed")
	n.follow()
	require.True(t, n.called("offer").Completed)
	require.False(t, n.called("lawyer").Completed)
	n.called("Kick-off (1 of 2 done)")
}

// resealed takes over the sealed data of steps, which is never the same twice.
func resealed(from, steps []activities.NoteTaskStep) []activities.NoteTaskStep {
	for i := range steps {
		if i < len(from) {
			steps[i].Task, steps[i].Before = from[i].Task, from[i].Before
		}
	}
	return steps
}

func TestAnUpdateOfUnknownOutcomeIsKnownAgainAndTakenForNobodysEdit(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	require.NoError(t, n.world.ghl.CompleteTask(n.called("offer").ID))
	step := n.plan().Steps[0]
	do[activities.GoHighLevelTask](n.world, onGoHighLevel.UpdateGoHighLevelTask,
		activities.GoHighLevelTaskWriteInput{Connection: acme, ContactID: n.ghl, TaskID: step.TaskID, Task: step.Task})
	unknown := activities.CommitNoteTaskInput{NoteTasksInput: n.id, Step: step, TaskID: step.TaskID, Unknown: true}
	do[any](n.world, onNoteTasks.CommitNoteTask, unknown)
	n.called("Kick-off (1 of 2 done)")
	require.Empty(t, n.plan().Steps, "it is as it was to be")
	require.Equal(t, "update Kick-off (0 of 2 done) -> Kick-off (1 of 2 done)",
		toldOf(n.history(record.Link{Kind: record.Task, GoHighLevelID: step.TaskID}), record.Title)[1], "it may have been, and the journal has it")

	require.NoError(t, n.world.ghl.CompleteTask(n.called("lawyer").ID))
	n.follow()
	n.called("Kick-off (2 of 2 done)")
}

func TestAnUpdateThatWasNotCarriedOutStaysOwedAndLeavesAloneWhatAPersonTypesMeanwhile(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	require.NoError(t, n.world.ghl.CompleteTask(n.called("offer").ID))
	step := n.plan().Steps[0]
	do[any](n.world, onNoteTasks.CommitNoteTask, activities.CommitNoteTaskInput{NoteTasksInput: n.id, Step: step, TaskID: step.TaskID, Unknown: true})
	require.NoError(t, n.world.ghl.EditTask(step.TaskID, map[string]any{"title": "The whole kick-off"}))
	n.follow()
	require.Contains(t, n.called("The whole kick-off").Body, "☑ 1/2 Send the offer")
}

func TestATaskThatAPersonDeletedIsNotMadeAgainAndCountsAsDone(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	require.NoError(t, n.world.ghl.DeleteTask(n.called("offer").ID))
	plan := n.follow()
	require.Equal(t, 1, plan.Done)
	require.Equal(t, 3, n.counts.created)
	require.NoError(t, n.world.ghl.CompleteTask(n.called("lawyer").ID))
	require.True(t, n.follow().Over)
}

func TestACreateOfUnknownOutcomeIsFoundByItsReference(t *testing.T) {
	n := newTasked(t, noting(""), "", "Call the lawyer")
	step := n.plan().Steps[0]
	require.False(t, step.Settle)
	settle := activities.SettleNoteTaskInput{NoteTasksInput: n.id, Contact: n.ghl, Key: step.Key, Since: time.Now()}
	_, err := n.try(onNoteTasks.SettleNoteTask, settle)
	require.Equal(t, crm.Busy, activities.KindOf(err), "so soon, absence proves nothing")
	settle.Since = longAgo
	require.Empty(t, do[activities.GoHighLevelTask](n.world, onNoteTasks.SettleNoteTask, settle).TaskID)

	// A person's task of the same name is another one.
	_, err = n.world.ghl.CreateTask(gohighleveltest.Task{ContactID: n.ghl, Title: "Call the lawyer", DueDate: time.Now()})
	require.NoError(t, err)
	require.Empty(t, do[activities.GoHighLevelTask](n.world, onNoteTasks.SettleNoteTask, settle).TaskID)
	made := do[activities.GoHighLevelTask](n.world, onGoHighLevel.CreateGoHighLevelTask,
		activities.GoHighLevelTaskWriteInput{Connection: acme, ContactID: n.ghl, Task: step.Task})
	require.True(t, n.plan().Steps[0].Settle, "another run looks first")
	require.Equal(t, made.TaskID, do[activities.GoHighLevelTask](n.world, onNoteTasks.SettleNoteTask, settle).TaskID)

	require.NoError(t, n.world.ghl.EditTask(made.TaskID, map[string]any{"title": "Ring the lawyer"}))
	do[any](n.world, onNoteTasks.CommitNoteTask, activities.CommitNoteTaskInput{NoteTasksInput: n.id, Step: step, TaskID: made.TaskID, Found: true})
	require.Empty(t, n.follow().Steps)
	require.Equal(t, record.NoteTaskThere, n.remembered("1").State)
	n.edit("Call the solicitor")
	n.follow()
	n.called("Ring the lawyer")
}

func TestNotesThatBecomeNoTasksSayWhy(t *testing.T) {
	for name, c := range map[string]struct{ html, reason string }{
		"nothing to do":    {"It rained.", "nothing"},
		"ours":             {"<p>[From GoHighLevel: Ben]</p><p>Call the lawyer</p>", activities.ReasonOurs},
		"a whole document": {"<ul>" + strings.Repeat("<li>Call somebody about something or other</li>", 8000) + "</ul>", activities.ReasonTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTasked(t, noting(""), "Plain", c.html)
			_, considered := n.consider()
			require.True(t, considered.Over)
			require.Equal(t, c.reason, considered.Reason)
		})
	}
}

func TestANoteThatIsGoneLeavesItsTasks(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	require.NoError(t, n.world.sf.Delete("ContentNote", n.id.NoteID))
	_, err := n.try(onNoteTasks.ReadNoteToPlan, n.id)
	require.Equal(t, crm.NotFound, activities.KindOf(err))
	do[any](n.world, onNoteTasks.LeaveNote, n.id)
	require.Len(t, n.titles(), 3)
	followed, err := n.store.FollowedTasks(t.Context(), acme, nil)
	require.NoError(t, err)
	require.Empty(t, followed)
}

func TestWhereTheRulesTurnItOffTheTasksAreLetGo(t *testing.T) {
	n := newTasked(t, noting(""), "Kick-off", twoThings)
	n.follow()
	row, err := n.store.GetConnection(t.Context(), acme)
	require.NoError(t, err)
	_, err = n.store.UpdateRules(t.Context(), acme, strings.Replace(row.Rules, "note_to_task: {enabled: true", "note_to_task: {enabled: false", 1), row.Location)
	require.NoError(t, err)
	require.True(t, do[activities.NoteTasksBegun](n.world, onNoteTasks.BeginNoteTasks, n.id).Off)
	require.Equal(t, record.NoteTaskReleased, n.remembered("1").State)
	require.Len(t, n.titles(), 3)
}

func TestASweepMarksNotesThatAreNewAndTasksThatAPersonChanged(t *testing.T) {
	w := newWorld(t, noting(""))
	begun := time.Now()
	g, s := w.addGoHighLevel(contact("Lovelace", "ada@example.com")), w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.sf.Load("ContentNote", []map[string]any{{"Title": "Old", "Content": "Call the lawyer", "CreatedDate": earlier, "LastModifiedDate": earlier}})
	w.onboard()
	w.sweepFrom(begun)
	marked := func() []string {
		ids, err := w.store.UnheededNotes(t.Context(), acme, 10, nil)
		require.NoError(t, err)
		return ids
	}
	n := &tasked{world: w, ghl: g, id: activities.NoteTasksInput{Connection: acme, NoteID: w.writeNote(s, "Kick-off", twoThings)}}
	w.sweep()
	w.sweep() // the first pass lets the other kinds be polled
	require.Equal(t, []string{n.id.NoteID}, marked(), "what is old is history")
	n.follow()
	require.Empty(t, marked())
	w.sweep()
	require.Empty(t, marked(), "our own tasks tell nothing new")
	require.NoError(t, w.ghl.EditTask(n.called("offer").ID, map[string]any{"title": "Send it"}))
	w.sweep()
	require.Equal(t, []string{n.id.NoteID}, marked())
	n.follow()
	w.sweep()
	require.Empty(t, marked(), "a change is told once")
	_, err := w.db.Exec(t.Context(), `DELETE FROM swept WHERE kind = 2`)
	require.NoError(t, err)
	w.sweep()
	require.Empty(t, marked(), "also where no sweep remembers it")
	require.NoError(t, w.sf.Delete("ContentNote", n.id.NoteID))
	w.sweep()
	require.Equal(t, []string{n.id.NoteID}, marked())
	require.Empty(t, w.takeAnnounced(), "nothing is synced beside contacts")
}

func TestWhereNotesAreKeptAsTasksSalesforcesOwnNotesBecomeTasksAndWhatIsKeptDoesNot(t *testing.T) {
	for _, synced := range []bool{true, false} {
		s := noting("")
		s.editRules = func(file string) string { return file + "notes: {as: task}\n" }
		if synced {
			s.rules.Kinds, s.editRules = []record.Kind{record.Note, record.Task}, notesRules("  as: task\n")
		}
		w := newWorld(t, s)
		g, sf := w.couple("Lovelace", "ada@example.com")
		w.sweepFrom(time.Now())
		if synced {
			kept := &noted{w, g, sf}
			w.hearOf(record.Note, kept.inGoHighLevel("todo: call the notary"))
			require.Contains(t, w.only("Task")["Description"], "call the notary")
		}
		n := &tasked{world: w, ghl: g, id: activities.NoteTasksInput{Connection: acme, NoteID: w.writeNote(sf, "Kick-off", twoThings)}}
		w.sweep()
		marked, err := w.store.UnheededNotes(t.Context(), acme, 10, nil)
		require.NoError(t, err)
		require.Equal(t, []string{n.id.NoteID}, marked)
		n.follow()
		require.Len(t, n.titles(), 3)
		if !synced {
			continue
		}
		w.sweep()
		w.drain() // the note and its tasks reach the other side
		require.Len(t, w.ghl.Notes(), 2)
		require.Len(t, w.live("Task"), 4)
		w.sweep()
		marked, err = w.store.UnheededNotes(t.Context(), acme, 10, nil)
		require.NoError(t, err)
		require.Subset(t, []string{n.id.NoteID}, marked, "no task is taken for a note")
		require.Empty(t, n.follow().Steps)
	}
}

func TestSomebodyIsFoundByTheNameThatEitherSideHasForThem(t *testing.T) {
	d := activities.People(
		rules.Users{Map: map[string]string{"ghl-b": "005b"}, ByEmail: true, GoHighLevel: "ghl-d"},
		[]rules.User{{ID: "ghl-a", Name: "Ann Lee", Email: "Ann@acme.com"}, {ID: "ghl-b", Name: "Ben", Email: "x@acme.com"}, {ID: "ghl-c", Name: "Cy", Inactive: true}},
		[]rules.User{{ID: "005a", Name: "Anna Lee-Smith", Email: "ann@acme.com "}, {ID: "005b", Name: "Benedict", Email: "x2@acme.com"}, {ID: "005z", Name: "Zoe"}},
	)
	require.Equal(t, "ghl-d", d.Default)
	byName := map[string]string{}
	for _, p := range d.People {
		byName[p.Name] = p.GoHighLevelID
	}
	require.Equal(t, map[string]string{"Ann Lee": "ghl-a", "Ben": "ghl-b", "Anna Lee-Smith": "ghl-a", "Benedict": "ghl-b", "Zoe": ""}, byName)
}
