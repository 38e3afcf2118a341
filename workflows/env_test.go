package workflows

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	sdk "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// patience is how long a test may stand still by the clock on the wall before it is given up.
const patience = time.Minute

// newEnv makes a test environment with everything registered. Time in it is skipped.
func newEnv(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(patience)
	env.SetContextPropagators(activities.Propagators())
	env.SetStartTime(time.UnixMilli(1795485000000))
	Register(env)
	RegisterActivities(env, nil, nil, nil)
	t.Cleanup(func() { env.AssertExpectations(t) })
	return env
}

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// refusal is a vendor's error as it comes out of an activity.
func refusal(side record.Side, kind crm.Kind) error {
	return activities.Translate(&crm.Error{Side: side, Operation: "a call", Kind: kind, Code: "CODE_OF_" + string(kind), Reason: "as the test wants it"})
}

// failed checks that a run failed for good with a type, outermost, and returns the error.
func failed(t *testing.T, env *testsuite.TestWorkflowEnvironment, kind string) *temporal.ApplicationError {
	t.Helper()
	if !env.IsWorkflowCompleted() {
		t.Fatal("the run has not ended")
	}
	err := env.GetWorkflowError()
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		t.Fatalf("the run ended with %v, want an error of type %s", err, kind)
	}
	if app.Type() != kind || !app.NonRetryable() {
		t.Fatalf("the run failed with type %q (final: %v), want %q for good: %v", app.Type(), app.NonRetryable(), kind, err)
	}
	return app
}

// succeeded checks that a run completed, and reads its result.
func succeeded(t *testing.T, env *testsuite.TestWorkflowEnvironment, result any) {
	t.Helper()
	if !env.IsWorkflowCompleted() {
		t.Fatal("the run has not ended")
	}
	if err := env.GetWorkflowError(); err != nil {
		t.Fatalf("the run failed: %v", err)
	}
	if result == nil {
		return
	}
	if err := env.GetWorkflowResult(result); err != nil {
		t.Fatal(err)
	}
}

// marked expects that the run carries the kind of its problem as a search attribute, once.
func marked(env *testsuite.TestWorkflowEnvironment, kind string) {
	env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(ProblemKind.ValueSet(kind))).Return(nil).Once()
}

// progressOf asks a run how far it has come.
func progressOf(t *testing.T, env *testsuite.TestWorkflowEnvironment) Progress {
	t.Helper()
	var p Progress
	answer, err := env.QueryWorkflow(QueryProgress)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Get(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// detailsOf reads what a run shows of itself.
func detailsOf(t *testing.T, env *testsuite.TestWorkflowEnvironment) string {
	t.Helper()
	answer, err := env.QueryWorkflow("__temporal_workflow_metadata")
	if err != nil {
		t.Fatal(err)
	}
	var metadata sdk.WorkflowMetadata
	if err := answer.Get(&metadata); err != nil {
		t.Fatal(err)
	}
	return metadata.CurrentDetails
}

// diary notes what was called, in order; calls come from several goroutines.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func (d *diary) count(line string) int {
	n := 0
	for _, l := range d.read() {
		if l == line {
			n++
		}
	}
	return n
}

// same fails the test unless got is want.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %+v, want %+v", what, got, want)
	}
}
