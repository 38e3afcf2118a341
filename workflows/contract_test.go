package workflows

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

// Whoever looks for a run, or must not start a second one, computes its id.
func TestIDsAreMadeOfWhatTheWorkIsAbout(t *testing.T) {
	same(t, "onboarding", OnboardingID("acme"), "onboarding/acme")
	same(t, "bulk sync", BulkSyncID("acme", record.Contact, "e-1"), "bulk/acme/contact/e-1")
	same(t, "contact by link", ContactSyncID(RecordSyncInput{Connection: "acme", LinkID: 7}), "contact/acme/7")
	same(t, "contact by record",
		ContactSyncID(RecordSyncInput{Connection: "acme", Side: record.Salesforce, RecordID: "003X"}), "contact/acme/salesforce:003X")
	same(t, "check", CheckConnectionID("acme"), "check/acme")
	same(t, "changes", SyncChangesID("acme"), "sync/acme")
	same(t, "review", ReviewID("acme", 42), "review/acme/42")
	same(t, "sweep", SweepID(3), "sweep/3")
	same(t, "maintenance", MaintenanceShardID(3), "maintenance/3")
	same(t, "one's maintenance", MaintenanceID("acme"), "maintenance/by-hand/acme")
	same(t, "timeline", TimelineID("acme", 7), "timeline/acme/7")
	same(t, "note", NoteToTaskID("acme", "069X"), "note-to-task/acme/069X")
}

// What is kept of a run is encrypted under the key of the connection that its id names.
func TestEveryIDTellsItsConnection(t *testing.T) {
	calls := map[string]string{
		"OnboardingID": OnboardingID("acme"), "PlanOnboardingID": PlanOnboardingID("acme"),
		"BulkSyncID": BulkSyncID("acme", record.Contact, "e-1"), "ContactSyncID": ContactSyncID(RecordSyncInput{Connection: "acme", LinkID: 7}),
		"RecordSyncID":      RecordSyncID(record.Note, RecordSyncInput{Connection: "acme", Side: record.Salesforce, RecordID: "003X"}),
		"CheckConnectionID": CheckConnectionID("acme"), "SyncChangesID": SyncChangesID("acme"), "ReviewID": ReviewID("acme", 42),
		"MaintenanceID": MaintenanceID("acme"), "TimelineID": TimelineID("acme", 7), "ExplainID": ExplainID("acme", 7),
		"PlanRulesID": PlanRulesID("acme"), "VerifyID": VerifyID("acme"), "NoteToTaskID": NoteToTaskID("acme", "069X"),
	}
	for call, id := range calls {
		same(t, call, ConnectionOf(id), "acme")
	}
	ofShards := map[string]string{"SweepID": SweepID(3), "MaintenanceShardID": MaintenanceShardID(3)}
	for call, id := range ofShards {
		same(t, call, ConnectionOf(id), "")
		same(t, call, ConnectionOf(id+"-2026-11-26T10:00:00Z"), "") // as a Schedule names its runs
	}
	same(t, "an id of somebody else's", ConnectionOf("hello"), "")

	files, err := filepath.Glob("contract*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^func (\w+ID)\(.*\) string \{`).FindAllStringSubmatch(string(source), -1) {
			if calls[found[1]] == "" && ofShards[found[1]] == "" {
				t.Errorf("it is not known what %s of %s tells", found[1], file)
			}
		}
	}
}

func TestAContactIsNamedInOneWay(t *testing.T) {
	for _, c := range []struct {
		in   RecordSyncInput
		fine bool
	}{
		{RecordSyncInput{Connection: "acme", LinkID: 1}, true},
		{RecordSyncInput{Connection: "acme", Side: record.GoHighLevel, RecordID: "x"}, true},
		{RecordSyncInput{Connection: "acme", Side: record.Salesforce, RecordID: "x"}, true},
		{RecordSyncInput{Connection: "acme"}, false},
		{RecordSyncInput{Connection: "acme", Side: record.Salesforce}, false},
		{RecordSyncInput{Connection: "acme", RecordID: "x"}, false},
		{RecordSyncInput{Connection: "acme", Side: "hubspot", RecordID: "x"}, false},
		{RecordSyncInput{Connection: "acme", LinkID: 1, RecordID: "x"}, false},
		{RecordSyncInput{LinkID: 1}, false},
	} {
		if err := c.in.Validate(); (err == nil) != c.fine {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
}

func TestWhatIsMissingInTheInputOfLiveSyncIsNamed(t *testing.T) {
	for _, c := range []struct {
		in   interface{ Validate() error }
		says []string // nothing where it is fine
	}{
		{SyncChangesInput{Connection: "acme"}, nil},
		{SyncChangesInput{}, []string{"connection is missing"}},
		{ReviewInput{Connection: "acme", ReviewID: 1}, nil},
		{ReviewInput{ReviewID: 1}, []string{"connection is missing"}},
		{ReviewInput{Connection: "acme"}, []string{"review_id is missing"}},
		{ReviewInput{ReviewID: -1}, []string{"connection is missing", "review_id is missing"}},
		{NoteToTaskInput{Connection: "acme", NoteID: "069X"}, nil},
		{NoteToTaskInput{}, []string{"connection is missing", "note_id is missing"}},
		{SweepInput{Shard: 0, Shards: 1}, nil},
		{SweepInput{Shard: 3, Shards: 4}, nil},
		{SweepInput{}, []string{"shard 0 of 0"}},
		{SweepInput{Shard: 4, Shards: 4}, []string{"shard 4 of 4"}},
		{SweepInput{Shard: -1, Shards: 4}, []string{"shard -1 of 4"}},
		{MaintenanceInput{Shard: 3, Shards: 4}, nil},
		{MaintenanceInput{Connection: "acme", DryRun: true, Confirm: true}, nil},
		{MaintenanceInput{}, []string{"shard 0 of 0"}},
		{MaintenanceInput{Connection: "acme", Shards: 4}, []string{"not both"}},
		{MaintenanceInput{Shards: 4, Confirm: true}, []string{"go with a connection"}},
	} {
		err := c.in.Validate()
		if (err == nil) != (len(c.says) == 0) {
			t.Errorf("%+v: %v", c.in, err)
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %q does not say %q", c.in, err, want)
			}
		}
	}
}

// What is carried over and what people send is read by other releases.
func TestWhatPassesBetweenRunsKeepsItsShape(t *testing.T) {
	for what, c := range map[string]struct {
		value any
		want  string
	}{
		"changes":             {SyncChangesInput{Connection: "acme", Told: map[int64]bool{7: true}, Round: 2}, `{"connection":"acme","told":{"7":true},"round":2}`},
		"explain":             {ExplainInput{Connection: "acme", Kind: record.Task, LinkID: 7}, `{"connection":"acme","kind":"task","link_id":7}`},
		"a contact's explain": {ExplainInput{Connection: "acme", LinkID: 7}, `{"connection":"acme","link_id":7}`},
		"timeline":            {TimelineInput{Connection: "acme", LinkID: 7}, `{"connection":"acme","link_id":7}`},
		"review":              {ReviewInput{Connection: "acme", ReviewID: 4}, `{"connection":"acme","review_id":4}`},
		"sweep":               {SweepInput{Shard: 1, Shards: 4}, `{"shard":1,"shards":4}`},
		"maintenance":         {MaintenanceInput{Shard: 1, Shards: 4}, `{"shard":1,"shards":4}`},
		"one's maintenance":   {MaintenanceInput{Connection: "acme", DryRun: true}, `{"connection":"acme","dry_run":true}`},
		"note":                {NoteToTaskInput{Connection: "acme", NoteID: "069X", Looks: 3, Lost: 1}, `{"connection":"acme","note_id":"069X","looks":3,"lost":1}`},
		"verdict": {
			record.Verdict{ReviewID: 4, Choice: record.ChooseSalesforce, Fields: map[record.Field]record.Side{record.City: record.GoHighLevel}, By: "ada"},
			`{"review_id":4,"choice":"salesforce","fields":{"city":"gohighlevel"},"by":"ada"}`,
		},
	} {
		got, err := json.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		same(t, what, string(got), c.want)
	}
}
