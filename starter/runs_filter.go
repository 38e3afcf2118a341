package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/workflows"
)

// runsFilter says which runs are wanted; empty fields leave it open.
type runsFilter struct {
	connection, scenario string
	since                span
	failed               bool
	before               time.Time // began no later; zero leaves it open
	limit                int       // 0 means all
}

var scenarios = []string{
	workflows.ScenarioOnboarding, workflows.ScenarioBulkSync, workflows.ScenarioContactSync, workflows.ScenarioTaskSync,
	workflows.ScenarioNoteSync, workflows.ScenarioAppointmentSync, workflows.ScenarioCheck, workflows.ScenarioSyncChanges,
	workflows.ScenarioReview, workflows.ScenarioSweep, workflows.ScenarioPlanRules, workflows.ScenarioExplain,
	workflows.ScenarioTimeline, workflows.ScenarioNoteToTask, workflows.ScenarioMaintenance, workflows.ScenarioVerify,
	workflows.ScenarioPlanOnboarding,
}

// slug is what a connection's id looks like. It stands between quotes in a query, so nothing else may get there.
var slug = regexp.MustCompile(`^[a-z0-9-]+$`)

func (f runsFilter) validate() error {
	var problems []error
	if f.connection != "" && !slug.MatchString(f.connection) {
		problems = append(problems, fmt.Errorf("--connection %q: a connection's name has only lower-case letters, digits and dashes", f.connection))
	}
	if f.scenario != "" && !slices.Contains(scenarios, f.scenario) {
		problems = append(problems, fmt.Errorf("--scenario %q: use %s", f.scenario, strings.Join(scenarios, ", ")))
	}
	if f.limit < 0 {
		problems = append(problems, fmt.Errorf("--limit %d: want 0 (all) or more", f.limit))
	}
	return errors.Join(problems...)
}

// query is the filter in the words of Temporal's visibility. Without a scenario it still leaves out what is not Tandem's.
func (f runsFilter) query(now time.Time) string {
	terms := []string{workflows.Scenario.GetName() + " IS NOT NULL"}
	if f.scenario != "" {
		terms[0] = fmt.Sprintf("%s = '%s'", workflows.Scenario.GetName(), f.scenario)
	}
	if f.connection != "" {
		terms = append(terms, fmt.Sprintf("%s = '%s'", workflows.ConnectionID.GetName(), f.connection))
	}
	if f.failed {
		terms = append(terms, "ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')")
	}
	if !f.before.IsZero() {
		terms = append(terms, fmt.Sprintf("StartTime <= '%s'", f.before.UTC().Format(time.RFC3339Nano)))
	}
	if f.since > 0 {
		moment := "StartTime"
		if f.failed {
			moment = "CloseTime"
		}
		terms = append(terms, fmt.Sprintf("%s >= '%s'", moment, now.Add(-time.Duration(f.since)).UTC().Format(time.RFC3339)))
	}
	return strings.Join(terms, " AND ")
}

// flags adds the filter's flags to a command, but for --failed and --limit.
func (f *runsFilter) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.connection, "connection", "", "only this connection's")
	c.Flags().StringVar(&f.scenario, "scenario", "", "only this scenario's: "+strings.Join(scenarios, ", "))
	c.Flags().Var(&f.since, "since", "only those that began (of failed ones: ended) within this time, as 90m, 24h or 7d")
}

// span is a time span on the command line, which may also be given in days.
type span time.Duration

// Set reads a span.
func (s *span) Set(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 3650 {
			return fmt.Errorf("want a time span as 90m, 24h or 7d")
		}
		*s = span(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("want a time span as 90m, 24h or 7d")
	}
	*s = span(d)
	return nil
}

// String returns the span as Set takes it.
func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Type names the span in the help.
func (s *span) Type() string { return "time" }
