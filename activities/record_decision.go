package activities

import (
	"context"
	"maps"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// DecideRecordInput is a link with both its records as they are now; a missing one is empty.
type DecideRecordInput struct {
	Claim       RecordClaim `json:"claim"`
	GoHighLevel Sealed      `json:"gohighlevel,omitempty"`
	Salesforce  Sealed      `json:"salesforce,omitempty"`
	// Verdict is what a person decided about it; nil for nothing.
	Verdict *record.Verdict `json:"verdict,omitempty"`
	// Base is what the sides agreed on, where nothing that was recorded says so, encoded: what SettledRecord told of.
	Base []byte `json:"base,omitempty"`
	// Asked are the fields that the person was asked about.
	Asked []record.Field `json:"asked,omitempty"`
}

// RecordDecision is what to do about one link. Field names are told in clear, values are sealed.
type RecordDecision struct {
	Excluded bool        `json:"excluded,omitempty"`
	Create   record.Side `json:"create,omitempty"`
	// NoContact tells that the contact that it belongs to is not in step: nothing is done before it is. Else the claim's
	// contacts are as they are now.
	NoContact          bool   `json:"no_contact,omitempty"`
	GoHighLevelContact string `json:"gohighlevel_contact,omitempty"`
	SalesforceContact  string `json:"salesforce_contact,omitempty"`
	// Withdrawn tells that the appointment does not take place and that the rules want no event of it: the event that there
	// is goes, once what was changed in it has reached the appointment.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// Review is why a person must look before the event is withdrawn, as one of the reasons of package record: more are
	// cancelled at once than the rules let pass. Kept tells that a person has looked and that the event is to stay.
	Review string `json:"review,omitempty"`
	Kept   bool   `json:"kept,omitempty"`
	// Fields to write, per side.
	GoHighLevelFields []record.Field `json:"gohighlevel_fields,omitempty"`
	SalesforceFields  []record.Field `json:"salesforce_fields,omitempty"`
	// Contested fields wait for a person.
	Contested []record.Field `json:"contested,omitempty"`
	// Marker and CreatedAt are of the one record that there is, where Create is set: the id of the other half that it
	// carries, and when it came into being.
	Marker    string    `json:"marker,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Alternating fields are rewritten by both sides again and again: nothing is written until a person has looked.
	Alternating []record.Field `json:"alternating,omitempty"`
	// The documents to send.
	GoHighLevel Sealed `json:"gohighlevel,omitempty"`
	AddTags     Sealed `json:"add_tags,omitempty"`
	RemoveTags  Sealed `json:"remove_tags,omitempty"`
	Salesforce  Sealed `json:"salesforce,omitempty"`
	// SalesforceObject is the object in which the Salesforce half is created, where that is to be; "" for contacts.
	SalesforceObject string `json:"salesforce_object,omitempty"`
	// Part tells that the record is a part of a note that is another link's: nothing is done about it.
	Part bool `json:"part,omitempty"`
	// GoHighLevelParts and SalesforceParts are what is to be written of a note beyond its first part; nil for nothing.
	GoHighLevelParts *NoteParts `json:"gohighlevel_parts,omitempty"`
	SalesforceParts  *NoteParts `json:"salesforce_parts,omitempty"`
	// Completed is set where all that is to be written to GoHighLevel is whether a task is completed.
	Completed *bool `json:"completed,omitempty"`
	// SalesforceKey is the external id field and value to upsert by, where the org has such a field.
	SalesforceField string `json:"salesforce_field,omitempty"`
	SalesforceValue string `json:"salesforce_value,omitempty"`
	// Plan is the whole decision, for CommitContact.
	Plan Sealed `json:"plan,omitempty"`
}

// decide asks the merge what to do about one link. Safe to repeat.
func (a *steps) decide(ctx context.Context, in DecideRecordInput) (RecordDecision, error) {
	c, err := a.Connections.Open(ctx, in.Claim.Connection)
	if err != nil {
		return RecordDecision{}, err
	}
	kind := c.of(in.Claim.of())
	ghl, err := c.open(in.Claim.of(), record.GoHighLevel, in.GoHighLevel, false)
	if err != nil {
		return RecordDecision{}, err
	}
	sf, err := c.open(in.Claim.of(), record.Salesforce, in.Salesforce, false)
	if err != nil {
		return RecordDecision{}, err
	}
	torn := record.Side("")
	if in.Claim.of() == record.Note {
		for _, r := range []*record.Record{ghl, sf} {
			if part, err := a.furtherPart(ctx, in.Claim, r); err != nil || part {
				return RecordDecision{Part: part}, err
			}
		}
		torn = mended(ghl, sf)
	}
	for _, r := range []*record.Record{ghl, sf} {
		if r == nil {
			continue
		}
		if included, err := kind.Included(*r); err != nil || !included {
			return RecordDecision{Excluded: !included}, err
		}
	}
	if in.Claim.of() != record.Contact {
		if in.Claim.GoHighLevelContact, in.Claim.SalesforceContact, err = a.belongsTo(ctx, in.Claim, ghl, sf); err != nil {
			return RecordDecision{}, err
		}
		if in.Claim.GoHighLevelContact == "" || in.Claim.SalesforceContact == "" {
			return RecordDecision{NoContact: true, GoHighLevelContact: in.Claim.GoHighLevelContact, SalesforceContact: in.Claim.SalesforceContact}, nil
		}
	}
	link, err := a.link(ctx, in.Claim)
	if err != nil {
		return RecordDecision{}, err
	}
	unrecorded := link.Base == nil && in.Base != nil
	if unrecorded {
		link.Base = in.Base
	}
	d, err := c.decide(kind, link.Base, ghl, sf, decided(in.Verdict, in.Asked))
	if err != nil {
		return RecordDecision{}, err
	}
	if unrecorded && d.From == nil {
		if d.From, err = reconcile.DecodeBase(in.Base); err != nil {
			return RecordDecision{}, err
		}
	}
	if torn != "" {
		c.mend(kind, &d, torn, map[record.Side]*record.Record{record.GoHighLevel: sf, record.Salesforce: ghl}[torn])
	}
	withdrawn := withdraws(kind, ghl, d)
	if withdrawn && sf != nil {
		if review, kept, err := a.withholds(ctx, c, link); err != nil || review != "" || kept {
			return RecordDecision{
				Review: review, Kept: kept, GoHighLevelContact: in.Claim.GoHighLevelContact, SalesforceContact: in.Claim.SalesforceContact,
			}, err
		}
	}
	if d.Create != "" && !withdrawn && !kind.Creates(d.Create) {
		return RecordDecision{Excluded: true}, nil
	}
	if withdrawn {
		d = withdrawal(d, sf)
	}
	out, err := c.sealDecision(kind, d, in.Claim, ghl, sf)
	if out.Withdrawn = withdrawn; withdrawn {
		out.SalesforceFields, out.Salesforce = nil, nil // they go with the event
	}
	if in.Claim.of() != record.Contact {
		out.GoHighLevelContact, out.SalesforceContact = in.Claim.GoHighLevelContact, in.Claim.SalesforceContact
		out.SalesforceObject = kind.SalesforceObject()
	}
	if r := the(ghl, sf); d.Create != "" {
		out.Marker, out.CreatedAt = r.ExternalID, r.CreatedAt
	}
	if err != nil || d.Nothing() || in.Verdict != nil {
		return out, err
	}
	out.Alternating, err = c.alternating(ctx, a.Ledger, link.ID, d)
	return out, err
}

// the returns the one record that there is.
func the(ghl, sf *record.Record) *record.Record {
	if ghl != nil {
		return ghl
	}
	return sf
}

// decided spells a verdict out by the fields that were asked about. Of others it says nothing: they go on as the rules have
// it.
func decided(v *record.Verdict, asked []record.Field) map[record.Field]record.Side {
	if v == nil {
		return nil
	}
	side := map[record.Choice]record.Side{record.ChooseGoHighLevel: record.GoHighLevel, record.ChooseSalesforce: record.Salesforce}[v.Choice]
	out := maps.Clone(v.Fields)
	if side == "" {
		return out
	}
	if out == nil {
		out = map[record.Field]record.Side{}
	}
	for _, field := range asked {
		if _, single := out[field]; !single {
			out[field] = side
		}
	}
	return out
}

// open reads a sealed document; nil for none. An answer to a write is no full reading: what it lacks is unknown.
func (c *Connection) open(kind record.Kind, side record.Side, sealed Sealed, answer bool) (*record.Record, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	var doc crm.Document
	if err := c.unseal(side, purposeHistory, sealed, &doc); err != nil {
		return nil, err
	}
	r, err := c.readOf(kind, side, doc, answer)
	return &r, err
}

func (c *Connection) sealDecision(kind rules.KindMapper, d reconcile.Decision, claim RecordClaim, ghl, sf *record.Record) (out RecordDecision, err error) {
	out.Create = d.Create
	for _, w := range d.GoHighLevel {
		out.GoHighLevelFields = append(out.GoHighLevelFields, w.Field)
	}
	for _, w := range d.Salesforce {
		out.SalesforceFields = append(out.SalesforceFields, w.Field)
	}
	out.Contested = d.Contested()
	sealInto := func(into *Sealed, side record.Side, v any) {
		if err == nil {
			*into, err = c.seal(side, purposeHistory, v)
		}
	}
	if len(d.GoHighLevel) > 0 || d.Create == record.GoHighLevel {
		write := kind.Write(record.GoHighLevel, rules.Change{Writes: d.GoHighLevel, Current: ghl, Other: sf, ContactID: claim.GoHighLevelContact})
		out.Completed = write.Completed
		if len(write.Doc) > 0 {
			sealInto(&out.GoHighLevel, record.GoHighLevel, write.Doc)
		}
		if err == nil {
			out.GoHighLevelParts, err = c.sealParts(record.GoHighLevel, write, ghl)
		}
		if len(write.AddTags) > 0 {
			sealInto(&out.AddTags, record.GoHighLevel, write.AddTags)
		}
		if len(write.RemoveTags) > 0 {
			sealInto(&out.RemoveTags, record.GoHighLevel, write.RemoveTags)
		}
	}
	if len(d.Salesforce) > 0 || d.Create == record.Salesforce {
		write := kind.Write(record.Salesforce, rules.Change{Writes: d.Salesforce, Current: sf, Other: ghl, ContactID: claim.SalesforceContact})
		sealInto(&out.Salesforce, record.Salesforce, write.Doc)
		c.foresee(d.Next, write.Doc)
		if err == nil {
			out.SalesforceParts, err = c.sealParts(record.Salesforce, write, sf)
		}
		if field := c.externalID(kind.Kind()); d.Create == record.Salesforce && field != "" {
			out.SalesforceField, out.SalesforceValue = field, claim.GoHighLevelID
		}
	}
	sealInto(&out.Plan, record.GoHighLevel, d)
	if err == nil && out.size() > largestDecision {
		return out, fault(record.GoHighLevel, crm.Rejected, "decide", "what is to be written is too long to be kept in a history")
	}
	return out, err
}
