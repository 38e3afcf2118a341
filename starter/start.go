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
		Example: "  starter start onboarding acme --watch\n  starter start contact-sync acme --salesforce 0035g00000AbCdEAAV\n  starter start sync acme",
	}
	c.AddCommand(newStartOnboarding(a), newStartContactSync(a), newStartSync(a))
	return c
}

func newStartOnboarding(a *app) *cobra.Command {
	var wait, watch bool
	c := &cobra.Command{
		Use:   "onboarding <connection>",
		Short: "Match, link and backfill both sides' contacts, and verify the result",
		Long: `Reads both sides, links the contacts that belong together, brings each side what it lacks, and compares everything. Access is
checked before the first write. Run again, it writes nothing that is in step already.`,
		Example: "  starter start onboarding acme --watch",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			in := workflows.OnboardingInput{Connection: args[0]}
			return a.runScenario(c.Context(), args[0], workflows.OnboardingID(args[0]), workflows.ScenarioOnboarding,
				"Onboard connection "+args[0], workflows.Onboarding, in, wait, watch)
		},
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for the result")
	c.Flags().BoolVar(&watch, "watch", false, "wait for the result and show progress")
	return c
}

func newStartContactSync(a *app) *cobra.Command {
	var in workflows.RecordSyncInput
	var ghl, sf string
	var wait bool
	c := &cobra.Command{
		Use:   "contact-sync <connection>",
		Short: "Sync one contact, step by step",
		Example: `  starter start contact-sync acme --gohighlevel ocQHyuzHvysMo5N5VsXc
  starter start contact-sync acme --link 4711 --wait`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Connection = args[0]
			switch {
			case ghl != "" && sf != "":
				return usageError{errors.New("name the contact by --gohighlevel or by --salesforce, not by both")}
			case ghl != "":
				in.Side, in.RecordID = record.GoHighLevel, ghl
			case sf != "":
				in.Side, in.RecordID = record.Salesforce, sf
			}
			if err := in.Validate(); err != nil {
				return usageError{err}
			}
			return a.runScenario(c.Context(), args[0], workflows.ContactSyncID(in), workflows.ScenarioContactSync,
				"Contact, started by hand", workflows.ContactSync, in, wait, false)
		},
	}
	c.Flags().Int64Var(&in.LinkID, "link", 0, "the contact's link")
	c.Flags().StringVar(&ghl, "gohighlevel", "", "the contact's id in GoHighLevel")
	c.Flags().StringVar(&sf, "salesforce", "", "the contact's id in Salesforce")
	c.Flags().BoolVar(&wait, "wait", false, "wait for the result")
	return c
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

// warnWithoutWorker says so when nobody is there to execute what was started.
func (a *app) warnWithoutWorker(ctx context.Context, temporal client.Client) {
	queue, err := temporal.DescribeTaskQueue(ctx, workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err == nil && len(queue.Pollers) == 0 {
		a.say("No worker looks for work at the moment: start one, and the run goes on.")
	}
}
