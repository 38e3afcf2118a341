package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

type onboardingOptions struct{ plan, yes, wait, watch bool }

func newStartOnboarding(a *app) *cobra.Command {
	var o onboardingOptions
	c := &cobra.Command{
		Use:   "onboarding <connection>",
		Short: "Match, link and backfill what both sides hold, and verify the result",
		Long: `Reads both sides, links the contacts that belong together, brings each side what it lacks, and compares everything; then it
does likewise with the tasks, appointments and notes that the rules sync. Access is checked before the first write. Run again,
it writes nothing that is in step already.

With --plan it first counts what there is, and tells how many API calls that takes, which share of a day's allowance, and how
long the vendors' limits make it take. Then it asks whether to begin. Where nobody can be asked, or with -o json, it only
tells; --yes begins without being asked.`,
		Example: "  starter start onboarding acme --plan\n  starter start onboarding acme --watch\n  starter start onboarding acme --plan --yes --watch",
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly(1)(c, args); err != nil {
				return err
			}
			if o.yes && !o.plan {
				return usageError{errors.New("--yes goes with --plan: without it nobody is asked")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runOnboarding(c.Context(), a, args[0], o) },
	}
	f := c.Flags()
	f.BoolVar(&o.plan, "plan", false, "first show what it will take, and ask")
	f.BoolVar(&o.yes, "yes", false, "with --plan: begin without being asked")
	f.BoolVar(&o.wait, "wait", false, "wait for the result")
	f.BoolVar(&o.watch, "watch", false, "wait for the result and show progress")
	return c
}

func runOnboarding(ctx context.Context, a *app, connection string, o onboardingOptions) error {
	if o.plan {
		begin, err := a.planOnboarding(ctx, connection, o)
		if err != nil || !begin {
			return err
		}
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	// Both read whole sides, and would take each other's records away.
	if id := workflows.VerifyID(connection); running(ctx, temporal, id) {
		return needsPerson{fmt.Errorf("both sides of connection %s are being compared; once `starter watch %s` ends, start it again", connection, id)}
	}
	return a.runScenario(ctx, connection, workflows.OnboardingID(connection), workflows.ScenarioOnboarding,
		"Onboard connection "+connection, workflows.Onboarding, workflows.OnboardingInput{Connection: connection}, o.wait, o.watch)
}

// planOnboarding shows what the onboarding will take, and tells whether it is to begin.
func (a *app) planOnboarding(ctx context.Context, connection string, o onboardingOptions) (begin bool, err error) {
	s, err := a.ledger(ctx)
	if err != nil {
		return false, err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return false, noConnection(err, connection)
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return false, err
	}
	run, err := a.startRun(ctx, temporal, workflows.PlanOnboardingID(connection), workflows.ScenarioPlanOnboarding, connection,
		"Plan the onboarding of "+connection, workflows.PlanOnboarding, workflows.OnboardingInput{Connection: connection})
	if err != nil {
		return false, err
	}
	var raw json.RawMessage
	if err := run.Get(ctx, &raw); err != nil {
		return false, err
	}
	var plan activities.OnboardingPlan
	if err := json.Unmarshal(raw, &plan); err != nil {
		return false, err
	}
	if a.json() && !o.yes {
		if err := a.printJSON(raw); err != nil {
			return false, err
		}
	} else if !a.json() {
		if err := a.showOnboardingPlan(plan); err != nil {
			return false, err
		}
	}
	switch {
	case plan.Pause != nil:
		return false, needsPerson{fmt.Errorf("nothing was counted, because the allowance of %s is used up; ask again in %s", plan.Pause.Side, roughly(plan.Pause.For))}
	case len(plan.Problems) > 0:
		return false, needsPerson{fmt.Errorf("an onboarding would write nothing before this is mended: %s", strings.Join(plan.Problems, "; "))}
	case o.yes:
		return true, nil
	case a.json():
		return false, nil
	case !a.attended():
		say(a.out, "\n`starter start onboarding %s --watch` begins.", connection)
		return false, nil
	}
	err = a.confirm(ctx, false, "\nBegin?")
	return err == nil, err
}

func (a *app) showOnboardingPlan(p activities.OnboardingPlan) error {
	if len(p.Sides) == 0 {
		return nil
	}
	var rows [][]string
	for _, k := range p.Kinds {
		rows = append(rows, []string{
			string(k.Kind) + "s", showCount(k.Records[record.GoHighLevel]), showSpan(k.Calls[record.GoHighLevel]),
			showCount(k.Records[record.Salesforce]), showSpan(k.Calls[record.Salesforce]), strconv.Itoa(k.Linked),
		})
	}
	if err := a.table([]string{"", "GOHIGHLEVEL", "CALLS", "SALESFORCE", "CALLS", "PAIRS"}, rows); err != nil {
		return err
	}
	say(a.out, "")
	rows = nil
	for _, side := range record.Sides {
		s := p.Sides[side]
		rows = append(rows, []string{sideName(side), showSpan(s.Calls), shareOfDay(s), leftToday(s), between(s.TakesLeast, s.TakesMost)})
	}
	if err := a.table([]string{"", "CALLS", "OF A DAY", "LEFT TODAY", "TAKES"}, rows); err != nil {
		return err
	}
	say(a.out, "\nBy the limits alone it takes %s; how fast both sides answer comes on top.\n"+
		"How many pairs there are is known only once both sides are read: the more, the\nless there is to write.", between(p.TakesLeast, p.TakesMost))
	for _, note := range p.Notes {
		say(a.out, "- %s", note)
	}
	return nil
}

func showCount(c activities.RecordCount) string {
	switch {
	case c.About:
		return fmt.Sprintf("about %d", c.Count)
	case c.OrMore:
		return fmt.Sprintf("%d or more", c.Count)
	}
	return strconv.Itoa(c.Count)
}

func showSpan(s activities.Span) string {
	if s.Least == s.Most {
		return strconv.Itoa(s.Most)
	}
	return fmt.Sprintf("%d to %d", s.Least, s.Most)
}

// shareOfDay says which part of the vendor's day the calls are.
func shareOfDay(s activities.SidePlan) string {
	if s.Day == 0 {
		return "no limit"
	}
	percent := func(n int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(s.Day)) }
	least, most := percent(s.Calls.Least), percent(s.Calls.Most)
	switch {
	case most == "0.0 %":
		return "under 0.1 %"
	case least == most:
		return most
	}
	return least + " to " + most
}

func leftToday(s activities.SidePlan) string {
	if s.Left < 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d of %d", s.Left, int(float64(s.Day)*s.Share))
}

// between says a span of time in words.
func between(least, most time.Duration) string {
	l, m := roughly(least), roughly(most)
	switch {
	case most < time.Second:
		return "no time"
	case l == m:
		return "about " + m
	}
	return l + " to " + m
}
