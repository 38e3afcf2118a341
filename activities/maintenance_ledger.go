package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// MaintenanceLedger is what maintenance needs to remember. All methods are safe to repeat and for concurrent use; times are
// by the ledger's own clock; a method that changes several rows changes all or none.
type MaintenanceLedger interface {
	// DueMaintenance returns up to n connections of a shard that are to be maintained, the one that was longest ago first.
	DueMaintenance(ctx context.Context, shard, shards, n int) ([]string, error)
	// BeginMaintenance takes the lease on a connection's maintenance; ok is false while another lease runs.
	BeginMaintenance(ctx context.Context, connection string, lease time.Duration) (m record.Maintenance, ok bool, err error)
	// EndMaintenance ends a lease and keeps the report. It fails with record.ErrFenced where another lease was taken.
	EndMaintenance(ctx context.Context, m record.Maintenance, report record.MaintenanceReport) error
	// LastMaintenance returns the report of a connection's last maintenance and the time; nil where there was none.
	LastMaintenance(ctx context.Context, connection string) (report *record.MaintenanceReport, now time.Time, err error)
	// Live returns whether a connection is kept in step at the moment.
	Live(ctx context.Context, connection string) (record.Live, error)

	// Round returns the link after which the look at the records of a side goes on, and when it went on last.
	Round(ctx context.Context, k record.SweepKey) (after int64, at time.Time, err error)
	// TurnRound notes how far that has come, and marks what it found. Ring tells that the connection must be woken.
	TurnRound(ctx context.Context, k record.SweepKey, after int64, marks []record.Mark) (ring bool, err error)
	// OpenLinks, CountOpen and Links are those of SweepLedger and of Ledger.
	OpenLinks(ctx context.Context, k record.SweepKey, after int64, n int) ([]record.KnownRecord, error)
	CountOpen(ctx context.Context, k record.SweepKey) (int, error)
	Links(ctx context.Context, connection string, kind record.Kind, after int64, n int) ([]record.Work, error)

	// Orphans returns, of the next n links of a kind, those that are in step although their contact is not, and the link to
	// go on after; 0 once a round is over.
	Orphans(ctx context.Context, connection string, kind record.Kind, n int) (orphans []int64, looked int, next int64, err error)
	// WakeOrphans makes links pending and notes how far the look for orphans has come. Whoever calls wakes the connection.
	WakeOrphans(ctx context.Context, connection string, kind record.Kind, orphans []int64, next int64) error
	// LinksToNothing counts the links whose records were proven, before a time, to be deleted on both sides and that nobody is
	// concerned with, and returns some of them.
	LinksToNothing(ctx context.Context, connection string, kind record.Kind, before time.Time, some int) (count int, ids []int64, err error)
	// RemoveLinks forgets such links; more than the guard lets pass it holds back, all of them.
	RemoveLinks(ctx context.Context, r record.RemovalRequest) (removed, heldBack int, err error)

	// Overdue returns up to n open reviews that a run which waits for them would have decided.
	Overdue(ctx context.Context, connection string, n int) ([]record.Overdue, error)
	// RouseReviews lets them be looked at again. Whoever calls wakes the connection.
	RouseReviews(ctx context.Context, connection string, reviews []record.Overdue) error
	// CloseReviews ends up to n open reviews of links of which none is left, and returns how many and whose runs wait for
	// them. With dry it only counts.
	CloseReviews(ctx context.Context, connection string, n int, dry bool) (closed int, runs []string, err error)

	// OldEntries counts the entries of the journal that are older than an age, up to n.
	OldEntries(ctx context.Context, connection string, age time.Duration, n int) (int, error)
	// PruneJournal removes up to n of them.
	PruneJournal(ctx context.Context, connection string, age time.Duration, n int) (removed int, err error)
}
