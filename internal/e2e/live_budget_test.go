package e2e

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/workflows"
)

func TestABackfillPausesAtItsShareOfTheDayAndLeavesTheRestToPeople(t *testing.T) {
	const known, many = 10, 120
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 100 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: known, OnlySalesforce: many, Seed: 61})
	// A shorter recheck than the 30 seconds for which an activity waits would be no pause.
	small := sandbox.RulesOptions{
		Connection: connection, GoHighLevelURL: s.State.GoHighLevelURL, IndexLag: 200 * time.Millisecond,
		Daily: 160, BackfillShare: "50%", Recheck: 31 * time.Second, Extra: quick,
	}
	s.connect(t, func(r *sandbox.RulesOptions) { *r = small })
	s.startWorker(t)
	onboarding := s.start(t)
	s.eventually(t, func() bool { return strings.Contains(s.paused(t), "GoHighLevel's daily allowance") })
	stopped := s.Sandbox.GoHighLevel.Stats()
	if stopped.Created == 0 || stopped.Created >= many {
		t.Fatalf("%d of %d contacts were created before the pause", stopped.Created, many)
	}
	if stopped.Requests > 80+30 { // what was under way in all lanes
		t.Errorf("the backfill used %d of its 80 requests", stopped.Requests)
	}

	// What a person changes and syncs meanwhile goes in another lane.
	l := s.pair(t, 0)
	s.changeSalesforce(t, l, map[string]any{"MailingCity": "Springfield"})
	in := workflows.RecordSyncInput{Connection: connection, LinkID: l.ID}
	run, err := s.temporal.ExecuteWorkflow(crm.WithLane(t.Context(), crm.LaneHuman), client.StartWorkflowOptions{
		ID: workflows.ContactSyncID(in), TaskQueue: workflows.TaskQueue,
		TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioContactSync, connection),
	}, workflows.ContactSync, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if city, _ := s.city(t, l); city != "Springfield" {
		t.Errorf("the city is %q in GoHighLevel", city)
	}
	if n := s.Sandbox.GoHighLevel.Stats().Created; n != stopped.Created {
		t.Errorf("the backfill went on: %d contacts were created, then %d", stopped.Created, n)
	}

	large := small
	large.Daily = 100_000
	if _, err := s.Store.UpdateRules(t.Context(), connection, string(s.Sandbox.Rules(large)), s.Sandbox.GoHighLevel.LocationID()); err != nil {
		t.Fatal(err)
	}
	var out workflows.OnboardingResult
	if err := onboarding.Get(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if out.Verify != (workflows.VerifyAccount{InStep: known + many}) || out.Contacts.CreatedInGoHighLevel != many {
		t.Errorf("%+v", out)
	}
	if created := s.Sandbox.GoHighLevel.Stats().Created; created != many {
		t.Errorf("%d contacts were created, want %d", created, many)
	}
	s.mustAgree(t)
}

// paused returns what the onboarding, or the run that works for it, waits for; "" while it works.
func (s *system) paused(t testing.TB) string {
	t.Helper()
	p, err := s.progress(t, workflows.OnboardingID(connection))
	if err == nil && p.Child != "" {
		p, err = s.progress(t, p.Child)
	}
	if err != nil {
		return "" // it does not answer yet
	}
	return p.Paused
}

func (s *system) progress(t testing.TB, id string) (p workflows.Progress, err error) {
	t.Helper()
	answer, err := s.temporal.QueryWorkflow(t.Context(), id, "", workflows.QueryProgress)
	if err != nil {
		return p, err
	}
	return p, answer.Get(&p)
}
