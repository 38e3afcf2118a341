package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// syncOf runs the sync of one record of a kind.
func (r *recorder) syncOf(t *testing.T, kind record.Kind, side record.Side, id string) client.WorkflowRun {
	t.Helper()
	in := workflows.RecordSyncInput{Connection: connection, Side: side, RecordID: id}
	return r.execute(t, workflows.RecordSyncID(kind, in), workflows.SearchAttributes(workflows.SyncScenarios[kind], connection), workflows.RecordSyncs[kind], in)
}

// recordBelongings records the syncs of tasks, notes and appointments, each by hand.
func (r *recorder) recordBelongings(t *testing.T) {
	done := func(kind record.Kind, side record.Side, id, name string) {
		t.Helper()
		workflow := map[record.Kind]string{record.Task: "TaskSync", record.Note: "NoteSync", record.Appointment: "AppointmentSync"}[kind]
		r.record(t, r.syncOf(t, kind, side, id), workflow, name, enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ghl, sf := r.Sandbox.GoHighLevel, r.Sandbox.Salesforce
	contact := r.link(t, record.LinkInStep, 0)

	task := sf.Create("Task", map[string]any{
		"WhoId": contact.SalesforceID, "Subject": "Call back", "ActivityDate": "2026-12-11", "Status": "In Progress", "Priority": "Normal",
	})
	done(record.Task, record.Salesforce, task, "creates-in-gohighlevel")
	must(sf.Edit("Task", task, map[string]any{"Status": "Completed"}))
	done(record.Task, record.Salesforce, task, "completes-in-gohighlevel")
	other := ghl.Tasks()[0].ID
	must(ghl.EditTask(other, map[string]any{"title": "Call back again"}))
	must(ghl.ReopenTask(other))
	done(record.Task, record.Salesforce, task, "updates-salesforce")
	must(ghl.DeleteTask(other))
	done(record.Task, record.Salesforce, task, "deleted-in-gohighlevel")

	stray, err := ghl.CreateNote(gohighleveltest.Note{ContactID: contact.GoHighLevelID, Body: "Prefers mornings"})
	must(err)
	done(record.Note, record.GoHighLevel, stray, "waits-for-its-contact")

	calendar := ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	visit := time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC)
	id, err := ghl.CreateAppointment(gohighleveltest.Appointment{CalendarID: calendar, ContactID: contact.GoHighLevelID, Title: "First visit", StartTime: visit})
	must(err)
	done(record.Appointment, record.GoHighLevel, id, "creates-by-external-id")
	must(ghl.RescheduleAppointment(id, visit.Add(72*time.Hour)))
	done(record.Appointment, record.GoHighLevel, id, "moves-the-event")
	must(ghl.CancelAppointment(id))
	done(record.Appointment, record.GoHighLevel, id, "withdraws-the-event")
	must(ghl.EditAppointment(id, map[string]any{"appointmentStatus": "confirmed"}))
	done(record.Appointment, record.GoHighLevel, id, "gives-it-another-event")
	must(ghl.DeleteAppointment(id))
	done(record.Appointment, record.GoHighLevel, id, "deleted-in-gohighlevel")
}

// recordTasksInBulk records the runs of live sync that an import of tasks causes.
func (r *recorder) recordTasksInBulk(t *testing.T) {
	contact := r.link(t, record.LinkInStep, 4)
	const imported = 20
	var rows []map[string]any
	for i := range imported {
		rows = append(rows, map[string]any{
			"WhoId": contact.SalesforceID, "Subject": fmt.Sprintf("Follow up %d", i), "ActivityDate": "2027-01-15", "Status": "Not Started", "Priority": "Normal",
		})
	}
	r.Sandbox.Salesforce.Load("Task", rows)
	r.becomes(t, "all tasks are in GoHighLevel", func() bool {
		n := 0
		for _, task := range r.Sandbox.GoHighLevel.Tasks() {
			if task.ContactID == contact.GoHighLevelID && strings.HasPrefix(task.Title, "Follow up ") {
				n++
			}
		}
		return n == imported
	})
	r.record(t, r.closed(t, "BulkSync", called("SyncRecords")), "BulkSync", "tasks", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	ofTasks := func(e *history.HistoryEvent) bool {
		return strings.HasPrefix(e.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetWorkflowId(), "bulk/"+connection+"/task/")
	}
	r.record(t, r.closed(t, "SyncChanges", ofTasks), "SyncChanges", "tasks-in-bulk", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}
