package e2e

import (
	"strings"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"

	"github.com/tandem-sync/tandem/internal/record"
)

// recordNotes records a note that comes from Salesforce in parts, gets shorter there, and is deleted.
func (r *recorder) recordNotes(t *testing.T) {
	on := r.link(t, record.LinkInStep, 3)
	const title = "Minutes"
	count := func(want int) func() bool {
		return func() bool {
			n := want
			for _, note := range r.Sandbox.GoHighLevel.Notes() {
				if note.Title == title {
					n--
				}
			}
			return n == 0
		}
	}
	long := strings.TrimSpace(strings.Repeat("What was said, line by line.\n", 300))
	note := r.Sandbox.Salesforce.Create("ContentNote", map[string]any{"Title": title, "Content": record.NoteHTML(long)})
	if err := r.Sandbox.Salesforce.LinkNote(note, on.SalesforceID); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, count(2))
	r.record(t, r.closed(t, "NoteSync", called("CreateNotePart")), "NoteSync", "creates-in-parts", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	if err := r.Sandbox.Salesforce.Edit("ContentNote", note, map[string]any{"Content": "<p>In short.</p>"}); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, count(1))
	r.record(t, r.closed(t, "NoteSync", called("UpdateGoHighLevelNote")), "NoteSync", "gets-shorter", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	if err := r.Sandbox.Salesforce.Delete("ContentNote", note); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, count(0))
	r.record(t, r.closed(t, "NoteSync", called("DeleteNoteParts")), "NoteSync", "deleted", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}

// called looks for a call of an activity.
func called(name string) func(*history.HistoryEvent) bool {
	return func(e *history.HistoryEvent) bool {
		return e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == name
	}
}
