package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// GoHighLevel holds one activity per GoHighLevel endpoint. Customer data enters and leaves sealed; each is as safe to
// repeat as the method of crm.GoHighLevel that it wraps.
type GoHighLevel struct {
	Connections Connections
}

// GoHighLevelContactInput names one contact.
type GoHighLevelContactInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
}

// GoHighLevelWriteInput names one contact ("" for a new one) and what to write.
type GoHighLevelWriteInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id,omitempty"`
	Contact    Sealed `json:"contact"` // a crm.Document
}

// GoHighLevelContact is one contact as GoHighLevel holds it.
type GoHighLevelContact struct {
	ContactID string `json:"contact_id,omitempty"` // "" when there is none
	Contact   Sealed `json:"contact,omitempty"`
	Created   bool   `json:"created,omitempty"`
}

// GoHighLevelContacts is one page of contacts.
type GoHighLevelContacts struct {
	ContactIDs []string `json:"contact_ids"`
	Contacts   Sealed   `json:"contacts"` // a list of crm.Document
	Total      int      `json:"total"`
	// SearchAfter continues a search: the values by which it sorts, of its last row. It is empty on the last page.
	SearchAfter  Sealed `json:"search_after,omitempty"`
	StartAfter   int64  `json:"start_after,omitempty"`
	StartAfterID string `json:"start_after_id,omitempty"`
}

func (c *Connection) sealContact(doc crm.Document, created bool, err error) (GoHighLevelContact, error) {
	if err != nil || doc == nil {
		return GoHighLevelContact{}, err
	}
	id, _ := doc["id"].(string)
	sealed, err := c.seal(record.GoHighLevel, purposeHistory, doc)
	return GoHighLevelContact{ContactID: id, Contact: sealed, Created: created}, err
}

func (c *Connection) sealContacts(page crm.ContactPage, err error) (GoHighLevelContacts, error) {
	if err != nil {
		return GoHighLevelContacts{}, err
	}
	out := GoHighLevelContacts{Total: page.Total, StartAfter: page.StartAfter, StartAfterID: page.StartAfterID}
	for _, doc := range page.Contacts {
		id, _ := doc["id"].(string)
		out.ContactIDs = append(out.ContactIDs, id)
	}
	if len(page.SearchAfter) > 0 {
		if out.SearchAfter, err = c.seal(record.GoHighLevel, purposeHistory, page.SearchAfter); err != nil {
			return GoHighLevelContacts{}, err
		}
	}
	out.Contacts, err = c.seal(record.GoHighLevel, purposeHistory, page.Contacts)
	return out, err
}

// GetGoHighLevelContact is GET /contacts/{id}.
func (a *GoHighLevel) GetGoHighLevelContact(ctx context.Context, in GoHighLevelContactInput) (GoHighLevelContact, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelContact{}, err
	}
	doc, err := c.GoHighLevel.GetContact(ctx, in.ContactID)
	return c.sealContact(doc, false, err)
}

// CreateGoHighLevelContact is POST /contacts/. Not safe to repeat: settle first.
func (a *GoHighLevel) CreateGoHighLevelContact(ctx context.Context, in GoHighLevelWriteInput) (GoHighLevelContact, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return GoHighLevelContact{}, err
	}
	stored, err := c.GoHighLevel.CreateContact(ctx, doc)
	return c.sealContact(stored, true, err)
}

// UpdateGoHighLevelContact is PUT /contacts/{id}.
func (a *GoHighLevel) UpdateGoHighLevelContact(ctx context.Context, in GoHighLevelWriteInput) (GoHighLevelContact, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return GoHighLevelContact{}, err
	}
	stored, err := c.GoHighLevel.UpdateContact(ctx, in.ContactID, doc)
	return c.sealContact(stored, false, err)
}

// UpsertGoHighLevelContact is POST /contacts/upsert.
func (a *GoHighLevel) UpsertGoHighLevelContact(ctx context.Context, in GoHighLevelWriteInput) (GoHighLevelContact, error) {
	c, doc, err := a.openDocument(ctx, in)
	if err != nil {
		return GoHighLevelContact{}, err
	}
	stored, created, err := c.GoHighLevel.UpsertContact(ctx, doc)
	return c.sealContact(stored, created, err)
}

// DeleteGoHighLevelContact is DELETE /contacts/{id}.
func (a *GoHighLevel) DeleteGoHighLevelContact(ctx context.Context, in GoHighLevelContactInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	return c.GoHighLevel.DeleteContact(ctx, in.ContactID)
}

func (a *GoHighLevel) openDocument(ctx context.Context, in GoHighLevelWriteInput) (*Connection, crm.Document, error) {
	return a.openSealed(ctx, in.Connection, in.Contact)
}

// GoHighLevelTagsInput names one contact and tags.
type GoHighLevelTagsInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	Tags       Sealed `json:"tags"` // a list of texts
}

// GoHighLevelTags is what GoHighLevel lists after a change of tags.
type GoHighLevelTags struct {
	Tags Sealed `json:"tags"` // a list of texts
}

// AddGoHighLevelContactTags is POST /contacts/{id}/tags.
func (a *GoHighLevel) AddGoHighLevelContactTags(ctx context.Context, in GoHighLevelTagsInput) (GoHighLevelTags, error) {
	return a.tags(ctx, in, crm.GoHighLevel.AddContactTags)
}

// RemoveGoHighLevelContactTags is DELETE /contacts/{id}/tags.
func (a *GoHighLevel) RemoveGoHighLevelContactTags(ctx context.Context, in GoHighLevelTagsInput) (GoHighLevelTags, error) {
	return a.tags(ctx, in, crm.GoHighLevel.RemoveContactTags)
}

func (a *GoHighLevel) tags(ctx context.Context, in GoHighLevelTagsInput,
	call func(crm.GoHighLevel, context.Context, string, []string) ([]string, error)) (out GoHighLevelTags, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	var tags []string
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Tags, &tags); err != nil {
		return out, err
	}
	if tags, err = call(c.GoHighLevel, ctx, in.ContactID, tags); err != nil {
		return out, err
	}
	out.Tags, err = c.seal(record.GoHighLevel, purposeHistory, tags)
	return out, err
}
