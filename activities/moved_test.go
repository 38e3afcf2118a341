package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// People move a task to another contact in Salesforce, also by a merge that is undone. GoHighLevel cannot move anything: its
// half stays where it is, and is neither believed deleted nor made anew.
func TestATaskThatIsMovedToAnotherContactInSalesforceStaysInStep(t *testing.T) {
	for _, lane := range []lane{recordLane, bulkLane} {
		t.Run(string(lane), func(t *testing.T) {
			w, ada := timeline(t, setting{}, record.Task)
			g, s := w.ghl.Create(contact("Hopper", "grace@example.com")), w.sf.Create("Contact", row("Hopper", "grace@example.com"))
			w.hear(recordLane, inGoHighLevel(g), inSalesforce(s))
			require.Equal(t, s, w.linkOf(record.GoHighLevel, g).SalesforceID)
			id := w.todo(ada.ghl, "Call back")
			hear := func(marks ...record.Mark) {
				w.announceOf(record.Task, marks...)
				w.plan()
				if lane == bulkLane {
					w.bulk(record.Task)
				}
				w.drain()
			}
			hear(of(ada.ghl, inGoHighLevel(id)))
			task := w.only("Task")["Id"].(string)

			require.NoError(t, w.sf.Edit("Task", task, map[string]any{"WhoId": s, "Subject": "Call Grace back"}))
			hear(inSalesforce(task))
			require.Len(t, w.ghl.Tasks(), 1)
			require.Equal(t, "Call Grace back", w.ghl.Tasks()[0].Title)
			require.Equal(t, s, w.only("Task")["WhoId"], "nobody moves it back")

			require.NoError(t, w.ghl.CompleteTask(id))
			hear(of(ada.ghl, inGoHighLevel(id)))
			require.Equal(t, "Completed", w.only("Task")["Status"])
			require.Equal(t, record.LinkInStep, w.linkOfKind(record.Task, record.GoHighLevel, id).State)
			w.silentOf(record.Task, inSalesforce(task), of(ada.ghl, inGoHighLevel(id)))
		})
	}
}

// A merge in GoHighLevel moves a task to the winner, of which nothing tells; in Salesforce the same two were merged as well.
func TestATaskThatMovedWithAMergeOnBothSidesIsFoundWithTheContactOfItsOtherHalf(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	g, s := w.ghl.Create(contact("Hopper", "grace@example.com")), w.sf.Create("Contact", row("Hopper", "grace@example.com"))
	w.hear(recordLane, inGoHighLevel(g), inSalesforce(s))
	id := w.todo(ada.ghl, "Call back")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	task := w.only("Task")["Id"].(string)

	require.NoError(t, w.ghl.Merge(g, ada.ghl))
	require.NoError(t, w.sf.Merge(s, ada.sf))
	require.NoError(t, w.sf.Edit("Task", task, map[string]any{"Subject": "Call both back"}))
	w.hearOf(record.Task, inSalesforce(task))
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, "Call both back", w.ghl.Tasks()[0].Title)
	require.Equal(t, g, w.linkOfKind(record.Task, record.GoHighLevel, id).GoHighLevelContact)
	require.Equal(t, task, w.only("Task")["Id"])
	w.silentOf(record.Task, inSalesforce(task), of(g, inGoHighLevel(id)))
}
