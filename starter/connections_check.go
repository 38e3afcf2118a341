package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

type checkOptions struct {
	fix bool
	all bool // every field has a row of its own
}

func newConnectionsCheck(a *app) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check <connection>",
		Short: "Try what the rules need on both sides, and create custom fields that are missing with --fix",
		Long: `Tries every endpoint and field that the rules need, prints what of it is granted and what is granted without need, and names
everything that is missing at once. Without --fix nothing is written. A connection that was just connected is held back, and
syncs nothing, until a check of it passes.

With --fix, custom fields of contacts that a side lacks are created first. In GoHighLevel that takes the scope
locations/customFields.write; in Salesforce the user permissions Customize Application, View Setup and Configuration, and Manage
Profiles and Permission Sets. Nothing else needs these: connect as somebody who has them for that once, or click as printed. A
second run changes nothing.

Exits with 3 when a person has to grant or create something first.`,
		Example: "  starter connections check acme\n  starter connections check acme --fix", Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return runCheck(c.Context(), a, args[0], o) },
	}
	c.Flags().BoolVar(&o.fix, "fix", false, "create custom fields of contacts that are missing")
	c.Flags().BoolVar(&o.all, "all", false, "list each field, also those that are granted")
	return c
}

func runCheck(ctx context.Context, a *app, id string, o checkOptions) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	before, err := s.GetConnection(ctx, id)
	if err != nil {
		return noConnection(err, id)
	}
	report, err := a.checkConnection(ctx, id, o.fix)
	if err != nil {
		return err
	}
	if a.json() {
		var after store.Connection
		if after, err = s.GetConnection(ctx, id); err == nil {
			err = a.printJSON(struct {
				State string `json:"state"`
				activities.AccessReport
			}{after.State, report})
		}
	} else {
		err = a.showReport(id, report, o.all)
	}
	if err != nil {
		return err
	}
	if len(report.Problems) == 0 {
		return a.checked(ctx, s, before)
	}
	notReady := fmt.Errorf("connection %s is not ready: %s", id, counted(len(report.Problems), "problem"))
	if before.State == record.ConnectionUnchecked {
		notReady = fmt.Errorf("%w; it is held back until a check passes", notReady)
	}
	return needsPerson{notReady}
}

// checkConnection has a worker try what the rules need.
func (a *app) checkConnection(ctx context.Context, id string, fix bool) (report activities.AccessReport, err error) {
	temporal, err := a.dial(ctx)
	if err != nil {
		return report, err
	}
	run, err := a.startRun(ctx, temporal, workflows.CheckConnectionID(id), workflows.ScenarioCheck, id, "Check connection "+id,
		workflows.CheckConnection, workflows.CheckConnectionInput{Connection: id, Fix: fix})
	if err != nil {
		return report, err
	}
	return report, run.Get(ctx, &report)
}

// showReport prints everything that the rules need, and then, in words, what is to be done.
func (a *app) showReport(id string, report activities.AccessReport, all bool) error {
	if rows, folded := accessRows(report, all); len(rows) > 0 {
		if err := a.table([]string{"SIDE", "WHAT", "NAME", "GRANTED", "NEEDED FOR"}, rows); err != nil {
			return err
		}
		say(a.out, "")
		if folded {
			say(a.out, "`starter connections check %s --all` lists each field.", id)
		}
	}
	for _, key := range report.Created {
		say(a.out, "Created GoHighLevel's custom field %s. It is synced within ten minutes.", key)
	}
	for _, name := range report.CreatedInSalesforce {
		say(a.out, "Created Salesforce's custom field Contact.%s.", name)
	}
	for _, note := range report.Notes {
		say(a.out, "Note: %s", note)
	}
	for i, p := range report.Problems {
		say(a.out, "%d. %s", i+1, p)
	}
	if len(report.Problems) == 0 {
		say(a.out, "Connection %s is ready: everything that its rules need is granted on both sides.", id)
	}
	return nil
}
