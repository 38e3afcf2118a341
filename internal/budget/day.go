package budget

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Standing is how a side's allowance stands by what all workers know.
type Standing struct {
	// Used is how many calls were counted today (UTC), in all lanes.
	Used int64
	// Limit and Remaining are what the vendor said last of its day, Ago how long ago; each is -1 where it never did.
	Limit, Remaining int
	Ago              time.Duration
	// Paused is for how long the vendor asked to be left alone, from now; 0 when it does not.
	Paused time.Duration
}

const (
	// standingLife is how long a process goes by what it read of the others.
	standingLife = 1500 * time.Millisecond
	// probeEvery is how often a process sends one request under a day that may have begun anew.
	probeEvery = 10 * time.Second
	// defaultRecheck and defaultBackfillShare stand for what the allowance leaves open.
	defaultRecheck       = 15 * time.Minute
	defaultBackfillShare = 0.7
)

// saying is what the vendor said of its day.
type saying struct {
	limit, remaining int // limit is -1 or 0 where it was not said
	at               time.Time
}

// day is what a budget knows of the day.
type day struct {
	mu     sync.Mutex
	said   saying // its time is zero when the vendor never said
	news   bool   // the ledger does not know it yet
	probed time.Time

	used       int64 // by the ledger, when it was read last
	counted    int64 // of this process's calls that were part of used
	paused     time.Time
	read       time.Time // when the ledger was read last, or could not be
	refreshing sync.Mutex
}

// heard keeps the newer of two sayings.
func (d *day) heard(s saying, news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.said.at.After(s.at) {
		return
	}
	if s.limit <= 0 {
		s.limit = d.said.limit // vendors do not always say it
	}
	d.said, d.news = s, news || d.news && !d.said.at.Before(s.at)
}

// share is the part of the day that a lane may use up. What is left is for the lanes before it: a live change must
// arrive on a day whose backfill was large, too.
func share(rank int, a *rules.Allowance) float64 {
	backfill := a.BackfillShare
	if backfill == 0 {
		backfill = defaultBackfillShare
	}
	switch crm.Lanes[rank] {
	case crm.LaneVerify:
		return 0.9 * backfill
	case crm.LaneBackfill:
		return backfill
	case crm.LaneMaintenance:
		return max(0.85, backfill)
	case crm.LaneHuman:
		return max(0.95, backfill)
	default:
		return 1
	}
}

// checkUsedUp fails while the lane's share of the day is used up, and, without slots, while the vendor refuses. A probe
// is the one request that finds out whether the vendor's day has begun anew.
func (b *Budget) checkUsedUp(ctx context.Context, rank int) (probe bool, err error) {
	b.refresh(ctx)
	now := time.Now()
	a := b.allowance.Load()
	b.mu.Lock()
	until := b.pausedUntil
	b.mu.Unlock()
	b.day.mu.Lock()
	defer b.day.mu.Unlock()
	if a.Requests == 0 {
		until = later(until, b.day.paused)
	}
	used := float64(b.day.used + b.Calls() - b.day.counted)
	if a.Daily > 0 && used >= share(rank, a)*float64(a.Daily) {
		until = later(until, nextCheck(now, a))
	}
	if over, sure := b.day.vendorSaysOver(share(rank, a), a, now); over {
		switch {
		case now.Before(sure):
			until = later(until, sure)
		case now.Before(b.day.probed.Add(probeEvery)):
			until = later(until, b.day.probed.Add(probeEvery))
		case !until.After(now):
			b.day.probed, probe = now, true
		}
	}
	if wait := until.Sub(now); wait > 0 {
		return false, b.usedUp(wait)
	}
	return probe, nil
}

// vendorSaysOver tells whether the vendor said that a share of its day is used up, and until when that is to be
// believed.
func (d *day) vendorSaysOver(share float64, a *rules.Allowance, now time.Time) (over bool, until time.Time) {
	if d.said.at.IsZero() {
		return false, now
	}
	limit := d.said.limit
	if limit <= 0 {
		limit = a.Daily
	}
	over = d.said.remaining == 0 || limit > 0 && float64(limit-d.said.remaining) >= share*float64(limit)
	return over, nextCheck(d.said.at, a)
}

// nextCheck is when a day that was used up at a time is tried again: a vendor's day need not end at midnight (UTC), it
// may also be the last 24 hours.
func nextCheck(at time.Time, a *rules.Allowance) time.Time {
	recheck := a.Recheck
	if recheck == 0 {
		recheck = defaultRecheck
	}
	midnight := at.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	if until := at.Add(recheck); until.Before(midnight) {
		return until
	}
	return midnight
}

// refresh reads what the other workers know, now and then. Where the ledger cannot be reached, this process goes by what
// it knows: without slots, no call needs the ledger.
func (b *Budget) refresh(ctx context.Context) {
	d := &b.day
	known, due := d.due()
	if !due {
		return
	}
	// One asks; only those who know nothing yet wait for the answer.
	if !known {
		d.refreshing.Lock()
	} else if !d.refreshing.TryLock() {
		return
	}
	defer d.refreshing.Unlock()
	if _, due = d.due(); !due {
		return
	}
	counted := b.counted.Load() // before the ledger is read: what is counted meanwhile is counted twice rather than never
	s, err := b.config.Leases.Standing(ctx, b.config.Connection, b.config.Side)
	now := time.Now()
	if err == nil && s.Ago >= 0 && s.Remaining >= 0 {
		d.heard(saying{limit: s.Limit, remaining: s.Remaining, at: now.Add(-s.Ago)}, false)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = now
	if err == nil {
		d.used, d.counted, d.paused = s.Used, counted, now.Add(s.Paused)
	}
}

// due tells whether the ledger was ever read, and whether it is time to read it again.
func (d *day) due() (known, due bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.read.IsZero(), time.Since(d.read) >= standingLife
}

// DailyRemaining returns what the vendor said last is left of its day; -1 when it never did.
func (b *Budget) DailyRemaining() int {
	b.day.mu.Lock()
	defer b.day.mu.Unlock()
	if b.day.said.at.IsZero() {
		return -1
	}
	return b.day.said.remaining
}

// Flush counts the calls since the last Flush in the ledger, by lane, and tells it what the vendor said is left of the
// day. Call it every few seconds, and at the end. What fails is counted by the next Flush.
func (b *Budget) Flush(ctx context.Context) error {
	b.flushing.Lock()
	defer b.flushing.Unlock()
	for rank, lane := range crm.Lanes {
		calls := b.calls[rank].Load()
		n := calls - b.flushed[rank]
		if n == 0 {
			continue
		}
		today, err := b.config.Leases.AddUsage(ctx, b.config.Connection, b.config.Side, lane, n)
		if err != nil {
			return fmt.Errorf("budget: %w", err)
		}
		b.flushed[rank] = calls
		b.counted.Add(n)
		b.day.mu.Lock()
		b.day.used, b.day.counted = today, b.counted.Load()
		b.day.mu.Unlock()
	}
	return b.tellDay(ctx)
}

// tellDay tells the ledger what the vendor said last.
func (b *Budget) tellDay(ctx context.Context) error {
	b.day.mu.Lock()
	said, news := b.day.said, b.day.news
	b.day.news = false
	b.day.mu.Unlock()
	if !news {
		return nil
	}
	if err := b.config.Leases.RecordDaily(ctx, b.config.Connection, b.config.Side, said.limit, said.remaining); err != nil {
		b.day.mu.Lock()
		b.day.news = true
		b.day.mu.Unlock()
		return fmt.Errorf("budget: %w", err)
	}
	return nil
}
