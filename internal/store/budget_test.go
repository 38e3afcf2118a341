package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var _ budget.Leaser = (*store.Store)(nil)

func TestNoWindowHoldsMoreGrantsThanTheLimitHoweverManyLease(t *testing.T) {
	s, conn := newStore(t)
	const owners, leases, handful, limit = 30, 15, 3, 40
	const window = 10 * time.Second
	// The log holds the last grants only: the test keeps what each lease added to it, in order.
	_, err := conn.Exec(t.Context(), `
		CREATE TABLE granted (n bigint GENERATED ALWAYS AS IDENTITY, at bigint);
		CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO granted (at) SELECT g FROM unnest(NEW.grants) WITH ORDINALITY AS u (g, i)
			WHERE i > cardinality(NEW.grants) - 3 ORDER BY i;
			RETURN NULL;
		END $$;
		CREATE TRIGGER keep AFTER UPDATE ON budget_windows FOR EACH ROW EXECUTE FUNCTION keep()`)
	require.NoError(t, err)
	var group errgroup.Group
	for range owners {
		group.Go(func() error {
			for range leases {
				if _, err := s.LeaseSlots(context.Background(), acme, record.GoHighLevel, handful, limit, window); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())

	rows, err := conn.Query(t.Context(), `SELECT at FROM granted ORDER BY n`)
	require.NoError(t, err)
	grants, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	require.Len(t, grants, owners*leases*handful)
	require.True(t, slices.IsSorted(grants))
	for i := limit; i < len(grants); i++ {
		require.GreaterOrEqual(t, grants[i]-grants[i-limit], window.Microseconds())
	}
}

func TestSlotsBeyondTheLimitLieAWindowAhead(t *testing.T) {
	s, _ := newStore(t)
	const window = 10 * time.Second
	delays, err := s.LeaseSlots(t.Context(), acme, record.GoHighLevel, 5, 2, window)
	require.NoError(t, err)
	const step = window + 50*time.Millisecond
	require.Equal(t, []time.Duration{0, 0, step, step, 2 * step}, delays)

	other, err := s.LeaseSlots(t.Context(), acme, record.Salesforce, 1, 2, window)
	require.NoError(t, err)
	require.Equal(t, []time.Duration{0}, other, "the other side has an allowance of its own")
	_, err = s.LeaseSlots(t.Context(), acme, record.GoHighLevel, 0, 2, window)
	require.Error(t, err)
}

func TestAPauseHoldsBackSlotsAndALongerOneStays(t *testing.T) {
	s, _ := newStore(t)
	require.NoError(t, s.PauseSlots(t.Context(), acme, record.GoHighLevel, 2*time.Hour))
	require.NoError(t, s.PauseSlots(t.Context(), acme, record.GoHighLevel, time.Hour))
	delays, err := s.LeaseSlots(t.Context(), acme, record.GoHighLevel, 1, 2, time.Second)
	require.NoError(t, err)
	require.Greater(t, delays[0], time.Hour)
}

func TestCallsAreCountedByDaySideAndLane(t *testing.T) {
	s, _ := newStore(t)
	today, err := s.AddUsage(t.Context(), acme, record.GoHighLevel, "backfill", 3)
	require.NoError(t, err)
	require.EqualValues(t, 3, today)
	today, err = s.AddUsage(t.Context(), acme, record.GoHighLevel, "live", 4)
	require.NoError(t, err)
	require.EqualValues(t, 7, today)
	today, err = s.AddUsage(t.Context(), acme, record.Salesforce, "live", 0)
	require.NoError(t, err)
	require.Zero(t, today)

	rows, err := s.Usage(t.Context(), acme)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, store.UsageRow{Day: rows[0].Day, Side: record.GoHighLevel, Lane: "backfill", Calls: 3}, rows[0])
	require.Equal(t, "live", rows[1].Lane)
}

func TestWhatTheVendorSaysIsLeftOfTheDayIsKept(t *testing.T) {
	s, _ := newStore(t)
	_, at, err := s.DailyRemaining(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.Zero(t, at)
	for _, n := range []int{500, 0} {
		require.NoError(t, s.RecordDailyRemaining(t.Context(), acme, record.GoHighLevel, n))
		remaining, at, err := s.DailyRemaining(t.Context(), acme, record.GoHighLevel)
		require.NoError(t, err)
		require.Equal(t, n, remaining)
		require.NotZero(t, at)
	}
}
