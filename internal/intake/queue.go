package intake

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/record"
)

// waiter is a webhook that waits to be kept.
type waiter struct {
	announced record.Announced
	// claimed is set by whoever decides over it first: a committer that takes it along, or its request that gives up.
	claimed atomic.Bool
	done    chan outcome // has room for the one outcome
}

// queue gathers webhooks into batches and keeps them.
type queue struct {
	config   Config
	measures measures
	bells    *bells

	mu      sync.RWMutex // guards closed, and that nothing is sent after it
	closed  bool
	waiting chan *waiter

	working  sync.WaitGroup
	complain throttle
}

func newQueue(c Config, m measures, waiting chan *waiter, b *bells) *queue {
	q := &queue{config: c, measures: m, bells: b, waiting: waiting}
	for range committers {
		q.working.Go(q.commit)
	}
	return q
}

// keep returns once the webhook is kept, or will not be: then with overloaded or failed.
func (q *queue) keep(ctx context.Context, a record.Announced) outcome {
	w := &waiter{announced: a, done: make(chan outcome, 1)}
	if !q.offer(w) {
		return overloaded
	}
	patience := time.NewTimer(q.config.Patience)
	defer patience.Stop()
	select {
	case o := <-w.done:
		return o
	case <-patience.C:
	case <-ctx.Done():
	}
	// Where a committer has it already it may yet be kept: then the next delivery of it is recognised.
	w.claimed.Store(true)
	return overloaded
}

func (q *queue) offer(w *waiter) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return false
	}
	select {
	case q.waiting <- w:
		return true
	default:
		return false
	}
}

// commit keeps batches until the queue is closed and empty.
func (q *queue) commit() {
	for first := range q.waiting {
		if batch := q.gather(first); len(batch) > 0 {
			q.take(batch)
		}
	}
}

// gather returns what has come by the time that the batch is full or has lingered.
func (q *queue) gather(first *waiter) []*waiter {
	var batch []*waiter
	add := func(w *waiter) {
		if w.claimed.CompareAndSwap(false, true) {
			batch = append(batch, w)
		}
	}
	add(first)
	linger := time.NewTimer(q.config.Linger)
	defer linger.Stop()
	for len(batch) < q.config.Batch {
		select {
		case w, open := <-q.waiting:
			if !open {
				return batch
			}
			add(w)
		case <-linger.C:
			return batch
		}
	}
	return batch
}

func (q *queue) take(batch []*waiter) {
	announced := make([]record.Announced, len(batch))
	for i, w := range batch {
		announced[i] = w.announced
	}
	// Not bound to any request: the others wait for the same transaction.
	ctx, cancel := context.WithTimeout(context.Background(), q.config.Patience)
	defer cancel()
	taken, err := q.config.Inbox.TakeWebhooks(ctx, announced)
	if err == nil && len(taken.Fates) != len(batch) {
		err = fmt.Errorf("intake: %d webhooks were given and %d taken", len(batch), len(taken.Fates))
	}
	if err != nil && q.complain.may() {
		q.config.Log.Error("webhooks could not be kept; the vendor is asked to send them again", zap.Int("webhooks", len(batch)), zap.Error(err))
	}
	q.measures.batch.Record(ctx, int64(len(batch)))
	if taken.Uninstalled > 0 {
		q.measures.uninstalled.Add(ctx, int64(taken.Uninstalled))
		q.config.Log.Warn("the app was uninstalled: connections are turned off until they are connected again", zap.Int("connections", taken.Uninstalled))
	}
	for _, connection := range taken.Rang {
		q.bells.ring(connection)
	}
	for i, w := range batch { // last, so that whoever is answered finds all of it done
		w.done <- outcomeOf(taken, i, err)
	}
}

func outcomeOf(taken record.Taken, i int, err error) outcome {
	if err != nil {
		return failed
	}
	switch taken.Fates[i] {
	case record.FateAgain:
		return duplicate
	case record.FateNowhere:
		return unknownLocation
	}
	return accepted
}

func (q *queue) close(ctx context.Context) error {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
	q.mu.Unlock()
	return wait(ctx, &q.working, "keeping what waits")
}

// wait returns when the group is done, or the context.
func wait(ctx context.Context, group *sync.WaitGroup, what string) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("intake: %s was cut off: %w", what, context.Cause(ctx))
	}
}

// throttle lets a complaint through now and then: an outage must not fill the log.
type throttle struct{ last atomic.Int64 }

func (t *throttle) may() bool {
	now, last := time.Now().UnixNano(), t.last.Load()
	return now-last >= int64(10*time.Second) && t.last.CompareAndSwap(last, now)
}
