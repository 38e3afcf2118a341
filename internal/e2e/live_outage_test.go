package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhatChangedWhileNoWorkerWasThereArrivesOnceOneIs(t *testing.T) {
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: 30, Seed: 31}, quick)
	s.quiet(t)
	links := s.pairs(t, 11)
	// The vendor gives up before a worker is back.
	if err := s.Sandbox.GoHighLevel.SetWebhookFaults(gohighleveltest.WebhookFaults{Backoff: gohighleveltest.Duration(time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	if err := s.worker.Kill(); err != nil {
		t.Fatal(err)
	}
	before := s.heard(t)
	for i := range 5 {
		s.change(t, links[i], map[string]any{"city": "Springfield"})
		s.changeSalesforce(t, links[5+i], map[string]any{"MailingCity": "Shelbyville"})
		s.Sandbox.GoHighLevel.Create(newcomer(i))
	}
	s.Sandbox.Salesforce.Load("Contact", crowd(5))
	// Both halves of one were edited, in different fields.
	s.change(t, links[10], map[string]any{"city": "Ogdenville"})
	s.changeSalesforce(t, links[10], map[string]any{"MailingPostalCode": "98052"})
	if err := s.Sandbox.GoHighLevel.DrainWebhooks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if hooks := s.Sandbox.GoHighLevel.WebhookStats(); hooks.GivenUp == 0 {
		t.Errorf("no webhook was given up: %+v", hooks)
	}
	if heard := s.heard(t); heard.Announced != before.Announced {
		t.Errorf("somebody took webhooks: %+v then %+v", before, heard)
	}

	s.startWorker(t)
	const people = 30 + 5 + 5
	s.eventually(t, func() bool { return len(s.inGoHighLevel()) == people && len(s.inSalesforce()) == people })
	s.quiet(t)
	if n := s.mustAgree(t); n != people {
		t.Errorf("there are %d people, want %d", n, people)
	}
	for i := range 5 {
		if _, city := s.city(t, links[i]); city != "Springfield" {
			t.Errorf("an edit in GoHighLevel became %q in Salesforce", city)
		}
	}
	if heard := s.heard(t); heard.Swept <= before.Swept {
		t.Errorf("the meter says that the sweeps found nothing: %+v then %+v", before, heard)
	}
}

// patient are rules under which webhooks alone bring what changes in GoHighLevel: after the first poll there is none for
// an hour.
const patient = `live:
  sweeps: {fastest: 1h, slowest: 1h, gohighlevel_overlap: 5s, salesforce_overlap: 5s, margin: 1s, compare: 1d, stale_after: 3h}
`

// TestNoWebhookThatWasAcknowledgedIsLostWhenWorkersAreKilled kills workers while webhooks come in. What was acknowledged
// lies in Postgres. Should the worker die between that and waking the run, the next webhook finds the bell rung and wakes
// nobody; the Schedules close that gap: each run first wakes the connections in which something waits for too long.
func TestNoWebhookThatWasAcknowledgedIsLostWhenWorkersAreKilled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	s := live(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, WebhookFaults: gohighleveltest.WebhookFaults{
			Retry: gohighleveltest.RetryNon2xx, Backoff: gohighleveltest.Duration(100 * time.Millisecond),
		}},
	}, sandbox.People{Both: 40, Seed: 32}, patient)
	s.polled(t)
	s.quiet(t)
	before := s.heard(t)
	s.Sandbox.GoHighLevel.ResetStats()
	links := s.pairs(t, 40)
	want := map[int64]string{}
	const kills = 4
	pace := time.NewTicker(20 * time.Millisecond) // of the people who edit
	defer pace.Stop()
	for kill := range kills {
		for i := range 25 {
			<-pace.C
			l := links[random.IntN(len(links))]
			want[l.ID] = fmt.Sprintf("City %d of %d", i, kill)
			s.change(t, l, map[string]any{"city": want[l.ID]})
		}
		if err := s.worker.Kill(); err != nil {
			t.Fatal(err)
		}
		s.startWorker(t)
	}
	if err := s.Sandbox.GoHighLevel.DrainWebhooks(t.Context()); err != nil {
		t.Fatal(err)
	}
	hooks := s.Sandbox.GoHighLevel.WebhookStats()
	t.Logf("%+v", hooks)
	if hooks.ByStatus[http.StatusOK] != hooks.Events || hooks.GivenUp != 0 {
		t.Fatalf("not every webhook was acknowledged in the end: %+v", hooks)
	}
	s.eventually(t, func() bool {
		for _, l := range links {
			if city := want[l.ID]; city != "" {
				if _, arrived := s.city(t, l); arrived != city {
					return false
				}
			}
		}
		return true
	})
	s.quiet(t)
	s.mustAgree(t)
	if heard := s.heard(t); heard.Swept != before.Swept {
		t.Errorf("a sweep helped: %+v then %+v", before, heard)
	}
}

// polled waits until both sides were polled once after the onboarding.
func (s *system) polled(t testing.TB) {
	t.Helper()
	s.eventually(t, func() bool {
		fresh, err := s.Store.Freshness(t.Context(), connection)
		return err == nil && len(fresh) == len(record.Sides) &&
			!slices.ContainsFunc(fresh, func(f record.Freshness) bool { return f.SucceededAt.IsZero() || time.Until(f.NextAt) < time.Minute })
	})
}
