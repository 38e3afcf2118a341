package activities

import (
	"context"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// ReadSalesforceNote reads a note as a whole, which takes three calls for an enhanced one: its fields, its content, and
// the contacts that it is shown on. It fails with kind NotFound where the note is gone. Safe to repeat.
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
	notes, ok := c.of(record.Note).(*rules.NoteMapper)
	if !ok {
		return nil, fault(record.Salesforce, crm.Invalid, "read a note", "the rules do not sync notes")
	}
	object := noteObject
	switch {
	case strings.HasPrefix(id, "002"):
		object = "Note"
	case strings.HasPrefix(id, "00T"):
		object = "Task"
	}
	doc, err := c.Salesforce.GetRecord(ctx, object, id, append(notes.SalesforceFieldsOf(object), further...))
	if err != nil || object != noteObject {
		return doc, err
	}
	contacts, err := c.shownOn(ctx, id)
	if err != nil {
		return nil, err
	}
	return doc, c.completeNote(ctx, doc, contacts)
}

// shownOn returns the contacts that an enhanced note is shown on, in the order in which it was linked to them.
func (c *Connection) shownOn(ctx context.Context, id string) (contacts []string, err error) {
	links, err := c.rows(ctx, "SELECT Id, LinkedEntityId FROM "+noteLinkObject+" WHERE ContentDocumentId = '"+soqlEscape.Replace(id)+"'")
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
