package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

func newStartMaintenance(a *app) *cobra.Command {
	var in workflows.MaintenanceInput
	var wait bool
	c := &cobra.Command{
		Use:   "maintenance <connection>",
		Short: "Look after what neither webhooks nor sweeps do, now",
		Long: `Renews grants that lie idle; takes up questions past their deadline whose run got lost; looks at records by their ids for
changes, completions and deletions that nothing told of; lets what belongs to a contact that is not in step any more wait for
it; forgets links whose records are deleted on both sides, and the journal past its retention. Workers do so by themselves,
hourly unless told otherwise.

It deletes nothing in either CRM: what may be gone is marked, and its sync decides by proof and by the rules. Links are listed
by one maintenance and forgotten by the next; more at once than the rules let be deleted are held back until --confirm.`,
		Example: `  starter start maintenance acme --dry-run
  starter start maintenance acme --wait
  starter start maintenance acme --confirm --wait`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			in.Connection = args[0]
			return runStartMaintenance(c.Context(), a, in, wait)
		},
	}
	c.Flags().BoolVar(&in.DryRun, "dry-run", false, "change nothing; wait, and show what would be done")
	c.Flags().BoolVar(&in.Confirm, "confirm", false, "forget all links to nothing that are past the retention, however many they are")
	c.Flags().BoolVar(&wait, "wait", false, "wait, and show what was done")
	return c
}

func runStartMaintenance(ctx context.Context, a *app, in workflows.MaintenanceInput, wait bool) error {
	const summary = "Maintain a connection, started by hand"
	id := workflows.MaintenanceID(in.Connection)
	if !wait && !in.DryRun {
		return a.runScenario(ctx, in.Connection, id, workflows.ScenarioMaintenance, summary, workflows.Maintenance, in, false, false)
	}
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, in.Connection); err != nil {
		return noConnection(err, in.Connection)
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return err
	}
	run, err := a.startRun(ctx, temporal, id, workflows.ScenarioMaintenance, in.Connection, summary, workflows.Maintenance, in)
	if err != nil {
		return err
	}
	var out activities.MaintenanceResult
	if err := a.await(ctx, temporal, run, false, &out); err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(out.Report)
	}
	return a.showMaintenance(*out.Report)
}

func newMaintenanceCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "maintenance",
		Short:   "See what looking after a connection has found",
		Example: "  starter maintenance show acme",
	}
	c.AddCommand(&cobra.Command{
		Use:   "show <connection>",
		Short: "Show what a connection's last maintenance did and found",
		Example: `  starter maintenance show acme
  starter maintenance show acme -o json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return runShowMaintenance(c.Context(), a, args[0]) },
	})
	return c
}

func runShowMaintenance(ctx context.Context, a *app, connection string) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return noConnection(err, connection)
	}
	report, _, err := s.LastMaintenance(ctx, connection)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(report)
	}
	if report == nil {
		a.say("Connection %s has not been maintained yet; `starter start maintenance %s` does it now.", connection, connection)
		return nil
	}
	return a.showMaintenance(*report)
}

func (a *app) showMaintenance(r record.MaintenanceReport) error {
	head := "Maintenance of %s at %s"
	if r.DryRun {
		head = "What a maintenance of %s at %s would do; nothing was changed"
	}
	say(a.out, head+"\n", r.Connection, r.At.Local().Format(time.DateTime))
	var rows [][]string
	for _, p := range r.Parts {
		row := []string{string(p.Part)}
		for _, n := range []int{p.Looked, p.Marked, p.Removed, p.Closed, p.Renewed} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, append(row, p.Problem))
	}
	if err := a.table([]string{"PART", "LOOKED AT", "MARKED", "REMOVED", "CLOSED", "RENEWED", "PROBLEM"}, rows); err != nil {
		return err
	}
	for i, f := range r.Findings {
		if i == 0 {
			say(a.out, "")
		}
		sign := "*"
		if f.Attention() {
			sign = "!"
		}
		say(a.out, "%s %s", sign, findingWords(r.Connection, f))
	}
	return nil
}

// findingWords says in words what maintenance found, and what a person can do about it.
func findingWords(connection string, f record.MaintenanceFinding) string {
	links := counted(f.Count, "link")
	if f.Kind != "" {
		links += fmt.Sprintf(" of %ss", f.Kind)
	}
	switch f.Found {
	case record.FoundOrphans:
		return links + " belong to a contact that is not in step any more, and are synced to wait for it" + someOf(f)
	case record.FoundRemovable:
		return links + " are to nothing any more, and are listed for the next maintenance to forget" + someOf(f)
	case record.FoundHeldBack:
		return fmt.Sprintf("%s to nothing are more than the rules let go at once; `starter start maintenance %s --confirm` forgets them", links, connection)
	case record.FoundInvisible:
		return fmt.Sprintf("%ss of %s are not shown by %s any more, and nothing proves that they are deleted; `starter connections check %s` tells whether access is missing%s",
			f.Kind, links, sideName(f.Side), connection, someOf(f))
	case record.FoundOverdue:
		return fmt.Sprintf("%s past the deadline, whose runs got lost, are taken up again; `starter reviews list %s`%s", counted(f.Count, "review"), connection, someOf(f))
	case record.FoundReconnect:
		return fmt.Sprintf("the grant of %s is gone; connect it again by `starter connect %s %s`", sideName(f.Side), f.Side, connection)
	}
	what := "the connection could not be opened"
	if f.Part != "" {
		what = fmt.Sprintf("looking after the %s failed", f.Part)
	}
	if f.Side != "" {
		what += " in " + sideName(f.Side)
	}
	return fmt.Sprintf("%s, by %s; the next maintenance goes on", what, f.Problem)
}

// someOf names the ids of a finding.
func someOf(f record.MaintenanceFinding) string {
	if len(f.IDs) == 0 {
		return ""
	}
	ids := make([]string, len(f.IDs))
	for i, id := range f.IDs {
		ids[i] = strconv.FormatInt(id, 10)
	}
	more := ""
	if f.Count > len(ids) {
		more = ", ..."
	}
	return ": " + strings.Join(ids, ", ") + more
}

// lastMaintenance is how `starter status` tells of a connection's last maintenance.
type lastMaintenance struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds_ago"`
	// Sums over its parts, and the number of things that a person should look at.
	Marked    int `json:"marked"`
	Removed   int `json:"removed"`
	Renewed   int `json:"renewed"`
	Attention int `json:"attention"`
}

// maintain adds how the connection's last maintenance went; nothing where there was none.
func (st *connectionStatus) maintain(ctx context.Context, s *store.Store) error {
	report, now, err := s.LastMaintenance(ctx, st.Connection)
	if err != nil || report == nil {
		return err
	}
	m := &lastMaintenance{At: report.At, Seconds: max(0, now.Sub(report.At).Seconds())}
	for _, p := range report.Parts {
		m.Marked, m.Removed, m.Renewed = m.Marked+p.Marked, m.Removed+p.Removed, m.Renewed+p.Renewed
	}
	for _, f := range report.Findings {
		if f.Attention() {
			m.Attention++
		}
	}
	st.Maintenance = m
	return nil
}

// line is what a person reads of it.
func (m lastMaintenance) line() string {
	ago := roughly(time.Duration(m.Seconds * float64(time.Second)))
	return fmt.Sprintf("Maintained %s ago: %d marked, %d removed, %d renewed, %d to look at.", ago, m.Marked, m.Removed, m.Renewed, m.Attention)
}
