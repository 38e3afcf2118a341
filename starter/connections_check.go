package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

func newConnectionsCheck(a *app) *cobra.Command {
	var fix, all bool
	var permissionSet string
	c := &cobra.Command{
		Use:   "check <connection>",
		Short: "Try what the rules need on both sides, and create custom fields that are missing with --fix",
		Long: `Tries every endpoint and field that the rules need, prints what of it is granted and what is granted without need, and names
everything that is missing at once. Without --fix nothing is written. A connection that was just connected is held back, and
syncs nothing, until a check of it passes.

With --fix, custom fields that a side lacks are created first: those of contacts on both sides, and those of tasks and events in
Salesforce. In GoHighLevel that takes the scope locations/customFields.write; in Salesforce the user permissions Customize
Application, View Setup and Configuration, and Manage Profiles and Permission Sets. Nothing else needs these: connect as somebody
who has them for that once, or click as printed. A second run changes nothing.

Nobody sees a new field in Salesforce before a permission set grants it. The connected user's gets it where the user has one that
somebody made; of several, --permission-set names the one. It also grants fields that are there and hidden from the user.

Exits with 3 when a person has to grant or create something first.`,
		Example: "  starter connections check acme\n  starter connections check acme --fix\n  starter connections check acme --fix --permission-set Tandem",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if permissionSet != "" && !fix {
				return usageError{errors.New("--permission-set says who sees the fields that --fix creates: give --fix as well")}
			}
			return runCheck(c.Context(), a, workflows.CheckConnectionInput{Connection: args[0], Fix: fix, PermissionSet: permissionSet}, all)
		},
	}
	c.Flags().BoolVar(&fix, "fix", false, "create custom fields that are missing")
	c.Flags().BoolVar(&all, "all", false, "list each field, also those that are granted")
	c.Flags().StringVar(&permissionSet, "permission-set", "", "API name of the Salesforce user's permission set that shows them")
	return c
}

// runCheck checks a connection and prints what came of it; with all, each field has a row of its own.
func runCheck(ctx context.Context, a *app, in workflows.CheckConnectionInput, all bool) error {
	id := in.Connection
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	before, err := s.GetConnection(ctx, id)
	if err != nil {
		return noConnection(err, id)
	}
	report, err := a.checkConnection(ctx, in)
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
		err = a.showReport(id, report, all)
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
func (a *app) checkConnection(ctx context.Context, in workflows.CheckConnectionInput) (report activities.AccessReport, err error) {
	temporal, err := a.dial(ctx)
	if err != nil {
		return report, err
	}
	run, err := a.startRun(ctx, temporal, workflows.CheckConnectionID(in.Connection), workflows.ScenarioCheck, in.Connection, "Check connection "+in.Connection,
		workflows.CheckConnection, in)
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
		say(a.out, "Created Salesforce's custom field %s.", name)
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
