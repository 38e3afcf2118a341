package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// salesforceObject is the object that the pair's Salesforce record is in, or is to be created in.
func (b *batch) salesforceObject(p *pair) string {
	if b.kind == record.Note && p.link.SalesforceID != "" {
		return noteObjectOf(p.link.SalesforceID)
	}
	return b.mapping().SalesforceObject()
}

// salesforceFields are the fields of an object to read.
func (b *batch) salesforceFields(object string) []string {
	if notes, err := b.notes(); b.kind == record.Note && err == nil {
		return notes.SalesforceFieldsOf(object)
	}
	return b.mapping().SalesforceFields()
}

// completeNotes reads what the rows of enhanced notes do not tell: the contacts that they are shown on, all at once, and
// their content, one call each.
func (b *batch) completeNotes(ctx context.Context, pairs []*pair, rows map[string]crm.Document) error {
	var enhanced []*pair
	for _, p := range pairs {
		if p.sf != nil && noteObjectOf(p.link.SalesforceID) == noteObject {
			p.sf = nil // not before it is read as a whole
			enhanced = append(enhanced, p)
		}
	}
	shownOn := map[string][]string{}
	for chunk := range slices.Chunk(enhanced, salesforceBatch) {
		ids := map[string]bool{}
		for _, p := range chunk {
			ids[p.link.SalesforceID] = true
		}
		links, err := b.rows(ctx, fmt.Sprintf("SELECT Id, ContentDocumentId, LinkedEntityId FROM %s WHERE ContentDocumentId IN (%s) ORDER BY Id", noteLinkObject, soqlList(ids)))
		if err != nil {
			return err
		}
		for _, link := range links {
			note, _ := link["ContentDocumentId"].(string)
			if entity, _ := link["LinkedEntityId"].(string); strings.HasPrefix(entity, "003") {
				shownOn[note] = append(shownOn[note], entity)
			}
		}
	}
	return b.each(ctx, enhanced, goHighLevelWriters, func(ctx context.Context, p *pair) error {
		row := rows[p.link.SalesforceID]
		err := b.completeNote(ctx, row, shownOn[p.link.SalesforceID])
		if crm.KindOf(err) == crm.NotFound {
			p.lacks(record.Salesforce)
			return nil
		}
		if err != nil {
			return err
		}
		r, err := b.readOf(record.Note, record.Salesforce, row, false)
		p.sf = &r
		return err
	})
}

// largestNotes is how many bytes of notes one call creates, of the 50 MB that Salesforce takes.
const largestNotes = 8 << 20

// createNotes creates enhanced notes, each on its contact.
func (b *batch) createNotes(ctx context.Context, pairs []*pair) error {
	for _, some := range b.ofSize(pairs) {
		if err := b.createTogether(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// createTogether creates notes in one call, which makes all of them or none. Where some were refused, it goes on with the
// others; where nothing tells which, with either half.
func (b *batch) createTogether(ctx context.Context, pairs []*pair) error {
	if len(pairs) == 0 {
		return nil
	}
	contacts := make([]string, len(pairs))
	for i, p := range pairs {
		contacts[i] = p.link.SalesforceContact
	}
	results, err := b.Salesforce.CreateNotes(ctx, b.creations(pairs), contacts)
	if err != nil {
		return err
	}
	var left []*pair
	for i, p := range pairs {
		switch result := results[i]; {
		case result.Undone:
			left = append(left, p)
		case result.Err != nil:
			p.failure = result.Err
		default:
			if err := b.created(p, result.ID); err != nil {
				return err
			}
		}
	}
	if len(left) < len(pairs) {
		return b.createTogether(ctx, left)
	}
	if len(left) == 1 {
		left[0].single = true
		return nil
	}
	half := len(left) / 2
	if err := b.createTogether(ctx, left[:half]); err != nil {
		return err
	}
	return b.createTogether(ctx, left[half:])
}

// ofSize splits pairs so that one call can create each part.
func (b *batch) ofSize(pairs []*pair) (out [][]*pair) {
	size := 0
	for i, p := range pairs {
		content, _ := b.write(p, record.Salesforce).Doc["Content"].(string)
		if i == 0 || size+len(content) > largestNotes {
			out, size = append(out, nil), 0
		}
		size += len(content)
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}
