package e2e

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/sdk/v1"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// TestRevokedGrantsAreToldAndConnectingAgainBringsEverythingOnce revokes what both sides have granted while a connection is
// live. People go on editing, and nobody asks the vendors any more; everywhere one may look it says what to do; and once a
// person has done that, everything arrives by itself.
func TestRevokedGrantsAreToldAndConnectingAgainBringsEverythingOnce(t *testing.T) {
	s := openOffice(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: 8, Seed: 71}, func(*sandbox.RulesOptions) {})
	links := s.pairs(t, 8)
	s.still(t)
	s.Sandbox.GoHighLevel.RevokeGrant()
	s.Sandbox.Salesforce.RevokeGrant()
	before := s.writes()
	s.change(t, links[0], map[string]any{"city": "Springfield"})
	s.changeSalesforce(t, links[1], map[string]any{"MailingCity": "Shelbyville"})
	s.eventually(t, func() bool { return len(s.listed(t).Refusals) == 2 })

	asked := s.tokenRequests()
	for i := range 3 {
		s.change(t, links[2+i], map[string]any{"city": "Ogdenville"})
		s.changeSalesforce(t, links[5+i], map[string]any{"MailingCity": "North Haverbrook"})
		s.Sandbox.GoHighLevel.Create(newcomer(i))
	}
	s.heardOf(t)
	s.ring(t)
	s.still(t)
	if n := s.writes() - before; n != 0 {
		t.Errorf("%d records were written without a grant", n)
	}
	if n := s.tokenRequests(); n != asked {
		t.Errorf("the vendors were asked for tokens %d times more, though they had said that the grants are gone", n-asked)
	}

	if l := s.listed(t); l.State != record.RefusalReconnect {
		t.Errorf("connections list: %+v", l)
	}
	contains(t, s.run(t, "connections", "list"), "reconnect", "starter connect gohighlevel acme", "starter connect salesforce acme")
	contains(t, s.run(t, "status"), "reconnect", "refused by GoHighLevel", "refused by Salesforce", "starter connect salesforce acme")
	contains(t, s.refused(t, "start", "sync", connection), "starter connect gohighlevel acme")
	contains(t, s.details(t, workflows.SyncChangesID(connection)), "GoHighLevel refuses the connection", "starter connect salesforce acme")
	s.eventually(t, func() bool {
		text := s.metrics(t)
		return strings.Contains(text, `tandem_connections_refused{side="gohighlevel",state="reconnect"} 1`) &&
			strings.Contains(text, `tandem_connections_refused{side="salesforce",state="reconnect"} 1`)
	})

	one, err := s.connectSide(t, record.GoHighLevel, granting)
	if contains(t, one, "NeedsReconnect"); err == nil {
		t.Errorf("all is said to be well while a side refuses:\n%s", one)
	}
	if both, err := s.connectSide(t, record.Salesforce, granting); err != nil {
		t.Errorf("%v:\n%s", err, both)
	}
	s.eventually(t, func() bool {
		return len(s.inSalesforce()) == 11 && s.cityIn(t, links[0], record.Salesforce) == "Springfield" && s.cityIn(t, links[1], record.GoHighLevel) == "Shelbyville"
	})
	s.quiet(t)
	if n := s.mustAgree(t); n != 11 {
		t.Errorf("there are %d people, want 11", n)
	}
	for i := range 3 {
		if g, f := s.city(t, links[2+i]); g != "Ogdenville" || f != g {
			t.Errorf("an edit in GoHighLevel came to %q and %q", g, f)
		}
		if g, f := s.city(t, links[5+i]); g != "North Haverbrook" || f != g {
			t.Errorf("an edit in Salesforce came to %q and %q", g, f)
		}
	}
	if failed := s.run(t, "runs", "--failed", "-o", "json"); strings.TrimSpace(failed) != "[]" {
		t.Errorf("runs failed: %s", failed)
	}
	if l := s.listed(t); l.State != record.ConnectionActive || len(l.Refusals) != 0 {
		t.Errorf("connections list: %+v", l)
	}
}

// listedConnection is a line of connections list.
type listedConnection struct {
	State    string
	Refusals []record.Refusal
}

func (s *office) listed(t testing.TB) listedConnection {
	t.Helper()
	var list []listedConnection
	s.decode(t, &list, "connections", "list")
	return list[0]
}

func (s *office) cityIn(t testing.TB, l record.Link, side record.Side) string {
	t.Helper()
	ghl, sf := s.city(t, l)
	if side == record.GoHighLevel {
		return ghl
	}
	return sf
}

// tokenRequests are the requests to both token endpoints, whatever came of them.
func (s *system) tokenRequests() int {
	n := s.Sandbox.GoHighLevel.Stats().TokenRequests
	for _, answered := range s.Sandbox.Salesforce.Stats().Requests["POST /oauth2/token"] {
		n += answered
	}
	return n
}

// ring wakes the sync as whoever has news does.
func (s *system) ring(t testing.TB) {
	t.Helper()
	if err := (assembly.Doorbell{Temporal: s.temporal}).Ring(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
}

// details are what the Web UI shows of the newest run of a workflow.
func (s *system) details(t testing.TB, id string) string {
	t.Helper()
	answer, err := s.temporal.QueryWorkflow(t.Context(), id, "", "__temporal_workflow_metadata")
	if err != nil {
		t.Fatal(err)
	}
	var metadata sdk.WorkflowMetadata
	if err := answer.Get(&metadata); err != nil {
		t.Fatal(err)
	}
	return metadata.GetCurrentDetails()
}
