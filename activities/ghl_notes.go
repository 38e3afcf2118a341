package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
)

// GoHighLevelNoteInput names one note of a contact.
type GoHighLevelNoteInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	NoteID     string `json:"note_id"`
}

// GoHighLevelNoteWriteInput names one note of a contact ("" for a new one) and what to write.
type GoHighLevelNoteWriteInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	NoteID     string `json:"note_id,omitempty"`
	Note       Sealed `json:"note"` // a crm.Document
}

// GoHighLevelNote is one note as GoHighLevel holds it.
type GoHighLevelNote struct {
	NoteID string `json:"note_id"`
	Note   Sealed `json:"note"`
}

// GoHighLevelNotes is all notes of a contact as GoHighLevel holds them.
type GoHighLevelNotes struct {
	NoteIDs []string `json:"note_ids"`
	Notes   Sealed   `json:"notes"` // a list of crm.Document
}

func (c *Connection) sealNote(doc crm.Document, err error) (out GoHighLevelNote, _ error) {
	out.NoteID, out.Note, err = c.sealRecord(doc, err)
	return out, err
}

// ListGoHighLevelNotes is GET /contacts/{id}/notes.
func (a *GoHighLevel) ListGoHighLevelNotes(ctx context.Context, in GoHighLevelContactInput) (out GoHighLevelNotes, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	out.NoteIDs, out.Notes, err = c.sealRecords(c.GoHighLevel.ListNotes(ctx, in.ContactID))
	return out, err
}

// GetGoHighLevelNote is GET /contacts/{id}/notes/{noteId}.
func (a *GoHighLevel) GetGoHighLevelNote(ctx context.Context, in GoHighLevelNoteInput) (GoHighLevelNote, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelNote{}, err
	}
	return c.sealNote(c.GoHighLevel.GetNote(ctx, in.ContactID, in.NoteID))
}

// CreateGoHighLevelNote is POST /contacts/{id}/notes. Not safe to repeat: settle first.
func (a *GoHighLevel) CreateGoHighLevelNote(ctx context.Context, in GoHighLevelNoteWriteInput) (GoHighLevelNote, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Note)
	if err != nil {
		return GoHighLevelNote{}, err
	}
	return c.sealNote(c.GoHighLevel.CreateNote(ctx, in.ContactID, doc))
}

// UpdateGoHighLevelNote is PUT /contacts/{id}/notes/{noteId}.
func (a *GoHighLevel) UpdateGoHighLevelNote(ctx context.Context, in GoHighLevelNoteWriteInput) (GoHighLevelNote, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Note)
	if err != nil {
		return GoHighLevelNote{}, err
	}
	return c.sealNote(c.GoHighLevel.UpdateNote(ctx, in.ContactID, in.NoteID, doc))
}

// DeleteGoHighLevelNote is DELETE /contacts/{id}/notes/{noteId}.
func (a *GoHighLevel) DeleteGoHighLevelNote(ctx context.Context, in GoHighLevelNoteInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	return c.GoHighLevel.DeleteNote(ctx, in.ContactID, in.NoteID)
}
