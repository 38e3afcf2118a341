package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// SweepLedger is what the sweeps need to remember. All methods are safe for concurrent use; times are by the ledger's own
// clock; a method that changes several rows changes all or none.
type SweepLedger interface {
	// GoLive turns live sync on for a connection, unless it is on, and lets the polling of each side begin with what
	// changed since the time given for it. Safe to repeat.
	GoLive(ctx context.Context, connection string, kind record.Kind, since map[record.Side]time.Time) error
	// DueSweeps returns up to n sides of live connections of a shard whose polling is due, the longest overdue first.
	DueSweeps(ctx context.Context, shard, shards, n int) ([]record.SweepKey, error)
	// BeginSweep takes the lease on the polling of a side; ok is false where it is not due or another lease runs.
	BeginSweep(ctx context.Context, k record.SweepKey, lease time.Duration) (sweep record.Sweep, ok bool, err error)
	// HoldSweep prolongs a lease. Like SweptPage and EndSweep it fails with record.ErrFenced where another was taken.
	HoldSweep(ctx context.Context, sweep record.Sweep, lease time.Duration) error
	// SweptPage stores what one page brought: marks, what was seen, and how far the reading has come, in one transaction.
	// Ring tells that the connection must be woken.
	SweptPage(ctx context.Context, sweep record.Sweep, page record.SweptPage) (ring bool, err error)
	// EndSweep ends a lease, and says when the next one may be taken.
	EndSweep(ctx context.Context, sweep record.Sweep, end record.SweepEnd) error
	// Known returns what is known of records of a side, by their ids: of each id, whether a link holds it or not.
	Known(ctx context.Context, k record.SweepKey, ids []string) (map[string]record.KnownRecord, error)
	// OpenRecords returns up to n records of a side that links hold which are neither deleted nor parted, in the order of
	// the records' ids, byte by byte, after an id; OpenLinks in the order of the links, after a link; CountOpen counts them.
	OpenRecords(ctx context.Context, k record.SweepKey, after string, n int) ([]record.KnownRecord, error)
	OpenLinks(ctx context.Context, k record.SweepKey, after int64, n int) ([]record.KnownRecord, error)
	// RecordsOf returns the records of a side that links hold and that belong to a contact.
	RecordsOf(ctx context.Context, k record.SweepKey, contactID string) ([]record.KnownRecord, error)
	CountOpen(ctx context.Context, k record.SweepKey) (int, error)
	// NotesSince returns since when a connection's notes become tasks.
	NotesSince(ctx context.Context, connection string) (time.Time, error)
	// FollowedTasks returns, by their ids, which of the given GoHighLevel tasks notes became and that are followed; all of
	// them where ids is nil.
	FollowedTasks(ctx context.Context, connection string, ids []string) (map[string]record.FollowedTask, error)
	// Unanswered returns the live connections of a shard in which something waits for a sync for longer than patience and
	// nobody works on it.
	Unanswered(ctx context.Context, shard, shards int, patience time.Duration) ([]string, error)
}
