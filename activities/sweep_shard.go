package activities

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// sweepsAtOnce is how many sides one shard polls at the same time.
	sweepsAtOnce = 8
	// sweepsPerRun is how many one run takes at most; the others are due at the next.
	sweepsPerRun = 1000
	// sweepLease is how long a side stays taken after its worker was last heard of.
	sweepLease = 30 * time.Second
	// sweepSpell is how long one reading of a side goes on; then the other connections have their turn.
	sweepSpell = 20 * time.Second
	// sweepTimeout ends the polling of a side that hangs.
	sweepTimeout = 3 * time.Minute
	// bellPatience is how long a change may wait before its connection is woken once more.
	bellPatience = 10 * time.Second
)

// defaultPace is for connections whose rules cannot be had.
var defaultPace = PaceBounds{Fastest: time.Minute, Slowest: 15 * time.Minute}

// Sweeps holds the activities that poll both sides for changes that nothing told of.
type Sweeps struct {
	Connections Connections
	Ledger      SweepLedger
	Bell        Doorbell
	begun       sync.Map // of connections, the version of the rules under which the kinds are polled
}

// beginKinds lets the kinds that the rules sync beside contacts be polled from now on, from the beginning.
func (a *Sweeps) beginKinds(ctx context.Context, s *sweeper) error {
	if version, _ := a.begun.Load(s.ID); s.sweep.Kind != record.Contact || version == s.RulesVersion {
		return nil
	}
	for _, kind := range record.Kinds {
		if kind == record.Contact || s.of(kind) == nil {
			continue
		}
		var since map[record.Side]time.Time
		if kind == record.Note && s.Kinds[kind] == nil { // older ones become no tasks, and nothing else is done about notes
			at, err := a.Ledger.NotesSince(ctx, s.ID)
			if err != nil {
				return err
			}
			since = map[record.Side]time.Time{record.Salesforce: at}
		}
		if err := a.Ledger.GoLive(ctx, s.ID, kind, since); err != nil {
			return err
		}
	}
	a.begun.Store(s.ID, s.RulesVersion)
	return nil
}

// GoLiveInput says since when the connection's records are known.
type GoLiveInput struct {
	Connection string `json:"connection"`
	// Begun is when the onboarding began to read either side: what changed since then is swept.
	Begun time.Time `json:"begun"`
	// Kinds are those that were read beside contacts.
	Kinds []record.Kind `json:"kinds,omitempty"`
}

// GoLive turns live sync on for a connection, and wakes it for what was announced meanwhile. Safe to repeat.
func (a *Sweeps) GoLive(ctx context.Context, in GoLiveInput) error {
	since := map[record.Side]time.Time{}
	for _, side := range record.Sides {
		since[side] = in.Begun
	}
	for _, kind := range append([]record.Kind{record.Contact}, in.Kinds...) {
		if err := a.Ledger.GoLive(ctx, in.Connection, kind, since); err != nil {
			return err
		}
	}
	return a.Bell.Ring(ctx, in.Connection)
}

// SweepShardInput names the connections to look after: those whose number leaves the remainder Shard when divided by
// Shards.
type SweepShardInput struct {
	Shard  int `json:"shard"`
	Shards int `json:"shards"`
}

// SweepShardResult counts what a sweep came to.
type SweepShardResult struct {
	Swept   int `json:"swept"`   // sides that were polled
	Failed  int `json:"failed"`  // of those; `starter status` says why
	Changes int `json:"changes"` // records that were marked
	Echoes  int `json:"echoes"`  // changes that tell nothing new, as our own writes
	Rung    int `json:"rung"`    // connections woken because something waited
}

// SweepShard polls what is due in a shard, each side of each connection by itself: a failure of one is written down and
// touches no other. First it wakes the connections in which something waits and nobody works. Safe to repeat.
func (a *Sweeps) SweepShard(ctx context.Context, in SweepShardInput) (SweepShardResult, error) {
	var out SweepShardResult
	waiting, err := a.Ledger.Unanswered(ctx, in.Shard, in.Shards, bellPatience)
	if err != nil {
		return out, err
	}
	for _, connection := range waiting {
		if err := a.Bell.Ring(ctx, connection); err != nil {
			// Polling must not wait for it: the next run rings again.
			activity.GetLogger(ctx).Warn("a connection could not be woken", "connection", connection, "error", err)
			continue
		}
		out.Rung++
	}
	due, err := a.Ledger.DueSweeps(ctx, in.Shard, in.Shards, sweepsPerRun)
	if err != nil {
		return out, err
	}
	var mu sync.Mutex
	var lanes sync.WaitGroup
	next := make(chan record.SweepKey)
	for range min(sweepsAtOnce, len(due)) {
		lanes.Go(func() {
			for key := range next {
				one := a.sweep(ctx, key)
				mu.Lock()
				out.add(one)
				mu.Unlock()
			}
		})
	}
	stop := activity.GetWorkerStopChannel(ctx)
hand:
	for _, key := range due {
		select {
		case next <- key:
		case <-stop:
			break hand
		case <-ctx.Done():
			break hand
		}
	}
	close(next)
	lanes.Wait()
	return out, ctx.Err()
}

func (r *SweepShardResult) add(o SweepShardResult) {
	r.Swept += o.Swept
	r.Failed += o.Failed
	r.Changes += o.Changes
	r.Echoes += o.Echoes
}

// sweep polls one side of one connection under a lease, and writes down how it went.
func (a *Sweeps) sweep(ctx context.Context, key record.SweepKey) (out SweepShardResult) {
	log := activity.GetLogger(ctx)
	sweep, ok, err := a.Ledger.BeginSweep(ctx, key, sweepLease)
	if err != nil {
		log.Warn("a sweep could not begin", "connection", key.Connection, "side", key.Side, "error", err)
		out.Failed++
	}
	if err != nil || !ok {
		return out
	}
	out.Swept++
	s := &sweeper{reader: reader{kind: key.Kind}, ledger: a.Ledger, bell: a.Bell, sweep: sweep, confirmations: confirmationsPerSweep}
	done, err := a.poll(ctx, s)
	out.Changes, out.Echoes = s.changes, s.echoes
	if errors.Is(err, record.ErrFenced) {
		return out // somebody else has taken over
	}
	end := record.SweepEnd{Unfinished: !done}
	switch {
	case err != nil && ctx.Err() != nil:
		end.Unfinished = true // this worker ends, which says nothing about the connection
	case err != nil:
		out.Failed++
		failures := sweep.Failures + 1
		if end.Advanced = s.advanced; end.Advanced {
			failures = 1
		}
		end.Problem, end.Next = problemOf(err), retryInterval(s.bounds(), failures, retryAfter(err))
		if s.Connection != nil && sweep.Every == 0 {
			end.Every = s.bounds().Fastest // for failures before the rules are known
		}
		log.Warn("a sweep failed", "connection", key.Connection, "side", key.Side, "problem", end.Problem, "error", err)
	case done:
		a.works(ctx, s)
		end.Every = s.interval()
		end.Next = untilDue(end.Every)
	}
	ending, cancel := toTheEnd(ctx)
	defer cancel()
	if err := a.Ledger.EndSweep(ending, sweep, end); err != nil && !errors.Is(err, record.ErrFenced) {
		log.Warn("the end of a sweep could not be written down", "connection", key.Connection, "side", key.Side, "error", err)
	}
	return out
}

// toTheEnd is a context in which to write down the end of what is done under a lease, also where the activity is told to stop:
// else whoever comes next would wait for the lease to run out.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// works notes that a side that refused the connection takes its token again. A sweep is who tries, so that nobody else need.
func (a *Sweeps) works(ctx context.Context, s *sweeper) {
	if s.Connection == nil || !slices.ContainsFunc(s.Refusals, func(r record.Refusal) bool { return r.Side == s.sweep.Side }) {
		return
	}
	if err := a.Connections.Works(ctx, s.sweep.Connection, s.sweep.Side); err != nil {
		activity.GetLogger(ctx).Warn("that a side works again could not be written down; the next sweep does", "connection", s.sweep.Connection, "side", s.sweep.Side, "error", err)
	}
}

// poll does the work of a sweep; done is false where there is more to read at once.
func (a *Sweeps) poll(ctx context.Context, s *sweeper) (done bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sweepTimeout, &crm.Error{
		Side: s.sweep.Side, Kind: crm.Unavailable, Operation: "sweep", Reason: "it took too long",
	})
	defer cancel()
	ctx, release := s.hold(ctx)
	defer func() {
		// A call that was cut off says only that it was cancelled; why, the context knows.
		if fenced := release(); fenced != nil {
			done, err = false, fenced
		} else if cause := context.Cause(ctx); err != nil && crm.KindOf(cause) != "" {
			err = cause
		}
	}()
	if s.Connection, err = a.Connections.Open(ctx, s.sweep.Connection); err != nil {
		return false, err
	}
	if s.of(s.sweep.Kind) == nil || !s.synced() && !s.onlyForNotes() {
		return true, nil // the rules do not sync the kind any more
	}
	if err := a.beginKinds(ctx, s); err != nil {
		return false, err
	}
	switch {
	case s.sweep.Side == record.Salesforce:
		return s.salesforce(ctx)
	case s.sweep.Kind == record.Task:
		return s.goHighLevelTasks(ctx)
	case s.sweep.Kind == record.Note:
		return s.goHighLevelNotes(ctx)
	case s.sweep.Kind == record.Appointment:
		return s.goHighLevelAppointments(ctx)
	}
	return s.goHighLevel(ctx)
}

// problemOf names a failure for `starter status`.
func problemOf(err error) string {
	if kind := crm.KindOf(err); kind != "" {
		return string(kind)
	}
	if e := permanent(err); e != nil {
		return string(e.Kind)
	}
	return "Internal"
}

func retryAfter(err error) time.Duration {
	var e *crm.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
