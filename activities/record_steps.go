package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/record"
)

// recordLease is how long a run of the record lane holds its link. Another run waits for it to end or to expire.
const recordLease = 10 * time.Minute

// steps are the record lane's steps that touch only the ledger, of records of any kind.
type steps struct {
	Connections Connections
	Ledger      Ledger
}

// ClaimRecordInput names what is to be synced by its link, or by one record of it.
type ClaimRecordInput struct {
	Connection string      `json:"connection"`
	Kind       record.Kind `json:"kind,omitempty"` // "" is a contact
	LinkID     int64       `json:"link_id,omitempty"`
	Side       record.Side `json:"side,omitempty"`
	RecordID   string      `json:"record_id,omitempty"`
}

// RecordClaim is a link that a run of the record lane holds.
type RecordClaim struct {
	Connection    string      `json:"connection"`
	Kind          record.Kind `json:"kind,omitempty"` // "" is a contact
	LinkID        int64       `json:"link_id"`
	Token         int64       `json:"token"`
	GoHighLevelID string      `json:"gohighlevel_id,omitempty"`
	SalesforceID  string      `json:"salesforce_id,omitempty"`
	// Ignored tells that a person decided to leave the contact alone.
	Ignored bool `json:"ignored,omitempty"`
	// Held is why the contact waits together with others, to be told who belongs together: nothing is done to it before.
	// "" where it does not.
	Held string `json:"held,omitempty"`
	// GoHighLevelContact and SalesforceContact are the halves of the contact that the records belong to; "" where it is not
	// known, and for contacts.
	GoHighLevelContact string `json:"gohighlevel_contact,omitempty"`
	SalesforceContact  string `json:"salesforce_contact,omitempty"`
}

// of returns the kind of what is held.
func (c RecordClaim) of() record.Kind { return kindOr(c.Kind) }

// recordID returns the half of a side.
func (c RecordClaim) recordID(side record.Side) string {
	if side == record.GoHighLevel {
		return c.GoHighLevelID
	}
	return c.SalesforceID
}

func kindOr(kind record.Kind) record.Kind {
	if kind == "" {
		return record.Contact // as runs have it that began when there was nothing else
	}
	return kind
}

// contact returns the half of the contact on a side.
func (c RecordClaim) contact(side record.Side) string {
	if side == record.GoHighLevel {
		return c.GoHighLevelContact
	}
	return c.SalesforceContact
}

// claim takes one link for this workflow; it fails with type Claimed while somebody else holds it. Safe to repeat: an
// earlier claim by the same workflow is taken over.
func (a *steps) claim(ctx context.Context, in ClaimRecordInput) (RecordClaim, error) {
	kind := kindOr(in.Kind)
	if in.LinkID == 0 {
		link, err := a.Ledger.EnsureLink(ctx, in.Connection, kind, in.Side, in.RecordID)
		if err != nil {
			return RecordClaim{}, err
		}
		in.LinkID = link.ID
	}
	owner := activity.GetInfo(ctx).WorkflowExecution.ID
	claimed, ok, err := a.Ledger.ClaimLink(ctx, in.Connection, in.LinkID, owner, recordLease)
	if err != nil {
		return RecordClaim{}, err
	}
	if !ok {
		return RecordClaim{}, temporal.NewApplicationErrorWithOptions("another run works on this "+string(kind), TypeClaimed,
			temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
	}
	link := claimed.Work[0].Link
	if link.Kind != kind {
		return RecordClaim{}, errors.Join(record.ErrNoLink, a.Ledger.Release(ctx, owner, claimed.Token))
	}
	held := ""
	if link.State == record.LinkInReview {
		if held, err = a.Ledger.HeldBy(ctx, in.Connection, link.ID); err != nil {
			return RecordClaim{}, err
		}
	}
	claim := RecordClaim{
		Connection: in.Connection, LinkID: link.ID, Token: claimed.Token,
		GoHighLevelID: link.GoHighLevelID, SalesforceID: link.SalesforceID,
		Ignored: ignored(link), Held: held,
	}
	if kind == record.Contact {
		return claim, nil
	}
	claim.Kind, claim.GoHighLevelContact, claim.SalesforceContact = kind, link.GoHighLevelContact, link.SalesforceContact
	contact, err := a.contactOf(ctx, in.Connection, map[record.Side][]string{
		record.GoHighLevel: {link.GoHighLevelContact}, record.Salesforce: {link.SalesforceContact},
	})
	if contact != nil {
		claim.GoHighLevelContact, claim.SalesforceContact = contact.GoHighLevelID, contact.SalesforceID
	}
	if own := link.GoHighLevelContact; own != "" && link.GoHighLevelID != "" {
		claim.GoHighLevelContact = own // by way of which alone it is read
	}
	return claim, err
}

// ignored tells whether a person decided to leave the contact alone.
func ignored(l record.Link) bool {
	return l.State == record.LinkParted && l.Problem == record.ProblemIgnored
}
