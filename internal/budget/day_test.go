package budget

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

func in(t *testing.T, lane crm.Lane) context.Context { return crm.WithLane(t.Context(), lane) }

// open returns the lanes that may still send under a budget.
func open(t *testing.T, b *Budget) []crm.Lane {
	t.Helper()
	var lanes []crm.Lane
	for rank, lane := range crm.Lanes {
		if _, err := b.checkUsedUp(in(t, lane), rank); err == nil {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}

// withoutSlots leaves only the day's allowance.
func withoutSlots(daily int) func(*Config) {
	return func(c *Config) { c.Allowance.Requests, c.Allowance.Daily = 0, daily }
}

func TestEachLaneHasItsShareOfTheDay(t *testing.T) {
	for _, c := range []struct {
		used int64
		open []crm.Lane
	}{
		{0, crm.Lanes}, {629, crm.Lanes}, {630, crm.Lanes[:4]}, {699, crm.Lanes[:4]}, {700, crm.Lanes[:3]},
		{850, crm.Lanes[:2]}, {950, crm.Lanes[:1]}, {999, crm.Lanes[:1]}, {1000, nil}, {2000, nil},
	} {
		byCount, l := newTestBudget(t, withoutSlots(1000))
		l.used[crm.LaneLive] = c.used
		require.Equal(t, c.open, open(t, byCount), "%d of 1,000 by what all workers counted", c.used)

		byVendor, _ := newTestBudget(t, withoutSlots(0))
		byVendor.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: int(max(0, 1000-c.used))})
		require.Equal(t, c.open, open(t, byVendor), "%d of 1,000 by what the vendor says", c.used)

		both, _ := newTestBudget(t, withoutSlots(1_000_000))
		both.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: int(max(0, 1000-c.used))})
		require.Equal(t, c.open, open(t, both), "the smaller allowance counts")
	}
}

func TestADayIsUsedUpByTheCallsOfAllLanesBeforeTheyAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, withoutSlots(10))
		l.used[crm.LaneVerify] = 8
		require.NoError(t, b.Acquire(in(t, crm.LaneHuman)))
		require.NoError(t, b.Acquire(t.Context()))
		requireUsedUp(t, b, 15*time.Minute)
		require.NoError(t, b.Flush(t.Context()))
		requireUsedUp(t, b, 15*time.Minute)
		advance(24 * time.Hour)
		clear(l.used)
		require.NoError(t, b.Acquire(t.Context()), "the next day begins anew")
	})
}

func TestWhatOneWorkerHearsStopsTheOthersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, l := newTestBudget(t, withoutSlots(0))
		other := another(t, l, withoutSlots(0))
		require.Equal(t, crm.Lanes, open(t, other))
		one.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: 250})
		require.NoError(t, one.Flush(t.Context()))
		advance(standingLife)
		require.Equal(t, crm.Lanes[:3], open(t, other))

		one.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: 900})
		require.Equal(t, crm.Lanes, open(t, one), "there is room again as soon as the vendor says so")
		require.NoError(t, one.Flush(t.Context()))
		advance(standingLife)
		require.Equal(t, crm.Lanes, open(t, other))
	})
}

func TestOneRequestFindsOutWhetherTheDayBeganAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newTestBudget(t, withoutSlots(0))
		full := crm.Usage{DailyLimit: 1000, DailyRemaining: 0, Refused: true}
		b.Observe(full)
		requireUsedUp(t, b, 15*time.Minute)
		advance(15 * time.Minute)
		require.NoError(t, b.Acquire(t.Context()))
		requireUsedUp(t, b, probeEvery)
		b.Observe(full)
		requireUsedUp(t, b, 15*time.Minute)
		advance(15 * time.Minute)
		require.NoError(t, b.Acquire(t.Context()))
		b.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: 999})
		require.Equal(t, crm.Lanes, open(t, b))
	})
}

func TestADayThatIsUsedUpDoesNotSlowTheNextOneDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, unchanged)
		b.Observe(crm.Usage{DailyLimit: 1000, DailyRemaining: 0, Refused: true, RetryAfterSeconds: 3600})
		require.Equal(t, []int{0}, l.said, "the other workers are told at once")
		require.Zero(t, l.window.PausedUntil)
		require.EqualValues(t, 1, l.window.RateNow(time.Now().UnixMicro()))
	})
}

func TestAPauseWithoutSlotsHoldsForEveryWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, l := newTestBudget(t, withoutSlots(0))
		other := another(t, l, withoutSlots(0))
		one.Observe(crm.Usage{DailyLimit: -1, DailyRemaining: -1, Refused: true, RetryAfterSeconds: 1800})
		requireUsedUp(t, one, 30*time.Minute)
		requireUsedUp(t, other, 30*time.Minute)
		advance(30 * time.Minute)
		require.NoError(t, other.Acquire(t.Context()))
	})
}

func TestALiveRequestOvertakesBackfillThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, l := newTestBudget(t, func(c *Config) { c.Allowance.Requests = 100 })
		ctx, stop := context.WithCancel(t.Context())
		for range 30 {
			worker := another(t, l, func(c *Config) { c.Allowance.Requests = 100 })
			for range 8 {
				go func() {
					for worker.Acquire(crm.WithLane(ctx, crm.LaneBackfill)) == nil {
					}
				}()
			}
		}
		advance(25 * time.Second)
		for i := range 10 {
			began := time.Now()
			require.NoError(t, b.Acquire(ctx))
			if i == 0 {
				require.Less(t, time.Since(began), 100*time.Millisecond, "one slot is always left for it")
			}
			require.Less(t, time.Since(began), 2*burstWindow/burst*defaultHandful+100*time.Millisecond)
		}
		stop()
		synctest.Wait()
	})
}
