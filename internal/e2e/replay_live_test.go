package e2e

import (
	"fmt"
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
