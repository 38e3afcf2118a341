package e2e

import (
	"net/http"
	"testing"

	enums "go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// recordSetbacks records writes that fail for now, and are decided anew.
func (r *recorder) recordSetbacks(t *testing.T) {
	one := r.link(t, record.LinkInStep, 5)
	r.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{{Kind: "500", Path: "PATCH ", Count: 1}})
	r.edit(t, one, map[string]any{"city": "North Haverbrook"}, nil)
	r.record(t, r.sync(t, byLink(one)), "ContactSync", "decided-anew", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.Sandbox.Salesforce.SetFaults(nil)

	note := r.writeNote(t, one, "Buoys", "<ul><li>Paint the buoys</li><li>Count the buoys</li></ul>")
	r.people["paint the buoys"], r.people["count the buoys"] = true, true
	r.becomes(t, "the note is two tasks and a parent", func() bool { return len(r.madeOf(one, "")) >= 3 })
	r.Sandbox.GoHighLevel.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault503, Method: http.MethodPut, Count: 1}})
	counted, _ := r.the(one, "Count the buoys")
	if err := r.Sandbox.GoHighLevel.CompleteTask(counted.ID); err != nil {
		t.Fatal(err)
	}
	r.becomes(t, "the parent shows it", func() bool { return len(r.madeOf(one, "(1 of 2 done)")) == 1 })
	painted, _ := r.the(one, "Paint the buoys")
	if err := r.Sandbox.GoHighLevel.CompleteTask(painted.ID); err != nil {
		t.Fatal(err)
	}
	run := r.temporal.GetWorkflow(t.Context(), workflows.NoteToTaskID(connection, note), "")
	r.record(t, run, "NoteToTask", "planned-anew", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.Sandbox.GoHighLevel.SetFaults(nil)
}

// recordRefused records what leaves its work for later because Salesforce refuses the connection. It comes last.
func (r *recorder) recordRefused(t *testing.T) {
	one := r.link(t, record.LinkInStep, 4)
	r.people["mend the jetty"] = true
	note := r.writeNote(t, one, "Moorings", "- Mend the jetty")
	r.becomes(t, "the note is a task", func() bool { return len(r.madeOf(one, "jetty")) == 1 })

	r.Sandbox.Salesforce.RevokeGrant()
	if err := r.temporal.SignalWorkflow(t.Context(), workflows.NoteToTaskID(connection, note), "", workflows.SignalChanged, nil); err != nil {
		t.Fatal(err)
	}
	run := r.temporal.GetWorkflow(t.Context(), workflows.NoteToTaskID(connection, note), "")
	r.record(t, run, "NoteToTask", "rests-while-refused", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.record(t, r.sync(t, byLink(one)), "ContactSync", "rests-while-refused", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}
