package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func newReviewsCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "reviews",
		Short: "See and decide what waits for a person",
		Example: `  starter reviews list acme
  starter reviews show acme 12
  starter reviews decide acme 12 --choose salesforce`,
	}
	c.AddCommand(newReviewsList(a), newReviewsShow(a), newReviewsDecide(a))
	return c
}

// reviewsAsked says which reviews to list.
type reviewsAsked struct {
	reason  string
	decided bool
	limit   int
}

func newReviewsList(a *app) *cobra.Command {
	var o reviewsAsked
	c := &cobra.Command{
		Use:   "list [connection]",
		Short: "List what waits for a person, the oldest first",
		Long: `Lists what waits for a person: the reason, the contacts, tasks, notes or appointments by their links, the fields, since when, and when the default is taken.
With --decided it lists what was decided instead, the newest first, with what and by whom; a review that ended without a choice
settled by itself.`,
		Example: `  starter reviews list
  starter reviews list acme --reason conflict
  starter reviews list acme --decided --limit 5 -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly(1)(c, args)
			}
			return o.validate()
		},
		RunE: func(c *cobra.Command, args []string) error { return runReviewsList(c.Context(), a, args, o) },
	}
	c.Flags().StringVar(&o.reason, "reason", "", "only of this reason: "+strings.Join(reviewReasons, ", "))
	c.Flags().BoolVar(&o.decided, "decided", false, "those that are decided instead")
	c.Flags().IntVar(&o.limit, "limit", 20, "how many at most, per connection; 0 means all")
	_ = c.RegisterFlagCompletionFunc("reason", fixed(reviewReasons)) // the flag is there
	return c
}

func (o reviewsAsked) validate() error {
	var problems []error
	if o.reason != "" && !slices.Contains(reviewReasons, o.reason) {
		problems = append(problems, fmt.Errorf("--reason %q: use %s", o.reason, strings.Join(reviewReasons, ", ")))
	}
	if o.limit < 0 {
		problems = append(problems, fmt.Errorf("--limit %d: want 0 (all) or more", o.limit))
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}

// listedReview is a review as `starter reviews` prints it.
type listedReview struct {
	Connection string          `json:"connection"`
	ID         int64           `json:"id"`
	Kind       record.Kind     `json:"kind"`
	Reason     string          `json:"reason"`
	Links      []listedLink    `json:"links"`
	Fields     []record.Field  `json:"fields,omitempty"`
	Side       record.Side     `json:"side,omitempty"`
	Since      time.Time       `json:"since"`
	RemindedAt *time.Time      `json:"reminded_at,omitempty"`
	DueAt      *time.Time      `json:"due_at,omitempty"`
	WorkflowID string          `json:"workflow_id,omitempty"`
	Choices    []record.Choice `json:"choices,omitempty"` // while it is open
	DecidedAt  *time.Time      `json:"decided_at,omitempty"`
	Choice     record.Choice   `json:"choice,omitempty"`
	DecidedBy  string          `json:"decided_by,omitempty"`
}

// listedLink is what a review is about.
type listedLink struct {
	Link          int64            `json:"link"`
	GoHighLevelID string           `json:"gohighlevel_id,omitempty"`
	SalesforceID  string           `json:"salesforce_id,omitempty"`
	State         record.LinkState `json:"state"`
}

func describeReview(r record.Review) listedReview {
	out := listedReview{
		Connection: r.Connection, ID: r.ID, Kind: kindOf(r), Reason: r.Reason, Links: []listedLink{}, Fields: r.Fields, Side: r.Side, Since: r.CreatedAt,
		RemindedAt: unlessZero(r.RemindedAt), DueAt: unlessZero(r.DueAt), WorkflowID: r.WorkflowID,
		DecidedAt: unlessZero(r.DecidedAt), Choice: r.Choice, DecidedBy: r.DecidedBy,
	}
	for _, l := range r.Links {
		out.Links = append(out.Links, listedLink{Link: l.ID, GoHighLevelID: l.GoHighLevelID, SalesforceID: l.SalesforceID, State: l.State})
	}
	if r.Open() {
		out.Choices = record.Choices(r.Reason)
	}
	return out
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func runReviewsList(ctx context.Context, a *app, args []string, o reviewsAsked) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	connections := args
	if len(args) == 1 {
		if _, err := s.GetConnection(ctx, args[0]); err != nil {
			return noConnection(err, args[0])
		}
	} else {
		all, err := s.ListConnections(ctx)
		if err != nil {
			return err
		}
		for _, row := range all {
			connections = append(connections, row.ID)
		}
	}
	list := []listedReview{}
	for _, connection := range connections {
		found, err := s.Reviews(ctx, connection, store.ReviewFilter{Reason: o.reason, Decided: o.decided, Limit: o.limit})
		if err != nil {
			return err
		}
		for _, r := range found {
			list = append(list, describeReview(r))
		}
	}
	if a.json() {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.say("There are no such reviews.")
		return nil
	}
	return a.table(reviewsHeader(o.decided), reviewsRows(list, o.decided))
}

func reviewsHeader(decided bool) []string {
	header := []string{"CONNECTION", "REVIEW", "REASON", "KIND", "LINKS", "FIELDS", "SINCE"}
	if decided {
		return append(header, "DECIDED", "CHOICE", "BY")
	}
	return append(header, "DEFAULT AT")
}

func reviewsRows(list []listedReview, decided bool) [][]string {
	rows := make([][]string, len(list))
	for i, r := range list {
		fields := make([]string, len(r.Fields))
		for j, f := range r.Fields {
			fields[j] = string(f)
		}
		rows[i] = []string{
			r.Connection, strconv.FormatInt(r.ID, 10), r.Reason, string(r.Kind), linkNumbers(r.Links), orDash(strings.Join(fields, ", ")), clock(&r.Since),
		}
		if decided {
			rows[i] = append(rows[i], clock(r.DecidedAt), orDash(string(r.Choice)), orDash(r.DecidedBy))
		} else {
			rows[i] = append(rows[i], clock(r.DueAt))
		}
	}
	return rows
}

// linkNumbers names links, of many the first few.
func linkNumbers(links []listedLink) string {
	const most = 4
	var out []string
	for i, l := range links {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(links)-most))
			break
		}
		out = append(out, strconv.FormatInt(l.Link, 10))
	}
	return orDash(strings.Join(out, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// clock is a time as people read it, in their own zone.
func clock(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Local().Format(time.DateTime)
}
