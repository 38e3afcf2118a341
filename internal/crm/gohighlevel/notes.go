package gohighlevel

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
)

// ListNotes carries out [get-all-notes]: the notes of a contact, all in one page. HighLevel cannot list them otherwise.
// NotFound when the contact is gone. Safe to repeat.
//
// [get-all-notes]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-all-notes
func (c *Client) ListNotes(ctx context.Context, contactID string) ([]crm.Document, error) {
	result, err := c.do(ctx, call{operation: listNotes, ids: []string{contactID}})
	if err != nil {
		return nil, err
	}
	return result.recordsIn(listNotes, "notes", noteOf(contactID))
}

// GetNote carries out [get-note]. Its body may hold HTML. NotFound when the note or its contact is gone, which HighLevel
// says with a 400. Safe to repeat.
//
// [get-note]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-note
func (c *Client) GetNote(ctx context.Context, contactID, id string) (crm.Document, error) {
	return c.note(ctx, call{operation: getNote, ids: []string{contactID, id}})
}

// CreateNote carries out [create-note], which requires body. NotFound when the contact is gone. Not safe to repeat.
//
// [create-note]: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-note
func (c *Client) CreateNote(ctx context.Context, contactID string, note crm.Document) (crm.Document, error) {
	return c.note(ctx, call{operation: createNote, ids: []string{contactID}, body: note})
}

// UpdateNote carries out [update-note]. Keys that are absent stay as they are. Safe to repeat.
//
// [update-note]: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-note
func (c *Client) UpdateNote(ctx context.Context, contactID, id string, changes crm.Document) (crm.Document, error) {
	return c.note(ctx, call{operation: updateNote, ids: []string{contactID, id}, body: changes})
}

// DeleteNote carries out [delete-note]; a note that is gone already, or whose contact is, counts as deleted. After a
// merge the note lives on with the contact that was kept, under its old id. Safe to repeat.
//
// [delete-note]: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-note
func (c *Client) DeleteNote(ctx context.Context, contactID, id string) error {
	return c.remove(ctx, call{operation: deleteNote, ids: []string{contactID, id}})
}

func (c *Client) note(ctx context.Context, call call) (crm.Document, error) {
	result, err := c.do(ctx, call)
	if err != nil {
		return nil, err
	}
	return result.recordIn(call.operation, noteOf(call.ids[0]), "note")
}
