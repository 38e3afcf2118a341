package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestPeopleLookAfterAConnectionByTheStarter(t *testing.T) {
	s := openOffice(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}},
		sandbox.People{Both: 12, Messy: true, Seed: 3}, func(r *sandbox.RulesOptions) {
			r.Fields = []string{`state: {direction: "off"}`}
			r.Contacts = []string{`filter: 'city != "Nowhere"'`, "deletions: {gohighlevel: propagate, salesforce: propagate}"}
		})

	t.Run("who belongs together is asked once, and decided in bulk", func(t *testing.T) {
		var open []asked
		s.eventually(t, func() bool {
			open = s.reviews(t)
			return len(open) == 2 && !slices.ContainsFunc(open, func(r asked) bool { return r.WorkflowID == "" || !s.waits(t, r.WorkflowID) })
		})
		t.Logf("reviews list:\n%s", s.run(t, "reviews", "list", connection))
		var shared, namesakes asked
		for _, r := range open {
			switch r.Reason {
			case record.ReviewAmbiguousMatch:
				shared = r
			case record.ReviewNamesakes:
				namesakes = r
			}
		}
		if len(shared.Links) != 3 || len(namesakes.Links) != 2 {
			t.Fatalf("the reviews are %+v", open)
		}
		t.Logf("reviews show:\n%s", s.run(t, "reviews", "show", connection, shared.number()))
		var ghl, sf string
		for _, l := range shared.Links {
			if l.GoHighLevelID != "" {
				ghl = l.GoHighLevelID
			} else if sf == "" {
				sf = l.SalesforceID
			}
		}
		s.run(t, "reviews", "decide", connection, shared.number(), "--choose", "link", "--gohighlevel", ghl, "--salesforce", sf, "--by", "ann")
		s.run(t, "reviews", "decide", connection, "--all", "--reason", record.ReviewNamesakes, "--choose", "separate", "--yes", "--by", "ann")
		s.eventually(t, func() bool {
			l := s.find(t, record.GoHighLevel, ghl)
			return l.SalesforceID == sf && l.State == record.LinkInStep
		})
		// The location lets nobody have another's phone or address: who is left on each side cannot be created, and that is
		// asked as well.
		s.eventually(t, func() bool {
			refused := s.reviews(t, "--reason", record.ReviewDuplicateRefused)
			return len(refused) == 2 && !slices.ContainsFunc(refused, func(r asked) bool { return r.WorkflowID == "" })
		})
		s.run(t, "reviews", "decide", connection, "--all", "--reason", record.ReviewDuplicateRefused, "--choose", "ignore", "--yes", "--by", "ann")
		s.eventually(t, func() bool {
			counts, err := s.Store.Count(t.Context(), connection, record.Contact, "")
			return err == nil && counts.States[record.LinkParted] == 2 && counts.States[record.LinkInReview] == 0 && counts.Pending == 0
		})
		s.ends(t, shared.WorkflowID)
		s.ends(t, namesakes.WorkflowID)
		if again := s.onboard(t); again.Contacts.Linked == 0 {
			t.Errorf("the second onboarding: %+v", again)
		}
		for _, r := range s.reviews(t) {
			t.Errorf("it is asked again: %+v", r)
		}
	})

	t.Run("what failed is replayed once its cause is mended", func(t *testing.T) {
		l := s.pair(t, 0)
		s.inGHL(t, l, map[string]any{"email": "two@@example.com"})
		s.stands(t, l.ID, record.LinkFailed)
		contains(t, s.run(t, "status"), "FAILED")
		s.eventually(t, func() bool { // visibility lags behind
			return strings.Contains(s.run(t, "runs", "--failed", "--scenario", workflows.ScenarioContactSync), workflows.ContactSyncID(workflows.RecordSyncInput{Connection: connection, LinkID: l.ID}))
		})
		for c := range s.Sandbox.GoHighLevel.All() {
			if at := strings.Count(c.Email, "@"); c.Email != "" && at != 1 {
				s.inGHL(t, record.Link{GoHighLevelID: c.ID}, map[string]any{"email": "mended." + strings.ToLower(c.ID) + "@example.com"})
			}
		}
		s.run(t, "replay", "--failed", "--connection", connection)
		s.stands(t, l.ID, record.LinkInStep)
		row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
		if email, _ := row["Email"].(string); !strings.HasPrefix(email, "mended.") {
			t.Errorf("Salesforce holds %q", email)
		}
	})

	t.Run("what leaves the filter stays as it is, follows a deletion, and comes back", func(t *testing.T) {
		one, two := s.pair(t, 0), s.pair(t, 1)
		for _, l := range []record.Link{one, two} {
			s.inGHL(t, l, map[string]any{"city": "Nowhere"})
			s.stands(t, l.ID, record.LinkExcluded)
			if _, sf := s.city(t, l); sf == "Nowhere" {
				t.Error("what left the filter was written all the same")
			}
		}
		// Where it was edited: deleted on the other side it would stay, for an edit beats a deletion.
		s.remove(t, record.GoHighLevel, one)
		s.stands(t, one.ID, record.LinkDeleted)
		if s.there(one, record.Salesforce) {
			t.Error("the other half of what was deleted outside the filter is there still")
		}
		s.inGHL(t, two, map[string]any{"city": "Somewhere", "address1": "1 Way Back"})
		s.cities(t, two, "Somewhere")
		s.stands(t, two.ID, record.LinkInStep)
	})

	t.Run("rules are compared before they are applied, and reconcile what was agreed", func(t *testing.T) {
		written := func() [5]int {
			g, f := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
			return [...]int{g.Created, g.Updated, f.Creates, f.Updates, f.Deletes}
		}
		l := s.pair(t, 0)
		s.inGHL(t, l, map[string]any{"state": "Guam", "city": "Tamuning"})
		s.cities(t, l, "Tamuning")
		s.quiet(t)
		before := written()
		file := s.write(t, func(r *sandbox.RulesOptions) { r.Fields = []string{"state: {conflict: gohighlevel}"} })
		planned := s.run(t, "connections", "apply", file, "--plan", "--sample", "2")
		t.Logf("apply --plan:\n%s", planned)
		contains(t, planned, "would be decided otherwise", "state", "written, and was not")
		if after := written(); after != before {
			t.Errorf("the plan wrote: %v, then %v", before, after)
		}
		s.run(t, "connections", "apply", file, "--reconcile", "--yes")
		s.eventually(t, func() bool {
			row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
			return row["MailingState"] == "Guam"
		})
		var told story
		s.decode(t, &told, "explain", connection, l.SalesforceID, "state")
		writes := told.Fields[0].Writes
		if len(writes) == 0 || writes[len(writes)-1].RulesVersion != 2 {
			t.Errorf("the write is told as %+v", writes)
		}
	})

	t.Run("a paused connection keeps what changed, and syncs it once it is resumed", func(t *testing.T) {
		l := s.pair(t, 1)
		s.run(t, "connections", "pause", connection)
		s.inGHL(t, l, map[string]any{"city": "Paused"})
		s.eventually(t, func() bool {
			out := s.run(t, "status")
			return strings.Contains(out, "is paused") && !regexp.MustCompile(`paused +\d+ +\d+ +0 `).MatchString(out)
		})
		if _, sf := s.city(t, l); strings.EqualFold(sf, "Paused") {
			t.Error("a paused connection was synced")
		}
		s.run(t, "connections", "resume", connection)
		s.cities(t, l, "Paused")
	})

	t.Run("a decision waits for the worker that is to carry it out", func(t *testing.T) {
		s.apply(t, func(r *sandbox.RulesOptions) {
			r.Fields = []string{"city: {conflict: ask}"}
			r.Extra = strings.Replace(quick, "stale_after: 30s", "stale_after: 2s", 1)
		}, "--yes")
		l := s.pair(t, 2)
		r := s.dispute(t, l, "Springfield", "Shelbyville")
		if err := s.worker.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		decided := make(chan error, 1)
		go func() {
			_, err := s.starter(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--by", "ann")
			decided <- err
		}()
		s.worker = s.startWorker(t)
		if err := <-decided; err != nil { // nobody was there to take it: then it is said so, and decided again
			s.run(t, "reviews", "decide", connection, r.number(), "--choose", "salesforce", "--by", "ann")
		}
		s.cities(t, l, "Shelbyville")
	})

	t.Run("a vendor that is down makes the connection stale, which status and a metric tell", func(t *testing.T) {
		t.Logf("status:\n%s", s.run(t, "status", connection))
		s.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{{Kind: "500"}})
		var out string
		s.eventually(t, func() bool {
			out = s.run(t, "status", connection)
			return strings.Contains(out, "is stale: no pass over Salesforce")
		})
		t.Logf("status:\n%s", out)
		s.eventually(t, func() bool { return s.stale(t) == "1" })
		s.Sandbox.Salesforce.SetFaults(nil)
		s.eventually(t, func() bool { return !strings.Contains(s.run(t, "status", connection), "is stale") })
	})

	t.Run("a disconnected connection forgets its access and keeps its links", func(t *testing.T) {
		s.quiet(t)
		s.run(t, "connections", "disconnect", connection, "--yes")
		contains(t, s.run(t, "status"), "disconnected", "connect it again by")
		l := s.pair(t, 0)
		contains(t, s.run(t, "explain", connection, l.SalesforceID), "is not known: the connection is disconnected")
	})
}

// metrics reads what the newest worker tells of itself.
func (s *office) metrics(t testing.TB) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(s.DataDir, "worker.log"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"private":"([^"]+)"`).FindAllSubmatch(log, -1)
	if len(found) == 0 {
		return ""
	}
	response, err := http.Get("http://" + string(found[len(found)-1][1]) + "/metrics")
	if err != nil {
		return "" // it is not there yet
	}
	defer func() { _ = response.Body.Close() }() // read to its end below
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s *office) stale(t testing.TB) string {
	found := regexp.MustCompile(`(?m)^tandem_connections_stale\S* (\d+)`).FindStringSubmatch(s.metrics(t))
	if found == nil {
		return ""
	}
	return found[1]
}
