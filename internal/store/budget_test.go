package store_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var _ budget.Leaser = (*store.Store)(nil)

func TestNoWindowHoldsMoreGrantsThanTheLimitHoweverManyLease(t *testing.T) {
	s, conn := newStore(t)
	const owners, handful, limit = 30, 3, 40
	const window = 500 * time.Millisecond
	// The log holds the last window only: the test keeps all that was ever in it. No two grants have the same time.
	_, err := conn.Exec(t.Context(), `
		CREATE TABLE granted (at bigint PRIMARY KEY);
		CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO granted SELECT unnest(NEW.grants) ON CONFLICT DO NOTHING;
			RETURN NULL;
		END $$;
		CREATE TRIGGER keep AFTER UPDATE ON budget_windows FOR EACH ROW EXECUTE FUNCTION keep()`)
	require.NoError(t, err)
	var group errgroup.Group
	var granted atomic.Int64
	for owner := range owners {
		lane := crm.Lanes[owner%len(crm.Lanes)]
		group.Go(func() error {
			for granted.Load() < 5*limit {
				slots, again, err := s.LeaseSlots(context.Background(), acme, record.GoHighLevel, lane, handful, limit, window)
				if err != nil {
					return err
				}
				granted.Add(int64(len(slots)))
				if len(slots) == 0 {
					<-time.After(min(again, window)) // when the ledger says that it is worth asking again
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())

	rows, err := conn.Query(t.Context(), `SELECT at FROM granted ORDER BY at`)
	require.NoError(t, err)
	grants, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	require.EqualValues(t, granted.Load(), len(grants))
	for i := limit; i < len(grants); i++ {
		require.GreaterOrEqual(t, grants[i]-grants[i-limit], window.Microseconds())
	}
}

func TestSlotsBeyondTheLimitAreNotGrantedInAdvance(t *testing.T) {
	s, _ := newStore(t)
	lease := func(side record.Side, n int) ([]time.Duration, time.Duration) {
		slots, again, err := s.LeaseSlots(t.Context(), acme, side, crm.LaneLive, n, 2, time.Hour)
		require.NoError(t, err)
		return slots, again
	}
	slots, _ := lease(record.GoHighLevel, 5)
	require.Len(t, slots, 2)
	require.Less(t, slots[1], time.Millisecond)
	slots, again := lease(record.GoHighLevel, 5)
	require.Empty(t, slots)
	require.Positive(t, again)
	slots, _ = lease(record.Salesforce, 1)
	require.Len(t, slots, 1, "the other side has an allowance of its own")

	for _, wrong := range []struct {
		lane     crm.Lane
		n, limit int
	}{{crm.LaneLive, 0, 2}, {crm.LaneLive, 1, 0}, {"fast", 1, 2}} {
		_, _, err := s.LeaseSlots(t.Context(), acme, record.GoHighLevel, wrong.lane, wrong.n, wrong.limit, time.Hour)
		require.Error(t, err)
	}
}

func TestARefusalSlowsItsConnectionDownAndNoOther(t *testing.T) {
	s, _ := newStore(t)
	addConnection(t, s, "other")
	require.NoError(t, s.PauseSlots(t.Context(), acme, record.GoHighLevel, 2*time.Hour))
	require.NoError(t, s.PauseSlots(t.Context(), acme, record.GoHighLevel, time.Hour))
	slots, again, err := s.LeaseSlots(t.Context(), acme, record.GoHighLevel, crm.LaneLive, 1, 2, time.Second)
	require.NoError(t, err)
	require.Empty(t, slots)
	require.Greater(t, again, time.Hour, "the longer pause stays")
	for _, other := range []struct {
		connection string
		side       record.Side
	}{{"other", record.GoHighLevel}, {acme, record.Salesforce}} {
		slots, _, err := s.LeaseSlots(t.Context(), other.connection, other.side, crm.LaneVerify, 1, 2, time.Second)
		require.NoError(t, err)
		require.Len(t, slots, 1)
	}
	standing, err := s.Standing(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.Greater(t, standing.Paused, time.Hour)
	all, err := s.Allowances(t.Context(), acme)
	require.NoError(t, err)
	require.True(t, all[0].PausedUntil.After(time.Now().Add(time.Hour)))
	require.Less(t, all[0].Rate, 1.0)
	require.Zero(t, all[1].PausedUntil)
	require.EqualValues(t, 1, all[1].Rate)
}

func TestCallsAreCountedByDaySideAndLane(t *testing.T) {
	s, _ := newStore(t)
	today, err := s.AddUsage(t.Context(), acme, record.GoHighLevel, crm.LaneBackfill, 3)
	require.NoError(t, err)
	require.EqualValues(t, 3, today)
	today, err = s.AddUsage(t.Context(), acme, record.GoHighLevel, crm.LaneLive, 4)
	require.NoError(t, err)
	require.EqualValues(t, 7, today)
	today, err = s.AddUsage(t.Context(), acme, record.Salesforce, crm.LaneLive, 0)
	require.NoError(t, err)
	require.Zero(t, today)

	rows, err := s.Usage(t.Context(), acme)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, store.UsageRow{Day: rows[0].Day, Side: record.GoHighLevel, Lane: crm.LaneBackfill, Calls: 3}, rows[0])
	require.Equal(t, crm.LaneLive, rows[1].Lane)
}

func TestWhatTheVendorSaysOfTheDayIsKeptForAllWorkers(t *testing.T) {
	s, _ := newStore(t)
	standing, err := s.Standing(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.Equal(t, budget.Standing{Limit: -1, Remaining: -1, Ago: -time.Second}, standing)

	require.NoError(t, s.RecordDaily(t.Context(), acme, record.GoHighLevel, 200_000, 500))
	require.NoError(t, s.RecordDaily(t.Context(), acme, record.GoHighLevel, -1, 400))
	_, err = s.AddUsage(t.Context(), acme, record.GoHighLevel, crm.LaneHuman, 7)
	require.NoError(t, err)
	standing, err = s.Standing(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.GreaterOrEqual(t, standing.Ago, time.Duration(0))
	standing.Ago = 0
	require.Equal(t, budget.Standing{Used: 7, Limit: 200_000, Remaining: 400}, standing)

	all, err := s.Allowances(t.Context(), acme)
	require.NoError(t, err)
	require.False(t, all[0].SaidAt.IsZero())
	all[0].SaidAt = time.Time{}
	require.Equal(t, []store.Allowance{
		{Side: record.GoHighLevel, Today: map[crm.Lane]int64{crm.LaneHuman: 7}, DailyLimit: 200_000, DailyRemaining: 400, Rate: 1},
		{Side: record.Salesforce, Today: map[crm.Lane]int64{}, DailyLimit: -1, DailyRemaining: -1, Rate: 1},
	}, all)
}

// BenchmarkLease leases as thirty workers do that share one connection.
func BenchmarkLease(b *testing.B) {
	s, _ := newStore(b)
	var granted, asked atomic.Int64
	b.SetParallelism(15)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			slots, _, err := s.LeaseSlots(context.Background(), acme, record.GoHighLevel, crm.LaneBackfill, 10, 100, 100*time.Millisecond)
			if err != nil {
				b.Error(err)
				return
			}
			asked.Add(1)
			granted.Add(int64(len(slots)))
		}
	})
	b.ReportMetric(float64(asked.Load())/b.Elapsed().Seconds(), "leases/s")
	b.ReportMetric(float64(granted.Load())/float64(asked.Load()), "slots/lease")
}
