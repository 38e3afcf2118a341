package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// The error types with which a decision is refused.
const (
	TypeInvalidVerdict = "InvalidVerdict" // it does not fit the review
	TypeDecided        = "Decided"        // the review is decided, or has settled by itself
)

// waiting is a run's wait for a person: what it asks, and what it was told.
type waiting struct {
	connection string
	asked      *activities.Waiting // nil while nothing is asked
	verdict    *record.Verdict     // what was decided about it
	last       *record.Verdict     // what was decided before
	over       bool                // nothing will be asked any more
	// changes says that what it waits about may have changed. What comes while the run is not waiting stays in it.
	changes workflow.ReceiveChannel
}

// listen sets the handlers up. It comes before the first thing that blocks: a decision may be what started the run.
func (w *waiting) listen(ctx workflow.Context) error {
	w.changes = workflow.GetSignalChannelWithOptions(ctx, SignalChanged, workflow.SignalChannelOptions{
		Description: "What this run waits about may have changed",
	})
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateDecide, w.decide, workflow.UpdateHandlerOptions{
		Validator: w.validate, Description: "A person's decision on the review that this run waits for",
	})
}

// heed takes note of every change so far. It comes before reading what may have changed: what is told after is not known.
func (w *waiting) heed() {
	for w.changes.ReceiveAsync(nil) {
	}
}

// changed tells whether something changed that was not heeded.
func (w *waiting) changed() bool { return w.changes.Len() > 0 }

// validate refuses, without a trace in history, what cannot fit.
func (w *waiting) validate(_ workflow.Context, v record.Verdict) error {
	if v.ReviewID == 0 || v.Choice == "" || v.By == "" {
		return refuse(TypeInvalidVerdict, "a decision names its review, a choice, and who made it")
	}
	if w.known(v) || w.asked == nil && !w.over {
		return nil // known already, or not known yet
	}
	return w.check(v)
}

// decide takes a decision; the same one twice is taken once.
func (w *waiting) decide(ctx workflow.Context, v record.Verdict) (record.Verdict, error) {
	// Where nothing is asked yet, the same one may be waiting beside it.
	if err := workflow.Await(ctx, func() bool { return w.known(v) || w.asked != nil && w.verdict == nil || w.over }); err != nil {
		return v, err
	}
	if w.known(v) {
		return *w.last, nil
	}
	if err := w.check(v); err != nil {
		return v, err
	}
	w.verdict, w.last = &v, &v
	return v, nil
}

func (w *waiting) known(v record.Verdict) bool { return w.last != nil && w.last.Same(v) }

func (w *waiting) check(v record.Verdict) error {
	if w.over || w.asked == nil || w.asked.Review.ID != v.ReviewID {
		return refuse(TypeDecided, "the review is decided, or has settled by itself")
	}
	if problem := w.asked.Review.Problem(v); problem != "" {
		return refuse(TypeInvalidVerdict, problem)
	}
	return nil
}

func refuse(kind, message string) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil)
}

// wait asks a person and returns once there is a decision, be it the default at the deadline, or once something changed:
// then decided is nil. People are reminded on the way.
func (w *waiting) wait(ctx workflow.Context, asked *activities.Waiting) (decided *record.Verdict, err error) {
	w.asked, w.verdict = asked, nil
	workflow.SetCurrentDetails(ctx, w.describe())
	began := workflow.Now(ctx)
	remind, due := deadline(began, asked.RemindIn), deadline(began, asked.DecideIn)
	for w.verdict == nil && !w.changed() {
		now := workflow.Now(ctx)
		switch {
		case !due.IsZero() && !now.Before(due):
			v := asked.Default
			w.verdict, w.last = &v, &v
			continue
		case !remind.IsZero() && !now.Before(remind):
			remind = time.Time{}
			err := workflow.ExecuteActivity(ledgerCall(ctx, "Remind people of the review"), reviews.RemindReview,
				activities.ReviewInput{Connection: w.connection, ReviewID: asked.Review.ID}).Get(ctx, nil)
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := w.until(ctx, earlier(remind, due)); err != nil {
			return nil, err
		}
	}
	decided = w.verdict
	w.asked, w.verdict = nil, nil
	return decided, nil
}

// until waits for a decision, a change, or a time; for ever where there is none.
func (w *waiting) until(ctx workflow.Context, at time.Time) error {
	told := func() bool { return w.verdict != nil || w.changed() }
	if at.IsZero() {
		return workflow.Await(ctx, told)
	}
	// A timer that is not cancelled would stay open beside the next one.
	timed, cancel := workflow.WithCancel(ctx)
	defer cancel()
	_, err := workflow.AwaitWithOptions(timed, workflow.AwaitOptions{
		Timeout: at.Sub(workflow.Now(ctx)), TimerOptions: workflow.TimerOptions{Summary: "Waits for a person: " + w.asked.Review.Reason},
	}, told)
	return err
}

// end refuses every further decision and lets those under way finish.
func (w *waiting) end(ctx workflow.Context) error {
	w.over = true
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

func (w *waiting) describe() string {
	r := w.asked.Review
	md := fmt.Sprintf("**Waits for a person: %s** (review %d)\n\n| %s | GoHighLevel | Salesforce |\n|---|---|---|\n", r.Reason, r.ID, cmp.Or(r.Kind, record.Contact))
	for i, l := range r.Links {
		if i == 20 {
			md += fmt.Sprintf("| and %d more | | |\n", len(r.Links)-i)
			break
		}
		md += fmt.Sprintf("| %d | %s | %s |\n", l.ID, l.GoHighLevelID, l.SalesforceID)
	}
	if len(r.Fields) > 0 {
		md += "\nFields: " + fieldNames(r.Fields) + "\n"
	}
	return md + fmt.Sprintf("\nDecide by `starter reviews decide %s %d`.\n", w.connection, r.ID)
}

func deadline(from time.Time, in time.Duration) time.Time {
	if in <= 0 {
		return time.Time{}
	}
	return from.Add(in)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
