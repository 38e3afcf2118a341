package e2e

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAConnectionThatRestsKeepsWhatChangesAndSyncsItOnceItIsBack(t *testing.T) {
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: 12, Seed: 51}, quick)
	links := s.pairs(t, 12)

	t.Run("PausedByAPerson", func(t *testing.T) {
		s.still(t)
		s.turn(t, record.ConnectionPaused)
		before := s.writes()
		s.change(t, links[0], map[string]any{"city": "Springfield"})
		s.changeSalesforce(t, links[1], map[string]any{"MailingCity": "Shelbyville"})
		s.heardOf(t)
		s.rests(t, before)
		s.turn(t, record.ConnectionActive)
		s.eventually(t, func() bool { _, city := s.city(t, links[0]); return city == "Springfield" })
		s.eventually(t, func() bool { city, _ := s.city(t, links[1]); return city == "Shelbyville" })
	})

	t.Run("UninstalledInGoHighLevel", func(t *testing.T) {
		s.still(t)
		s.Sandbox.GoHighLevel.Uninstall()
		s.eventually(t, func() bool {
			live, err := s.Store.Live(t.Context(), connection)
			return err == nil && live.State == record.ConnectionUninstalled
		})
		before := s.writes()
		s.change(t, links[2], map[string]any{"city": "Ogdenville"})
		s.changeSalesforce(t, links[3], map[string]any{"MailingCity": "North Haverbrook"})
		s.heardOf(t)
		s.rests(t, before)
		if err := s.Authorize(t.Context(), connection); err != nil {
			t.Fatal(err)
		}
		s.turn(t, record.ConnectionActive)
		s.eventually(t, func() bool { _, city := s.city(t, links[2]); return city == "Ogdenville" })
		s.eventually(t, func() bool { city, _ := s.city(t, links[3]); return city == "North Haverbrook" })
	})

	t.Run("InTheMiddleOfABulkSync", func(t *testing.T) {
		const many = 400
		created := s.Sandbox.GoHighLevel.Stats().Created
		s.Sandbox.GoHighLevel.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultLatency, Latency: 500 * time.Millisecond}})
		s.Sandbox.Salesforce.Load("Contact", crowd(many))
		s.eventually(t, func() bool { return s.Sandbox.GoHighLevel.Stats().Created > created+20 })
		s.turn(t, record.ConnectionPaused)
		s.still(t)
		if n := s.Sandbox.GoHighLevel.Stats().Created - created; n >= many {
			t.Errorf("all %d contacts were created in spite of the pause", n)
		}
		s.Sandbox.GoHighLevel.SetFaults(nil)
		s.turn(t, record.ConnectionActive)
		s.eventually(t, func() bool { return s.Sandbox.GoHighLevel.Stats().Created == created+many })
		s.quiet(t)
		if n := s.mustAgree(t); n != 12+many {
			t.Errorf("there are %d people, want %d", n, 12+many)
		}
	})
}

// turn sets the connection's state as the command line does, and wakes it.
func (s *system) turn(t testing.TB, state string) {
	t.Helper()
	if err := s.Store.SetConnectionState(t.Context(), connection, state); err != nil {
		t.Fatal(err)
	}
	if err := (assembly.Doorbell{Temporal: s.temporal}).Ring(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
}

// writes counts what was written to either side.
func (s *system) writes() int {
	g, f := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
	return g.Created + g.Updated + g.Deleted + f.Creates + f.Updates + f.Deletes
}

// heardOf waits until the webhooks that are under way have been taken.
func (s *system) heardOf(t testing.TB) {
	t.Helper()
	if err := s.Sandbox.GoHighLevel.DrainWebhooks(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// still waits until nothing has been written for a while.
func (s *system) still(t testing.TB) {
	t.Helper()
	last, since := s.writes(), time.Now()
	s.eventually(t, func() bool {
		if now := s.writes(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > 2*time.Second
	})
}

// rests holds that nothing is written for a while, however often somebody rings.
func (s *system) rests(t testing.TB, before int) {
	t.Helper()
	if err := (assembly.Doorbell{Temporal: s.temporal}).Ring(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
	s.still(t)
	if n := s.writes(); n != before {
		t.Errorf("%d records were written while the connection rested", n-before)
	}
}
