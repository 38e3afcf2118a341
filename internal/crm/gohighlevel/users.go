package gohighlevel

import (
	"context"
	"net/url"
	"strconv"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	usersPerPage = 100
	maximalPages = 1000
)

// ListUsers carries out [get-user-by-location]: the location's users, all in one page. HighLevel calls it deprecated
// and leaves it out of version v3, so under that version this is [search-users], one call per 100 users. Safe to
// repeat.
//
// [get-user-by-location]: https://marketplace.gohighlevel.com/docs/ghl/users/get-user-by-location
// [search-users]: https://marketplace.gohighlevel.com/docs/ghl/users/search-users
func (c *Client) ListUsers(ctx context.Context) ([]crm.Document, error) {
	if versionOf(listUsers, c.versions) == versionV3 {
		return c.searchUsers(ctx)
	}
	result, err := c.do(ctx, call{operation: listUsers, query: url.Values{"locationId": {c.locationID}}})
	if err != nil {
		return nil, err
	}
	return result.documentsIn(listUsers, "users")
}

func (c *Client) searchUsers(ctx context.Context) ([]crm.Document, error) {
	var all []crm.Document
	seen := map[string]bool{}
	for range maximalPages {
		result, err := c.do(ctx, call{operation: searchUsers, query: url.Values{
			"companyId": {c.companyID}, "locationId": {c.locationID},
			"limit": {strconv.Itoa(usersPerPage)}, "skip": {strconv.Itoa(len(all))},
		}})
		if err != nil {
			return nil, err
		}
		users, err := result.documentsIn(searchUsers, "users")
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, user := range users {
			if id := text(user["id"]); !seen[id] {
				seen[id] = true
				all = append(all, user)
			}
		}
		if total, ok := number(result.body["count"]); len(all) == before || (ok && int64(len(all)) >= total) {
			return all, nil
		}
	}
	return nil, unreadable(searchUsers, 0, codeUnexpectedShape, "the list of users does not end")
}
