package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestMarksOfOneRecordCoalesce(t *testing.T) {
	s, conn := newLiveStore(t)
	mark(t, s, ghl("a", "a", "b")...)
	mark(t, s, ghl("a")...)
	mark(t, s, sf("a")...)
	require.Equal(t, 3, number(t, conn, `SELECT count(*) FROM announced`))
	require.Len(t, plan(t, s, 10).Record, 3)
	require.Zero(t, number(t, conn, `SELECT count(*) FROM announced`))
}

func TestAMarkOfLinkedRecordsOnlyIsWidenedAndNeverNarrowed(t *testing.T) {
	only := record.Mark{Side: record.GoHighLevel, RecordID: "a", OnlyLinked: true}
	for name, calls := range map[string][][]record.Mark{
		"widened later":     {{only}, ghl("a")},
		"not narrowed":      {ghl("a"), {only}},
		"within one call":   {append(ghl("a"), only)},
		"the other way":     {append([]record.Mark{only}, ghl("a")...)},
		"widened, narrowed": {{only}, ghl("a"), {only}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newLiveStore(t)
			for _, marks := range calls {
				mark(t, s, marks...)
			}
			require.Len(t, plan(t, s, 10).Record, 1)
		})
	}
	s, conn := newLiveStore(t)
	known := half(t, s, record.GoHighLevel, "known")
	mark(t, s, only, record.Mark{Side: record.GoHighLevel, RecordID: "known", OnlyLinked: true})
	require.Equal(t, []int64{known}, plan(t, s, 10).Record, "what no link holds stays without effect")
	require.Nil(t, linkOf(t, s, record.GoHighLevel, "a"))
	require.Zero(t, number(t, conn, `SELECT count(*) FROM announced`))
}

func TestTheBellRingsOnceUntilItIsSilenced(t *testing.T) {
	s, _ := newLiveStore(t)
	require.False(t, mark(t, s), "nothing was marked")
	require.True(t, mark(t, s, ghl("a")...))
	require.False(t, mark(t, s, ghl("a")...))
	require.False(t, mark(t, s, ghl("b")...))
	plan(t, s, 10)
	require.True(t, mark(t, s, ghl("c")...))
}

func TestNothingIsPlannedWhileAConnectionIsNotLive(t *testing.T) {
	s, conn := newStore(t)
	mark(t, s, ghl("a")...)
	for _, set := range []string{
		`state = 'active', live_since = NULL`, `state = 'paused', live_since = now()`, `state = 'uninstalled', live_since = now()`,
	} {
		exec(t, conn, `UPDATE connections SET `+set)
		require.Equal(t, record.ChangesPlan{}, plan(t, s, 10))
		require.False(t, mark(t, s, ghl("a")...), "nobody has silenced the bell: a busy location wakes no run in vain")
	}
	require.Equal(t, 1, number(t, conn, `SELECT count(*) FROM announced`))
	require.Empty(t, links(t, s, acme))
	exec(t, conn, `UPDATE connections SET state = 'active', live_since = now()`)
	require.Len(t, plan(t, s, 10).Record, 1)
}

func TestFewChangesGoOneByOneAndMoreGoInBulk(t *testing.T) {
	s, conn := newLiveStore(t)
	mark(t, s, ghl("a", "b", "c")...)
	few := plan(t, s, 3)
	require.Len(t, few.Record, 3)
	require.True(t, few.Whole, "there is nothing else")
	require.Equal(t, record.ChangesPlan{Live: true, Record: []int64{}, Bulk: 3}, plan(t, s, 2))
	require.Equal(t, record.ChangesPlan{Live: true, Record: few.Record[1:], Whole: true}, plan(t, s, 2, few.Record[0]), "one is begun already")
	require.Equal(t, 2, plan(t, s, 1, few.Record[0]).Bulk, "of the others")

	c := claim(t, s, "bulk", 2)
	held := ids(c)
	left := plan(t, s, 3).Record
	require.Len(t, left, 1, "what somebody works on is left out")
	require.NotContains(t, held, left[0])
	exec(t, conn, `UPDATE pending SET claimed_until = now() - interval '1 second' WHERE token IS NOT NULL`)
	require.Len(t, plan(t, s, 3).Record, 3, "whose claim has run out is not")
	require.Equal(t, 3, plan(t, s, 2).Bulk)

	require.NoError(t, s.HandOver(t.Context(), c.Token, held[1:]))
	require.Equal(t, held[1], plan(t, s, 3).Record[0], "what was handed over comes first")
	require.Equal(t, record.ChangesPlan{Live: true, Record: held[1:], Bulk: 2}, plan(t, s, 2), "what was handed over is not the bulk lane's")
	require.Empty(t, plan(t, s, 1, held[1]).Record, "nor anybody's who has begun it")

	require.NoError(t, s.HandOver(t.Context(), claim(t, s, "bulk", 9).Token, held[:1]))
	require.NoError(t, s.HandOver(t.Context(), claim(t, s, "bulk", 9).Token, left))
	require.Equal(t, record.ChangesPlan{Live: true, Record: slices.Sorted(slices.Values(append(left, held...)))[:2]}, plan(t, s, 2),
		"when all is handed over, no bulk run is begun")
}

func TestMoreChangesThanOneTransactionTakesAreAllPlanned(t *testing.T) {
	s, _ := newLiveStore(t)
	var marks []record.Mark
	for i := range 2500 {
		marks = append(marks, ghl(fmt.Sprintf("g%d", i))...)
		marks = append(marks, sf(fmt.Sprintf("s%d", i))...)
	}
	mark(t, s, marks...)
	require.Equal(t, 5000, plan(t, s, 10).Bulk)
}

func TestWhatChangesWhileItIsSyncedStaysPending(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	mark(t, s, ghl("a")...)
	c := claimLink(t, s, plan(t, s, 10).Record[0], "run")
	mark(t, s, sf("003")...)
	require.Empty(t, plan(t, s, 10).Record, "somebody works on it")
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(id)))
	require.True(t, isPending(t, s, id))
	require.Equal(t, []int64{id}, plan(t, s, 10).Record)
}

func TestAPlanHasWhatAnotherAttemptWasTurningWhenItDied(t *testing.T) {
	s, conn := newLiveStore(t)
	mark(t, s, ghl("a", "b")...)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `SELECT FROM announced WHERE record_id = 'a' FOR UPDATE`)
	require.NoError(t, err)
	var group errgroup.Group
	var p record.ChangesPlan
	done := make(chan struct{})
	group.Go(func() (err error) {
		defer close(done)
		p, err = s.PlanChanges(context.Background(), acme, record.Kinds[1:], 10, nil)
		return err
	})
	select {
	case <-done:
	case <-waiting(t, conn):
	}
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, group.Wait())
	require.Len(t, p.Record, 2)
}

// waiting tells when a statement of the store's waits for a lock, seen from another connection than the given one.
func waiting(t *testing.T, conn *pgx.Conn) <-chan struct{} {
	watch, err := pgx.ConnectConfig(t.Context(), conn.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = watch.Close(context.Background()) })
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		var n int
		for n == 0 && watch.QueryRow(context.Background(), `
			SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n) == nil {
		}
	}()
	return seen
}

// changesRun stands for a SyncChanges run: it is woken by rings alone, repeats an attempt that was cut off, and ends when
// nothing is planned.
type changesRun struct {
	store  *store.Store
	rings  chan struct{}
	clock  *atomic.Int64
	synced sync.Map // link to the time of its last claim
}

func (r *changesRun) ring() {
	select {
	case r.rings <- struct{}{}:
	default:
	}
}

func (r *changesRun) drain(ctx context.Context, round int) error {
	for i := 0; ; i++ {
		if (round+i)%3 == 0 { // an attempt that is given up while it is still at it
			cut, cancel := context.WithTimeout(ctx, time.Duration(i%7)*time.Millisecond)
			go func() { _, _ = r.store.PlanChanges(cut, acme, record.Kinds[1:], 10_000, nil) }()
			defer cancel()
		}
		p, err := r.store.PlanChanges(ctx, acme, record.Kinds[1:], 10_000, nil)
		if err != nil || len(p.Record) == 0 {
			return err
		}
		for _, id := range p.Record {
			at := r.clock.Add(1)
			c, ok, err := r.store.ClaimLink(ctx, acme, id, "run", time.Hour)
			if errors.Is(err, record.ErrNoLink) {
				continue
			}
			if err != nil || !ok {
				return cmpErr(err, fmt.Errorf("link %d is held by somebody", id))
			}
			r.synced.Store(id, at)
			if err := r.store.Commit(ctx, c.Token, origin, inStep(id)); err != nil {
				return err
			}
		}
	}
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func TestNoMarkThatIsMadeWhileChangesArePlannedIsLost(t *testing.T) {
	s, conn := newLiveStore(t)
	var clock atomic.Int64
	run := &changesRun{store: s, rings: make(chan struct{}, 1), clock: &clock}
	const records, writers, each = 12, 8, 30
	var marked [records]atomic.Int64
	stop := make(chan struct{})
	var runner, group errgroup.Group
	runner.Go(func() error {
		for round := 0; ; round++ {
			select {
			case <-run.rings:
			case <-stop:
				select {
				case <-run.rings:
				default:
					return nil
				}
			}
			if err := run.drain(context.Background(), round); err != nil {
				return err
			}
		}
	})
	for w := range writers {
		group.Go(func() error {
			for i := range each {
				r := (w*each + i*7) % records
				at := clock.Add(1)
				ring, err := s.MarkChanged(context.Background(), acme, record.Contact,
					append(ghl(fmt.Sprintf("r%d", r)), ghl(fmt.Sprintf("r%d", (r+5)%records))...))
				if err != nil {
					return err
				}
				for _, m := range []int{r, (r + 5) % records} {
					for old := marked[m].Load(); old < at && !marked[m].CompareAndSwap(old, at); old = marked[m].Load() {
					}
				}
				if ring {
					run.ring()
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	close(stop)
	require.NoError(t, runner.Wait())
	require.Zero(t, number(t, conn, `SELECT count(*) FROM announced`), "announced, and nobody was woken")
	require.Zero(t, number(t, conn, `SELECT count(*) FROM pending`), "pending, and nobody was woken")
	for r := range records {
		last, ok := run.synced.Load(linkOf(t, s, record.GoHighLevel, fmt.Sprintf("r%d", r)).ID)
		require.True(t, ok)
		require.Greater(t, last, marked[r].Load(), "record %d changed after it was synced last", r)
	}
}
