package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

var translations = []struct {
	kind         crm.Kind
	class        crm.Class
	nonRetryable bool
	benign       bool
}{
	{crm.Unavailable, crm.Retry, false, false},
	{crm.Ambiguous, crm.Retry, false, false},
	{crm.Busy, crm.Retry, false, false},
	{crm.RateLimited, crm.Wait, false, true},
	{crm.NeedsReconnect, crm.Person, true, false},
	{crm.NeedsAccess, crm.Person, true, false},
	{crm.Rejected, crm.Person, true, false},
	{crm.Duplicate, crm.Person, true, false},
	{crm.MultipleMatches, crm.Person, true, false},
	{crm.NotFound, crm.Never, true, false},
	{crm.Invalid, crm.Never, true, false},
	{crm.Kind("SomethingNew"), crm.Person, true, false},
}

func TestEveryKindOfErrorBecomesATemporalErrorOfThatType(t *testing.T) {
	for _, want := range translations {
		t.Run(string(want.kind), func(t *testing.T) {
			cause := &crm.Error{
				Side: record.Salesforce, Kind: want.kind, Operation: "PATCH /sobjects/Contact", Status: 418, Code: "TEAPOT",
				Fields: []string{"Email"}, Reason: "short and stout", ExistingID: "003", RetryAfter: 17 * time.Second,
			}
			for name, err := range map[string]error{
				"as it is":         cause,
				"wrapped":          fmt.Errorf("commit: %w", fmt.Errorf("save: %w", cause)),
				"joined":           errors.Join(errors.New("first"), cause),
				"translated twice": activities.Translate(cause),
			} {
				err = activities.Translate(err)
				var app *temporal.ApplicationError
				require.ErrorAs(t, err, &app, name)
				require.Equal(t, string(want.kind), app.Type(), name)
				require.Equal(t, want.nonRetryable, app.NonRetryable(), name)
				require.Equal(t, 17*time.Second, app.NextRetryDelay(), name)
				require.Equal(t, want.benign, app.Category() == temporal.ApplicationErrorCategoryBenign, name)
				require.Contains(t, app.Error(), "TEAPOT", name)
				require.Equal(t, want.kind, activities.KindOf(err), name)
				p, ok := activities.ProblemOf(err)
				require.True(t, ok, name)
				require.Equal(t, activities.Problem{
					Side: record.Salesforce, Kind: want.kind, Class: want.class, Operation: "PATCH /sobjects/Contact", Code: "TEAPOT",
					Fields: []string{"Email"}, ExistingID: "003",
				}, p, name)
			}
		})
	}
}

func TestALostClaimIsAnErrorOfItsOwnThatANewAttemptMayPass(t *testing.T) {
	err := activities.Translate(fmt.Errorf("commit: %w", record.ErrFenced))
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, activities.TypeFenced, app.Type())
	require.False(t, app.NonRetryable())
}

func TestWhatTheLedgerWillNeverHaveIsNotAskedForAgain(t *testing.T) {
	for cause, kind := range map[error]crm.Kind{
		record.ErrNoLink: crm.NotFound, record.ErrNoConnection: crm.NotFound, record.ErrNotRead: crm.Invalid,
	} {
		err := activities.Translate(fmt.Errorf("ledger: %w", cause))
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, kind, activities.KindOf(err))
		require.True(t, app.NonRetryable())
	}
}

func TestCancellationAndForeignErrorsStayAsTheyAre(t *testing.T) {
	require.NoError(t, activities.Translate(nil))
	plain := errors.New("disk full")
	require.Same(t, plain, activities.Translate(plain))
	for _, err := range []error{
		context.Canceled, fmt.Errorf("commit: %w", context.Canceled), temporal.NewCanceledError(),
		&crm.Error{Side: record.GoHighLevel, Kind: crm.Unavailable, Cause: context.Canceled},
	} {
		var app *temporal.ApplicationError
		require.False(t, errors.As(activities.Translate(err), &app), "%v", err)
	}
}

func TestADeadlineIsAnUnansweredCallAndIsTriedAgain(t *testing.T) {
	err := activities.Translate(&crm.Error{Side: record.GoHighLevel, Kind: crm.Unavailable, Cause: context.DeadlineExceeded})
	require.Equal(t, crm.Unavailable, activities.KindOf(err))
}

func TestTheInterceptorTranslatesLast(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.ErrorInterceptor{}}})
	failing := func(_ context.Context) error {
		return fmt.Errorf("on the way out: %w", &crm.Error{Kind: crm.RateLimited, RetryAfter: 42 * time.Second})
	}
	env.RegisterActivity(failing)
	_, err := env.ExecuteActivity(failing)
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, string(crm.RateLimited), app.Type())
	require.Equal(t, 42*time.Second, app.NextRetryDelay())
	require.Equal(t, temporal.ApplicationErrorCategoryBenign, app.Category())
}

func TestErrorsWithoutADetailHaveNoProblem(t *testing.T) {
	for _, err := range []error{nil, errors.New("disk full"), temporal.NewApplicationError("x", "Y")} {
		_, ok := activities.ProblemOf(err)
		require.False(t, ok)
	}
	require.Empty(t, activities.KindOf(errors.New("disk full")))
}
