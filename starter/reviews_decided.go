package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// decidedReview is what became of one review, as `starter reviews decide -o json` prints it.
type decidedReview struct {
	ID     int64         `json:"id"`
	Reason string        `json:"reason,omitempty"`
	Result string        `json:"result"` // decided, already or failed
	Choice record.Choice `json:"choice,omitempty"`
	By     string        `json:"by,omitempty"`
	Why    string        `json:"why,omitempty"`

	err error
}

// What can become of a review.
const (
	nowDecided     = "decided"
	alreadyDecided = "already"
	notDecided     = "failed"
)

// confirmDecisions shows what is about to be decided, and asks.
func (a *app) confirmDecisions(ctx context.Context, open []record.Review, o decideOptions) error {
	if !o.yes {
		for _, r := range open {
			a.say("%s  %s  %s %s: %s", strconv.FormatInt(r.ID, 10), r.Reason, kindOf(r), linkNumbers(describeReview(r).Links), effect(r, record.Choice(o.choose)))
		}
	}
	return a.confirm(ctx, o.yes, fmt.Sprintf("Decide %d reviews by %s?", len(open), o.choose))
}

// decideAll decides one review after the other, and goes on after a failure unless going on is vain.
func (a *app) decideAll(ctx context.Context, s *store.Store, open []record.Review, o decideOptions) (done []decidedReview, stopped error) {
	if len(open) == 0 {
		return nil, nil
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.needsWorker(ctx, temporal); err != nil {
		return nil, err
	}
	for i, r := range open {
		one := a.decideOne(ctx, s, temporal, r, o.verdict(r.ID))
		done = append(done, one)
		if ctx.Err() != nil || unanswered(one.err) {
			return done, fmt.Errorf("stopped after %d of %d reviews: %w", i+1, len(open), one.err)
		}
	}
	return done, nil
}

func (a *app) decideOne(ctx context.Context, s *store.Store, temporal client.Client, r record.Review, v record.Verdict) decidedReview {
	out := decidedReview{ID: r.ID, Reason: r.Reason, Result: nowDecided, Choice: v.Choice, By: v.By}
	err := sendVerdict(ctx, temporal, r, v)
	if err == nil {
		return out
	}
	if refusedAsDecided(err) {
		if now, failed := s.GetReview(ctx, r.Connection, r.ID); failed == nil {
			if settled, over := alreadyOver(now, v.Choice); over {
				return settled
			}
		}
	}
	out.Result, out.Why, out.err = notDecided, explain(err), fmt.Errorf("review %d: %w", r.ID, err)
	return out
}

func (a *app) printDecisions(done []decidedReview) error {
	if a.json() {
		return a.printJSON(done)
	}
	for _, d := range done {
		line := fmt.Sprintf("%-8s %d  %s", d.Result, d.ID, d.Reason)
		if d.Result == nowDecided {
			line += ": " + string(d.Choice)
		}
		if d.Why != "" {
			line += ": " + d.Why
		}
		say(a.out, "%s", line)
	}
	if len(done) > 1 {
		counts := map[string]int{}
		for _, d := range done {
			counts[d.Result]++
		}
		say(a.out, "\n%d decided, %d decided before, %d failed.", counts[nowDecided], counts[alreadyDecided], counts[notDecided])
	}
	return nil
}

// undecided is the error of the reviews that could not be decided, nil when there is none.
func undecided(done []decidedReview) error {
	var problems []error
	for _, d := range done {
		problems = append(problems, d.err)
	}
	return errors.Join(problems...)
}
