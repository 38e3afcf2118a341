package gohighlevel

import (
	"context"
	"net/url"

	"github.com/tandem-sync/tandem/internal/crm"
)

const largestSearch = 500

// SearchContacts carries out [search-contacts-advanced]: one page of the search index, at most 500 contacts (which is
// also what a PageLimit of 0 means). The index lags behind writes. SearchAfter is the last row's own cursor; it is
// empty when the page is not full. Safe to repeat.
//
// [search-contacts-advanced]: https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced
func (c *Client) SearchContacts(ctx context.Context, q crm.ContactSearch) (crm.ContactPage, error) {
	if q.PageLimit == 0 {
		q.PageLimit = largestSearch
	}
	body := struct {
		LocationID string `json:"locationId"`
		crm.ContactSearch
	}{c.locationID, q}
	result, err := c.do(ctx, call{operation: searchContacts, body: body})
	if err != nil {
		return crm.ContactPage{}, err
	}
	contacts, err := result.contactsIn(searchContacts)
	if err != nil {
		return crm.ContactPage{}, err
	}
	page := crm.ContactPage{Contacts: contacts, Total: -1}
	if total, ok := number(result.body["total"]); ok {
		page.Total = int(total)
	}
	if len(contacts) == 0 || len(contacts) < q.PageLimit {
		return page, nil
	}
	page.SearchAfter, _ = contacts[len(contacts)-1]["searchAfter"].([]any)
	if len(page.SearchAfter) == 0 {
		// Taking this for the last page would lose every contact after it without a word.
		return crm.ContactPage{}, unreadable(searchContacts, result.status, codePageWithoutCursor, "the page does not say where the next begins")
	}
	return page, nil
}

// FindDuplicateContact carries out [get-duplicate-contact]: the contact that the location's own duplicate check would
// find, nil when there is none. Safe to repeat.
//
// [get-duplicate-contact]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-duplicate-contact
func (c *Client) FindDuplicateContact(ctx context.Context, q crm.DuplicateLookup) (crm.Document, error) {
	if q.Email == "" && q.Phone == "" {
		return nil, refuse(findDuplicateContact, "neither an e-mail nor a phone is given to look for")
	}
	query := url.Values{"locationId": {c.locationID}}
	if q.Email != "" {
		query.Set("email", q.Email)
	}
	if q.Phone != "" {
		query.Set("number", q.Phone)
	}
	result, err := c.do(ctx, call{operation: findDuplicateContact, query: query})
	if err != nil {
		return nil, err
	}
	// The vendor's server leaves a key out where it has nothing to say, so absent and null both mean "none".
	if result.body["contact"] == nil {
		return nil, nil
	}
	return result.contactIn(findDuplicateContact)
}
