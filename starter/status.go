package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

// connectionStatus is how a connection stands with the records of one kind. What counts for a connection as a whole stands
// with its contacts.
type connectionStatus struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind"`
	// State is the connection's, or that of what a side refuses it.
	State string `json:"state"`
	// Refusals are the sides that refuse it a token.
	Refusals []record.Refusal `json:"refusals,omitempty"`
	// LiveSince is since when changes are synced; nil before it is onboarded.
	LiveSince *time.Time               `json:"live_since,omitempty"`
	Linked    int                      `json:"linked"` // pairs that hold a record on both sides
	Links     map[record.LinkState]int `json:"links"`
	Pending   int                      `json:"pending"`   // with what is announced
	Announced int                      `json:"announced"` // known to have changed, and not looked at yet
	Reviews   int                      `json:"reviews"`   // undecided
	// Reminded counts those of which people were reminded.
	Reminded int `json:"reviews_reminded"`
	// CallsToday are the calls for all kinds.
	CallsToday map[record.Side]int64 `json:"api_calls_today,omitempty"`
	// ByLane splits today's calls by the lane that they were made in.
	ByLane map[record.Side]map[string]int64 `json:"api_calls_today_by_lane,omitempty"`
	// CallsLeft is what the vendor says is left of its day, where it says so.
	CallsLeft map[record.Side]int `json:"api_calls_left,omitempty"`
	// Passes is how recently each side was polled for the kind; a side that never was is absent.
	Passes map[record.Side]lastPass `json:"passes,omitempty"`
	// Maintenance is the connection's last one; nil before the first.
	Maintenance *lastMaintenance `json:"maintenance,omitempty"`
	// Attention lists what a person should look at, in words.
	Attention []string `json:"attention,omitempty"`
	// Runs are the newest ones, where one connection is asked for and Temporal answers.
	Runs []listedRun `json:"runs,omitempty"`
}

// runsInStatus is how many runs a connection's status shows.
const runsInStatus = 5

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status [connection]",
		Short: "Show how the connections stand: in step, pending, in review, failed, API calls",
		Long: `Shows how the connections stand by Tandem's own account, a line for each kind that the rules sync, and of a single connection
its API calls by lane, its last maintenance and its newest runs too. LINKED counts the pairs that hold a record on both sides; the other columns
count links, and every record belongs to exactly one. PENDING counts with what is only announced. CALLS are today's API calls
for all kinds, and POLLED is how long ago each side was for the kind, both GoHighLevel + Salesforce. Below stands what a person
should look at.`,
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
		of, err := statusOf(ctx, s, row)
		if err != nil {
			return err
		}
		all = append(all, of...)
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
	if err := a.showStatus(all); err != nil || len(args) == 0 {
		return err
	}
	if err := a.showSides(all[0]); err != nil {
		return err
	}
	if m := all[0].Maintenance; m != nil {
		say(a.out, "\n%s", m.line())
	}
	if len(all[0].Runs) == 0 {
		return nil
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

// statusOf returns how a connection stands, by kind: contacts first, and then the other kinds that its rules sync.
func statusOf(ctx context.Context, s *store.Store, row store.Connection) ([]connectionStatus, error) {
	kinds := []record.Kind{record.Contact}
	if loaded, err := rules.Parse(row.ID, []byte(row.Rules)); err == nil {
		kinds = syncedKinds(loaded)
	}
	live, err := s.Live(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	reviews, err := s.Reviews(ctx, row.ID, store.ReviewFilter{})
	if err != nil {
		return nil, err
	}
	fresh, err := s.Freshness(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	out := make([]connectionStatus, len(kinds))
	for i, kind := range kinds {
		st := &out[i]
		*st = connectionStatus{Connection: row.ID, Kind: kind, State: record.ShownState(row.State, row.Refusals), Refusals: row.Refusals, LiveSince: unlessZero(live.Since)}
		if err := st.count(ctx, s); err != nil {
			return nil, err
		}
		st.review(reviews)
		st.freshen(fresh)
		if kind == record.Contact {
			if err := st.calls(ctx, s); err != nil {
				return nil, err
			}
			if err := st.maintain(ctx, s); err != nil {
				return nil, err
			}
		}
		st.Attention = st.attention(staleAfter(row))
	}
	return out, nil
}

// count adds how the links of the kind stand.
func (st *connectionStatus) count(ctx context.Context, s *store.Store) error {
	counts, err := s.Count(ctx, st.Connection, st.Kind, "")
	if err != nil {
		return err
	}
	if st.Announced, err = s.Announced(ctx, st.Connection, st.Kind); err != nil {
		return err
	}
	st.Linked, st.Links, st.Pending = counts.Linked, counts.States, counts.Pending+st.Announced
	return nil
}

// review counts those of the open reviews that are of the kind.
func (st *connectionStatus) review(open []record.Review) {
	for _, r := range open {
		if kindOf(r) != st.Kind {
			continue
		}
		if st.Reviews++; !r.RemindedAt.IsZero() {
			st.Reminded++
		}
	}
}

// freshen adds how recently the kind was polled.
func (st *connectionStatus) freshen(fresh []record.Freshness) {
	for _, f := range fresh {
		if f.Kind != st.Kind {
			continue
		}
		if st.Passes == nil {
			st.Passes = map[record.Side]lastPass{}
		}
		st.Passes[f.Side] = lastPass{Seconds: f.Age.Seconds(), Failures: f.Failures, Problem: f.Problem}
	}
}

// calls adds the connection's API calls.
func (st *connectionStatus) calls(ctx context.Context, s *store.Store) error {
	allowances, err := s.Allowances(ctx, st.Connection)
	if err != nil {
		return err
	}
	st.CallsToday, st.ByLane = map[record.Side]int64{}, map[record.Side]map[string]int64{}
	for _, side := range record.Sides {
		st.CallsToday[side], st.ByLane[side] = 0, map[string]int64{}
	}
	for _, allowance := range allowances {
		for lane, calls := range allowance.Today {
			st.CallsToday[allowance.Side] += calls
			st.ByLane[allowance.Side][string(lane)] += calls
		}
		if allowance.DailyRemaining >= 0 {
			if st.CallsLeft == nil {
				st.CallsLeft = map[record.Side]int{}
			}
			st.CallsLeft[allowance.Side] = allowance.DailyRemaining
		}
	}
	return nil
}

func (a *app) showStatus(all []connectionStatus) error {
	polled := slices.ContainsFunc(all, func(st connectionStatus) bool { return len(st.Passes) > 0 })
	header := []string{"CONNECTION", "KIND", "STATE", "LINKED", "IN STEP", "PENDING", "REVIEW", "FAILED", "EXCLUDED", "CALLS"}
	if polled {
		header = append(header, "POLLED")
	}
	var rows [][]string
	for _, st := range all {
		n := func(s record.LinkState) string { return strconv.Itoa(st.Links[s]) }
		var calls, passes []string
		for _, side := range record.Sides {
			if st.Kind == record.Contact {
				calls = append(calls, fmt.Sprint(st.CallsToday[side]))
			}
			passes = append(passes, st.passAge(side))
		}
		row := []string{
			st.Connection, string(st.Kind), st.State, strconv.Itoa(st.Linked), n(record.LinkInStep), strconv.Itoa(st.Pending),
			n(record.LinkInReview), n(record.LinkFailed), n(record.LinkExcluded), strings.Join(calls, " + "),
		}
		if polled {
			row = append(row, strings.Join(passes, " + "))
		}
		rows = append(rows, row)
	}
	if err := a.table(header, rows); err != nil {
		return err
	}
	for _, st := range all {
		for _, line := range st.Attention {
			say(a.out, "! %s", line)
		}
	}
	return nil
}
