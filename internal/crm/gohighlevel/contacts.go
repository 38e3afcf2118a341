package gohighlevel

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	largestList         = 100
	defaultBusinessList = 25
)

// GetContact carries out [get-contact]. NotFound when the contact is gone, which HighLevel says with a 400. Safe to
// repeat.
//
// [get-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contact
func (c *Client) GetContact(ctx context.Context, id string) (crm.Document, error) {
	result, err := c.do(ctx, call{operation: getContact, ids: []string{id}})
	if err != nil {
		return nil, err
	}
	return result.contactIn(getContact)
}

// ListContacts carries out [get-contacts], which HighLevel calls deprecated: at most 100 contacts, ordered by date
// added. The next page is asked for by StartAfter and StartAfterID together; the address that the vendor offers for
// it is not used. Safe to repeat.
//
// [get-contacts]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts
func (c *Client) ListContacts(ctx context.Context, q crm.ContactList) (crm.ContactPage, error) {
	if q.Limit == 0 {
		q.Limit = largestList
	}
	query := url.Values{"locationId": {c.locationID}, "limit": {strconv.Itoa(q.Limit)}}
	if q.StartAfterID != "" {
		query.Set("startAfterId", q.StartAfterID)
		query.Set("startAfter", strconv.FormatInt(q.StartAfter, 10))
	}
	if q.Query != "" {
		query.Set("query", q.Query)
	}
	result, err := c.do(ctx, call{operation: listContacts, query: query})
	if err != nil {
		return crm.ContactPage{}, err
	}
	contacts, err := result.contactsIn(listContacts)
	if err != nil {
		return crm.ContactPage{}, err
	}
	page := crm.ContactPage{Contacts: contacts, Total: -1}
	meta, _ := result.body["meta"].(map[string]any)
	if total, ok := number(meta["total"]); ok {
		page.Total = int(total)
	} else if total, ok := number(result.body["count"]); ok {
		page.Total = int(total)
	}
	if len(contacts) == 0 || (len(contacts) < q.Limit && meta["nextPage"] == nil) {
		return page, nil
	}
	var ok bool
	if page.StartAfter, page.StartAfterID, ok = listCursor(meta, contacts[len(contacts)-1]); !ok {
		return crm.ContactPage{}, unreadable(listContacts, result.status, codePageWithoutCursor, "the page does not say where the next begins")
	}
	return page, nil
}

// listCursor is where the next page begins: what meta says or, without it, what the order by date added implies.
func listCursor(meta map[string]any, last crm.Document) (startAfter int64, startAfterID string, ok bool) {
	if id := text(meta["startAfterId"]); id != "" {
		if at, ok := number(meta["startAfter"]); ok {
			return at, id, true
		}
	}
	if added, err := time.Parse(time.RFC3339, text(last["dateAdded"])); err == nil {
		return added.UnixMilli(), text(last["id"]), true
	}
	return 0, "", false
}

// ListBusinessContacts carries out [get-contacts-by-businessId], paged by offset: a page shorter than its limit is
// the last. Safe to repeat.
//
// [get-contacts-by-businessId]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-contacts-by-business-id
func (c *Client) ListBusinessContacts(ctx context.Context, businessID string, q crm.BusinessContactList) (crm.ContactPage, error) {
	if q.Limit == 0 {
		q.Limit = defaultBusinessList
	}
	query := url.Values{"locationId": {c.locationID}, "limit": {strconv.Itoa(q.Limit)}, "skip": {strconv.Itoa(q.Skip)}}
	if q.Query != "" {
		query.Set("query", q.Query)
	}
	result, err := c.do(ctx, call{operation: listBusinessContacts, ids: []string{businessID}, query: query})
	if err != nil {
		return crm.ContactPage{}, err
	}
	contacts, err := result.contactsIn(listBusinessContacts)
	if err != nil {
		return crm.ContactPage{}, err
	}
	page := crm.ContactPage{Contacts: contacts, Total: -1}
	if total, ok := number(result.body["count"]); ok {
		page.Total = int(total)
	}
	return page, nil
}

// CreateContact carries out [create-contact] in the client's location. Duplicate, with ExistingID, where the location
// refuses a second contact. Not safe to repeat: even a refusal has been seen after which the contact was there.
//
// [create-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-contact
func (c *Client) CreateContact(ctx context.Context, contact crm.Document) (crm.Document, error) {
	result, err := c.do(ctx, call{operation: createContact, body: c.here(contact)})
	if err != nil {
		return nil, err
	}
	return result.contactIn(createContact)
}

// UpdateContact carries out [update-contact]. Keys that are absent stay as they are; tags, if given, replace all tags.
// Safe to repeat.
//
// [update-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-contact
func (c *Client) UpdateContact(ctx context.Context, id string, changes crm.Document) (crm.Document, error) {
	body := crm.Document{}
	maps.Copy(body, changes)
	delete(body, "locationId") // one unknown property makes HighLevel refuse the whole request
	result, err := c.do(ctx, call{operation: updateContact, ids: []string{id}, body: body})
	if err != nil {
		return nil, err
	}
	if err := result.succeeded(updateContact); err != nil {
		return nil, err
	}
	return result.contactIn(updateContact)
}

// UpsertContact carries out [upsert-contact] in the client's location. Which contact it finds is the location's
// duplicate setting; the caller compares what comes back with what it meant. Not safe to repeat where the location
// allows duplicates.
//
// [upsert-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
func (c *Client) UpsertContact(ctx context.Context, contact crm.Document) (crm.Document, bool, error) {
	result, err := c.do(ctx, call{operation: upsertContact, body: c.here(contact)})
	if err != nil {
		return nil, false, err
	}
	stored, err := result.contactIn(upsertContact)
	if err != nil {
		return nil, false, err
	}
	created, said := result.body["new"].(bool)
	return stored, created || (!said && result.status == http.StatusCreated), nil
}

// DeleteContact carries out [delete-contact]; a contact that is gone already counts as deleted. Safe to repeat.
//
// [delete-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-contact
func (c *Client) DeleteContact(ctx context.Context, id string) error {
	return c.remove(ctx, call{operation: deleteContact, ids: []string{id}})
}

// remove carries out a deletion; what is gone already counts as deleted.
func (c *Client) remove(ctx context.Context, call call) error {
	result, err := c.do(ctx, call)
	var failure *crm.Error
	if errors.As(err, &failure) && failure.Kind == crm.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return result.succeeded(call.operation)
}

// here returns the document with the client's location in it, and leaves the caller's as it was.
func (c *Client) here(document crm.Document) crm.Document {
	body := crm.Document{}
	maps.Copy(body, document)
	body["locationId"] = c.locationID
	return body
}
