package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/workflows"
)

func newDemoCommand(a *app) *cobra.Command {
	var o demoOptions
	var exit bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work: two fake CRMs with messy data, onboarded on a real Temporal and a real Postgres",
		Long: `Starts Temporal with its Web UI, Postgres, two fake CRMs and a worker; fills both CRMs with overlapping, messy data; connects
them by OAuth; runs Onboarding with live progress; and stays up for a look at the Web UI until Ctrl-C. Each demo starts from
nothing and leaves nothing behind.`,
		Example: `  starter demo
  starter demo --contacts 5000 --no-limits
  starter demo --exit --output json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), a, o, exit) },
	}
	f := c.Flags()
	f.BoolVar(&exit, "exit", false, "stop everything when the onboarding is done")
	f.IntVar(&o.Contacts, "contacts", 300, "people in both CRMs; each has a third as many again by itself")
	f.Uint64Var(&o.Seed, "seed", 7, "the same seed gives the same people")
	f.BoolVar(&o.NoLimits, "no-limits", false, "lift GoHighLevel's limit of 100 requests in 10 seconds")
	f.IntVar(&o.UIPort, "ui-port", 0, "the Web UI's port (default: a free one)")
	return c
}

func runDemo(ctx context.Context, a *app, o demoOptions, exit bool) (err error) {
	if o.Contacts < 0 || o.Contacts > 200_000 {
		return usageError{errors.New("--contacts: want 0 to 200,000")}
	}
	if o.Worker, err = findWorker(ctx, a); err != nil {
		return err
	}
	tell := a.out
	if a.json() {
		tell = a.errOut
	}
	d, err := startDemo(ctx, o, tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	var show progressPrinter = newProgressLines(tell)
	if interactive(tell) {
		show = newProgressBars(tell)
	}
	result, err := d.onboard(ctx, show)
	if err != nil {
		return fmt.Errorf("the onboarding failed: %w", err)
	}
	if a.json() {
		if err := a.printJSON(result); err != nil {
			return err
		}
	} else if err := a.showDemo(tell, d, result); err != nil {
		return err
	}
	if exit {
		return nil
	}
	a.say("\nThe Web UI shows every run: %s\nCtrl-C stops everything and leaves nothing behind.", d.stack.State.UIAddress)
	<-ctx.Done()
	return nil
}

func (a *app) showDemo(out io.Writer, d *demo, r demoResult) error {
	n := strconv.Itoa
	c, v := r.Contacts, r.Verify
	say(out, "\nIn step after %.1f s, with %d + %d API calls and %d Temporal actions in %d runs.\n", r.Seconds,
		r.APICalls["gohighlevel"], r.APICalls["salesforce"], r.Temporal.Actions, r.Temporal.Runs)
	if err := a.table([]string{"CONTACTS", "GOHIGHLEVEL", "SALESFORCE"}, [][]string{
		{"found", n(c.GoHighLevel), n(c.Salesforce)},
		{"created", n(c.CreatedInGoHighLevel), n(c.CreatedInSalesforce)},
		{"updated", n(c.UpdatedInGoHighLevel), n(c.UpdatedInSalesforce)},
	}); err != nil {
		return err
	}
	say(out, "")
	if err := a.table([]string{"LINKS, VERIFIED", "", ""}, [][]string{
		{"in step", n(v.InStep), "both sides agree under the rules"},
		{"in review", n(v.InReview), "a person has to say which contacts belong together"},
		{"failed", n(v.Failed), "a CRM refuses them; `starter runs --failed` and the Web UI say why"},
		{"excluded", n(v.Excluded), "outside the filter"},
		{"drift", n(v.Drift), "nothing else differs"},
	}); err != nil {
		return err
	}
	say(out, "\nTry, in another terminal:\n  export %s\n  starter status\n  starter runs --failed", d.exports())
	return nil
}

// progressPrinter shows how far a run has come; child is the run that works for it, nil when there is none.
type progressPrinter interface {
	Show(p workflows.Progress, child *workflows.Progress)
	Close()
}
