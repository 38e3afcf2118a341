package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/record"
)

// Waiting is what a run asks a person, and for how long.
type Waiting struct {
	Review record.Review `json:"review"`
	// RemindIn and DecideIn are the times left until people are reminded and until the default is taken; 0 for never, or,
	// of the reminder, for done.
	RemindIn time.Duration `json:"remind_in,omitempty"`
	DecideIn time.Duration `json:"decide_in,omitempty"`
	// Default is what is decided at the deadline.
	Default record.Verdict `json:"default"`
}

// waiting spells out what a review asks. Bases stay out of it.
func (c *Connection) waiting(r record.Review) *Waiting {
	for i := range r.Links {
		r.Links[i].Base = nil
	}
	w := &Waiting{Review: r, Default: record.Verdict{ReviewID: r.ID, By: "deadline"}}
	if choices := record.Choices(r.Reason); len(choices) > 0 {
		w.Default.Choice = choices[0]
	}
	if r.Reason == record.ReviewConflict {
		w.Default.Fields = map[record.Field]record.Side{}
		for _, p := range c.policies(kindOr(r.Kind)) {
			if slices.Contains(r.Fields, p.Field) {
				w.Default.Fields[p.Field] = p.Tie
			}
		}
	}
	if after := c.Rules.Reviews.RemindAfter; after > 0 && r.RemindedAt.IsZero() {
		w.RemindIn = max(time.Until(r.CreatedAt.Add(after)), time.Second)
	}
	if !r.DueAt.IsZero() {
		w.DecideIn = max(time.Until(r.DueAt), time.Second)
	}
	return w
}

// Reviews holds the activities of reviews of several links, and what all reviews need.
type Reviews struct {
	Connections Connections
	Ledger      Ledger
	Bell        Doorbell
}

// ReviewInput names one review.
type ReviewInput struct {
	Connection string `json:"connection"`
	ReviewID   int64  `json:"review_id"`
}

// AttendReview notes that this run waits for the review's decision, and returns what it asks; nil where it is decided or
// gone. Safe to repeat.
func (a *Reviews) AttendReview(ctx context.Context, in ReviewInput) (*Waiting, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	workflow := activity.GetInfo(ctx).WorkflowExecution.ID
	if err := a.Ledger.AttendReview(ctx, in.Connection, in.ReviewID, workflow, c.Rules.Reviews.DecideAfter); err != nil {
		return nil, err
	}
	review, err := a.Ledger.GetReview(ctx, in.Connection, in.ReviewID)
	if errors.Is(err, record.ErrNoReview) {
		return nil, nil
	}
	if err != nil || !review.Open() {
		return nil, err
	}
	return c.waiting(review), nil
}

// RemindReview notes that people were reminded, which `starter status` and the metrics show. Safe to repeat.
func (a *Reviews) RemindReview(ctx context.Context, in ReviewInput) error {
	return a.Ledger.RemindReview(ctx, in.Connection, in.ReviewID)
}

// DecideReviewInput is a verdict on one review.
type DecideReviewInput struct {
	Connection string         `json:"connection"`
	Verdict    record.Verdict `json:"verdict"`
}

// DecideReview carries out a verdict on a review of several links, and wakes the sync of what follows from it. Safe to
// repeat. A review that was decided otherwise meanwhile fails with kind Invalid.
func (a *Reviews) DecideReview(ctx context.Context, in DecideReviewInput) error {
	if err := a.Ledger.DecideReview(ctx, in.Connection, in.Verdict); err != nil {
		return err
	}
	return a.Bell.Ring(ctx, in.Connection)
}

// ListReviewRunsInput asks for reviews of several links.
type ListReviewRunsInput struct {
	Connection string `json:"connection"`
	Limit      int    `json:"limit"`
}

// ListReviewRuns lists open reviews that no run waits for, and runs whose review is over. Safe to repeat.
func (a *Reviews) ListReviewRuns(ctx context.Context, in ListReviewRunsInput) (record.ReviewRuns, error) {
	return a.Ledger.ReviewRuns(ctx, in.Connection, "", in.Limit)
}
