package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// findContacts finds, for the whole batch, the contacts that the links say their records belong to. In GoHighLevel tasks and
// notes are read by way of their contact: without one there is nothing to be read.
func (b *batch) findContacts(ctx context.Context) error {
	if b.ofContacts() {
		return nil
	}
	all := map[record.Side][]string{}
	for _, p := range b.pairs {
		for _, side := range record.Sides {
			all[side] = append(all[side], p.link.ContactID(side))
		}
	}
	contacts, err := contactsNamed(ctx, b.ledger, b.ID, all)
	if err != nil {
		return err
	}
	for _, p := range b.pairs {
		contact := contacts.inStep(map[record.Side][]string{
			record.GoHighLevel: {p.link.GoHighLevelContact}, record.Salesforce: {p.link.SalesforceContact},
		})
		if contact != nil {
			if p.link.SalesforceContact = contact.SalesforceID; p.link.GoHighLevelContact == "" || p.link.GoHighLevelID == "" {
				p.link.GoHighLevelContact = contact.GoHighLevelID // else it is read by way of its own
			}
		}
		byContact := b.kind == record.Task || b.kind == record.Note
		if p.open() && byContact && p.ghl == nil && p.link.GoHighLevelID != "" && p.link.GoHighLevelContact == "" {
			p.excluded, p.problem = true, record.ProblemNoContact
		}
	}
	return nil
}

// belong finds, for all pairs at once, the contacts that the records as they are now belong to.
func (b *batch) belong(ctx context.Context, pairs []*pair) error {
	if b.ofContacts() {
		return nil
	}
	named := make([]map[record.Side][]string, len(pairs))
	all := map[record.Side][]string{}
	for i, p := range pairs {
		if !p.open() {
			continue
		}
		named[i] = namedBy(b.kind, p.link.SalesforceContact, p.ghl, p.sf)
		for _, side := range record.Sides {
			all[side] = append(all[side], named[i][side]...)
		}
	}
	contacts, err := contactsNamed(ctx, b.ledger, b.ID, all)
	if err != nil {
		return err
	}
	for i, p := range pairs {
		if p.open() {
			p.link.GoHighLevelContact, p.link.SalesforceContact = contacts.belongsTo(named[i], p.ghl != nil)
		}
	}
	return nil
}

// lookedFor tells whether the other half of what has none has been looked for by a matching.
func (b *batch) lookedFor(p *pair) bool { return b.matched && p.staged }

// upserts tells whether creates of the batch's kind on a side go by an external id, so that they can be repeated.
func (b *batch) upserts(side record.Side) bool {
	return side == record.Salesforce && b.externalID(kindOr(b.kind)) != ""
}

// contactsOf returns the contacts on a side that pairs belong to, each once.
func contactsOf(side record.Side, pairs []*pair) []string {
	var out []string
	for _, p := range pairs {
		if id := p.link.ContactID(side); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
