package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
)

func newReviewsShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show <connection> <review>",
		Short: "Show what a review asks, about whom, and what each choice does",
		Long: `Shows in words what a review asks, what it is about, and what each choice does. Of contested fields it shows what
both sides hold at the moment, which needs a running worker.`,
		Example:           "  starter reviews show acme 12",
		Args:              connectionAndReviews(1),
		ValidArgsFunction: a.connectionsFirst(a.fromLedger(openReviews)),
		RunE: func(c *cobra.Command, args []string) error {
			id, _ := strconv.ParseInt(args[1], 10, 64) // as it was checked
			return runReviewsShow(c.Context(), a, args[0], id)
		},
	}
}

// connectionAndReviews takes a connection and reviews by their numbers: so many, or any number where n is 0.
func connectionAndReviews(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 || n > 0 && len(args) != n+1 {
			return exactly(max(n, 1)+1)(c, args)
		}
		var problems []error
		for _, arg := range args[1:] {
			if id, err := strconv.ParseInt(arg, 10, 64); err != nil || id <= 0 {
				problems = append(problems, fmt.Errorf("review %q: want the number of a review; `starter reviews list %s` shows them", arg, args[0]))
			}
		}
		if err := errors.Join(problems...); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// shownReview is what `starter reviews show -o json` prints.
type shownReview struct {
	listedReview
	Question string                   `json:"question"`
	Effects  map[record.Choice]string `json:"effects,omitempty"`
	Default  string                   `json:"default,omitempty"` // what is decided at the deadline
	Values   []activities.FieldNow    `json:"values,omitempty"`  // of the contested fields
	// Unread says why the values are not there.
	Unread string `json:"unread,omitempty"`
}

func runReviewsShow(ctx context.Context, a *app, connection string, id int64) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, review, err := findReview(ctx, s, connection, id)
	if err != nil {
		return err
	}
	loaded, err := rules.Parse(row.ID, []byte(row.Rules))
	if err != nil {
		return err
	}
	out := shownReview{listedReview: describeReview(review), Question: question(review), Effects: map[record.Choice]string{}}
	for _, c := range out.Choices {
		out.Effects[c] = effect(review, c)
	}
	if review.Open() {
		out.Default = defaults(review, loaded)
	}
	if review.Open() && len(review.Fields) > 0 && len(review.Links) == 1 {
		now, unread, err := a.standing(ctx, row, kindOf(review), review.Links[0].ID)
		if err != nil {
			return err
		}
		out.Unread = unread
		if now != nil {
			out.Values = slices.DeleteFunc(now.Fields, func(f activities.FieldNow) bool { return !slices.Contains(review.Fields, f.Field) })
		}
	}
	if a.json() {
		return a.printJSON(out)
	}
	return a.showReview(out)
}

// findReview reads a review and its connection.
func findReview(ctx context.Context, s *store.Store, connection string, id int64) (store.Connection, record.Review, error) {
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return row, record.Review{}, noConnection(err, connection)
	}
	review, err := s.GetReview(ctx, connection, id)
	if errors.Is(err, record.ErrNoReview) {
		err = fmt.Errorf("%s has no review %d; `starter reviews list %s` shows them: %w", connection, id, connection, err)
	}
	return row, review, err
}

func (a *app) showReview(r shownReview) error {
	say(a.out, "Review %d of %s: %s\n\n%s\n", r.ID, r.Connection, r.Reason, reflow(r.Question))
	var rows [][]string
	for _, l := range r.Links {
		rows = append(rows, []string{strconv.FormatInt(l.Link, 10), orDash(l.GoHighLevelID), orDash(l.SalesforceID), string(l.State)})
	}
	if err := a.table([]string{strings.ToUpper(string(r.Kind)), "GOHIGHLEVEL", "SALESFORCE", "STATE"}, rows); err != nil {
		return err
	}
	if len(r.Values) > 0 {
		rows = nil
		for _, v := range r.Values {
			rows = append(rows, []string{string(v.Field), valueText(v.GoHighLevel), valueText(v.Salesforce)})
		}
		say(a.out, "")
		if err := a.table([]string{"FIELD", "IN GOHIGHLEVEL", "IN SALESFORCE"}, rows); err != nil {
			return err
		}
	}
	if r.Unread != "" {
		say(a.out, "\n%s", r.Unread)
	}
	say(a.out, "\nSince %s.%s", clock(&r.Since), remark(r.RemindedAt != nil, " People were reminded on "+clock(r.RemindedAt)+"."))
	if r.DecidedAt != nil {
		say(a.out, "%s", decidedWords(r.listedReview))
		return nil
	}
	if r.DueAt != nil {
		say(a.out, "If nobody decides until %s: %s.", clock(r.DueAt), r.Default)
	}
	rows = nil
	for _, c := range r.Choices {
		rows = append(rows, []string{string(c), r.Effects[c]})
	}
	say(a.out, "")
	if err := a.table([]string{"CHOICE", ""}, rows); err != nil {
		return err
	}
	say(a.out, "\nDecide by `starter reviews decide %s %d --choose ...`.", r.Connection, r.ID)
	return nil
}

func remark(holds bool, text string) string {
	if holds {
		return text
	}
	return ""
}

// decidedWords says who decided what and when.
func decidedWords(r listedReview) string {
	if r.Choice == "" {
		return fmt.Sprintf("It settled by itself on %s.", clock(r.DecidedAt))
	}
	return fmt.Sprintf("It was decided on %s by %s: %s.", clock(r.DecidedAt), r.DecidedBy, r.Choice)
}
