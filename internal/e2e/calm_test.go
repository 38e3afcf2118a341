package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

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
		n := g.Created + g.Updated + g.Deleted + f.Creates + f.Updates + f.Deletes
		for _, kind := range []gohighleveltest.Changes{g.Tasks, g.Notes, g.Appointments} {
			n += kind.Created + kind.Updated + kind.Deleted
		}
		return n
	}
	s.sweep(t, seed, 1)
	before, since := writes(), time.Now()
	s.sweep(t, seed, 5)
	return writes() - before, since
}

// compared waits until each link has had its turn in the rotating comparisons, of which GoHighLevel's notes need no other
// than their polls.
func (s *system) compared(t *testing.T, seed uint64) {
	t.Helper()
	s.eachSweep(t, seed, "compared", `
		SELECT kind || ' of ' || side, coalesce(CASE WHEN kind = 3 AND side = 1 THEN swept_to ELSE compared_at END, 'epoch')
		FROM sweeps WHERE side = 1 AND kind IN (1, 3, 4) OR side = 2 AND kind = 3`)
}

// sweep waits until both sides have been swept so many times more, for each kind.
func (s *system) sweep(t *testing.T, seed uint64, times int) {
	t.Helper()
	for range times {
		s.eachSweep(t, seed, "swept", `SELECT kind || ' of ' || side, coalesce(succeeded_at, 'epoch') FROM sweeps`)
	}
}

// eachSweep waits until the times that a query tells of sweeps are all later than they were.
func (s *system) eachSweep(t *testing.T, seed uint64, what, query string) {
	t.Helper()
	times := func() map[string]time.Time {
		db, err := pgx.Connect(t.Context(), s.State.DatabaseURL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close(t.Context()) }() // it was only read
		rows, err := db.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		out, name, at := map[string]time.Time{}, "", time.Time{}
		if _, err := pgx.ForEachRow(rows, []any{&name, &at}, func() error { out[name] = at; return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := times()
	for began := time.Now(); len(before) > 0; <-time.After(100 * time.Millisecond) { // the pace of asking
		for name, at := range times() {
			if at.After(before[name]) {
				delete(before, name)
			}
		}
		if time.Since(began) > calmWithin {
			t.Fatalf("seed %d: these were not %s again: %v%s", seed, what, before, s.stuck(t.Context()))
		}
	}
}
