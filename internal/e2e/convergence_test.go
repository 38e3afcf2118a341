package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// seedVariable repeats the deeds of an earlier run.
	seedVariable = "TANDEM_SEED"
	// deedsDone is how much people do.
	deedsDone = 280
	// lag is how late Salesforce shows a row, and GoHighLevel's index a contact.
	lag = 300 * time.Millisecond
	// calmWithin is how long the work that is left may take, with all that a killed worker had under way and times out.
	calmWithin = 2 * time.Minute
)

// converging are rules under which deletions travel without being asked about, and nothing is slow.
const converging = `  deletions: {gohighlevel: propagate, salesforce: propagate, surge: {count: 10000, share: 1, window: 1h}}
live:
  record_lane_max: 8
  sweeps: {fastest: 300ms, slowest: 1s, gohighlevel_overlap: 5s, salesforce_overlap: 5s, margin: 1s, compare: 10s, stale_after: 30s}
`

// TestConvergence lets people do whatever comes to their minds on both sides at once, while both vendors and all of Tandem's
// own parts have a bad day. When they stop, both sides agree, nobody is doubled, nobody writes any more, and whatever Tandem
// replaced or took away is in the journal.
func TestConvergence(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv(seedVariable), 10, 64); err == nil {
		seed = given
	}
	for _, c := range []struct {
		name      string
		noMarkers bool
	}{{"with markers", false}, {"without markers", true}} {
		t.Run(c.name, func(t *testing.T) { converge(t, seed, c.noMarkers) })
	}
}

func converge(t *testing.T, seed uint64, noMarkers bool) {
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
	s.connect(t, func(o *sandbox.RulesOptions) {
		o.IndexLag, o.NoMarkers, o.Extra, o.Requests, o.Window = lag, noMarkers, converging, 1000, time.Second
	})
	crew := &workers{system: s, random: random, tapes: tapes, struck: make(chan error, 10)}
	crew.start(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	for _, side := range record.Sides {
		tapes[side].begin()
	}

	people := &doers{system: s, ctx: t.Context(), tapes: tapes, done: map[string]int{}, idle: map[string]int{}}
	s.badDay(true)
	began := time.Now()
	for i, x := range drawDeeds(random, deedsDone) {
		people.do(t, x)
		crew.revive(t)
		crew.at(t, i)
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

	a := &account{system: s, seed: seed, tapes: tapes, ledger: s.readLedger(t), taken: bench.taken}
	a.mustBeQuiet(t, late, since)
	a.mustAddUp(t)
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

// workers are the two workers that are kept running.
type workers struct {
	*system
	random *rand.Rand
	tapes  map[record.Side]*tape
	alive  [2]*devstack.Process
	struck chan error // told when all were killed in the middle of a write
	victim int        // who was killed last
	killed int        // one by one
	amid   int        // in the middle of a write
}

func (w *workers) start(t *testing.T) {
	t.Helper()
	for i := range w.alive {
		w.alive[i] = w.startWorker(t)
	}
}

// at does what is to happen after so many deeds. What a killed worker had under way times out before it is taken up again,
// so that between the kills amid the writes there is time in which things go on.
func (w *workers) at(t *testing.T, deed int) {
	t.Helper()
	switch {
	case deed == 15, deed == 60, deed == 110:
		w.killAmid()
	case deed >= 160 && deed%15 == 0:
		w.kill(t)
		switch deed {
		case 195:
			w.restart(t, w.Temporal)
		case 240:
			w.restart(t, w.Postgres)
		}
		w.alive[w.victim] = w.startWorker(t)
	}
}

// killAmid kills all workers with SIGKILL in the instant in which a vendor has done what one of them asked for and has not
// answered.
func (w *workers) killAmid() {
	w.tapes[record.Sides[w.random.IntN(2)]].onWrite(func() { w.struck <- errors.Join(w.alive[0].Kill(), w.alive[1].Kill()) })
}

// kill kills a worker with SIGKILL, whatever it does.
func (w *workers) kill(t *testing.T) {
	t.Helper()
	w.victim = w.random.IntN(len(w.alive))
	if err := w.alive[w.victim].Kill(); err != nil {
		t.Fatal(err)
	}
	w.killed++
}

// restart kills a part of the stack with SIGKILL and starts it again.
func (w *workers) restart(t *testing.T, part interface {
	Kill() error
	Restart(context.Context) error
}) {
	t.Helper()
	if err := part.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := part.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// revive starts workers again that were struck in the middle of a write.
func (w *workers) revive(t *testing.T) {
	t.Helper()
	for i, one := range w.alive {
		if err := one.Err(); err != nil {
			t.Logf("a worker ended by itself, as one that starts while Temporal does not answer: %v", err)
			w.alive[i] = w.startWorker(t)
		}
	}
	select {
	case err := <-w.struck:
		if err != nil {
			t.Fatal(err)
		}
		w.amid++
		w.start(t)
	default:
	}
}

// rest ends the kills.
func (w *workers) rest(t *testing.T) {
	t.Helper()
	for _, side := range w.tapes {
		side.onWrite(nil)
	}
	w.revive(t)
}

// calm waits until nothing is pending or announced and no run is open but those that wait for people.
func (s *system) calm(t *testing.T, seed uint64) {
	t.Helper()
	began, quiet, state := time.Now(), 0, ""
	for quiet < 4 {
		if time.Since(began) > calmWithin {
			t.Fatalf("seed %d: it never became calm: %s%s", seed, state, s.stuck(t.Context()))
		}
		var idle bool
		if idle, state = s.idle(t.Context()); idle {
			quiet++
		} else {
			quiet = 0
		}
		<-time.After(400 * time.Millisecond) // the pace of asking
	}
	t.Logf("calm after %s", time.Since(began).Round(time.Second))
}

func (s *system) idle(ctx context.Context) (idle bool, state string) {
	marks, err := s.waitingMarks(ctx)
	if err != nil {
		return false, err.Error()
	}
	if marks > 0 {
		return false, strconv.Itoa(marks) + " changes are pending or announced"
	}
	open, err := s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: `ExecutionStatus = 'Running' AND WorkflowType IN ('SyncChanges', 'BulkSync')`,
	})
	if err != nil {
		return false, err.Error()
	}
	return open.Count == 0, strconv.FormatInt(open.Count, 10) + " runs are open"
}

// writesAfterASweep counts what is written while both sides are swept several times over, after one sweep of both.
func (s *system) writesAfterASweep(t *testing.T, seed uint64) (n int, since time.Time) {
	t.Helper()
	writes := func() int {
		g, f := s.Sandbox.GoHighLevel.Stats(), s.Sandbox.Salesforce.Stats()
		return g.Created + g.Updated + g.Deleted + f.Creates + f.Updates + f.Deletes
	}
	s.sweep(t, seed, 1)
	before, since := writes(), time.Now()
	s.sweep(t, seed, 5)
	return writes() - before, since
}

// compared waits until each link has had its turn in the rotating comparison.
func (s *system) compared(t *testing.T, seed uint64) {
	t.Helper()
	rounds := func() (at time.Time) {
		db, err := pgx.Connect(t.Context(), s.State.DatabaseURL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close(t.Context()) }() // it was only read
		if err := db.QueryRow(t.Context(), `SELECT coalesce(max(compared_at), 'epoch') FROM sweeps`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	for began, first := time.Now(), rounds(); !rounds().After(first); <-time.After(300 * time.Millisecond) { // the pace of asking
		if time.Since(began) > calmWithin {
			t.Fatalf("seed %d: the comparison did not come round%s", seed, s.stuck(t.Context()))
		}
	}
}

// sweep waits until both sides have been swept so many times more.
func (s *system) sweep(t *testing.T, seed uint64, times int) {
	t.Helper()
	for range times {
		swept := func() map[record.Side]time.Time {
			out := map[record.Side]time.Time{}
			fresh, err := s.Store.Freshness(t.Context(), connection)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fresh {
				out[f.Side] = f.SucceededAt
			}
			return out
		}
		before, began := swept(), time.Now()
		for now := before; !now[record.GoHighLevel].After(before[record.GoHighLevel]) || !now[record.Salesforce].After(before[record.Salesforce]); now = swept() {
			if time.Since(began) > calmWithin {
				t.Fatalf("seed %d: a sweep did not come round: %v%s", seed, now, s.stuck(t.Context()))
			}
			<-time.After(100 * time.Millisecond) // the pace of asking
		}
	}
}
