// Package budget shares a vendor's API allowance among all workers. One Budget is the share of one lane of one side
// of a connection in one process; the allowance itself is counted in the database.
package budget

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Leaser counts the allowance that all workers share.
type Leaser interface {
	// LeaseSlots grants the next n requests and returns how long from now each may be sent, ascending. What is granted
	// is used up, whether it is used or not.
	LeaseSlots(ctx context.Context, connection string, side record.Side, n, limit int, window time.Duration) ([]time.Duration, error)
	// PauseSlots lets no further slot be granted for sooner than d from now.
	PauseSlots(ctx context.Context, connection string, side record.Side, d time.Duration) error
	// AddUsage counts n calls of a lane to the current day (UTC) and returns the day's calls in all lanes.
	AddUsage(ctx context.Context, connection string, side record.Side, lane string, n int64) (today int64, err error)
	// RecordDailyRemaining notes what the vendor said is left of the day's allowance.
	RecordDailyRemaining(ctx context.Context, connection string, side record.Side, remaining int) error
}

// Config describes a budget.
type Config struct {
	Connection string
	Side       record.Side
	// Lane names whom the calls are counted for.
	Lane string
	// Requests may be sent in any Window; 0 means any number.
	Requests int
	Window   time.Duration
	// Daily is how many requests may be sent in a day (UTC) by what Flush has counted; 0 means any number. What the
	// vendor says is left counts besides.
	Daily int
	// Handful is how many slots are leased at once at most; 0 means 10.
	Handful int
	Leases  Leaser
}

const (
	defaultHandful = 10
	// overdue is how late a slot may be used. Together with the time that a request is under way it must stay below
	// the margin by which the ledger stretches the window.
	overdue = 20 * time.Millisecond
	// firstPause follows a refusal for which the vendor names no time. It doubles with each further one, up to the
	// window, or to defaultPause where there is no window.
	firstPause   = 250 * time.Millisecond
	defaultPause = 10 * time.Second
	// longestDay is how soon a used-up day is tried again at the latest: a day need not end at midnight (UTC), it may
	// also be the last 24 hours.
	longestDay = 15 * time.Minute
	// longestWait, and a window, is how long a request is held open for its slot.
	longestWait = time.Minute
	// storeTimeout is how long a pause may take to be told to the other workers.
	storeTimeout = 5 * time.Second
)

// Budget is a crm.Limiter.
type Budget struct {
	config Config

	// turn is held by whoever waits for the next slot: slots are used in the order of their times.
	turn    chan struct{}
	waiting atomic.Int64
	slots   []time.Time // leased and not used; belongs to the holder of turn, as seen does
	seen    int         // of refusals, when slots were leased

	calls    atomic.Int64 // since the start
	flushing sync.Mutex   // one Flush at a time
	flushed  int64        // of calls; belongs to the holder of flushing

	mu          sync.Mutex // guards what follows
	dryUntil    time.Time  // the day is used up until then
	pausedUntil time.Time  // the vendor refuses until then; only without slots, which are paused in the ledger
	left        int        // of the vendor's day, as it said last; -1 when it never did
	leftIsNews  bool       // it said so since the last Flush
	refusals    int        // how often the vendor refused
	streak      int        // refusals for which the vendor named no time, one after the other
}

var _ crm.Limiter = (*Budget)(nil)

// New returns a budget. It fails where the configuration makes no sense.
func New(config Config) (*Budget, error) {
	if config.Leases == nil {
		return nil, fmt.Errorf("budget: no ledger to count the allowance in")
	}
	if config.Requests < 0 || config.Daily < 0 || config.Handful < 0 || config.Requests > 0 && config.Window <= 0 {
		return nil, fmt.Errorf("budget: an allowance of %d requests in %s, %d a day, leased by %d, makes no sense",
			config.Requests, config.Window, config.Daily, config.Handful)
	}
	if config.Handful == 0 {
		config.Handful = defaultHandful
	}
	return &Budget{config: config, turn: make(chan struct{}, 1), left: -1}, nil
}

// Acquire waits until one request may be sent. It fails with kind RateLimited where the day's allowance is used up or
// the next slot is more than a minute and a window away, with the context's error, and where the ledger cannot be
// reached.
func (b *Budget) Acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.checkUsedUp(); err != nil {
		return err
	}
	if b.config.Requests > 0 {
		if err := b.await(ctx); err != nil {
			return err
		}
	}
	b.calls.Add(1)
	return nil
}

// await takes the next slot and waits for its time.
func (b *Budget) await(ctx context.Context) error {
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := b.checkUsedUp(); err != nil {
			return err
		}
		// Where the vendor refused a request, what was leased before that counts for nothing.
		if refusals := b.refused(); refusals != b.seen {
			b.slots, b.seen = nil, refusals
		}
		slot, err := b.next(ctx)
		if err != nil {
			return err
		}
		if wait := time.Until(slot); wait > longestWait+b.config.Window {
			err = b.usedUp(wait)
		} else {
			err = sleep(ctx, wait)
		}
		if err != nil {
			b.slots = append([]time.Time{slot}, b.slots...)
			return err
		}
		if b.refused() == b.seen {
			return nil
		}
	}
}

// next returns the next slot that is not overdue. Slots are leased for those who wait, no more: what is leased in
// advance grows stale, and is used up all the same.
func (b *Budget) next(ctx context.Context) (time.Time, error) {
	now := time.Now()
	for len(b.slots) > 0 {
		slot := b.slots[0]
		b.slots = b.slots[1:]
		if now.Sub(slot) <= overdue {
			return slot, nil
		}
	}
	n := min(int(b.waiting.Load()), b.config.Handful, b.config.Requests)
	delays, err := b.config.Leases.LeaseSlots(ctx, b.config.Connection, b.config.Side, max(n, 1), b.config.Requests, b.config.Window)
	if err != nil {
		return time.Time{}, fmt.Errorf("budget: %w", err)
	}
	if len(delays) == 0 {
		return time.Time{}, fmt.Errorf("budget: the ledger granted no slot")
	}
	now = time.Now()
	for _, d := range delays {
		b.slots = append(b.slots, now.Add(d))
	}
	slot := b.slots[0]
	b.slots = b.slots[1:]
	return slot, nil
}

func (b *Budget) refused() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refusals
}

// checkUsedUp fails while the allowance is used up for longer than a request is worth holding open.
func (b *Budget) checkUsedUp() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := time.Until(later(b.dryUntil, b.pausedUntil))
	if wait <= 0 {
		return nil
	}
	return b.usedUp(wait)
}

func (b *Budget) usedUp(wait time.Duration) error {
	return &crm.Error{
		Side: b.config.Side, Operation: "budget", Kind: crm.RateLimited, RetryAfter: wait,
		Reason: "the allowance of API requests is used up",
	}
}

// Observe takes what a response said about the allowance. After a refusal, no worker is granted another slot for as
// long as the vendor asks, or else for a moment that grows with each further refusal; under a budget without slots,
// this process's Acquire fails that long.
func (b *Budget) Observe(u crm.Usage) {
	b.mu.Lock()
	if u.DailyRemaining >= 0 {
		b.left, b.leftIsNews = u.DailyRemaining, true
		if u.DailyRemaining == 0 {
			b.dry()
		} else if b.config.Daily == 0 {
			b.dryUntil = time.Time{}
		}
	}
	if !u.Refused {
		b.streak = 0
		b.mu.Unlock()
		return
	}
	pause := time.Duration(u.RetryAfterSeconds) * time.Second
	if pause <= 0 {
		longest := b.config.Window
		if longest <= 0 {
			longest = defaultPause
		}
		// One refusal may be a hiccup of the vendor's; one after the other is an allowance used up.
		pause = min(firstPause<<min(b.streak, 10), longest)
		b.streak++
	}
	b.refusals++
	if b.config.Requests == 0 {
		b.pausedUntil = later(b.pausedUntil, time.Now().Add(pause))
	}
	b.mu.Unlock()
	if b.config.Requests > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		defer cancel()
		// Where this fails, the next refusal tries again.
		_ = b.config.Leases.PauseSlots(ctx, b.config.Connection, b.config.Side, pause)
	}
}

// dry notes that the day is used up. b.mu is held.
func (b *Budget) dry() {
	now := time.Now()
	midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	until := now.Add(longestDay)
	if midnight.Before(until) {
		until = midnight
	}
	b.dryUntil = later(b.dryUntil, until)
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

// Calls returns how many requests were allowed since the start.
func (b *Budget) Calls() int64 { return b.calls.Load() }

// DailyRemaining returns what the vendor said last is left of its day; -1 when it never did.
func (b *Budget) DailyRemaining() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

// Flush counts the calls since the last Flush in the ledger, and tells it what the vendor said is left of the day.
// Call it every few seconds, and at the end. What fails is counted by the next Flush.
func (b *Budget) Flush(ctx context.Context) error {
	b.flushing.Lock()
	defer b.flushing.Unlock()
	calls := b.calls.Load()
	if n := calls - b.flushed; n > 0 {
		today, err := b.config.Leases.AddUsage(ctx, b.config.Connection, b.config.Side, b.config.Lane, n)
		if err != nil {
			return fmt.Errorf("budget: %w", err)
		}
		b.flushed = calls
		if b.config.Daily > 0 && today >= int64(b.config.Daily) {
			b.mu.Lock()
			b.dry()
			b.mu.Unlock()
		}
	}
	b.mu.Lock()
	left, news := b.left, b.leftIsNews
	b.leftIsNews = false
	b.mu.Unlock()
	if !news {
		return nil
	}
	if err := b.config.Leases.RecordDailyRemaining(ctx, b.config.Connection, b.config.Side, left); err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	return nil
}
