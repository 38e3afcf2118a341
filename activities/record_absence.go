package activities

import (
	"context"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// SettleAbsenceInput is a contact one of whose records, or both, are not to be found where its link says.
type SettleAbsenceInput struct {
	Claim RecordClaim `json:"claim"`
	// Gone is the side that lacks the record; where both do, either.
	Gone record.Side `json:"gone"`
	// Other is the record of the other side as it is now; empty where there is none either.
	Other Sealed `json:"other,omitempty"`
	// Verdict is what a person decided about it; nil while nobody has.
	Verdict *record.Verdict `json:"verdict,omitempty"`
}

// AbsenceAction says what follows from the absence of a record.
type AbsenceAction string

// The actions.
const (
	AbsenceRejoin  AbsenceAction = "rejoin"  // it was merged into RecordID, which is the contact's from now on, or ContactID has it
	AbsenceDelete  AbsenceAction = "delete"  // the other half is to be deleted as well
	AbsenceKeep    AbsenceAction = "keep"    // the other half stays, and is synced no more
	AbsenceMark    AbsenceAction = "mark"    // likewise, with a mark
	AbsenceRestore AbsenceAction = "restore" // the other half was edited since, and wins: the record is created again
	AbsenceReview  AbsenceAction = "review"  // a person decides
	AbsenceOver    AbsenceAction = "over"    // nothing is left on either side
	AbsenceWaits   AbsenceAction = "waits"   // its contact is gone there: nothing is known before that one's own sync has settled it
)

// Absence is what follows from a record that is not to be found.
type Absence struct {
	Action   AbsenceAction `json:"action"`
	RecordID string        `json:"record_id,omitempty"`
	// ContactID is, with AbsenceRejoin, the contact that has the record, where it is not the one that was thought.
	ContactID string `json:"contact_id,omitempty"`
	// Review is why a person must look, as one of the reasons of package record. A wave waits in a review of its own.
	Review string `json:"review,omitempty"`
	// Drop tells, with AbsenceOver, that nothing was ever written for the contact, so that its link can go.
	Drop bool `json:"drop,omitempty"`
	// Write is the document or the tags that AbsenceMark writes to the other side; empty where it writes nothing.
	Write Sealed `json:"write,omitempty"`
	// Plan is what is written or deleted, for CommitContact.
	Plan Sealed `json:"plan,omitempty"`
}

// patientReadings is how often a record that is not visible and not proven to be deleted is looked for again, a few
// seconds apart, before a person is asked: what was just written may become visible late.
const patientReadings = 6

// settleAbsence finds out what became of a record and what follows by the rules: it was merged, it was deleted, or it
// cannot be seen. Only a deletion that the vendor itself attests is followed by anything; more of them at once than the
// rules let pass are held and asked about together. Safe to repeat.
func (a *steps) settleAbsence(ctx context.Context, in SettleAbsenceInput) (Absence, error) {
	c, err := a.Connections.Open(ctx, in.Claim.Connection)
	if err != nil {
		return Absence{}, err
	}
	other, err := c.open(in.Claim.of(), in.Gone.Other(), in.Other, false)
	if err != nil {
		return Absence{}, err
	}
	link, err := a.link(ctx, in.Claim)
	if err != nil {
		return Absence{}, err
	}
	contact := in.Claim.GoHighLevelContact
	if in.Gone == record.GoHighLevel && other != nil && in.Claim.of() != record.Contact {
		of, err := a.contactOf(ctx, in.Claim.Connection, map[record.Side][]string{record.Salesforce: other.ContactIDs})
		if err != nil {
			return Absence{}, err
		}
		if of != nil && of.GoHighLevelID != contact {
			contact = of.GoHighLevelID
			if moved, err := c.has(ctx, in.Claim, contact); err != nil || moved {
				return Absence{Action: AbsenceRejoin, RecordID: in.Claim.GoHighLevelID, ContactID: contact}, err
			}
		}
	}
	j := &absentees{Connection: c, kind: in.Claim.of(), ledger: a.Ledger, token: in.Claim.Token, contact: contact, patient: int(activity.GetInfo(ctx).Attempt) < patientReadings}
	verdict := &absent{link: link, gone: in.Gone, other: other, verdict: in.Verdict}
	if err := j.judge(ctx, []*absent{verdict}); err != nil {
		return Absence{}, err
	}
	if verdict.failure != nil {
		return Absence{}, verdict.failure
	}
	return c.sealAbsence(verdict)
}

// has tells whether GoHighLevel has a task or a note with another contact than its own: the one whom its Salesforce half belongs
// to, as after a merge on both sides.
func (c *Connection) has(ctx context.Context, claim RecordClaim, contact string) (bool, error) {
	if claim.of() == record.Appointment {
		return false, nil // it is found by its id alone
	}
	_, err := c.document(ctx, c.of(claim.of()), record.GoHighLevel, record.Link{GoHighLevelID: claim.GoHighLevelID, GoHighLevelContact: contact})
	if crm.KindOf(err) == crm.NotFound {
		return false, nil
	}
	return err == nil, err
}

// sealAbsence seals what is to be written.
func (c *Connection) sealAbsence(a *absent) (out Absence, err error) {
	out = Absence{Action: a.action, RecordID: a.recordID, Review: a.review, Drop: a.action == AbsenceOver && a.link.Base == nil}
	side := a.gone.Other()
	var plan reconcile.Decision
	switch a.action {
	case AbsenceDelete:
		plan = deletion(side, a.other)
	case AbsenceMark:
		var doc any
		if plan, doc = c.mark(side); doc != nil {
			if out.Write, err = c.seal(side, purposeHistory, doc); err != nil {
				return Absence{}, err
			}
		}
	default:
		return out, nil
	}
	out.Plan, err = c.seal(record.GoHighLevel, purposeHistory, plan)
	return out, err
}

// deletion is the decision to delete a record: it takes everything away, so that the journal keeps what was lost.
func deletion(side record.Side, r *record.Record) reconcile.Decision {
	var writes []reconcile.Write
	for _, field := range slices.Concat(record.FieldsOf(r.Kind), r.CustomFields()) {
		if v := r.Fields[field]; !v.Empty() {
			writes = append(writes, reconcile.Write{Field: field, Before: v, Cause: reconcile.CauseDelete})
		}
	}
	return on(side, writes)
}

func on(side record.Side, writes []reconcile.Write) reconcile.Decision {
	if side == record.GoHighLevel {
		return reconcile.Decision{GoHighLevel: writes}
	}
	return reconcile.Decision{Salesforce: writes}
}

// mark is the decision to leave a mark on the half that stays, and what to write for it: tags for GoHighLevel, a document
// for Salesforce, nil for nothing.
func (c *Connection) mark(side record.Side) (reconcile.Decision, any) {
	rules := c.Rules.Contacts.Deletions
	if side == record.GoHighLevel {
		if rules.MarkTag == "" {
			return reconcile.Decision{}, nil
		}
		return on(side, []reconcile.Write{{Field: record.Tags, After: record.Value{rules.MarkTag}, Cause: reconcile.CauseDelete}}), []string{rules.MarkTag}
	}
	if rules.MarkField == "" {
		return reconcile.Decision{}, nil
	}
	return on(side, []reconcile.Write{{Field: record.Custom(rules.MarkField), After: record.Value{"true"}, Cause: reconcile.CauseDelete}}),
		map[string]any{rules.MarkField: true}
}

// link returns the link of a claim with its base. It fails with record.ErrFenced where the link is gone: another run has
// joined it with its other half.
func (a *steps) link(ctx context.Context, claim RecordClaim) (record.Link, error) {
	work, err := a.Ledger.Links(ctx, claim.Connection, claim.of(), claim.LinkID-1, 1)
	if err != nil {
		return record.Link{}, err
	}
	if len(work) == 0 || work[0].Link.ID != claim.LinkID {
		return record.Link{}, record.ErrFenced
	}
	link := work[0].Link
	// What the run has learned on its way counts.
	link.GoHighLevelID, link.SalesforceID = claim.GoHighLevelID, claim.SalesforceID
	return link, nil
}
