package budget

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// ledger grants by the sliding window, in memory, by the clock of the test's bubble.
type ledger struct {
	mu        sync.Mutex
	grants    []time.Time
	paused    time.Time
	leases    []int // how many slots each lease asked for
	used      map[string]int64
	remaining []int
	broken    error
}

func (l *ledger) LeaseSlots(
	_ context.Context, _ string, _ record.Side, n, limit int, window time.Duration,
) ([]time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return nil, l.broken
	}
	l.leases = append(l.leases, n)
	now := time.Now()
	var delays []time.Duration
	for range n {
		at := later(now, l.paused)
		if len(l.grants) >= limit {
			at = later(at, l.grants[len(l.grants)-limit].Add(window))
		}
		l.grants = append(l.grants, at)
		delays = append(delays, at.Sub(now))
	}
	return delays, nil
}

func (l *ledger) PauseSlots(_ context.Context, _ string, _ record.Side, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused = later(l.paused, time.Now().Add(d))
	return nil
}

func (l *ledger) AddUsage(_ context.Context, _ string, _ record.Side, lane string, n int64) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return 0, l.broken
	}
	l.used[lane] += n
	var today int64
	for _, n := range l.used {
		today += n
	}
	return today, nil
}

func (l *ledger) RecordDailyRemaining(_ context.Context, _ string, _ record.Side, remaining int) error {
	l.remaining = append(l.remaining, remaining)
	return nil
}

func newTestBudget(t *testing.T, change func(*Config)) (*Budget, *ledger) {
	t.Helper()
	l := &ledger{used: map[string]int64{}}
	c := Config{
		Connection: "acme", Side: record.GoHighLevel, Lane: "backfill", Requests: 5, Window: 10 * time.Second, Leases: l,
	}
	change(&c)
	b, err := New(c)
	require.NoError(t, err)
	return b, l
}

// advance lets time pass in the test's bubble, which takes none.
func advance(d time.Duration) { <-time.After(d) }

func unchanged(*Config) {}

func TestNoWindowSeesMoreRequestsThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, unchanged)
		var mu sync.Mutex
		var sent []time.Time
		var group sync.WaitGroup
		for range 23 {
			group.Go(func() {
				require.NoError(t, b.Acquire(t.Context()))
				mu.Lock()
				sent = append(sent, time.Now())
				mu.Unlock()
			})
		}
		started := time.Now()
		group.Wait()
		for i := 5; i < len(sent); i++ {
			require.GreaterOrEqual(t, sent[i].Sub(sent[i-5]), 10*time.Second)
		}
		require.Equal(t, 40*time.Second, time.Since(started), "23 requests, 5 in each window, take four windows")
		require.EqualValues(t, 23, b.Calls())
	})
}

func TestOnlyAsManySlotsAreLeasedAsRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Requests, c.Handful = 100, 4 })
		require.NoError(t, b.Acquire(t.Context()))
		require.NoError(t, b.Acquire(t.Context()))
		require.Equal(t, []int{1, 1}, l.leases)
	})
}

func TestManyWaitingRequestsLeaseAHandfulAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Requests, c.Handful = 2, 4 })
		require.NoError(t, b.Acquire(t.Context()))
		require.NoError(t, b.Acquire(t.Context()))
		var group sync.WaitGroup
		for range 9 {
			group.Go(func() { require.NoError(t, b.Acquire(t.Context())) })
		}
		group.Wait()
		for _, n := range l.leases {
			require.LessOrEqual(t, n, 4)
		}
		require.Len(t, l.grants, 11, "every slot that was leased was used")
	})
}

func TestAnOverdueSlotIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, b.Acquire(ctx), context.DeadlineExceeded)
		require.Len(t, l.grants, 2, "the request that gave up had leased the next slot")

		advance(9 * time.Second)
		require.NoError(t, b.Acquire(t.Context()), "on time, that slot serves another request")
		require.Len(t, l.grants, 2)

		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, b.Acquire(ctx), context.DeadlineExceeded)
		advance(30 * time.Second)
		require.NoError(t, b.Acquire(t.Context()))
		require.Len(t, l.grants, 4, "long after its time, it does not")
	})
}

func TestARequestThatGivesUpLeavesTheOthersTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { require.ErrorIs(t, b.Acquire(ctx), context.Canceled) })
		}
		group.Go(func() { require.NoError(t, b.Acquire(t.Context())) })
		synctest.Wait()
		cancel()
		group.Wait()
		require.EqualValues(t, 2, b.Calls())
	})
}

func TestARefusalHoldsBackWhatWasLeasedAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Requests = 2 })
		started := time.Now()
		for range 2 {
			require.NoError(t, b.Acquire(t.Context()))
		}
		done := make(chan time.Duration)
		go func() {
			require.NoError(t, b.Acquire(t.Context()))
			done <- time.Since(started)
		}()
		synctest.Wait()
		b.Observe(crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1, Refused: true, RetryAfterSeconds: 33})
		require.Equal(t, 33*time.Second, <-done)
	})
}

func TestARefusalWithdrawsSlotsThatNobodyTookYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Requests = 1 })
		started := time.Now()
		require.NoError(t, b.Acquire(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, b.Acquire(ctx), context.DeadlineExceeded)
		b.Observe(crm.Usage{DailyRemaining: -1, Refused: true, RetryAfterSeconds: 30})
		require.NoError(t, b.Acquire(t.Context()))
		require.Equal(t, 31*time.Second, time.Since(started))
		require.Len(t, l.grants, 3)
	})
}

func TestALongPauseFailsRequestsRatherThanHoldingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		b.Observe(crm.Usage{DailyRemaining: -1, Refused: true, RetryAfterSeconds: 3600})
		requireUsedUp(t, b, time.Hour)
		requireUsedUp(t, b, time.Hour)
		require.Len(t, l.grants, 1, "the slot is kept for whoever comes in time")
		advance(59*time.Minute + 30*time.Second)
		require.NoError(t, b.Acquire(t.Context()))
		require.Len(t, l.grants, 1)
	})
}

func TestRefusalsWithoutAWishPauseLongerAndLongerUpToAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		refused := crm.Usage{DailyRemaining: -1, Refused: true}
		b.Observe(refused)
		require.Equal(t, 250*time.Millisecond, time.Until(l.paused))
		b.Observe(refused)
		require.Equal(t, 500*time.Millisecond, time.Until(l.paused))
		for range 20 {
			b.Observe(refused)
		}
		require.Equal(t, 10*time.Second, time.Until(l.paused))
		b.Observe(crm.Usage{DailyRemaining: -1})
		l.paused = time.Time{}
		b.Observe(refused)
		require.Equal(t, 250*time.Millisecond, time.Until(l.paused))
	})
}

func TestAnUnlimitedBudgetNeverAsksTheLedger(t *testing.T) {
	b, l := newTestBudget(t, func(c *Config) { c.Requests, c.Window = 0, 0 })
	l.broken = errors.New("nobody must ask")
	for range 1000 {
		require.NoError(t, b.Acquire(t.Context()))
	}
	require.EqualValues(t, 1000, b.Calls())
}

func TestARefusalOfAnUnlimitedBudgetFailsRequestsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Requests, c.Window = 0, 0 })
		b.Observe(crm.Usage{DailyRemaining: -1, Refused: true, RetryAfterSeconds: 7})
		b.Observe(crm.Usage{DailyLimit: 100, DailyRemaining: 50})
		requireUsedUp(t, b, 7*time.Second)
		advance(7 * time.Second)
		require.NoError(t, b.Acquire(t.Context()))
	})
}

// requireUsedUp holds that requests fail, to be repeated after a time.
func requireUsedUp(t *testing.T, b *Budget, after time.Duration) {
	t.Helper()
	err := b.Acquire(t.Context())
	var e *crm.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, crm.RateLimited, e.Kind)
	require.Equal(t, after, e.RetryAfter)
}

func TestAUsedUpDayFailsRequestsUntilItIsWorthAnotherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble's clock starts at midnight, UTC
		b, _ := newTestBudget(t, unchanged)
		b.Observe(crm.Usage{BurstRemaining: 3, DailyLimit: 200_000, DailyRemaining: 0})
		requireUsedUp(t, b, longestDay)
		advance(longestDay)
		require.NoError(t, b.Acquire(t.Context()))

		advance(24*time.Hour - longestDay - time.Minute)
		b.Observe(crm.Usage{BurstRemaining: 3, DailyLimit: 200_000, DailyRemaining: 0})
		requireUsedUp(t, b, time.Minute)

		b.Observe(crm.Usage{BurstRemaining: 3, DailyLimit: 200_000, DailyRemaining: 199_999})
		require.NoError(t, b.Acquire(t.Context()), "a later response that tells of a rest ends the wait")
	})
}

func TestRequestsThatWaitLearnThatTheDayIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		errs := make(chan error, 2)
		for range 2 {
			go func() { errs <- b.Acquire(t.Context()) }()
		}
		synctest.Wait()
		b.Observe(crm.Usage{BurstRemaining: 0, DailyLimit: 1, DailyRemaining: 0})
		require.NoError(t, <-errs, "the one that held its slot")
		require.Equal(t, crm.RateLimited, crm.KindOf(<-errs))
	})
}

func TestFlushCountsEachCallOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		for range 3 {
			require.NoError(t, b.Acquire(t.Context()))
		}
		l.broken = errors.New("down")
		require.Error(t, b.Flush(t.Context()))
		l.broken = nil
		b.Observe(crm.Usage{DailyLimit: 200_000, DailyRemaining: 41})
		require.NoError(t, b.Flush(t.Context()))
		require.NoError(t, b.Flush(t.Context()))
		require.Equal(t, map[string]int64{"backfill": 3}, l.used)
		require.Equal(t, []int{41}, l.remaining)
	})
}

func TestADailyAllowanceCountsTheCallsOfAllLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Daily = 10 })
		l.used["live"] = 9
		require.NoError(t, b.Acquire(t.Context()))
		require.NoError(t, b.Flush(t.Context()))
		requireUsedUp(t, b, longestDay)
	})
}

func TestALedgerThatCannotBeReachedFailsTheRequest(t *testing.T) {
	b, l := newTestBudget(t, unchanged)
	l.broken = errors.New("down")
	require.ErrorIs(t, b.Acquire(t.Context()), l.broken)
	require.EqualValues(t, 0, b.Calls())
}

func TestAnAllowanceThatMakesNoSenseIsRefused(t *testing.T) {
	for _, c := range []Config{
		{Leases: &ledger{}, Requests: 5},
		{Leases: &ledger{}, Requests: -1},
		{Leases: &ledger{}, Daily: -1},
		{Requests: 5, Window: time.Second},
	} {
		_, err := New(c)
		require.Error(t, err)
	}
}
