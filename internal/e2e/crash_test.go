package e2e

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/workflows"
)

// kills is how often the worker is killed at least.
const kills = 20

// TestAnOnboardingSurvivesAWorkerThatIsKilledOverAndOver kills the worker with SIGKILL at random instants while both
// vendors have a bad day, lets people edit meanwhile, restarts Temporal and Postgres under it, and then holds that
// nothing is lost, doubled or overwritten.
func TestAnOnboardingSurvivesAWorkerThatIsKilledOverAndOver(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	s := newSystem(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{IndexLag: 300 * time.Millisecond, Seed: seed},
		Salesforce:  salesforcetest.Options{VisibilityLag: 300 * time.Millisecond, VisibilityLagRate: 0.05, Seed: seed},
	})
	s.Sandbox.Fill(sandbox.People{Both: 500, OnlyGoHighLevel: 500, OnlySalesforce: 500, Seed: seed})
	s.connect(t, func(o *sandbox.RulesOptions) { o.IndexLag = 500 * time.Millisecond })
	// Each call takes a while, so that there is something to be killed in the middle of.
	s.Sandbox.GoHighLevel.SetFaults(append(chaos(), gohighleveltest.Fault{Kind: gohighleveltest.FaultLatency, Latency: 60 * time.Millisecond}))
	s.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{
		{Kind: "500", Rate: 0.05}, {Kind: "429", Rate: 0.05}, {Kind: "cut_after", Rate: 0.02},
		{Kind: "latency", Latency: 150 * time.Millisecond},
	})
	edited := s.pickForEdits(20)

	worker := s.startWorker(t)
	run := s.start(t)
	finished := make(chan struct{})
	var out workflows.OnboardingResult
	var failure error
	go func() {
		defer close(finished)
		failure = run.Get(context.WithoutCancel(t.Context()), &out)
	}()
	killed := 0
	for over := false; !over; {
		pause := time.Duration(200+random.IntN(2500)) * time.Millisecond
		select {
		case <-finished:
			over = true
			continue
		case <-time.After(pause): // the random instant
		}
		if err := worker.Kill(); err != nil {
			t.Fatal(err)
		}
		killed++
		switch killed {
		case 5:
			s.edit(t, edited)
		case 8:
			if err := s.Temporal.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := s.Temporal.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 12:
			if err := s.Postgres.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := s.Postgres.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		worker = s.startWorker(t)
		if killed >= kills { // from here on it may finish
			<-finished
			over = true
		}
	}
	if failure != nil {
		t.Fatal(failure)
	}
	t.Logf("killed %d times: %+v", killed, out)
	if killed < kills {
		t.Errorf("the onboarding was over after %d kills, want at least %d", killed, kills)
	}
	s.Sandbox.GoHighLevel.SetFaults(nil)
	s.Sandbox.Salesforce.SetFaults(nil)
	if out.Verify.Drift != 0 || out.Contacts.Failed != 0 || out.Contacts.InReview != 0 {
		t.Errorf("drift, failed or in review after all: %+v", out)
	}
	if n := s.mustAgree(t); n != 1500 {
		t.Errorf("there are %d people, want 1,500", n)
	}
	s.mustKeep(t, edited)
}

// edit is what a person changed in a CRM while the onboarding ran.
type edit struct{ who, goHighLevelID, salesforceID, city string }

// pickForEdits picks people that both sides hold alike; half of them are edited on each side.
func (s *system) pickForEdits(n int) []edit {
	ghl, sf := s.inGoHighLevel(), s.inSalesforce()
	var out []edit
	for who, there := range ghl {
		if here := sf[who]; len(here) == 1 && there[0]["city"] == here[0]["city"] && there[0]["email"] == here[0]["email"] && len(out) < n {
			e := edit{who: who, city: "Edited " + who}
			if len(out)%2 == 0 {
				e.goHighLevelID = there[0]["id"]
			} else {
				e.salesforceID = here[0]["id"]
			}
			out = append(out, e)
		}
	}
	return out
}

func (s *system) edit(t testing.TB, edits []edit) {
	t.Helper()
	for _, e := range edits {
		var err error
		if e.goHighLevelID != "" {
			err = s.Sandbox.GoHighLevel.Edit(e.goHighLevelID, map[string]any{"city": e.city})
		} else {
			err = s.Sandbox.Salesforce.Edit("Contact", e.salesforceID, map[string]any{"MailingCity": e.city})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// mustKeep holds that what people edited stands, on both sides.
func (s *system) mustKeep(t testing.TB, edits []edit) {
	t.Helper()
	ghl, sf := s.inGoHighLevel(), s.inSalesforce()
	for _, e := range edits {
		if g, f := ghl[e.who][0]["city"], sf[e.who][0]["city"]; g != plain(e.city) || f != plain(e.city) {
			t.Errorf("%s was edited to %q and is %q in GoHighLevel and %q in Salesforce", e.who, e.city, g, f)
		}
	}
}
