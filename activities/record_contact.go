package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// contactLinks are links of contacts, per side by the ids of their halves.
type contactLinks map[record.Side]map[string]record.Link

// contactsNamed returns the links of the contacts that records name, per side.
func contactsNamed(ctx context.Context, ledger Ledger, connection string, named map[record.Side][]string) (contactLinks, error) {
	out := contactLinks{}
	for _, side := range record.Sides {
		ids := slices.DeleteFunc(slices.Clone(named[side]), func(id string) bool { return id == "" })
		if len(ids) == 0 {
			continue
		}
		slices.Sort(ids)
		links, err := ledger.FindLinks(ctx, connection, record.Contact, side, slices.Compact(ids))
		if err != nil {
			return nil, err
		}
		out[side] = links
	}
	return out, nil
}

// inStep returns the link of the contact that records belong to, as either side names it; nil where none is in step with its
// other half. Salesforce goes first: it says itself what has become of a merged contact's records.
func (l contactLinks) inStep(named map[record.Side][]string) *record.Link {
	for _, side := range []record.Side{record.Salesforce, record.GoHighLevel} {
		for _, id := range named[side] {
			link, there := l[side][id]
			if there && whole(link) {
				return &link
			}
		}
	}
	return nil
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

// belongsTo returns both halves of the contact that the records belong to; where none of those that they name is in step,
// what the records themselves name. What GoHighLevel has stays with the contact that has it there: nothing can move it, and
// for tasks and notes it is the only way to them.
func (l contactLinks) belongsTo(named map[record.Side][]string, inGoHighLevel bool) (ghl, sf string) {
	if contact := l.inStep(named); contact != nil {
		ghl, sf = contact.GoHighLevelID, contact.SalesforceID
		if own := named[record.GoHighLevel]; inGoHighLevel && len(own) > 0 && own[0] != "" {
			ghl = own[0]
		}
		return ghl, sf
	}
	first := func(ids []string) string {
		if len(ids) == 0 {
			return ""
		}
		return ids[0]
	}
	if inGoHighLevel {
		return first(named[record.GoHighLevel]), ""
	}
	return "", first(named[record.Salesforce])
}

// namedBy returns the contacts that the records of a link name, per side, in the order in which they count; settled is the
// Salesforce contact that they were seen to belong to, "" for none.
func namedBy(kind record.Kind, settled string, ghl, sf *record.Record) map[record.Side][]string {
	named := map[record.Side][]string{}
	for side, r := range map[record.Side]*record.Record{record.GoHighLevel: ghl, record.Salesforce: sf} {
		if r != nil {
			named[side] = r.ContactIDs
		}
	}
	if kind == record.Note {
		named[record.Salesforce] = settledFirst(settled, named[record.Salesforce], ghl != nil)
	}
	return named
}

// contactOf returns the link of the contact that records belong to, as either side names it; nil where none is in step
// with its other half.
func (a *steps) contactOf(ctx context.Context, connection string, named map[record.Side][]string) (*record.Link, error) {
	links, err := contactsNamed(ctx, a.Ledger, connection, named)
	return links.inStep(named), err
}

// belongsTo returns both halves of the contact that the records of a claim belong to, as far as they are known.
func (a *steps) belongsTo(ctx context.Context, claim RecordClaim, ghl, sf *record.Record) (inGoHighLevel, inSalesforce string, err error) {
	named := namedBy(claim.of(), claim.SalesforceContact, ghl, sf)
	links, err := contactsNamed(ctx, a.Ledger, claim.Connection, named)
	inGoHighLevel, inSalesforce = links.belongsTo(named, ghl != nil)
	return inGoHighLevel, inSalesforce, err
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
