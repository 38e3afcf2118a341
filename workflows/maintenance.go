package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Maintenance looks after what neither webhooks nor sweeps do, once: of one shard of the connections, as a Schedule starts it,
// or of one connection, as a person does. For a shard it starts the comparisons that are due by the connections' rules.
func Maintenance(ctx workflow.Context, in MaintenanceInput) (activities.MaintenanceResult, error) {
	var out activities.MaintenanceResult
	if err := in.Validate(); err != nil {
		return out, invalidInput(err)
	}
	ctx = activities.InLane(ctx, crm.LaneMaintenance) // whoever asked for it: what people change meanwhile goes first
	if in.Connection != "" {
		summary := "Maintain the connection"
		if in.DryRun {
			summary = "See what maintaining the connection would do"
		}
		err := workflow.ExecuteActivity(sweepCall(ctx, summary), maintenance.MaintainConnection, activities.MaintainConnectionInput{
			Connection: in.Connection, DryRun: in.DryRun, Confirm: in.Confirm,
		}).Get(ctx, &out)
		if err != nil {
			return out, permanent(ctx, err)
		}
		return maintained(ctx, out), nil
	}
	err := workflow.ExecuteActivity(sweepCall(ctx, fmt.Sprintf("Maintain shard %d of %d", in.Shard, in.Shards)), maintenance.MaintainShard,
		activities.MaintainShardInput{Shard: in.Shard, Shards: in.Shards}).Get(ctx, &out)
	if err != nil {
		return out, err
	}
	out = maintained(ctx, out)
	return out, verifyDue(ctx, in)
}

// verifyDue starts the comparisons of both sides that are due. They outlive this run; one that is under way already is left
// alone.
func verifyDue(ctx workflow.Context, in MaintenanceInput) error {
	var due []string
	err := workflow.ExecuteActivity(sweepCall(ctx, "See which connections are due to be verified"), verifying.DueVerifications,
		activities.DueVerificationsInput{Shard: in.Shard, Shards: in.Shards, Limit: verifiedAtOnce}).Get(ctx, &due)
	if err != nil {
		return err
	}
	var starts []workflow.Future
	for _, connection := range due {
		run := workflow.ExecuteChildWorkflow(child(ctx, VerifyID(connection), ScenarioVerify, connection, "Compare both sides of "+connection),
			Verify, VerifyInput{Connection: connection})
		starts = append(starts, run.GetChildWorkflowExecution())
	}
	for _, start := range starts {
		if err := start.Get(ctx, nil); err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			return err
		}
	}
	return nil
}

// maintained shows what maintenance came to, and tells runs that they wait about nothing any more.
func maintained(ctx workflow.Context, out activities.MaintenanceResult) activities.MaintenanceResult {
	workflow.SetCurrentDetails(ctx, describeMaintenance(out))
	var told []workflow.Future
	for _, run := range out.Over {
		told = append(told, workflow.SignalExternalWorkflow(ctx, run, "", SignalChanged, nil))
	}
	for _, one := range told {
		_ = one.Get(ctx, nil) // a run that has ended needs no telling
	}
	return out
}

func describeMaintenance(out activities.MaintenanceResult) string {
	md := "| part | looked at | marked | removed | closed | renewed |\n|---|---|---|---|---|---|\n"
	for _, n := range out.Totals {
		md += fmt.Sprintf("| %s | %d | %d | %d | %d | %d |\n", n.Part, n.Looked, n.Marked, n.Removed, n.Closed, n.Renewed)
	}
	if out.Report == nil {
		return md + fmt.Sprintf("\n%s, %d in need of a person\n", count(out.Maintained, "connection"), out.Troubled)
	}
	for _, f := range out.Report.Findings {
		md += fmt.Sprintf("\n* %s %s: %s %s", f.Part, f.Found, findingCount(f), f.Problem)
	}
	return md + "\n"
}

func findingCount(f record.MaintenanceFinding) string {
	switch {
	case f.Count == 0:
		return string(f.Side)
	case f.Kind == "":
		return fmt.Sprint(f.Count)
	}
	return count(f.Count, string(f.Kind))
}
