package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

type applyOptions struct {
	plan, reconcile, yes bool
	samples              int
}

func newConnectionsApply(a *app) *cobra.Command {
	var o applyOptions
	c := &cobra.Command{
		Use:   "apply <rules.yaml>",
		Short: "Change a connection's rules; with --plan, only show what they would change",
		Long: `Stores the rules as the connection's next version. Each decision names the version that made it, and earlier versions are
kept.

With --plan nothing is written: both sides of every link are read, after everything else that needs API calls, and decided
under both rules; then it is shown how many links would be decided otherwise, as both sides are now, with samples.

New rules apply to what changes from now on. With --reconcile all links are decided anew at once, in the backfill lane.`,
		Example: `  starter connections apply acme.yaml --plan --sample 10
  starter connections apply acme.yaml
  starter connections apply acme.yaml --reconcile --yes`,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly(1)(c, args); err != nil {
				return err
			}
			return o.validate()
		},
		RunE: func(c *cobra.Command, args []string) error { return runApply(c.Context(), a, args[0], o) },
	}
	f := c.Flags()
	f.BoolVar(&o.plan, "plan", false, "only show what the rules would change")
	f.IntVar(&o.samples, "sample", 5, "with --plan: how many links to name")
	f.BoolVar(&o.reconcile, "reconcile", false, "decide all links anew under the rules")
	f.BoolVar(&o.yes, "yes", false, "do not ask first")
	return c
}

func (o applyOptions) validate() error {
	var problems []error
	if o.plan && o.reconcile {
		problems = append(problems, errors.New("--plan writes nothing; give --reconcile without it"))
	}
	if o.samples < 0 || o.samples > 1000 {
		problems = append(problems, fmt.Errorf("--sample %d: want 0 to 1000", o.samples))
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}

func runApply(ctx context.Context, a *app, path string, o applyOptions) error {
	loaded, err := readRules(path)
	if err != nil {
		return err
	}
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, loaded.Connection)
	if err != nil {
		return noConnection(err, loaded.Connection)
	}
	if row.State == record.ConnectionErasing {
		return needsPerson{connectAgain(row.ID, row.State)}
	}
	if err := sameEnds(row, loaded); err != nil {
		return err
	}
	changes := diffLines(row.Rules, loaded.Text)
	if !a.json() {
		for _, line := range changes {
			say(a.out, "%s", line)
		}
	}
	if o.plan {
		return a.planRules(ctx, s, loaded, o)
	}
	if o.reconcile {
		if err := workable(ctx, s, row.ID); err != nil {
			return err
		}
	}
	if len(changes) > 0 || o.reconcile {
		if err := a.confirm(ctx, o.yes, applyQuestion(row, len(changes) > 0, o.reconcile)); err != nil {
			return err
		}
	}
	version, err := storeRules(ctx, s, loaded)
	if err != nil {
		return err
	}
	out := map[string]any{"connection": row.ID, "was": row.RulesVersion, "version": version}
	if !a.json() && version == row.RulesVersion {
		say(a.out, "The rules of %s are in force already, as version %d.", row.ID, version)
	} else if !a.json() {
		say(a.out, "\nRules of %s: version %d -> %d.", row.ID, row.RulesVersion, version)
	}
	if o.reconcile {
		id, err := a.reconcileAll(ctx, row.ID, syncedKinds(loaded), version)
		if err != nil {
			return err
		}
		out["workflow_id"] = id
	}
	if a.json() {
		return a.printJSON(out)
	}
	return nil
}

// storeRules makes rules the connection's next version.
func storeRules(ctx context.Context, s *store.Store, loaded *rules.Rules) (version int, err error) {
	return s.UpdateRules(ctx, loaded.Connection, loaded.Text, loaded.GoHighLevel.Location)
}

// sameEnds holds that the rules are for the location and the org that the connection has access to.
func sameEnds(row store.Connection, loaded *rules.Rules) error {
	stored, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return nil // what is stored cannot say; the rules at hand can only be better
	}
	var problems []error
	if stored.GoHighLevel.Location != loaded.GoHighLevel.Location {
		problems = append(problems, fmt.Errorf("connection %s is of location %s, and the rules name %s", row.ID, stored.GoHighLevel.Location, loaded.GoHighLevel.Location))
	}
	if !sameOrg(stored.Salesforce.Org, loaded.Salesforce.Org) {
		problems = append(problems, fmt.Errorf("connection %s is of org %s, and the rules name %s", row.ID, stored.Salesforce.Org, loaded.Salesforce.Org))
	}
	if len(problems) == 0 {
		return nil
	}
	return usageError{errors.Join(append(problems, errors.New("another pair is another connection: `starter connections add`"))...)}
}

func applyQuestion(row store.Connection, changed, reconcile bool) string {
	switch {
	case changed && reconcile:
		return fmt.Sprintf("Make these the rules of %s, and decide all links anew?", row.ID)
	case changed:
		return fmt.Sprintf("Make these the rules of %s?", row.ID)
	default:
		return fmt.Sprintf("Decide all links of %s anew?", row.ID)
	}
}

// reconcileAll starts the run that decides all links anew: contacts first, and then what belongs to them.
func (a *app) reconcileAll(ctx context.Context, connection string, kinds []record.Kind, version int) (id string, err error) {
	temporal, err := a.dial(ctx)
	if err != nil {
		return "", err
	}
	in := workflows.DecideAnew(connection, kinds, version)
	id = workflows.BulkSyncID(connection, in.Kind, in.Epoch)
	if _, err := a.startRun(crm.WithLane(ctx, crm.LaneBackfill), temporal, id, workflows.ScenarioBulkSync, connection,
		fmt.Sprintf("Decide all %s anew under version %d of the rules", kindList(kinds, "and"), version), workflows.BulkSync, in); err != nil {
		return "", err
	}
	if !a.json() {
		say(a.out, "All %s are decided anew by %s; watch it with `starter watch %s`.", kindList(kinds, "and"), id, id)
	}
	return id, nil
}

// planRules compares the rules with those in force, shows progress, and prints what differs.
func (a *app) planRules(ctx context.Context, s *store.Store, loaded *rules.Rules, o applyOptions) error {
	counts, err := s.Count(ctx, loaded.Connection, record.Contact, "")
	if err != nil {
		return err
	}
	total := 0
	for _, n := range counts.States {
		total += n
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	run, err := a.startRun(crm.WithLane(ctx, crm.LaneVerify), temporal, workflows.PlanRulesID(loaded.Connection), workflows.ScenarioPlanRules, loaded.Connection,
		"Compare rules with those in force", workflows.PlanRules,
		workflows.PlanRulesInput{Connection: loaded.Connection, Rules: loaded.Text, Samples: o.samples, Total: total})
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := a.await(ctx, temporal, run, true, &raw); err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(raw)
	}
	var found activities.RulesDifference
	if err := json.Unmarshal(raw, &found); err != nil {
		return err
	}
	return a.showDifference(loaded, found)
}
