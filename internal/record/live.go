package record

import "time"

// Mark tells that a record may have changed. It is a hint and never data: whoever follows it reads both sides.
type Mark struct {
	Side     Side
	RecordID string
	// ContactID is the contact that the record belongs to on its side; "" where nobody said, and for a contact.
	ContactID string
	// OnlyLinked leaves the mark without effect where no link holds the record, as for a record that was deleted.
	OnlyLinked bool
}

// Announced is one webhook that told of a change at a GoHighLevel location.
type Announced struct {
	// Key tells deliveries of the same event: the vendor's webhook id, or a digest where there is none.
	Key [16]byte
	// Event is the vendor's name of the event, as "ContactUpdate". The meter keeps it: never one that is not known.
	Event string
	// Location is the GoHighLevel location that the event happened at.
	Location string
	Kind     Kind
	// Mark is what the event marks; one that names no record marks nothing.
	Mark Mark
	// Uninstall tells that the app was removed from the location.
	Uninstall bool
}

// Taken is what became of a batch of webhooks.
type Taken struct {
	// Fates holds one fate per webhook, in the order of the batch.
	Fates []Fate
	// Rang lists the connections whose bell was silent before, each once: whoever took the batch must wake their
	// SyncChanges.
	Rang []string
	// Uninstalled counts the connections that the batch turned to ConnectionUninstalled.
	Uninstalled int
}

// Fate is what became of one webhook.
type Fate int

// The fates.
const (
	FateNew     Fate = iota // it was taken
	FateAgain               // it had been taken before, and had no effect
	FateNowhere             // no connection has its location; it is not remembered
)

// Heard is how many changes each way of hearing of them brought to a connection in a day (UTC).
type Heard struct {
	Day       time.Time
	Side      Side
	Event     string
	Announced int64 // by webhooks
	Swept     int64 // by a sweep, and by no webhook before
}

// Live says whether a connection is kept in step at the moment.
type Live struct {
	// Since is when the connection's onboarding turned live sync on; zero before.
	Since time.Time
	// State is the connection's state; only ConnectionActive works.
	State string
	// Refusals are the sides that refuse Tandem a token; none while both work.
	Refusals []Refusal
}

// On tells whether changes are synced.
func (l Live) On() bool { return !l.Since.IsZero() && l.Working() }

// Working tells whether anything may be done for the connection, which need not be onboarded.
func (l Live) Working() bool { return l.State == ConnectionActive && len(l.Refusals) == 0 }

// The states of a connection. They are stored and printed: never rename one.
const (
	ConnectionActive       = "active"       // works
	ConnectionPaused       = "paused"       // by a person: changes are kept, nothing is synced
	ConnectionUnchecked    = "unchecked"    // connected, and held back until a check of it passes: changes are kept
	ConnectionUninstalled  = "uninstalled"  // the app was removed from the location: paused until it is connected again
	ConnectionDisconnected = "disconnected" // its tokens are gone
	ConnectionErasing      = "erasing"      // all that is kept of it is being destroyed, for good
)

// Connected tells whether a connection in a state has access to both sides, whether it is paused or not.
func Connected(state string) bool {
	return state != ConnectionUninstalled && state != ConnectionDisconnected && state != ConnectionErasing
}

// LinkRef names a link of a kind.
type LinkRef struct {
	Kind   Kind  `json:"kind"`
	LinkID int64 `json:"link_id"`
}

// ChangesPlan is what a SyncChanges run is to do next.
type ChangesPlan struct {
	// Live is false while the connection is not onboarded, is paused, or is refused by a side: then there is nothing to do.
	Live bool
	// Record lists links for the record lane, a run each: all that is pending where that is little, else some of
	// what the bulk lane has handed over.
	Record []int64
	// Others lists links of the other kinds for the record lane.
	Others []LinkRef
	// Whole tells that Record and Others are all that was pending and that nobody else works on.
	Whole bool
	// Bulk is how many pending links go through the bulk lane; 0 where the record lane takes all. They are of one kind,
	// BulkKind; "" is contacts.
	Bulk     int
	BulkKind Kind
}

// DeletionGuard is how many deletions of one side may pass before they stop and ask once for all of them: the larger of
// Count and Share of the linked contacts, within Window.
type DeletionGuard struct {
	Count  int
	Share  float64
	Window time.Duration
}

// DeletionLeave is what is known about following a deletion.
type DeletionLeave struct {
	// Held tells that it is part of a wave that a person has not decided about.
	Held bool
	// Choice is what a person decided about its wave; "" where it was in none.
	Choice Choice
}
