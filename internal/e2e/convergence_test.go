package e2e

import (
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// seedVariable repeats the deeds of an earlier run, or draws new ones where it is "random". Who changes something else
	// should not have to find out what a new draw has found.
	seedVariable = "TANDEM_SEED"
	usualSeed    = 5
	// deedsDone is how much people do, and usualDeeds where no seed is asked for, as in the suite.
	deedsDone  = 280
	usualDeeds = 140
	// lag is how late Salesforce shows a row, and GoHighLevel's index a contact.
	lag = 300 * time.Millisecond
	// calmWithin is how long the work that is left may take, with all that a killed worker had under way and times out.
	calmWithin = 2 * time.Minute
)

// converging are rules under which deletions travel without being asked about, and nothing is slow.
func converging(calendar string, noMarkers bool) string {
	const deletions = "  deletions: {gohighlevel: propagate, salesforce: propagate, surge: {count: 10000, share: 1, window: 1h}}\n"
	rules := deletions + "notes:\n  enabled: true\n" + deletions
	for _, section := range []string{"tasks:\n", "appointments:\n  create: both\n  no_show: delete\n  calendar: " + calendar + "\n"} {
		rules += section + "  enabled: true\n" + deletions
		if !noMarkers {
			rules += "  external_id_field: " + sandbox.ExternalIDField + "\n"
		}
	}
	return rules + `note_to_task: {enabled: true, mark_done: true}
live:
  record_lane_max: 8
  sweeps: {fastest: 300ms, slowest: 1s, gohighlevel_overlap: 5s, salesforce_overlap: 5s, margin: 1s, compare: 10s, stale_after: 30s}
`
}

// TestConvergence lets people do whatever comes to their minds on both sides at once, while both vendors and all of Tandem's
// own parts have a bad day. When they stop, both sides agree, nobody is doubled, nobody writes any more, and whatever Tandem
// replaced or took away is in the journal.
func TestConvergence(t *testing.T) {
	seed, deeds := uint64(usualSeed), deedsDone
	if os.Getenv(seedVariable) == "" {
		deeds = usualDeeds
	}
	if given, err := strconv.ParseUint(os.Getenv(seedVariable), 10, 64); err == nil {
		seed = given
	} else if os.Getenv(seedVariable) == "random" {
		seed = uint64(time.Now().UnixNano())
	}
	for _, c := range []struct {
		name      string
		noMarkers bool
	}{{"with markers", false}, {"without markers", true}} {
		t.Run(c.name, func(t *testing.T) { converge(t, seed, deeds, c.noMarkers) })
	}
}

func converge(t *testing.T, seed uint64, deeds int, noMarkers bool) {
	t.Logf("seed %d: repeat it with %s=%d", seed, seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 7))
	tapes := map[record.Side]*tape{
		record.GoHighLevel: {side: record.GoHighLevel, reads: goHighLevelReads, writes: goHighLevelWrites},
		record.Salesforce:  {side: record.Salesforce, lag: lag + time.Second, reads: salesforceReads, writes: salesforceWrites},
	}
	s := newSystem(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{IndexLag: lag, BurstWindow: time.Second, Seed: seed},
		Salesforce:  salesforcetest.Options{VisibilityLag: lag, VisibilityLagRate: 0.2, Seed: seed},
	}, func(o *stack.Options) {
		validate := o.WatchGoHighLevel
		o.WatchGoHighLevel = func(h http.Handler) http.Handler { return tapes[record.GoHighLevel].watch(validate(h)) }
		o.WatchSalesforce = tapes[record.Salesforce].watch
	})
	tapes[record.GoHighLevel].look, tapes[record.Salesforce].look = s.goHighLevelNow, s.salesforceNow
	s.Sandbox.Fill(sandbox.People{Both: 40, OnlyGoHighLevel: 10, OnlySalesforce: 10, Seed: seed})
	calendar := s.Sandbox.GoHighLevel.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	s.connect(t, func(o *sandbox.RulesOptions) {
		o.IndexLag, o.NoMarkers, o.Extra, o.Requests, o.Window = lag, noMarkers, converging(calendar, noMarkers), 1000, time.Second
	})
	crew := &workers{system: s, random: random, tapes: tapes, struck: make(chan error, 10)}
	crew.start(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	for _, side := range record.Sides {
		tapes[side].begin()
	}

	people := &doers{system: s, ctx: t.Context(), tapes: tapes, calendar: calendar, done: map[string]int{}, idle: map[string]int{}}
	s.badDay(true)
	began := time.Now()
	for i, x := range drawDeeds(random, deeds) {
		people.do(t, x)
		crew.revive(t)
		crew.at(t, i, deeds)
		<-time.After(x.pause) // the pace of people
	}
	t.Logf("in %s people did %v and could not do %v; a worker was killed %d times, and all of them %d times in the middle of a write",
		time.Since(began).Round(time.Second), people.done, people.idle, crew.killed, crew.amid)
	for _, side := range record.Sides {
		t.Logf("until then the API changed %d values in %s", tapes[side].byAPI(), side)
	}
	crew.rest(t)
	s.badDay(false)
	if err := s.Sandbox.GoHighLevel.DrainWebhooks(t.Context()); err != nil {
		t.Fatal(err)
	}

	bench := &judges{system: s, random: random, taken: map[int64][]record.Choice{}, made: map[string]int{}}
	s.calm(t, seed)
	s.compared(t, seed) // finds what nothing told of
	s.calm(t, seed)
	const rounds = 12
	for round := 0; bench.decideAll(t) > 0; round++ {
		if round == rounds {
			t.Fatalf("seed %d: there were still reviews to decide after %d rounds: %v", seed, rounds, bench.made)
		}
		s.calm(t, seed)
	}
	t.Logf("people decided %v", bench.made)
	late, since := s.writesAfterASweep(t, seed)

	a := &account{
		system: s, seed: seed, tapes: tapes, ledger: s.readLedger(t), taken: bench.taken,
		now: map[record.Side]shown{record.GoHighLevel: s.goHighLevelNow(), record.Salesforce: s.salesforceNow()},
	}
	a.mustBeQuiet(t, late, since)
	a.mustAddUp(t)
	for _, kind := range belongings {
		a.mustAddUpBelongings(t, kind)
	}
	a.mustHaveBecomeTasks(t)
	a.mustHaveGone(t, people.deleted)
	a.mustKeepWhatWasReplaced(t)
	if a.wrong > 0 {
		t.Errorf("seed %d: %d things are wrong in all", seed, a.wrong)
	}
}

// badDay turns on, or off, what vendors do to their clients on a bad day.
func (s *system) badDay(on bool) {
	if !on {
		s.Sandbox.GoHighLevel.SetFaults(nil)
		s.Sandbox.Salesforce.SetFaults(nil)
		s.Sandbox.GoHighLevel.SetWebhookFaults(gohighleveltest.WebhookFaults{})
		return
	}
	s.Sandbox.GoHighLevel.SetFaults(chaos())
	s.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{{Kind: "500", Rate: 0.05}, {Kind: "429", Rate: 0.05}, {Kind: "cut_after", Rate: 0.02}})
	s.Sandbox.GoHighLevel.SetWebhookFaults(gohighleveltest.WebhookFaults{
		Drop: 0.15, Duplicate: 0.1, Reorder: gohighleveltest.Duration(lag), Backoff: gohighleveltest.Duration(500 * time.Millisecond),
	})
}
