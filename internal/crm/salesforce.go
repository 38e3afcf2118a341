package crm

import (
	"context"
	"time"
)

// Salesforce is what the client of one Salesforce org promises. Every method takes one API call, repeats nothing but
// one refused expired token, and fails with *Error. Object and field names are API names; ids are 18 characters.
type Salesforce interface {
	// ListVersions reads the API versions of the org. Needs no token. Safe to repeat.
	ListVersions(ctx context.Context) ([]Document, error)
	// GetLimits reads the org's allowances; NeedsAccess when the edition or the user has no API. Safe to repeat.
	GetLimits(ctx context.Context) (Document, error)
	// ListObjects reads the global describe. Safe to repeat.
	ListObjects(ctx context.Context) ([]Document, error)
	// DescribeObject reads one object's fields as this user sees them. Safe to repeat.
	DescribeObject(ctx context.Context, object string) (Document, error)

	// CreateCustomField creates a field of an object by the Tooling API: name ends in "__c", metadata is a CustomField of the
	// Metadata API. Nobody sees the field before a permission set grants it. NeedsAccess where the user may not customise
	// the org, Duplicate where there is a field of that name. Safe to repeat.
	CreateCustomField(ctx context.Context, object, name string, metadata Document) error

	// GetRecord reads the named fields of a record. NotFound when it is gone or not visible. Safe to repeat.
	GetRecord(ctx context.Context, object, id string, fields []string) (Document, error)
	// GetRecordByExternalID is GetRecord by an external id; MultipleMatches when several fit. Safe to repeat.
	GetRecordByExternalID(ctx context.Context, object, field, value string, fields []string) (Document, error)
	// CreateRecord creates a record and returns its id. Not safe to repeat: settle first.
	CreateRecord(ctx context.Context, object string, fields Document) (id string, err error)
	// UpdateRecord changes the named fields; null clears. Safe to repeat.
	UpdateRecord(ctx context.Context, object, id string, fields Document) error
	// UpsertRecord creates or updates by an external id; MultipleMatches when several fit. Safe to repeat.
	UpsertRecord(ctx context.Context, object, field, value string, fields Document) (SaveResult, error)
	// DeleteRecord moves a record to the recycle bin. Deleting one that is gone succeeds. Safe to repeat.
	DeleteRecord(ctx context.Context, object, id string) error

	// GetBlob reads the bytes that a field of a record holds, as the Content of a ContentNote: HTML. Rejected when there
	// are more than most of them, NotFound when the record is gone or not visible. Safe to repeat.
	GetBlob(ctx context.Context, object, id, field string, most int) ([]byte, error)

	// CreateRecords creates up to 200 records; results stand in the order of the records, each failed or not by
	// itself. Not safe to repeat: settle first.
	CreateRecords(ctx context.Context, object string, records []Document) ([]SaveResult, error)
	// CreateNotes creates up to 200 enhanced notes, each shown on the record that stands at its place: all of them or none.
	// Where one is refused, the results of the others are Undone. Not safe to repeat: settle first.
	CreateNotes(ctx context.Context, notes []Document, shownOn []string) ([]SaveResult, error)
	// UpdateRecords changes up to 200 records, each with its "id". Safe to repeat.
	UpdateRecords(ctx context.Context, object string, records []Document) ([]SaveResult, error)
	// UpsertRecords creates or updates up to 200 records by an external id field that each carries. Safe to repeat.
	UpsertRecords(ctx context.Context, object, field string, records []Document) ([]SaveResult, error)
	// DeleteRecords moves up to 200 records to the recycle bin. Safe to repeat.
	DeleteRecords(ctx context.Context, ids []string) ([]SaveResult, error)
	// RetrieveRecords reads up to 2,000 records; nil stands where an id is gone or not visible. Safe to repeat.
	RetrieveRecords(ctx context.Context, object string, ids, fields []string) ([]Document, error)

	// Composite carries out up to 25 subrequests in order, which may refer to each other's results; all or none.
	// As safe to repeat as its subrequests.
	Composite(ctx context.Context, requests []Subrequest) ([]Subresponse, error)
	// CompositeBatch carries out up to 25 independent subrequests. As safe to repeat as its subrequests.
	CompositeBatch(ctx context.Context, requests []Subrequest) ([]Subresponse, error)

	// Query runs SOQL without deleted and archived rows and returns the first page. Safe to repeat.
	Query(ctx context.Context, soql string) (RowPage, error)
	// QueryAll is Query with deleted and archived rows. Safe to repeat.
	QueryAll(ctx context.Context, soql string) (RowPage, error)
	// QueryMore reads the page that a RowPage's Next names. Safe to repeat for as long as the vendor keeps the cursor.
	QueryMore(ctx context.Context, next string) (RowPage, error)
	// GetUpdated lists ids changed in a window of more than a minute, within 30 days. Safe to repeat.
	GetUpdated(ctx context.Context, object string, start, end time.Time) (UpdatedIDs, error)
	// GetDeleted lists ids deleted in a window of more than a minute, within 15 days. Safe to repeat.
	GetDeleted(ctx context.Context, object string, start, end time.Time) (DeletedIDs, error)
}

// SaveResult is the outcome for one record. Err is nil when it was saved, and then ID is its id.
type SaveResult struct {
	ID      string
	Created bool
	Err     *Error
	// Undone tells, with Err, that nothing was wrong with this one: others of the same call were refused.
	Undone bool
}

// RowPage is one page of a query. Next is "" on the last one.
type RowPage struct {
	Rows  []Document
	Total int
	Next  string
	// At is the org's clock when it answered, to the second; zero where it does not say.
	At time.Time
}

// Subrequest is one call inside a composite call. URL is relative to the versioned base, as "/sobjects/Contact/003…".
type Subrequest struct {
	Method      string
	URL         string
	ReferenceID string // composite only
	Body        Document
}

// Subresponse is the outcome of a Subrequest. Err is nil when its status is below 300.
type Subresponse struct {
	ReferenceID string
	Status      int
	Body        any
	Err         *Error
}

// UpdatedIDs is the answer of GetUpdated. CoveredUntil is where the next window must start.
type UpdatedIDs struct {
	IDs          []string
	CoveredUntil time.Time
}

// DeletedIDs is the answer of GetDeleted. History before EarliestAvailable is lost.
type DeletedIDs struct {
	Records           []DeletedID
	EarliestAvailable time.Time
	CoveredUntil      time.Time
}

// DeletedID is one deleted record.
type DeletedID struct {
	ID        string
	DeletedAt time.Time
}
