package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// due is when tasks are due, at five in the afternoon of the location.
var due = time.Date(2026, 12, 4, 17, 0, 0, 0, newYork)

// todo adds a task of a GoHighLevel contact as a person would.
func (w *world) todo(contact, title string) string {
	w.t.Helper()
	id, err := w.ghl.CreateTask(gohighleveltest.Task{ContactID: contact, Title: title, DueDate: due})
	require.NoError(w.t, err)
	return id
}

// taskRow is a task of a Salesforce contact.
func taskRow(contact, subject string) map[string]any {
	return map[string]any{"WhoId": contact, "Subject": subject, "ActivityDate": "2026-12-04", "Status": "Not Started", "Priority": "Normal"}
}

func TestATaskThatTheContactHasAlreadyIsLinkedInsteadOfCreated(t *testing.T) {
	for name, c := range map[string]struct {
		subject, date string
		same          bool
	}{
		"it says the same":  {"Send the offer", "2026-12-04", true},
		"it is another one": {"Send the invoice", "2026-12-04", false},
		"on another day":    {"Send the offer", "2026-12-05", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, ada := timeline(t, setting{}, record.Task)
			there := w.sf.Create("Task", with(taskRow(ada.sf, c.subject), "ActivityDate", c.date))
			id := w.todo(ada.ghl, "Send the offer")
			w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
			link := w.linkOfKind(record.Task, record.GoHighLevel, id)
			require.Equal(t, c.same, link.SalesforceID == there)
			require.Equal(t, record.LinkInStep, link.State)
			w.silentOf(record.Task, of(ada.ghl, inGoHighLevel(id)), inSalesforce(link.SalesforceID))
		})
	}
}

func TestOfSeveralEqualTasksTheOldestIsLinked(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	var rows []map[string]any
	for _, age := range []time.Duration{time.Hour, 3 * time.Hour, 2 * time.Hour} {
		rows = append(rows, with(taskRow(ada.sf, "Send the offer"), "CreatedDate", earlier.Add(-age)))
	}
	loaded := w.sf.Load("Task", rows)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.Equal(t, loaded[1], w.linkOfKind(record.Task, record.GoHighLevel, id).SalesforceID)
	require.Len(t, w.live("Task"), 3)
}

func TestATaskThatIsAnotherOnesOtherHalfIsNotShared(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	first, second := w.todo(ada.ghl, "Send the offer"), w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(first)))
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(second)))
	require.Len(t, w.live("Task"), 2)
	require.NotEqual(t, w.linkOfKind(record.Task, record.GoHighLevel, first).SalesforceID, w.linkOfKind(record.Task, record.GoHighLevel, second).SalesforceID)
}

func TestTwoEqualTasksThatWereBothAnnouncedBecomeOne(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	there, id := w.sf.Create("Task", taskRow(ada.sf, "Send the offer")), w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)), of(ada.sf, inSalesforce(there)))
	require.Len(t, w.live("Task"), 1)
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, there, w.linkOfKind(record.Task, record.GoHighLevel, id).SalesforceID)
}

func TestATaskWaitsForItsContactToComeIntoStep(t *testing.T) {
	w, _ := timeline(t, setting{}, record.Task)
	grace := w.ghl.Create(contact("Hopperfield", "grace@example.com"))
	id := w.todo(grace, "Send the offer")
	w.hearOf(record.Task, of(grace, inGoHighLevel(id)))
	link := w.linkOfKind(record.Task, record.GoHighLevel, id)
	require.Equal(t, [2]string{string(record.LinkExcluded), record.ProblemNoContact}, [2]string{string(link.State), link.Problem})
	require.Empty(t, w.sf.All("Task"))

	w.announce(inGoHighLevel(grace))
	w.drain()
	require.Equal(t, w.linkOf(record.GoHighLevel, grace).SalesforceID, w.only("Task")["WhoId"])
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Task, record.GoHighLevel, id).State)
}

func TestEqualTasksThatBothWaitedForTheContactBecomeOne(t *testing.T) {
	w, _ := timeline(t, setting{}, record.Task)
	grace, sf := w.ghl.Create(contact("Hopperfield", "grace@example.com")), w.sf.Create("Contact", row("Hopperfield", "grace@example.com"))
	id, there := w.todo(grace, "Send the offer"), w.sf.Create("Task", taskRow(sf, "Send the offer"))
	w.hearOf(record.Task, of(grace, inGoHighLevel(id)), of(sf, inSalesforce(there)))
	require.Equal(t, record.ProblemNoContact, w.linkOfKind(record.Task, record.Salesforce, there).Problem)
	w.announce(inGoHighLevel(grace))
	w.drain()
	require.Len(t, w.live("Task"), 1)
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, there, w.linkOfKind(record.Task, record.GoHighLevel, id).SalesforceID)
}

func TestATaskFollowsItsContactThroughAMerge(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	task := w.only("Task")["Id"].(string)
	survivor := w.sf.Create("Contact", row("Lovelace", "countess@example.com"))
	require.NoError(t, w.sf.Merge(survivor, ada.sf))
	w.announce(gone(inSalesforce(ada.sf)), inSalesforce(survivor))
	w.drain()
	require.Equal(t, survivor, w.linkOf(record.GoHighLevel, ada.ghl).SalesforceID)
	require.NoError(t, w.sf.Edit("Task", task, map[string]any{"Subject": "Send the contract"}))
	w.hearOf(record.Task, of(survivor, inSalesforce(task)))
	x, _ := w.ghl.Task(id)
	require.Equal(t, "Send the contract", x.Title)
	require.Equal(t, survivor, w.linkOfKind(record.Task, record.GoHighLevel, id).SalesforceContact)
}

func TestATaskIsNotTakenForDeletedWhileItsContactIsGone(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.Delete(ada.ghl)) // with all that hangs on it
	w.announceOf(record.Task, gone(inGoHighLevel(id)))
	plan := w.plan()
	require.Len(t, plan.Others, 1)
	w.recordSync(record.Task, plan.Others[0].LinkID)
	require.Len(t, w.live("Task"), 1)
	link := w.linkOfKind(record.Task, record.GoHighLevel, id)
	require.Equal(t, [2]string{string(record.LinkExcluded), record.ProblemNoContact}, [2]string{string(link.State), link.Problem},
		"it waits for what becomes of its contact, of which nobody need be asked twice")
}

func TestATaskThatIsGoneWithItsContactOnBothSidesIsOver(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.Delete(ada.ghl))
	require.NoError(t, w.sf.Delete("Contact", ada.sf))
	w.hearOf(record.Task, gone(inGoHighLevel(id)))
	require.Equal(t, record.LinkDeleted, w.linkOfKind(record.Task, record.GoHighLevel, id).State)
}

func TestAnOwnerWhomSalesforceChoseIsNoEdit(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NotEmpty(t, w.only("Task")["OwnerId"])
	w.nothingNew()
	require.NoError(t, w.ghl.DeleteTask(id))
	w.hearOf(record.Task, gone(inGoHighLevel(id)))
	require.Empty(t, w.live("Task"), "nobody has edited it, so that it goes")
}
