package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// settleRecord records the intent to create a task, a note or an appointment, and looks first whether the contact has it
// on that side already: made by an attempt whose outcome is unknown, or by somebody else. Safe to repeat.
func (a *steps) settleRecord(ctx context.Context, in SettleRecordInput) (SettledRecord, error) {
	c, d, link, err := a.planned(ctx, in)
	if err != nil {
		return SettledRecord{}, err
	}
	link.GoHighLevelContact, link.SalesforceContact = in.Claim.GoHighLevelContact, in.Claim.SalesforceContact
	var begun record.Intent // a create whose outcome is unknown
	if link.Intent != nil && link.Intent.Side == in.Side {
		if err := trusted(in.Side, link.Intent.At, visibilityLag); err != nil {
			return SettledRecord{}, err
		}
		begun = *link.Intent
	}
	found, err := a.twin(ctx, c, in, written(d, in.Side), begun)
	if err != nil {
		return SettledRecord{}, err
	}
	if found.RecordID != "" {
		if out, err := a.join(ctx, in, found); err != nil || out.Review == "" {
			return out, err
		}
		// Somebody has linked it with another one meanwhile: then it is another one.
	}
	if begun.At.IsZero() {
		if err := a.mayBeMade(ctx, in, link); err != nil {
			return SettledRecord{}, err
		}
	}
	_, err = a.Ledger.RecordIntents(ctx, in.Claim.Token, in.Side, []record.Begun{{LinkID: link.ID, ContactID: link.ContactID(in.Side), Base: d.Next.Encode(), Anew: true}})
	return SettledRecord{}, err
}

// mayBeMade fails with kind Busy while the one record that there is may be what an open create of an older link made, which
// knows it though it was edited since: that one takes it in.
func (a *steps) mayBeMade(ctx context.Context, in SettleRecordInput, link record.Link) error {
	if link.RecordID(in.Side) != "" {
		return nil
	}
	beside, err := a.Ledger.IntentsBeside(ctx, link.Connection, link.Kind, in.Side.Other(), []record.Link{link})
	if err != nil || !mayComeOf(beside, link.ID, in.CreatedAt) {
		return err
	}
	busy := fault(in.Side, crm.Busy, "look for the other half", "it may be what is being created")
	busy.RetryAfter = soon
	return busy
}

// mayComeOf tells whether a record of a link, which came into being at a time (zero where nobody says), may be what a create
// made that is open beside it.
func mayComeOf(beside map[int64]time.Time, link int64, createdAt time.Time) bool {
	at, open := beside[link]
	return open && (createdAt.IsZero() || at.Before(createdAt.Add(clockSkew)))
}

// twin returns the record that the contact has on a side, that belongs to no other link than half of one, and that is alike;
// the oldest of several, none where there is none. Where a create was begun whose outcome is unknown, what came into being
// since is what that create made, also where it was edited a moment later, or what it was made of was; begun is zero where
// none was.
func (a *steps) twin(ctx context.Context, c *Connection, in SettleRecordInput, want record.Fields, begun record.Intent) (SettledRecord, error) {
	candidates, err := c.belongings(ctx, in.Claim.of(), in.Side, in.Claim.contact(in.Side), want, begun.At)
	if err != nil || len(candidates) == 0 {
		return SettledRecord{}, err
	}
	agreed, err := reconcile.DecodeBase(begun.Base)
	if err != nil {
		return SettledRecord{}, err
	}
	ids := make([]string, len(candidates))
	for i, r := range candidates {
		ids[i] = r.ID
	}
	linked, err := a.Ledger.LinkedRecords(ctx, in.Claim.Connection, in.Claim.of(), in.Side, ids)
	if err != nil {
		return SettledRecord{}, err
	}
	since := func(r record.Record) bool {
		if begun.At.IsZero() || !r.CreatedAt.IsZero() {
			return !begun.At.IsZero() && r.CreatedAt.After(begun.At.Add(-clockSkew))
		}
		return linked[r.ID] == 0 || linked[r.ID] > in.Claim.LinkID // its vendor does not say, but an older link says that it was there before
	}
	same := slices.DeleteFunc(slices.Clone(candidates), func(r record.Record) bool {
		return !alike(in.Claim.of(), want, in.Claim.recordID(in.Side.Other()), in.Marker, r)
	})
	if len(same) == 0 {
		same = slices.DeleteFunc(candidates, func(r record.Record) bool { return !since(r) || !c.resembles(in.Side, agreed, want, r) })
	}
	slices.SortFunc(same, func(x, y record.Record) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), strings.Compare(x.ID, y.ID))
	})
	for _, r := range same {
		free, err := isHalf(ctx, a.Ledger, in.Claim.Connection, in.Claim.of(), in.Side, linked[r.ID])
		if err != nil {
			return SettledRecord{}, err
		}
		if !free {
			continue
		}
		found := SettledRecord{RecordID: r.ID}
		if agreed != nil && since(r) {
			found.Base = reconcile.Defaults(agreed, in.Side, r.Fields, c.Fingerprints.Value).Encode()
		}
		return found, nil
	}
	return SettledRecord{}, nil
}

// isHalf tells whether a link holds nothing but its record of a side, as where both halves were announced before either was synced,
// or where the event of an appointment was withdrawn; or whether its other half was begun to be made again and may be there.
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
	return half.Base == nil || half.Problem == record.ProblemWithdrawn || half.Intent != nil && half.Intent.Side == side.Other(), nil
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

// resembling are the fields of which one suffices to tell what a create made from what else came into being meanwhile.
var resembling = map[record.Kind][]record.Field{
	record.Task:        {record.Title},
	record.Note:        {record.Title, record.Body},
	record.Appointment: {record.Title, record.Start},
}

// resembles tells whether a record says some of what a create was given: by what was to be agreed on then, where that was
// noted, and else by what is to be created now.
func (c *Connection) resembles(side record.Side, agreed reconcile.Base, want record.Fields, r record.Record) bool {
	return !r.Has(record.TraitDeleted) && !r.Has(record.TraitOtherKind) && slices.ContainsFunc(resembling[r.Kind], func(field record.Field) bool {
		held, known := r.Fields[field]
		if !known || held.Empty() {
			return false
		}
		if sums, noted := agreed.Of(side, field); noted {
			return slices.Equal(sums, c.Fingerprints.Value(field, held))
		}
		return held.Equal(want[field])
	})
}

// madeOf tells whether a record is in parts that were made of another one, be they complete or not.
func madeOf(other string, r record.Record) bool {
	return len(r.Parts) > 0 && r.Envelope != nil && r.Envelope.Mark != "" && r.Envelope.Mark == record.PartMark(other)
}

// belongings reads the records of a kind that a contact has on a side; of enhanced notes, whose content takes a call each,
// only those with the title that is wanted, or that came into being since a create was begun (zero where none was).
func (c *Connection) belongings(ctx context.Context, kind record.Kind, side record.Side, contact string, want record.Fields, begun time.Time) (out []record.Record, err error) {
	if contact == "" {
		return nil, nil
	}
	var docs []crm.Document
	switch {
	case side == record.Salesforce && kind == record.Note:
		docs, err = c.notesOf(ctx, contact, want, begun)
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

// notesOf reads a contact's Salesforce notes that have the title that is wanted, or are as young as what was begun.
func (c *Connection) notesOf(ctx context.Context, contact string, want record.Fields, begun time.Time) (out []crm.Document, err error) {
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
		r, err := notes.FromSalesforce(row)
		if err != nil {
			continue
		}
		young := !begun.IsZero() && r.CreatedAt.After(begun.Add(-clockSkew))
		if !young && !r.Fields[record.Title].Equal(want[record.Title]) {
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
