package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/tandem-sync/tandem/workflows"
)

// listedRun is one run as `starter runs` shows it.
type listedRun struct {
	WorkflowID  string     `json:"workflow_id"`
	RunID       string     `json:"run_id"`
	Type        string     `json:"type"`
	Scenario    string     `json:"scenario"`
	Connection  string     `json:"connection"`
	Status      string     `json:"status"`
	StartedAt   time.Time  `json:"started_at"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Seconds     float64    `json:"seconds"` // so far, while it runs
	ProblemKind string     `json:"problem_kind,omitempty"`
	Error       string     `json:"error,omitempty"`
	// Newer is set where a failed run's work was taken up again.
	Newer *newerRun `json:"newer,omitempty"`
}

type newerRun struct {
	RunID  string `json:"run_id"`
	Status string `json:"status"`
}

func newRunsCommand(a *app) *cobra.Command {
	f := runsFilter{}
	c := &cobra.Command{
		Use:   "runs",
		Short: "List runs: status, type, how long they took, and why failed ones failed",
		Long: `Lists runs as Temporal knows them, the newest first. A failed run stays in the list after it was replayed: the column NEWER
says how its work stands now.`,
		Example: `  starter runs --connection acme
  starter runs --failed --since 24h
  starter runs --failed --scenario contact-sync -o json
  starter runs --scenario task-sync --since 1h`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runRuns(c.Context(), a, f) },
	}
	f.flags(c)
	c.Flags().BoolVar(&f.failed, "failed", false, "only those that failed, timed out or were terminated")
	c.Flags().IntVar(&f.limit, "limit", 20, "how many at most; 0 means all")
	return c
}

func runRuns(ctx context.Context, a *app, f runsFilter) error {
	if err := f.validate(); err != nil {
		return usageError{err}
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	found, err := a.listRuns(ctx, temporal, f)
	if err != nil {
		return err
	}
	list := make([]listedRun, len(found))
	for i, info := range found {
		list[i] = describeRun(info, time.Now())
		if unsuccessful(info.GetStatus()) {
			if err := a.explainRun(ctx, temporal, &list[i]); err != nil {
				return err
			}
		}
	}
	if a.json() {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.say("There are no such runs.")
		return nil
	}
	return a.table(runsHeader(f.failed), runsRows(list, f.failed))
}

// listRuns returns the runs that visibility lists for the filter, the newest first.
func (a *app) listRuns(ctx context.Context, temporal client.Client, f runsFilter) ([]*workflow.WorkflowExecutionInfo, error) {
	const page = 500
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: a.namespace(), Query: f.query(time.Now()), PageSize: page,
	}
	if f.limit > 0 {
		request.PageSize = int32(min(page, f.limit))
	}
	var out []*workflow.WorkflowExecutionInfo
	for {
		answer, err := temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, noSearchAttributes(err)
		}
		out = append(out, answer.GetExecutions()...)
		if f.limit > 0 && len(out) >= f.limit {
			return out[:f.limit], nil
		}
		if request.NextPageToken = answer.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return out, nil
		}
	}
}

// noSearchAttributes says what to do where the namespace does not know Tandem's search attributes.
func noSearchAttributes(err error) error {
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) && strings.Contains(invalid.Message, workflows.Scenario.GetName()) {
		return fmt.Errorf("this namespace does not know Tandem's search attributes: register ConnectionId, Kind, Scenario and ProblemKind "+
			"as Keyword (temporal operator search-attribute create): %w", err)
	}
	return err
}

func describeRun(info *workflow.WorkflowExecutionInfo, now time.Time) listedRun {
	r := listedRun{
		WorkflowID: info.GetExecution().GetWorkflowId(), RunID: info.GetExecution().GetRunId(), Type: info.GetType().GetName(),
		Status: statusWord(info.GetStatus()), StartedAt: info.GetStartTime().AsTime(),
		Scenario:   attribute(info, workflows.Scenario.GetName()),
		Connection: attribute(info, workflows.ConnectionID.GetName()), ProblemKind: attribute(info, workflows.ProblemKind.GetName()),
	}
	end := now
	if info.GetCloseTime() != nil {
		end = info.GetCloseTime().AsTime()
		r.EndedAt = &end
	}
	r.Seconds = max(0, end.Sub(r.StartedAt).Seconds())
	return r
}

// explainRun adds why a run failed, and how its work stands now. What Temporal has forgotten meanwhile stays open.
func (a *app) explainRun(ctx context.Context, temporal client.Client, r *listedRun) error {
	var gone *serviceerror.NotFound
	events := temporal.GetWorkflowHistory(ctx, r.WorkflowID, r.RunID, false, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if errors.As(err, &gone) {
			break
		}
		if err != nil {
			return err
		}
		switch event.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
			failed := event.GetWorkflowExecutionFailedEventAttributes().GetFailure()
			a.reveal(failed)
			kind, message := innermost(failed)
			r.Error = message
			if r.ProblemKind == "" {
				r.ProblemKind = kind
			}
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
			r.Error = event.GetWorkflowExecutionTerminatedEventAttributes().GetReason()
		}
	}
	newest, err := temporal.DescribeWorkflowExecution(ctx, r.WorkflowID, "")
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return err
	}
	if info := newest.GetWorkflowExecutionInfo(); info.GetExecution().GetRunId() != r.RunID {
		r.Newer = &newerRun{RunID: info.GetExecution().GetRunId(), Status: statusWord(info.GetStatus())}
	}
	return nil
}

// innermost returns the type and the message of the failure that began it all.
func innermost(f *failure.Failure) (kind, message string) {
	for f.GetCause() != nil {
		f = f.GetCause()
	}
	return f.GetApplicationFailureInfo().GetType(), f.GetMessage()
}

// unsuccessful tells whether a run ended in a way that replaying is for.
func unsuccessful(s enums.WorkflowExecutionStatus) bool {
	switch s {
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return true
	default:
		return false
	}
}

// statusWord is a status as people read it.
func statusWord(s enums.WorkflowExecutionStatus) string {
	switch s {
	case enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed out"
	case enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		return "continued"
	default:
		return strings.ToLower(s.String())
	}
}

// attribute reads a search attribute that holds one word.
func attribute(info *workflow.WorkflowExecutionInfo, name string) string {
	var value string
	payload := info.GetSearchAttributes().GetIndexedFields()[name]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &value) != nil {
		return ""
	}
	return value
}

func runsHeader(failed bool) []string {
	if failed {
		return []string{"STATUS", "WORKFLOW", "TYPE", "STARTED", "TOOK", "NEWER", "PROBLEM", "ERROR"}
	}
	return []string{"STATUS", "WORKFLOW", "TYPE", "STARTED", "TOOK", "PROBLEM", "ERROR"}
}

func runsRows(list []listedRun, failed bool) [][]string {
	rows := make([][]string, len(list))
	for i, r := range list {
		took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Millisecond * 10).String()
		rows[i] = []string{r.Status, r.WorkflowID, r.Type, r.StartedAt.Local().Format(time.DateTime), took}
		if failed {
			newer := "-"
			if r.Newer != nil {
				newer = r.Newer.Status
			}
			rows[i] = append(rows[i], newer)
		}
		rows[i] = append(rows[i], r.ProblemKind, r.Error)
	}
	return rows
}
