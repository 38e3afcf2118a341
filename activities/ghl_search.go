package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// SearchGoHighLevelContactsInput is one page of a search.
type SearchGoHighLevelContactsInput struct {
	Connection string `json:"connection"`
	Search     Sealed `json:"search"` // a crm.ContactSearch: filters name customers
	// SearchAfter is that of the page before; empty for the first.
	SearchAfter Sealed `json:"search_after,omitempty"`
}

// SearchGoHighLevelContacts is POST /contacts/search.
func (a *GoHighLevel) SearchGoHighLevelContacts(ctx context.Context, in SearchGoHighLevelContactsInput) (GoHighLevelContacts, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelContacts{}, err
	}
	var search crm.ContactSearch
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Search, &search); err != nil {
		return GoHighLevelContacts{}, err
	}
	if len(in.SearchAfter) > 0 {
		if err := c.unseal(record.GoHighLevel, purposeHistory, in.SearchAfter, &search.SearchAfter); err != nil {
			return GoHighLevelContacts{}, err
		}
	}
	return c.sealContacts(c.GoHighLevel.SearchContacts(ctx, search))
}

// ListGoHighLevelContactsInput is one page of the deprecated list.
type ListGoHighLevelContactsInput struct {
	Connection   string `json:"connection"`
	Limit        int    `json:"limit,omitempty"`
	StartAfter   int64  `json:"start_after,omitempty"`
	StartAfterID string `json:"start_after_id,omitempty"`
}

// ListGoHighLevelContacts is GET /contacts/, which HighLevel has deprecated.
func (a *GoHighLevel) ListGoHighLevelContacts(ctx context.Context, in ListGoHighLevelContactsInput) (GoHighLevelContacts, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelContacts{}, err
	}
	return c.sealContacts(c.GoHighLevel.ListContacts(ctx, crm.ContactList{Limit: in.Limit, StartAfter: in.StartAfter, StartAfterID: in.StartAfterID}))
}

// ListGoHighLevelBusinessContactsInput is one page of a business's contacts.
type ListGoHighLevelBusinessContactsInput struct {
	Connection string `json:"connection"`
	BusinessID string `json:"business_id"`
	Limit      int    `json:"limit,omitempty"`
	Skip       int    `json:"skip,omitempty"`
}

// ListGoHighLevelBusinessContacts is GET /contacts/business/{businessId}.
func (a *GoHighLevel) ListGoHighLevelBusinessContacts(ctx context.Context, in ListGoHighLevelBusinessContactsInput) (GoHighLevelContacts, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelContacts{}, err
	}
	return c.sealContacts(c.GoHighLevel.ListBusinessContacts(ctx, in.BusinessID, crm.BusinessContactList{Limit: in.Limit, Skip: in.Skip}))
}

// FindGoHighLevelDuplicateContactInput says whom to look for.
type FindGoHighLevelDuplicateContactInput struct {
	Connection string `json:"connection"`
	Lookup     Sealed `json:"lookup"` // a crm.DuplicateLookup
}

// FindGoHighLevelDuplicateContact is GET /contacts/search/duplicate.
func (a *GoHighLevel) FindGoHighLevelDuplicateContact(ctx context.Context, in FindGoHighLevelDuplicateContactInput) (GoHighLevelContact, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelContact{}, err
	}
	var lookup crm.DuplicateLookup
	if err := c.unseal(record.GoHighLevel, purposeHistory, in.Lookup, &lookup); err != nil {
		return GoHighLevelContact{}, err
	}
	doc, err := c.GoHighLevel.FindDuplicateContact(ctx, lookup)
	return c.sealContact(doc, false, err)
}

// ConnectionInput names a connection.
type ConnectionInput struct {
	Connection string `json:"connection"`
}

// SealedDocument is one JSON object of a vendor.
type SealedDocument struct {
	Document Sealed `json:"document"`
}

// SealedDocuments is a list of a vendor's JSON objects.
type SealedDocuments struct {
	Count     int    `json:"count"`
	Documents Sealed `json:"documents"`
}

func (c *Connection) sealDocument(side record.Side, doc crm.Document, err error) (out SealedDocument, _ error) {
	if err != nil {
		return out, err
	}
	out.Document, err = c.seal(side, purposeHistory, doc)
	return out, err
}

func (c *Connection) sealDocuments(side record.Side, docs []crm.Document, err error) (out SealedDocuments, _ error) {
	if err != nil {
		return out, err
	}
	out.Count = len(docs)
	out.Documents, err = c.seal(side, purposeHistory, docs)
	return out, err
}

// GetGoHighLevelLocation is GET /locations/{id}.
func (a *GoHighLevel) GetGoHighLevelLocation(ctx context.Context, in ConnectionInput) (SealedDocument, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocument{}, err
	}
	doc, err := c.GoHighLevel.GetLocation(ctx)
	return c.sealDocument(record.GoHighLevel, doc, err)
}

// ListGoHighLevelCustomFields is GET /locations/{id}/customFields.
func (a *GoHighLevel) ListGoHighLevelCustomFields(ctx context.Context, in ConnectionInput) (SealedDocuments, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocuments{}, err
	}
	docs, err := c.GoHighLevel.ListCustomFields(ctx)
	return c.sealDocuments(record.GoHighLevel, docs, err)
}

// ListGoHighLevelUsers is GET /users/.
func (a *GoHighLevel) ListGoHighLevelUsers(ctx context.Context, in ConnectionInput) (SealedDocuments, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return SealedDocuments{}, err
	}
	docs, err := c.GoHighLevel.ListUsers(ctx)
	return c.sealDocuments(record.GoHighLevel, docs, err)
}
