package record

import "time"

// SweepKey names the polling of one side of a connection.
type SweepKey struct {
	Connection string
	Kind       Kind
	Side       Side
}

// Sweep is how the polling of a side stands, as whoever holds its lease sees it.
type Sweep struct {
	SweepKey
	// Began is when the lease was taken, by the ledger's clock. It fences: a later lease has a later one.
	Began time.Time
	// SucceededAt is the end of the last pass without a failure, by the ledger's clock; zero before the first.
	SucceededAt time.Time
	Failures    int           // in a row
	Every       time.Duration // the interval in use, 0 before the first pass
	// SweptTo and DeletedTo are by the vendor's clock: every change, and every deletion, from before is marked; zero for
	// none.
	SweptTo, DeletedTo time.Time
	// ComparedAt is when the rotating comparison came round last; zero for never. ComparedAfter is the link after which
	// it goes on.
	ComparedAt    time.Time
	ComparedAfter int64
	// Readings are those that are under way.
	Readings map[SweepReading]Reading
}

// SweepReading names what a sweep reads over several pages. The names are stored: never rename one.
type SweepReading string

// The readings of a sweep.
const (
	ReadChanges  SweepReading = "sweep"    // what changed since the last pass
	ReadCensus   SweepReading = "census"   // all ids, because deletions are forgotten that nobody read in time
	ReadRotation SweepReading = "rotation" // the rotating comparison; its epoch is when its last slice was read
)

// Reading is how far a reading has come: where it began, and a cursor that means something to the reader alone.
type Reading struct {
	Epoch  time.Time // zero for a reading that is not under way
	Cursor string
}

// Seen is a record as a sweep has seen it.
type Seen struct {
	RecordID    string
	Stamp       time.Time // the vendor's
	Fingerprint int64
}

// KnownRecord is what the ledger knows of a record that a sweep came upon.
type KnownRecord struct {
	RecordID string
	LinkID   int64 // 0 where no link holds it
	State    LinkState
	Base     []byte
	SyncedAt time.Time // zero for never
	// Contact is whom the record was last seen to belong to, by the side's own id; "" for contacts, and where nobody has said.
	Contact string
	// Pending and Announced tell that a sync of it is due already.
	Pending, Announced bool
	// Asked tells that a person has been asked what to do about its being gone on this side.
	Asked bool
	// Seen is how a sweep saw it before; its RecordID is "" where none did within the overlap.
	Seen Seen
}

// Echo is an announcement of a record that a sync had brought into step a moment before.
type Echo struct {
	AnnouncedAt time.Time
	Known       KnownRecord
}

// SweptPage is what one page of a sweep brought. Zero times and nil leave what is stored; a time never goes back.
type SweptPage struct {
	Marks []Mark
	// Notes are Salesforce notes whose tasks are to be looked at.
	Notes []NoteMark
	Seen  []Seen
	// Heard counts changes by event that no webhook had announced.
	Heard              map[string]int
	SweptTo, DeletedTo time.Time
	ComparedAt         time.Time
	ComparedAfter      *int64
	// Readings are set to where they have come; a zero Reading ends one.
	Readings map[SweepReading]Reading
	// ForgetBefore forgets what was seen with an earlier stamp.
	ForgetBefore time.Time
}

// SweepEnd is how a sweep ended.
type SweepEnd struct {
	// Problem is the kind of the failure; "" for none.
	Problem string
	// Advanced tells that it came further before it failed: so it is the first failure of those in a row.
	Advanced bool
	// Unfinished tells that there is more to read at once; that is neither a failure nor a success.
	Unfinished bool
	// Next is how long after it began the next one is due, where it is done; else from now.
	Next time.Duration
	// Every is the interval in use from now on; 0 leaves it.
	Every time.Duration
}

// Freshness is how recently one side of a connection was polled.
type Freshness struct {
	Kind Kind
	Side Side
	// SucceededAt is when the last pass without a failure ended; zero for never.
	SucceededAt time.Time
	// SweptTo is up to when everything that happened there is known, by the side's clock; zero for no time at all.
	SweptTo time.Time
	// Age is how long ago that was, or since when the connection is live where no pass has succeeded yet.
	Age      time.Duration
	NextAt   time.Time
	Every    time.Duration
	Failures int    // in a row
	Problem  string // the kind of the last failure; "" once a pass has succeeded again
}

// ConnectionAge is the age of the least fresh side of a live connection.
type ConnectionAge struct {
	Connection   string
	RulesVersion int
	Age          time.Duration
}
