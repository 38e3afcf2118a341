package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// polled are rules under which both sides are polled every second.
const polled = `live:
  sweeps: {fastest: 1s, slowest: 1s, gohighlevel_overlap: 5s, salesforce_overlap: 5s, margin: 1s, compare: 0s}
`

// withoutPolls leaves the sweeps' Schedules waiting for the end of the day.
func withoutPolls(o *stack.Options) { o.SweepEvery = 24 * time.Hour }

// arrival makes edits one after the other, each once the one before has arrived and nothing is under way any more, and
// returns how long each took from one CRM to the other.
func (s *system) arrival(b *testing.B, links []record.Link, edit func(record.Link, string) error, city func(record.Link) string) []time.Duration {
	b.Helper()
	took := make([]time.Duration, 0, len(links))
	for i, l := range links {
		want := fmt.Sprintf("Arrival %d %d", time.Now().UnixMilli(), i)
		began := time.Now()
		if err := edit(l, want); err != nil {
			b.Fatal(err)
		}
		until(b, 2*time.Millisecond, "an edit arrives", func() bool { return city(l) == want })
		took = append(took, time.Since(began))
		if err := s.temporal.GetWorkflow(b.Context(), workflows.SyncChangesID(connection), "").Get(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
	return took
}

func (s *system) editGoHighLevel(l record.Link, city string) error {
	return s.Sandbox.GoHighLevel.Edit(l.GoHighLevelID, map[string]any{"city": city})
}

func (s *system) editSalesforce(l record.Link, city string) error {
	return s.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, map[string]any{"MailingCity": city})
}

func (s *system) cityInGoHighLevel(l record.Link) string {
	c, _ := s.Sandbox.GoHighLevel.Get(l.GoHighLevelID)
	return c.City
}

func (s *system) cityInSalesforce(l record.Link) string {
	row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
	city, _ := row["MailingCity"].(string)
	return city
}

// BenchmarkLive prints how long single edits take to arrive, and what changes cost in both lanes, with the target beside
// each figure. It runs once, whatever b.N is.
func BenchmarkLive(b *testing.B) {
	t := newFigureTable("live sync")
	b.Run("webhooks", func(b *testing.B) { webhookPath(b, t) })
	b.Run("sweeps", func(b *testing.B) { sweepPath(b, t) })
	t.print(b)
}

// webhookPath measures with no poll in between.
func webhookPath(b *testing.B, t figureTable) {
	edits, many := contactsFromEnv("TANDEM_BENCH_EDITS", 100), contactsFromEnv("TANDEM_BENCH_BULK_EDITS", 1000)
	s := onboarded(b, sandbox.Options{}, sandbox.People{Both: max(edits, many), Seed: 4}, "", withoutPolls)
	links := s.inStep(b, max(edits, many))

	s.arrival(b, links[:3], s.editGoHighLevel, s.cityInSalesforce) // the first ones open connections
	var took []time.Duration
	one := s.spend(b, func() { took = s.arrival(b, links[:edits], s.editGoHighLevel, s.cityInSalesforce) })
	t.row(fmt.Sprintf("GoHighLevel edit in Salesforce, by webhook, %d edits, p50", edits), ms(percentile(took, 0.5)), "300 ms")
	t.row("p95", ms(percentile(took, 0.95)), "1,000 ms")
	t.row("record lane, one edit at a time: actions per change", one.breakdown(edits), "")
	t.row("of which in the contact's own run", per(one.contacts.Actions, edits), "8")
	t.row("API calls per change, GoHighLevel and Salesforce", per(one.ghl, edits)+" + "+per(one.sf, edits), "1 + 2")

	const rounds, together = 10, 10
	ten := s.spend(b, func() {
		for i := range rounds {
			for _, l := range links[i*together : (i+1)*together] {
				if err := s.editGoHighLevel(l, fmt.Sprintf("Together %d", i)); err != nil {
					b.Fatal(err)
				}
			}
			s.rest(b)
		}
	})
	t.row("record lane, ten edits at a time: actions per change", ten.breakdown(rounds*together), "")
	t.row("of which in the contacts' own runs", per(ten.contacts.Actions, rounds*together), "8")
	t.row("API calls per change, GoHighLevel and Salesforce", per(ten.ghl, rounds*together)+" + "+per(ten.sf, rounds*together), "1 + 2")

	bulk := s.spend(b, func() {
		for _, l := range links[:many] {
			if err := s.editGoHighLevel(l, "Everywhere"); err != nil {
				b.Fatal(err)
			}
		}
	})
	if lost := s.lost(links[:many]); lost > 0 {
		b.Fatalf("%d of %d edits never arrived", lost, many)
	}
	t.row(fmt.Sprintf("bulk lane, %d edits at once: actions per change", many), bulk.breakdown(many), "0.02")
	t.row("API calls per change, GoHighLevel and Salesforce", per(bulk.ghl, many)+" + "+per(bulk.sf, many), "")
	t.row("until all had arrived and been recorded", bulk.took.Round(10*time.Millisecond).String(), "")
}

// sweepPath measures what no webhook tells of, with our own writes coming back by webhook and by poll.
func sweepPath(b *testing.B, t figureTable) {
	edits := contactsFromEnv("TANDEM_BENCH_EDITS", 100) / 4
	s := onboarded(b, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: edits, Seed: 6}, polled)
	links := s.inStep(b, edits)
	var took []time.Duration
	down := s.spend(b, func() { took = s.arrival(b, links, s.editSalesforce, s.cityInGoHighLevel) })
	t.row(fmt.Sprintf("Salesforce edit in GoHighLevel, by sweeps of 1 s, %d edits, p50", edits), ms(percentile(took, 0.5)), "one sweep")
	t.row("p95", ms(percentile(took, 0.95)), "one sweep")
	t.row("actions per change, our own writes coming back by webhook", down.breakdown(edits), "")
	t.row("passes over a contact that only met our own write", per(down.contacts.Runs-edits, edits)+" per change", "")
	t.row("API calls per change, GoHighLevel and Salesforce", per(down.ghl, edits)+" + "+per(down.sf, edits), "")

	up := s.spend(b, func() {
		s.arrival(b, links, s.editGoHighLevel, s.cityInSalesforce)
		s.swept(b)
	})
	t.row("GoHighLevel edits again: actions per change, our own writes coming back by sweep", up.breakdown(edits), "")
	t.row("passes over a contact that only met our own write", per(up.contacts.Runs-edits, edits)+" per change", "0")
}

// swept waits until both sides have been polled some more.
func (s *system) swept(b *testing.B) {
	_, _, before := s.calls()
	until(b, 50*time.Millisecond, "both sides are polled", func() bool {
		_, _, now := s.calls()
		return now >= before+8
	})
}

// lost counts the contacts that are not the same on both sides.
func (s *system) lost(links []record.Link) (lost int) {
	for _, l := range links {
		if s.cityInGoHighLevel(l) != s.cityInSalesforce(l) {
			lost++
		}
	}
	return lost
}

// breakdown tells the actions per change, and in which runs they were.
func (x spent) breakdown(changes int) string {
	return fmt.Sprintf("%s (%d in %d SyncChanges with %d rings, %d in %d ContactSync, %d in %d BulkSync)", per(x.all.Actions, changes),
		x.sync.Actions, x.sync.Runs, x.sync.Signals, x.contacts.Actions, x.contacts.Runs, x.bulk.Actions, x.bulk.Runs)
}
