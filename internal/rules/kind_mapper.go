package rules

import (
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// KindMapper turns the vendors' documents of one kind into canonical records, and decided writes into the vendors'
// documents. It is pure and safe for concurrent use.
type KindMapper interface {
	Kind() record.Kind
	// Enabled tells whether the rules want the kind synced at all.
	Enabled() bool
	// Policies are the fields' policies, for reconcile.Decide.
	Policies() []reconcile.Policy
	// Project is the Project of reconcile.Input.
	Project(to record.Side, field record.Field, from *record.Record) record.Value
	// Included tells whether the rules keep a record. It fails with *ExpressionError.
	Included(r record.Record) (bool, error)
	// Creates tells whether the rules make a record on a side where only the other one has it.
	Creates(on record.Side) bool
	// Marks tells whether what is created on a side carries the id of its other half.
	Marks(on record.Side) bool
	// FromGoHighLevel reads a document. Partial says that it is a search row, a webhook or the answer to a write: what it
	// lacks is then unknown instead of empty. It fails on a document without an id.
	FromGoHighLevel(doc map[string]any, partial bool) (record.Record, error)
	// FromSalesforce reads a document. A field whose key is missing is unknown; null is empty. It fails on a document
	// without an Id.
	FromSalesforce(doc map[string]any) (record.Record, error)
	// SalesforceObject is the API name of the object in which records are created.
	SalesforceObject() string
	// SalesforceFields are the fields of that object to select so that FromSalesforce finds all it maps, sorted.
	SalesforceFields() []string
	// Write returns what to send to a side for a change.
	Write(to record.Side, change Change) Write
}

// Change is what is to be written to one record.
type Change struct {
	Writes []reconcile.Write
	// Current is the record as it is on that side now; nil where it is to be created. Documents that one field alone does
	// not make need it.
	Current *record.Record
	// Other is its other half; nil where there is none.
	Other *record.Record
	// ContactID is the contact on that side that a record is created for; contacts leave it empty.
	ContactID string
}

// create tells whether the record is to be made.
func (c Change) create() bool { return c.Current == nil }

// after returns a field as it is once the change is written.
func (c Change) after(field record.Field) record.Value {
	for _, w := range c.Writes {
		if w.Field == field {
			return w.After
		}
	}
	if c.Current != nil {
		return c.Current.Fields[field]
	}
	return nil
}

// title returns the whole title after the change, where that side takes only a shorter one.
func (c Change) title() string {
	title := c.after(record.Title).Text()
	if begin, short := strings.CutSuffix(title, "…"); short && c.Other != nil {
		if whole := c.Other.Fields[record.Title].Text(); strings.HasPrefix(whole, begin) {
			return whole
		}
	}
	return title
}

// writes tells whether any of the fields is written.
func (c Change) writes(fields ...record.Field) bool {
	for _, w := range c.Writes {
		for _, field := range fields {
			if w.Field == field {
				return true
			}
		}
	}
	return false
}

// otherID returns the id of the other half, "" where there is none.
func (c Change) otherID() string {
	if c.Other == nil {
		return ""
	}
	return c.Other.ID
}

// Write is what to send to a side for one record.
type Write struct {
	// Doc is the document of the create or update; empty where there is nothing to send.
	Doc map[string]any
	// Further are the documents of the further parts of a note that is too long for one: the first goes to the second of
	// the record's Parts, and so on. Where there are more documents than parts, the rest are to be created; parts beyond the
	// last document hold nothing any more and are to be deleted, where Whole says so.
	Further []map[string]any
	// Whole tells that Doc and Further hold the whole text.
	Whole bool
	// Completed is set where a task's completion is all that changes, for the endpoint that sets nothing else; Doc says the
	// same.
	Completed *bool
	// AddTags and RemoveTags are a contact's, which an update must not replace as a whole.
	AddTags, RemoveTags []string
}

// Setting is what a connection's two CRMs say about themselves that the mapping of tasks, notes and appointments needs.
type Setting struct {
	// Zone is the location's; nil means UTC.
	Zone *time.Location
	// GoHighLevelUsers and SalesforceUsers are all users, also those who are not active any more.
	GoHighLevelUsers, SalesforceUsers []User
	// TaskStatuses are the org's, in its order.
	TaskStatuses []OrgStatus
	// ClassicNotes tells that the org has no enhanced notes.
	ClassicNotes bool
	// ClassicNotesToo tells that the org has classic notes beside the enhanced ones.
	ClassicNotesToo bool
}

func (s Setting) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// User is a user of one side.
type User struct {
	ID, Name, Email string
	// Inactive users are known but are given nothing.
	Inactive bool
}

// OrgStatus is a row of Salesforce's TaskStatus.
type OrgStatus struct {
	Name    string // the API name, as tasks have it
	Closed  bool
	Default bool
}
