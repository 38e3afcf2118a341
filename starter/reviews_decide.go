package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

type decideOptions struct {
	all           bool
	reason        string
	choose        string
	fields        map[string]string
	ghl, sf, by   string
	yes           bool
	ids           []int64
	sidesOfFields map[record.Field]record.Side
}

func newReviewsDecide(a *app) *cobra.Command {
	var o decideOptions
	c := &cobra.Command{
		Use:   "decide <connection> <review>... | <connection> --all --reason <reason>",
		Short: "Decide what waits for a person",
		Long: `Decides one review, several, or all of one reason. The run that waits carries the decision out; where none waits, one is
started. Deciding the same again is harmless; a review that is decided otherwise already stays so.

Several reviews are shown first, and decided once you agree. One that fails does not stop the others.`,
		Example: `  starter reviews decide acme 12 --choose salesforce
  starter reviews decide acme 12 --choose salesforce --field city=gohighlevel
  starter reviews decide acme 15 --choose link --gohighlevel ocQHyuzHvysMo5N5VsXc --salesforce 0035g00000AbCdEAAV
  starter reviews decide acme --all --reason deletion --choose keep --yes`,
		Args: func(c *cobra.Command, args []string) error {
			if err := connectionAndReviews(0)(c, args); err != nil {
				return err
			}
			return o.validate(args[1:])
		},
		ValidArgsFunction: a.connectionsFirst(a.fromLedger(openReviews)),
		RunE:              func(c *cobra.Command, args []string) error { return runReviewsDecide(c.Context(), a, args[0], o) },
	}
	f := c.Flags()
	f.BoolVar(&o.all, "all", false, "all open reviews of the connection, of one --reason")
	f.StringVar(&o.reason, "reason", "", "with --all: which reviews: "+strings.Join(reviewReasons, ", "))
	f.StringVar(&o.choose, "choose", "", "what is decided: a `choice` that 'starter reviews show' explains")
	f.StringToStringVar(&o.fields, "field", nil, "let a side win a contested field that differs: `field=side`, as city=gohighlevel")
	f.StringVar(&o.ghl, "gohighlevel", "", "with --choose link: the record's id in GoHighLevel")
	f.StringVar(&o.sf, "salesforce", "", "with --choose link: the record's id in Salesforce")
	f.StringVar(&o.by, "by", "", "who decides, for the journal (default: $USER)")
	f.BoolVar(&o.yes, "yes", false, "do not ask before several reviews are decided")
	f.Lookup("field").DefValue = ""                                   // so that help does not call [] a default
	_ = c.RegisterFlagCompletionFunc("choose", a.fromLedger(fitting)) // these flags are there
	_ = c.RegisterFlagCompletionFunc("reason", fixed(reviewReasons))
	return c
}

func (o *decideOptions) validate(ids []string) error {
	var problems []error
	switch {
	case o.all && len(ids) > 0:
		problems = append(problems, errors.New("give reviews or --all, not both"))
	case o.all && o.reason == "":
		problems = append(problems, errors.New("--all goes with --reason: reviews of different reasons take different choices"))
	case !o.all && len(ids) == 0:
		problems = append(problems, errors.New("give reviews, or --all --reason; `starter reviews list` lists them"))
	case !o.all && o.reason != "":
		problems = append(problems, errors.New("--reason goes with --all"))
	}
	if o.reason != "" && !slices.Contains(reviewReasons, o.reason) {
		problems = append(problems, fmt.Errorf("--reason %q: use %s", o.reason, strings.Join(reviewReasons, ", ")))
	}
	if o.choose == "" {
		problems = append(problems, errors.New("--choose is missing; `starter reviews show` says what a review takes"))
	} else if !slices.Contains(allChoices(), record.Choice(o.choose)) {
		names := make([]string, 0, len(allChoices()))
		for _, c := range allChoices() {
			names = append(names, string(c))
		}
		problems = append(problems, fmt.Errorf("--choose %q: use one of %s, as the review takes it", o.choose, strings.Join(names, ", ")))
	}
	o.sidesOfFields = map[record.Field]record.Side{}
	for field, side := range o.fields {
		if !slices.Contains(record.Sides, record.Side(side)) {
			problems = append(problems, fmt.Errorf("--field %s=%s: name the side that wins, gohighlevel or salesforce", field, side))
		}
		o.sidesOfFields[record.Field(field)] = record.Side(side)
	}
	if o.by == "deadline" || o.by == "matching" {
		problems = append(problems, fmt.Errorf("--by %s: that is what Tandem itself decides by", o.by))
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	o.ids = nil
	for _, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return usageError{err}
		}
		if !slices.Contains(o.ids, n) {
			o.ids = append(o.ids, n)
		}
	}
	return nil
}

func (o *decideOptions) verdict(id int64) record.Verdict {
	v := record.Verdict{ReviewID: id, Choice: record.Choice(o.choose), GoHighLevelID: o.ghl, SalesforceID: o.sf, By: o.by}
	if len(o.sidesOfFields) > 0 {
		v.Fields = o.sidesOfFields
	}
	return v
}

func runReviewsDecide(ctx context.Context, a *app, connection string, o decideOptions) error {
	if o.by == "" {
		o.by, _ = a.lookup("USER")
	}
	if o.by == "" {
		return usageError{errors.New("--by is missing, and USER is not set: say who decides")}
	}
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	reviews, err := o.reviews(ctx, s, connection)
	if err != nil {
		return err
	}
	if len(reviews) == 0 {
		if a.json() {
			return a.printJSON([]decidedReview{})
		}
		a.say("There are no such reviews.")
		return nil
	}
	var open []record.Review
	done := make([]decidedReview, 0, len(reviews))
	for _, r := range reviews {
		if settled, over := alreadyOver(r, record.Choice(o.choose)); over {
			done = append(done, settled)
		} else {
			open = append(open, r)
		}
	}
	if err := o.check(open); err != nil {
		return err
	}
	if err := active(row); len(open) > 0 && err != nil {
		return err // what is decided is written at once
	}
	if len(open) > 0 && len(reviews) > 1 {
		if err := a.confirmDecisions(ctx, open, o); err != nil {
			return err
		}
	}
	decided, stopped := a.decideAll(ctx, s, open, o)
	done = append(done, decided...)
	if err := a.printDecisions(done); err != nil {
		return err
	}
	return errors.Join(undecided(done), stopped)
}

// reviews reads what is to be decided.
func (o *decideOptions) reviews(ctx context.Context, s *store.Store, connection string) ([]record.Review, error) {
	if o.all {
		found, err := s.Reviews(ctx, connection, store.ReviewFilter{Reason: o.reason})
		if err != nil {
			return nil, err
		}
		o.ids = nil
		for _, r := range found {
			o.ids = append(o.ids, r.ID)
		}
	}
	var out []record.Review
	var problems []error
	for _, id := range o.ids {
		_, r, err := findReview(ctx, s, connection, id)
		out, problems = append(out, r), append(problems, err)
		if errors.Is(err, record.ErrNoConnection) {
			break
		}
	}
	return out, errors.Join(problems...)
}

// alreadyOver tells what was decided about a review before, or that it has settled by itself.
func alreadyOver(r record.Review, choice record.Choice) (decidedReview, bool) {
	out := decidedReview{ID: r.ID, Reason: r.Reason, Choice: r.Choice, By: r.DecidedBy}
	waits := slices.ContainsFunc(r.Links, func(l record.Link) bool { return l.State == record.LinkInReview })
	switch {
	case r.Open() && waits:
		return out, false
	case r.Open():
		out.Result, out.Why = notDecided, "it has settled by itself"
	case r.Choice == choice:
		out.Result, out.Why = alreadyDecided, decidedWords(describeReview(r))
		return out, true
	default:
		out.Result, out.Why = notDecided, decidedWords(describeReview(r))
	}
	out.err = fmt.Errorf("review %d: %s", r.ID, out.Why)
	return out, true
}

// check names every review that the decision does not fit, before any is decided.
func (o *decideOptions) check(reviews []record.Review) error {
	var problems []error
	for _, r := range reviews {
		if problem := r.Problem(o.verdict(r.ID)); problem != "" {
			problems = append(problems, fmt.Errorf("review %d (%s): %s", r.ID, r.Reason, problem))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}
