package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func newStartCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "start", Short: "Start a sync scenario",
		Example: "  starter start onboarding acme --plan\n  starter start contact-sync acme --salesforce 0035g00000AbCdEAAV\n" +
			"  starter start sync acme --kind task --gohighlevel ocQHyuzHvysMo5N5VsXc\n" +
			"  starter start verify acme --watch",
	}
	c.AddCommand(newStartOnboarding(a), newStartContactSync(a), newStartSync(a), newStartVerify(a), newStartMaintenance(a))
	return c
}

// oneRecord names a single record on the command line.
type oneRecord struct {
	link    int64
	ghl, sf string
}

// flags adds the flags that name the record, called what.
func (o *oneRecord) flags(c *cobra.Command, what string) {
	c.Flags().Int64Var(&o.link, "link", 0, "the "+what+"'s link")
	c.Flags().StringVar(&o.ghl, "gohighlevel", "", "the "+what+"'s id in GoHighLevel")
	c.Flags().StringVar(&o.sf, "salesforce", "", "the "+what+"'s id in Salesforce")
}

// named tells whether any record is named.
func (o oneRecord) named() bool { return o != oneRecord{} }

// input is what the record's run begins with; it fails as wrong usage.
func (o oneRecord) input(connection string) (workflows.RecordSyncInput, error) {
	in := workflows.RecordSyncInput{Connection: connection, LinkID: o.link}
	switch {
	case o.ghl != "" && o.sf != "":
		return in, usageError{errors.New("name it by --gohighlevel or by --salesforce, not by both")}
	case o.ghl != "":
		in.Side, in.RecordID = record.GoHighLevel, o.ghl
	case o.sf != "":
		in.Side, in.RecordID = record.Salesforce, o.sf
	}
	if err := in.Validate(); err != nil {
		return in, usageError{err}
	}
	return in, nil
}

func newStartContactSync(a *app) *cobra.Command {
	var one oneRecord
	var wait bool
	c := &cobra.Command{
		Use:   "contact-sync <connection>",
		Short: "Sync one contact, step by step",
		Example: `  starter start contact-sync acme --gohighlevel ocQHyuzHvysMo5N5VsXc
  starter start contact-sync acme --link 4711 --wait`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := one.input(args[0])
			if err != nil {
				return err
			}
			return a.startRecordSync(c.Context(), record.Contact, in, wait)
		},
	}
	one.flags(c, "contact")
	c.Flags().BoolVar(&wait, "wait", false, "wait for the result")
	return c
}

// startRecordSync starts the run of a single record.
func (a *app) startRecordSync(ctx context.Context, kind record.Kind, in workflows.RecordSyncInput, wait bool) error {
	return a.runScenario(ctx, in.Connection, workflows.RecordSyncID(kind, in), workflows.SyncScenarios[kind],
		titled(kind)+", started by hand", workflows.RecordSyncs[kind], in, wait, false)
}

func (a *app) runScenario(ctx context.Context, connection, id, scenario, summary string, workflow, in any, wait, watch bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return noConnection(err, connection)
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	run, err := a.startRun(ctx, temporal, id, scenario, connection, summary, workflow, in)
	if err != nil {
		return err
	}
	if !wait && !watch {
		if a.json() {
			return a.printJSON(map[string]string{"workflow_id": run.GetID(), "run_id": run.GetRunID()})
		}
		_, err := fmt.Fprintf(a.out, "Started %s; watch it with `starter watch %s`.\n", id, id)
		return err
	}
	return a.watch(ctx, temporal, run, watch)
}

// startRun starts a workflow, in the lane of what a person waits for unless another is set, and warns when nobody is there
// to execute it.
func (a *app) startRun(ctx context.Context, temporal client.Client, id, scenario, connection, summary string, workflow, in any) (client.WorkflowRun, error) {
	lane := ctx
	if !crm.HasLane(ctx) {
		lane = crm.WithLane(ctx, crm.LaneHuman)
	}
	run, err := temporal.ExecuteWorkflow(lane, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.TaskQueue, StaticSummary: summary,
		TypedSearchAttributes: workflows.SearchAttributes(scenario, connection), WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflow, in)
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) {
		return nil, fmt.Errorf("%s is running already; watch it with `starter watch %s`", id, id)
	}
	if err != nil {
		return nil, err
	}
	a.warnWithoutWorker(ctx, temporal)
	return run, nil
}

// running tells whether a run of that workflow id is open.
func running(ctx context.Context, temporal client.Client, id string) bool {
	run, err := temporal.DescribeWorkflowExecution(ctx, id, "")
	return err == nil && run.WorkflowExecutionInfo.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

// warnWithoutWorker says so when nobody is there to execute what was started.
func (a *app) warnWithoutWorker(ctx context.Context, temporal client.Client) {
	queue, err := temporal.DescribeTaskQueue(ctx, workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err == nil && len(queue.Pollers) == 0 {
		a.say("No worker looks for work at the moment: start one, and the run goes on.")
	}
}
