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
	"github.com/tandem-sync/tandem/internal/rules"
)

// ledger shares allowances in memory, by the clock of the test's bubble.
type ledger struct {
	mu      sync.Mutex
	window  Window
	granted int
	leases  []int // how many slots each lease asked for
	used    map[crm.Lane]int64
	said    []int // what the vendor said is left, as it was recorded
	limit   int
	saidAt  time.Time
	broken  error
}

func (l *ledger) LeaseSlots(
	_ context.Context, _ string, _ record.Side, lane crm.Lane, n, limit int, window time.Duration,
) (delays []time.Duration, again time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return nil, 0, l.broken
	}
	l.leases = append(l.leases, n)
	now := time.Now().UnixMicro()
	slots, wait, _ := l.window.Lease(now, lane, n, limit, window, 0.5)
	l.granted += len(slots)
	for _, at := range slots {
		delays = append(delays, time.Duration(at-now)*time.Microsecond)
	}
	return delays, time.Duration(wait) * time.Microsecond, nil
}

func (l *ledger) PauseSlots(_ context.Context, _ string, _ record.Side, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.window.Refuse(time.Now().UnixMicro(), d)
	return nil
}

func (l *ledger) AddUsage(_ context.Context, _ string, _ record.Side, lane crm.Lane, n int64) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return 0, l.broken
	}
	l.used[lane] += n
	return l.today(), nil
}

func (l *ledger) today() (n int64) {
	for _, calls := range l.used {
		n += calls
	}
	return n
}

func (l *ledger) RecordDaily(_ context.Context, _ string, _ record.Side, limit, remaining int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said, l.limit, l.saidAt = append(l.said, remaining), limit, time.Now()
	return nil
}

func (l *ledger) Standing(context.Context, string, record.Side) (Standing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return Standing{}, l.broken
	}
	out := Standing{Used: l.today(), Limit: -1, Remaining: -1, Ago: -1}
	if len(l.said) > 0 {
		out.Limit, out.Remaining, out.Ago = l.limit, l.said[len(l.said)-1], time.Since(l.saidAt)
	}
	out.Paused = max(0, time.Until(time.UnixMicro(l.window.PausedUntil)))
	return out, nil
}

// paused is for how long the ledger grants nothing.
func (l *ledger) paused() time.Duration { return time.Until(time.UnixMicro(l.window.PausedUntil)) }

func newTestBudget(t *testing.T, change func(*Config)) (*Budget, *ledger) {
	t.Helper()
	l := &ledger{used: map[crm.Lane]int64{}}
	return another(t, l, change), l
}

// another is the budget of one more process over a ledger.
func another(t *testing.T, l *ledger, change func(*Config)) *Budget {
	t.Helper()
	c := Config{
		Connection: "acme", Side: record.GoHighLevel, Leases: l,
		Allowance: rules.Allowance{Requests: 5, Window: 10 * time.Second, BackfillShare: 0.7, Recheck: 15 * time.Minute},
	}
	change(&c)
	b, err := New(c)
	require.NoError(t, err)
	return b
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
		require.InDelta(t, (4 * (10*time.Second + slotMargin)).Seconds(), time.Since(started).Seconds(), 0.01, "23 requests, 5 in each window, take four windows and their margins")
		require.EqualValues(t, 23, b.Calls())
	})
}

func TestOnlyAsManySlotsAreLeasedAsRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests, c.Handful = 100, 4 })
		require.NoError(t, b.Acquire(t.Context()))
		require.NoError(t, b.Acquire(t.Context()))
		require.Equal(t, []int{1, 1}, l.leases)
	})
}

func TestManyWaitingRequestsLeaseAHandfulAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests, c.Handful = 2, 4 })
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
		require.Equal(t, 11, l.granted, "every slot that was leased was used")
	})
}

// giveUp has a request lease a slot that lies ahead, and give up.
func giveUp(t *testing.T, b *Budget) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Acquire(ctx), context.DeadlineExceeded)
}

func TestAnOverdueSlotIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		advance(9500 * time.Millisecond)
		giveUp(t, b)
		require.Equal(t, 2, l.granted, "the request that gave up had leased the next slot")
		require.NoError(t, b.Acquire(t.Context()), "on time, that slot serves another request")
		require.Equal(t, 2, l.granted)

		advance(9500 * time.Millisecond)
		giveUp(t, b)
		advance(30 * time.Second)
		require.NoError(t, b.Acquire(t.Context()))
		require.Equal(t, 4, l.granted, "long after its time, it does not")
	})
}

func TestARequestThatGivesUpLeavesTheOthersTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 1 })
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
		b, _ := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 2 })
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
		require.InDelta(t, 33, (<-done).Seconds(), 0.01)
	})
}

func TestARefusalWithdrawsSlotsThatNobodyTookYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		advance(9500 * time.Millisecond)
		giveUp(t, b)
		b.Observe(crm.Usage{DailyRemaining: -1, Refused: true, RetryAfterSeconds: 30})
		refused := time.Now()
		require.NoError(t, b.Acquire(t.Context()))
		require.InDelta(t, 30, time.Since(refused).Seconds(), 0.01)
		require.Equal(t, 3, l.granted)
	})
}

func TestALongPauseFailsRequestsRatherThanHoldingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		b.Observe(crm.Usage{DailyRemaining: -1, Refused: true, RetryAfterSeconds: 3600})
		for range 2 {
			var e *crm.Error
			require.ErrorAs(t, b.Acquire(t.Context()), &e)
			require.Equal(t, crm.RateLimited, e.Kind)
			require.InDelta(t, 3600, e.RetryAfter.Seconds(), 1)
		}
		require.Zero(t, l.granted)
		advance(59*time.Minute + 30*time.Second)
		require.NoError(t, b.Acquire(t.Context()))
	})
}

func TestRefusalsWithoutAWishPauseLongerAndLongerUpToAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		refused := crm.Usage{DailyRemaining: -1, Refused: true}
		b.Observe(refused)
		require.Equal(t, 250*time.Millisecond, l.paused().Round(time.Millisecond))
		b.Observe(refused)
		require.Equal(t, 500*time.Millisecond, l.paused().Round(time.Millisecond))
		for range 20 {
			b.Observe(refused)
		}
		require.Equal(t, 10*time.Second, l.paused().Round(time.Millisecond))
		b.Observe(crm.Usage{DailyRemaining: -1})
		l.window.PausedUntil = 0
		b.Observe(refused)
		require.Equal(t, 250*time.Millisecond, l.paused().Round(time.Millisecond))
	})
}

func TestAnUnlimitedBudgetNeverAsksTheLedger(t *testing.T) {
	b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests, c.Allowance.Window = 0, 0 })
	l.broken = errors.New("nobody must ask")
	for range 1000 {
		require.NoError(t, b.Acquire(t.Context()))
	}
	require.EqualValues(t, 1000, b.Calls())
}

func TestARefusalOfAnUnlimitedBudgetFailsRequestsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Allowance.Requests, c.Allowance.Window = 0, 0 })
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
		requireUsedUp(t, b, 15*time.Minute)
		advance(15 * time.Minute)
		require.NoError(t, b.Acquire(t.Context()))

		advance(24*time.Hour - 16*time.Minute)
		b.Observe(crm.Usage{BurstRemaining: 3, DailyLimit: 200_000, DailyRemaining: 0})
		requireUsedUp(t, b, time.Minute)

		b.Observe(crm.Usage{BurstRemaining: 3, DailyLimit: 200_000, DailyRemaining: 199_999})
		require.NoError(t, b.Acquire(t.Context()), "a later response that tells of a rest ends the wait")
	})
}

func TestRequestsThatWaitLearnThatTheDayIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		errs := make(chan error, 2)
		for range 2 {
			go func() { errs <- b.Acquire(t.Context()) }()
		}
		synctest.Wait()
		b.Observe(crm.Usage{BurstRemaining: 0, DailyLimit: 1, DailyRemaining: 0})
		for range 2 {
			require.Equal(t, crm.RateLimited, crm.KindOf(<-errs))
		}
	})
}

func TestFlushCountsEachCallOnceInItsLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		backfill := crm.WithLane(t.Context(), crm.LaneBackfill)
		for _, ctx := range []context.Context{t.Context(), backfill, backfill} {
			require.NoError(t, b.Acquire(ctx))
		}
		l.broken = errors.New("down")
		require.Error(t, b.Flush(t.Context()))
		l.broken = nil
		b.Observe(crm.Usage{DailyLimit: 200_000, DailyRemaining: 41})
		require.NoError(t, b.Flush(t.Context()))
		require.NoError(t, b.Flush(t.Context()))
		require.Equal(t, map[crm.Lane]int64{crm.LaneLive: 1, crm.LaneBackfill: 2}, l.used)
		require.Equal(t, []int{41}, l.said)
	})
}

func TestALedgerThatCannotBeReachedFailsTheRequest(t *testing.T) {
	b, l := newTestBudget(t, unchanged)
	l.broken = errors.New("down")
	require.ErrorIs(t, b.Acquire(t.Context()), l.broken)
	require.EqualValues(t, 0, b.Calls())
}

func TestAnAllowanceThatMakesNoSenseIsRefused(t *testing.T) {
	for _, a := range []rules.Allowance{
		{Requests: 5}, {Requests: -1}, {Daily: -1}, {BackfillShare: 1.1}, {Recheck: -time.Second},
	} {
		_, err := New(Config{Leases: &ledger{}, Allowance: a})
		require.Error(t, err)
	}
	_, err := New(Config{Allowance: rules.Allowance{Requests: 5, Window: time.Second}})
	require.Error(t, err, "there is nowhere to count")
}

func TestAnotherAllowanceHoldsForTheCallsToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 1 })
		require.NoError(t, b.Acquire(t.Context()))
		require.Error(t, b.Allow(rules.Allowance{Requests: -1}))
		require.NoError(t, b.Allow(rules.Allowance{Requests: 3, Window: 10 * time.Second}))
		began := time.Now()
		require.NoError(t, b.Acquire(t.Context()))
		require.NoError(t, b.Acquire(t.Context()))
		require.Zero(t, time.Since(began).Round(time.Millisecond))
	})
}
