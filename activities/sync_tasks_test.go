package activities_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestTasksOfEitherSideArriveInBulkAtTheFewestCalls(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(10)
	marks := append(w.todos(320, ghl...), w.callbacks(310, sf...)...)
	w.resetStats()
	w.hearInBulk(record.Task, marks...)
	require.Empty(t, w.overTo(record.Task))
	calls := w.calls()
	links := w.pairsOf(record.Task, 630)
	require.Len(t, w.ghl.Tasks(), 630)
	require.Len(t, w.live("Task"), 630)

	require.Equal(t, 320, calls["ghl GET /contacts/{contactId}/tasks/{taskId}"], "%v", calls)
	require.Equal(t, 310, calls["ghl POST /contacts/{contactId}/tasks"])
	batches := 4
	require.LessOrEqual(t, calls["ghl GET /contacts/{contactId}/tasks"], batches*len(ghl), "once for each contact of a batch")
	require.LessOrEqual(t, calls["sf PATCH /composite/sobjects/{object}/{field}"], batches)
	require.LessOrEqual(t, calls["sf POST /composite/sobjects/{object}"], batches, "what was written is read back at once")
	require.LessOrEqual(t, calls["sf GET /queryAll"], 2*batches+1, "what is there, and what the contacts have already")

	// Nothing of it comes back as a change.
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
	w.pairsOf(record.Task, 630)
}

func TestEditsOfTasksTravelInBulkByTheEndpointThatTheyNeed(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(3)
	w.hearInBulk(record.Task, w.todos(9, ghl...)...)
	links := w.pairsOf(record.Task, 9)
	for i, l := range links {
		switch i % 3 {
		case 0:
			require.NoError(t, w.ghl.EditTask(l.GoHighLevelID, map[string]any{"title": fmt.Sprint("Send contract ", i)}))
		case 1:
			require.NoError(t, w.sf.Edit("Task", l.SalesforceID, map[string]any{"Status": "Completed"}))
		case 2:
			require.NoError(t, w.sf.Edit("Task", l.SalesforceID, map[string]any{"Subject": fmt.Sprint("Call ", i)}))
			require.NoError(t, w.ghl.EditTask(l.GoHighLevelID, map[string]any{"body": "by courier"}))
		}
	}
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	w.pairsOf(record.Task, 9)
	calls := w.calls()
	require.Equal(t, 3, calls["ghl PUT /contacts/{contactId}/tasks/{taskId}/completed"], "%v", calls)
	require.Equal(t, 3, calls["ghl PUT /contacts/{contactId}/tasks/{taskId}"])
	require.Equal(t, 1, calls["sf PATCH /composite/sobjects"])
	for i, l := range links {
		task, _ := w.ghl.Task(l.GoHighLevelID)
		row, _ := w.sf.Get("Task", l.SalesforceID)
		require.Equal(t, i%3 == 1, task.Completed)
		require.Equal(t, task.Title, row["Subject"])
		if i%3 == 2 {
			require.Equal(t, "by courier", row["Description"])
		}
		require.NotEmpty(t, w.journal(l.ID))
	}
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
}

func TestOneTaskThatIsRefusedIsHandedOverAndTheOthersOfItsCallAreDone(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		t.Run(fmt.Sprintf("without markers %v", noMarkers), func(t *testing.T) {
			s := setting{rules: allKinds}
			s.rules.NoMarkers = noMarkers
			w := newWorld(t, s)
			ghl, _ := w.clusterOf(2)
			w.sf.AddValidationRule("Task", "Such are not kept here.", func(row map[string]any) bool { return row["Subject"] == "Send offer 007" })
			w.hearInBulk(record.Task, w.todos(20, ghl...)...)
			over := w.overTo(record.Task)
			require.Len(t, over, 1)
			require.Len(t, w.live("Task"), 19)
			for _, l := range w.linksOf(record.Task) {
				require.Nil(t, l.Intent, "what was refused is not under way")
				require.Equal(t, l.ID == over[0], l.SalesforceID == "")
			}
		})
	}
}

func TestWhatWasMatchedIsNotLookedForAgain(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(2)
	w.announceOf(record.Task, w.todos(4, ghl...)...)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE pending SET changed_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	w.stageTasks()
	w.resetStats()
	_, err = w.tryBulk(record.Task, true)
	require.NoError(t, err)
	w.pairsOf(record.Task, 4)
	require.Equal(t, map[string]int{"sf PATCH /composite/sobjects/{object}/{field}": 1, "sf POST /composite/sobjects/{object}": 1}, w.calls())
}

func TestWhatAPersonChangesBetweenTheReadingAndTheWritingOfATaskIsNotOverwritten(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(1)
	w.hearInBulk(record.Task, w.todos(1, ghl...)...)
	link := w.pairsOf(record.Task, 1)[0]
	require.NoError(t, w.ghl.EditTask(link.GoHighLevelID, map[string]any{"title": "Send the contract"}))
	w.announceOf(record.Task, halves([]record.Link{link})...)
	w.plan()
	for _, sql := range []string{`UPDATE pending SET changed_at = now() - interval '1 hour'`, `UPDATE links SET synced_at = now() - interval '1 hour'`} {
		_, err := w.db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	w.stageTasks()
	require.NoError(t, w.ghl.EditTask(link.GoHighLevelID, map[string]any{"title": "Send the bill"}))
	w.bulk(record.Task)
	row, _ := w.sf.Get("Task", link.SalesforceID)
	require.Equal(t, "Send the bill", row["Subject"])
}

func TestAKindThatIsNotSyncedIsRefusedInBulk(t *testing.T) {
	w := newWorld(t, setting{})
	_, err := w.tryBulk(record.Task, false)
	require.Equal(t, crm.Invalid, kindOf(t, err))
}

func TestAPausedConnectionSyncsNoTasks(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(1)
	w.announceOf(record.Task, w.todos(2, ghl...)...)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE connections SET state = $1`, record.ConnectionPaused)
	require.NoError(t, err)
	w.anotherWorker()
	out, err := w.tryBulk(record.Task, false)
	require.NoError(t, err)
	require.NotNil(t, out.Pause)
	require.Empty(t, w.live("Task"))
	require.Len(t, w.pending(), 2)
}
