package platform

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// Cost is what a set of workflow runs cost Temporal.
type Cost struct {
	Runs int `json:"runs"`
	// Actions are counted from the histories as Temporal Cloud bills them: starts, activities with their retries,
	// timers, signals, updates, child workflows, search attribute changes and roll-overs. Heartbeats leave no event, so
	// they are not in it.
	Actions int `json:"actions"`
}

// ConnectionCost adds up all runs of a connection that began at or after a time given as a visibility condition, such
// as "StartTime >= '2026-01-02T15:04:05Z'"; "" means all. Visibility lags behind by about a second.
func ConnectionCost(ctx context.Context, c client.Client, namespace, connection, condition string) (Cost, error) {
	query := fmt.Sprintf("ConnectionId = '%s'", connection)
	if condition != "" {
		query += " AND " + condition
	}
	var cost Cost
	request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: query}
	for {
		page, err := c.ListWorkflow(ctx, request)
		if err != nil {
			return cost, fmt.Errorf("list runs: %w", err)
		}
		for _, run := range page.Executions {
			actions, err := runActions(ctx, c, run.Execution.WorkflowId, run.Execution.RunId)
			if err != nil {
				return cost, err
			}
			cost.Runs++
			cost.Actions += actions
		}
		if request.NextPageToken = page.NextPageToken; len(request.NextPageToken) == 0 {
			return cost, nil
		}
	}
}

func runActions(ctx context.Context, c client.Client, id, runID string) (int, error) {
	total := 0
	events := c.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return 0, fmt.Errorf("history of %s: %w", id, err)
		}
		total += actions(event)
	}
	return total, nil
}

func actions(event *historypb.HistoryEvent) int {
	switch event.EventType {
	case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
		return int(event.GetActivityTaskStartedEventAttributes().Attempt)
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		enums.EVENT_TYPE_TIMER_STARTED,
		enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
		enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
		enums.EVENT_TYPE_MARKER_RECORDED:
		return 1
	}
	return 0
}
