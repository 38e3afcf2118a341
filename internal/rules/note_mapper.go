package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// The objects that a note may be in Salesforce, and what they take.
const (
	contentNote = "ContentNote"
	classicNote = "Note"
	taskObject  = "Task"

	longestNoteTitle        = 255
	longestClassicNoteTitle = 80
	longestClassicNote      = 32_000
	longestDescription      = 32_000
	longestContentNote      = 40 << 20 // of 50 MB, which count base64
)

// NoteMapper is the mapping between GoHighLevel's notes and Salesforce's ContentNote, Note and, by the rules, Task. It is
// safe for concurrent use.
type NoteMapper struct {
	kindMapper
	rules     Notes
	object    string
	objects   []string
	completed string // the status of a task that is a note
}

var _ KindMapper = (*NoteMapper)(nil)

// NoteMapper returns the mapping of notes under these rules.
func (r *Rules) NoteMapper(s Setting) *NoteMapper {
	m := &NoteMapper{kindMapper: r.kindMapper(record.Note, r.Notes.Travel, s), rules: r.Notes, object: contentNote}
	switch {
	case r.Notes.As == NoteAsTask:
		m.object, m.completed = taskObject, r.TaskMapper(s).completeAs
	case s.ClassicNotes:
		m.object = classicNote
	}
	for _, one := range []struct {
		object string
		read   bool
	}{{classicNote, s.ClassicNotes || s.ClassicNotesToo}, {taskObject, m.object == taskObject}, {contentNote, !s.ClassicNotes}} {
		if one.read {
			m.objects = append(m.objects, one.object)
		}
	}
	return m
}

// Project tells what a side shows of the other side's field.
func (m *NoteMapper) Project(to record.Side, field record.Field, from *record.Record) record.Value {
	v := from.Fields[field]
	switch {
	case field == record.Title && to == record.Salesforce && v.Empty():
		return titleStandIn(from, "Note")
	case field == record.Title && to == record.Salesforce:
		return record.Scalar(record.Shorten(v.Text(), m.titleLimit(m.object)))
	case field == record.Body && to == record.GoHighLevel && v.Empty():
		return from.Fields[record.Title] // GoHighLevel has no notes without a body
	}
	return v
}

func (m *NoteMapper) titleLimit(object string) int {
	if object == classicNote {
		return longestClassicNoteTitle
	}
	return longestNoteTitle
}

// objectOf returns the object that a Salesforce id belongs to.
func (m *NoteMapper) objectOf(id string) string {
	switch {
	case strings.HasPrefix(id, "002"):
		return classicNote
	case strings.HasPrefix(id, "00T"):
		return taskObject
	case strings.HasPrefix(id, "069"):
		return contentNote
	}
	return m.object
}

// FromGoHighLevel reads a note. Where it is a part of one that was too long, its body is unknown and it is left out:
// FromParts reads those.
func (m *NoteMapper) FromGoHighLevel(doc map[string]any, partial bool) (record.Record, error) {
	r, text, err := m.oneGoHighLevel(doc, partial)
	if err != nil || text == nil {
		return r, err
	}
	m.one(&r, *text, longestNoteTitle)
	return r, nil
}

// oneGoHighLevel reads a note but for its body, which it returns; nil where the document does not tell.
func (m *NoteMapper) oneGoHighLevel(doc map[string]any, partial bool) (r record.Record, body *string, err error) {
	id := rawID(doc, "id", "_id")
	if id == "" {
		return r, nil, missingID(record.GoHighLevel)
	}
	r = record.Record{
		Side: record.GoHighLevel, Kind: record.Note, ID: id, Fields: record.Fields{},
		ModifiedAt: vendorTime(doc, "dateUpdated"), CreatedAt: vendorTime(doc, "dateAdded"),
	}
	if contact := rawID(doc, "contactId"); contact != "" {
		r.ContactIDs = []string{contact}
	}
	r.Author = m.people.display(record.GoHighLevel, rawID(doc, "userId"))
	m.field(r.Fields, record.Title, doc, "title", partial)
	if raw, present := doc["body"]; present || !partial {
		text, _ := rawText(raw)
		text = record.MarkupText(text)
		body = &text
	}
	return r, body, nil
}

// one gives a record its body, unless that is a part.
func (m *NoteMapper) one(r *record.Record, text string, titleLimit int) {
	if e, _ := record.Unwrap(text); e != nil && e.Of > 0 && e.From == r.Side.Other() {
		r.Traits = append(r.Traits, record.TraitIncompletePart)
		return
	}
	m.body(r, text, titleLimit)
}

// FromSalesforce reads a note of any of its objects, told apart by their ids. A ContentNote's Content must be the note's
// HTML itself, and not the address that a query returns; its contacts are those of ContentDocumentLinks, a subquery's
// result that the caller may also put together. An address leaves the body unknown.
func (m *NoteMapper) FromSalesforce(doc map[string]any) (record.Record, error) {
	r, text, err := m.oneSalesforce(doc)
	if err != nil || text == nil {
		return r, err
	}
	m.one(&r, *text, m.titleLimit(m.objectOf(r.ID)))
	m.asTask(&r)
	return r, nil
}

// asTask leaves out the tasks that are no notes: those that do not say above their text whose note they are.
func (m *NoteMapper) asTask(r *record.Record) {
	if r.Side == record.Salesforce && m.objectOf(r.ID) == taskObject && !r.Has(record.TraitIncompletePart) && !keepsNote(*r) {
		r.Traits = append(r.Traits, record.TraitOtherKind)
	}
}

// keepsNote tells whether a Salesforce task is a GoHighLevel note by the rules: it names the note's author or time, which
// nothing else does that Tandem writes into tasks.
func keepsNote(r record.Record) bool {
	e := r.Envelope
	return e != nil && e.From == record.GoHighLevel && (e.Author != "" || !e.At.IsZero())
}

func (m *NoteMapper) oneSalesforce(doc map[string]any) (r record.Record, body *string, err error) {
	if r, err = salesforceRecord(doc); err != nil {
		return r, nil, err
	}
	r.Kind = record.Note
	if flag(doc, "IsPrivate") {
		r.Traits = append(r.Traits, record.TraitPrivate)
	}
	title, text, convert := "Title", "Content", record.HTMLText
	switch m.objectOf(r.ID) {
	case classicNote:
		text, convert = "Body", record.PlainText
	case taskObject:
		title, text, convert = "Subject", "Description", record.PlainText
	}
	m.field(r.Fields, record.Title, doc, title, true)
	about := false
	for _, key := range []string{"ParentId", "WhoId"} {
		raw, known := doc[key]
		id, _ := rawText(raw)
		about = about || known
		addContacts(&r, id)
	}
	_, linked := doc["ContentDocumentLinks"]
	for _, row := range related(doc["ContentDocumentLinks"]) {
		addContacts(&r, rawID(row, "LinkedEntityId"))
	}
	if (about || linked) && len(r.ContactIDs) == 0 {
		r.Traits = append(r.Traits, record.TraitNoContact)
	}
	raw, known := doc[text]
	content, _ := rawText(raw)
	if known && !(text == "Content" && strings.HasPrefix(content, "/services/")) {
		content = convert(content)
		body = &content
	}
	return r, body, nil
}

// SalesforceObject is the object in which notes are created: ContentNote, Note or Task.
func (m *NoteMapper) SalesforceObject() string { return m.object }

// SalesforceObjects are all objects that notes are read from, in the order of their ids: where notes are kept as tasks, or
// the org has enhanced ones, people may write others all the same.
func (m *NoteMapper) SalesforceObjects() []string { return slices.Clone(m.objects) }

// SalesforceFields returns the fields to select of that object.
func (m *NoteMapper) SalesforceFields() []string { return m.SalesforceFieldsOf(m.object) }

// SalesforceFieldsOf returns the fields to select of one of ContentNote, Note and Task, sorted.
func (m *NoteMapper) SalesforceFieldsOf(object string) []string {
	out := []string{"Id", "CreatedBy.Name", "CreatedDate", "LastModifiedDate", "IsDeleted"}
	switch object {
	case classicNote:
		out = append(out, "Title", "Body", "ParentId", "IsPrivate", "SystemModstamp")
	case taskObject:
		out = append(out, "Subject", "Description", "WhoId", "SystemModstamp")
	default:
		out = append(out, "Title", "Content", "ContentModifiedDate", "LastModifiedById", "TextPreview")
	}
	slices.Sort(out)
	return out
}
