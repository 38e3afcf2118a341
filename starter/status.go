package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// connectionStatus is how a connection stands.
type connectionStatus struct {
	Connection string                   `json:"connection"`
	State      string                   `json:"state"`
	Linked     int                      `json:"linked"` // pairs that hold a contact on both sides
	Links      map[record.LinkState]int `json:"links"`
	Pending    int                      `json:"pending"`
	Reviews    int                      `json:"reviews"` // undecided
	CallsToday map[record.Side]int64    `json:"api_calls_today"`
	// Runs are the newest ones, where one connection is asked for and Temporal answers.
	Runs []listedRun `json:"runs,omitempty"`
}

// runsInStatus is how many runs a connection's status shows.
const runsInStatus = 5

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status [connection]",
		Short: "Show how the connections stand: in step, pending, in review, failed, API calls",
		Long: `Shows how the connections stand by Tandem's own account, and of a single connection its newest runs too. LINKED counts the pairs
that hold a contact on both sides; the other columns count links, and every contact belongs to exactly one.`,
		Example: `  starter status
  starter status acme -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1)(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runStatus(c.Context(), a, args) },
	}
}

func runStatus(ctx context.Context, a *app, args []string) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	var rows []store.Connection
	if len(args) == 1 {
		row, err := s.GetConnection(ctx, args[0])
		if err != nil {
			return noConnection(err, args[0])
		}
		rows = append(rows, row)
	} else if rows, err = s.ListConnections(ctx); err != nil {
		return err
	}
	all := []connectionStatus{}
	for _, row := range rows {
		st, err := statusOf(ctx, s, row)
		if err != nil {
			return err
		}
		all = append(all, st)
	}
	if len(args) == 1 {
		all[0].Runs = a.newestRuns(ctx, args[0])
	}
	if a.json() {
		return a.printJSON(all)
	}
	if len(all) == 0 {
		a.say("There are no connections yet; `starter connections add` makes one.")
		return nil
	}
	if err := a.showStatus(all); err != nil || len(all[0].Runs) == 0 || len(args) == 0 {
		return err
	}
	say(a.out, "")
	return a.table(runsHeader(false), runsRows(all[0].Runs, false))
}

// newestRuns returns a connection's newest runs; the account is worth showing without them.
func (a *app) newestRuns(ctx context.Context, connection string) []listedRun {
	temporal, err := a.dial(ctx)
	if err != nil {
		a.say("Temporal does not answer, so no runs are shown.")
		return nil
	}
	found, err := a.listRuns(ctx, temporal, runsFilter{connection: connection, limit: runsInStatus})
	if err != nil {
		a.say("No runs are shown: %v", err)
		return nil
	}
	list := make([]listedRun, len(found))
	for i, info := range found {
		list[i] = describeRun(info, time.Now())
	}
	return list
}

func statusOf(ctx context.Context, s *store.Store, row store.Connection) (connectionStatus, error) {
	st := connectionStatus{Connection: row.ID, State: row.State, CallsToday: map[record.Side]int64{}}
	counts, err := s.Count(ctx, row.ID, record.Contact, "")
	if err != nil {
		return st, err
	}
	st.Linked, st.Links, st.Pending = counts.Linked, counts.States, counts.Pending
	reviews, err := s.Reviews(ctx, row.ID, store.ReviewFilter{})
	if err != nil {
		return st, err
	}
	st.Reviews = len(reviews)
	usage, err := s.Usage(ctx, row.ID)
	if err != nil {
		return st, err
	}
	today := time.Now().UTC().Format(time.DateOnly)
	for _, side := range record.Sides {
		st.CallsToday[side] = 0
	}
	for _, u := range usage {
		if u.Day.UTC().Format(time.DateOnly) == today {
			st.CallsToday[u.Side] += u.Calls
		}
	}
	return st, nil
}

func (a *app) showStatus(all []connectionStatus) error {
	var rows [][]string
	for _, st := range all {
		n := func(s record.LinkState) string { return strconv.Itoa(st.Links[s]) }
		calls := make([]string, 0, len(record.Sides))
		for _, side := range record.Sides {
			calls = append(calls, fmt.Sprint(st.CallsToday[side]))
		}
		rows = append(rows, []string{
			st.Connection, st.State, strconv.Itoa(st.Linked), n(record.LinkInStep), strconv.Itoa(st.Pending), n(record.LinkInReview),
			n(record.LinkFailed), n(record.LinkExcluded), strings.Join(calls, " + "),
		})
	}
	return a.table([]string{"CONNECTION", "STATE", "LINKED", "IN STEP", "PENDING", "IN REVIEW", "FAILED", "EXCLUDED", "API CALLS TODAY (GHL + SF)"}, rows)
}
