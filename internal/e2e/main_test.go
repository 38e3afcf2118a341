// Package e2e holds the whole-system tests and benchmarks: real Temporal, real Postgres, real worker processes, real HTTP
// and OAuth; only the two CRMs are fakes.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/spectest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/workflows"
)

// The programs that the tests start.
var workerProgram, starterProgram string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tandem-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system cleans up what stays
	for _, p := range []struct {
		path           *string
		variable, name string
	}{
		{&workerProgram, "TANDEM_WORKER_BIN", "worker"}, {&starterProgram, "TANDEM_STARTER_BIN", "starter"},
	} {
		if *p.path = os.Getenv(p.variable); *p.path != "" {
			continue
		}
		*p.path = filepath.Join(dir, p.name)
		build := exec.Command("go", "build", "-o", *p.path, "github.com/tandem-sync/tandem/"+p.name)
		build.Stdout, build.Stderr = os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintf(os.Stderr, "build the %s: %v\n", p.name, err)
			return 1
		}
	}
	return m.Run()
}

// starter runs the starter against the stack and returns what it printed.
func (s *system) starter(t testing.TB, args ...string) (stdout string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), starterProgram, args...)
	command.Env = s.Env()
	out, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Logf("starter %s: %s", strings.Join(args, " "), exit.Stderr)
	}
	return string(out), err
}

const connection = "acme"

// system is one dev stack for one test.
type system struct {
	*stack.Stack
	temporal client.Client
	worker   *devstack.Process // the latest
}

// newSystem starts a stack of its own for a test, which may change what is started, and stops it when the test ends.
func newSystem(t testing.TB, o sandbox.Options, change ...func(*stack.Options)) *system {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // the first build of Temporal takes minutes
	defer cancel()
	dir, err := devstack.NewTempDataDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	options := stack.Options{DataDir: dir, Ephemeral: true, WorkerPath: workerProgram, Sandbox: o, Out: os.Stderr}
	if _, measured := t.(*testing.B); !measured {
		options.WatchGoHighLevel = func(h http.Handler) http.Handler { return spectest.Validate(t, h) }
	}
	for _, f := range change {
		f(&options)
	}
	s, err := stack.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Close(closing); err != nil {
			t.Errorf("stop the stack: %v", err)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "worker.log"))
			t.Logf("worker log, its end:\n%s", log[max(0, len(log)-6000):])
		}
	})
	temporal, err := s.Dial(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	return &system{Stack: s, temporal: temporal}
}

// connect makes the connection with rules, which the test may change first.
func (s *system) connect(t testing.TB, change func(*sandbox.RulesOptions)) {
	t.Helper()
	o := sandbox.RulesOptions{Connection: connection, GoHighLevelURL: s.State.GoHighLevelURL, IndexLag: time.Second}
	if change != nil {
		change(&o)
	}
	if err := s.Connect(t.Context(), connection, s.Sandbox.Rules(o)); err != nil {
		t.Fatal(err)
	}
}

// startWorker starts a worker process.
func (s *system) startWorker(t testing.TB) *devstack.Process {
	t.Helper()
	w, err := s.StartWorker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.worker = w
	return w
}

// start starts an onboarding.
func (s *system) start(t testing.TB) client.WorkflowRun {
	t.Helper()
	run, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.OnboardingID(connection), TaskQueue: workflows.TaskQueue,
		TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioOnboarding, connection),
	}, workflows.Onboarding, workflows.OnboardingInput{Connection: connection})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// onboard runs an onboarding to its end.
func (s *system) onboard(t testing.TB) workflows.OnboardingResult {
	t.Helper()
	var out workflows.OnboardingResult
	if err := s.start(t).Get(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
