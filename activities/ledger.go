// Package activities performs the effects of the workflows: one activity per API endpoint, and the few composite ones
// of the bulk lane. It is the only place where an error becomes Temporal's.
package activities

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// ErrFenced tells that another attempt has taken over the claim; whoever gets it stops without another effect.
var ErrFenced = errors.New("claim was taken over by another attempt")

// Ledger is what the activities need to remember. All methods are safe to repeat and for concurrent use; times are by
// the ledger's own clock; a method that changes several rows changes all or none.
type Ledger interface {
	// BeginStaging prepares to read a side anew under an epoch. The first call for an epoch forgets what earlier
	// epochs staged of that side; later calls return where StagePage got to.
	BeginStaging(ctx context.Context, s StageKey) (StageState, error)
	// StagePage stores one page of records and moves the cursor from one value to the next. A page whose `from` is not
	// the stored cursor was staged already and changes nothing.
	StagePage(ctx context.Context, s StageKey, from string, page []record.Staged, to StageState) error
	// Match links what both sides' staged records of an epoch have in common: first by the links that exist, then tier
	// by tier. One to one becomes a link; anything else that shares a key goes to review with all its members; a
	// record alone becomes a link of one half. Every linked record not in review is made pending. Links in review from
	// earlier runs whose review is undecided are matched anew.
	Match(ctx context.Context, m MatchRequest) (MatchCounts, error)
	// Unstage forgets what is staged of a connection and kind.
	Unstage(ctx context.Context, connection string, kind record.Kind) error

	// Claim takes up to n pending links for owner, or returns the ones owner took before and has not committed.
	// The token fences: RecordIntents and Commit with an older token fail with ErrFenced.
	Claim(ctx context.Context, c ClaimRequest) (Claimed, error)
	// ClaimLink takes one link for owner, pending or not; ok is false while another owner's lease runs.
	ClaimLink(ctx context.Context, connection string, linkID int64, owner string, lease time.Duration) (c Claimed, ok bool, err error)
	// RecordIntents notes that creates on a side are about to begin, for links of the claim; it returns, by link, the
	// intents that had been open before, which must be settled before anything is created.
	RecordIntents(ctx context.Context, token int64, side record.Side, linkIDs []int64) (earlier map[int64]record.Intent, err error)
	// ClearIntents notes that the creates were not carried out after all.
	ClearIntents(ctx context.Context, token int64, linkIDs []int64) error
	// Commit records outcomes: ids, base, state, journal, and the end of the pending change (unless it was marked
	// pending again since the claim), in one transaction. Committing an outcome twice is harmless.
	Commit(ctx context.Context, token int64, origin Origin, outcomes []record.Outcome) error
	// HandOver makes links of the claim pending for the record lane: nobody's claim, and skipped by Claim until
	// their ContactSync run ends.
	HandOver(ctx context.Context, token int64, linkIDs []int64) error

	// MarkPending makes links pending. Marking twice coalesces.
	MarkPending(ctx context.Context, connection string, kind record.Kind, linkIDs []int64) error
	// Links returns links in the order of their ids, after an id, with what is staged of their records.
	Links(ctx context.Context, connection string, kind record.Kind, after int64, n int) ([]record.Work, error)
	// FindLink returns the link of a record, nil when there is none.
	FindLink(ctx context.Context, connection string, kind record.Kind, side record.Side, id string) (*record.Link, error)
	// LinkedRecords returns which of the given record ids of a side belong to a link.
	LinkedRecords(ctx context.Context, connection string, kind record.Kind, side record.Side, ids []string) (map[string]int64, error)
	// Count returns the links of a connection by state, and the writes journaled under an origin.
	Count(ctx context.Context, connection string, kind record.Kind, origin string) (Counts, error)
}

// StageKey names one reading of one side.
type StageKey struct {
	Connection string
	Kind       record.Kind
	Side       record.Side
	Epoch      string
}

// StageState is how far a reading has come.
type StageState struct {
	Cursor string // opaque; "" at the start
	Done   bool
	Count  int // records staged so far
}

// MatchRequest says how to match.
type MatchRequest struct {
	Connection string
	Kind       record.Kind
	Epoch      string
	Tiers      []record.MatchTier
}

// MatchCounts is what Match found. Repeating Match for the same epoch returns the same counts.
type MatchCounts struct {
	Linked          int // links that hold both records
	OnlyGoHighLevel int // links with only a GoHighLevel record, not in review
	OnlySalesforce  int
	InReview        int // records in review
	Excluded        int
	Pending         int // links made pending
}

// ClaimRequest says what to claim.
type ClaimRequest struct {
	Connection string
	Kind       record.Kind
	Owner      string // the same for every attempt at the same batch
	Limit      int
	Lease      time.Duration // after this, another owner may claim what was not committed
}

// Claimed is a batch of work.
type Claimed struct {
	Token int64
	Work  []record.Work
	Left  int // pending links not claimed by anybody, before this claim; at most 10,000 are counted
}

// Origin says on whose behalf a write is made; the journal keeps it.
type Origin struct {
	Connection   string
	Kind         record.Kind
	Origin       string // the epoch of an onboarding, or the record lane's workflow id
	RunID        string
	RulesVersion int
}

// Counts is a connection's account.
type Counts struct {
	States  map[record.LinkState]int
	Linked  int // links that hold both records
	Pending int
	Created map[record.Side]int // by the journal, under the origin
	Updated map[record.Side]int
}
