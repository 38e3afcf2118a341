package workflows

import (
	"errors"

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

// ambiguous tells whether the outcome of a create is unknown: the vendor's connection died, or the worker did. Whatever
// Translate does not call final may have been carried out, as when a worker is stopped in the middle of a call.
func ambiguous(err error) bool {
	var timeout *temporal.TimeoutError
	var app *temporal.ApplicationError
	return errors.As(err, &timeout) || errors.As(err, &app) && !app.NonRetryable()
}
