package gohighleveltest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *caller) load(n int) []string {
	all := make([]Contact, n)
	for i := range all {
		all[i] = Contact{
			FirstName: fmt.Sprintf("First%04d", i), LastName: "Last", Email: fmt.Sprintf("c%d@example.com", i),
			DateAdded:   c.clock.Now().Add(-time.Duration(n-i) * time.Minute),
			DateUpdated: c.clock.Now().Add(-time.Duration((i*7919)%n) * time.Minute),
		}
	}
	return c.fake.Load(all)
}

func TestSearchAfterReadsEveryContactOnceInOrder(t *testing.T) {
	c := start(t, Options{})
	loaded := c.load(1234)
	for _, sort := range []object{
		{}, {"field": "dateAdded", "direction": "asc"}, {"field": "dateUpdated", "direction": "asc"},
		{"field": "dateUpdated", "direction": "desc"}, {"field": "firstNameLowerCase", "direction": "desc"},
	} {
		var seen []string
		var keys []string
		var after any
		for range 20 {
			body := object{"pageLimit": 100}
			if len(sort) > 0 {
				body["sort"] = []any{sort}
			}
			if after != nil {
				body["searchAfter"] = after
			}
			a := c.search(body)
			require.Equal(t, 200, a.status, a.raw)
			require.EqualValues(t, 1234, a.body["total"])
			require.NotContains(t, a.body, "meta")
			rows := a.rows()
			for _, r := range rows {
				seen = append(seen, r["id"].(string))
				if len(sort) > 0 {
					keys = append(keys, r[sort["field"].(string)].(string))
				}
			}
			if len(rows) < 100 {
				break
			}
			after = rows[len(rows)-1]["searchAfter"]
		}
		require.ElementsMatch(t, loaded, seen)
		for i := 1; i < len(keys); i++ {
			if sort["direction"] == "asc" {
				require.LessOrEqual(t, keys[i-1], keys[i])
			} else {
				require.GreaterOrEqual(t, keys[i-1], keys[i])
			}
		}
	}
}

func TestSearchPagingRules(t *testing.T) {
	c := start(t, Options{})
	loaded := c.load(30)
	require.Equal(t, loaded[19], c.search(object{"pageLimit": 10, "page": 2}).rows()[0]["id"])
	for message, body := range map[string]object{
		"pageLimit must not be greater than 500": {"pageLimit": 501},
		"pageLimit must not be less than 1":      {"pageLimit": 0},
		"page * pageLimit must not be greater":   {"pageLimit": 500, "page": 21},
		"page should not be used together":       {"page": 1, "searchAfter": []any{1, "x"}},
		"property limit should not exist":        {"limit": 10},
		"searchAfter does not fit the sort":      {"searchAfter": []any{"x"}},
		"sort.0.direction must be one of":        {"sort": []any{object{"field": "dateAdded", "direction": "up"}}},
		"query must be shorter than or equal":    {"query": fmt.Sprintf("%76d", 1)},
		"Invalid Operator (gt) passed for field date_updated": {
			"filters": []any{object{"field": "dateUpdated", "operator": "gt", "value": 1}},
		},
		"Invalid Operator (eq) passed for field date_added": {
			"filters": []any{object{"field": "dateAdded", "operator": "eq", "value": 1}},
		},
		"filters.0.operator must be one of the following values: eq, not_eq": {
			"filters": []any{object{"field": "email", "operator": "like", "value": "x"}},
		},
		"filters.0.group must be one of": {"filters": []any{object{"group": "XOR", "filters": []any{}}}},
	} {
		a := c.search(body)
		require.Equal(t, 422, a.status, a.raw)
		require.Contains(t, a.message(), message)
	}
	c.want(422, "POST", "/contacts/search", object{"locationId": c.fake.LocationID()})
	c.want(403, "POST", "/contacts/search", object{"locationId": "elsewhere", "pageLimit": 1})
	a := c.search(object{"filters": []any{object{"field": "contactType", "operator": "eq", "value": "lead"}}})
	require.Equal(t, 400, a.status)
	require.Equal(t, "Invalid field contactType", a.message())
}

func TestSearchRowsHaveTheirOwnShape(t *testing.T) {
	c := start(t, Options{})
	date := c.fake.AddCustomField("Since", "", "DATE")
	id := c.fake.Create(Contact{
		FirstName: "Ada", LastName: "King", Address1: "1 Lane", CustomFields: []CustomValue{{date, "2020-01-02"}},
		DNDSettings: map[string]DNDSetting{"SMS": {Status: "active"}}, DND: true,
	})
	row := c.search(object{}).rows()[0]
	require.Equal(t, "ada", row["firstName"])
	require.Equal(t, "Ada", row["firstNameRaw"])
	require.Equal(t, "King", row["lastNameRaw"])
	require.Equal(t, "1 Lane", row["address"])
	require.NotContains(t, row, "address1")
	require.NotContains(t, row, "dndSettings")
	require.Equal(t, true, row["dnd"])
	require.Equal(t, []any{float64(c.clock.Now().UnixMilli()), id}, row["searchAfter"])
	require.Equal(t, []any{object{"id": date, "value": 1577923200000.0}}, row["customFields"])
	read := c.want(200, "GET", "/contacts/"+id, nil).contact()
	require.Equal(t, []any{object{"id": date, "value": "2020-01-02"}}, read["customFields"])
}

func TestSearchFilters(t *testing.T) {
	c := start(t, Options{})
	field := c.fake.AddCustomField("Number", "", "NUMERICAL")
	now := c.clock.Now()
	got := c.fake.Load([]Contact{
		{FirstName: "Ada", Email: "ada@example.com", Tags: []string{"vip"}, DateUpdated: now.Add(-3 * time.Hour), DateAdded: now.Add(-4 * time.Hour)},
		{FirstName: "Bea", City: "Rome", DND: true, DateUpdated: now.Add(-2 * time.Hour), DateAdded: now.Add(-5 * time.Hour)},
		{FirstName: "Cora", Email: "cora@other.org", CustomFields: []CustomValue{{field, 7.0}}, DateUpdated: now.Add(-1 * time.Hour), DateAdded: now.Add(-6 * time.Hour)},
	})
	ada, bea, cora := got[0], got[1], got[2]
	f := func(field, operator string, value any) object {
		o := object{"field": field, "operator": operator}
		if value != nil {
			o["value"] = value
		}
		return o
	}
	ms := func(hours int) int64 { return now.Add(time.Duration(hours) * time.Hour).UnixMilli() }
	for _, x := range []struct {
		filters []any
		want    []string
	}{
		{[]any{f("id", "eq", ada)}, []string{ada}},
		{[]any{f("id", "eq", []string{cora, ada, "gone"})}, []string{ada, cora}},
		{[]any{f("id", "not_eq", ada)}, []string{bea, cora}},
		{[]any{f("email", "eq", "ADA@example.com")}, []string{ada}},
		{[]any{f("email", "contains", "example")}, []string{ada}},
		{[]any{f("email", "not_contains", "example")}, []string{bea, cora}},
		{[]any{f("email", "exists", nil)}, []string{ada, cora}},
		{[]any{f("email", "not_exists", nil)}, []string{bea}},
		{[]any{f("tags", "contains", []string{"vip"})}, []string{ada}},
		{[]any{f("dnd", "eq", true)}, []string{bea}},
		{[]any{f("customFields."+field, "eq", 7)}, []string{cora}},
		{[]any{f("customFields."+field, "range", object{"gte": 5, "lt": 8})}, []string{cora}},
		{[]any{f("dateUpdated", "range", object{"gte": ms(-2)})}, []string{bea, cora}},
		{[]any{f("dateUpdated", "range", object{"gt": ms(-2)})}, []string{cora}},
		{[]any{f("dateUpdated", "range", object{"gte": ms(-3), "lt": ms(-1)})}, []string{ada, bea}},
		{[]any{f("dateUpdated", "range", object{"gte": now.Add(-2 * time.Hour).Format(time.RFC3339)})}, []string{bea, cora}},
		{[]any{f("dateAdded", "range", object{"lte": ms(-5)}), f("dateUpdated", "range", object{"lte": ms(-2)})}, []string{bea}},
		{[]any{object{"group": "OR", "filters": []any{f("city", "eq", "rome"), f("firstNameLowerCase", "eq", "ada")}}}, []string{ada, bea}},
		{[]any{object{"group": "AND", "filters": []any{f("city", "eq", "rome"), f("firstNameLowerCase", "eq", "ada")}}}, nil},
	} {
		for _, sort := range []string{"dateUpdated", "dateAdded", "email"} {
			a := c.search(object{"filters": x.filters, "sort": []any{object{"field": sort, "direction": "asc"}}})
			require.Equal(t, 200, a.status, a.raw)
			require.ElementsMatch(t, x.want, ids(a.rows()), "%v by %s", x.filters, sort)
			require.EqualValues(t, len(x.want), a.body["total"], "%v by %s", x.filters, sort)
		}
	}
	require.Equal(t, []string{cora}, ids(c.search(object{"query": "COR other"}).rows()))
}

func TestSearchesAndListsLagBehindWrites(t *testing.T) {
	c := start(t, Options{IndexLag: 5 * time.Second})
	byID := func(id string) answer {
		return c.search(object{"filters": []any{object{"field": "id", "operator": "eq", "value": id}}})
	}
	list := func() []object { return c.want(200, "GET", "/contacts/?locationId="+c.fake.LocationID(), nil).rows() }
	id := c.create(object{"firstName": "Ada", "email": "ada@example.com"})
	require.Empty(t, c.search(object{}).rows())
	require.Empty(t, byID(id).rows())
	require.Empty(t, list())
	found := c.want(200, "GET", "/contacts/search/duplicate?email=ada@example.com&locationId="+c.fake.LocationID(), nil)
	require.Equal(t, id, found.contact()["id"], "the duplicate check does not lag")
	c.clock.advance(5 * time.Second)
	require.Len(t, c.search(object{}).rows(), 1)
	require.Len(t, list(), 1)

	c.want(200, "PUT", "/contacts/"+id, object{"firstName": "Bea"})
	require.Equal(t, "ada", byID(id).rows()[0]["firstName"])
	c.clock.advance(2 * time.Second)
	c.want(200, "DELETE", "/contacts/"+id, nil)
	c.clock.advance(3 * time.Second)
	require.Equal(t, "Bea", byID(id).rows()[0]["firstNameRaw"], "a deleted contact is still a full row")
	require.EqualValues(t, 1, c.search(object{}).body["total"])
	c.want(400, "GET", "/contacts/"+id, nil)
	c.clock.advance(2 * time.Second)
	require.Empty(t, c.search(object{}).rows())
	require.Empty(t, list())
}

func TestTheDuplicateLookupWantsAnIdentity(t *testing.T) {
	c := start(t, Options{})
	path := "/contacts/search/duplicate?locationId=" + c.fake.LocationID()
	require.Equal(t, "Pass at least one of number, email query parameter", c.want(400, "GET", path, nil).message())
	require.Nil(t, c.want(200, "GET", path+"&email=a@example.com", nil).body["contact"])
	id := c.create(object{"phone": "+12025550101"})
	require.Equal(t, id, c.want(200, "GET", path+"&number=%2B12025550101", nil).contact()["id"])
	c.want(403, "GET", "/contacts/search/duplicate?locationId=other&email=a@example.com", nil)
}

func TestTheDeprecatedListPagesByDateAddedAndID(t *testing.T) {
	c := start(t, Options{})
	loaded := c.load(250)
	path := "/contacts/?limit=100&locationId=" + c.fake.LocationID()
	var seen []string
	next := path
	for range 4 {
		a := c.want(200, "GET", next, nil)
		seen = append(seen, ids(a.rows())...)
		require.EqualValues(t, 250, a.body["count"])
		meta := a.body["meta"].(object)
		require.EqualValues(t, 250, meta["total"])
		if meta["startAfterId"] == nil {
			break
		}
		next = fmt.Sprintf("%s&startAfter=%.0f&startAfterId=%s", path, meta["startAfter"], meta["startAfterId"])
	}
	require.ElementsMatch(t, loaded, seen)
	half := c.want(200, "GET", path+"&startAfterId="+seen[99], nil)
	require.Equal(t, seen[0], half.rows()[0]["id"], "one half of the cursor begins anew")
	require.Contains(t, c.want(422, "GET", "/contacts/?limit=101&locationId="+c.fake.LocationID(), nil).message(), "greater than 100")
	require.Contains(t, c.want(422, "GET", path+"&page=2", nil).message(), "property page should not exist")
	require.Len(t, c.want(200, "GET", "/contacts/?locationId="+c.fake.LocationID(), nil).rows(), 20)
	require.Contains(t, half.rows()[0], "attributions")
}
