// Package budget shares out a vendor's API allowance among all workers of a connection. Slots are leased from the ledger
// in handfuls; what the vendor's responses say corrects the count.
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

// Leaser grants slots that all workers share, by one clock.
type Leaser interface {
	// LeaseSlots grants the next n requests under limit requests per window, and returns how long from now each may be
	// sent, ascending.
	LeaseSlots(ctx context.Context, connection string, side record.Side, n, limit int, window time.Duration) ([]time.Duration, error)
	// PauseSlots lets no further slot be granted for sooner than d from now.
	PauseSlots(ctx context.Context, connection string, side record.Side, d time.Duration) error
	// AddUsage adds to the count of requests sent today and returns it.
	AddUsage(ctx context.Context, connection string, side record.Side, lane string, n int64) (today int64, err error)
}

// Config says whose allowance it is, and how large.
type Config struct {
	Connection string
	Side       record.Side
	Lane       string
	Requests   int // per Window; 0 means no limit, and then Acquire never asks the ledger
	Window     time.Duration
	Daily      int // 0 means that only the vendor's own word limits the day
	Handful    int // most slots leased at once; 0 means 10
	Leases     Leaser
}

const (
	defaultHandful = 10
	// stale is how late a leased slot may be used. Used later, it would fall into a window in which it was not counted.
	stale = 40 * time.Millisecond
	// worthHolding is the longest wait for which a request is held open; a longer one is the workflow's to wait out.
	worthHolding = 2 * time.Minute
	// dayPause is how long an exhausted day is left alone before it is tried again.
	dayPause = 15 * time.Minute
)

// Budget is one worker's hand on an allowance. It implements crm.Limiter and is safe for concurrent use.
type Budget struct {
	Config
	calls   atomic.Int64
	flushed atomic.Int64
	left    atomic.Int64 // of the vendor's day; -1 while it has not said

	waiting atomic.Int64  // callers that want a slot now
	turn    chan struct{} // held by whoever takes the next slot
	slots   []time.Time

	mu          sync.Mutex
	pausedUntil time.Time
	flushing    sync.Mutex
}

var _ crm.Limiter = (*Budget)(nil)

// New takes a hand on an allowance.
func New(c Config) *Budget {
	if c.Handful == 0 {
		c.Handful = defaultHandful
	}
	b := &Budget{Config: c, turn: make(chan struct{}, 1)}
	b.left.Store(-1)
	return b
}

// Acquire waits for the next slot. It fails with kind RateLimited where the wait is not worth holding a request open,
// or where the day's allowance is used up.
func (b *Budget) Acquire(ctx context.Context) error {
	if err := b.pause(ctx); err != nil {
		return err
	}
	if b.Requests > 0 {
		at, err := b.slot(ctx)
		if err != nil {
			return err
		}
		if err := b.until(ctx, at, "the allowance is used up"); err != nil {
			return err
		}
	}
	b.calls.Add(1)
	return nil
}

// pause waits out what the vendor asked for.
func (b *Budget) pause(ctx context.Context) error {
	b.mu.Lock()
	until := b.pausedUntil
	b.mu.Unlock()
	return b.until(ctx, until, "the vendor asked to wait")
}

func (b *Budget) until(ctx context.Context, at time.Time, reason string) error {
	wait := time.Until(at)
	if wait <= 0 {
		return ctx.Err()
	}
	if wait > worthHolding {
		return &crm.Error{Side: b.Side, Operation: "wait for the API allowance", Kind: crm.RateLimited, Reason: reason, RetryAfter: wait}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slot takes the next leased slot. When there is none it leases as many as are wanted just now, up to a handful: a slot
// that nobody uses is lost to everybody.
func (b *Budget) slot(ctx context.Context) (time.Time, error) {
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	for len(b.slots) > 0 && time.Since(b.slots[0]) > stale {
		b.slots = b.slots[1:]
	}
	if len(b.slots) == 0 {
		asked := time.Now()
		want := min(int(b.waiting.Load()), b.Handful)
		delays, err := b.Leases.LeaseSlots(ctx, b.Connection, b.Side, want, b.Requests, b.Window)
		if err != nil {
			return time.Time{}, fmt.Errorf("lease API slots: %w", err)
		}
		now := time.Now()
		for _, d := range delays {
			// The ledger's now lies between asking and answering. The later end is the safe one for slots to come; one
			// that is due at once counts from asking, or it would never be stale.
			at := now.Add(d)
			if d == 0 {
				at = asked
			}
			b.slots = append(b.slots, at)
		}
		if len(b.slots) == 0 {
			return time.Time{}, fmt.Errorf("lease API slots: none granted")
		}
	}
	at := b.slots[0]
	b.slots = b.slots[1:]
	return at, nil
}

// Observe takes what a response said. A refusal pauses the connection for every worker, not only this one.
func (b *Budget) Observe(u crm.Usage) {
	if u.DailyRemaining >= 0 {
		b.left.Store(int64(u.DailyRemaining))
	}
	if !u.Refused {
		return
	}
	wait := time.Duration(u.RetryAfterSeconds) * time.Second
	if wait == 0 && u.DailyRemaining == 0 {
		wait = dayPause
	}
	if wait == 0 {
		return // a refusal without a reason passes by itself: the call's own retry is pause enough
	}
	b.mu.Lock()
	if until := time.Now().Add(wait); until.After(b.pausedUntil) {
		b.pausedUntil = until
	}
	b.mu.Unlock()
	if b.Requests > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		// Failing to tell the others costs them a refusal of their own, nothing more.
		_ = b.Leases.PauseSlots(ctx, b.Connection, b.Side, wait)
	}
}

// Calls returns how many requests this worker has sent.
func (b *Budget) Calls() int64 { return b.calls.Load() }

// DailyRemaining returns what the vendor said last is left of the day; -1 when it has not said.
func (b *Budget) DailyRemaining() int { return int(b.left.Load()) }

// Flush writes down the requests sent since the last time. What fails is written down the next time.
func (b *Budget) Flush(ctx context.Context) error {
	b.flushing.Lock()
	defer b.flushing.Unlock()
	n := b.calls.Load() - b.flushed.Load()
	if n == 0 {
		return nil
	}
	today, err := b.Leases.AddUsage(ctx, b.Connection, b.Side, b.Lane, n)
	if err != nil {
		return fmt.Errorf("write down API usage: %w", err)
	}
	b.flushed.Add(n)
	if b.Daily > 0 && today >= int64(b.Daily) {
		b.mu.Lock()
		b.pausedUntil = time.Now().Add(dayPause)
		b.mu.Unlock()
	}
	return nil
}
