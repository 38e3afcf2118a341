package activities

import (
	"context"
	"slices"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// refresh looks once more at both records of every pair that is about to be written, and decides anew: what a person
// changed since they were staged must not be overwritten. Of contacts it takes one call per side for the whole batch; what
// has just been read of other kinds is not read again.
func (b *batch) refresh(ctx context.Context) error {
	var due []*pair
	for _, p := range b.pairs {
		if p.open() && p.ghl != nil && p.sf != nil && !p.decision.Nothing() && (p.staged || b.ofContacts()) {
			due = append(due, p)
		}
	}
	if len(due) == 0 {
		return nil
	}
	again := b.refreshGoHighLevel
	if !b.ofContacts() {
		again = b.readGoHighLevel
	}
	if err := again(ctx, due); err != nil {
		return err
	}
	if err := b.readSalesforce(ctx, due); err != nil {
		return err
	}
	return b.decideAll(ctx, due)
}

// refreshGoHighLevel takes one search for up to a page of contacts; an edit younger than the index's lag it cannot show.
// Where the vendor refuses to search by a list of ids, each contact is read by itself.
func (b *batch) refreshGoHighLevel(ctx context.Context, pairs []*pair) error {
	for chunk := range slices.Chunk(pairs, goHighLevelPage) {
		byID := map[string]*pair{}
		ids := make([]string, len(chunk))
		for i, p := range chunk {
			ids[i], byID[p.link.GoHighLevelID] = p.link.GoHighLevelID, p
		}
		page, err := b.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{
			PageLimit: goHighLevelPage, Filters: []crm.SearchGroup{{Field: "id", Operator: "eq", Value: ids}},
		})
		if kind := crm.KindOf(err); kind == crm.Invalid || kind == crm.Rejected {
			if err := b.reread(ctx, chunk); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, doc := range page.Contacts {
			r, err := b.read(record.GoHighLevel, doc, true)
			if err != nil {
				return err
			}
			if p := byID[r.ID]; p != nil && r.ModifiedAt.After(p.ghl.ModifiedAt) {
				p.ghl = &r
			}
		}
	}
	return nil
}

// reread reads each contact by itself.
func (b *batch) reread(ctx context.Context, pairs []*pair) error {
	return b.each(ctx, pairs, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		doc, err := b.GoHighLevel.GetContact(ctx, p.link.GoHighLevelID)
		if err != nil {
			return err
		}
		r, err := b.read(record.GoHighLevel, doc, false)
		if err != nil {
			return err
		}
		p.ghl = &r
		return nil
	})
}
