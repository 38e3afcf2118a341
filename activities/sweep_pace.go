package activities

import (
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// sweepShare is the share of what is left of a day's allowance that polling may use.
const sweepShare = 0.1

// PaceBounds are the shortest and the longest interval between two polls of a side.
type PaceBounds struct{ Fastest, Slowest time.Duration }

// Pace is what the next interval follows.
type Pace struct {
	// Calls is how many requests a poll takes.
	Calls int
	// Left is how many requests are left of the vendor's day, -1 where nobody knows; Reset is the time until the next day.
	Left  int
	Reset time.Duration
	// Changes is how many changes this poll found, Last the interval before it; 0 for none yet.
	Changes int
	Last    time.Duration
}

// NextInterval returns the time until the next poll: half of the last one where changes came, half as much again where
// none did, between the bounds. It is longer than the slowest only where polling would otherwise use more than a tenth of
// what is left of the day's allowance.
func NextInterval(b PaceBounds, p Pace) time.Duration {
	last := p.Last
	if last <= 0 {
		last = b.Fastest
	}
	last = clamp(last, b)
	next := last + last/2
	if p.Changes > 0 {
		next = last / 2
	}
	next = clamp(next, b)
	if p.Left < 0 || p.Calls <= 0 {
		return next
	}
	polls := int(sweepShare * float64(p.Left) / float64(p.Calls))
	if polls == 0 {
		return max(next, p.Reset)
	}
	return max(next, p.Reset/time.Duration(polls)+1)
}

// untilDue is how long after a poll began the next one is due: the interval, less a hair, for Schedules fire at fixed times,
// and one that comes a moment early would leave the side to the next.
func untilDue(interval time.Duration) time.Duration {
	return interval - min(interval/10, 500*time.Millisecond)
}

func clamp(d time.Duration, b PaceBounds) time.Duration {
	return max(min(d, b.Slowest), b.Fastest)
}

// retryInterval is how long a side is left alone after failures in a row: twice as long each time, up to the slowest
// interval, and at least for as long as the vendor asks.
func retryInterval(b PaceBounds, failures int, vendor time.Duration) time.Duration {
	wait := max(b.Fastest, time.Second)
	for range failures - 1 {
		if wait *= 2; wait >= b.Slowest {
			break
		}
	}
	return max(min(wait, max(b.Slowest, b.Fastest)), vendor)
}

// untilReset is the time until a side's daily allowance is whole again: GoHighLevel counts days (UTC), Salesforce any 24
// hours.
func untilReset(side record.Side, now time.Time) time.Duration {
	const day = 24 * time.Hour
	if side == record.Salesforce {
		return day
	}
	return now.UTC().Truncate(day).Add(day).Sub(now)
}
