package workflows

import (
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/record"
)

// answer is what came of a decision that was sent to a run.
type answer struct {
	accepted, done bool
	rejected, err  error
	verdict        record.Verdict
}

// callbacks lets an answer be filled in.
func (a *answer) callbacks() *testsuite.TestUpdateCallback {
	return &testsuite.TestUpdateCallback{
		OnAccept: func() { a.accepted = true },
		OnReject: func(err error) { a.rejected = err },
		OnComplete: func(out any, err error) {
			a.done, a.err = true, err
			a.verdict, _ = out.(record.Verdict)
		},
	}
}

// decide sends a decision to the run under test, after a time.
func decide(env *testsuite.TestWorkflowEnvironment, after time.Duration, id string, v record.Verdict) *answer {
	a := &answer{}
	env.RegisterDelayedCallback(func() { env.UpdateWorkflow(UpdateDecide, id, a.callbacks(), v) }, after)
	return a
}

// taken checks that a decision was accepted and answered with itself.
func (a *answer) taken(t *testing.T, v record.Verdict) {
	t.Helper()
	if !a.accepted || !a.done || a.rejected != nil || a.err != nil {
		t.Fatalf("the decision %+v was not taken: %+v", v, a)
	}
	same(t, "answer", a.verdict, v)
}

// refused checks that a decision was refused with a type, before or after it entered the history.
func (a *answer) refused(t *testing.T, kind string, before bool) *temporal.ApplicationError {
	t.Helper()
	err := a.err
	if before {
		err = a.rejected
	}
	var app *temporal.ApplicationError
	if a.accepted == before || !errors.As(err, &app) || app.Type() != kind {
		t.Fatalf("the decision came to %+v, want it refused with type %s (in the validator: %v)", a, kind, before)
	}
	return app
}
