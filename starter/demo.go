package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func newDemoCommand(a *app) *cobra.Command {
	var o demoOptions
	var exit bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work: two fake CRMs, onboarded and then kept in step before your eyes",
		Long: `Starts Temporal with its Web UI, Postgres, two fake CRMs and a worker; fills both CRMs with overlapping, messy data; connects
them by OAuth; and runs Onboarding with live progress. Then people go on working in both CRMs, and each edit is shown to arrive
on the other side, by webhook or by sweep. They make tasks, notes and an appointment, and the contact's timeline is shown. Both
change one field at once, which waits for a person, and both delete a contact.

It stays up until Ctrl-C, so that you can decide what waits and look at the Web UI. With --exit the demo decides by itself and
ends. Each demo starts from nothing and leaves nothing behind.`,
		Example: `  starter demo
  starter demo --contacts 5000 --no-limits
  starter demo --exit --output json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), a, o, exit) },
	}
	f := c.Flags()
	f.BoolVar(&exit, "exit", false, "decide what waits for a person, and stop everything at the end")
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
	result, err := d.onboard(ctx, progressOn(tell))
	if err != nil {
		return fmt.Errorf("the onboarding failed: %w", err)
	}
	if !a.json() {
		if err := a.showOnboarding(tell, result); err != nil {
			return err
		}
	}
	l := newLive(a, d, tell)
	if result.Live, err = l.play(ctx, exit); err != nil {
		return fmt.Errorf("the live part failed: %w", err)
	}
	result.Tasks, result.Notes, result.Appointments = l.kindResult(record.Task), l.kindResult(record.Note), l.kindResult(record.Appointment)
	if result.NoteToTask, err = l.noteToTaskResult(ctx); err != nil {
		return err
	}
	if err := l.showKinds(result); err != nil {
		return err
	}
	if a.json() {
		if err := a.printJSON(result); err != nil {
			return err
		}
	}
	if exit {
		return nil
	}
	if err := d.invite(ctx, tell, l); err != nil {
		return err
	}
	return l.wait(ctx)
}

// invite says what to try while the demo stays up.
func (d *demo) invite(ctx context.Context, out io.Writer, l *live) error {
	say(out, "\nNow you, in another terminal:\n  export %s", d.exports())
	if _, err := exec.LookPath("starter"); err != nil {
		if self, err := os.Executable(); err == nil {
			say(out, "  alias starter='%s'", self)
		}
	}
	commands, err := l.left(ctx)
	if err != nil {
		return err
	}
	for _, command := range append(commands, "starter status", "starter runs --failed") {
		say(out, "  %s", command)
	}
	say(out, "\nThe Web UI shows every run: %s\nCtrl-C stops everything and leaves nothing behind.", d.stack.State.UIAddress)
	return nil
}

func (a *app) showOnboarding(out io.Writer, r demoResult) error {
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
	return a.table([]string{"LINKS, VERIFIED", "", ""}, [][]string{
		{"in step", n(v.InStep), "both sides agree under the rules"},
		{"in review", n(v.InReview), "a person has to say which contacts belong together"},
		{"failed", n(v.Failed), "a CRM refuses them; `starter runs --failed` and the Web UI say why"},
		{"excluded", n(v.Excluded), "outside the filter"},
		{"drift", n(v.Drift), "nothing else differs"},
	})
}

// progressOn shows progress as bars on a terminal, and as lines elsewhere.
func progressOn(out io.Writer) progressPrinter {
	if interactive(out) {
		return newProgressBars(out)
	}
	return newProgressLines(out)
}

// progressPrinter shows how far a run has come; child is the run that works for it, nil when there is none.
type progressPrinter interface {
	Show(p workflows.Progress, child *workflows.Progress)
	Close()
}
