package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// load opens what is staged and reads what is not, and decides each pair.
func (b *batch) load(ctx context.Context, work []record.Work) error {
	for _, w := range work {
		p := &pair{link: w.Link, staged: w.GoHighLevel != nil || w.Salesforce != nil}
		b.pairs = append(b.pairs, p)
		if waitsInRun(w.Link) || b.unsettled(w.Link) {
			p.single = true
			continue
		}
		if ignored(w.Link) {
			p.absence = &absent{link: w.Link, action: AbsenceKeep}
			continue
		}
		// A note that lacks a part is left out as well, and is to be mended: other kinds are judged as they are.
		if b.ofContacts() && (w.GoHighLevel != nil && w.GoHighLevel.Excluded || w.Salesforce != nil && w.Salesforce.Excluded) {
			p.excluded = true
			continue
		}
		var err error
		if p.ghl, err = b.unstage(w.GoHighLevel); err != nil {
			return err
		}
		if p.sf, err = b.unstage(w.Salesforce); err != nil {
			return err
		}
		if p.sf != nil && b.kind == record.Note && w.Link.GoHighLevelID == "" {
			if _, known := p.sf.Fields[record.Body]; !known {
				p.sf = nil // it was staged without its content, of which another one is to be made
			}
		}
	}
	if err := b.findContacts(ctx); err != nil {
		return err
	}
	if err := b.readMissing(ctx); err != nil {
		return err
	}
	return b.decideAll(ctx, b.pairs)
}

// unsettled tells whether a create is open that was begun and cannot be repeated: whether it has made the record takes a
// while to find out. Of contacts the bulk lane finds out itself.
func (b *batch) unsettled(l record.Link) bool {
	return !b.ofContacts() && l.Intent != nil && !b.upserts(l.Intent.Side)
}

// decideAll decides those of the pairs that are open.
func (b *batch) decideAll(ctx context.Context, pairs []*pair) error {
	if err := b.belong(ctx, pairs); err != nil {
		return err
	}
	for _, p := range pairs {
		if p.open() {
			if err := b.decidePair(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) decidePair(p *pair) (err error) {
	if p.inParts() {
		p.single = true
		return nil
	}
	kind := b.mapping()
	for _, r := range []*record.Record{p.ghl, p.sf} {
		if r == nil {
			continue
		}
		if included, err := kind.Included(*r); err != nil || !included {
			p.excluded = !included
			return err
		}
	}
	if p.ghl == nil && p.sf == nil {
		return nil
	}
	if !b.ofContacts() && (p.link.GoHighLevelContact == "" || p.link.SalesforceContact == "") {
		p.excluded, p.problem = true, record.ProblemNoContact
		return nil
	}
	if p.decision, err = b.decide(kind, p.link.Base, p.ghl, p.sf, nil); err != nil {
		return err
	}
	switch {
	case withdraws(kind, p.ghl, p.decision):
		// An event that there is goes, once what was changed in it has reached the appointment.
		p.single = p.sf != nil || p.link.SalesforceID != ""
		p.excluded, p.problem = !p.single, record.ProblemWithdrawn
	case p.decision.Create != "" && !kind.Creates(p.decision.Create):
		p.excluded = true
	}
	return nil
}

// inParts tells whether a record is a note that was too long for one, or a part of such a note.
func (p *pair) inParts() bool {
	for _, r := range []*record.Record{p.ghl, p.sf} {
		if r != nil && (len(r.Parts) > 0 || r.Has(record.TraitIncompletePart)) {
			return true
		}
	}
	return false
}

// readMissing reads the records that links name and that are not staged.
func (b *batch) readMissing(ctx context.Context) error {
	var sf, ghl []*pair
	for _, p := range b.pairs {
		if !p.open() {
			continue
		}
		if p.sf == nil && p.link.SalesforceID != "" {
			sf = append(sf, p)
		}
		if p.ghl == nil && p.link.GoHighLevelID != "" {
			ghl = append(ghl, p)
		}
	}
	if err := b.readSalesforce(ctx, sf); err != nil {
		return err
	}
	return b.readGoHighLevel(ctx, ghl)
}

// readGoHighLevel reads the pairs' GoHighLevel records as they are now, one call each.
func (b *batch) readGoHighLevel(ctx context.Context, pairs []*pair) error {
	return b.each(ctx, pairs, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		doc, err := b.document(ctx, b.mapping(), record.GoHighLevel, p.link)
		if crm.KindOf(err) == crm.NotFound {
			p.lacks(record.GoHighLevel)
			return nil
		}
		if err != nil {
			return err
		}
		r, err := b.readOf(kindOr(b.kind), record.GoHighLevel, doc, false)
		p.ghl = &r
		return err
	})
}

// readSalesforce reads the pairs' Salesforce records as they are now.
func (b *batch) readSalesforce(ctx context.Context, pairs []*pair) error {
	if len(pairs) == 0 {
		return nil
	}
	docs, err := b.salesforceDocuments(ctx, pairs)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		doc := docs[p.link.SalesforceID]
		if doc == nil {
			p.lacks(record.Salesforce)
			continue
		}
		r, err := b.readOf(kindOr(b.kind), record.Salesforce, doc, false)
		if err != nil {
			return err
		}
		p.sf = &r
	}
	if kindOr(b.kind) == record.Note {
		return b.completeNotes(ctx, pairs, docs)
	}
	return nil
}

// salesforceDocuments reads the pairs' Salesforce records, by their ids. Of contacts it is the retrieval, which shows at once
// what was just written; the others' fields are such as only a query tells.
func (b *batch) salesforceDocuments(ctx context.Context, pairs []*pair) (map[string]crm.Document, error) {
	byObject := map[string][]string{}
	for _, p := range pairs {
		object := b.salesforceObject(p)
		byObject[object] = append(byObject[object], p.link.SalesforceID)
	}
	out := map[string]crm.Document{}
	for object, all := range byObject {
		for ids := range slices.Chunk(all, salesforceBatch) {
			docs, err := b.readObjects(ctx, object, ids)
			if err != nil {
				return nil, err
			}
			for _, doc := range docs {
				if id, _ := doc["Id"].(string); id != "" {
					out[id] = doc
				}
			}
		}
	}
	return out, nil
}

func (b *batch) readObjects(ctx context.Context, object string, ids []string) ([]crm.Document, error) {
	if b.ofContacts() {
		return b.Salesforce.RetrieveRecords(ctx, object, ids, b.Mapper.SalesforceFields())
	}
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	return b.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE Id IN (%s) AND IsDeleted = false",
		strings.Join(b.salesforceFields(object), ", "), object, soqlList(wanted)))
}
