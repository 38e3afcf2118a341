package rules

import (
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

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
	record.TraitDeleted, record.TraitLead, record.TraitNoContact, record.TraitIncompletePart, record.TraitOtherKind,
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

// TooOld tells whether the rules leave a record out because of its age.
func (m *kindMapper) TooOld(r record.Record) bool { return m.tooOld(r) }

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
