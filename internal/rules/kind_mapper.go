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

// kindMapper is what the mappers of tasks, notes and appointments share.
type kindMapper struct {
	kind       record.Kind
	travel     Travel
	zone       *time.Location
	since      time.Time
	people     people
	normaliser record.Normaliser
}

func (r *Rules) kindMapper(kind record.Kind, t Travel, s Setting) kindMapper {
	m := kindMapper{
		kind: kind, travel: t, zone: s.zone(), people: newPeople(r.Users, s),
		normaliser: record.Normaliser{Region: r.Contacts.Region, Zone: s.zone()},
	}
	if t.Since != "" {
		m.since, _ = record.DueAt(t.Since, 0, m.zone)
	}
	return m
}

func (m *kindMapper) Kind() record.Kind            { return m.kind }
func (m *kindMapper) Enabled() bool                { return m.travel.Enabled }
func (m *kindMapper) Policies() []reconcile.Policy { return m.travel.Fields }
func (m *kindMapper) Creates(on record.Side) bool  { return m.travel.Create.Allows(on) }
func (m *kindMapper) Marks(on record.Side) bool {
	return on == record.Salesforce && m.travel.ExternalIDField != ""
}

// neverSynced are the traits that no rule makes sense of.
var neverSynced = []record.Trait{
	record.TraitDeleted, record.TraitLead, record.TraitNoContact, record.TraitIncompletePart,
}

func (m *kindMapper) Included(r record.Record) (bool, error) {
	for _, traits := range [][]record.Trait{neverSynced, m.travel.LeaveOut} {
		for _, t := range traits {
			if r.Has(t) {
				return false, nil
			}
		}
	}
	if m.tooOld(r) {
		return false, nil
	}
	if m.travel.Filter == nil {
		return true, nil
	}
	return m.travel.Filter.Match(r)
}

// tooOld tells whether nothing about the record is as late as the oldest useful date. A change counts: what a person still
// works on is not history.
func (m *kindMapper) tooOld(r record.Record) bool {
	if m.since.IsZero() {
		return false
	}
	latest := r.CreatedAt
	see := func(t time.Time) {
		if t.After(latest) {
			latest = t
		}
	}
	see(r.ModifiedAt)
	for _, field := range []record.Field{record.Start, record.End} {
		if t, ok := record.ParseInstant(r.Fields[field].Text(), m.zone); ok {
			see(t)
		}
	}
	if t, ok := record.DueAt(r.Fields[record.Due].Text(), 0, m.zone); ok {
		see(t)
	}
	return !latest.IsZero() && latest.Before(m.since)
}

// field reads a scalar of a document; where its key is missing it is unknown if that says nothing.
func (m *kindMapper) field(fields record.Fields, field record.Field, doc map[string]any, key string, partial bool) {
	raw, present := doc[key]
	if !present && partial {
		return
	}
	text, _ := rawText(raw)
	fields[field] = m.normaliser.Normalise(record.TypeOf(field), text)
}

// assignee reads the user that a record belongs to.
func (m *kindMapper) assignee(fields record.Fields, side record.Side, doc map[string]any, key string, partial bool) {
	raw, present := doc[key]
	if !present && partial {
		return
	}
	id, _ := rawText(raw)
	fields[record.Assignee] = m.people.value(side, id)
}

// body takes the envelope that Tandem wrote off a body, and gives the record the whole title that stands in it.
func (m *kindMapper) body(r *record.Record, text string, titleLimit int) {
	e, body := record.Unwrap(text)
	if e == nil || e.From != r.Side.Other() {
		r.Fields[record.Body] = record.Scalar(text)
		return
	}
	r.Envelope = e
	r.Fields[record.Body] = record.Scalar(record.PlainText(body))
	if title := r.Fields[record.Title].Text(); e.Title != "" && record.Shorten(e.Title, titleLimit) == title {
		r.Fields[record.Title] = record.Scalar(e.Title)
	}
}

// wrapped returns a body with the envelope that it needs on a side: the header, or the one that it has there, or one for
// the sake of its title or its length; in parts where it is too long.
func (c Change) wrapped(to record.Side, header *record.Envelope, titleLimit, limit int, cost record.Cost) []string {
	body, title := c.after(record.Body).Text(), c.title()
	whole := ""
	if record.Shorten(title, titleLimit) != title {
		whole = title
	}
	e := header
	if e == nil && c.Current != nil {
		if old := c.Current.Envelope; old != nil && (old.Author != "" || !old.At.IsZero()) {
			e = &record.Envelope{From: old.From, Author: old.Author, At: old.At}
		}
	}
	if e == nil {
		e = &record.Envelope{From: to.Other()}
		if whole == "" && len(e.Wrap(body, limit, cost)) == 1 {
			return []string{body}
		}
	}
	e.Title, e.Mark = whole, ""
	switch {
	case c.Current != nil && c.Current.Envelope != nil && c.Current.Envelope.Mark != "":
		e.Mark = c.Current.Envelope.Mark
	case c.otherID() != "":
		e.Mark = record.PartMark(c.otherID())
	}
	return e.Wrap(body, limit, cost)
}

// vendorTime returns the first time that a document has under the keys; zero for none.
func vendorTime(doc map[string]any, keys ...string) time.Time {
	for _, key := range keys {
		if raw, ok := rawText(doc[key]); ok {
			if t, ok := record.ParseInstant(raw, time.UTC); ok {
				return t
			}
		}
	}
	return time.Time{}
}

// rawID returns the first of the keys that holds an id.
func rawID(doc map[string]any, keys ...string) string {
	for _, key := range keys {
		if id, _ := rawText(doc[key]); id != "" {
			return id
		}
	}
	return ""
}

// flag tells whether a document says true.
func flag(doc map[string]any, key string) bool {
	text, _ := rawText(doc[key])
	return text == "true"
}
