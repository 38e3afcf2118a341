package gohighleveltest

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPersonsMergeDeletesTheLoser(t *testing.T) {
	c := start(t, Options{})
	winner := c.fake.Create(Contact{FirstName: "Ada", Email: "ada@example.com", Tags: []string{"a"}})
	loser := c.fake.Create(Contact{FirstName: "Adah", LastName: "King", Email: "adah@example.com", Phone: "+12025550101", Tags: []string{"B"}})
	c.clock.advance(time.Second)
	require.NoError(t, c.fake.Merge(winner, loser))
	c.want(400, "GET", "/contacts/"+loser, nil)
	got, _ := c.fake.Get(winner)
	require.Equal(t, "Ada King", got.Name())
	require.Equal(t, "+12025550101", got.Phone)
	require.Equal(t, []string{"a", "b"}, got.Tags)
	require.Equal(t, []string{"adah@example.com"}, got.AdditionalEmails)
	require.Equal(t, c.clock.Now(), got.DateUpdated)
	read := c.want(200, "GET", "/contacts/"+winner, nil).contact()
	require.Equal(t, []any{object{"email": "adah@example.com"}}, read["additionalEmails"])
	require.ErrorIs(t, c.fake.Merge(winner, loser), ErrNoContact)
}

func TestAPersonMayEditEverything(t *testing.T) {
	f := New(Options{})
	field := f.AddCustomField("X", "", "TEXT")
	id := f.Create(Contact{City: "Rome"})
	require.NoError(t, f.Edit(id, map[string]any{
		"companyName": "Engines", "gender": "f", "businessId": "b1", "city": "", "phone": "(202) 555-0143", "tags": []string{"A"},
		"customFields": map[string]any{field: "y"}, "additionalEmails": []string{"z@example.com"}, "dnd": true,
	}))
	got, _ := f.Get(id)
	require.Equal(t, "Engines", got.CompanyName)
	require.Equal(t, "b1", got.BusinessID)
	require.Empty(t, got.City)
	require.Equal(t, "+12025550143", got.Phone)
	require.Equal(t, []string{"a"}, got.Tags)
	require.Equal(t, []CustomValue{{field, "y"}}, got.CustomFields)
	require.True(t, got.DND)
	require.Error(t, f.Edit(id, map[string]any{"shoeSize": 44}))
	require.ErrorIs(t, f.Edit("gone", nil), ErrNoContact)
	require.ErrorIs(t, f.Delete("gone"), ErrNoContact)
}

func TestAnotherProcessCanActAsAPerson(t *testing.T) {
	c := start(t, Options{})
	c.token, c.version = "", ""
	id := c.want(200, "POST", "/__admin/contacts", object{"firstName": "Ada", "tags": []string{"A"}}).body["id"].(string)
	many := c.want(200, "POST", "/__admin/contacts", []object{{"firstName": "B"}, {"firstName": "C"}}).body["ids"].([]any)
	c.want(200, "PATCH", "/__admin/contacts/"+id, object{"companyName": "Engines"})
	require.Equal(t, "Engines", c.want(200, "GET", "/__admin/contacts/"+id, nil).body["companyName"])
	c.want(200, "POST", "/__admin/merge", object{"winner": id, "loser": many[0]})
	c.want(200, "DELETE", "/__admin/contacts/"+many[1].(string), nil)
	c.want(404, "DELETE", "/__admin/contacts/gone", nil)
	require.Equal(t, 1, c.fake.Count())
	list := c.want(200, "GET", "/__admin/contacts", nil)
	require.Contains(t, list.raw, `"firstName":"Ada"`)
	c.want(200, "POST", "/__admin/faults", []object{{"kind": "latency", "latency": "1ms"}, {"kind": "500", "count": 1}})
	c.want(200, "POST", "/__admin/settings", object{"allowDuplicateContact": true, "indexLag": "2s", "burst": 7})
	require.Equal(t, 2*time.Second, c.fake.options().IndexLag)
	require.True(t, c.fake.options().AllowDuplicateContact)
	c.token = c.want(200, "POST", "/__admin/grant", object{}).body["access_token"].(string)
	c.version = "2021-07-28"
	require.Equal(t, 500, c.search(object{}).status)
	require.Equal(t, "7", c.search(object{}).header.Get("X-RateLimit-Max"))
	require.EqualValues(t, 2, c.want(200, "GET", "/__admin/stats", nil).body["requests"])
}

func TestASnapshotBringsEverythingBack(t *testing.T) {
	c := start(t, Options{IndexLag: 10 * time.Second, Seed: 1})
	c.load(5000)
	field := c.fake.AddCustomField("X", "", "TEXT")
	user := c.fake.AddUser("U", "V", "u@example.com")
	id := c.create(object{"email": "new@example.com", "tags": []string{"fresh"}, "customFields": []any{object{"id": field, "field_value": "v"}}})
	c.clock.advance(time.Second)
	gone := c.fake.Load([]Contact{{FirstName: "Gone"}})[0]
	require.NoError(t, c.fake.Delete(gone))
	_, refresh := c.fake.GrantToken()
	spent := c.refresh(refresh)

	var saved bytes.Buffer
	require.NoError(t, c.fake.Save(&saved))
	d := start(t, Options{Clock: c.clock.Now, IndexLag: 10 * time.Second, Seed: 1})
	d.create(object{"firstName": "lost"})
	require.NoError(t, d.fake.Restore(&saved))
	d.token = c.token
	require.Equal(t, c.fake.Count(), d.fake.Count())
	for got := range d.fake.All() {
		want, there := c.fake.Get(got.ID)
		require.True(t, there)
		require.Equal(t, want, got)
	}
	require.Equal(t, spent.body, d.refresh(refresh).body, "the grace is kept")
	byID := func(x *caller, id string) []object {
		return x.search(object{"filters": []any{object{"field": "id", "operator": "eq", "value": id}}}).rows()
	}
	require.Empty(t, byID(d, id), "the lag is kept")
	require.EqualValues(t, 5000, d.search(object{}).body["total"])
	c.clock.advance(10 * time.Second)
	require.Len(t, byID(d, id), 1)
	require.Equal(t, c.search(object{}).rows(), d.search(object{}).rows())
	d.want(200, "GET", "/users/"+user, nil)
	d.want(400, "POST", "/contacts/", object{"locationId": d.fake.LocationID(), "email": "NEW@example.com"})
	require.Contains(t, d.want(200, "GET", "/locations/"+d.fake.LocationID()+"/tags", nil).raw, "fresh")
	require.NotEqual(t, id, d.create(object{"firstName": "next"}))
	require.Error(t, d.fake.Restore(bytes.NewReader([]byte("not a snapshot"))))
}

func TestManyAtOnceLeaveAConsistentLocation(t *testing.T) {
	c := start(t, Options{IndexLag: time.Millisecond, Clock: time.Now})
	c.load(0)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 30 {
				body := object{"locationId": c.fake.LocationID(), "email": fmt.Sprintf("p%d@example.com", i), "lastName": fmt.Sprint(g)}
				a := c.do("POST", "/contacts/upsert", body)
				id := a.contact()["id"].(string)
				switch g % 4 {
				case 0:
					c.do("PUT", "/contacts/"+id, object{"tags": []string{fmt.Sprint(i)}})
				case 1:
					c.search(object{"sort": []any{object{"field": "dateUpdated", "direction": "asc"}}})
				case 2:
					_ = c.fake.Edit(id, map[string]any{"city": "Rome"})
				case 3:
					var b bytes.Buffer
					_ = c.fake.Save(&b)
					c.fake.SetFaults(nil)
				}
			}
		}()
	}
	wg.Wait()
	require.Equal(t, 30, c.fake.Count())
	c.fake.Configure(Settings{IndexLag: ptr(Duration(0))})
	require.Eventually(t, func() bool { return len(c.search(object{}).rows()) == 30 }, 5*time.Second, time.Millisecond)
}

func TestLocationDefinitions(t *testing.T) {
	c := start(t, Options{AllowDuplicateContact: true, Timezone: "Europe/Berlin", Country: "DE"})
	base := "/locations/" + c.fake.LocationID()
	location := c.want(200, "GET", base, nil).body["location"].(object)
	require.Equal(t, "Europe/Berlin", location["timezone"])
	require.Equal(t, true, location["settings"].(object)["allowDuplicateContact"])

	made := c.want(201, "POST", base+"/customFields", object{"name": "Favourite Colour", "dataType": "TEXT"}).body["customField"].(object)
	require.Equal(t, "contact.favourite_colour", made["fieldKey"])
	path := base + "/customFields/" + made["id"].(string)
	c.want(200, "PUT", path, object{"name": "Colour"})
	require.Equal(t, "Colour", c.want(200, "GET", path, nil).body["customField"].(object)["name"])
	require.Len(t, c.want(200, "GET", base+"/customFields?model=contact", nil).body["customFields"], 1)
	require.Empty(t, c.want(200, "GET", base+"/customFields?model=opportunity", nil).body["customFields"])
	c.want(422, "POST", base+"/customFields", object{"name": "X"})
	require.Equal(t, true, c.want(200, "DELETE", path, nil).body["succeded"])
	c.want(400, "GET", path, nil)

	require.Equal(t, "vip", c.want(200, "POST", base+"/tags", object{"name": "VIP"}).body["tag"].(object)["name"])
	c.want(400, "POST", base+"/tags", object{"name": "vip"})

	id := c.fake.AddUser("Ada", "King", "ada@example.com")
	require.Len(t, c.want(200, "GET", "/users/?locationId="+c.fake.LocationID(), nil).body["users"], 1)
	require.Equal(t, "Ada King", c.want(200, "GET", "/users/"+id, nil).body["name"])
	found := c.want(200, "GET", "/users/search?companyId="+c.fake.CompanyID()+"&query=king", nil)
	require.EqualValues(t, 1, found.body["count"])
	c.version = "v3"
	c.want(http.StatusNotFound, "GET", "/users/?locationId="+c.fake.LocationID(), nil)
}
