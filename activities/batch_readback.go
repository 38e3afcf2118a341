package activities

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// readBack reads what the batch wrote to Salesforce, which does not answer with what it stored: one call for all of an object.
// What it filled in by itself becomes part of what both sides agree on. What it made something else of is an edit like a
// person's, who may have been as quick: the record gets another pass. What cannot be read is left to the next poll, which
// shows each row that was written and goes by the base. So it is of contacts, of enhanced notes, and of all that is written
// one by one: nothing of them is filled in that a poll would take for an edit, and a poll reads ten times as many in a call.
func (b *batch) readBack(ctx context.Context) {
	if b.ofContacts() {
		return
	}
	var written []*pair
	for _, p := range b.pairs {
		if !p.committed && p.failure == nil && slices.Contains(p.wrote, record.Salesforce) {
			written = append(written, p)
		}
	}
	for _, some := range b.byObject(written) {
		object := b.salesforceObject(some[0])
		if object == noteObject {
			continue // what they say takes a call each
		}
		fields := slices.DeleteFunc(slices.Clone(b.salesforceFields(object)), func(field string) bool { return strings.Contains(field, ".") })
		for chunk := range slices.Chunk(some, salesforcePage) {
			docs, err := b.Salesforce.RetrieveRecords(ctx, object, recordIDs(chunk), fields)
			if err != nil {
				return
			}
			for i, p := range chunk {
				if docs[i] == nil {
					continue
				}
				if stored, err := b.readOf(b.kind, record.Salesforce, docs[i], true); err == nil {
					b.takeIn(p, stored.Fields)
				}
			}
		}
	}
}

func recordIDs(pairs []*pair) []string {
	ids := make([]string, len(pairs))
	for i, p := range pairs {
		ids[i] = p.link.SalesforceID
	}
	return ids
}

// takeIn compares what Salesforce holds with what it was given.
func (b *batch) takeIn(p *pair, stored record.Fields) {
	if p.decision.Create == record.Salesforce {
		p.decision.Next = reconcile.Defaults(p.decision.Next, record.Salesforce, stored, b.Fingerprints.Value)
	}
	for _, policy := range b.mapping().Policies() {
		given := slices.ContainsFunc(p.decision.Salesforce, func(w reconcile.Write) bool { return w.Field == policy.Field })
		held, known := stored[policy.Field]
		if given && known && policy.Direction.Allows(record.GoHighLevel) &&
			!slices.Equal(b.Fingerprints.Value(policy.Field, held), p.decision.Next[policy.Field].Salesforce) {
			p.again = true
		}
	}
}
