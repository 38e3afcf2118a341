package activities

import (
	"context"
	"maps"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// contactLease is how long a ContactSync run holds its contact. Another run waits for it to end or to expire.
const contactLease = 10 * time.Minute

// ClaimContactInput names a contact by its link, or by one record of it.
type ClaimContactInput struct {
	Connection string      `json:"connection"`
	LinkID     int64       `json:"link_id,omitempty"`
	Side       record.Side `json:"side,omitempty"`
	RecordID   string      `json:"record_id,omitempty"`
}

// ContactClaim is a contact that a ContactSync run holds.
type ContactClaim struct {
	Connection    string `json:"connection"`
	LinkID        int64  `json:"link_id"`
	Token         int64  `json:"token"`
	GoHighLevelID string `json:"gohighlevel_id,omitempty"`
	SalesforceID  string `json:"salesforce_id,omitempty"`
	// Ignored tells that a person decided to leave the contact alone.
	Ignored bool `json:"ignored,omitempty"`
	// Held is why the contact waits together with others, to be told who belongs together: nothing is done to it before.
	// "" where it does not.
	Held string `json:"held,omitempty"`
}

// ClaimContact takes one contact for this workflow; it fails with type Claimed while somebody else holds it. Safe to
// repeat: an earlier claim by the same workflow is taken over.
func (a *Contacts) ClaimContact(ctx context.Context, in ClaimContactInput) (ContactClaim, error) {
	if in.LinkID == 0 {
		link, err := a.Ledger.EnsureLink(ctx, in.Connection, record.Contact, in.Side, in.RecordID)
		if err != nil {
			return ContactClaim{}, err
		}
		in.LinkID = link.ID
	}
	owner := activity.GetInfo(ctx).WorkflowExecution.ID
	claimed, ok, err := a.Ledger.ClaimLink(ctx, in.Connection, in.LinkID, owner, contactLease)
	if err != nil {
		return ContactClaim{}, err
	}
	if !ok {
		return ContactClaim{}, temporal.NewApplicationErrorWithOptions("another run works on this contact", TypeClaimed,
			temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
	}
	link := claimed.Work[0].Link
	held := ""
	if link.State == record.LinkInReview {
		if held, err = a.Ledger.HeldBy(ctx, in.Connection, link.ID); err != nil {
			return ContactClaim{}, err
		}
	}
	return ContactClaim{
		Connection: in.Connection, LinkID: link.ID, Token: claimed.Token,
		GoHighLevelID: link.GoHighLevelID, SalesforceID: link.SalesforceID,
		Ignored: ignored(link), Held: held,
	}, nil
}

// ignored tells whether a person decided to leave the contact alone.
func ignored(l record.Link) bool {
	return l.State == record.LinkParted && l.Problem == record.ProblemIgnored
}

// DecideContactInput is a contact with both its records as they are now; a missing one is empty.
type DecideContactInput struct {
	Claim       ContactClaim `json:"claim"`
	GoHighLevel Sealed       `json:"gohighlevel,omitempty"`
	Salesforce  Sealed       `json:"salesforce,omitempty"`
	// Verdict is what a person decided about the contact; nil for nothing.
	Verdict *record.Verdict `json:"verdict,omitempty"`
	// Asked are the fields that the person was asked about.
	Asked []record.Field `json:"asked,omitempty"`
}

// ContactDecision is what to do about one contact. Field names are told in clear, values are sealed.
type ContactDecision struct {
	Excluded bool        `json:"excluded,omitempty"`
	Create   record.Side `json:"create,omitempty"`
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
	// SalesforceKey is the external id field and value to upsert by, where the org has such a field.
	SalesforceField string `json:"salesforce_field,omitempty"`
	SalesforceValue string `json:"salesforce_value,omitempty"`
	// Plan is the whole decision, for CommitContact.
	Plan Sealed `json:"plan,omitempty"`
}

// DecideContact asks the merge what to do about one contact. Safe to repeat.
func (a *Contacts) DecideContact(ctx context.Context, in DecideContactInput) (ContactDecision, error) {
	c, err := a.Connections.Open(ctx, in.Claim.Connection)
	if err != nil {
		return ContactDecision{}, err
	}
	ghl, err := c.open(record.GoHighLevel, in.GoHighLevel, false)
	if err != nil {
		return ContactDecision{}, err
	}
	sf, err := c.open(record.Salesforce, in.Salesforce, false)
	if err != nil {
		return ContactDecision{}, err
	}
	for _, r := range []*record.Record{ghl, sf} {
		if r == nil {
			continue
		}
		if included, err := c.Mapper.Included(*r); err != nil || !included {
			return ContactDecision{Excluded: !included}, err
		}
	}
	link, err := a.link(ctx, in.Claim)
	if err != nil {
		return ContactDecision{}, err
	}
	d, err := c.decide(link.Base, ghl, sf, decided(in.Verdict, in.Asked))
	if err != nil {
		return ContactDecision{}, err
	}
	out, err := c.sealDecision(d, in.Claim)
	if r := the(ghl, sf); d.Create != "" {
		out.Marker, out.CreatedAt = r.ExternalID, r.CreatedAt
	}
	if err != nil || d.Nothing() || in.Verdict != nil {
		return out, err
	}
	out.Alternating, err = c.alternating(ctx, a.Ledger, link.ID)
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
func (c *Connection) open(side record.Side, sealed Sealed, answer bool) (*record.Record, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	var doc crm.Document
	if err := c.unseal(side, purposeHistory, sealed, &doc); err != nil {
		return nil, err
	}
	r, err := c.read(side, doc, answer)
	return &r, err
}

func (c *Connection) sealDecision(d reconcile.Decision, claim ContactClaim) (out ContactDecision, err error) {
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
		write := c.Mapper.ToGoHighLevel(d.GoHighLevel, d.Create == record.GoHighLevel, claim.SalesforceID)
		if len(write.Contact) > 0 {
			sealInto(&out.GoHighLevel, record.GoHighLevel, write.Contact)
		}
		if len(write.AddTags) > 0 {
			sealInto(&out.AddTags, record.GoHighLevel, write.AddTags)
		}
		if len(write.RemoveTags) > 0 {
			sealInto(&out.RemoveTags, record.GoHighLevel, write.RemoveTags)
		}
	}
	if len(d.Salesforce) > 0 || d.Create == record.Salesforce {
		sealInto(&out.Salesforce, record.Salesforce, c.Mapper.ToSalesforce(d.Salesforce, d.Create == record.Salesforce, claim.GoHighLevelID))
		if d.Create == record.Salesforce && c.Rules.Salesforce.ExternalIDField != "" {
			out.SalesforceField, out.SalesforceValue = c.Rules.Salesforce.ExternalIDField, claim.GoHighLevelID
		}
	}
	sealInto(&out.Plan, record.GoHighLevel, d)
	return out, err
}
