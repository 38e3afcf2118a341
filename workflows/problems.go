package workflows

import (
	"cmp"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
)

// permanent returns the error with which a run fails for good: the typed error of the activity, outermost, so that
// the Web UI and `starter runs` show its type. The run carries the kind as a search attribute.
func permanent(ctx workflow.Context, err error) error {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return err
	}
	if upsert := workflow.UpsertTypedSearchAttributes(ctx, ProblemKind.ValueSet(app.Type())); upsert != nil {
		return upsert
	}
	problem, _ := activities.ProblemOf(err)
	return temporal.NewApplicationErrorWithOptions(app.Message(), app.Type(), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{problem},
	})
}

// needsAccess is the error of a connection that lacks something a person must grant.
func needsAccess(message string) error {
	return temporal.NewApplicationErrorWithOptions(message, string(crm.NeedsAccess), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{activities.Problem{Kind: crm.NeedsAccess, Class: crm.Person}},
	})
}

// ambiguous tells whether a write is to be tried again once it is known what came of it: the vendor's connection died, or the
// worker did, or it was put off. Whatever Translate does not call final may have been carried out, as when a worker is stopped
// in the middle of a call.
func ambiguous(err error) bool {
	var timeout *temporal.TimeoutError
	var app *temporal.ApplicationError
	return errors.As(err, &timeout) || errors.As(err, &app) && !app.NonRetryable()
}

// waitBeforeAnew waits before what a write was about is looked at anew, which failed for the nth time.
func waitBeforeAnew(ctx workflow.Context, n int, err error) error {
	return workflow.NewTimerWithOptions(ctx, setbackPause(n), workflow.TimerOptions{
		Summary: fmt.Sprintf("Before deciding anew: the write failed by %s", cmp.Or(activities.KindOf(err), crm.Unavailable)),
	}).Get(ctx, nil)
}

// unknown tells whether a write that failed may have been carried out all the same: the vendor did not say that it was not.
func unknown(err error) bool {
	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return timeout.TimeoutType() != enums.TIMEOUT_TYPE_SCHEDULE_TO_START
	}
	kind := activities.KindOf(err)
	return ambiguous(err) && kind != crm.RateLimited && kind != crm.Busy
}
