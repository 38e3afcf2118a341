package activities

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// readBack reads what the batch wrote to Salesforce, which does not answer with what it stored: one call for all of an object.
// What it filled in by itself becomes part of what both sides agree on. What it made something else of is an edit like a
// person's, who may have been as quick: the record gets another pass. What cannot be read is left to the next poll, which
// shows each row that was written and goes by the base. So it is of contacts, and of all that is written one by one: of them
// nothing is filled in that a poll would take for an edit, and a poll reads ten times as many in one call.
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
			b.readBackNotes(ctx, some)
			continue
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

// readBackNotes looks at the titles and the beginnings of enhanced notes, whose whole text takes a call each. A note that
// begins otherwise than it was written is read as a whole by another pass.
func (b *batch) readBackNotes(ctx context.Context, pairs []*pair) {
	for chunk := range slices.Chunk(pairs, salesforceBatch) {
		byID := map[string]*pair{}
		ids := map[string]bool{}
		for _, p := range chunk {
			byID[p.link.SalesforceID], ids[p.link.SalesforceID] = p, true
		}
		rows, err := b.rows(ctx, fmt.Sprintf("SELECT Id, Title, TextPreview FROM %s WHERE Id IN (%s)", noteObject, soqlList(ids)))
		if err != nil {
			return
		}
		for _, row := range rows {
			p := byID[asText(row["Id"])]
			if p == nil {
				continue
			}
			sent := b.write(p, record.Salesforce).Doc
			title, given := sent["Title"].(string)
			p.again = p.again || given && !sameWords(title, asText(row["Title"])) || !begins(sent, asText(row["TextPreview"]))
		}
	}
}

// wholePreview is how long a preview may be that cannot have been cut off; Salesforce shows up to 255 characters.
const wholePreview = 200

// begins tells whether a note begins as it was sent, or was sent without a text.
func begins(sent crm.Document, preview string) bool {
	encoded, given := sent["Content"].(string)
	content, err := base64.StdEncoding.DecodeString(encoded)
	if !given || err != nil {
		return true
	}
	text := record.MarkupText(string(content))
	if utf8.RuneCountInString(preview) <= wholePreview {
		return sameWords(text, preview)
	}
	return strings.HasPrefix(lettersOf(text), lettersOf(preview))
}

func sameWords(a, b string) bool { return lettersOf(a) == lettersOf(b) }

// lettersOf returns a text without what a vendor does to its spaces and signs.
func lettersOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
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
