package workflows

import (
	"cmp"
	"github.com/tandem-sync/tandem/internal/record"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	history "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// histories is the replay corpus: <workflow>/<case>.json, as `temporal workflow show --output json` prints it. The
// recorder of package e2e checks what it recorded by these tests, before it takes it over.
var histories = cmp.Or(os.Getenv("TANDEM_HISTORIES"), filepath.Join("testdata", "histories"))

// corpus returns the corpus's files by workflow type.
func corpus(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(histories, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	byType := map[string][]string{}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		byType[name] = append(byType[name], file)
	}
	return byType
}

// load reads one history.
func load(t *testing.T, file string) *history.History {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return h
}

// newReplayer makes a replayer that knows workflows as the production worker does.
func newReplayer(t *testing.T, register func(worker.WorkflowRegistry)) worker.WorkflowReplayer {
	t.Helper()
	r, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableRegistrationAliasing: true,
		DisableDeadlockDetection:    true, // a slow machine is no defect of a workflow
	})
	if err != nil {
		t.Fatal(err)
	}
	register(r)
	return r
}

func TestEveryRecordedHistoryReplays(t *testing.T) {
	for name, files := range corpus(t) {
		for _, file := range files {
			t.Run(name+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
				started := load(t, file).Events[0].GetWorkflowExecutionStartedEventAttributes()
				same(t, "workflow type of the folder", name, started.GetWorkflowType().GetName())
				r := newReplayer(t, func(r worker.WorkflowRegistry) { Register(r) })
				if err := r.ReplayWorkflowHistoryFromJSONFile(quiet{}, file); err != nil {
					t.Errorf("runs like this one, which are in the middle of their work, cannot go on with this code: %v\n"+
						"Guard the change by a version (versions.go).", err)
				}
			})
		}
	}
}

func TestEveryWorkflowHasARecordedHistory(t *testing.T) {
	byType, types := corpus(t), map[string]bool{}
	for _, name := range registered() {
		if name, ok := strings.CutPrefix(name, "workflow "); ok {
			types[name] = true
			if len(byType[name]) == 0 {
				t.Errorf("no history of %s is recorded, so no change of it can be told from a break; record one (package e2e)", name)
			}
		}
	}
	for name := range byType {
		if !types[name] {
			t.Errorf("there are histories of %s, which is not registered", name)
		}
	}
}

// A gate that lets everything through would look just the same until the day it matters.
func TestAChangedWorkflowDoesNotReplay(t *testing.T) {
	file := filepath.Join(histories, "ContactSync", "updates-both-sides.json")
	for _, c := range []struct {
		what    string
		changed func(workflow.Context, RecordSyncInput) (RecordSyncResult, error)
	}{
		{"a timer more at the beginning", func(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
			if err := workflow.Sleep(ctx, time.Second); err != nil {
				return RecordSyncResult{}, err
			}
			return ContactSync(ctx, in)
		}},
		{"one side read after the other", func(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
			s := &inTurn{recordSync{in: in, kind: record.Contact, calls: vendorCalls[record.Contact]}}
			return s.result, s.run(ctx)
		}},
		{"an activity left out at the end", func(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
			s := &recordSync{in: in, kind: record.Contact, calls: vendorCalls[record.Contact]}
			if err := s.setup(ctx); err != nil {
				return s.result, err
			}
			if err := s.take(ctx); err != nil {
				return s.result, err
			}
			if err := s.read(ctx); err != nil {
				return s.result, err
			}
			return s.result, s.decide(ctx)
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := newReplayer(t, func(r worker.WorkflowRegistry) {
				r.RegisterWorkflowWithOptions(c.changed, workflow.RegisterOptions{Name: "ContactSync"})
			})
			err := r.ReplayWorkflowHistoryFromJSONFile(quiet{}, file)
			if err == nil || !strings.Contains(err.Error(), "TMPRL1100") {
				t.Errorf("replaying it ended with %v, want a report of non-determinism", err)
			}
		})
	}
}

// inTurn is a ContactSync that reads one side, and then the other.
type inTurn struct{ recordSync }

func (s *inTurn) run(ctx workflow.Context) error {
	if err := s.setup(ctx); err != nil {
		return err
	}
	if err := s.take(ctx); err != nil {
		return err
	}
	sf := s.claim.SalesforceID
	s.claim.SalesforceID = ""
	if err := s.read(ctx); err != nil {
		return err
	}
	s.claim.GoHighLevelID, s.claim.SalesforceID = "", sf
	if err := s.read(ctx); err != nil {
		return err
	}
	return s.decide(ctx)
}
