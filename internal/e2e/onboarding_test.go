package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestOnboardingBringsEachSideWhatItLacksAsPlannedAndASecondOneWritesNothing(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 500 * time.Millisecond}}, withoutPolls)
	s.Sandbox.Fill(sandbox.People{Both: 100, OnlyGoHighLevel: 100, OnlySalesforce: 100, Seed: 7})
	if err := s.Sandbox.FillTimeline(sandbox.PerContact{Tasks: 1, Notes: 1, Appointments: 1}, sandbox.PerContact{Tasks: 1, Notes: 1}); err != nil {
		t.Fatal(err)
	}
	s.connect(t, func(o *sandbox.RulesOptions) { o.Kinds = record.Kinds[1:] })
	s.startWorker(t)
	plan := s.planOnboarding(t)
	s.Sandbox.GoHighLevel.ResetStats()
	s.Sandbox.Salesforce.ResetStats()
	out := s.onboard(t)
	for side, calls := range map[record.Side]int{
		record.GoHighLevel: s.Sandbox.GoHighLevel.Requests(), record.Salesforce: s.Sandbox.Salesforce.Requests(),
	} {
		const around = 20 // what access is checked with
		if p := plan.Sides[side].Calls; calls < p.Least || calls > p.Most+around {
			t.Errorf("%s took %d calls, and %d to %d were planned: %v, %v", side, calls, p.Least, p.Most,
				s.Sandbox.GoHighLevel.Stats().ByOperation, s.Sandbox.Salesforce.Stats().Requests)
		}
	}
	c := out.Contacts
	if c.GoHighLevel != 200 || c.Salesforce != 200 || c.Linked != 300 || c.CreatedInGoHighLevel != 100 || c.CreatedInSalesforce != 100 {
		t.Errorf("contacts: %+v", c)
	}
	if c.UpdatedInGoHighLevel == 0 || c.UpdatedInSalesforce == 0 {
		t.Errorf("nothing was filled in: %+v", c)
	}
	if out.Verify != (workflows.VerifyAccount{InStep: 300}) {
		t.Errorf("verify: %+v", out.Verify)
	}
	if n := s.mustAgree(t); n != 300 {
		t.Errorf("there are %d people, want 300", n)
	}
	both := workflows.KindAccount{GoHighLevel: 200, Salesforce: 200, Linked: 400, CreatedInGoHighLevel: 200, CreatedInSalesforce: 200}
	for kind, want := range map[record.Kind]workflows.KindAccount{
		record.Task: both, record.Note: both, record.Appointment: {GoHighLevel: 200, Linked: 200, CreatedInSalesforce: 200},
	} {
		if out.Kinds[kind] != want {
			t.Errorf("%ss: %+v, want %+v", kind, out.Kinds[kind], want)
		}
		for side, there := range map[record.Side]int{record.GoHighLevel: s.entries(kind, record.GoHighLevel), record.Salesforce: s.entries(kind, record.Salesforce)} {
			if there != want.Linked {
				t.Errorf("%s holds %d %ss, want %d", side, there, kind, want.Linked)
			}
		}
	}
	ghl, sf := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
	again := s.onboard(t)
	if again.Verify != out.Verify || again.Contacts.Linked != 300 || again.Kinds[record.Note].Linked != 400 {
		t.Errorf("the second onboarding: %+v", again)
	}
	after, afterSF := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
	if after.Created != ghl.Created || after.Updated != ghl.Updated || afterSF.Creates != sf.Creates || afterSF.Updates != sf.Updates {
		t.Errorf("the second onboarding wrote: GoHighLevel %+v then %+v, Salesforce %+v then %+v", ghl, after, sf, afterSF)
	}
}

// planOnboarding asks what an onboarding would take.
func (s *system) planOnboarding(t *testing.T) (plan activities.OnboardingPlan) {
	t.Helper()
	run, err := s.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: workflows.PlanOnboardingID(connection), TaskQueue: workflows.TaskQueue,
		TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioPlanOnboarding, connection),
	}, workflows.PlanOnboarding, workflows.OnboardingInput{Connection: connection})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(t.Context(), &plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

// entries counts what a side holds of a kind.
func (s *system) entries(kind record.Kind, side record.Side) int {
	if side == record.GoHighLevel {
		return map[record.Kind]int{
			record.Task: len(s.Sandbox.GoHighLevel.Tasks()), record.Note: len(s.Sandbox.GoHighLevel.Notes()),
			record.Appointment: len(s.Sandbox.GoHighLevel.Appointments()),
		}[kind]
	}
	return len(s.Sandbox.Salesforce.All(map[record.Kind]string{record.Task: "Task", record.Note: "ContentNote", record.Appointment: "Event"}[kind]))
}

func TestWhatNobodyMayGuessWaitsForAPersonAndWhatIsRefusedFailsVisiblyAndIsReplayed(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 300 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 40, OnlyGoHighLevel: 10, OnlySalesforce: 10, Messy: true, Seed: 3})
	s.connect(t, nil)
	s.startWorker(t)
	out := s.onboard(t)
	if out.Verify.InReview != 5 || out.Verify.Failed != 2 || out.Verify.Drift != 0 {
		t.Fatalf("verify: %+v", out.Verify)
	}
	if total := out.Verify.InStep + out.Verify.InReview + out.Verify.Failed; out.Verify.InStep != out.Contacts.Linked ||
		total != out.Contacts.Linked+out.Contacts.InReview+out.Contacts.Failed {
		t.Errorf("somebody is unaccounted for: %+v", out)
	}
	var runs []struct {
		WorkflowID  string `json:"workflow_id"`
		ProblemKind string `json:"problem_kind"`
	}
	s.eventually(t, func() bool { // visibility lags behind
		printed, err := s.starter(t, "runs", "--failed", "--scenario", workflows.ScenarioContactSync, "-o", "json")
		return err == nil && json.Unmarshal([]byte(printed), &runs) == nil && len(runs) == 2
	})
	for _, run := range runs {
		if run.ProblemKind != string(crm.Rejected) {
			t.Errorf("%s failed with %q", run.WorkflowID, run.ProblemKind)
		}
	}
	for c := range s.Sandbox.GoHighLevel.All() {
		if at := strings.Count(c.Email, "@"); c.Email != "" && at != 1 {
			if err := s.Sandbox.GoHighLevel.Edit(c.ID, map[string]any{"email": "mended." + c.ID + "@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if printed, err := s.starter(t, "replay", "--failed"); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	s.eventually(t, func() bool {
		counts, err := s.Store.Count(t.Context(), connection, record.Contact, "")
		return err == nil && counts.States[record.LinkFailed] == 0 && counts.Pending == 0
	})
	mended := 0
	for _, row := range s.Sandbox.Salesforce.All("Contact") {
		if email, _ := row["Email"].(string); strings.HasPrefix(email, "mended.") {
			mended++
		}
	}
	if mended != 2 {
		t.Errorf("%d of 2 mended contacts arrived in Salesforce", mended)
	}
}

// eventually waits for a condition that nothing announces.
func (s *system) eventually(t testing.TB, condition func() bool) {
	t.Helper()
	deadline := time.After(90 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("the condition never held")
		case <-time.After(300 * time.Millisecond): // the pace of asking
		}
	}
}

func TestWithoutAccessNothingIsWrittenAndAPersonIsToldWhatToDo(t *testing.T) {
	s := newSystem(t, sandbox.Options{Salesforce: salesforcetest.Options{APIDisabled: true}})
	s.Sandbox.Fill(sandbox.People{OnlyGoHighLevel: 5, Seed: 1})
	s.connect(t, nil)
	s.startWorker(t)
	err := s.start(t).Get(t.Context(), nil)
	if activities.KindOf(err) != crm.NeedsAccess {
		t.Fatalf("the onboarding ended with %v", err)
	}
	for _, words := range []string{"nothing was written", "edition", "API Enabled"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q does not say %q", err, words)
		}
	}
	if n := s.Sandbox.Salesforce.Count("Contact"); n != 0 {
		t.Errorf("%d contacts were written all the same", n)
	}
}

func TestTheVendorsLimitIsNeverExceeded(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{Burst: 40, BurstWindow: 3 * time.Second, IndexLag: 100 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{OnlySalesforce: 200, Seed: 5})
	s.connect(t, func(o *sandbox.RulesOptions) { o.Requests, o.Window = 40, 3*time.Second })
	s.startWorker(t)
	s.startWorker(t) // two workers share one allowance
	out := s.onboard(t)
	if out.Contacts.CreatedInGoHighLevel != 200 || out.Verify.Drift != 0 {
		t.Errorf("%+v", out)
	}
	if refused := s.Sandbox.GoHighLevel.Stats().ByStatus[429]; refused != 0 {
		t.Errorf("the vendor refused %d requests", refused)
	}
	if most := s.Sandbox.GoHighLevel.MaxInWindow(); most > 40 {
		t.Errorf("%d requests arrived within a window, 40 are allowed", most)
	}
}

func TestOnboardingNeedsNoCustomFields(t *testing.T) {
	s := newSystem(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, Seed: 9}, Salesforce: salesforcetest.Options{Seed: 9},
	})
	s.Sandbox.Fill(sandbox.People{Both: 60, OnlyGoHighLevel: 60, OnlySalesforce: 60, Seed: 9})
	s.Sandbox.GoHighLevel.SetFaults(chaos())
	s.connect(t, func(o *sandbox.RulesOptions) { o.NoMarkers, o.IndexLag = true, 400*time.Millisecond })
	s.startWorker(t)
	out := s.onboard(t)
	s.Sandbox.GoHighLevel.SetFaults(nil)
	if out.Verify.Drift != 0 || out.Contacts.Linked != 180 {
		t.Errorf("%+v", out)
	}
	s.mustAgree(t)
}

func TestTheDemoPrintsOneObjectAndLeavesNothingBehind(t *testing.T) {
	command := exec.CommandContext(t.Context(), starterProgram, "demo", "--exit", "--output", "json", "--contacts", "30", "--no-limits")
	command.Env = append(command.Environ(), "TANDEM_WORKER_BIN="+workerProgram)
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Connection string
		Contacts   workflows.KindAccount
		APICalls   map[string]int `json:"api_calls"`
		Temporal   struct{ Actions, Runs int }
		Verify     workflows.VerifyAccount
		Seconds    float64
		Live       struct {
			Edits, Arrived, Conflicts, Reviews int
			P50                                int `json:"p50_ms"`
			P95                                int `json:"p95_ms"`
		}
		Tasks, Notes, Appointments struct{ Made, Changed, Arrived, Drift int }
	}
	if err := json.Unmarshal(printed, &out); err != nil {
		t.Fatalf("%v in %s", err, printed)
	}
	if out.Connection != "demo" || out.Verify.Drift != 0 || out.Verify.InStep == 0 || out.Contacts.Linked != out.Verify.InStep ||
		out.APICalls["gohighlevel"] == 0 || out.APICalls["salesforce"] == 0 || out.Temporal.Actions == 0 || out.Temporal.Runs != 4 || out.Seconds <= 0 {
		t.Errorf("%s", printed)
	}
	if l := out.Live; l.Edits < 8 || l.Arrived != l.Edits || l.Conflicts < 1 || l.Reviews < 2 || l.P50 <= 0 || l.P50 > l.P95 {
		t.Errorf("live: %+v", l)
	}
	for name, k := range map[string]struct{ Made, Changed, Arrived, Drift int }{"tasks": out.Tasks, "notes": out.Notes, "appointments": out.Appointments} {
		if k.Made == 0 || k.Arrived != k.Made+k.Changed || k.Drift != 0 {
			t.Errorf("%s: %+v", name, k)
		}
	}
}
