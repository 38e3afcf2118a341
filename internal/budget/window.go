package budget

import (
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

// Window is the state of one allowance that all workers share: the log of its grants, and what each lane last did. It
// is kept in the ledger, under a lock. Times are in microseconds since 1970 by the ledger's clock.
//
// A lease is exact: whatever the lanes do, no window ever sees more than the limit. Besides, lower lanes keep out of the
// way of higher ones, by three means that cost nothing while nobody else asks:
//
//   - Nobody is granted a slot far ahead. Who would have to wait longer than the horizon is told when to ask again, and
//     only then it is decided who goes first. A higher lane waits behind a horizon of booked slots at most, not behind
//     all that thirty workers would like to send.
//   - A lower lane leaves one slot in a hundred free, for the first live call that comes, and more that melt away: with k
//     spacings of the window to go until its next slot comes free, k slots stay free. It may still send nearly all of
//     the limit at once, and over a whole window gets nearly all of it, so that backfill loses hardly any time; but
//     never is a window used up for longer than a spacing in advance. A larger reserve that does not melt would cost
//     its share of every onboarding; strict pacing would cost every onboarding up to a window, since the limit itself
//     allows bursts.
//   - Once a higher lane has asked, lower lanes go at an even pace for a window, and leave one slot in fifty to it: a
//     live call is sent at once. While a higher lane has to wait all the same, they go several times slower, and leave
//     the next slot to it.
type Window struct {
	Grants      []int64 // of the last window, ascending; some may lie ahead
	PausedUntil int64
	// Asked, Waiting and Granted hold, by a lane's rank, when the lane last asked, until when it was last known to
	// wait, and the time of its last grant. They may be shorter than crm.Lanes.
	Asked, Waiting, Granted []int64
	// Rate is the share of the limit that refusals have left, as of RateAt; 0 stands for all of it.
	Rate   float64
	RateAt int64
}

const (
	// slotMargin is added to every window: it absorbs what the way to a worker, and from there to the vendor, varies.
	slotMargin = 150 * time.Millisecond
	// horizonSteps is how far ahead slots are granted to the first lane, in half steps, a step being the window divided
	// by the limit. Each lane after it sees one farther, so that it meets slots that higher ones have not booked yet:
	// what it may take of them is bounded by its pace. longestHorizon bounds them all.
	horizonSteps   = 8
	longestHorizon = time.Second
	// slower is how many times slower lower lanes go while a higher one waits.
	slower = 4
	// starving is after how many of its paces a lane stops leaving the next slot to a higher lane that waits: live calls
	// without end must not stop everything else for good.
	starving = 10
	// recently is for how long a lane that had to wait counts as waiting still.
	recently = time.Second
	// refusalCost is what a refusal leaves of the rate: one is a hiccup, a dozen in a row nearly halve it. Halving at
	// once would stop a connection whose vendor refuses one call in twenty at random.
	refusalCost = 0.95
	leastRate   = 0.125
	// recovery is how long the rate takes to double again.
	recovery = 30 * time.Second
)

// spacings are the steps per slot that a lane leaves free, by its rank; 0 leaves none. The higher of two lanes finds
// slots that the lower one left.
var spacings = []int64{0, 40, 20, 10, 7}

// Lease grants up to n slots now, to a lane, under a limit of requests in any window. It returns their times,
// ascending, none farther ahead than the horizon. Where it grants none, again is how long from now the lane should ask
// again: at random (0 <= chance < 1) so that many workers do not come at once, and soon enough that the slot is still
// ahead. changed tells whether there is anything to store.
func (w *Window) Lease(now int64, lane crm.Lane, n, limit int, window time.Duration, chance float64) (granted []int64, again int64, changed bool) {
	rank := max(lane.Rank(), 0)
	w.Asked, w.Waiting, w.Granted = sized(w.Asked), sized(w.Waiting), sized(w.Granted)
	t := w.terms(now, rank, limit, window)
	w.trim(now - t.period)
	// Who asks is noted where it makes a difference to somebody; a row is not rewritten for each question.
	if now-w.Asked[rank] > t.period/20 {
		w.Asked[rank], changed = now, true
	}
	at := int64(0)
	for range n {
		at = w.next(t)
		if at > now+t.horizon {
			break
		}
		i, _ := slices.BinarySearch(w.Grants, at)
		w.Grants = slices.Insert(w.Grants, i, at)
		w.Granted[rank] = max(w.Granted[rank], at)
		granted = append(granted, at)
		changed = true
	}
	// A slot that is a step or two ahead is no wait: with an even flow there is hardly a nearer one.
	if until := min(at, now+recently.Microseconds()); at > now+t.horizon/2 && until-w.Waiting[rank] > recently.Microseconds()/4 {
		w.Waiting[rank], changed = until, true
	}
	if len(granted) == 0 {
		again = at - now - int64((0.2+0.5*chance)*float64(t.horizon))
		if w.PausedUntil < at-t.horizon {
			// What holds the lane back may be gone long before that.
			again = min(again, int64((0.5+0.5*chance)*float64(recently.Microseconds())))
		}
	}
	return granted, again, changed
}

// terms are what a lease goes by.
type terms struct {
	now, period, step, horizon int64
	limit, rank                int
	spacing                    int64 // 0 leaves no slots free
	// paces are what a higher lane imposes, by its rank: the least time since the last grant of any lane below it.
	paces []int64
	// left is how many slots are left to higher lanes whatever happens; waiting tells that one of them waits.
	left    int
	waiting bool
}

func (w *Window) terms(now int64, rank, limit int, window time.Duration) terms {
	t := terms{now: now, rank: rank, period: (window + slotMargin).Microseconds()}
	t.limit = max(1, int(float64(limit)*w.RateNow(now)+0.5))
	t.step = t.period / int64(t.limit)
	t.horizon = min((horizonSteps+int64(rank))*t.step/2, longestHorizon.Microseconds())
	t.spacing = spacings[rank] * max(t.step, t.period/100)
	pace, asked := t.step, false
	for higher := range rank {
		switch {
		case now < w.Waiting[higher]+recently.Microseconds():
			pace *= slower
			t.paces = append(t.paces, pace)
			asked, t.waiting = true, true
		case now < w.Asked[higher]+t.period:
			t.paces = append(t.paces, t.step)
			asked = true
		default:
			t.paces = append(t.paces, 0)
		}
	}
	switch {
	case t.waiting:
		t.left = (t.limit+49)/50 + 1
	case asked:
		t.left = (t.limit + 49) / 50
	case rank > 0:
		t.left = (t.limit + 50) / 100
	}
	t.left = min(t.left, t.limit-1)
	return t
}

// next returns when the lane's next slot is. A lane that no other goes before takes any slot that is free, also before
// those that others have booked; the others come after what is booked.
func (w *Window) next(t terms) int64 {
	at := max(t.now, w.PausedUntil)
	if t.rank == 0 {
		return w.between(at, t)
	}
	if n := len(w.Grants); n > 0 {
		at = max(at, w.Grants[n-1]+1)
	}
	starved := at
	for higher, pace := range t.paces {
		if pace == 0 {
			continue
		}
		last := int64(0)
		for lane := higher + 1; lane < len(w.Granted); lane++ {
			last = max(last, w.Granted[lane])
		}
		at = max(at, last+pace)
		starved = max(starved, last+starving*pace)
	}
	kept := w.allowed(at, t.limit-t.left, t)
	if !t.waiting {
		return kept
	}
	return min(kept, w.allowed(max(at, starved), t.limit, t))
}

// between returns the earliest time from at on at which one more request can be put between those that are booked.
func (w *Window) between(at int64, t terms) int64 {
	for {
		i, taken := slices.BinarySearch(w.Grants, at)
		if taken {
			at++
			continue
		}
		if i >= t.limit && at < w.Grants[i-t.limit]+t.period {
			at = w.Grants[i-t.limit] + t.period
			continue
		}
		crowded := int64(0)
		for first := max(0, i-t.limit+1); first <= i && first+t.limit-1 < len(w.Grants); first++ {
			last := w.Grants[first+t.limit-1]
			if min(at, w.Grants[first]) > last-t.period {
				crowded = last
			}
		}
		if crowded == 0 {
			return at
		}
		at = crowded + 1
	}
}

// allowed returns when, at the earliest from at on, one more request fits: in any period at most limit requests, and for
// a lane that leaves slots free, in the last period less k spacings at most limit-k.
func (w *Window) allowed(at int64, limit int, t terms) int64 {
	n := len(w.Grants)
	if n >= limit {
		at = max(at, w.Grants[n-limit]+t.period)
	}
	if t.spacing == 0 {
		return at
	}
	for k := 1; k < limit && int64(k)*t.spacing < t.period; k++ {
		if n >= limit-k {
			at = max(at, w.Grants[n-limit+k]+t.period-int64(k)*t.spacing)
		}
	}
	return at
}

// Refuse notes that the vendor refused a request: no slot is granted for sooner than pause from now, unless a longer
// pause runs, and for a while fewer are granted.
func (w *Window) Refuse(now int64, pause time.Duration) {
	w.PausedUntil = max(w.PausedUntil, now+pause.Microseconds())
	w.Rate, w.RateAt = max(w.RateNow(now)*refusalCost, leastRate), now
}

// RateNow is the share of the limit that is granted at a time.
func (w *Window) RateNow(now int64) float64 {
	if w.Rate <= 0 {
		return 1
	}
	periods := float64(max(0, now-w.RateAt)) / float64(recovery.Microseconds())
	return min(1, w.Rate*(1+periods))
}

// trim forgets the grants that no window can hold any more.
func (w *Window) trim(before int64) {
	i := 0
	for i < len(w.Grants) && w.Grants[i] <= before {
		i++
	}
	w.Grants = w.Grants[i:]
}

func sized(times []int64) []int64 {
	for len(times) < len(crm.Lanes) {
		times = append(times, 0)
	}
	return times
}
