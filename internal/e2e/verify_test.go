package e2e

import (
	"encoding/json"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// rarely are rules under which a live connection is polled once, at the beginning.
const rarely = `live:
  sweeps: {fastest: 2h, slowest: 2h, stale_after: 3h}
`

// unheard adds a contact to GoHighLevel of whom neither a webhook nor a poll tells.
func (s *system) unheard(last, email string) (id string) {
	return s.Sandbox.GoHighLevel.Load([]gohighleveltest.Contact{{
		FirstName: "Nobody", LastName: last, Email: email, DateAdded: time.Now().AddDate(-1, 0, 0),
	}})[0]
}

// certified runs the starter's verify and returns the certificate by its kinds.
func (s *system) certified(t *testing.T, args ...string) (map[record.Kind]record.KindCertificate, error) {
	t.Helper()
	out, failure := s.starter(t, append([]string{"start", "verify", connection, "--wait", "-o", "json"}, args...)...)
	var c record.Certificate
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatalf("no certificate: %v (%v)\n%s", err, failure, out)
	}
	kinds := map[record.Kind]record.KindCertificate{}
	for _, k := range c.Kinds {
		kinds[k.Kind] = k
	}
	return kinds, failure
}

func TestWhatDriftedUnheardIsFoundCertifiedAndRepaired(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 6, Seed: 5})
	s.connect(t, func(r *sandbox.RulesOptions) {
		r.IndexLag, r.Extra, r.Kinds = 300*time.Millisecond, rarely, record.Kinds[1:]
	})
	ghl, sf := s.Sandbox.GoHighLevel, s.Sandbox.Salesforce
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	contact := ""
	for c := range ghl.All() {
		contact = c.ID
	}
	_, err := ghl.CreateTask(gohighleveltest.Task{ContactID: contact, Title: "Send the offer", DueDate: time.Now().AddDate(0, 0, 7)})
	must(err)
	_, err = ghl.CreateNote(gohighleveltest.Note{ContactID: contact, Body: "Prefers mornings"})
	must(err)
	calendar := ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	start := time.Now().AddDate(0, 0, 3).Truncate(time.Hour)
	_, err = ghl.CreateAppointment(gohighleveltest.Appointment{CalendarID: calendar, ContactID: contact, Title: "Checkup", StartTime: start, EndTime: start.Add(time.Hour)})
	must(err)
	s.startWorker(t)
	s.onboard(t)
	link, err := s.Store.FindLink(t.Context(), connection, record.Contact, record.GoHighLevel, contact)
	must(err)
	ada := *link
	s.becomes(t, "everything was polled once and is in step", func() bool {
		fresh, err := s.Store.Freshness(t.Context(), connection)
		must(err)
		polled := 0
		for _, f := range fresh {
			if !f.SucceededAt.IsZero() {
				polled++
			}
		}
		return polled == len(record.Kinds)*len(record.Sides) && len(s.tasksOf(ada)) == 1 && len(s.eventsOf(ada)) == 1 && sf.Count("ContentNote") == 1
	})
	s.becomes(t, "nothing is under way", func() bool {
		under := 0
		for _, kind := range record.Kinds {
			n, err := s.Store.Underway(t.Context(), connection, kind)
			must(err)
			under += n
		}
		return under == 0
	})

	first, failure := s.certified(t)
	for _, kind := range record.Kinds {
		if k := first[kind]; failure != nil || k.Drift != 0 || k.InStep == 0 || k.Fingerprint == "" {
			t.Fatalf("all is in step, and yet: %v, %+v", failure, k)
		}
	}

	// Salesforce is not polled for hours, so that nobody hears of any of this.
	must(sf.Edit("Contact", ada.SalesforceID, map[string]any{"MailingCity": "Drifton"}))
	must(sf.Edit("Task", s.tasksOf(ada)["Send the offer"]["Id"].(string), map[string]any{"Subject": "Send the contract"}))
	must(sf.Edit("ContentNote", sf.All("ContentNote")[0]["Id"].(string), map[string]any{"Content": "<p>Prefers evenings</p>"}))
	must(sf.Edit("Event", s.eventsOf(ada)["Checkup"]["Id"].(string), map[string]any{"Subject": "Second checkup"}))
	sf.Create("Task", map[string]any{"WhoId": ada.SalesforceID, "Subject": "Unheard of", "ActivityDate": "2031-12-11", "Status": "Not Started", "Priority": "Normal"})
	s.unheard("Stranger", "stranger@example.com")
	drift := map[record.Kind]int{record.Contact: 2, record.Task: 2, record.Note: 1, record.Appointment: 1}
	found, failure := s.certified(t)
	for kind, n := range drift {
		if k := found[kind]; failure == nil || k.Drift != n || k.Fingerprint != first[kind].Fingerprint {
			t.Errorf("%v: want %d that drifted, and the same agreement: %+v", failure, n, k)
		}
	}
	repaired, failure := s.certified(t, "--repair")
	for kind, n := range drift {
		if k := repaired[kind]; failure != nil || k.Drift != 0 || k.Repaired != n {
			t.Errorf("%v: want %d repaired: %+v", failure, n, k)
		}
	}
	task, _ := s.taskOf(ada, "Send the contract")
	_, unheard := s.taskOf(ada, "Unheard of")
	if city, _ := s.city(t, ada); city != "Drifton" || task.ID == "" || !unheard {
		t.Errorf("the repair did not arrive: %q, %q, %v", city, task.Title, unheard)
	}
	shown, err := s.starter(t, "verify", "show", connection, "--list")
	if err != nil || len(shown) < 100 {
		t.Errorf("%v: %s", err, shown)
	}
}

// recordVerify records a comparison that finds a contact of whom nobody has heard, and brings it into step.
func (r *recorder) recordVerify(t *testing.T) {
	r.turn(t, record.ConnectionActive)
	r.unheard("Unheardofperson", "unheard.of.person@example.com")
	run := r.execute(t, workflows.VerifyID(connection), workflows.SearchAttributes(workflows.ScenarioVerify, connection),
		workflows.Verify, workflows.VerifyInput{Connection: connection, Repair: true})
	h := r.record(t, run, "Verify", "repairs", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	repaired := false
	for _, event := range h.Events {
		repaired = repaired || called("RepairDrift")(event)
	}
	if !repaired {
		t.Error("nothing had drifted, as it should have")
	}
}
