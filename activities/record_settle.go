package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// SettleRecordInput is a contact about to be created on a side.
type SettleRecordInput struct {
	Claim RecordClaim `json:"claim"`
	Side  record.Side `json:"side"`
	Plan  Sealed      `json:"plan"`
	// Marker is the id of the other half that the contact's one record carries; "" for none.
	Marker string `json:"marker,omitempty"`
	// CreatedAt is when that record came into being, by its vendor; zero where it does not say.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Verdict is what a person decided about it; nil while nobody has.
	Verdict *record.Verdict `json:"verdict,omitempty"`
}

// SettledRecord says what was found before a create.
type SettledRecord struct {
	// RecordID is the record that is the contact's other half after all; "" when there is none and it may be created.
	RecordID string `json:"record_id,omitempty"`
	// Base is what the sides agreed on when an earlier attempt at the create made it, encoded; nil where that is not known.
	Base []byte `json:"base,omitempty"`
	// Review is why a person must look first, as one of the reasons of package record; "" when nobody must.
	Review string `json:"review,omitempty"`
}

// planned opens what a create is about: the connection, the decision to create, and the link.
func (a *steps) planned(ctx context.Context, in SettleRecordInput) (c *Connection, d reconcile.Decision, link record.Link, err error) {
	if c, err = a.Connections.Open(ctx, in.Claim.Connection); err != nil {
		return nil, d, link, err
	}
	if err = c.unseal(record.GoHighLevel, purposeHistory, in.Plan, &d); err != nil {
		return nil, d, link, err
	}
	link, err = a.link(ctx, in.Claim)
	return c, d, link, err
}

// written are the fields that a decision writes to a side, as they are then.
func written(d reconcile.Decision, side record.Side) record.Fields {
	out := record.Fields{}
	for _, w := range d.Writes(side) {
		out[w.Field] = w.After
	}
	return out
}

// settle records the intent to create a contact, and looks first whether it is there already: made by an attempt whose
// outcome is unknown, or by somebody else. Safe to repeat.
func (a *steps) settle(ctx context.Context, in SettleRecordInput) (SettledRecord, error) {
	c, d, link, err := a.planned(ctx, in)
	if err != nil {
		return SettledRecord{}, err
	}
	if link.Intent != nil && link.Intent.Side == in.Side {
		found, err := c.settle(ctx, a.Ledger, in.Side, link, d, nil)
		if err != nil {
			return SettledRecord{}, err
		}
		if found != nil {
			return a.join(ctx, in, SettledRecord{RecordID: found.ID, Base: link.Intent.Base})
		}
	}
	found, err := a.find(ctx, c, in, link, d)
	switch {
	case err != nil:
		return SettledRecord{}, err
	case found.RecordID == "" && found.Review == "":
		begun := record.Begun{LinkID: link.ID, Anew: true}
		if in.Side == record.Salesforce { // GoHighLevel stores otherwise than it is given
			begun.Base = d.Next.Encode()
		}
		_, err := a.Ledger.RecordIntents(ctx, in.Claim.Token, in.Side, []record.Begun{begun})
		return SettledRecord{}, err
	}
	if found.RecordID != "" {
		return a.join(ctx, in, found)
	}
	// Nothing is created after all, so that nobody has to wait for what would come of it.
	return found, a.Ledger.ClearIntents(ctx, in.Claim.Token, []int64{link.ID})
}

// find looks for the contact's other half where it may be already.
func (a *steps) find(ctx context.Context, c *Connection, in SettleRecordInput, link record.Link, d reconcile.Decision) (SettledRecord, error) {
	if v := in.Verdict; v != nil {
		switch v.Choice {
		case record.ChooseLink:
			return SettledRecord{RecordID: map[record.Side]string{
				record.GoHighLevel: v.GoHighLevelID, record.Salesforce: v.SalesforceID,
			}[in.Side]}, nil
		case record.ChooseSeparate:
			return SettledRecord{}, nil
		}
	}
	if in.Marker != "" {
		linked, err := a.Ledger.LinkedRecords(ctx, link.Connection, link.Kind, in.Side, []string{in.Marker})
		if err != nil {
			return SettledRecord{}, err
		}
		if linked[in.Marker] != 0 {
			if gone, err := c.deleted(ctx, in.Side, in.Marker); err != nil || !gone {
				return SettledRecord{RecordID: in.Marker}, err
			}
		}
	}
	want := written(d, in.Side)
	candidates, err := c.lookup(ctx, in.Side, want)
	if err == nil && len(candidates) == 0 {
		return SettledRecord{}, a.onItsWay(ctx, in, link)
	}
	if err != nil {
		return SettledRecord{}, err
	}
	return a.judge(ctx, link, in.Side, want, candidates)
}

// deleted tells whether the vendor itself attests that a record is deleted. A record may carry the id of a half that is no
// more, as where it was taken out of the recycle bin, or is to be given a half again.
func (c *Connection) deleted(ctx context.Context, side record.Side, id string) (bool, error) {
	if side == record.GoHighLevel {
		_, err := c.GoHighLevel.GetContact(ctx, id)
		if crm.KindOf(err) == crm.NotFound {
			return true, nil
		}
		return false, err
	}
	page, err := c.Salesforce.QueryAll(ctx, fmt.Sprintf("SELECT Id, IsDeleted FROM %s WHERE Id = '%s'", contactObject, soqlEscape.Replace(id)))
	return err == nil && len(page.Rows) == 1 && page.Rows[0]["IsDeleted"] == true, err
}

// onItsWay fails with kind Busy while creates are open on the side that the contact comes from: its record may be what one
// of them made, announced before the ledger knows of it.
func (a *steps) onItsWay(ctx context.Context, in SettleRecordInput, link record.Link) error {
	if link.RecordID(in.Side) != "" || in.CreatedAt.IsZero() {
		return nil
	}
	open, err := a.Ledger.OpenIntents(ctx, link.Connection, link.Kind, in.Side.Other(), in.CreatedAt.Add(clockSkew))
	if err != nil || !open {
		return err
	}
	busy := fault(in.Side, crm.Busy, "look for the other half", "the contact may be one that is being created")
	busy.RetryAfter = soon
	return busy
}

// join ties the contact to the record that is its other half. A link that was made for that record alone goes; where it
// holds more, the two are for a person to look at. The intent is kept until they are one, for by it alone is known what was
// edited since it was made; but of two that look for each other the younger one gives way, so that the older one need not
// wait for what it would begin.
func (a *steps) join(ctx context.Context, in SettleRecordInput, found SettledRecord) (SettledRecord, error) {
	linked, err := a.Ledger.LinkedRecords(ctx, in.Claim.Connection, in.Claim.of(), in.Side, []string{found.RecordID})
	if err != nil {
		return SettledRecord{}, err
	}
	if holder := linked[found.RecordID]; holder != 0 && holder < in.Claim.LinkID {
		if err := a.Ledger.ClearIntents(ctx, in.Claim.Token, []int64{in.Claim.LinkID}); err != nil {
			return SettledRecord{}, err
		}
	}
	err = a.Ledger.JoinHalves(ctx, in.Claim.Token, in.Claim.LinkID, in.Side, found.RecordID)
	var other *record.AlreadyLinkedError
	switch {
	case errors.As(err, &other):
		return SettledRecord{Review: record.ReviewDuplicateRefused}, nil
	case errors.Is(err, record.ErrHalfClaimed):
		busy := fault(in.Side, crm.Busy, "join two halves", "the other half is being worked on")
		busy.RetryAfter = soon
		return SettledRecord{}, busy
	case err != nil:
		return SettledRecord{}, err
	}
	return found, a.Ledger.ClearIntents(ctx, in.Claim.Token, []int64{in.Claim.LinkID})
}

// lookup finds the records of a side that share an identity with a contact.
func (c *Connection) lookup(ctx context.Context, side record.Side, want record.Fields) (out []record.Record, err error) {
	if side == record.Salesforce {
		err := c.lookalikes(ctx, []record.Fields{want}, func(_ record.Fields, r record.Record) { out = append(out, r) })
		return out, err
	}
	seen := map[string]bool{}
	for _, lookup := range []crm.DuplicateLookup{{Email: want[record.Email].Text()}, {Phone: want[record.Phone].Text()}} {
		if lookup.Email == "" && lookup.Phone == "" {
			continue
		}
		doc, err := c.GoHighLevel.FindDuplicateContact(ctx, lookup)
		if err != nil {
			return nil, err
		}
		if doc == nil {
			continue
		}
		r, err := c.read(side, doc, false)
		if err != nil {
			return nil, err
		}
		if !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, r)
		}
	}
	return out, nil
}

// judge accepts the one candidate that is the same person and belongs to nobody else; anything else is for a person.
func (a *steps) judge(ctx context.Context, link record.Link, side record.Side, want record.Fields, candidates []record.Record) (SettledRecord, error) {
	candidates, err := a.possible(ctx, link, side, candidates)
	if err != nil || len(candidates) == 0 {
		return SettledRecord{}, err
	}
	if len(candidates) > 1 {
		return SettledRecord{Review: record.ReviewAmbiguousMatch}, nil
	}
	found := candidates[0]
	email := want[record.Email]
	if !email.Empty() && found.Fields[record.Email].Equal(email) {
		return SettledRecord{RecordID: found.ID}, nil
	}
	for _, field := range []record.Field{record.LastName, record.FirstName} {
		ours, theirs := record.FoldName(want[field].Text()), record.FoldName(found.Fields[field].Text())
		if ours != theirs && (field == record.LastName || ours != "" && theirs != "") {
			return SettledRecord{Review: record.ReviewNamesakes}, nil
		}
	}
	return SettledRecord{RecordID: found.ID}, nil
}

// possible leaves out the records of contacts that a person has declared to be somebody else.
func (a *steps) possible(ctx context.Context, link record.Link, side record.Side, candidates []record.Record) ([]record.Record, error) {
	ids := make([]string, len(candidates))
	for i, r := range candidates {
		ids[i] = r.ID
	}
	linked, err := a.Ledger.LinkedRecords(ctx, link.Connection, link.Kind, side, ids)
	if err != nil || len(linked) == 0 {
		return candidates, err
	}
	others := slices.Collect(maps.Values(linked))
	separate, err := a.Ledger.Separate(ctx, link.Connection, link.ID, others)
	return slices.DeleteFunc(candidates, func(r record.Record) bool { return separate[linked[r.ID]] }), err
}
