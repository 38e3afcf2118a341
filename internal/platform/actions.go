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
	// timers, signals, updates, child workflows, search attribute changes, roll-overs, and the markers of each workflow
	// task as one. A SignalWithStart that starts a run is one. Heartbeats leave no event, so they are not in it.
	Actions int `json:"actions"`
	// Signals is how many signals the runs received.
	Signals int `json:"signals,omitempty"`
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
			of, err := runActions(ctx, c, run.Execution.WorkflowId, run.Execution.RunId)
			if err != nil {
				return cost, err
			}
			cost.Runs++
			cost.Actions += of.actions
			cost.Signals += of.signals
		}
		if request.NextPageToken = page.NextPageToken; len(request.NextPageToken) == 0 {
			return cost, nil
		}
	}
}

func runActions(ctx context.Context, c client.Client, id, runID string) (runCost, error) {
	var cost runCost
	events := c.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return runCost{}, fmt.Errorf("history of %s: %w", id, err)
		}
		cost.add(event)
	}
	return cost, nil
}

// runCost adds up the events of one run, in their order.
type runCost struct {
	actions, signals int
	marked           int64 // the workflow task whose markers are counted already
}

func (c *runCost) add(event *historypb.HistoryEvent) {
	switch event.EventType {
	case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
		c.actions += int(event.GetActivityTaskStartedEventAttributes().Attempt)
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
		c.signals++
		if event.EventId != 2 { // the second event: the run was started by a SignalWithStart, which is one action
			c.actions++
		}
	case enums.EVENT_TYPE_MARKER_RECORDED:
		if task := event.GetMarkerRecordedEventAttributes().WorkflowTaskCompletedEventId; task != c.marked {
			c.marked = task
			c.actions++
		}
	case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		enums.EVENT_TYPE_TIMER_STARTED,
		enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
		enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		c.actions++
	}
}
