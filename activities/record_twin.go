package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// settleRecord records the intent to create a task, a note or an appointment, and looks first whether the contact has it
// on that side already: made by an attempt whose outcome is unknown, or by somebody else. Safe to repeat.
func (a *steps) settleRecord(ctx context.Context, in SettleRecordInput) (SettledRecord, error) {
	c, d, link, err := a.planned(ctx, in)
	if err != nil {
		return SettledRecord{}, err
	}
	if link.Intent != nil && link.Intent.Side == in.Side {
		if err := trusted(in.Side, link.Intent.At, visibilityLag); err != nil {
			return SettledRecord{}, err
		}
	}
	found, err := a.twin(ctx, c, in, written(d, in.Side))
	if err != nil {
		return SettledRecord{}, err
	}
	if found != "" {
		// Nothing is created after all, so that nobody has to wait for what would come of it.
		if err := a.Ledger.ClearIntents(ctx, in.Claim.Token, []int64{link.ID}); err != nil {
			return SettledRecord{}, err
		}
		out, err := a.join(ctx, in, SettledRecord{RecordID: found})
		if err != nil || out.Review == "" {
			return out, err
		}
		// Somebody has linked it with another one meanwhile: then it is another one.
	}
	_, err = a.Ledger.RecordIntents(ctx, in.Claim.Token, in.Side, []int64{link.ID})
	return SettledRecord{}, err
}

// twin returns the record that the contact has on a side, that belongs to no other link than half of one, and that is alike;
// the oldest of several, "" for none.
func (a *steps) twin(ctx context.Context, c *Connection, in SettleRecordInput, want record.Fields) (string, error) {
	candidates, err := c.belongings(ctx, in.Claim.of(), in.Side, in.Claim.contact(in.Side), want)
	if err != nil || len(candidates) == 0 {
		return "", err
	}
	candidates = slices.DeleteFunc(candidates, func(r record.Record) bool {
		return !alike(in.Claim.of(), want, in.Claim.recordID(in.Side.Other()), in.Marker, r)
	})
	ids := make([]string, len(candidates))
	for i, r := range candidates {
		ids[i] = r.ID
	}
	linked, err := a.Ledger.LinkedRecords(ctx, in.Claim.Connection, in.Claim.of(), in.Side, ids)
	if err != nil {
		return "", err
	}
	slices.SortFunc(candidates, func(x, y record.Record) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), strings.Compare(x.ID, y.ID))
	})
	for _, r := range candidates {
		free, err := isHalf(ctx, a.Ledger, in.Claim.Connection, in.Claim.of(), in.Side, linked[r.ID])
		if err != nil {
			return "", err
		}
		if free {
			return r.ID, nil
		}
	}
	return "", nil
}

// isHalf tells whether a link holds nothing but its record of a side, as where both halves were announced before either was synced,
// or where the event of an appointment was withdrawn.
func isHalf(ctx context.Context, ledger Ledger, connection string, kind record.Kind, side record.Side, link int64) (bool, error) {
	if link == 0 {
		return true, nil
	}
	work, err := ledger.Links(ctx, connection, kind, link-1, 1)
	if err != nil || len(work) == 0 || work[0].Link.ID != link {
		return false, err
	}
	half := work[0].Link
	if half.RecordID(side.Other()) != "" || half.State == record.LinkParted || half.State == record.LinkDeleted {
		return false, nil
	}
	return half.Base == nil || half.Problem == record.ProblemWithdrawn, nil
}

// telling are the fields that tell whether two records of a contact are the same thing.
var telling = map[record.Kind][]record.Field{
	record.Task:        {record.Title, record.Due},
	record.Note:        {record.Body},
	record.Appointment: {record.Start, record.Title},
}

// alike tells whether a record that the contact has may be what is to be created of another one: it says the same, it was
// made of that one, or that one carries its id (marker, "" for none), as where it was made of it and has been edited since.
func alike(kind record.Kind, want record.Fields, other, marker string, r record.Record) bool {
	return !r.Has(record.TraitDeleted) && !r.Has(record.TraitOtherKind) &&
		(sameRecord(kind, want, r.Fields) || madeOf(other, r) || r.ID == marker)
}

// sameRecord tells whether a record says what is to be created. What is not to be written there is not compared.
func sameRecord(kind record.Kind, want, has record.Fields) bool {
	for _, field := range telling[kind] {
		value, given := want[field]
		if held, known := has[field]; given && (!known || !held.Equal(value)) {
			return false
		}
	}
	return len(want) > 0
}

// madeOf tells whether a record is in parts that were made of another one, be they complete or not.
func madeOf(other string, r record.Record) bool {
	return len(r.Parts) > 0 && r.Envelope != nil && r.Envelope.Mark != "" && r.Envelope.Mark == record.PartMark(other)
}

// belongings reads the records of a kind that a contact has on a side; of enhanced notes only those with the title that is
// wanted, whose content takes a call each.
func (c *Connection) belongings(ctx context.Context, kind record.Kind, side record.Side, contact string, want record.Fields) (out []record.Record, err error) {
	if contact == "" {
		return nil, nil
	}
	var docs []crm.Document
	switch {
	case side == record.Salesforce && kind == record.Note:
		docs, err = c.notesOf(ctx, contact, want)
	case side == record.Salesforce:
		docs, err = c.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE WhoId = '%s' AND IsDeleted = false ORDER BY Id",
			strings.Join(c.of(kind).SalesforceFields(), ", "), c.of(kind).SalesforceObject(), soqlEscape.Replace(contact)))
	case kind == record.Task:
		docs, err = c.GoHighLevel.ListTasks(ctx, contact)
	case kind == record.Note:
		docs, err = c.GoHighLevel.ListNotes(ctx, contact)
	default:
		docs, err = c.appointmentsOf(ctx, contact, want)
	}
	if err == nil && kind == record.Note {
		docs, err = c.groupParts(side, docs)
	}
	if err != nil {
		return nil, err
	}
	for _, doc := range docs {
		r, err := c.readOf(kind, side, doc, false)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// rows reads all rows of a query, also those that were archived.
func (c *Connection) rows(ctx context.Context, soql string) (out []crm.Document, err error) {
	page, err := c.Salesforce.QueryAll(ctx, soql)
	for {
		if err != nil {
			return nil, err
		}
		out = append(out, page.Rows...)
		if page.Next == "" {
			return out, nil
		}
		page, err = c.Salesforce.QueryMore(ctx, page.Next)
	}
}

// notesOf reads a contact's Salesforce notes that have the title that is wanted.
func (c *Connection) notesOf(ctx context.Context, contact string, want record.Fields) (out []crm.Document, err error) {
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	if object := notes.SalesforceObject(); object != noteObject {
		return c.plainNotes(ctx, record.Salesforce, object, contact)
	}
	rows, err := c.noteRows(ctx, notes, contact)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if r, err := notes.FromSalesforce(row); err != nil || !r.Fields[record.Title].Equal(want[record.Title]) {
			continue
		}
		if err := c.completeNote(ctx, row, []string{contact}); err != nil {
			if crm.KindOf(err) == crm.NotFound {
				continue // deleted since it was listed
			}
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// completeNote puts into a ContentNote's row what a query does not tell: its content, and the contacts that it is shown on.
func (c *Connection) completeNote(ctx context.Context, row crm.Document, contacts []string) error {
	id, _ := row["Id"].(string)
	content, err := c.Salesforce.GetBlob(ctx, noteObject, id, "Content", largestNote)
	if err != nil {
		return err
	}
	row["Content"] = string(content)
	row["ContentDocumentLinks"] = linkedTo(contacts)
	return nil
}

// linkedTo is how a note's document says which contacts it is shown on.
func linkedTo(contacts []string) map[string]any {
	records := make([]any, len(contacts))
	for i, contact := range contacts {
		records[i] = map[string]any{"LinkedEntityId": contact}
	}
	return map[string]any{"records": records}
}
