package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

// lastPass is how long ago a side was polled to the end without a failure, and what failed since.
type lastPass struct {
	Seconds  float64 `json:"seconds_ago"`
	Failures int     `json:"failures,omitempty"` // in a row
	Problem  string  `json:"problem,omitempty"`  // the kind of the last failure
}

func (p lastPass) age() time.Duration { return time.Duration(p.Seconds * float64(time.Second)) }

// staleAfter is how long a connection may be without a successful pass; 0 where its rules cannot say.
func staleAfter(row store.Connection) time.Duration {
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return 0
	}
	return loaded.Live.Sweeps.StaleAfter
}

// attention says in words what a person should look at.
func (st connectionStatus) attention(staleAfter time.Duration) []string {
	var out []string
	if waits := standstill(st.Connection, st.State); waits != nil && st.Kind == record.Contact { // what counts for all kinds is told once
		out = append(out, waits.Error())
	}
	if st.Kind == record.Contact {
		out = append(out, refusalLines(st.Connection, st.Refusals)...)
	}
	for _, side := range record.Sides {
		pass, polled := st.Passes[side]
		if st.State != record.ConnectionActive || !polled || staleAfter <= 0 || pass.age() <= staleAfter {
			continue
		}
		of := sideName(side)
		if st.Kind != record.Contact {
			of = fmt.Sprintf("the %ss in %s", st.Kind, of)
		}
		line := fmt.Sprintf("connection %s is stale: no pass over %s has succeeded for %s", st.Connection, of, roughly(pass.age()))
		if pass.Problem != "" {
			line += fmt.Sprintf("; the last %d failed, by %s", pass.Failures, pass.Problem)
		}
		out = append(out, line)
	}
	if m := st.Maintenance; m != nil && m.Attention > 0 {
		out = append(out, fmt.Sprintf("connection %s: its maintenance found %s to look at; `starter maintenance show %s`",
			st.Connection, counted(m.Attention, "thing"), st.Connection))
	}
	if st.Reminded > 0 {
		out = append(out, fmt.Sprintf("connection %s: of %d reviews of %ss, %d wait for longer than the rules like; `starter reviews list %s`",
			st.Connection, st.Reviews, st.Kind, st.Reminded, st.Connection))
	}
	return out
}

// passAge is how long ago a side was polled, for a table.
func (st connectionStatus) passAge(side record.Side) string {
	pass, polled := st.Passes[side]
	if !polled {
		return "-"
	}
	return roughly(pass.age())
}

// roughly is a time span as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// showSides shows what a connection's API calls of today were made for, where any were made.
func (a *app) showSides(st connectionStatus) error {
	var lanes []string
	for _, lane := range crm.Lanes {
		lanes = append(lanes, string(lane))
	}
	for _, side := range record.Sides {
		for _, lane := range slices.Sorted(maps.Keys(st.ByLane[side])) {
			if !slices.Contains(lanes, lane) {
				lanes = append(lanes, lane)
			}
		}
	}
	header := []string{"API CALLS TODAY"}
	for _, lane := range lanes {
		header = append(header, strings.ToUpper(lane))
	}
	if len(st.CallsLeft) > 0 {
		header = append(header, "LEFT")
	}
	var rows [][]string
	for _, side := range record.Sides {
		row := []string{sideName(side)}
		for _, lane := range lanes {
			row = append(row, strconv.FormatInt(st.ByLane[side][lane], 10))
		}
		if len(st.CallsLeft) > 0 {
			left, said := st.CallsLeft[side]
			if !said {
				row = append(row, "-")
			} else {
				row = append(row, strconv.Itoa(left))
			}
		}
		rows = append(rows, row)
	}
	say(a.out, "")
	return a.table(header, rows)
}
