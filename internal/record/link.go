package record

import "time"

// LinkState says where a link stands. The values are stored and printed: never rename one.
type LinkState string

// The states of a link. Every record that was ever read belongs to exactly one link, so the counts of these states
// account for every record.
const (
	LinkNew      LinkState = "new"       // waits for its first sync
	LinkInStep   LinkState = "in_step"   // both records agreed when last looked at
	LinkInReview LinkState = "in_review" // waits for a person
	LinkFailed   LinkState = "failed"    // a vendor refuses it for good; its ContactSync run shows why
	LinkExcluded LinkState = "excluded"  // outside the connection's filter
	LinkDeleted  LinkState = "deleted"   // deleted on one side, and then on the other, by policy or by a person's decision
	LinkParted   LinkState = "parted"    // one half is gone or not wanted, the other stays and is synced no more
)

// Link ties two records known to be the same thing; or holds one record whose other half is not there (yet).
type Link struct {
	ID            int64
	Connection    string
	Kind          Kind
	GoHighLevelID string // "" while there is no record on that side
	SalesforceID  string // "" while there is no record on that side
	State         LinkState
	// GoHighLevelContact and SalesforceContact are the contact that the records belong to, by each side's own id, as it was
	// last seen there; "" for contacts, and where nobody has said.
	GoHighLevelContact string
	SalesforceContact  string
	// Base is the encoded last agreement (package reconcile); nil before the first.
	Base []byte
	// Intent is a create that was begun and whose outcome is not recorded; nil when there is none.
	Intent *Intent
	// Problem is why the link is in review or failed, as an error kind or review reason; "" otherwise.
	Problem string
}

// RecordID returns the id of the link's record on a side, "" when there is none.
func (l Link) RecordID(s Side) string {
	if s == GoHighLevel {
		return l.GoHighLevelID
	}
	return l.SalesforceID
}

// ContactID returns the contact that the link's record of a side belongs to, "" where that is not known.
func (l Link) ContactID(s Side) string {
	if s == GoHighLevel {
		return l.GoHighLevelContact
	}
	return l.SalesforceContact
}

// Intent is a create begun on a side at a time, by the ledger's clock.
type Intent struct {
	Side Side
	At   time.Time
	// Base is what the sides agree on once it was carried out, encoded; nil where that was not noted.
	Base []byte
}

// Begun is a create about to begin: of a link's other half, and for which contact of that side; "" for a contact itself. Base is
// as in Intent; where an earlier create of it is open, that one's is kept, unless Anew tells that it was found to have made
// nothing.
type Begun struct {
	LinkID    int64
	ContactID string
	Base      []byte
	Anew      bool
}

// Staged is a record as it was read, kept sealed until the bulk lane has synced it.
type Staged struct {
	Side     Side
	ID       string
	LinkID   int64 // 0 until it is matched
	Body     []byte
	Keys     MatchKeys
	Excluded bool // the connection's filter leaves it out
	// Contact is whom a task, note or appointment belongs to, by the side's own id; "" for contacts.
	Contact    string
	ModifiedAt time.Time
	CreatedAt  time.Time // zero where the vendor does not say
	ReadAt     time.Time
}

// MatchKeys are the keyed fingerprints by which records of the two sides find each other. Equal keys mean equal
// content; no key can be turned back into content without the connection's key.
type MatchKeys struct {
	// External holds one key for the record's own id and one for the other side's id that it carries, if any.
	External []int64
	Emails   []int64
	// PhoneNames holds one key per phone, combined with the last name.
	PhoneNames []int64
	// FirstName tells apart people who share a phone and a last name; 0 when there is no first name.
	FirstName int64
	// Contents are the keys of what a task, note or appointment says, as GoHighLevel shows it and as Salesforce does; 0
	// where that is too little. Empty for contacts.
	Contents []int64
}

// Work is one link with what is staged of both its records; nil where nothing is staged.
type Work struct {
	Link Link
	// Pending tells that a sync of the link is due, or under way; only Links and Unlinked say so.
	Pending     bool
	GoHighLevel *Staged
	Salesforce  *Staged
}

// Operation says what a write did.
type Operation string

// The operations of the journal.
const (
	Create Operation = "create"
	Update Operation = "update"
	Delete Operation = "delete"
)

// JournalEntry is one write to one record: what was written and the value it replaced.
type JournalEntry struct {
	Side      Side
	Operation Operation
	// Sealed is the encrypted list of changes: field, value before, value after.
	Sealed []byte
}

// Ahead is what is noted of a link before one of its records is written to: what is about to be replaced, and what both sides
// agree on while nobody knows whether it was, encoded; nil where that stays as it is.
type Ahead struct {
	Journal JournalEntry
	Base    []byte
}

// JournalRow is one write as the journal keeps it.
type JournalRow struct {
	ID           int64
	LinkID       int64
	Kind         Kind
	At           time.Time
	Origin       string // on whose behalf: an onboarding's epoch, or a workflow id
	RunID        string // of the Temporal run that wrote
	RulesVersion int    // of the rules by which it was decided
	JournalEntry
}

// Outcome is what syncing one link came to.
type Outcome struct {
	LinkID int64
	State  LinkState
	// GoHighLevelID and SalesforceID are set where the sync learned them; "" leaves them as they are.
	GoHighLevelID string
	SalesforceID  string
	// GoHighLevelContact and SalesforceContact are the contacts that the records were seen to belong to; "" leaves them.
	GoHighLevelContact string
	SalesforceContact  string
	// Base is the new agreement; nil leaves the old one.
	Base []byte
	// Problem goes with LinkInReview and LinkFailed.
	Problem string
	Journal []JournalEntry
	// Again leaves the link pending, for one more pass.
	Again bool
	// Forget is a side whose record is gone for good: its id is taken off the link. "" for none.
	Forget Side
	// Drop removes the link: neither side holds a record any more, and nothing was ever written.
	Drop bool
	// Waits is what a person is asked, with LinkInReview; nil where nobody is.
	Waits *Question
	// Verdict is the decision of a person that this outcome carries out; nil for none.
	Verdict *Verdict
}

// Question is a review to be opened for one link. An open review of the same link and reason is that review.
type Question struct {
	Fields []Field
	Side   Side
	// WorkflowID is the run that waits for the answer.
	WorkflowID string
	// DecideAfter is from when on, counted from the opening, the default is taken; 0 for never.
	DecideAfter time.Duration
}

// MatchTier is one way for two records to be recognised as the same thing.
type MatchTier string

// The tiers. Their order is the connection's choice.
const (
	MatchExternalID   MatchTier = "external_id"
	MatchEmail        MatchTier = "email"
	MatchPhoneAndName MatchTier = "phone_and_last_name"
)

// Reasons for which a match goes to review.
const (
	ReviewAmbiguousMatch   = "ambiguous_match"   // several records share an identity
	ReviewNamesakes        = "namesakes"         // same phone and last name, other first name
	ReviewDuplicateRefused = "duplicate_refused" // a vendor refuses a second record that Tandem cannot tell apart
)
