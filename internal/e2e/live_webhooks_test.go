package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// poor is how webhooks travel on a bad day.
func poor() gohighleveltest.WebhookFaults {
	return gohighleveltest.WebhookFaults{
		Drop: 0.3, Duplicate: 0.3, Forge: 0.2, Delay: gohighleveltest.Duration(50 * time.Millisecond),
		Reorder: gohighleveltest.Duration(400 * time.Millisecond), Backoff: gohighleveltest.Duration(200 * time.Millisecond),
	}
}

func TestWhateverBecomesOfWebhooksEachChangeArrivesOnceAndAForgedOneDoesNothing(t *testing.T) {
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, Seed: 11}},
		sandbox.People{Both: 40, Seed: 11}, quick)
	s.quiet(t)
	began := time.Now()
	before := s.heard(t)
	written := s.Sandbox.Salesforce.Stats()
	s.Sandbox.GoHighLevel.ResetStats()
	people := 40
	// Without a webhookId what is delivered again is known by its content.
	for round, anonymous := range []bool{false, true} {
		faults := poor()
		faults.NoWebhookID = anonymous
		if err := s.Sandbox.GoHighLevel.SetWebhookFaults(faults); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			s.change(t, s.pair(t, i), map[string]any{"city": fmt.Sprintf("Springfield %d", round)})
			s.change(t, s.pair(t, 10+i), map[string]any{"tags": []string{"vip", fmt.Sprintf("round %d", round)}})
			s.Sandbox.GoHighLevel.Create(newcomer(round*10 + i))
			people++
		}
		s.eventually(t, func() bool { return len(s.inSalesforce()) == people })
		s.quiet(t)
	}
	if n := s.mustAgree(t); n != people {
		t.Errorf("there are %d people, want %d", n, people)
	}
	hooks := s.Sandbox.GoHighLevel.WebhookStats()
	t.Logf("%+v", hooks)
	if hooks.Dropped == 0 || hooks.Duplicated == 0 || hooks.Forged == 0 {
		t.Errorf("the webhooks were not bad enough: %+v", hooks)
	}
	if !maps.Equal(hooks.ForgedByStatus, map[int]int{http.StatusUnauthorized: hooks.Forged}) {
		t.Errorf("forged webhooks were answered with %v", hooks.ForgedByStatus)
	}
	if created := s.Sandbox.Salesforce.Stats().Creates - written.Creates; created != 20 {
		t.Errorf("%d contacts were created in Salesforce, want 20", created)
	}
	counts, err := s.Store.Count(t.Context(), connection, record.Contact, "")
	if err != nil {
		t.Fatal(err)
	}
	if n := counts.States[record.LinkInStep]; n != people || len(counts.States) != 1 {
		t.Errorf("the links are %v, want %d in step", counts.States, people)
	}
	if state, err := s.Store.Live(t.Context(), connection); err != nil || !state.On() {
		t.Errorf("the connection is %+v, %v: a forged uninstall was believed", state, err)
	}
	after := s.heard(t)
	announced, swept := after.Announced-before.Announced, after.Swept-before.Swept
	t.Logf("%d changes announced, %d swept", announced, swept)
	if swept == 0 {
		t.Error("the meter says that webhooks told of everything")
	}
	if events := int64(hooks.Events); announced == 0 || announced > events || announced+swept < events {
		t.Errorf("the meter counts %d changes announced and %d swept, there were %d", announced, swept, events)
	}

	t.Run("ReplayedOnesChangeNothing", func(t *testing.T) {
		ghl, sf := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
		if n := s.Sandbox.GoHighLevel.Replay(began); n != hooks.Events {
			t.Errorf("%d webhooks were replayed, want %d", n, hooks.Events)
		}
		if err := s.Sandbox.GoHighLevel.DrainWebhooks(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.quiet(t)
		after, afterSF := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
		if after.Created != ghl.Created || after.Updated != ghl.Updated || afterSF.Creates != sf.Creates || afterSF.Updates != sf.Updates {
			t.Errorf("a replay wrote: GoHighLevel %+v then %+v, Salesforce %+v then %+v", ghl, after, sf, afterSF)
		}
	})
}

// newcomer is somebody whom no generated person is.
func newcomer(nth int) gohighleveltest.Contact {
	return gohighleveltest.Contact{
		FirstName: "Nell", LastName: fmt.Sprintf("Newcomer %d", nth), Email: fmt.Sprintf("nell.%d@example.com", nth),
		Phone: fmt.Sprintf("+1212230%04d", nth), Country: "US",
	}
}

// heard adds the meter of GoHighLevel's changes up.
func (s *system) heard(t testing.TB) (sum record.Heard) {
	t.Helper()
	meter, err := s.Store.Heard(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range meter {
		if h.Side == record.GoHighLevel {
			sum.Announced += h.Announced
			sum.Swept += h.Swept
		}
	}
	return sum
}
