// Package intake receives webhooks: it believes only what is signed, keeps of each no more than which record may have
// changed, and answers once that is kept. Payloads are hints: whoever syncs reads both sides as they are.
package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/record"
)

// Path is where GoHighLevel's webhooks are received.
const Path = "/webhooks/gohighlevel"

// Inbox keeps what webhooks tell.
type Inbox interface {
	// TakeWebhooks keeps a batch in one transaction: it marks records, rings bells and turns off connections. Safe to
	// repeat. Where it fails, nothing of the batch is kept as far as the caller may rely on it; Rang is valid even then.
	TakeWebhooks(ctx context.Context, batch []record.Announced) (record.Taken, error)
}

// Doorbell wakes a connection's SyncChanges.
type Doorbell interface {
	// Ring starts the run, or tells the one that is open. Safe to repeat.
	Ring(ctx context.Context, connection string) error
}

// Config is what a Receiver is made of. What is zero among the last ones takes its default.
type Config struct {
	Keys     Keys
	Inbox    Inbox
	Doorbell Doorbell
	Log      *zap.Logger
	Meter    metric.Meter
	// AppID is our marketplace app: an uninstall of another app has no effect. "" takes every app for ours.
	AppID string
	// Prove answers the challenge of a self-test, by which a worker looks whether the public address leads here; ok is false
	// for one that is not ours. nil answers none.
	Prove func(challenge string) (proof string, ok bool)

	// Patience is how long a webhook waits to be kept before it is refused for now (2 s).
	Patience time.Duration
	// Linger is how long a batch waits for more webhooks (2 ms).
	Linger time.Duration
	// Batch is how many webhooks are kept at once, at most (500).
	Batch int
	// Queue is how many webhooks may wait to be kept (5,000).
	Queue int
	// Bodies is how many bodies are read at the same time, at most (1,024): each takes up to 256 KiB.
	Bodies int
	// RingAgain is how long to wait before a bell is rung again that could not be rung (100 ms); it doubles each time.
	RingAgain time.Duration
}

// committers is how many batches are written at the same time: while one commits, the next one gathers.
const committers = 2

func (c *Config) setDefaults() {
	c.Patience = or(c.Patience, 2*time.Second)
	c.Linger = or(c.Linger, 2*time.Millisecond)
	c.Batch = or(c.Batch, 500)
	c.Queue = or(c.Queue, 5000)
	c.Bodies = or(c.Bodies, 1024)
	c.RingAgain = or(c.RingAgain, 100*time.Millisecond)
}

func or[T time.Duration | int](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// Receiver is the handler of Path. It is safe for concurrent use.
type Receiver struct {
	config Config
	queue  *queue
	bells  *bells
	bodies chan struct{}
	measures
}

// New starts a receiver. Close stops it.
func New(c Config) (*Receiver, error) {
	if len(c.Keys.Current) == 0 {
		return nil, errors.New("intake: there must be a key to verify webhooks with")
	}
	c.setDefaults()
	r := &Receiver{config: c, bodies: make(chan struct{}, c.Bodies)}
	waiting := make(chan *waiter, c.Queue)
	m, err := newMeasures(c.Meter, func() int { return len(waiting) })
	if err != nil {
		return nil, fmt.Errorf("intake: instruments: %w", err)
	}
	r.measures = m
	r.bells = newBells(c, m)
	r.queue = newQueue(c, m, waiting, r.bells)
	return r, nil
}

// Close refuses further webhooks for now, keeps those that wait, and rings the bells they call for. It returns when that
// is done, or when the context ends; whatever is cut off then was not acknowledged, or lies announced for the sweep.
func (r *Receiver) Close(ctx context.Context) error {
	return errors.Join(r.queue.close(ctx), r.bells.close(ctx))
}
