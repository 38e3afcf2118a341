package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// partsKey holds, in the document of a note that is in parts, the documents of all of them. No vendor has such a field.
const partsKey = "tandem:parts"

// inParts makes one document of the parts of a note. It has the id of the first one.
func inParts(side record.Side, parts []crm.Document) crm.Document {
	key := idKey(side)
	all := make([]any, len(parts))
	for i, part := range parts {
		all[i] = map[string]any(part)
	}
	return crm.Document{key: parts[0][key], partsKey: all}
}

// partsOf returns the parts that a document holds; nil for a note in one piece.
func partsOf(doc crm.Document) (parts []map[string]any) {
	all, _ := doc[partsKey].([]any)
	for _, one := range all {
		if part, ok := one.(map[string]any); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

func idKey(side record.Side) string {
	if side == record.Salesforce {
		return "Id"
	}
	return "id"
}

// notes is the mapping of notes. It fails with kind Invalid where the rules do not sync them.
func (c *Connection) notes() (*rules.NoteMapper, error) {
	notes, ok := c.of(record.Note).(*rules.NoteMapper)
	if !ok {
		return nil, fault(record.Salesforce, crm.Invalid, "sync a note", "the rules do not sync notes")
	}
	return notes, nil
}

// groupParts makes one document of the notes of a contact that are parts of one. Parts are known by their mark, be they of
// different writings of the text: then it was not written to its end, and the note is not complete.
func (c *Connection) groupParts(side record.Side, docs []crm.Document) ([]crm.Document, error) {
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	type part struct {
		number int
		doc    crm.Document
	}
	var out []crm.Document
	var unmarked []map[string]any
	marked := map[string][]part{}
	for _, doc := range docs {
		e, _, err := notes.Part(side, doc)
		switch {
		case err != nil:
			return nil, err
		case e == nil || e.Of == 0 || e.From != side.Other():
			out = append(out, doc)
		case e.Mark == "":
			unmarked = append(unmarked, doc)
		default:
			marked[e.Mark] = append(marked[e.Mark], part{e.Part, doc})
		}
	}
	groups, err := notes.Group(side, unmarked)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		parts := make([]crm.Document, len(group))
		for i, doc := range group {
			parts[i] = doc
		}
		out = append(out, inParts(side, parts))
	}
	for _, mark := range slices.Sorted(maps.Keys(marked)) {
		group := marked[mark]
		slices.SortStableFunc(group, func(a, b part) int { return a.number - b.number })
		parts := make([]crm.Document, len(group))
		for i, p := range group {
			parts[i] = p.doc
		}
		out = append(out, inParts(side, parts))
	}
	return out, nil
}

// wholeNote returns a note with all its parts, which takes a list of the contact's notes where it is one of several.
func (c *Connection) wholeNote(ctx context.Context, side record.Side, doc crm.Document, contact string) (crm.Document, error) {
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	e, _, err := notes.Part(side, doc)
	if err != nil || e == nil || e.Of == 0 || e.From != side.Other() {
		return doc, err
	}
	id, _ := doc[idKey(side)].(string)
	all, err := c.plainNotes(ctx, side, noteObjectOf(id), contact)
	if err != nil {
		return nil, err
	}
	groups, err := c.groupParts(side, all)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		if slices.ContainsFunc(partsOf(group), func(part map[string]any) bool { return part[idKey(side)] == id }) {
			return group, nil
		}
	}
	return inParts(side, []crm.Document{doc}), nil // the list lags behind
}

// noteObjectOf is the Salesforce object that a note is in; of GoHighLevel's ids it says nothing.
func noteObjectOf(id string) string {
	switch {
	case strings.HasPrefix(id, "002"):
		return classicNoteObject
	case strings.HasPrefix(id, "00T"):
		return taskNoteObject
	}
	return noteObject
}

// plainNotes reads the notes of a contact, of Salesforce's those of one object. Enhanced notes are never in parts and are
// not read.
func (c *Connection) plainNotes(ctx context.Context, side record.Side, object, contact string) ([]crm.Document, error) {
	if contact == "" {
		return nil, nil
	}
	if side == record.GoHighLevel {
		return c.GoHighLevel.ListNotes(ctx, contact)
	}
	column := map[string]string{classicNoteObject: "ParentId", taskNoteObject: "WhoId"}[object]
	if column == "" {
		return nil, nil
	}
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	return c.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s = '%s' AND IsDeleted = false ORDER BY Id",
		strings.Join(notes.SalesforceFieldsOf(object), ", "), object, column, soqlEscape.Replace(contact)))
}

// size is how many sealed bytes a decision has.
func (d RecordDecision) size() int {
	n := len(d.GoHighLevel) + len(d.Salesforce) + len(d.Plan)
	for _, parts := range []*NoteParts{d.GoHighLevelParts, d.SalesforceParts} {
		if parts != nil {
			for _, one := range parts.Further {
				n += len(one)
			}
		}
	}
	return n
}

// openParts reads what GoHighLevel answered that it holds of a record, which is in parts where there are any.
func (c *Connection) openParts(kind record.Kind, first Sealed, further []Sealed) (*record.Record, error) {
	if len(first) == 0 || len(further) == 0 {
		return c.open(kind, record.GoHighLevel, first, true)
	}
	var parts []crm.Document
	for _, sealed := range append([]Sealed{first}, further...) {
		var doc crm.Document
		if err := c.unseal(record.GoHighLevel, purposeHistory, sealed, &doc); err != nil {
			return nil, err
		}
		parts = append(parts, doc)
	}
	r, err := c.readOf(kind, record.GoHighLevel, inParts(record.GoHighLevel, parts), true)
	return &r, err
}
