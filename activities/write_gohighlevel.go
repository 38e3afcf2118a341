package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// sendGoHighLevel updates one contact and returns its fields as GoHighLevel then holds them, as far as it says. Tags
// are added and removed one set at a time: an update would replace them all.
func (c *Connection) sendGoHighLevel(ctx context.Context, id string, write rules.Write) (record.Fields, error) {
	stored := record.Fields{}
	if len(write.Doc) > 0 {
		doc, err := c.GoHighLevel.UpdateContact(ctx, id, write.Doc)
		if err != nil {
			return nil, err
		}
		r, err := c.read(record.GoHighLevel, doc, true)
		if err != nil {
			return nil, err
		}
		stored = r.Fields
		delete(stored, record.Tags)
	}
	for _, change := range []struct {
		tags []string
		call func(context.Context, string, []string) ([]string, error)
	}{
		{write.AddTags, c.GoHighLevel.AddContactTags}, {write.RemoveTags, c.GoHighLevel.RemoveContactTags},
	} {
		if len(change.tags) == 0 {
			continue
		}
		if _, err := change.call(ctx, id, change.tags); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// updateIn updates a link's GoHighLevel record and returns its fields as GoHighLevel then holds them, as far as it says. Safe
// to repeat.
func (c *Connection) updateIn(ctx context.Context, link record.Link, write rules.Write) (record.Fields, error) {
	kind, id, contact := kindOr(link.Kind), link.GoHighLevelID, link.GoHighLevelContact
	if kind == record.Contact {
		return c.sendGoHighLevel(ctx, id, write)
	}
	var doc crm.Document
	var err error
	switch {
	case len(write.Doc) == 0:
		return record.Fields{}, nil // as where the user whom it is to belong to is not one of that side
	case kind == record.Note:
		doc, err = c.GoHighLevel.UpdateNote(ctx, contact, id, write.Doc)
	case kind == record.Appointment:
		doc, err = c.GoHighLevel.UpdateAppointment(ctx, id, write.Doc)
	case write.Completed != nil:
		doc, err = c.GoHighLevel.SetTaskCompleted(ctx, contact, id, *write.Completed)
	default:
		doc, err = c.GoHighLevel.UpdateTask(ctx, contact, id, write.Doc)
	}
	if err != nil {
		return nil, err
	}
	r, err := c.readOf(kind, record.GoHighLevel, doc, true)
	return r.Fields, err
}

// createIn creates a link's record in GoHighLevel and returns it as GoHighLevel then holds it. Not safe to repeat: settle
// first.
func (c *Connection) createIn(ctx context.Context, link record.Link, write rules.Write) (crm.Document, error) {
	switch kindOr(link.Kind) {
	case record.Task:
		return c.GoHighLevel.CreateTask(ctx, link.GoHighLevelContact, write.Doc)
	case record.Note:
		return c.GoHighLevel.CreateNote(ctx, link.GoHighLevelContact, write.Doc)
	case record.Appointment:
		return c.GoHighLevel.CreateAppointment(ctx, write.Doc)
	}
	return c.GoHighLevel.CreateContact(ctx, write.Doc)
}
