package activities

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// The vendors' largest pages, and how many notes are read for one: each takes a call of its own, as do the notes of each
// contact.
const (
	goHighLevelPage = 500
	salesforcePage  = 2000
	contentPage     = 100
)

// sideReader reads a whole side of a kind. Cursors mean something to it alone; what is added meanwhile comes last.
type sideReader struct {
	reader
	side   record.Side
	ledger Ledger
	// calendars are those after the cursor; nil before they are listed.
	calendars []string
}

type page struct {
	docs  []crm.Document
	next  string // "" on the last page
	total int
}

// page reads the page after a cursor, "" for the first.
func (r *sideReader) page(ctx context.Context, cursor string) (page, error) {
	switch {
	case r.side == record.Salesforce:
		object, after, next := r.at(cursor)
		out, err := r.salesforcePage(ctx, object, after)
		if out.next != "" {
			out.next = r.here(object, out.next)
		} else {
			out.next = next
		}
		return out, err
	case r.kind == record.Task:
		got, err := r.taskPage(ctx, cursor)
		if err != nil {
			return page{}, err
		}
		return searched(got.Tasks, -1, got.SearchAfter)
	case r.kind == record.Note:
		return r.notesPage(ctx, cursor)
	case r.kind == record.Appointment:
		return r.calendarPage(ctx, cursor)
	}
	search := crm.ContactSearch{PageLimit: goHighLevelPage, Sort: []crm.SearchSort{{Field: "dateAdded", Direction: "asc"}}}
	var err error
	if search.SearchAfter, err = searchAfter(cursor); err != nil {
		return page{}, err
	}
	got, err := r.GoHighLevel.SearchContacts(ctx, search)
	if err != nil {
		return page{}, err
	}
	return searched(got.Contacts, got.Total, got.SearchAfter)
}

// searched is a page of a GoHighLevel search.
func searched(docs []crm.Document, total int, after []any) (out page, err error) {
	out = page{docs: docs, total: total}
	if len(after) > 0 {
		out.next, err = searchCursor(after)
	}
	return out, err
}

// salesforcePage pages by keyset: unlike a query locator, an Id never expires. The rules' oldest date is no condition: of two
// halves either may be the older one, and they are left out together.
func (r *sideReader) salesforcePage(ctx context.Context, object, after string) (page, error) {
	where, size := "IsDeleted = false", salesforcePage
	if after != "" {
		where += " AND Id > '" + after + "'"
	}
	if object == noteObject {
		size = contentPage
	}
	rows, err := r.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY Id LIMIT %d", strings.Join(r.fieldsOf(object), ", "), object, where, size))
	if err != nil {
		return page{}, err
	}
	out := page{docs: rows, total: -1}
	if len(rows) == size {
		out.next, _ = rows[len(rows)-1]["Id"].(string)
	}
	switch {
	case object == noteObject:
		out.docs, err = r.completeNotes(ctx, rows)
	case r.kind == record.Note:
		out.docs, err = r.wholeNotes(ctx, rows)
	}
	return out, err
}

// completeNotes reads where enhanced notes are shown and what they say. Those that are shown on no contact are left out, and
// those that are too old for the rules are not read: they are left out whatever they say.
func (r *sideReader) completeNotes(ctx context.Context, rows []crm.Document) (out []crm.Document, err error) {
	ids := map[string]bool{}
	for _, row := range rows {
		id, _ := row["Id"].(string)
		ids[id] = true
	}
	shown, err := r.shown(ctx, ids)
	if err != nil {
		return nil, err
	}
	notes, err := r.notes()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		id, _ := row["Id"].(string)
		if len(shown[id]) > 0 {
			out = append(out, row)
		}
	}
	gone := make([]bool, len(out))
	err = patiently(ctx, len(out), func(ctx context.Context, i int) error {
		id, _ := out[i]["Id"].(string)
		out[i]["ContentDocumentLinks"] = linkedTo(shown[id])
		if one, err := notes.FromSalesforce(out[i]); err != nil || notes.TooOld(one) {
			return err
		}
		err := r.completeNote(ctx, out[i], shown[id])
		switch crm.KindOf(err) {
		case crm.NotFound:
			gone[i] = true
			return nil
		case crm.Rejected:
			return nil // too long: its own sync will tell
		}
		return err
	})
	left := out[:0]
	for i, row := range out {
		if !gone[i] {
			left = append(left, row)
		}
	}
	return left, err
}

// wholeNotes puts the parts of notes together. A note that has parts on several pages is read on each, whole.
func (r *sideReader) wholeNotes(ctx context.Context, rows []crm.Document) (out []crm.Document, err error) {
	notes, err := r.notes()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, row := range rows {
		one, err := notes.FromSalesforce(row)
		if err != nil {
			return nil, err
		}
		if len(one.ContactIDs) > 0 {
			if row, err = r.wholeNote(ctx, record.Salesforce, row, one.ContactIDs[0]); err != nil {
				return nil, err
			}
		}
		if id, _ := row["Id"].(string); !known[id] {
			known[id] = true
			out = append(out, row)
		}
	}
	return out, nil
}

// notesPage reads the notes of the next contacts: they can be read one contact at a time only.
func (r *sideReader) notesPage(ctx context.Context, cursor string) (page, error) {
	after, err := linkCursor(cursor)
	if err != nil {
		return page{}, err
	}
	contacts, err := r.ledger.OpenLinks(ctx, record.SweepKey{Connection: r.ID, Kind: record.Contact, Side: record.GoHighLevel}, after, contentPage)
	if err != nil {
		return page{}, err
	}
	of := make([][]crm.Document, len(contacts))
	err = patiently(ctx, len(contacts), func(ctx context.Context, i int) error {
		docs, err := r.GoHighLevel.ListNotes(ctx, contacts[i].RecordID)
		if crm.KindOf(err) == crm.NotFound {
			return nil // its own sync makes something of that
		}
		if err != nil {
			return err
		}
		for _, doc := range docs {
			doc["contactId"] = contacts[i].RecordID
		}
		of[i], err = r.groupParts(record.GoHighLevel, docs)
		return err
	})
	if err != nil {
		return page{}, err
	}
	out := page{total: -1}
	for _, docs := range of {
		out.docs = append(out.docs, docs...)
	}
	if len(contacts) == contentPage {
		out.next = strconv.FormatInt(contacts[len(contacts)-1].LinkID, 10)
	}
	return out, nil
}

func linkCursor(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	return strconv.ParseInt(cursor, 10, 64)
}
