package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAPollOfTasksReadsAllPagesAndMarksWhatIsNew(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	var all []gohighleveltest.Task
	for i := range 1100 {
		all = append(all, gohighleveltest.Task{ContactID: ada.ghl, Title: fmt.Sprintf("Task of many %04d", i), DueDate: due})
	}
	loaded, err := w.ghl.LoadTasks(all)
	require.NoError(t, err)
	w.sweep()
	require.ElementsMatch(t, loaded, ids(w.announcedNow(), record.GoHighLevel))
	require.Equal(t, ada.ghl, w.takeTold()[0].Contact, "tasks are read by way of their contact")
}

func TestAPollFindsATaskThatWasEditedWhichNoWebhookTellsOf(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.sweep()
	w.drain()
	w.nothingNew()
	require.NoError(t, w.ghl.EditTask(id, map[string]any{"title": "Send the contract"}))
	w.sweep()
	require.Equal(t, []told{{record.Task, record.GoHighLevel, id, ada.ghl, false}}, w.takeTold())
	w.hearOf(record.Task, inGoHighLevel(id))
	require.Equal(t, "Send the contract", w.only("Task")["Subject"])
	w.nothingNew()
}

func TestAPollFindsADeletedTaskWhetherItsRowIsShownOrNot(t *testing.T) {
	for _, shown := range []bool{false, true} {
		s := setting{}
		s.GoHighLevel.FindDeletedTasks = shown
		w, ada := swept(t, s, record.Task)
		id, kept := w.todo(ada.ghl, "Send the offer"), w.todo(ada.ghl, "Call back")
		w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)), of(ada.ghl, inGoHighLevel(kept)))
		require.NoError(t, w.ghl.DeleteTask(id))
		w.sweep()
		marks := w.takeTold()
		require.Len(t, marks, 1)
		require.Equal(t, id, marks[0].ID)
		require.True(t, marks[0].OnlyLinked)
		w.hearOf(record.Task, gone(inGoHighLevel(id)))
		require.Len(t, w.live("Task"), 1)
		w.nothingNew()
	}
}

func TestATaskThatTheIndexDoesNotShowYetIsNotTakenForDeleted(t *testing.T) {
	s := setting{}
	s.GoHighLevel.IndexLag = 4 * time.Minute
	w, ada := swept(t, s, record.Task)
	w.sf.Create("Task", taskRow(ada.sf, "Send the offer"))
	w.sweep()
	w.drain()
	require.Len(t, w.ghl.Tasks(), 1)
	w.nothingNew()
}

func TestAPollOfSalesforceTasksLeavesOutThoseOfNobody(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	mine := w.sf.Create("Task", taskRow(ada.sf, "Send the offer"))
	w.sf.Create("Task", taskRow("", "Tidy the desk"))
	w.sweep()
	require.Equal(t, []told{{record.Task, record.Salesforce, mine, ada.sf, false}}, w.takeTold())
}
