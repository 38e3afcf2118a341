package record

import "time"

// MaintenancePart is one of the things that maintenance looks after. The names are stored and printed: never rename one.
type MaintenancePart string

// The parts, in the order in which they are done.
const (
	MaintainTokens  MaintenancePart = "tokens"  // grants that were not renewed for long
	MaintainReviews MaintenancePart = "reviews" // questions past their deadline, or about nothing any more
	MaintainRecords MaintenancePart = "records" // changes, completions and deletions that nothing told of
	MaintainOrphans MaintenancePart = "orphans" // what belongs to a contact that is not in step any more
	MaintainLinks   MaintenancePart = "links"   // links whose records are deleted on both sides
	MaintainJournal MaintenancePart = "journal" // entries past the retention
)

// MaintenanceReport is what one maintenance of a connection came to: ids and counts, and nothing of a customer.
type MaintenanceReport struct {
	Connection string `json:"connection"`
	// At is when it began, by the ledger's clock.
	At time.Time `json:"at"`
	// DryRun tells that nothing was changed: the counts are what would have been.
	DryRun   bool                 `json:"dry_run,omitempty"`
	Parts    []MaintenanceCounts  `json:"parts"`
	Findings []MaintenanceFinding `json:"findings,omitempty"`
	// Removable is up to when links must have come to nothing that this maintenance lists: the next one may remove those,
	// and no others. Zero where none was listed.
	Removable time.Time `json:"removable,omitzero"`
}

// MaintenanceCounts is what one part came to.
type MaintenanceCounts struct {
	Part    MaintenancePart `json:"part"`
	Looked  int             `json:"looked"`            // at records, links, reviews or grants
	Marked  int             `json:"marked,omitempty"`  // pending, so that their sync decides
	Removed int             `json:"removed,omitempty"` // links, or entries of the journal
	Closed  int             `json:"closed,omitempty"`  // reviews that were about nothing any more
	Renewed int             `json:"renewed,omitempty"` // grants
	// Problem is the kind of the failure that ended the part; "" for none. What it did before counts.
	Problem string `json:"problem,omitempty"`
}

// Add counts what another maintenance's same part came to.
func (c *MaintenanceCounts) Add(o MaintenanceCounts) {
	c.Looked += o.Looked
	c.Marked += o.Marked
	c.Removed += o.Removed
	c.Closed += o.Closed
	c.Renewed += o.Renewed
}

// MaintenanceFindingKind says what was found. The names are stored and printed: never rename one.
type MaintenanceFindingKind string

// What maintenance finds. All but the first two are for a person to look at.
const (
	FoundOrphans   MaintenanceFindingKind = "orphans"   // links whose contact is not in step any more
	FoundRemovable MaintenanceFindingKind = "removable" // links to nothing, past the retention, which the next maintenance removes
	FoundHeldBack  MaintenanceFindingKind = "held_back" // more links to nothing than may go without a person's word
	FoundInvisible MaintenanceFindingKind = "invisible" // more records than usual that the vendor shows no more, and nothing proves deleted
	FoundOverdue   MaintenanceFindingKind = "overdue"   // reviews past their deadline whose run has not decided them
	FoundReconnect MaintenanceFindingKind = "reconnect" // a side's grant is gone
	FoundFailure   MaintenanceFindingKind = "failure"   // a part failed
)

// MaintenanceFinding is something that maintenance found.
type MaintenanceFinding struct {
	// Part is where it was found; "" for a connection that could not be opened, so that most parts were left out.
	Part  MaintenancePart        `json:"part,omitempty"`
	Found MaintenanceFindingKind `json:"found"`
	Kind  Kind                   `json:"kind,omitempty"`
	Side  Side                   `json:"side,omitempty"`
	Count int                    `json:"count,omitempty"`
	// IDs are some of them: of links, or of reviews.
	IDs []int64 `json:"ids,omitempty"`
	// Problem is the kind of a failure; "" for none.
	Problem string `json:"problem,omitempty"`
}

// Attention tells whether a person should look at the finding.
func (f MaintenanceFinding) Attention() bool {
	return f.Found != FoundOrphans && f.Found != FoundRemovable
}

// Maintenance is a connection's maintenance that has begun.
type Maintenance struct {
	Connection string
	// Began is when the lease was taken, by the ledger's clock. It fences: a later lease has a later one.
	Began time.Time
	// Last is the report of the one before; nil for none.
	Last *MaintenanceReport
}

// Overdue is a review past its deadline.
type Overdue struct {
	ReviewID int64
	Kind     Kind
	// LinkID is the one link that waits; 0 for a review that has a run of its own.
	LinkID int64
}

// RemovalRequest says which links to nothing may go.
type RemovalRequest struct {
	Connection string
	Kind       Kind
	// Before is up to when they must have come to nothing.
	Before time.Time
	// Guard is how many may go without a person's word; Window does not count. nil lets all go.
	Guard *DeletionGuard
	// Most is how many may go at once.
	Most int
}
