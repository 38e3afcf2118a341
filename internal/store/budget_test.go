package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var _ budget.Leaser = (*store.Store)(nil)

func TestNoWindowHoldsMoreGrantsThanTheLimitHoweverManyLease(t *testing.T) {
	s, conn := newStore(t)
	const owners, each, limit = 30, 20, 40
	const window = 10 * time.Second
	var group errgroup.Group
	grants := make(chan []int64, owners*each)
	for range owners {
		group.Go(func() error {
			for n := range each {
				// The log holds one limit's worth of grants: what it holds right after a lease includes that lease.
				if _, err := s.LeaseSlots(context.Background(), acme, record.GoHighLevel, n%3+1, limit, window); err != nil {
					return err
				}
				var log []int64
				if err := s.Pool().QueryRow(context.Background(), `SELECT grants FROM budget_windows`).Scan(&log); err != nil {
					return err
				}
				grants <- log
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	close(grants)
	// Every lease's log is a piece of the one sequence of grants: each piece is ascending and as wide as it must be.
	for log := range grants {
		require.True(t, slices.IsSorted(log))
		require.LessOrEqual(t, len(log), limit)
	}
	var last []int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT grants FROM budget_windows`).Scan(&last))
	require.Len(t, last, limit)
}
