package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// contactOf returns the link of the contact that records belong to, as either side names it; nil where none is in step
// with its other half. Salesforce goes first: it says itself what has become of a merged contact's records.
func (a *steps) contactOf(ctx context.Context, connection string, ids map[record.Side][]string) (*record.Link, error) {
	for _, side := range []record.Side{record.Salesforce, record.GoHighLevel} {
		for _, id := range ids[side] {
			if id == "" {
				continue
			}
			link, err := a.Ledger.FindLink(ctx, connection, record.Contact, side, id)
			if err != nil {
				return nil, err
			}
			if link != nil && whole(*link) {
				return link, nil
			}
		}
	}
	return nil, nil
}

// whole tells whether both halves of a contact are there, as far as anybody knows. While a person is asked what to do about
// one that is gone, what belongs to it may be with another contact already.
func whole(l record.Link) bool {
	if l.GoHighLevelID == "" || l.SalesforceID == "" || l.State == record.LinkParted || l.State == record.LinkDeleted {
		return false
	}
	return l.State != record.LinkInReview || !slices.Contains([]string{
		record.ReviewMerged, record.ReviewGone, record.ReviewDeletion, record.ReviewDeletionWave,
	}, l.Problem)
}

// belongsTo returns both halves of the contact that the records belong to; where none of them is in step, what the records
// themselves name.
func (a *steps) belongsTo(ctx context.Context, claim RecordClaim, ghl, sf *record.Record) (inGoHighLevel, inSalesforce string, err error) {
	named := map[record.Side][]string{}
	for side, r := range map[record.Side]*record.Record{record.GoHighLevel: ghl, record.Salesforce: sf} {
		if r != nil {
			named[side] = r.ContactIDs
		}
	}
	if claim.of() == record.Note {
		named[record.Salesforce] = settledFirst(claim.SalesforceContact, named[record.Salesforce], ghl != nil)
	}
	contact, err := a.contactOf(ctx, claim.Connection, named)
	if err != nil {
		return "", "", err
	}
	if contact != nil {
		return contact.GoHighLevelID, contact.SalesforceID, nil
	}
	first := func(ids []string) string {
		if len(ids) == 0 {
			return ""
		}
		return ids[0]
	}
	if ghl != nil {
		return first(named[record.GoHighLevel]), "", nil
	}
	return "", first(named[record.Salesforce]), nil
}

// settledFirst orders the contacts that a note is shown on by which it belongs to: the one that it was brought to first, and
// else the first that is in step. Where it is taken off that one, it stays where GoHighLevel has it.
func settledFirst(settled string, shownOn []string, inGoHighLevel bool) []string {
	switch {
	case settled != "" && slices.Contains(shownOn, settled):
		return append([]string{settled}, shownOn...)
	case inGoHighLevel:
		return nil
	}
	return shownOn
}
