package gohighleveltest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	maxPageLimit  = 500
	maxPagedRows  = 10_000
	maxQueryRunes = 75
)

// search is a validated POST /contacts/search.
type search struct {
	limit, skip int
	after       []any // the cursor: the values of the sort, then the id
	filters     *filters
	sort        []sortKey
}

type sortKey struct {
	field string
	desc  bool
}

var sortable = []string{
	"dateAdded", "dateUpdated", "firstNameLowerCase", "lastNameLowerCase", "email", "companyName", "businessName", "type", "source",
	"city", "state", "country",
}

// searchContacts reads the lagging index.
func (f *Fake) searchContacts(c *call) reply {
	x, refused := f.parseSearch(c)
	if refused != nil {
		return *refused
	}
	var rows []*row
	total := 0
	f.contacts.view(f.clock(), func(s *contacts) { rows, total = s.search(x) })
	out := f.renderer(c, asFound)
	out.page(rows, x.cursor)
	out.raw("total", strconv.Itoa(total))
	out.text("traceId", f.traces.uuid())
	return reply{status: http.StatusOK, body: append(out.b, '}')}
}

func (f *Fake) parseSearch(c *call) (*search, *reply) {
	v := &validator{body: c.body}
	location := v.text("locationId", required)
	x := &search{limit: int(v.number("pageLimit", required))}
	page := int(v.number("page", optional))
	if len([]rune(v.text("query", optional))) > maxQueryRunes {
		v.fail("query must be shorter than or equal to %d characters", maxQueryRunes)
	}
	v.only("locationId", "pageLimit", "page", "searchAfter", "filters", "sort", "query")
	cursor, list := v.list("searchAfter"), v.list("filters")
	x.after = cursor
	x.sort = parseSort(v)
	if len(v.problems) == 0 {
		x.checkPaging(v, page)
	}
	refuse := func(r reply) (*search, *reply) { return nil, &r }
	if len(v.problems) > 0 {
		return refuse(f.invalid(v.problems...))
	}
	if location != c.options.LocationID {
		return refuse(f.fail(http.StatusForbidden, wrongLocation))
	}
	conditions, wrong := parseFilters(list)
	switch {
	case wrong != nil && wrong.status == http.StatusUnprocessableEntity:
		return refuse(f.invalid(wrong.message))
	case wrong != nil:
		return refuse(f.fail(wrong.status, wrong.message))
	}
	x.filters = conditions
	if text := freeText(v.text("query", optional)); text != nil {
		if more := conditions.matches; more != nil {
			conditions.matches = allOf([]func(*row) bool{more, text})
		} else {
			conditions.matches = text
		}
	}
	for _, k := range x.sort {
		if !slices.Contains(sortable, k.field) {
			return refuse(f.fail(http.StatusBadRequest, "Invalid field "+k.field))
		}
	}
	return x, nil
}

func (v *validator) list(key string) []any {
	list, isList := v.body[key].([]any)
	if v.body[key] != nil && !isList {
		v.fail("%s must be an array", key)
	}
	return list
}

func parseSort(v *validator) []sortKey {
	var out []sortKey
	for i, item := range v.list("sort") {
		object, _ := item.(map[string]any)
		field, _ := object["field"].(string)
		if field == "" || len(object) > 2 {
			v.fail("sort.%d.field must be a string", i)
		}
		if d := object["direction"]; d != "asc" && d != "desc" {
			v.fail("sort.%d.direction must be one of the following values: asc, desc", i)
		}
		out = append(out, sortKey{field, object["direction"] == "desc"})
	}
	if len(out) == 0 {
		return []sortKey{{"dateAdded", true}}
	}
	return out
}

func (x *search) checkPaging(v *validator, page int) {
	_, paged := v.body["page"]
	switch {
	case x.limit > maxPageLimit:
		v.fail("pageLimit must not be greater than %d", maxPageLimit)
	case x.limit < 1:
		v.fail("pageLimit must not be less than 1")
	case paged && page < 1:
		v.fail("page must not be less than 1")
	case paged && len(x.after) > 0:
		v.fail("page should not be used together with searchAfter")
	case paged && page*x.limit > maxPagedRows:
		v.fail("page * pageLimit must not be greater than %d, use searchAfter", maxPagedRows)
	case paged:
		x.skip = (page - 1) * x.limit
	}
	if len(x.after) == 0 {
		return
	}
	_, isID := x.after[len(x.after)-1].(string)
	if len(x.after) != len(x.sort)+1 || !isID {
		v.fail("searchAfter does not fit the sort")
		return
	}
	for i, k := range x.sort {
		n, isNumber := x.after[i].(json.Number)
		if _, err := n.Int64(); k.isDate() && (!isNumber || err != nil) {
			v.fail("searchAfter does not fit the sort")
		} else if _, isText := x.after[i].(string); !k.isDate() && !isText {
			v.fail("searchAfter does not fit the sort")
		}
	}
}

func (k sortKey) isDate() bool { return k.field == "dateAdded" || k.field == "dateUpdated" }

// text is what a row is sorted by, where it is not a date.
func (k sortKey) text(r *row) string {
	return strings.ToLower(strings.Join(searchFields[k.field].values(r), " "))
}

// cursor is a row's own searchAfter.
func (x *search) cursor(r *row) []byte {
	b := []byte{'['}
	for _, k := range x.sort {
		switch k.field {
		case "dateAdded":
			b = strconv.AppendInt(b, r.added, 10)
		case "dateUpdated":
			b = strconv.AppendInt(b, r.updated, 10)
		default:
			b = appendText(b, k.text(r))
		}
		b = append(b, ',')
	}
	return append(appendText(b, r.id()), ']')
}
