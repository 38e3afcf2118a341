package e2e

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
)

// quick are rules under which a live connection is polled as fast as a test can wait for.
const quick = `live:
  sweeps: {fastest: 300ms, slowest: 1s, gohighlevel_overlap: 5s, salesforce_overlap: 5s, margin: 1s, compare: 5s, stale_after: 30s}
`

// live starts a system with people that is onboarded and kept in step, with rules appended. A test may change what is
// started.
func live(t testing.TB, o sandbox.Options, p sandbox.People, extra string, change ...func(*stack.Options)) *system {
	t.Helper()
	s := newSystem(t, o, change...)
	s.Sandbox.Fill(p)
	s.connect(t, func(r *sandbox.RulesOptions) { r.IndexLag, r.Extra = 300*time.Millisecond, extra })
	s.startWorker(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	return s
}

// pair returns both ids of one contact that is in step.
func (s *system) pair(t testing.TB, nth int) record.Link {
	t.Helper()
	work, err := s.Store.Links(t.Context(), connection, record.Contact, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range work {
		if w.Link.State == record.LinkInStep && w.Link.GoHighLevelID != "" && w.Link.SalesforceID != "" {
			if nth--; nth < 0 {
				return w.Link
			}
		}
	}
	t.Fatal("there are not so many contacts in step")
	return record.Link{}
}

// pairs returns the first contacts that are in step.
func (s *system) pairs(t testing.TB, n int) []record.Link {
	t.Helper()
	all := make([]record.Link, n)
	for i := range all {
		all[i] = s.pair(t, i)
	}
	return all
}

// change edits a contact in GoHighLevel as a person does, and changeSalesforce in Salesforce.
func (s *system) change(t testing.TB, l record.Link, fields map[string]any) {
	t.Helper()
	if err := s.Sandbox.GoHighLevel.Edit(l.GoHighLevelID, fields); err != nil {
		t.Fatal(err)
	}
}

func (s *system) changeSalesforce(t testing.TB, l record.Link, fields map[string]any) {
	t.Helper()
	if err := s.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, fields); err != nil {
		t.Fatal(err)
	}
}

func (s *system) city(t testing.TB, l record.Link) (goHighLevel, salesforce string) {
	t.Helper()
	if c, there := s.Sandbox.GoHighLevel.Get(l.GoHighLevelID); there {
		goHighLevel = c.City
	}
	if row, there := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID); there {
		salesforce, _ = row["MailingCity"].(string)
	}
	return goHighLevel, salesforce
}

func TestAnEditOnEitherSideArrivesOnTheOtherAndThenNobodyWritesAnyMore(t *testing.T) {
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: 10, OnlyGoHighLevel: 3, OnlySalesforce: 3, Seed: 5}, quick)
	one, two := s.pair(t, 0), s.pair(t, 1)
	if err := s.Sandbox.GoHighLevel.Edit(one.GoHighLevelID, map[string]any{"city": "Springfield"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sandbox.Salesforce.Edit("Contact", two.SalesforceID, map[string]any{"MailingCity": "Shelbyville"}); err != nil {
		t.Fatal(err)
	}
	s.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{FirstName: "Nell", LastName: "New", Email: "nell.new@example.com", Phone: "+12015550111", Country: "US"})
	s.Sandbox.Salesforce.Create("Contact", map[string]any{"FirstName": "Sally", "LastName": "Fresh", "Email": "sally.fresh@example.com", "Phone": "+12015550112"})
	s.eventually(t, func() bool { _, sf := s.city(t, one); return sf == "Springfield" })
	s.eventually(t, func() bool { ghl, _ := s.city(t, two); return ghl == "Shelbyville" })
	s.eventually(t, func() bool { return len(s.inGoHighLevel()) == 18 && len(s.inSalesforce()) == 18 })
	s.quiet(t)
	if n := s.mustAgree(t); n != 18 {
		t.Errorf("there are %d people, want 18", n)
	}
}

// quiet waits until nothing is pending and neither side is written for longer than any sweep takes.
func (s *system) quiet(t testing.TB) {
	t.Helper()
	writes := func() int {
		g, f := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
		return g.Created + g.Updated + f.Creates + f.Updates + f.Deletes
	}
	last, since := writes(), time.Now()
	s.eventually(t, func() bool {
		n, err := s.Store.Pending(t.Context(), connection, record.Contact)
		if now := writes(); now != last || n != 0 || err != nil {
			last, since = now, time.Now()
		}
		return time.Since(since) > 4*time.Second
	})
}
