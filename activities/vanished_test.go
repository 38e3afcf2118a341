package activities_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// justBefore lets something happen once, in the instant before an activity begins for the first time.
func justBefore(name string, happen func()) func(*testsuite.TestWorkflowEnvironment) {
	return justBeforeOnce(name, func() bool { return true }, happen)
}

// justBeforeOnce is justBefore for the first time that something is so.
func justBeforeOnce(name string, so func() bool, happen func()) func(*testsuite.TestWorkflowEnvironment) {
	return func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			if info.ActivityType.Name == name && happen != nil && so() {
				happen()
				happen = nil
			}
		})
	}
}

// A vendor deletes what was just read, and nobody tells of it: the run that meets it makes something of it by itself.
func TestARecordThatIsDeletedBetweenItsReadingAndItsWritingIsReadAgain(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	id := w.book(w.calendar(), ada.ghl, "First visit", time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC))
	mark := record.Mark{Side: record.GoHighLevel, RecordID: id}
	w.hearOf(record.Appointment, mark)
	event := w.only("Event")["Id"].(string)

	require.NoError(t, w.ghl.EditAppointment(id, map[string]any{"title": "Second visit"}))
	w.announceOf(record.Appointment, mark)
	w.plan()
	out := w.recordSync(record.Appointment, w.linkOfKind(record.Appointment, record.GoHighLevel, id).ID, justBefore("UpdateSalesforceRecord", func() {
		require.NoError(t, w.sf.Delete("Event", event))
	}))
	require.Equal(t, record.LinkInStep, out.State)
	require.Equal(t, "Second visit", w.only("Event")["Subject"], "the edit wins over the deletion")
	w.silentOf(record.Appointment, mark)
}

// The contact goes in the instant before something is created for it. Its own sync brings it back, and with it what belongs to it.
func TestWhatCannotBeCreatedBecauseItsContactIsGoneWaitsForTheContact(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("gone in "+string(side), func(t *testing.T) {
			w, ada := timeline(t, setting{}, record.Task)
			var mark record.Mark
			vanish, create := func() { require.NoError(t, w.ghl.Delete(ada.ghl)) }, "CreateGoHighLevelTask"
			if side == record.GoHighLevel {
				mark = inSalesforce(w.sf.Create("Task", map[string]any{"WhoId": ada.sf, "Subject": "Call back", "Status": "Not Started", "Priority": "Normal"}))
			} else {
				id, err := w.ghl.CreateTask(gohighleveltest.Task{ContactID: ada.ghl, Title: "Call back", DueDate: time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC)})
				require.NoError(t, err)
				mark = of(ada.ghl, inGoHighLevel(id))
				vanish, create = func() { require.NoError(t, w.sf.Delete("Contact", ada.sf)) }, "UpsertSalesforceRecord"
			}
			w.announceOf(record.Task, mark)
			w.plan()
			link := w.linkOfKind(record.Task, mark.Side, mark.RecordID)
			out := w.recordSync(record.Task, link.ID, justBefore(create, vanish))
			require.Equal(t, record.ProblemNoContact, out.Problem)

			// Somebody edited the contact on the side that has it still, which wins.
			if side == record.GoHighLevel {
				require.NoError(t, w.sf.Edit("Contact", ada.sf, map[string]any{"MailingCity": "London"}))
			} else {
				require.NoError(t, w.ghl.Edit(ada.ghl, map[string]any{"city": "London"}))
			}
			w.announce(gone(map[record.Side]record.Mark{record.GoHighLevel: inGoHighLevel(ada.ghl), record.Salesforce: inSalesforce(ada.sf)}[side]))
			w.drain()
			link = w.linkOfKind(record.Task, mark.Side, mark.RecordID)
			require.Equal(t, record.LinkInStep, link.State)
			require.Len(t, w.ghl.Tasks(), 1)
			require.Len(t, w.live("Task"), 1)
		})
	}
}

// Each of two contacts has a half of its own in Salesforce, so that a person is asked about their merge in GoHighLevel. What
// the merge moved goes on with the survivor meanwhile.
func TestWhatAMergeMovedIsSyncedWhileAPersonIsAskedAboutTheMerge(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	bob, _ := w.couple("Babbage", "bob@example.com")
	id, err := w.ghl.CreateTask(gohighleveltest.Task{ContactID: ada.ghl, Title: "Call back", DueDate: time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.Merge(bob, ada.ghl))
	w.announce(gone(inGoHighLevel(ada.ghl)))
	require.NoError(t, w.ghl.EditTask(id, map[string]any{"title": "Call back soon"}))
	w.hearOf(record.Task, of(bob, inGoHighLevel(id)))
	require.Len(t, w.reviews(), 1)
	require.Equal(t, record.ReviewMerged, w.reviews()[0].Reason)
	require.Equal(t, "Call back soon", w.only("Task")["Subject"])
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Task, record.GoHighLevel, id).State)
}

// All tasks are read by each poll: while one of them is being synced it must not be found again and again.
func TestATaskWhoseSyncIsDueIsNotMarkedByEachPoll(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	id, err := w.ghl.CreateTask(gohighleveltest.Task{
		ContactID: ada.ghl, Title: "Call back", DueDate: time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC), DateAdded: time.Now().Add(-time.Hour),
	})
	require.NoError(t, err)
	mark := of(ada.ghl, inGoHighLevel(id))
	w.hearOf(record.Task, mark)
	w.sweep()
	w.drain()
	w.announceOf(record.Task, mark)
	w.plan() // from now on it is pending
	w.sweep()
	require.Empty(t, w.takeTold())
	require.NoError(t, w.ghl.EditTask(id, map[string]any{"title": "Call back soon"}))
	w.sweep()
	require.Len(t, w.takeTold(), 1, "a change is told of all the same")
}

// GoHighLevel moves a task with its contact's merge in silence, so that it looks as though it had gone with the contact.
func TestATaskThatWasMovedByAMergeIsNotGoneWithItsContact(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	bob, _ := w.couple("Babbage", "bob@example.com")
	id, err := w.ghl.CreateTask(gohighleveltest.Task{
		ContactID: ada.ghl, Title: "Call back", DueDate: time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC), DateAdded: time.Now().Add(-time.Hour),
	})
	require.NoError(t, err)
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	half := w.only("Task")["Id"].(string)
	w.sweep()
	w.drain()

	require.NoError(t, w.sf.Delete("Contact", ada.sf)) // and the task with it
	require.NoError(t, w.ghl.Merge(bob, ada.ghl))
	w.announceOf(record.Task, gone(inSalesforce(half)))
	w.plan()
	w.recordSync(record.Task, w.linkOfKind(record.Task, record.GoHighLevel, id).ID)
	require.Equal(t, record.LinkDeleted, w.linkOfKind(record.Task, record.GoHighLevel, id).State)

	w.sweep()
	w.drain()
	require.Empty(t, w.ghl.Tasks(), "it is deleted because its other half was, which is journaled")
	require.Equal(t, record.Delete, w.lastWrite(w.linkOfKind(record.Task, record.Salesforce, half).ID, record.GoHighLevel, record.Title).operation)
	w.nothingNew()
}

// The answer to an update is lost, and a person deletes the record before it is read again: nobody can read any more what the
// update replaced, unless the journal has it.
func TestWhatAnUpdateReplacedIsInTheJournalThoughItsAnswerWasLostAndTheRecordIsGoneSince(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("in "+string(side), func(t *testing.T) {
			w := newWorld(t, deleting("propagate"))
			g, s := w.couple("Lovelace", "ada@example.com")
			link := w.linkOf(record.GoHighLevel, g).ID
			remove := func() { require.NoError(t, w.ghl.Delete(g)) }
			mark := inSalesforce(s)
			if side == record.Salesforce {
				remove = func() { require.NoError(t, w.sf.Delete("Contact", s)) }
				mark = inGoHighLevel(g)
				require.NoError(t, w.ghl.Edit(g, map[string]any{"lastName": "King"}))
				w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "PATCH ", Count: 1}})
			} else {
				require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"LastName": "King"}))
				w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: "cut_after", Method: http.MethodPut, Count: 1}})
			}
			w.announce(mark)
			w.plan()
			claims := 0
			w.contactSync(link, func(env *testsuite.TestWorkflowEnvironment) {
				env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
					if info.ActivityType.Name != "ClaimContact" {
						return
					}
					if claims++; claims == 2 {
						remove()
					}
				})
			})
			require.GreaterOrEqual(t, claims, 2)
			require.True(t, slices.ContainsFunc(w.journal(link), func(one written) bool {
				return one.side == side && one.Field == record.LastName && one.Before.Equal(record.Value{"Lovelace"})
			}))
		})
	}
}
