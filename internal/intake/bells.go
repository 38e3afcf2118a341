package intake

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	ringing  = 32              // bells rung at the same time
	rings    = 6               // attempts at one bell
	ringTime = 5 * time.Second // for each attempt
)

// bells wakes runs without letting the answers to webhooks wait for it.
type bells struct {
	doorbell Doorbell
	log      *zap.Logger
	measures measures
	again    time.Duration
	slots    chan struct{}

	mu     sync.Mutex // guards closed, and that nothing gets under way after it
	closed bool
	under  sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
}

func newBells(c Config, m measures) *bells {
	ctx, cancel := context.WithCancel(context.Background())
	return &bells{
		doorbell: c.Doorbell, log: c.Log, measures: m, again: c.RingAgain, slots: make(chan struct{}, ringing),
		ctx: ctx, cancel: cancel,
	}
}

// ring rings in the background, several times if need be. How many bells ring at once has a bound by itself: the bell
// that rang stays so until a run has looked.
func (b *bells) ring(connection string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.unheard(connection, context.Canceled)
		return
	}
	b.under.Go(func() {
		if err := b.persist(connection); err != nil {
			b.unheard(connection, err)
		}
	})
}

func (b *bells) unheard(connection string, err error) {
	b.measures.unheard.Add(context.Background(), 1)
	b.log.Error("a bell could not be rung; the next sweep rings it", zap.String("connection", connection), zap.Error(err))
}

// persist rings until it is heard, or there is no use in going on.
func (b *bells) persist(connection string) error {
	delay := b.again
	for attempt := 1; ; attempt++ {
		err := b.once(connection)
		if err == nil || attempt == rings || b.ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(delay):
		case <-b.ctx.Done():
		}
		delay *= 2
	}
}

func (b *bells) once(connection string) error {
	select {
	case b.slots <- struct{}{}:
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	}
	defer func() { <-b.slots }()
	ctx, cancel := context.WithTimeout(b.ctx, ringTime)
	defer cancel()
	return b.doorbell.Ring(ctx, connection)
}

// close waits for the bells under way, and ends them when the context does.
func (b *bells) close(ctx context.Context) error {
	defer b.cancel()
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return wait(ctx, &b.under, "ringing")
}
