package activities

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// readBack reads what the batch wrote to Salesforce, which does not answer with what it stored: one call for all of it. What
// it filled in by itself becomes part of what both sides agree on. What it made something else of is an edit like a
// person's, who may have been as quick: the record gets another pass. Notes and contacts have nothing that is filled in.
// What cannot be read is left to the records' next sync.
func (b *batch) readBack(ctx context.Context) {
	if b.kind != record.Task && b.kind != record.Appointment {
		return
	}
	fields := slices.DeleteFunc(b.mapping().SalesforceFields(), func(field string) bool { return strings.Contains(field, ".") })
	var written []*pair
	for _, p := range b.pairs {
		if !p.committed && p.failure == nil && slices.Contains(p.wrote, record.Salesforce) {
			written = append(written, p)
		}
	}
	for chunk := range slices.Chunk(written, salesforcePage) {
		ids := make([]string, len(chunk))
		for i, p := range chunk {
			ids[i] = p.link.SalesforceID
		}
		docs, err := b.Salesforce.RetrieveRecords(ctx, b.mapping().SalesforceObject(), ids, fields)
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
