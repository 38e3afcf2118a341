package e2e

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
)

// stuck tells, for a failure, what waits for what: marks, links that are pending and who holds them, and open runs with
// what they are about. It holds no customer data.
func (s *system) stuck(ctx context.Context) string {
	var out strings.Builder
	s.table(ctx, &out, "announced", `SELECT side, only_linked, date_trunc('milliseconds', at)::text, record_id FROM announced ORDER BY at LIMIT 10`)
	s.table(ctx, &out, "pending, by lane, holder and state", `
		SELECT p.lane, coalesce(p.claimed_by, ''), p.claimed_until::text, l.state, l.problem, count(*), min(l.id), max(p.marked), min(p.changed_at)::text
		FROM pending p JOIN links l ON l.id = p.link_id GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC LIMIT 25`)
	s.table(ctx, &out, "open reviews", `SELECT reason, count(*), min(id) FROM reviews WHERE decided_at IS NULL GROUP BY 1`)
	s.table(ctx, &out, "sweeps", `SELECT side, failures, problem, succeeded_at::text, next_at::text FROM sweeps`)
	s.table(ctx, &out, "bells", `SELECT rung_at::text FROM bells`)
	s.openRuns(ctx, &out)
	s.restlessRun(ctx, &out)
	return out.String()
}

// restlessRun tells what the run does that was started most often of late, if one was started again and again.
func (s *system) restlessRun(ctx context.Context, out *strings.Builder) {
	closed, err := s.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: `ExecutionStatus != 'Running' AND WorkflowType IN ('TaskSync', 'NoteSync', 'AppointmentSync', 'ContactSync')`, PageSize: 100,
	})
	if err != nil {
		fmt.Fprint(out, err)
		return
	}
	times, most := map[string]int{}, ""
	for _, run := range closed.Executions {
		id := run.GetExecution().GetWorkflowId()
		if times[id]++; times[id] > times[most] {
			most = id
		}
	}
	if times[most] < 5 {
		return
	}
	fmt.Fprintf(out, "\n  %s was started %d times of the last %d; at last it did:", most, times[most], len(closed.Executions))
	history := s.temporal.GetWorkflowHistory(ctx, most, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			fmt.Fprint(out, err)
			return
		}
		if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
			fmt.Fprintf(out, "\n    %s%v", a.GetActivityType().GetName(), s.Codec().Converter().ToStrings(a.GetInput()))
		}
		if a := event.GetActivityTaskCompletedEventAttributes(); a != nil {
			fmt.Fprintf(out, "\n      -> %v", s.Codec().Converter().ToStrings(a.GetResult()))
		}
		if a := event.GetActivityTaskFailedEventAttributes(); a != nil {
			fmt.Fprintf(out, "\n      -> %s", a.GetFailure().GetCause().GetMessage())
		}
	}
}

func (s *system) table(ctx context.Context, out *strings.Builder, name, query string) {
	fmt.Fprintf(out, "\n  %s:", name)
	db, err := pgx.Connect(ctx, s.State.DatabaseURL)
	if err != nil {
		fmt.Fprint(out, err)
		return
	}
	defer func() { _ = db.Close(ctx) }() // it was only read
	rows, err := db.Query(ctx, query)
	if err != nil {
		fmt.Fprint(out, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		fmt.Fprint(out, "\n    ", values, err)
	}
}

func (s *system) openRuns(ctx context.Context, out *strings.Builder) {
	open, err := s.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: `ExecutionStatus = 'Running'`, PageSize: 40})
	if err != nil {
		fmt.Fprint(out, err)
		return
	}
	fmt.Fprint(out, "\n  open runs:")
	for _, run := range open.Executions {
		id := run.GetExecution().GetWorkflowId()
		fmt.Fprintf(out, "\n    %s, %d events", id, run.GetHistoryLength())
		about, err := s.temporal.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			fmt.Fprint(out, ": ", err)
			continue
		}
		fmt.Fprintf(out, ", %d events by now", about.GetWorkflowExecutionInfo().GetHistoryLength())
		for _, a := range about.GetPendingActivities() {
			converter.DecodeCommonFailureAttributes(s.Codec().Converter(), a.GetLastFailure())
			fmt.Fprintf(out, "; %s, attempt %d: %s", a.GetActivityType().GetName(), a.GetAttempt(), a.GetLastFailure().GetMessage())
		}
	}
}
