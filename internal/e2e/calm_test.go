package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
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
