package gohighleveltest

import (
	"container/heap"
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxQueued bounds the deliveries that wait; beyond it new ones are lost and counted as Overflowed.
	maxQueued = 100_000
	// maxLogged is how many of the latest events Replay can deliver again.
	maxLogged = 20_000
)

// delivery is one event on its way to one URL.
type delivery struct {
	event  *webhook
	url    string
	body   []byte // the event's own, unless it is forged
	how    signing
	forged bool
	due    time.Time
	order  uint64 // among deliveries that are due at once
	tries  int
	fate   *source // the chances of this delivery alone
}

// webhooks delivers events. It starts goroutines only while something is due, so that a Fake needs no Close when
// nothing is delivered.
type webhooks struct {
	seed   uint64
	keys   webhookKeys
	client *http.Client
	on     atomic.Bool // whether there is any URL, and it is not closed
	ctx    context.Context
	stop   context.CancelFunc
	flying sync.WaitGroup

	mu       sync.Mutex
	byEvent  map[string]string // URLs; under "" the default one
	faults   WebhookFaults
	counts   WebhookStats
	made     uint64 // events ever
	queued   uint64 // deliveries ever
	replays  uint64
	waiting  deliveries
	running  int
	drained  chan struct{} // closed when nothing waits or runs; nil while that is so
	timer    *time.Timer
	log      []*webhook
	maxQueue int
}

func newWebhooks(o Options) *webhooks {
	w := &webhooks{
		seed: o.Seed, keys: newWebhookKeys(o.Seed), client: newWebhookClient(), byEvent: map[string]string{},
		faults: o.WebhookFaults, counts: emptyWebhookStats(), maxQueue: maxQueued,
	}
	w.ctx, w.stop = context.WithCancel(context.Background())
	if err := o.WebhookFaults.validate(); err != nil {
		panic(err)
	}
	for _, e := range o.Webhooks {
		if err := w.set(e); err != nil {
			panic(err)
		}
	}
	return w
}

func (w *webhooks) set(e WebhookEndpoint) error {
	if err := e.validate(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	names := e.Events
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		if e.URL == "" {
			delete(w.byEvent, name)
		} else {
			w.byEvent[name] = e.URL
		}
	}
	w.on.Store(len(w.byEvent) > 0 && w.ctx.Err() == nil)
	return nil
}

// endpoints returns the settings in a fixed order.
func (w *webhooks) endpoints() []WebhookEndpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []WebhookEndpoint{}
	for name, url := range w.byEvent {
		e := WebhookEndpoint{URL: url}
		if name != "" {
			e.Events = []string{name}
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b WebhookEndpoint) int { return slices.Compare(a.Events, b.Events) })
	return out
}

// url returns where an event goes, "" for nowhere. The caller holds the lock.
func (w *webhooks) url(event string) string {
	if url, own := w.byEvent[event]; own {
		return url
	}
	return w.byEvent[""]
}

// emit makes an event of a payload without envelope and queues what becomes of it.
func (w *webhooks) emit(p *webhookPayload, at time.Time, locationID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	url := w.url(p.Type)
	if url == "" || w.ctx.Err() != nil {
		return
	}
	w.made++
	e := &webhook{name: p.Type, at: at, n: w.made}
	p.Timestamp = at.Format(isoMillis)
	if !w.faults.NoWebhookID {
		p.WebhookID = webhookID(w.seed, e.n, at, locationID)
	}
	e.body = p.encode()
	w.counts.Events++
	w.counts.ByEvent[e.name]++
	w.remember(e)
	w.cast(e, p, url, locationID)
	w.advance()
}

// cast draws what becomes of an event: it depends on the seed, the event's number and the rates alone. The caller holds
// the lock.
func (w *webhooks) cast(e *webhook, p *webhookPayload, url, locationID string) {
	fate := w.fate(e.n, 0)
	chance := func(rate float64) bool { return fate.float() < rate }
	drop, duplicate, forge := chance(w.faults.Drop), chance(w.faults.Duplicate), chance(w.faults.Forge)
	if forge {
		d := &delivery{event: e, url: url, forged: true, fate: w.fate(e.n, 3)}
		switch fate.next() % 3 {
		case 0:
			d.how, d.body = signedOther, forgedBody(*p, fate.id(20))
		case 1:
			d.how, d.body = signedElsewhere, forgedUninstall(*p, locationID)
		case 2:
			d.how, d.body = unsigned, forgedBody(*p, fate.id(20))
		}
		w.queue(d)
		w.counts.Forged++
	}
	if drop {
		w.counts.Dropped++
	} else {
		w.queue(&delivery{event: e, url: url, body: e.body, fate: w.fate(e.n, 1)})
	}
	if duplicate {
		w.counts.Duplicated++
		w.queue(&delivery{event: e, url: url, body: e.body, fate: w.fate(e.n, 2)})
	}
}

// fate returns the chances of the n-th event, or of one delivery of it.
func (w *webhooks) fate(n, delivery uint64) *source {
	s := &source{}
	s.seed.Store(w.seed ^ (n*4+delivery)*0xd6e8feb86659fd93)
	return s
}

// queue adds a delivery. The caller holds the lock and advances afterwards.
func (w *webhooks) queue(d *delivery) {
	if len(w.waiting) >= w.maxQueue {
		w.counts.Overflowed++
		return
	}
	wait := time.Duration(w.faults.Delay) + time.Duration(d.fate.float()*float64(w.faults.Reorder))
	w.wait(d, wait)
}

func (w *webhooks) wait(d *delivery, wait time.Duration) {
	w.queued++
	d.due, d.order = time.Now().Add(wait), w.queued
	heap.Push(&w.waiting, d)
	if w.drained == nil {
		w.drained = make(chan struct{})
	}
}

// advance starts what is due, and sets the timer for what is not. The caller holds the lock.
func (w *webhooks) advance() {
	now := time.Now()
	for len(w.waiting) > 0 && w.running < w.faults.parallel() && !w.waiting[0].due.After(now) {
		d := heap.Pop(&w.waiting).(*delivery)
		w.running++
		w.flying.Add(1)
		go w.deliver(d, w.faults)
	}
	switch {
	case len(w.waiting) > 0 && w.running < w.faults.parallel():
		w.alarm(w.waiting[0].due.Sub(now))
	case len(w.waiting) == 0 && w.running == 0 && w.drained != nil:
		close(w.drained)
		w.drained = nil
	}
}

func (w *webhooks) alarm(wait time.Duration) {
	if w.timer != nil {
		w.timer.Reset(wait)
		return
	}
	w.timer = time.AfterFunc(wait, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.advance()
	})
}

// remember logs an event for Replay. The caller holds the lock.
func (w *webhooks) remember(e *webhook) {
	if len(w.log) >= 2*maxLogged {
		w.log = append([]*webhook(nil), w.log[len(w.log)-maxLogged:]...)
	}
	w.log = append(w.log, e)
}

// deliveries is a heap: what is due first comes first.
type deliveries []*delivery

func (q deliveries) Len() int { return len(q) }
func (q deliveries) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].order < q[j].order
}
func (q deliveries) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *deliveries) Push(x any) { *q = append(*q, x.(*delivery)) }

// Pop is heap.Interface's.
func (q *deliveries) Pop() any {
	old := *q
	last := len(old) - 1
	d := old[last]
	old[last] = nil
	*q = old[:last]
	return d
}
