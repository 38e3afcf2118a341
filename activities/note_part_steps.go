package activities

import (
	"context"
	"errors"
	"maps"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// NotePartInput is a part of a note that is to be created beside the others.
type NotePartInput struct {
	Connection string      `json:"connection"`
	Side       record.Side `json:"side"`
	Object     string      `json:"object,omitempty"` // in Salesforce: Note or Task
	ContactID  string      `json:"contact_id"`
	Note       Sealed      `json:"note"` // a crm.Document
}

// NotePart is a part of a note that is there.
type NotePart struct {
	ID   string `json:"id"`
	Note Sealed `json:"note,omitempty"` // as GoHighLevel holds it; empty for Salesforce
}

// CreateNotePart creates a part of a note, unless the contact has it already. Safe to repeat once the vendor's lists show
// what was created before.
func (a *Records) CreateNotePart(ctx context.Context, in NotePartInput) (NotePart, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return NotePart{}, err
	}
	var doc crm.Document
	if err := c.unseal(in.Side, purposeHistory, in.Note, &doc); err != nil {
		return NotePart{}, err
	}
	found, err := c.findPart(ctx, in, doc)
	if err != nil {
		return NotePart{}, err
	}
	if in.Side == record.Salesforce {
		id, _ := found["Id"].(string)
		if found == nil {
			id, err = c.Salesforce.CreateRecord(ctx, in.Object, doc)
		}
		return NotePart{ID: id}, err
	}
	if found == nil {
		found, err = c.GoHighLevel.CreateNote(ctx, in.ContactID, doc)
	}
	part, err := c.sealNote(found, err)
	return NotePart{ID: part.NoteID, Note: part.Note}, err
}

// findPart returns the note of a contact that says just what a part is to say; nil for none.
func (c *Connection) findPart(ctx context.Context, in NotePartInput, doc crm.Document) (crm.Document, error) {
	notes, err := c.notes()
	if err != nil {
		return nil, err
	}
	named := maps.Clone(doc)
	named[idKey(in.Side)] = map[string]string{classicNoteObject: "002", taskNoteObject: "00T", "": "new"}[in.Object] // by which it is read
	_, want, err := notes.Part(in.Side, named)
	if err != nil {
		return nil, err
	}
	if want == "" {
		return nil, errors.New("a part of a note says nothing")
	}
	all, err := c.plainNotes(ctx, in.Side, in.Object, in.ContactID)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if _, text, err := notes.Part(in.Side, one); err == nil && text == want {
			return one, nil
		}
	}
	return nil, nil
}

// NoteRemainsInput names the note of which nothing is to remain on a side, by its other half.
type NoteRemainsInput struct {
	Connection string      `json:"connection"`
	Side       record.Side `json:"side"`
	ContactID  string      `json:"contact_id"`
	OtherID    string      `json:"other_id"`
	// Except is the part that stays, because it is deleted by itself; "" for none.
	Except string `json:"except,omitempty"`
}

// NoteRemains lists what was deleted.
type NoteRemains struct {
	Deleted []string `json:"deleted,omitempty"`
}

// DeleteNoteParts deletes the parts of a note that Tandem made of its other half. Safe to repeat.
func (a *Records) DeleteNoteParts(ctx context.Context, in NoteRemainsInput) (out NoteRemains, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	notes, err := c.notes()
	if err != nil {
		return out, err
	}
	objects := []string{""}
	if in.Side == record.Salesforce {
		objects = notes.SalesforceObjects()
	}
	mark := record.PartMark(in.OtherID)
	for _, object := range objects {
		all, err := c.plainNotes(ctx, in.Side, object, in.ContactID)
		if crm.KindOf(err) == crm.NotFound {
			return out, nil // the contact is gone, and all its notes with it
		}
		if err != nil {
			return out, err
		}
		for _, doc := range all {
			e, _, err := notes.Part(in.Side, doc)
			id, _ := doc[idKey(in.Side)].(string)
			if err != nil || e == nil || e.Of == 0 || e.From != in.Side.Other() || e.Mark != mark || id == in.Except {
				continue
			}
			if in.Side == record.Salesforce {
				err = c.Salesforce.DeleteRecord(ctx, object, id)
			} else {
				err = c.GoHighLevel.DeleteNote(ctx, in.ContactID, id)
			}
			if err != nil && crm.KindOf(err) != crm.NotFound {
				return out, err
			}
			out.Deleted = append(out.Deleted, id)
		}
	}
	return out, nil
}
