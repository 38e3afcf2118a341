package record

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrFenced tells that another attempt has taken over the claim; whoever gets it stops without another effect.
	ErrFenced = errors.New("claim was taken over by another attempt")
	// ErrNoConnection tells that there is no connection of that id.
	ErrNoConnection = errors.New("no such connection")
	// ErrNoLink tells that there is no link of that id in the connection.
	ErrNoLink = errors.New("no such link")
	// ErrNoNote tells that nothing is remembered of a note of that id in the connection.
	ErrNoNote = errors.New("no such note")
	// ErrHalfClaimed tells that the other half of a contact is being worked on; soon over.
	ErrHalfClaimed = errors.New("the other half is being worked on")
	// ErrNoReview tells that there is no review of that id in the connection.
	ErrNoReview = errors.New("no such review")
	// ErrNoCertificate tells that the connection was never compared.
	ErrNoCertificate = errors.New("it was never compared in whole")
	// ErrDecided tells that a review was decided otherwise before.
	ErrDecided = errors.New("the review is decided already")
	// ErrNotRead tells that the two sides are to be matched before both have been read to the end.
	ErrNotRead = errors.New("both sides must be read to the end before they are matched")
)

// AlreadyLinkedError tells that an outcome names a record that belongs to another link already. Nothing was changed.
type AlreadyLinkedError struct {
	LinkID  int64 // the outcome's link
	Side    Side  // the side of the record that both links claim
	OtherID int64 // the link that holds the record, or whose outcome in the same commit names it too
}

// Error names the links, not the record.
func (e *AlreadyLinkedError) Error() string {
	return fmt.Sprintf("link %d: its %s record belongs to link %d already", e.LinkID, e.Side, e.OtherID)
}

// StageKey names one reading of one side.
type StageKey struct {
	Connection string
	Kind       Kind
	Side       Side
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
	Kind       Kind
	Epoch      string
	Tiers      []MatchTier
	// NewOnly makes only links pending that did not exist, or were not open, before this match: those that it makes,
	// completes, or takes out of a review or an exclusion.
	NewOnly bool
	// Creates are the sides on which the rules make a task, note or appointment that only the other side has. One that is
	// not to be made is left out. Contacts are made on both sides.
	Creates []Side
}

// MatchCounts is what Match found among the links of the records it was given. Repeating Match for the same epoch
// returns the same counts. Each link is counted under one of the first five.
type MatchCounts struct {
	Linked          int // links that hold both records
	OnlyGoHighLevel int // links with only a GoHighLevel record
	OnlySalesforce  int // links with only a Salesforce record
	InReview        int // links in review: one per record that nobody could place, as a rule
	Excluded        int // links outside the filter
	Pending         int // links made pending: without NewOnly, all but those in review or excluded
}

// ClaimRequest says what to claim.
type ClaimRequest struct {
	Connection string
	Kind       Kind
	Owner      string // the same for every attempt at the same batch
	Limit      int
	Lease      time.Duration // after this, another owner may claim what was not committed
}

// Claimed is a batch of work.
type Claimed struct {
	Token int64
	Work  []Work
	Left  int // pending links not claimed by anybody, before this claim; at most 10,000 are counted
}

// Origin says on whose behalf a write is made; the journal keeps it.
type Origin struct {
	Connection   string
	Kind         Kind
	Origin       string // the epoch of an onboarding, or the record lane's workflow id
	RunID        string
	RulesVersion int
}

// Counts is a connection's account.
type Counts struct {
	States  map[LinkState]int
	Linked  int // links that hold both records
	Pending int
	Created map[Side]int // by the journal, under the origin
	Updated map[Side]int
}
