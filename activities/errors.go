package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Error types that are not kinds of crm.Error. Like those, they are recorded in histories: never rename one.
const (
	TypeFenced  = "Fenced"  // another attempt has taken over; this one stops
	TypeClaimed = "Claimed" // somebody else works on this contact now
)

// Problem is the detail that every translated crm.Error carries, for people and for workflows.
type Problem struct {
	Side      record.Side `json:"side,omitempty"`
	Kind      crm.Kind    `json:"kind"`
	Class     crm.Class   `json:"class"`
	Operation string      `json:"operation,omitempty"`
	Code      string      `json:"code,omitempty"`
	Fields    []string    `json:"fields,omitempty"`
	// ExistingID names the record that stands in the way of a Duplicate.
	ExistingID string `json:"existing_id,omitempty"`
}

func problem(e *crm.Error) *Problem {
	return &Problem{
		Side: e.Side, Kind: e.Kind, Class: e.Kind.Class(), Operation: e.Operation, Code: e.Code, Fields: e.Fields,
		ExistingID: e.ExistingID,
	}
}

// Translate turns an error into Temporal's: the type is the kind, retries follow the class, and a vendor's wait is the
// next retry's delay. It must be the last to touch an error on its way out of an activity: whatever wraps an
// application error hides its type and makes it retryable again. ErrorInterceptor sees to that.
func Translate(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var canceled *temporal.CanceledError
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app
	}
	if errors.As(err, &canceled) {
		return err
	}
	if errors.Is(err, record.ErrFenced) {
		return temporal.NewApplicationErrorWithOptions(err.Error(), TypeFenced, temporal.ApplicationErrorOptions{})
	}
	var e *crm.Error
	if !errors.As(err, &e) {
		if e = permanent(err); e == nil {
			return err
		}
	}
	options := temporal.ApplicationErrorOptions{
		NonRetryable: e.Kind.Class() == crm.Never || e.Kind.Class() == crm.Person,
		Details:      []any{*problem(e)},
	}
	options.NextRetryDelay = e.RetryAfter
	if e.Kind.Class() == crm.Wait {
		options.Category = temporal.ApplicationErrorCategoryBenign
	}
	return temporal.NewApplicationErrorWithOptions(e.Error(), string(e.Kind), options)
}

// permanent returns, as an error of a kind, what the ledger or the rules will say again however often they are asked; nil
// for other errors.
func permanent(err error) *crm.Error {
	for cause, kind := range map[error]crm.Kind{
		record.ErrNoLink: crm.NotFound, record.ErrNoConnection: crm.NotFound, record.ErrNotRead: crm.Invalid,
		record.ErrNoReview: crm.NotFound, record.ErrNoNote: crm.NotFound, record.ErrDecided: crm.Invalid,
	} {
		if errors.Is(err, cause) {
			return &crm.Error{Operation: "ledger", Kind: kind, Reason: cause.Error()}
		}
	}
	var expression *rules.ExpressionError
	if errors.As(err, &expression) {
		return &crm.Error{Operation: "rules", Kind: crm.Invalid, Reason: expression.Error()}
	}
	return nil
}

// KindOf returns the kind that Translate gave an error which came out of an activity, "" when it was another error.
func KindOf(err error) crm.Kind {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return crm.Kind(app.Type())
	}
	return ""
}

// ProblemOf returns the detail that Translate attached; ok is false when there is none.
func ProblemOf(err error) (p Problem, ok bool) {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.HasDetails() {
		ok = app.Details(&p) == nil && p.Kind != ""
	}
	return p, ok
}

// ErrorInterceptor translates the error of every activity, last. Register it with every worker.
type ErrorInterceptor struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity puts the translation around an activity.
func (*ErrorInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &translating{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type translating struct {
	interceptor.ActivityInboundInterceptorBase
}

func (t *translating) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	out, err := t.Next.ExecuteActivity(ctx, in)
	return out, Translate(err)
}
