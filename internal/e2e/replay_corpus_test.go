package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

var updateHistories = flag.Bool("update-histories", os.Getenv("TANDEM_UPDATE_HISTORIES") == "1",
	"record the replay corpus anew (also: TANDEM_UPDATE_HISTORIES=1)")

// TestRecordReplayCorpus records workflows/testdata/histories on a real stack:
//
//	TANDEM_UPDATE_HISTORIES=1 go test ./internal/e2e -run TestRecordReplayCorpus -count=1
//
// Record from the commit that is deployed, or about to be deployed for the first time, with nothing changed in the
// checkout; never from a branch that changes workflows. A history says what runs in the field have been told so far: one
// that the changed code wrote itself replays on it by definition and proves nothing. When a changed workflow goes live,
// record its histories under new names and keep the old ones until no run of theirs is open or retained.
func TestRecordReplayCorpus(t *testing.T) {
	if !*updateHistories {
		t.Skip("records only with -update-histories")
	}
	r := newRecorder(t)
	r.recordOnboardings(t)
	r.recordContactSyncs(t)
	r.recordCreates(t)
	r.recordBelongings(t)
	r.recordPeoplesRuns(t)
	r.recordLive(t)
	r.recordNoteToTask(t)
	r.recordNotes(t)
	r.recordTasksInBulk(t)
	r.recordMaintenance(t)
	r.recordVerify(t)
	r.recordSetbacks(t)
	r.recordRefused(t)
	r.takeOver(t)
}

const corpusFolder = "../../workflows/testdata/histories"

// bare is a second connection, whose CRMs have no field to spare for the other side's id.
const bare = "bare"

// recorder runs scenarios and keeps their histories in a folder of its own until all are there.
type recorder struct {
	*system
	folder string
	people map[string]bool
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{
		system: newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}}),
		folder: t.TempDir(), people: map[string]bool{},
	}
	r.Sandbox.Fill(sandbox.People{Both: 40, OnlyGoHighLevel: 12, OnlySalesforce: 12, Messy: true, Seed: 11})
	r.connect(t, func(o *sandbox.RulesOptions) {
		o.Kinds, o.Extra = record.Kinds[1:], "  cancelled: delete\n"+quick // the last kind is the appointments
	})
	err := r.Connect(t.Context(), bare, r.Sandbox.Rules(sandbox.RulesOptions{
		Connection: bare, GoHighLevelURL: r.State.GoHighLevelURL, IndexLag: time.Second, NoMarkers: true,
	}))
	if err != nil {
		t.Fatal(err)
	}
	r.startWorker(t)
	return r
}

func (r *recorder) recordOnboardings(t *testing.T) {
	check := r.execute(t, workflows.CheckConnectionID(connection), workflows.SearchAttributes(workflows.ScenarioCheck, connection),
		workflows.CheckConnection, workflows.CheckConnectionInput{Connection: connection})
	r.record(t, check, "CheckConnection", "nothing-missing", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	plan := r.execute(t, workflows.PlanOnboardingID(connection), workflows.SearchAttributes(workflows.ScenarioPlanOnboarding, connection),
		workflows.PlanOnboarding, workflows.OnboardingInput{Connection: connection})
	r.record(t, plan, "PlanOnboarding", "before-the-first", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	r.Sandbox.Salesforce.HideField("Contact."+sandbox.PlanField, true)
	refused := r.start(t)
	r.record(t, refused, "Onboarding", "refused-for-access", enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
	r.Sandbox.Salesforce.HideField("Contact."+sandbox.PlanField, false)

	onboarding := r.start(t)
	r.record(t, onboarding, "Onboarding", "with-all-kinds", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.record(t, onboarding, "Onboarding", "with-all-kinds-compared", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	// From here on contacts are synced one by one, by hand: live sync would get in between.
	r.turn(t, record.ConnectionPaused)
	var out workflows.OnboardingResult
	if err := onboarding.Get(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	bulk := r.record(t, r.temporal.GetWorkflow(t.Context(), out.BulkRuns[0], ""), "BulkSync", "with-record-lane",
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	if !slices.ContainsFunc(bulk.Events, func(e *history.HistoryEvent) bool {
		return e.EventType == enums.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED
	}) {
		t.Error("no contact failed in the record lane, as one should have")
	}
}

func (r *recorder) recordContactSyncs(t *testing.T) {
	refused := r.link(t, record.LinkFailed, 0)
	run := r.temporal.GetWorkflow(t.Context(), workflows.ContactSyncID(byLink(refused)), "")
	r.record(t, run, "ContactSync", "rejected", enums.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)

	both := r.link(t, record.LinkInStep, 0)
	r.edit(t, both, map[string]any{"city": "Springfield", "tags": []string{"first"}}, nil)
	r.record(t, r.sync(t, byLink(both)), "ContactSync", "updates-salesforce", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.edit(t, both, map[string]any{"city": "Shelbyville"}, map[string]any{"Phone": "+12015550123", sandbox.TagsField: "second"})
	r.record(t, r.sync(t, byLink(both)), "ContactSync", "updates-both-sides", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.record(t, r.sync(t, byLink(both)), "ContactSync", "in-step", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	gone := r.link(t, record.LinkInStep, 1)
	if err := r.Sandbox.GoHighLevel.Delete(gone.GoHighLevelID); err != nil {
		t.Fatal(err)
	}
	asked := r.sync(t, byLink(gone))
	r.decide(t, r.review(t, store.ReviewFilter{LinkID: gone.ID}), record.ChooseDelete)
	r.record(t, asked, "ContactSync", "deletion-decided", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}

func (r *recorder) recordCreates(t *testing.T) {
	row := map[string]any{"FirstName": "Grace", "LastName": "Newcomer", "Email": "grace.newcomer@example.com", "Phone": "+12019990001"}
	created := r.Sandbox.Salesforce.Create("Contact", row)
	r.record(t, r.sync(t, workflows.RecordSyncInput{Connection: connection, Side: record.Salesforce, RecordID: created}),
		"ContactSync", "creates-in-gohighlevel", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	newcomer := r.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{
		FirstName: "Alan", LastName: "Latecomer", Email: "alan.latecomer@example.com", Phone: "+12019990002",
	})
	r.record(t, r.sync(t, workflows.RecordSyncInput{Connection: connection, Side: record.GoHighLevel, RecordID: newcomer}),
		"ContactSync", "creates-by-external-id", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	unsure := r.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{
		FirstName: "Edsger", LastName: "Unsettled", Email: "edsger.unsettled@example.com", Phone: "+12019990003",
	})
	before := r.Sandbox.Salesforce.Count("Contact")
	r.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "POST /services/data/", Count: 1}})
	settled := r.record(t, r.sync(t, workflows.RecordSyncInput{Connection: bare, Side: record.GoHighLevel, RecordID: unsure}),
		"ContactSync", "creates-after-an-ambiguous-cut", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.Sandbox.Salesforce.SetFaults(nil)
	if n := r.Sandbox.Salesforce.Count("Contact") - before; n != 1 {
		t.Errorf("%d contacts were created, want 1", n)
	}
	if !slices.ContainsFunc(settled.Events, func(e *history.HistoryEvent) bool { return e.EventType == enums.EVENT_TYPE_TIMER_FIRED }) {
		t.Error("the create was not cut off, as it should have been")
	}
}

func byLink(l record.Link) workflows.RecordSyncInput {
	return workflows.RecordSyncInput{Connection: connection, LinkID: l.ID}
}

// link returns the n-th link in a state; those in step hold both records.
func (r *recorder) link(t *testing.T, state record.LinkState, n int) record.Link {
	t.Helper()
	work, err := r.Store.Links(t.Context(), connection, record.Contact, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range work {
		if w.Link.State != state {
			continue
		}
		if n == 0 {
			return w.Link
		}
		n--
	}
	t.Fatalf("there are not enough links that are %s", state)
	return record.Link{}
}

func (r *recorder) edit(t *testing.T, l record.Link, ghl, sf map[string]any) {
	t.Helper()
	if ghl != nil {
		if err := r.Sandbox.GoHighLevel.Edit(l.GoHighLevelID, ghl); err != nil {
			t.Fatal(err)
		}
	}
	if sf != nil {
		if err := r.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, sf); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *recorder) sync(t *testing.T, in workflows.RecordSyncInput) client.WorkflowRun {
	t.Helper()
	return r.execute(t, workflows.ContactSyncID(in), workflows.SearchAttributes(workflows.ScenarioContactSync, in.Connection), workflows.ContactSync, in)
}

func (r *recorder) execute(t *testing.T, id string, attributes temporal.SearchAttributes, workflow, in any) client.WorkflowRun {
	t.Helper()
	run, err := r.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.TaskQueue, TypedSearchAttributes: attributes,
	}, workflow, in)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// record waits for a run to end as it should, and writes its history down.
func (r *recorder) record(t *testing.T, run client.WorkflowRun, workflow, name string, end enums.EventType) *history.History {
	t.Helper()
	id := run.GetRunID()
	outcome := run.Get(t.Context(), nil) // checked below by the last event
	if end != enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW {
		id = run.GetRunID() // the last of those that it was continued by
	}
	h := &history.History{}
	events := r.temporal.GetWorkflowHistory(t.Context(), run.GetID(), id, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		h.Events = append(h.Events, event)
	}
	if last := h.Events[len(h.Events)-1].EventType; last != end {
		t.Fatalf("%s/%s ended with %s, want %s: %v", workflow, name, last, end, outcome)
	}
	r.decrypt(t, h)
	scrub(h.ProtoReflect())
	plain, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, plain, "", " "); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.folder, workflow, name+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(pretty.Bytes(), '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	r.meet()
	return h
}

// scrub takes out what tells of the machine that recorded, and which replaying does not look at.
func scrub(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "identity" && f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString("recorder"))
		case f.Name() == "stack_trace":
			m.Clear(f)
		case f.Name() == "task_queue" && f.Kind() == protoreflect.MessageKind:
			// A worker's own queue is named for its host.
			name := f.Message().Fields().ByName("name")
			if kind := f.Message().Fields().ByName("kind"); v.Message().Get(kind).Enum() == protoreflect.EnumNumber(enums.TASK_QUEUE_KIND_STICKY) {
				v.Message().Set(name, protoreflect.ValueOfString("recorder"))
			}
		case f.Kind() != protoreflect.MessageKind || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				scrub(v.List().Get(i).Message())
			}
		default:
			scrub(v.Message())
		}
		return true
	})
}

var digits = regexp.MustCompile(`\D`)

// meet notes what everybody in the sandbox is called and reached by now.
func (r *recorder) meet() {
	for c := range r.Sandbox.GoHighLevel.All() {
		r.know(c.FirstName, c.LastName, c.Email, c.Phone, c.Address1, c.CompanyName)
	}
	for _, row := range r.Sandbox.Salesforce.All("Contact") {
		text := func(field string) string { s, _ := row[field].(string); return s }
		r.know(text("FirstName"), text("LastName"), text("Email"), text("Phone"), text("MailingStreet"), "")
	}
}

func (r *recorder) know(first, last, email, phone, street, company string) {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	if number := digits.ReplaceAllString(phone, ""); len(number) >= 10 {
		phone = number[len(number)-10:]
	}
	for _, text := range []string{email, phone, street, company, last, first + " " + last} {
		// What is shorter may happen to be a word of ours.
		if text = strings.ToLower(strings.TrimSpace(text)); len(text) >= 6 {
			r.people[text] = true
		}
	}
}

// takeOver checks what was recorded as it will be checked from now on, and only then puts it into the repository. Histories
// that are there stay as they are: take one out to have it recorded anew.
func (r *recorder) takeOver(t *testing.T) {
	t.Helper()
	if t.Failed() {
		return
	}
	if earlier, err := os.ReadFile(filepath.Join(corpusFolder, "people.txt")); err == nil {
		for _, text := range strings.Split(strings.TrimSpace(string(earlier)), "\n") {
			r.people[text] = true
		}
	}
	people := strings.Join(slices.Sorted(maps.Keys(r.people)), "\n") + "\n"
	if err := os.WriteFile(filepath.Join(r.folder, "people.txt"), []byte(people), 0o644); err != nil {
		t.Fatal(err)
	}
	check := exec.Command("go", "test", "-count=1", "-run", "Histor|ChangedWorkflow", "github.com/tandem-sync/tandem/workflows")
	check.Env = append(os.Environ(), "TANDEM_HISTORIES="+r.folder)
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("what was recorded is not fit for the corpus: %v\n%s", err, out)
	}
	if err := copyFiles(r.folder, corpusFolder); err != nil {
		t.Fatal(err)
	}
}

// copyFiles copies a folder's files to another, which keeps the histories that it has.
func copyFiles(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if _, err := os.Stat(target); err == nil && filepath.Ext(target) == ".json" {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return os.WriteFile(target, text, 0o644)
	})
}
