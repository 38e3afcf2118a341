// Package activities performs the effects of the workflows: one activity per API endpoint, and the few composite ones
// of the bulk lane. It is the only place where an error becomes Temporal's.
package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// Ledger is what the activities need to remember. All methods are safe to repeat and for concurrent use; times are by
// the ledger's own clock; a method that changes several rows changes all or none.
type Ledger interface {
	// BeginStaging prepares to read a side anew under an epoch. The first call for an epoch forgets what earlier
	// epochs staged of that side; later calls return where StagePage got to.
	BeginStaging(ctx context.Context, s record.StageKey) (record.StageState, error)
	// StagePage stores one page of records and moves the cursor from one value to the next. A page whose `from` is not
	// the stored cursor was staged already and changes nothing.
	StagePage(ctx context.Context, s record.StageKey, from string, page []record.Staged, to record.StageState) error
	// Match links what both sides' staged records of an epoch have in common: first by the links that exist, then tier
	// by tier. One to one becomes a link; anything else that shares a key goes to review with all its members; a
	// record alone becomes a link of one half. Every linked record not in review is made pending. Links in review from
	// earlier runs whose review is undecided are matched anew.
	Match(ctx context.Context, m record.MatchRequest) (record.MatchCounts, error)
	// Unstage forgets what is staged of a connection and kind.
	Unstage(ctx context.Context, connection string, kind record.Kind) error

	// Claim takes up to n pending links for owner, or returns the ones owner took before and has not committed.
	// The token fences: RecordIntents and Commit with an older token fail with ErrFenced.
	Claim(ctx context.Context, c record.ClaimRequest) (record.Claimed, error)
	// ClaimLink takes one link for owner, pending or not; ok is false while another owner's lease runs.
	ClaimLink(ctx context.Context, connection string, linkID int64, owner string, lease time.Duration) (c record.Claimed, ok bool, err error)
	// RecordIntents notes that creates on a side are about to begin, for links of the claim; it returns, by link, the
	// intents that had been open before, which must be settled before anything is created.
	RecordIntents(ctx context.Context, token int64, side record.Side, creates []record.Begun) (earlier map[int64]record.Intent, err error)
	// OpenIntents tells whether creates on a side are open that began before a time.
	OpenIntents(ctx context.Context, connection string, kind record.Kind, side record.Side, before time.Time) (bool, error)
	// IntentsBeside returns, of links of what belongs to contacts, when the first create began that is open on a side for
	// an older link and the same contact of that side; links beside which none is open are left out.
	IntentsBeside(ctx context.Context, connection string, kind record.Kind, side record.Side, links []record.Link) (map[int64]time.Time, error)
	// ClearIntents notes that the creates were not carried out after all.
	ClearIntents(ctx context.Context, token int64, linkIDs []int64) error
	// Commit records outcomes: ids, base, state, journal, and the end of the pending change (unless it was marked
	// pending again since the claim), in one transaction. Committing an outcome twice is harmless.
	Commit(ctx context.Context, token int64, origin record.Origin, outcomes []record.Outcome) error
	// HandOver makes links of the claim pending for the record lane: nobody's claim, and skipped by Claim until
	// their ContactSync run ends.
	HandOver(ctx context.Context, token int64, linkIDs []int64) error
	// Release gives back what the owner still holds under the token, for whoever claims next. Intents stay open.
	Release(ctx context.Context, owner string, token int64) error
	// HandedOver returns up to n links that wait in the record lane, in the order of their ids.
	HandedOver(ctx context.Context, connection string, kind record.Kind, n int) ([]int64, error)
	// EnsureLink returns the link of a record; a record that has none gets one of one half.
	EnsureLink(ctx context.Context, connection string, kind record.Kind, side record.Side, id string) (record.Link, error)

	// MarkPending makes links pending. Marking twice coalesces.
	MarkPending(ctx context.Context, connection string, kind record.Kind, linkIDs []int64) error
	// MarkAllPending makes the next n links after an id pending that are kept in step or could be; last is 0 once there
	// are no more.
	MarkAllPending(ctx context.Context, connection string, kind record.Kind, after int64, n int) (last int64, marked int, err error)
	// Links returns links in the order of their ids, after an id, with what is staged of their records.
	Links(ctx context.Context, connection string, kind record.Kind, after int64, n int) ([]record.Work, error)
	// FindLink returns the link of a record, nil when there is none.
	FindLink(ctx context.Context, connection string, kind record.Kind, side record.Side, id string) (*record.Link, error)
	// OpenLinks returns up to n records of a side that links hold which are neither deleted nor parted, in the order of the
	// links, after a link.
	OpenLinks(ctx context.Context, k record.SweepKey, after int64, n int) ([]record.KnownRecord, error)
	// FindLinks returns the links of records of a side, by the records' ids; those that no link holds are left out.
	FindLinks(ctx context.Context, connection string, kind record.Kind, side record.Side, ids []string) (map[string]record.Link, error)
	// Belongings returns the links of a kind whose records belong to a contact on either side; of all kinds but contacts
	// where kind is "".
	Belongings(ctx context.Context, connection string, kind record.Kind, contact record.Link) ([]record.Link, error)
	// LinkedRecords returns which of the given record ids of a side belong to a link.
	LinkedRecords(ctx context.Context, connection string, kind record.Kind, side record.Side, ids []string) (map[string]int64, error)
	// Count returns the links of a connection by state, and the writes journaled under an origin.
	Count(ctx context.Context, connection string, kind record.Kind, origin string) (record.Counts, error)

	// Checked lets a connection that was held back work, unless it was changed since it was opened. Safe to repeat.
	Checked(ctx context.Context, connection string, asOf time.Time) error
	// Live returns whether a connection is kept in step at the moment.
	Live(ctx context.Context, connection string) (record.Live, error)
	// Echoes returns announced records of a side that a sync has brought into step within a time, the latest first.
	Echoes(ctx context.Context, k record.SweepKey, within time.Duration, n int) ([]record.Echo, error)
	// DropEchoes forgets announcements, but for those that were made again since.
	DropEchoes(ctx context.Context, k record.SweepKey, echoes []record.Echo) error
	// PlanChanges turns what was announced into pending changes and says what to sync in which lane.
	PlanChanges(ctx context.Context, connection string, others []record.Kind, most int, busy []int64) (record.ChangesPlan, error)
	// UnheededNotes returns up to n notes that were marked since a run last took their marks in, but for busy ones.
	UnheededNotes(ctx context.Context, connection string, n int, busy []string) ([]string, error)
	// NotesTasks returns, by their ids, which of the given GoHighLevel tasks notes became, followed or not.
	NotesTasks(ctx context.Context, connection string, ids []string) (map[string]record.FollowedTask, error)
	// LinkStanding returns whether a link is pending (again), and the open review of this one link, nil for none.
	LinkStanding(ctx context.Context, connection string, kind record.Kind, linkID int64) (pending bool, review *record.Review, err error)
	// JoinHalves gives a link of the claim the record of a side; a link that holds nothing but the record goes.
	JoinHalves(ctx context.Context, token, linkID int64, side record.Side, recordID string) error
	// NoteDeletions notes proven deletions and tells which of them may be followed by what the rules say.
	NoteDeletions(ctx context.Context, connection string, kind record.Kind, side record.Side, linkIDs []int64, guard record.DeletionGuard) (map[int64]record.DeletionLeave, error)
	// NoteAhead notes, for links of the claim, what is about to be done and cannot be read afterwards.
	NoteAhead(ctx context.Context, token int64, origin record.Origin, ahead map[int64]record.Ahead) error
	// RecentUpdates counts the updates written to links within a time.
	RecentUpdates(ctx context.Context, connection string, linkIDs []int64, within time.Duration) (map[int64]int, error)
	// Journal returns the writes to a link's records, oldest first.
	Journal(ctx context.Context, connection string, linkID int64) ([]record.JournalRow, error)
	// Separate returns which of the other links a person has declared to be somebody else.
	Separate(ctx context.Context, connection string, linkID int64, others []int64) (map[int64]bool, error)

	// HeldBy returns the reason of the open review in which a link waits together with others; "" where it does not.
	HeldBy(ctx context.Context, connection string, linkID int64) (reason string, err error)
	// GetReview returns a review, decided or not.
	GetReview(ctx context.Context, connection string, id int64) (record.Review, error)
	// AttendReview notes in which run a review of several links waits, and when its default is taken.
	AttendReview(ctx context.Context, connection string, id int64, workflowID string, decideAfter time.Duration) error
	// RemindReview notes that people were reminded.
	RemindReview(ctx context.Context, connection string, id int64) error
	// DecideReview carries out a verdict on a review of several links.
	DecideReview(ctx context.Context, connection string, v record.Verdict) error
	// ReviewRuns returns open reviews of a kind that no run waits for, and the runs of those that were decided without them;
	// of all kinds where kind is "".
	ReviewRuns(ctx context.Context, connection string, kind record.Kind, n int) (record.ReviewRuns, error)
}
