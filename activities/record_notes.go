package activities

import (
	"context"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// ReadGoHighLevelNote reads a note as a whole: itself and, where it is a part of one that was too long, the others of its
// contact. It fails with kind NotFound where the note is gone. Safe to repeat.
func (a *Records) ReadGoHighLevelNote(ctx context.Context, in GoHighLevelNoteInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.GoHighLevel.GetNote(ctx, in.ContactID, in.NoteID)
	if err == nil {
		doc, err = c.wholeNote(ctx, record.GoHighLevel, doc, in.ContactID)
	}
	return c.sealDocument(record.GoHighLevel, doc, err)
}

// ReadSalesforceNote reads a note as a whole, which takes three calls for an enhanced one: its fields, its content, and
// the contacts that it is shown on; and two for one that is a part of one that was too long. It fails with kind NotFound
// where the note is gone. Safe to repeat.
func (a *Records) ReadSalesforceNote(ctx context.Context, in SalesforceNoteInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.readNote(ctx, in.ID)
	return c.sealDocument(record.Salesforce, doc, err)
}

// readNote reads a note with all that is mapped of it, and further fields.
func (c *Connection) readNote(ctx context.Context, id string, further ...string) (crm.Document, error) {
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	object := noteObjectOf(id)
	doc, err := c.Salesforce.GetRecord(ctx, object, id, append(notes.SalesforceFieldsOf(object), further...))
	if err != nil {
		return nil, err
	}
	if object != noteObject {
		r, err := notes.FromSalesforce(doc)
		if err != nil || len(r.ContactIDs) == 0 {
			return doc, err
		}
		return c.wholeNote(ctx, record.Salesforce, doc, r.ContactIDs[0])
	}
	contacts, err := c.shownOn(ctx, id)
	if err != nil {
		return nil, err
	}
	return doc, c.completeNote(ctx, doc, contacts)
}

// shownOn returns the contacts that an enhanced note is shown on, in the order in which it was linked to them.
func (c *Connection) shownOn(ctx context.Context, id string) (contacts []string, err error) {
	links, err := c.rows(ctx, "SELECT Id, LinkedEntityId FROM "+noteLinkObject+" WHERE ContentDocumentId = '"+soqlEscape.Replace(id)+"' ORDER BY Id")
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		if entity, _ := link["LinkedEntityId"].(string); strings.HasPrefix(entity, "003") {
			contacts = append(contacts, entity)
		}
	}
	return contacts, nil
}
