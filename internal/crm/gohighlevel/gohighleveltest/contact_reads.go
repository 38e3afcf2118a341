package gohighleveltest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func (f *Fake) getContact(c *call) reply {
	s := f.contacts
	s.mu.RLock()
	r := s.byID[c.path[0]]
	s.mu.RUnlock()
	if r == nil {
		return f.notFound(c.path[0])
	}
	return f.contactReply(c, http.StatusOK, r, asRead, "")
}

// findDuplicate is the location's own duplicate check. It does not lag.
func (f *Fake) findDuplicate(c *call) reply {
	q := queryValidator{query: c.query}
	location := q.required("locationId")
	q.only("locationId", "email", "number")
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	email := strings.ToLower(strings.TrimSpace(c.query.Get("email")))
	phone := normalisePhone(c.query.Get("number"), c.options.Country)
	if email == "" && phone == "" {
		return f.fail(http.StatusBadRequest, "Pass at least one of number, email query parameter")
	}
	s := f.contacts
	s.mu.RLock()
	found, _ := s.duplicate(c.options.DuplicateOrder, email, phone, nil)
	s.mu.RUnlock()
	if found == nil {
		return ok(http.StatusOK, map[string]any{"contact": nil, "traceId": f.traces.uuid()})
	}
	return f.contactReply(c, http.StatusOK, found, asRead, "")
}

// listContacts is the deprecated list: newest first, by the date added.
func (f *Fake) listContacts(c *call) reply {
	q := queryValidator{query: c.query}
	location := q.required("locationId")
	limit := q.number("limit", 20, 100)
	after := q.number("startAfter", 0, 1<<62)
	q.only("locationId", "limit", "startAfter", "startAfterId", "query")
	if limit == 0 {
		q.problems = append(q.problems, "limit must not be less than 1")
	}
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	from := last
	if id := c.query.Get("startAfterId"); id != "" && after > 0 { // one without the other begins anew
		from = place{int64(after), id}
	}
	matches := freeText(c.query.Get("query"))
	var rows []*row
	total := 0
	f.contacts.view(f.clock(), func(s *contacts) {
		for r := range s.index.byAdded.descend(from) {
			if len(rows) == limit {
				break
			}
			if matches == nil || matches(r) {
				rows = append(rows, r)
			}
		}
		total = s.index.count(matches, nil)
	})
	out := f.renderer(c, asListed)
	out.page(rows, nil)
	out.raw("count", strconv.Itoa(total))
	out.raw("meta", mustJSON(listMeta(c, rows, limit, total, after > 0)))
	out.text("traceId", f.traces.uuid())
	return reply{status: http.StatusOK, body: append(out.b, '}')}
}

// listMeta says how to go on. Its nextPageUrl leads to the vendor's own host.
func listMeta(c *call, rows []*row, limit, total int, further bool) map[string]any {
	meta := map[string]any{"total": total, "currentPage": 1, "prevPage": nil, "nextPage": nil, "nextPageUrl": nil}
	if further {
		meta["currentPage"], meta["prevPage"] = 2, 1
	}
	if len(rows) == 0 {
		return meta
	}
	end := rows[len(rows)-1]
	meta["startAfter"], meta["startAfterId"] = end.added, end.id()
	if len(rows) == limit {
		next := url.Values{"locationId": {c.options.LocationID}, "limit": {strconv.Itoa(limit)},
			"startAfter": {strconv.FormatInt(end.added, 10)}, "startAfterId": {end.id()}}
		meta["nextPageUrl"] = "http://services.leadconnectorhq.com/contacts/?" + next.Encode()
		meta["nextPage"] = meta["currentPage"].(int) + 1
	}
	return meta
}

// listBusinessContacts pages by offset through the contacts of one business.
func (f *Fake) listBusinessContacts(c *call) reply {
	q := queryValidator{query: c.query}
	location := q.required("locationId")
	limit, skip := q.number("limit", 25, 100), q.number("skip", 0, 1<<30)
	q.only("locationId", "limit", "skip", "query")
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	matches := freeText(c.query.Get("query"))
	var rows []*row
	total := 0
	f.contacts.view(f.clock(), func(s *contacts) {
		of := s.index.byBusiness[c.path[0]]
		if of == nil {
			return
		}
		for r := range of.descend(last) {
			if matches == nil || matches(r) {
				if total++; total > skip && len(rows) < limit {
					rows = append(rows, r)
				}
			}
		}
	})
	out := f.renderer(c, asListed)
	out.page(rows, nil)
	out.raw("count", strconv.Itoa(total))
	out.text("traceId", f.traces.uuid())
	return reply{status: http.StatusOK, body: append(out.b, '}')}
}

// page writes {"contacts":[…] and leaves the object open.
func (o *renderer) page(rows []*row, cursor func(*row) []byte) {
	o.b = append(o.b, `{"contacts":[`...)
	for i, r := range rows {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		var own []byte
		if cursor != nil {
			own = cursor(r)
		}
		o.row(r, own)
	}
	o.b = append(o.b, ']')
}

// freeText matches what a person types into the search box: every word, anywhere. It is nil for no words.
func freeText(query string) func(*row) bool {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil
	}
	return func(r *row) bool {
		text := strings.ToLower(fmt.Sprintf("%s %s\n%s\n%s\n%s", r.get(tagFirstName), r.get(tagLastName), r.get(tagEmail),
			r.get(tagPhone), r.get(tagCompanyName)))
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
}
