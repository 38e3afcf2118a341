package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
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

// A contact is deleted in GoHighLevel, with what belongs to it, and made anew because it was edited in Salesforce. What was
// edited there of its belongings is made anew as well.
func TestWhatWentWithAContactThatIsMadeAnewIsMadeAnewForIt(t *testing.T) {
	for _, kind := range []record.Kind{record.Task, record.Appointment} {
		t.Run(string(kind), func(t *testing.T) {
			w, ada := timeline(t, deleting("propagate"), record.Task, record.Appointment)
			object, id := "Task", ""
			if kind == record.Task {
				id = w.todo(ada.ghl, "Call back")
			} else {
				object = "Event"
				id = w.book(w.calendar(), ada.ghl, "First visit", time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC))
			}
			w.hearOf(kind, of(ada.ghl, inGoHighLevel(id)))
			other := w.only(object)["Id"].(string)

			require.NoError(t, w.ghl.Delete(ada.ghl))
			require.NoError(t, w.sf.Edit("Contact", ada.sf, map[string]any{"MailingCity": "York"}))
			require.NoError(t, w.sf.Edit(object, other, map[string]any{"Subject": "Bring the offer"}))
			w.announce(inSalesforce(ada.sf), gone(inGoHighLevel(ada.ghl)))
			w.drain()
			w.hearOf(kind, inSalesforce(other))
			link := w.linkOfKind(kind, record.Salesforce, other)
			if kind == record.Appointment {
				require.Equal(t, record.LinkParted, link.State, "the rules name no calendar to make it in")
				return
			}
			require.Equal(t, record.LinkInStep, link.State, link.Problem)
			require.NotEqual(t, id, link.GoHighLevelID)
			require.Equal(t, w.onlyContact().ID, link.GoHighLevelContact)
		})
	}
}

// A merge in GoHighLevel moves a note to the winner while the loser's other half is kept apart: with the winner it goes on.
func TestANoteThatWaitedForAContactIsTakenUpWithTheOneThatAMergeMovedItTo(t *testing.T) {
	w, ada := swept(t, setting{}, record.Note)
	bob, _ := w.couple("Babbage", "bob@example.com")
	id, err := w.ghl.CreateNote(gohighleveltest.Note{ContactID: ada.ghl, Body: "Wants a quotation"})
	require.NoError(t, err)
	w.hearOf(record.Note, of(ada.ghl, inGoHighLevel(id)))
	link := w.linkOfKind(record.Note, record.GoHighLevel, id)
	require.Equal(t, record.LinkInStep, link.State)
	require.NoError(t, w.ghl.Merge(bob, ada.ghl))
	w.exec(`UPDATE links SET state = 7, problem = $1 WHERE gohighlevel_id = $2`, record.ProblemKept, ada.ghl)
	w.exec(`UPDATE links SET state = 5, problem = $1 WHERE id = $2`, record.ProblemNoContact, link.ID)
	w.sweep()
	w.drain()
	after := w.linkOfKind(record.Note, record.GoHighLevel, id)
	require.Equal(t, record.LinkInStep, after.State, after.Problem)
	require.Equal(t, bob, after.GoHighLevelContact)
	require.Len(t, w.live("ContentNote"), 1)
	w.nothingNew()
}

// While a run waits for the contact that it knows of to be settled, a poll finds the note with another one: that is not forgotten.
func TestWhereANoteWasSeenIsNotForgottenByARunThatWaitsForItsContact(t *testing.T) {
	w, ada := swept(t, setting{}, record.Note)
	bob, _ := w.couple("Babbage", "bob@example.com")
	id, err := w.ghl.CreateNote(gohighleveltest.Note{ContactID: ada.ghl, Body: "Wants a quotation"})
	require.NoError(t, err)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Note, mark)
	require.NoError(t, w.ghl.Merge(bob, ada.ghl))
	w.announceOf(record.Note, mark)
	w.plan()
	w.recordSync(record.Note, w.linkOfKind(record.Note, record.GoHighLevel, id).ID, justBefore("SettleRecordAbsence", func() {
		w.announceOf(record.Note, of(bob, inGoHighLevel(id)))
		w.plan()
	}))
	after := w.linkOfKind(record.Note, record.GoHighLevel, id)
	require.Equal(t, bob, after.GoHighLevelContact)
	require.Equal(t, record.LinkInStep, after.State, after.Problem)
}

func TestARunOfOneKindDoesNotTakeALinkOfAnother(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Call back")
	w.announceOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	w.plan()
	link := w.linkOfKind(record.Task, record.GoHighLevel, id).ID
	_, err := w.try(onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, LinkID: link})
	require.Equal(t, crm.NotFound, kindOf(t, err))
	require.Equal(t, record.LinkInStep, w.recordSync(record.Task, link).State, "nobody holds it")
}
