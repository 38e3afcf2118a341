package budget

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/crm"
)

// asker is one process that asks for a lane's slots; it always has more to send.
type asker struct {
	lane    crm.Lane
	handful int
	from    time.Duration // when it begins
	to      time.Duration // when it has no more to send; 0 for never
	pause   time.Duration // between its last slot and its next question
	waited  []time.Duration

	asked time.Duration // since when it waits
	next  time.Duration
}

// began is when every simulation begins, in microseconds since 1970.
const began = 1_795_000_000_000_000

// simulate lets askers share a window, with a clock that takes no time, and returns each lane's grants.
func simulate(t require.TestingT, w *Window, seed uint64, limit int, window, until time.Duration, askers []*asker) map[crm.Lane][]int64 {
	random := rand.New(rand.NewPCG(seed, 0))
	grants := map[crm.Lane][]int64{}
	var all []int64
	for _, a := range askers {
		a.next, a.asked = a.from, a.from
	}
	for {
		a := slices.MinFunc(askers, func(a, b *asker) int { return int(a.next - b.next) })
		if a.next >= until {
			break
		}
		if a.to > 0 && a.next >= a.to {
			a.next = until
			continue
		}
		slots, again, _ := w.Lease(began+a.next.Microseconds(), a.lane, a.handful, limit, window, random.Float64())
		for i := range slots {
			slots[i] -= began
		}
		all = append(all, slots...)
		grants[a.lane] = append(grants[a.lane], slots...)
		if len(slots) == 0 {
			require.Positive(t, again)
			a.next += time.Duration(again) * time.Microsecond
			continue
		}
		a.waited = append(a.waited, time.Duration(slots[0]-a.asked.Microseconds())*time.Microsecond)
		a.next = time.Duration(slots[len(slots)-1])*time.Microsecond + a.pause
		a.asked = a.next
	}
	slices.Sort(all)
	for i := limit; i < len(all); i++ {
		require.GreaterOrEqual(t, all[i]-all[i-limit], window.Microseconds(), "a window holds more than %d requests", limit)
	}
	return grants
}

func workers(n int, lane crm.Lane) []*asker {
	var out []*asker
	for range n {
		out = append(out, &asker{lane: lane, handful: 8, pause: time.Millisecond})
	}
	return out
}

// GoHighLevel's limit.
const (
	burst       = 100
	burstWindow = 10 * time.Second
)

func TestBackfillAloneUsesAllOfTheLimit(t *testing.T) {
	for _, n := range []int{1, 3, 30} {
		for _, lane := range []crm.Lane{crm.LaneBackfill, crm.LaneVerify} {
			grants := simulate(t, &Window{}, 1, burst, burstWindow, 60*time.Second, workers(n, lane))[lane]
			grants = slices.DeleteFunc(grants, func(at int64) bool { return at >= time.Minute.Microseconds() })
			require.GreaterOrEqual(t, len(grants), 588, "%d workers of %s", n, lane)
			require.LessOrEqual(t, len(grants), 600)
			require.Less(t, grants[80], time.Second.Microseconds(), "what the limit lets through at once is sent at once")
		}
	}
}

func TestALiveCallDoesNotWaitBehindBackfill(t *testing.T) {
	const step = burstWindow / burst
	var waits []time.Duration
	for seed := range uint64(60) {
		askers := workers(30, crm.LaneBackfill)
		live := &asker{lane: crm.LaneLive, handful: 1, from: time.Duration(seed) * 577 * time.Millisecond, pause: time.Hour}
		simulate(t, &Window{}, seed, burst, burstWindow, 60*time.Second, append(askers, live))
		require.NotEmpty(t, live.waited)
		waits = append(waits, live.waited[0])
	}
	slices.Sort(waits)
	t.Logf("of %d: median %s, worst %s", len(waits), waits[len(waits)/2], waits[len(waits)-1])
	require.LessOrEqual(t, waits[len(waits)/2], step)
	require.LessOrEqual(t, waits[len(waits)-1], 2*step*8)
}

func TestLiveCallsThatKeepComingFindSlotsSoon(t *testing.T) {
	askers := workers(30, crm.LaneBackfill)
	live := &asker{lane: crm.LaneLive, handful: 1, from: 25 * time.Second, pause: 700 * time.Millisecond}
	grants := simulate(t, &Window{}, 1, burst, burstWindow, 85*time.Second, append(askers, live))
	// Once a window has passed since the first one, slots come free evenly.
	settled := live.waited[len(live.waited)/3:]
	slices.Sort(settled)
	t.Logf("%d live calls: median wait %s, p95 %s, worst %s; %d of backfill", len(live.waited), settled[len(settled)/2],
		settled[len(settled)*95/100], settled[len(settled)-1], len(grants[crm.LaneBackfill]))
	require.Less(t, settled[len(settled)*95/100], 100*time.Millisecond)
	require.Greater(t, len(grants[crm.LaneBackfill]), 600, "backfill has most of what is left")
}

func TestWhenAllAskTheLanesGoInOrder(t *testing.T) {
	for _, each := range []int{1, 6} {
		var askers []*asker
		for _, lane := range crm.Lanes {
			askers = append(askers, workers(each, lane)...)
		}
		grants := simulate(t, &Window{}, 1, burst, burstWindow, 300*time.Second, askers)
		require.Greater(t, len(grants[crm.LaneLive]), 300*burst/10*9/10, "the first lane has nearly all that it asks for")
		others := 0
		for _, lane := range crm.Lanes[1:] {
			others += len(grants[lane])
		}
		require.Positive(t, others, "and does not stop the others for good")
	}
}

func TestEachLaneGetsWhatTheOnesBeforeItLeave(t *testing.T) {
	var askers []*asker
	for _, lane := range crm.Lanes {
		askers = append(askers, &asker{lane: lane, handful: 1, pause: 300 * time.Millisecond}) // 3.3 a second, 10 are allowed
	}
	grants := simulate(t, &Window{}, 1, burst, burstWindow, 300*time.Second, askers)
	for i, lane := range crm.Lanes {
		t.Logf("%s: %d", lane, len(grants[lane]))
		if i > 0 {
			require.GreaterOrEqual(t, len(grants[crm.Lanes[i-1]]), len(grants[lane]))
		}
	}
	require.Greater(t, len(grants[crm.LaneLive]), 980)
	require.Greater(t, len(grants[crm.LaneHuman]), 600)
	require.NotEmpty(t, grants[crm.LaneVerify])
}

func TestBackfillGoesBackToFullSpeedWhenNobodyElseAsks(t *testing.T) {
	askers := workers(3, crm.LaneBackfill)
	live := workers(1, crm.LaneLive)[0]
	live.to = 30 * time.Second
	grants := simulate(t, &Window{}, 1, burst, burstWindow, 82*time.Second, append(askers, live))
	after := slices.IndexFunc(grants[crm.LaneBackfill], func(at int64) bool { return at > (41 * time.Second).Microseconds() })
	require.Greater(t, len(grants[crm.LaneBackfill][after:]), 390)
}

func TestNoWindowHoldsMoreThanTheLimitWhateverTheLanesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 60).Draw(t, "limit")
		window := time.Duration(rapid.IntRange(100, 20_000).Draw(t, "window")) * time.Millisecond
		var askers []*asker
		for range rapid.IntRange(1, 8).Draw(t, "askers") {
			askers = append(askers, &asker{
				lane:    rapid.SampledFrom(crm.Lanes).Draw(t, "lane"),
				handful: rapid.IntRange(1, 10).Draw(t, "handful"),
				from:    time.Duration(rapid.IntRange(0, 5_000).Draw(t, "from")) * time.Millisecond,
				pause:   time.Duration(rapid.IntRange(1, 2_000).Draw(t, "pause")) * time.Millisecond,
			})
		}
		w := &Window{}
		if rapid.Bool().Draw(t, "refused") {
			w.Refuse(began, time.Second)
		}
		simulate(t, w, rapid.Uint64().Draw(t, "seed"), limit, window, 4*window, askers)
	})
}

func TestAPauseHoldsBackSlotsAndALongerOneStays(t *testing.T) {
	w := &Window{}
	w.Refuse(began, 2*time.Hour)
	w.Refuse(began, time.Hour)
	slots, again, _ := w.Lease(began, crm.LaneLive, 1, 2, time.Second, 0)
	require.Empty(t, slots)
	require.Greater(t, again, (time.Hour + 59*time.Minute).Microseconds())
}

func TestRefusalsSlowTheConnectionDownAndItRecovers(t *testing.T) {
	w := &Window{}
	require.EqualValues(t, 1, w.RateNow(began))
	w.Refuse(began, 0)
	require.Greater(t, w.RateNow(began), 0.9, "one refusal may be a hiccup")
	for range 13 {
		w.Refuse(began, 0)
	}
	require.InDelta(t, 0.5, w.RateNow(began), 0.02)
	slow := simulate(t, w, 1, burst, burstWindow, 10*time.Second, workers(2, crm.LaneLive))[crm.LaneLive]
	require.Less(t, len(slow), 85)
	require.EqualValues(t, 1, w.RateNow(began+time.Minute.Microseconds()))
	for range 200 {
		w.Refuse(began, 0)
	}
	require.Positive(t, w.RateNow(began)*8-0.99, "it never stops altogether")
}
