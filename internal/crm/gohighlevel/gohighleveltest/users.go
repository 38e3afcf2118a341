package gohighleveltest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type user struct{ ID, FirstName, LastName, Email string }

// AddUser adds a user of the location and returns the id.
func (f *Fake) AddUser(firstName, lastName, email string) (id string) {
	u := &user{ID: f.ids.id(20), FirstName: firstName, LastName: lastName, Email: email}
	f.location.mu.Lock()
	defer f.location.mu.Unlock()
	f.location.users = append(f.location.users, u)
	return u.ID
}

func userObject(c *call, u *user) map[string]any {
	return map[string]any{
		"id": u.ID, "name": strings.TrimSpace(u.FirstName + " " + u.LastName), "firstName": u.FirstName, "lastName": u.LastName,
		"email": u.Email, "phone": "", "extension": "",
		"roles": map[string]any{"type": "account", "role": "admin", "locationIds": []string{c.options.LocationID}},
	}
}

// listUsers is deprecated, and gone from the newest version.
func (f *Fake) listUsers(c *call) reply {
	if c.v3() {
		return f.noRoute(c)
	}
	if c.query.Get("locationId") != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	out := []map[string]any{}
	for _, u := range f.location.users {
		out = append(out, userObject(c, u))
	}
	return ok(http.StatusOK, map[string]any{"users": out})
}

var userSearchKeys = []string{
	"companyId", "query", "skip", "limit", "locationId", "type", "role", "ids", "sort", "sortDirection", "enabled2waySync",
}

func (f *Fake) searchUsers(c *call) reply {
	q := queryValidator{query: c.query}
	q.only(userSearchKeys...)
	q.required("companyId")
	limit, skip := q.number("limit", 25, 100), q.number("skip", 0, 1<<30)
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	location := c.query.Get("locationId")
	if c.query.Get("companyId") != c.options.CompanyID || location != "" && location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	text := strings.ToLower(c.query.Get("query"))
	var ids []string
	if s := c.query.Get("ids"); s != "" {
		ids = strings.Split(s, ",")
	}
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	out, count := []map[string]any{}, 0
	for _, u := range f.location.users {
		if ids != nil && !slices.Contains(ids, u.ID) ||
			!strings.Contains(strings.ToLower(u.FirstName+" "+u.LastName+" "+u.Email), text) {
			continue
		}
		if count++; count > skip && len(out) < limit {
			out = append(out, userObject(c, u))
		}
	}
	return ok(http.StatusOK, map[string]any{"users": out, "count": count, "traceId": f.traces.uuid()})
}

// getUser answers with a flat object.
func (f *Fake) getUser(c *call) reply {
	f.location.mu.RLock()
	defer f.location.mu.RUnlock()
	for _, u := range f.location.users {
		if u.ID == c.path[0] {
			return ok(http.StatusOK, userObject(c, u))
		}
	}
	return f.fail(http.StatusBadRequest, "User with id "+strconv.Quote(c.path[0])+" not found")
}
