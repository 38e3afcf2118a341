// Package budget shares a vendor's API allowance among all workers, in lanes. One Budget is a process's share of one side
// of a connection; the allowance itself is counted in the database.
package budget

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Leaser counts the allowance that all workers share.
type Leaser interface {
	// LeaseSlots grants up to n requests of a lane, under an allowance of limit requests in any window, and returns how
	// long from now each may be sent, ascending; none lies far ahead. What is granted is used up, whether it is used or
	// not. Where it grants none, again is when to ask again. See Window.
	LeaseSlots(ctx context.Context, connection string, side record.Side, lane crm.Lane, n, limit int, window time.Duration) (
		slots []time.Duration, again time.Duration, err error)
	// PauseSlots notes that the vendor refused a request: no slot is granted for sooner than d from now, and for a while
	// fewer are.
	PauseSlots(ctx context.Context, connection string, side record.Side, d time.Duration) error
	// AddUsage counts n calls of a lane to the current day (UTC) and returns the day's calls in all lanes.
	AddUsage(ctx context.Context, connection string, side record.Side, lane crm.Lane, n int64) (today int64, err error)
	// RecordDaily notes what the vendor said of its day's allowance; limit is -1 where it did not say.
	RecordDaily(ctx context.Context, connection string, side record.Side, limit, remaining int) error
	// Standing returns how the day's allowance stands by what all workers know.
	Standing(ctx context.Context, connection string, side record.Side) (Standing, error)
}

// Config describes a budget.
type Config struct {
	Connection string
	Side       record.Side
	Allowance  rules.Allowance
	// Handful is how many slots are leased at once at most; 0 means 10.
	Handful int
	Leases  Leaser
}

const (
	defaultHandful = 10
	// overdue is how late a slot may be used. Together with the time that a request is under way it must stay below
	// the margin by which the window is stretched.
	overdue = 20 * time.Millisecond
	// tooLate is how late a request may wake up for its slot: what is left of the margin is for its way.
	tooLate = 50 * time.Millisecond
	// mostLate is how many slots a request lets go because it woke up too late for them, before it takes one all the same.
	mostLate = 10
	// firstPause follows a refusal for which the vendor names no time. It doubles with each further one, up to the
	// window, or to defaultPause where there is no window.
	firstPause   = 250 * time.Millisecond
	defaultPause = 10 * time.Second
	// longestWait, and a window, is how long a request is held open for its slot.
	longestWait = time.Minute
	// storeTimeout is how long a pause may take to be told to the other workers.
	storeTimeout = 5 * time.Second
)

// Budget is a crm.Limiter. The lane of each call is in its context (crm.WithLane). It is safe for concurrent use.
type Budget struct {
	config    Config
	allowance atomic.Pointer[rules.Allowance]
	queues    []*queue       // by rank
	calls     []atomic.Int64 // since the start, by rank
	flushing  sync.Mutex     // one Flush at a time
	flushed   []int64        // of calls, by rank; belongs to the holder of flushing
	counted   atomic.Int64   // the sum of flushed
	day       day
	skew      atomic.Pointer[time.Duration] // of the vendor's clock, by its last answer; nil before

	mu          sync.Mutex // guards what follows
	pausedUntil time.Time  // the vendor refuses until then; only without slots, which are paused in the ledger
	refusals    int        // how often the vendor refused
	streak      int        // refusals for which the vendor named no time, one after the other
}

// queue is where the requests of one lane wait.
type queue struct {
	lane crm.Lane
	// turn is held by whoever waits for the next slot: slots are used in the order of their times.
	turn    chan struct{}
	waiting atomic.Int64
	slots   []time.Time // leased and not used; belongs to the holder of turn, as seen does
	seen    int         // of refusals, when slots were leased
}

var _ crm.Limiter = (*Budget)(nil)

// New returns a budget. It fails where the configuration makes no sense.
func New(config Config) (*Budget, error) {
	if config.Leases == nil {
		return nil, fmt.Errorf("budget: no ledger to count the allowance in")
	}
	if config.Handful < 0 {
		return nil, fmt.Errorf("budget: a handful of %d makes no sense", config.Handful)
	}
	if config.Handful == 0 {
		config.Handful = defaultHandful
	}
	b := &Budget{config: config, calls: make([]atomic.Int64, len(crm.Lanes)), flushed: make([]int64, len(crm.Lanes))}
	for _, lane := range crm.Lanes {
		b.queues = append(b.queues, &queue{lane: lane, turn: make(chan struct{}, 1)})
	}
	if err := b.Allow(config.Allowance); err != nil {
		return nil, err
	}
	return b, nil
}

// Allow changes the allowance, for calls from now on. It fails where the allowance makes no sense, and changes nothing
// then.
func (b *Budget) Allow(a rules.Allowance) error {
	if a.Requests < 0 || a.Daily < 0 || a.Requests > 0 && a.Window <= 0 || a.BackfillShare < 0 || a.BackfillShare > 1 || a.Recheck < 0 {
		return fmt.Errorf("budget: an allowance of %d requests in %s, %d a day, %g of them for backfill, makes no sense",
			a.Requests, a.Window, a.Daily, a.BackfillShare)
	}
	b.allowance.Store(&a)
	return nil
}

// Acquire waits until one request of the context's lane may be sent. It fails with kind RateLimited where the lane's
// share of the day is used up or the next slot is more than a minute and a window away, with the context's error, and
// where the ledger cannot be reached.
func (b *Budget) Acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rank := max(crm.LaneOf(ctx).Rank(), 0)
	probe, err := b.checkUsedUp(ctx, rank)
	if err != nil {
		return err
	}
	if b.allowance.Load().Requests > 0 {
		if err := b.await(ctx, rank, probe); err != nil {
			return err
		}
	}
	b.calls[rank].Add(1)
	return nil
}

// await takes the lane's next slot and waits for its time. A probe is not stopped by a day that is used up.
func (b *Budget) await(ctx context.Context, rank int, probe bool) error {
	q := b.queues[rank]
	q.waiting.Add(1)
	defer q.waiting.Add(-1)
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for late := 0; ; {
		if !probe {
			var err error
			if probe, err = b.checkUsedUp(ctx, rank); err != nil {
				return err
			}
		}
		// Where the vendor refused a request, what was leased before that counts for nothing.
		if refusals := b.refused(); refusals != q.seen {
			q.slots, q.seen = nil, refusals
		}
		slot, again, err := b.next(ctx, q)
		if err != nil {
			return err
		}
		if again > 0 {
			if again > longestWait+b.allowance.Load().Window {
				return b.usedUp(again)
			}
			if err := sleep(ctx, again); err != nil {
				return err
			}
			continue
		}
		if err := sleep(ctx, time.Until(slot)); err != nil {
			q.slots = append([]time.Time{slot}, q.slots...)
			return err
		}
		// Whoever wakes up late on a busy machine would send into the next window.
		if time.Since(slot) > tooLate && late < mostLate {
			late++
			continue
		}
		if b.refused() == q.seen {
			return nil
		}
	}
}

// next returns the lane's next slot that is not overdue, or when to ask for one again. Slots are leased for those who
// wait, no more: what is leased in advance grows stale, and is used up all the same.
func (b *Budget) next(ctx context.Context, q *queue) (slot time.Time, again time.Duration, err error) {
	now := time.Now()
	for len(q.slots) > 0 {
		slot := q.slots[0]
		q.slots = q.slots[1:]
		if now.Sub(slot) <= overdue {
			return slot, 0, nil
		}
	}
	a := b.allowance.Load()
	if a.Requests == 0 {
		return now, 0, nil // the allowance was lifted while the request waited
	}
	n := max(1, min(int(q.waiting.Load()), b.config.Handful, a.Requests))
	delays, again, err := b.config.Leases.LeaseSlots(ctx, b.config.Connection, b.config.Side, q.lane, n, a.Requests, a.Window)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("budget: %w", err)
	}
	if len(delays) == 0 {
		return time.Time{}, max(again, time.Millisecond), nil
	}
	now = time.Now()
	for _, d := range delays {
		q.slots = append(q.slots, now.Add(d))
	}
	slot = q.slots[0]
	q.slots = q.slots[1:]
	return slot, 0, nil
}

func (b *Budget) refused() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusals
}

func (b *Budget) usedUp(wait time.Duration) error {
	return &crm.Error{
		Side: b.config.Side, Operation: "budget", Kind: crm.RateLimited, RetryAfter: wait,
		Reason: "the allowance of API requests is used up",
	}
}

// Observe takes what a response said about the allowance. After a refusal, no worker sends another request for as long
// as the vendor asks, or else for a moment that grows with each further refusal, and for a while all go slower. A
// refusal because the day is used up is no reason to go slower: it ends the day's share of every lane.
func (b *Budget) Observe(u crm.Usage) {
	if !u.Date.IsZero() {
		ahead := time.Until(u.Date)
		b.skew.Store(&ahead)
	}
	if u.DailyRemaining >= 0 {
		b.day.heard(saying{limit: u.DailyLimit, remaining: u.DailyRemaining, at: time.Now()}, true)
	}
	b.mu.Lock()
	if !u.Refused {
		b.streak = 0
		b.mu.Unlock()
		return
	}
	b.refusals++
	a := b.allowance.Load()
	dayIsOver := u.DailyRemaining == 0
	var pause time.Duration
	if !dayIsOver {
		pause = b.pause(u, a.Window)
		if a.Requests == 0 {
			b.pausedUntil = later(b.pausedUntil, time.Now().Add(pause))
		}
	}
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	// Where this fails, the next refusal, or the next Flush, tries again.
	if dayIsOver {
		_ = b.tellDay(ctx)
	} else {
		_ = b.config.Leases.PauseSlots(ctx, b.config.Connection, b.config.Side, pause)
	}
}

// Skew is how far the vendor's clock was ahead of ours when it answered last, to a second or so, and whether it has said so.
func (b *Budget) Skew() (ahead time.Duration, known bool) {
	if d := b.skew.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// pause is how long a refusal stops everybody. b.mu is held.
func (b *Budget) pause(u crm.Usage, longest time.Duration) time.Duration {
	if u.RetryAfterSeconds > 0 {
		return time.Duration(u.RetryAfterSeconds) * time.Second
	}
	if longest <= 0 {
		longest = defaultPause
	}
	// One refusal may be a hiccup of the vendor's; one after the other is an allowance used up.
	pause := min(firstPause<<min(b.streak, 10), longest)
	b.streak++
	return pause
}

// sleep waits for d, or fails with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Calls returns how many requests were allowed since the start, in all lanes.
func (b *Budget) Calls() int64 {
	total := int64(0)
	for i := range b.calls {
		total += b.calls[i].Load()
	}
	return total
}
