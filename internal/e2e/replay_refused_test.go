package e2e

import (
	"testing"

	enums "go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

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
