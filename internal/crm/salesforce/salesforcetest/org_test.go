package salesforcetest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestVersionsNeedNoTokenAndUnknownOnesAreNotFound(t *testing.T) {
	b := newBench(t, Options{APIVersions: []string{"60.0", "67.0", "68.0"}})
	a := b.do("GET", "/services/data/v59.0/limits", nil)
	require.Equal(t, 404, a.status)
	require.Equal(t, "NOT_FOUND", a.code(t))
	b.token = ""
	versions := b.ok("GET", "/services/data/", nil).list(t)
	require.Equal(t, []any{"Spring '24", "Summer '26", "Winter '27"}, columnOf(versions, "label"))
	require.Equal(t, []any{"60.0", "67.0", "68.0"}, columnOf(versions, "version"))
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	b.header.Set("Authorization", "Basic abc")
	require.Equal(t, "INVALID_AUTH_HEADER", b.do("GET", v67+"/limits", nil).code(t))
}

func TestWrongMethodsAndMediaTypesAreRefused(t *testing.T) {
	b := newBench(t, Options{})
	a := b.do("PUT", v67+"/sobjects/Contact", fields{})
	require.Equal(t, 405, a.status)
	require.Equal(t, "METHOD_NOT_ALLOWED", a.code(t))
	require.Equal(t, "GET,HEAD,POST", a.header.Get("Allow"))
	b.header.Set("Content-Type", "text/plain")
	require.Equal(t, 415, b.do("POST", v67+"/sobjects/Contact", "{}").status)
	require.Equal(t, 404, b.do("GET", v67+"/sobjects/Opportunity/describe", nil).status)
	require.Equal(t, 404, b.do("GET", v67+"/nowhere", nil).status)
}

func TestDescribeShowsFieldsAsTheUserSeesThem(t *testing.T) {
	b := newBench(t, Options{
		HiddenFields: []string{"Contact.Birthdate"}, RestrictedPicklists: map[string][]string{"Contact.LeadSource": {"Web"}},
	})
	b.clock.advance(time.Hour)
	path := v67 + "/sobjects/Contact/describe"
	a := b.ok("GET", path, nil)
	byName := map[string]map[string]any{}
	for _, one := range a.object(t)["fields"].([]any) {
		fl := one.(map[string]any)
		byName[fl["name"].(string)] = fl
	}
	require.NotContains(t, byName, "Birthdate")
	for _, want := range []fields{
		{"name": "GHL_Id__c", "type": "string", "length": 40.0, "externalId": true, "unique": true, "caseSensitive": true, "custom": true, "idLookup": true},
		{"name": "LastName", "nillable": false, "length": 80.0, "createable": true},
		{"name": "Email", "type": "email", "idLookup": true, "unique": false},
		{"name": "Name", "calculated": true, "createable": false, "updateable": false},
		{"name": "Description", "type": "textarea", "filterable": false, "length": 32000.0},
		{"name": "AccountId", "type": "reference", "referenceTo": []any{"Account"}, "relationshipName": "Account", "nillable": true},
		{"name": "SystemModstamp", "type": "datetime", "createable": false, "nillable": false},
		{"name": "LeadSource", "type": "picklist", "restrictedPicklist": true},
	} {
		for k, v := range want {
			require.Equal(t, v, byName[want["name"].(string)][k], "%s.%s", want["name"], k)
		}
	}
	require.Equal(t, "Web", byName["LeadSource"]["picklistValues"].([]any)[0].(map[string]any)["value"])

	b.header.Set("If-Modified-Since", a.header.Get("Last-Modified"))
	require.Equal(t, 304, b.do("GET", path, nil).status)
	b.org.AddCustomField("Contact", "Score__c", "Number")
	require.Equal(t, 200, b.do("GET", path, nil).status)
	id := b.create(fields{"LastName": "A", "Score__c": 5})
	require.Equal(t, 5.0, b.ok("GET", v67+"/sobjects/Contact/"+id+"?fields=Score__c", nil).object(t)["Score__c"])
	b.org.HideField("Contact.Score__c", true)
	require.Equal(t, "INVALID_FIELD", b.do("GET", soqlPathOf("/query", "SELECT Score__c FROM Contact"), nil).code(t))
}

func TestAnOrgWithoutCustomFieldsHasNoExternalID(t *testing.T) {
	b := newBench(t, Options{ExternalIDField: NoExternalID})
	require.Equal(t, 404, b.do("PATCH", v67+"/sobjects/Contact/GHL_Id__c/1", fields{"LastName": "A"}).status)
}

func TestTheDailyAllowanceRollsOver24Hours(t *testing.T) {
	b := newBench(t, Options{DailyRequests: 3})
	require.Equal(t, "api-usage=1/3", b.ok("GET", v67+"/sobjects", nil).header.Get("Sforce-Limit-Info"))
	b.clock.advance(12 * time.Hour)
	limits := b.ok("GET", v67+"/limits", nil).object(t)["DailyApiRequests"].(map[string]any)
	require.Equal(t, fields{"Max": 3.0, "Remaining": 1.0}, limits)
	require.Equal(t, 404, b.do("GET", v67+"/sobjects/Contact/nonsense", nil).status)
	a := b.do("GET", v67+"/limits", nil)
	require.Equal(t, 403, a.status)
	require.JSONEq(t, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, a.text)
	b.clock.advance(12 * time.Hour)
	require.Equal(t, "api-usage=3/3", b.ok("GET", v67+"/limits", nil).header.Get("Sforce-Limit-Info"))
	require.Equal(t, 403, b.do("GET", v67+"/limits", nil).status)
}

func TestAnEditionWithoutAPIStillAuthorises(t *testing.T) {
	b := newBench(t, Options{APIDisabled: true})
	a := b.do("GET", v67+"/limits", nil)
	require.Equal(t, 403, a.status)
	require.Equal(t, "API_DISABLED_FOR_ORG", a.code(t))
	b.ok("GET", "/services/oauth2/userinfo", nil)
	require.NotEmpty(t, b.code())
}

func TestTheDateHeaderIsTheOrgsClock(t *testing.T) {
	b := newBench(t, Options{})
	require.Equal(t, "Mon, 23 Nov 2026 17:00:00 GMT", b.ok("GET", v67+"/limits", nil).header.Get("Date"))
}

func TestAnswersAndBodiesMayBeCompressed(t *testing.T) {
	b := newBench(t, Options{})
	b.header.Set("Accept-Encoding", "gzip")
	a := b.ok("GET", v67+"/sobjects/Contact/describe", nil)
	require.Equal(t, "gzip", a.header.Get("Content-Encoding"))
	z, err := gzip.NewReader(bytes.NewReader([]byte(a.text)))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Contains(t, string(text), `"LastName"`)

	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, _ = w.Write([]byte(`{"LastName":"Zip"}`))
	require.NoError(t, w.Close())
	b.header.Set("Content-Encoding", "gzip")
	b.ok("POST", v67+"/sobjects/Contact", body.String())
	require.Equal(t, 1, b.org.Count("Contact"))
}

func TestStatsCountByOperation(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "A"})
	b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": "x"})
	b.ok("PATCH", v67+"/sobjects/Contact/GHL_Id__c/1", fields{"LastName": "B"})
	b.ok("DELETE", v67+"/sobjects/Contact/"+id, nil)
	b.do("GET", v67+"/sobjects/Contact/"+id, nil)
	b.query("SELECT Id FROM Contact")
	b.form("revoke", "token", "x")
	got := b.org.Stats()
	require.Equal(t, map[string]map[int]int{
		"POST /sobjects/{object}": {201: 1}, "PATCH /sobjects/{object}/{id}": {204: 1}, "PATCH /sobjects/{object}/{field}/{value}": {201: 1},
		"DELETE /sobjects/{object}/{id}": {204: 1}, "GET /sobjects/{object}/{id}": {404: 1}, "GET /query": {200: 1}, "POST /oauth2/revoke": {400: 1},
	}, got.Requests)
	require.Equal(t, []int{2, 1, 1, 6}, []int{got.Creates, got.Updates, got.Deletes, b.org.Requests()})
	b.org.ResetStats()
	require.Zero(t, b.org.Requests())
}

func TestAPersonsTypingErrorPanicsAndAMissingRecordIsAnError(t *testing.T) {
	org := New(Options{})
	id := org.Create("Contact", fields{"Email": "no last name and no real address"})
	require.Panics(t, func() { org.Create("Contact", fields{"Emial": "x"}) })
	require.Panics(t, func() { org.Create("Contcat", fields{}) })
	require.Panics(t, func() { _ = org.Edit("Contact", id, fields{"DoNotCall": "yes"}) })
	require.Error(t, org.Edit("Contact", "003000000000000AAA", fields{"Title": "x"}))
	require.Error(t, org.Merge(id))
	require.Error(t, org.Merge(id, id))
	require.Error(t, org.Undelete("Contact", id))
	old := org.Create("Contact", fields{"LastName": "Old", "CreatedDate": time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), "SystemModstamp": "2021-01-01T00:00:00Z"})
	got, _ := org.Get("Contact", old)
	require.Equal(t, "2020-01-02T03:04:05.000+0000", got["CreatedDate"])
	require.Equal(t, "2021-01-01T00:00:00.000+0000", got["SystemModstamp"])
}

func TestManyClientsAtOnceKeepTheOrgConsistent(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: time.Second, VisibilityLagRate: 0.5, RotateRefreshTokens: true, DuplicateRule: "alert"})
	b.header.Set("Sforce-Duplicate-Rule-Header", "allowSave=true")
	person := b.org.Create("Contact", fields{"LastName": "Edited"})
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 15 {
				records := []fields{}
				for j := range 5 {
					records = append(records, fields{"GHL_Id__c": fmt.Sprint((i+j)%20, "-", worker%2), "LastName": fmt.Sprint(worker), "Email": "same@x.co"})
				}
				b.ok("PATCH", v67+"/composite/sobjects/Contact/GHL_Id__c", collection(records...))
				b.query("SELECT Id, Owner.Name FROM Contact WHERE Email = 'same@x.co' ORDER BY SystemModstamp, Id")
				if err := b.org.Edit("Contact", person, fields{"Title": fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
				b.clock.advance(100 * time.Millisecond)
				if i%5 == 0 {
					var out bytes.Buffer
					if err := b.org.Save(&out); err != nil {
						t.Error(err)
					}
					b.org.HideField("Contact.Birthdate", i == 0)
					b.ok("GET", v67+"/sobjects/Contact/describe", nil)
				}
			}
		})
	}
	wg.Wait()
	b.clock.advance(time.Minute)
	require.Equal(t, 39, b.org.Count("Contact"), "19 external ids from each kind of worker, and one person")
	require.Len(t, b.query("SELECT Id FROM Contact ORDER BY SystemModstamp"), 39)
	require.Equal(t, http.StatusOK, b.do("GET", v67+"/limits", nil).status)
}
