package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// beforeLooking lets something happen just before a run looks whether a create whose answer it lost was carried out.
func (w *world) beforeLooking(made func() bool, happen func()) func(*testsuite.TestWorkflowEnvironment) {
	return func(env *testsuite.TestWorkflowEnvironment) {
		w.aging(env)
		justBeforeOnce("SettleRecord", made, happen)(env)
	}
}

func TestWhatALostCreateMadeIsKnownThoughAPersonHasEditedIt(t *testing.T) {
	w, ada := timeline(t, setting{rules: sandbox.RulesOptions{NoMarkers: true}}, record.Appointment, record.Task)
	id := w.book(w.calendar(), ada.ghl, "First visit", time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC))
	w.announceOf(record.Appointment, record.Mark{Side: record.GoHighLevel, RecordID: id, ContactID: ada.ghl})
	w.plan()
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "/sobjects/Event", Count: 1}})
	out := w.recordSync(record.Appointment, w.linkOfKind(record.Appointment, record.GoHighLevel, id).ID, w.beforeLooking(func() bool { return len(w.live("Event")) == 1 }, func() {
		require.NoError(t, w.sf.Edit("Event", w.only("Event")["Id"].(string), map[string]any{"StartDateTime": "2027-03-15T09:00:00Z", "EndDateTime": "2027-03-15T10:00:00Z"}))
	}))
	require.Equal(t, w.only("Event")["Id"], out.SalesforceID)

	task := w.sf.Create("Task", map[string]any{"WhoId": ada.sf, "Subject": "Call back", "Status": "Not Started", "Priority": "Normal", "ActivityDate": "2027-03-12"})
	w.announceOf(record.Task, record.Mark{Side: record.Salesforce, RecordID: task})
	w.plan()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: "cut_after", Path: "/contacts/" + ada.ghl + "/tasks", Count: 2}}) // the look before counts too
	out = w.recordSync(record.Task, w.linkOfKind(record.Task, record.Salesforce, task).ID, w.beforeLooking(func() bool { return len(w.ghl.Tasks()) == 1 }, func() {
		require.NoError(t, w.ghl.EditTask(w.ghl.Tasks()[0].ID, map[string]any{"dueDate": "2027-03-20T17:00:00Z"}))
		require.NoError(t, w.ghl.CompleteTask(w.ghl.Tasks()[0].ID))
	}))
	require.Len(t, w.ghl.Tasks(), 1)
	require.Equal(t, w.ghl.Tasks()[0].ID, out.GoHighLevelID)
}
