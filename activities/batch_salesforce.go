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

// salesforceBatch is the largest collection that Salesforce writes in one call.
const salesforceBatch = 200

// writeSalesforce does the batch's updates and creates in Salesforce.
func (b *batch) writeSalesforce(ctx context.Context) error {
	var updates, creates []*pair
	for _, p := range b.pairs {
		switch {
		case !p.open():
		case p.decision.Create == record.Salesforce:
			creates = append(creates, p)
		case len(p.decision.Salesforce) > 0:
			updates = append(updates, p)
		}
	}
	for _, some := range b.byObject(updates) {
		for chunk := range slices.Chunk(some, salesforceBatch) {
			if err := b.mayWrite(ctx); err != nil {
				return err
			}
			if err := b.updateSalesforce(ctx, chunk); err != nil {
				return err
			}
		}
	}
	for chunk := range slices.Chunk(creates, salesforceBatch) {
		if err := b.mayWrite(ctx); err != nil {
			return err
		}
		if err := b.createSalesforce(ctx, chunk); err != nil {
			// What was made before it failed need not be looked for.
			return errors.Join(err, b.commit(ctx, func(p *pair) bool {
				return slices.Contains(chunk, p) && p.decision.Create == record.Salesforce && slices.Contains(p.wrote, record.Salesforce)
			}))
		}
	}
	b.readBack(ctx)
	return b.commit(ctx, func(p *pair) bool { return len(p.decision.GoHighLevel) == 0 && p.decision.Create != record.GoHighLevel })
}

// byObject sorts pairs by the object that their Salesforce record is in: a call takes one.
func (b *batch) byObject(pairs []*pair) (out [][]*pair) {
	at := map[string]int{}
	for _, p := range pairs {
		object := b.salesforceObject(p)
		i, known := at[object]
		if !known {
			i, out = len(out), append(out, nil)
			at[object] = i
		}
		out[i] = append(out[i], p)
	}
	return out
}

// write is what to send to a side for a pair.
func (b *batch) write(p *pair, side record.Side) rules.Write {
	change := rules.Change{Writes: p.decision.Writes(side), Current: p.ghl, Other: p.sf, ContactID: p.link.ContactID(side)}
	if side == record.Salesforce {
		change.Current, change.Other = p.sf, p.ghl
	}
	return b.mapping().Write(side, change)
}

func (b *batch) updateSalesforce(ctx context.Context, pairs []*pair) error {
	if err := b.noteUpdates(ctx, record.Salesforce, pairs); err != nil {
		return err
	}
	var docs []crm.Document
	var sent []*pair
	for _, p := range pairs {
		doc := b.write(p, record.Salesforce).Doc
		if len(doc) == 0 { // as where the user whom it is to belong to is not one of that side
			p.wrote = append(p.wrote, record.Salesforce)
			continue
		}
		b.foresee(p.decision.Next, doc)
		doc["id"] = p.link.SalesforceID
		docs, sent = append(docs, doc), append(sent, p)
	}
	if len(docs) == 0 {
		return nil
	}
	results, err := b.Salesforce.UpdateRecords(ctx, b.salesforceObject(sent[0]), docs)
	if err != nil {
		return err
	}
	return b.saved(sent, results, record.Update)
}

// createSalesforce upserts by the external id where the org has one, which is safe to repeat; elsewhere the intents
// are recorded first, and earlier intents are settled before anything is created.
func (b *batch) createSalesforce(ctx context.Context, pairs []*pair) error {
	if field := b.externalID(kindOr(b.kind)); field != "" {
		return b.upsertSalesforce(ctx, field, pairs)
	}
	pairs, err := b.intend(ctx, record.Salesforce, pairs)
	if err != nil || len(pairs) == 0 {
		return err
	}
	err = b.insertSalesforce(ctx, pairs)
	if crm.KindOf(err) == crm.Ambiguous {
		return err
	}
	notMade := slices.DeleteFunc(slices.Clone(pairs), func(p *pair) bool { return slices.Contains(p.wrote, record.Salesforce) })
	if len(notMade) > 0 {
		if clear := b.ledger.ClearIntents(ctx, b.token, linkIDs(notMade)); clear != nil {
			return clear
		}
	}
	return err
}

func (b *batch) insertSalesforce(ctx context.Context, pairs []*pair) error {
	object := b.mapping().SalesforceObject()
	if object == noteObject {
		return b.createNotes(ctx, pairs)
	}
	results, err := b.Salesforce.CreateRecords(ctx, object, b.creations(pairs))
	if err != nil {
		return err
	}
	return b.saved(pairs, results, record.Create)
}

func (b *batch) creations(pairs []*pair) []crm.Document {
	docs := make([]crm.Document, len(pairs))
	for i, p := range pairs {
		docs[i] = b.write(p, record.Salesforce).Doc
		b.foresee(p.decision.Next, docs[i])
	}
	return docs
}

// saved takes in the outcome per record.
func (b *batch) saved(pairs []*pair, results []crm.SaveResult, op record.Operation) error {
	for i, p := range pairs {
		if results[i].Err != nil {
			p.failure = results[i].Err
			continue
		}
		if op == record.Create {
			if err := b.created(p, results[i].ID); err != nil {
				return err
			}
			continue
		}
		if err := b.wrote(p, record.Salesforce, op, p.decision.Salesforce); err != nil {
			return err
		}
	}
	return nil
}

// created notes that a pair's Salesforce record was made.
func (b *batch) created(p *pair, id string) error {
	p.link.SalesforceID = id
	return b.wrote(p, record.Salesforce, record.Create, p.decision.Salesforce)
}

// noteUpdates writes down what updates are about to replace, and by what. Where the worker dies between the update and the
// commit, the next attempt finds both sides alike, and nobody can tell any more what was there; or it finds what a person has
// typed meanwhile, which is no conflict with what was written. An update that fails is journaled anew with its next attempt.
func (b *batch) noteUpdates(ctx context.Context, side record.Side, pairs []*pair) error {
	ahead := map[int64]record.Ahead{}
	for _, p := range pairs {
		entry, err := b.Connection.journal(side, record.Update, p.decision.Writes(side))
		if err != nil {
			return err
		}
		base, err := reconcile.DecodeBase(p.link.Base)
		if err != nil {
			return err
		}
		ahead[p.link.ID] = record.Ahead{Journal: entry, Base: p.decision.After(base, p.wrote, []record.Side{side}).Encode()}
	}
	return b.ledger.NoteAhead(ctx, b.token, b.origin, ahead)
}

// wrote notes that a side was written. What was created is journaled with the outcome: it replaced nothing.
func (b *batch) wrote(p *pair, side record.Side, op record.Operation, writes []reconcile.Write) error {
	p.wrote = append(p.wrote, side)
	if op == record.Update {
		return nil
	}
	entry, err := b.Connection.journal(side, op, writes)
	p.journal = append(p.journal, entry)
	return err
}

// intend records that creates are about to begin, settles those that had begun before, and returns the pairs that are
// still to be created.
func (b *batch) intend(ctx context.Context, side record.Side, pairs []*pair) ([]*pair, error) {
	earlier, err := b.ledger.RecordIntents(ctx, b.token, side, b.begin(pairs, false))
	if err != nil {
		return nil, err
	}
	var begun, fresh []*pair
	for _, p := range pairs {
		if intent, ok := earlier[p.link.ID]; ok {
			p.link.Intent = &intent
			begun = append(begun, p)
		} else {
			fresh = append(fresh, p)
		}
	}
	// One at a time: two contacts alike must not both take the one record that was created.
	taken := map[string]bool{}
	err = b.each(ctx, begun, 1, func(ctx context.Context, p *pair) error {
		found, err := b.settle(ctx, b.ledger, side, p.link, p.decision, taken)
		if err != nil || found == nil {
			return err
		}
		taken[found.ID] = true
		if !holds(found.Fields, p.decision.Writes(side)) {
			p.single = true // edited since: what is stored is not what was agreed on
			return nil
		}
		return b.adopt(p, side, found)
	})
	if err != nil {
		return fresh, err
	}
	unmade := slices.DeleteFunc(begun, func(p *pair) bool { return !p.open() || p.link.RecordID(side) != "" })
	if len(unmade) > 0 {
		_, err = b.ledger.RecordIntents(ctx, b.token, side, b.begin(unmade, true))
	}
	return append(fresh, unmade...), err
}

// holds tells whether fields are as they were written, as far as they tell.
func holds(fields record.Fields, writes []reconcile.Write) bool {
	return !slices.ContainsFunc(writes, func(w reconcile.Write) bool {
		v, known := fields[w.Field]
		return known && !v.Equal(w.After)
	})
}

// adopt takes a record that an earlier attempt at creating it had made after all.
func (b *batch) adopt(p *pair, side record.Side, found *record.Record) error {
	if side == record.GoHighLevel {
		p.link.GoHighLevelID = found.ID
	} else {
		p.link.SalesforceID = found.ID
	}
	writes := p.decision.Writes(side)
	p.decision.Next = reconcile.Stored(p.decision.Next, side, found.Fields, writes, b.Fingerprints.Value)
	if !b.ofContacts() {
		p.decision.Next = reconcile.Defaults(p.decision.Next, side, found.Fields, b.Fingerprints.Value)
	}
	return b.wrote(p, side, record.Create, writes)
}

// begin is what is about to be created; anew tells that an earlier attempt has made nothing. Of a contact that is created in
// GoHighLevel it is not known what both sides will agree on: it stores otherwise than it is given.
func (b *batch) begin(pairs []*pair, anew bool) []record.Begun {
	out := make([]record.Begun, len(pairs))
	for i, p := range pairs {
		out[i].LinkID, out[i].Anew = p.link.ID, anew
		if !b.ofContacts() {
			out[i].ContactID = p.link.ContactID(p.decision.Create)
		}
		if !b.ofContacts() || p.decision.Create == record.Salesforce {
			out[i].Base = p.decision.Next.Encode()
		}
	}
	return out
}

func linksIn(pairs []*pair) []record.Link {
	out := make([]record.Link, len(pairs))
	for i, p := range pairs {
		out[i] = p.link
	}
	return out
}

func linkIDs(pairs []*pair) []int64 {
	out := make([]int64, len(pairs))
	for i, p := range pairs {
		out[i] = p.link.ID
	}
	return out
}
