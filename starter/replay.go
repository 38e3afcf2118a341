package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
)

type replayOptions struct {
	runsFilter
	dryRun, check bool
	runID         string
}

func newReplayCommand(a *app) *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:   "replay <workflow-id>... | --failed",
		Short: "Take failed runs up again, after whatever stopped them is mended",
		Long: `Takes up runs that failed, timed out or were terminated. A run is reset to its beginning, so that it reads both sides as they
are now; where a reset cannot help (no worker ever took it up, its history is gone or does not fit this version's code), and where
it is of a single contact, task, note or appointment, it is started anew with the same input. A run whose work runs again, or is
done, already is left alone, so replaying twice is harmless.

With --check nothing is started: the run's history is replayed against this version's code, which says whether runs that are
under way would survive this version's worker.`,
		Example: `  starter replay contact/acme/4711
  starter replay --failed --connection acme --since 24h --dry-run
  starter replay --failed --scenario task-sync
  starter replay --check onboarding/acme`,
		Args: func(_ *cobra.Command, args []string) error { return o.validate(args) },
		RunE: func(c *cobra.Command, args []string) error {
			if o.check {
				return runReplayCheck(c.Context(), a, args[0], o.runID)
			}
			return runReplay(c.Context(), a, args, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.failed, "failed", false, "all that failed, timed out or were terminated")
	o.flags(c)
	f.BoolVar(&o.dryRun, "dry-run", false, "only say what would be done")
	f.BoolVar(&o.check, "check", false, "only replay the history of one run against this version's code")
	f.StringVar(&o.runID, "run-id", "", "with --check: this run, instead of the id's newest")
	return c
}

func (o replayOptions) validate(ids []string) error {
	var problems []error
	switch {
	case o.check && (len(ids) != 1 || o.failed):
		problems = append(problems, errors.New("--check takes one workflow id"))
	case o.failed && len(ids) > 0:
		problems = append(problems, errors.New("give workflow ids or --failed, not both"))
	case !o.failed && len(ids) == 0:
		problems = append(problems, errors.New("give workflow ids, or --failed for all that failed; `starter runs --failed` lists them"))
	}
	if !o.failed && (o.connection != "" || o.scenario != "" || o.since != 0) {
		problems = append(problems, errors.New("--connection, --scenario and --since go with --failed"))
	}
	if o.runID != "" && !o.check {
		problems = append(problems, errors.New("--run-id goes with --check"))
	}
	if o.dryRun && o.check {
		problems = append(problems, errors.New("--check changes nothing; leave out --dry-run"))
	}
	if err := errors.Join(append(problems, o.runsFilter.validate())...); err != nil {
		return usageError{err}
	}
	return nil
}

// replayedRun is what became of a run, as `starter replay --output json` prints it.
type replayedRun struct {
	WorkflowID string       `json:"workflow_id"`
	RunID      string       `json:"run_id,omitempty"`
	Action     replayAction `json:"action"`
	NewRunID   string       `json:"new_run_id,omitempty"`
	Why        string       `json:"why,omitempty"`
	DryRun     bool         `json:"dry_run,omitempty"`

	err error
}

func runReplay(ctx context.Context, a *app, ids []string, o replayOptions) error {
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	if o.failed {
		if ids, err = a.failedIDs(ctx, temporal, o.runsFilter); err != nil {
			return err
		}
	}
	ids = distinct(ids)
	if len(ids) == 0 {
		if a.json() {
			return a.printJSON([]replayedRun{})
		}
		a.say("There are no such runs.")
		return nil
	}
	r := &replaying{app: a, temporal: temporal, dryRun: o.dryRun, chosen: map[string]bool{}}
	for _, id := range ids {
		r.chosen[id] = true
	}
	done, stopped := r.all(ctx, ids)
	if a.json() {
		if err := a.printJSON(done); err != nil {
			return err
		}
	}
	return errors.Join(unreplayed(done), stopped)
}

// failedIDs returns the ids of the failed runs, the newest first.
func (a *app) failedIDs(ctx context.Context, temporal client.Client, f runsFilter) ([]string, error) {
	found, err := a.listRuns(ctx, temporal, f)
	ids := make([]string, len(found))
	for i, info := range found {
		ids[i] = info.GetExecution().GetWorkflowId()
	}
	return ids, err
}

// distinct drops repetitions.
func distinct(ids []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		before := seen[id]
		seen[id] = true
		return before
	})
}

// unreplayed is the error of the runs that could not be replayed, nil when there is none.
func unreplayed(done []replayedRun) error {
	e := &replayError{of: len(done)}
	for _, r := range done {
		if r.err != nil {
			e.errs = append(e.errs, r.err)
		}
	}
	if len(e.errs) == 0 {
		return nil
	}
	return e
}

// replayError counts what the lines before it have told one by one.
type replayError struct {
	of   int
	errs []error
}

// Error counts the runs.
func (e *replayError) Error() string {
	if e.of == 1 {
		return "the run could not be replayed"
	}
	return fmt.Sprintf("%d of %d runs could not be replayed", len(e.errs), e.of)
}

// Unwrap returns why, where all have the same kind of reason: only then does it decide the exit code.
func (e *replayError) Unwrap() error {
	for _, err := range e.errs {
		if exitCode(err) != exitCode(e.errs[0]) {
			return nil
		}
	}
	return e.errs[0]
}

// print shows a replayed run as soon as it is.
func (r *replayedRun) print(a *app) {
	if a.json() {
		return // all of them come in one list
	}
	line := fmt.Sprintf("%-8s %s", r.Action, r.WorkflowID)
	switch {
	case r.NewRunID != "":
		line += ", new run " + r.NewRunID
	case r.DryRun && (r.Action == replayReset || r.Action == replayStart):
		line += ", or would be without --dry-run"
	}
	if r.Why != "" {
		line += ": " + r.Why
	}
	say(a.out, "%s", line)
}

func runReplayCheck(ctx context.Context, a *app, id, runID string) error {
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	run, err := temporal.DescribeWorkflowExecution(ctx, id, runID)
	if err != nil {
		return err
	}
	runID = run.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	events, err := readHistory(ctx, temporal, id, runID)
	if err != nil {
		return err
	}
	out := struct {
		WorkflowID string `json:"workflow_id"`
		RunID      string `json:"run_id"`
		Events     int    `json:"events"`
		Compatible bool   `json:"compatible"`
		Problem    string `json:"problem,omitempty"`
	}{WorkflowID: id, RunID: runID, Events: len(events), Compatible: true}
	if err := a.legible(events); err != nil {
		return err
	}
	problem := a.replayHistory(events)
	if problem != nil {
		out.Compatible, out.Problem = false, mismatch(problem)
	}
	switch {
	case a.json():
		if err := a.printJSON(out); err != nil {
			return err
		}
	case out.Compatible:
		say(a.out, "Compatible: the %d events of %s fit this version's code.", out.Events, id)
	}
	if problem != nil {
		return fmt.Errorf("%s does not fit this version's code: %s", id, out.Problem)
	}
	return nil
}
