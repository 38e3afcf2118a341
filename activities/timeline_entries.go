package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// timelineBuilder puts together what both sides hold of a contact.
type timelineBuilder struct {
	*Connection
	ledger  Ledger
	contact record.Link
	known   []record.Link // what belongs to the contact by the ledger, of all kinds
	gaps    []TimelineGap
}

// twins are the halves of one entry as they were read; a half that was not found is nil.
type twins struct {
	link    *record.Link // nil where none holds either
	records map[record.Side]*record.Record
}

func (t *twins) ghl() *record.Record { return t.records[record.GoHighLevel] }
func (t *twins) sf() *record.Record  { return t.records[record.Salesforce] }

// entries reads a kind on both sides and ties what links tie.
func (b *timelineBuilder) entries(ctx context.Context, kind record.Kind) (out []TimelineEntry, err error) {
	var all []*twins
	byLink := map[int64]*twins{}
	unread := map[record.Side]bool{}
	for _, side := range record.Sides {
		found, gap, err := b.read(ctx, kind, side)
		if err != nil {
			return nil, err
		}
		if unread[side] = gap != ""; unread[side] {
			b.gaps = append(b.gaps, TimelineGap{Kind: kind, Side: side, Problem: gap})
		}
		for i := range found {
			link, err := b.linkOf(ctx, kind, side, found[i].ID)
			if err != nil {
				return nil, err
			}
			if link != nil && byLink[link.ID] != nil {
				byLink[link.ID].records[side] = &found[i]
				continue
			}
			one := &twins{link: link, records: map[record.Side]*record.Record{side: &found[i]}}
			if all = append(all, one); link != nil {
				byLink[link.ID] = one
			}
		}
	}
	for _, t := range all {
		entry, err := b.entry(kind, t, unread)
		if err != nil {
			return nil, err
		}
		out = append(out, entry)
	}
	return out, nil
}

// read reads the records of a kind that the contact has on a side. An error of the vendor's is a gap; a contact that is gone
// has none.
func (b *timelineBuilder) read(ctx context.Context, kind record.Kind, side record.Side) (found []record.Record, gap crm.Kind, err error) {
	if found, err = b.listed(ctx, kind, side); err != nil {
		var refused *crm.Error
		switch {
		case !errors.As(err, &refused):
			return nil, "", err
		case refused.Kind == crm.NotFound:
			return nil, "", nil
		}
		return nil, refused.Kind, nil
	}
	if side != record.Salesforce || b.of(record.Note) == nil || b.of(record.Note).SalesforceObject() != taskObject {
		return found, "", nil
	}
	// Where notes are tasks in Salesforce, the links tell which of them are notes.
	var keep []record.Record
	for _, r := range found {
		note, err := b.linkOf(ctx, record.Note, side, r.ID)
		if err != nil {
			return nil, "", err
		}
		if (note != nil) == (kind == record.Note) {
			keep = append(keep, r)
		}
	}
	return keep, "", nil
}

// listed lists what the contact has on a side. Of enhanced notes it reads no content, which takes a call each.
func (b *timelineBuilder) listed(ctx context.Context, kind record.Kind, side record.Side) ([]record.Record, error) {
	contact := b.contact.RecordID(side)
	notes, are := b.of(kind).(*rules.NoteMapper)
	if !are || contact == "" {
		return b.belongings(ctx, kind, side, contact, nil, time.Time{})
	}
	var docs []crm.Document
	var err error
	switch {
	case side == record.GoHighLevel:
		docs, err = b.GoHighLevel.ListNotes(ctx, contact)
	case notes.SalesforceObject() == noteObject:
		docs, err = b.noteRows(ctx, notes, contact)
	default:
		docs, err = b.notesOf(ctx, contact, nil, time.Time{})
	}
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]any, len(docs))
	for i, doc := range docs {
		rows[i] = doc
	}
	groups, err := notes.Group(side, rows)
	if err != nil {
		return nil, err
	}
	out := make([]record.Record, len(groups))
	for i, parts := range groups {
		if out[i], err = notes.FromParts(side, parts); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// noteRows reads a contact's enhanced notes without their content.
func (c *Connection) noteRows(ctx context.Context, notes *rules.NoteMapper, contact string) (out []crm.Document, err error) {
	links, err := c.rows(ctx, fmt.Sprintf("SELECT ContentDocumentId FROM %s WHERE LinkedEntityId = '%s'", noteLinkObject, soqlEscape.Replace(contact)))
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(links, salesforceBatch) {
		ids := map[string]bool{}
		for _, link := range chunk {
			if id, _ := link["ContentDocumentId"].(string); strings.HasPrefix(id, "069") {
				ids[id] = true
			}
		}
		if len(ids) == 0 {
			continue
		}
		rows, err := c.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s) ORDER BY Id",
			strings.Join(notes.SalesforceFields(), ", "), noteObject, soqlList(ids)))
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// linkOf returns the link that holds a record, nil for none. What no sync has looked at yet does not say in the ledger whom
// it belongs to.
func (b *timelineBuilder) linkOf(ctx context.Context, kind record.Kind, side record.Side, id string) (*record.Link, error) {
	for i, l := range b.known {
		if l.Kind == kind && l.RecordID(side) == id {
			return &b.known[i], nil
		}
	}
	return b.ledger.FindLink(ctx, b.ID, kind, side, id)
}

// nameNotes tells of which notes tasks were made.
func (b *timelineBuilder) nameNotes(ctx context.Context, entries []TimelineEntry) error {
	var tasks []string
	for _, e := range entries {
		if e.Kind == record.Task && e.GoHighLevelID != "" {
			tasks = append(tasks, e.GoHighLevelID)
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	made, err := b.ledger.NotesTasks(ctx, b.ID, tasks)
	for i, e := range entries {
		if e.Kind == record.Task && e.GoHighLevelID != "" {
			entries[i].Note = made[e.GoHighLevelID].NoteID
		}
	}
	return err
}

// entry tells of one task, note or appointment.
func (b *timelineBuilder) entry(kind record.Kind, t *twins, unread map[record.Side]bool) (TimelineEntry, error) {
	out := TimelineEntry{Kind: kind}
	mapper := b.of(kind)
	for _, side := range record.Sides {
		r := t.records[side]
		if r == nil {
			held := t.link != nil && t.link.RecordID(side) != ""
			out.Lost = out.Lost || held && !unread[side]
			out.NotMade = out.NotMade || !held && !mapper.Creates(side)
			if held && unread[side] {
				out.set(side, t.link.RecordID(side)) // nobody says that it is not there
			}
			continue
		}
		out.set(side, r.ID)
		included, err := mapper.Included(*r)
		if err != nil {
			return out, err
		}
		out.LeftOut = out.LeftOut || !included
	}
	if t.link != nil {
		out.LinkID, out.State, out.Problem = t.link.ID, t.link.State, t.link.Problem
	}
	b.describe(&out, t)
	if t.link == nil || t.ghl() == nil || t.sf() == nil || kind == record.Note || out.LeftOut {
		return out, nil
	}
	d, err := b.decide(mapper, t.link.Base, t.ghl(), t.sf(), nil)
	for _, w := range append(d.GoHighLevel, d.Salesforce...) {
		out.differs(w.Field)
	}
	for _, field := range d.Contested() {
		out.differs(field)
	}
	return out, err
}

func (e *TimelineEntry) set(side record.Side, id string) {
	if side == record.GoHighLevel {
		e.GoHighLevelID = id
	} else {
		e.SalesforceID = id
	}
}

func (e *TimelineEntry) differs(field record.Field) {
	if !slices.Contains(e.Differs, field) {
		e.Differs = append(e.Differs, field)
	}
}

// describe says what it is about and when. Where the sides differ, GoHighLevel's word counts.
func (b *timelineBuilder) describe(e *TimelineEntry, t *twins) {
	var made time.Time
	text := func(field record.Field) string {
		for _, r := range []*record.Record{t.ghl(), t.sf()} {
			if r != nil && !r.Fields[field].Empty() {
				return r.Fields[field].Text()
			}
		}
		return ""
	}
	for _, r := range t.records {
		if !r.CreatedAt.IsZero() && (made.IsZero() || r.CreatedAt.Before(made)) {
			made = r.CreatedAt // the other half was made of it
		}
	}
	e.At, e.Due, e.Status, e.Title = made, text(record.Due), text(record.Status), text(record.Title)
	if e.Title == "" {
		first, _, _ := strings.Cut(text(record.Body), "\n")
		e.Title = record.OneLine(first)
	}
	if at, ok := record.DueAt(e.Due, b.Rules.Tasks.DueHour, b.zone()); ok {
		e.At = at
	}
	if at, ok := record.ParseInstant(text(record.Start), b.zone()); ok {
		e.At = at
	}
	if at, ok := record.ParseInstant(text(record.End), b.zone()); ok {
		e.End = at
	}
}
