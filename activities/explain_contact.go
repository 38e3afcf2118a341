package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// ValueStanding says how a side's value stands to the last agreement.
type ValueStanding string

// The standings.
const (
	ValueAgreed  ValueStanding = "agreed"  // as it was at the last agreement
	ValueChanged ValueStanding = "changed" // since the last agreement
	ValueNew     ValueStanding = "new"     // never agreed on
)

// Explanation is how a contact, a task, a note or an appointment stands on both sides at the moment. It holds customer data: it leaves a worker sealed only.
type Explanation struct {
	LinkID       int64 `json:"link"`
	RulesVersion int   `json:"rules_version"`
	// Excluded tells that the rules leave it out.
	Excluded    bool       `json:"excluded,omitempty"`
	GoHighLevel SideNow    `json:"gohighlevel"`
	Salesforce  SideNow    `json:"salesforce"`
	Fields      []FieldNow `json:"fields"` // in the order of the rules
}

// SideNow is whether a side's record could be read.
type SideNow struct {
	RecordID string `json:"record_id,omitempty"` // "" where the link names none
	Found    bool   `json:"found"`
	// Problem is the kind of error for which it could not be read; "" where it was, or is not there.
	Problem crm.Kind `json:"problem,omitempty"`
}

// FieldNow is one field as both sides hold it, and the rule that applies to it.
type FieldNow struct {
	Field record.Field `json:"field"`
	Rule  FieldRuleNow `json:"rule"`
	// GoHighLevel and Salesforce are nil where the side's value is not known.
	GoHighLevel *ValueNow `json:"gohighlevel,omitempty"`
	Salesforce  *ValueNow `json:"salesforce,omitempty"`
}

// FieldRuleNow is how a field is kept in step.
type FieldRuleNow struct {
	Direction reconcile.Direction  `json:"direction"`
	Set       bool                 `json:"set,omitempty"`
	Conflict  reconcile.Resolution `json:"conflict,omitempty"`
	Tie       record.Side          `json:"tie,omitempty"`
	Drift     reconcile.Drift      `json:"drift,omitempty"`
}

// ValueNow is a side's value, and how it stands to the last agreement.
type ValueNow struct {
	Value    record.Value  `json:"value"`
	Standing ValueStanding `json:"standing"`
}

// ExplainContactInput names a contact, or something of another kind, by its link.
type ExplainContactInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	LinkID     int64       `json:"link_id"`
}

// ExplainContact reads both sides of a contact, a task, a note or an appointment for a person who waits for it, and returns
// an Explanation, sealed. A side that cannot be read is said to be so and fails nothing. It writes nothing. Safe to repeat.
// It fails with kind NotFound where there is no such link, and with kind Invalid where the rules do not sync the kind.
func (a *Contacts) ExplainContact(ctx context.Context, in ExplainContactInput) (Sealed, error) {
	ctx = crm.WithLane(ctx, crm.LaneHuman)
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return nil, err
	}
	kind := c.of(kindOr(in.Kind))
	if kind == nil {
		return nil, &crm.Error{Kind: crm.Invalid, Operation: "explain", Reason: "the rules do not sync " + string(in.Kind) + "s"}
	}
	link, err := linkOf(ctx, a.Ledger, in.Connection, kind.Kind(), in.LinkID)
	if err != nil {
		return nil, err
	}
	if link, err = a.withContact(ctx, link); err != nil {
		return nil, err
	}
	base, err := reconcile.DecodeBase(link.Base)
	if err != nil {
		return nil, err
	}
	out := Explanation{LinkID: link.ID, RulesVersion: c.RulesVersion}
	ghl, err := c.look(ctx, kind, record.GoHighLevel, link, &out.GoHighLevel)
	if err != nil {
		return nil, err
	}
	sf, err := c.look(ctx, kind, record.Salesforce, link, &out.Salesforce)
	if err != nil {
		return nil, err
	}
	for _, r := range []*record.Record{ghl, sf} {
		if r == nil {
			continue
		}
		included, err := kind.Included(*r)
		if err != nil {
			return nil, err
		}
		out.Excluded = out.Excluded || !included
	}
	for _, p := range kind.Policies() {
		now := FieldNow{Field: p.Field, Rule: FieldRuleNow{Direction: p.Direction, Set: p.Set, Drift: p.Drift}}
		if !p.Set {
			now.Rule.Conflict, now.Rule.Tie = p.Conflict, p.Tie
		}
		agreed, had := base[p.Field]
		now.GoHighLevel = c.stands(ghl, p.Field, agreed.GoHighLevel, had)
		now.Salesforce = c.stands(sf, p.Field, agreed.Salesforce, had)
		out.Fields = append(out.Fields, now)
	}
	return c.seal(record.GoHighLevel, purposeHistory, out)
}

// withContact returns a link of another kind with both halves of the contact that it belongs to, as far as they are known.
func (a *Contacts) withContact(ctx context.Context, link record.Link) (record.Link, error) {
	if link.Kind == record.Contact {
		return link, nil
	}
	contact, err := a.steps().contactOf(ctx, link.Connection, map[record.Side][]string{
		record.GoHighLevel: {link.GoHighLevelContact}, record.Salesforce: {link.SalesforceContact},
	})
	if contact != nil {
		link.GoHighLevelContact, link.SalesforceContact = contact.GoHighLevelID, contact.SalesforceID
	}
	return link, err
}

// document reads a link's record of a side. In GoHighLevel tasks and notes are read by way of their contact, and are not to
// be found where that is not known.
func (c *Connection) document(ctx context.Context, kind rules.KindMapper, side record.Side, link record.Link) (crm.Document, error) {
	id, contact := link.RecordID(side), link.ContactID(side)
	switch of := kind.Kind(); {
	case side == record.Salesforce && of == record.Note:
		return c.readNote(ctx, id)
	case side == record.Salesforce:
		return c.Salesforce.GetRecord(ctx, kind.SalesforceObject(), id, kind.SalesforceFields())
	case of == record.Contact:
		return c.GoHighLevel.GetContact(ctx, id)
	case of == record.Appointment:
		return c.GoHighLevel.GetAppointment(ctx, id)
	case contact == "":
		return nil, fault(side, crm.NotFound, "read a "+string(of), "nothing tells which contact it belongs to")
	case of == record.Task:
		return c.GoHighLevel.GetTask(ctx, contact, id)
	}
	return c.GoHighLevel.GetNote(ctx, contact, id)
}

// look reads a side's record; nil where there is none, or none that can be read.
func (c *Connection) look(ctx context.Context, kind rules.KindMapper, side record.Side, link record.Link, now *SideNow) (*record.Record, error) {
	if now.RecordID = link.RecordID(side); now.RecordID == "" {
		return nil, nil
	}
	doc, err := c.document(ctx, kind, side, link)
	var refused *crm.Error
	if errors.As(err, &refused) {
		if refused.Kind != crm.NotFound {
			now.Problem = refused.Kind
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := c.readOf(kind.Kind(), side, doc, false)
	now.Found = err == nil
	return &r, err
}

// stands compares a side's value with what was agreed on; nil where it is not known.
func (c *Connection) stands(r *record.Record, field record.Field, agreed []uint64, had bool) *ValueNow {
	if r == nil {
		return nil
	}
	value, known := r.Fields[field]
	if !known {
		return nil
	}
	now := &ValueNow{Value: value, Standing: ValueAgreed}
	switch {
	case !had:
		now.Standing = ValueNew
	case !slices.Equal(c.Fingerprints.Value(field, value), agreed):
		now.Standing = ValueChanged
	}
	return now
}

// OpenExplanation opens what ExplainContact returned, with the connection's cipher.
func OpenExplanation(cipher Cipher, sealed Sealed) (Explanation, error) {
	var out Explanation
	err := (&Connection{Cipher: cipher}).unseal(record.GoHighLevel, purposeHistory, sealed, &out)
	return out, err
}

// OpenJournal opens what a row of the journal says was written, with the connection's cipher.
func OpenJournal(cipher Cipher, row record.JournalRow) ([]reconcile.Write, error) {
	var out []reconcile.Write
	err := (&Connection{Cipher: cipher}).unseal(row.Side, purposeJournal, row.Sealed, &out)
	return out, err
}
