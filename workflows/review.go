package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// Review waits for a person's decision on several contacts at once: who of them belongs together, or what follows from a
// wave of deletions. The decision is carried out in the ledger, and the contacts that it concerns are synced anew.
func Review(ctx workflow.Context, in ReviewInput) (record.Verdict, error) {
	if err := in.Validate(); err != nil {
		return record.Verdict{}, invalidInput(err)
	}
	w := &waiting{connection: in.Connection}
	if err := w.listen(ctx); err != nil {
		return record.Verdict{}, err
	}
	decided, err := decideReview(ctx, in, w)
	if err != nil {
		err = permanent(ctx, err)
	}
	if end := w.end(ctx); err == nil {
		err = end
	}
	return decided, err
}

func decideReview(ctx workflow.Context, in ReviewInput, w *waiting) (record.Verdict, error) {
	for {
		w.heed()
		var asked *activities.Waiting
		err := workflow.ExecuteActivity(ledgerCall(ctx, "Read what is asked"), reviews.AttendReview,
			activities.ReviewInput{Connection: in.Connection, ReviewID: in.ReviewID}).Get(ctx, &asked)
		if err != nil || asked == nil {
			return record.Verdict{}, err
		}
		verdict, err := w.wait(ctx, asked)
		if err != nil {
			return record.Verdict{}, err
		}
		if verdict == nil {
			continue
		}
		return *verdict, workflow.ExecuteActivity(ledgerCall(ctx, "Carry out the decision: "+string(verdict.Choice)), reviews.DecideReview,
			activities.DecideReviewInput{Connection: in.Connection, Verdict: *verdict}).Get(ctx, nil)
	}
}
