package e2e

import (
	"fmt"
	"strings"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// review waits for an open review.
func (s *system) review(t testing.TB, f store.ReviewFilter) record.Review {
	t.Helper()
	var found record.Review
	s.eventually(t, func() bool {
		all, err := s.Store.Reviews(t.Context(), connection, f)
		if err == nil && len(all) > 0 && all[0].WorkflowID != "" {
			found = all[0]
		}
		return found.ID != 0
	})
	return found
}

// decide decides a review in the run that waits for it.
func (s *system) decide(t testing.TB, r record.Review, choice record.Choice) {
	t.Helper()
	handle, err := s.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: r.WorkflowID, UpdateName: workflows.UpdateDecide, UpdateID: fmt.Sprintf("test-%d", r.ID),
		Args: []any{record.Verdict{ReviewID: r.ID, Choice: choice, By: "test"}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := handle.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// recordLive records the runs of live sync.
func (r *recorder) recordLive(t *testing.T) {
	r.turn(t, record.ConnectionActive)
	one := r.link(t, record.LinkInStep, 2)
	r.edit(t, one, map[string]any{"city": "Capital City"}, nil)
	r.eventually(t, func() bool { _, sf := r.city(t, one); return sf == "Capital City" })
	r.record(t, r.closed(t, "SyncChanges", child("ContactSync")), "SyncChanges", "one-each", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	many := make([]record.Link, 15)
	for i := range many {
		many[i] = r.link(t, record.LinkInStep, i)
		r.edit(t, many[i], nil, map[string]any{"MailingCity": fmt.Sprintf("North Haverbrook %d", i)})
	}
	for i, l := range many {
		r.eventually(t, func() bool { ghl, _ := r.city(t, l); return ghl == fmt.Sprintf("North Haverbrook %d", i) })
	}
	r.record(t, r.closed(t, "SyncChanges", child("BulkSync")), "SyncChanges", "in-bulk", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	ambiguous := r.review(t, store.ReviewFilter{Reason: record.ReviewAmbiguousMatch})
	r.decide(t, ambiguous, record.ChooseIgnore)
	r.record(t, r.temporal.GetWorkflow(t.Context(), ambiguous.WorkflowID, ""), "Review", "ignored", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	r.record(t, r.closed(t, "Sweep", nil), "Sweep", "one-shard", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}

// recordNoteToTask records the run of a note: its tasks are made, one is completed, the note is edited, and all are done.
func (r *recorder) recordNoteToTask(t *testing.T) {
	row, err := r.Store.GetConnection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Store.UpdateRules(t.Context(), connection, row.Rules+"note_to_task: {enabled: true, mark_done: true}\n", row.Location); err != nil {
		t.Fatal(err)
	}
	one := r.link(t, record.LinkInStep, 2)
	for _, words := range []string{"rewrite the charter", "visit the lighthouse", "paint the boathouse", "harbour affairs"} {
		r.people[words] = true // a note's words must not show in a history, no more than a name
	}
	note := r.writeNote(t, one, "Harbour affairs", "<ul><li>Rewrite the charter</li><li>Visit the lighthouse</li></ul>")
	r.becomes(t, "the note is two tasks and a parent", func() bool { return len(r.madeOf(one, "")) == 3 })
	charter, _ := r.the(one, "Rewrite the charter")
	if err := r.Sandbox.GoHighLevel.CompleteTask(charter.ID); err != nil {
		t.Fatal(err)
	}
	r.becomes(t, "the parent shows it", func() bool { return len(r.madeOf(one, "(1 of 2 done)")) == 1 })
	r.editNote(t, note, "<ul><li>Rewrite the charter</li><li>Paint the boathouse</li><li>Order a new bell</li></ul>")
	r.becomes(t, "the edit is followed", func() bool {
		return len(r.madeOf(one, "(1 of 3 done)")) == 1 && len(r.madeOf(one, "bell")) == 1 && len(r.madeOf(one, "lighthouse")) == 0
	})
	open, err := r.temporal.DescribeWorkflowExecution(t.Context(), workflows.NoteToTaskID(connection, note), "")
	if err != nil {
		t.Fatal(err)
	}
	run := r.temporal.GetWorkflow(t.Context(), workflows.NoteToTaskID(connection, note), open.WorkflowExecutionInfo.Execution.RunId)
	for _, task := range r.madeOf(one, "·") {
		if err := r.Sandbox.GoHighLevel.CompleteTask(task.ID); err != nil {
			t.Fatal(err)
		}
	}
	r.becomes(t, "the note says that all is done", func() bool { return strings.Contains(r.noteText(note), "All 3 tasks done") })
	r.record(t, run, "NoteToTask", "edited-and-done", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	idle := r.writeNote(t, one, "Weather", "It rained all day.")
	r.becomes(t, "a note without anything to do has its run", func() bool {
		_, err := r.temporal.DescribeWorkflowExecution(t.Context(), workflows.NoteToTaskID(connection, idle), "")
		return err == nil
	})
	run = r.temporal.GetWorkflow(t.Context(), workflows.NoteToTaskID(connection, idle), "")
	r.record(t, run, "NoteToTask", "nothing-to-do", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}

// child looks for the start of a child workflow of a type.
func child(workflow string) func(*history.HistoryEvent) bool {
	return func(e *history.HistoryEvent) bool {
		return e.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetWorkflowType().GetName() == workflow
	}
}

// closed waits for a run of a type that has completed and in whose history something happened; nil takes any.
func (s *system) closed(t testing.TB, workflow string, happened func(*history.HistoryEvent) bool) client.WorkflowRun {
	t.Helper()
	var found client.WorkflowRun
	s.eventually(t, func() bool {
		page, err := s.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: s.State.Namespace, Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Completed'", workflow),
		})
		if err != nil {
			return false
		}
		for _, run := range page.Executions {
			events := s.temporal.GetWorkflowHistory(t.Context(), run.Execution.WorkflowId, run.Execution.RunId, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
			for events.HasNext() {
				event, err := events.Next()
				if err != nil {
					return false
				}
				if happened == nil || happened(event) {
					found = s.temporal.GetWorkflow(t.Context(), run.Execution.WorkflowId, run.Execution.RunId)
					return true
				}
			}
		}
		return false
	})
	return found
}
