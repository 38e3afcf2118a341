package salesforce

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestAQueryIsReadOverManyPagesAtAnotherAPIVersion(t *testing.T) {
	const pages = 5
	var answers []scripted
	for page := range pages {
		next := fmt.Sprintf(`"done":false,"nextRecordsUrl":"/services/data/v61.0/query/01gX-%d",`, 2000*(page+1))
		if page == pages-1 {
			next = `"done":true,"nextRecordsUrl":"/services/data/v61.0/query/never",`
		}
		answers = append(answers, scripted{status: 200, body: fmt.Sprintf(
			`{"totalSize":%d,%s"records":[{"attributes":{"type":"Contact"},"Id":"id%d","Account":{"attributes":{},"Name":"n"}}]}`, pages, next, page)})
	}
	o := newOrgWith(t, Config{APIVersion: "61.0"}, answers...)
	page, err := o.QueryAll(t.Context(), "SELECT Id FROM Contact WHERE Name = 'a+b&c'")
	require.NoError(t, err)
	require.Equal(t, "/services/data/v61.0/queryAll?q=SELECT+Id+FROM+Contact+WHERE+Name+%3D+%27a%2Bb%26c%27", o.last().uri)
	rows := page.Rows
	for i := 1; page.Next != ""; i++ {
		page, err = o.QueryMore(t.Context(), page.Next)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("/services/data/v61.0/query/01gX-%d", 2000*i), o.last().uri)
		rows = append(rows, page.Rows...)
	}
	require.Len(t, rows, pages)
	require.Equal(t, crm.Document{"Id": "id4", "Account": map[string]any{"Name": "n"}}, rows[4])
	require.Equal(t, pages, page.Total)
	require.Len(t, o.requests(), pages)
}

func TestACursorThatLeadsElsewhereIsRefusedWithoutACall(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"totalSize":0,"done":true,"records":[]}`})
	for _, next := range []string{
		"", "query/01gX-2000", "https://evil.example/services/data/v67.0/query/01gX", "//evil.example/services/data/v67.0/query/01gX",
		"/services/apexrest/x", "/services/data/../apexrest/x", "/services/data/v67.0/query/%2e%2e/%2e%2e/x",
		"http://user@" + strings.TrimPrefix(o.server.URL, "http://") + "/services/data/v67.0/query/01gX",
		"/services/data/v67.0/query/01gX?x=1", "mailto:x", "%",
	} {
		_, err := o.QueryMore(t.Context(), next)
		require.Equal(t, crm.Invalid, crm.KindOf(err), next)
	}
	require.Empty(t, o.requests())
	_, err := o.QueryMore(t.Context(), o.server.URL+"/services/data/v67.0/query/01gX-2000")
	require.NoError(t, err, "the org's own host may be named")
	require.Equal(t, "/services/data/v67.0/query/01gX-2000", o.last().uri)
}

func TestAnExpiredCursorTellsSo(t *testing.T) {
	o := newOrg(t, scripted{status: 400, body: `[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]`})
	_, err := o.QueryMore(t.Context(), "/services/data/v67.0/query/01gX-2000")
	require.Equal(t, "INVALID_QUERY_LOCATOR", refusal(t, err).Code)
}

func TestAQueryTooLongForAnAddressTakesNoCall(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"totalSize":0,"done":true,"records":[]}`})
	room := largestAddress - len(o.server.URL+"/services/data/v67.0/query?q=")
	_, err := o.Query(t.Context(), strings.Repeat("x", room))
	require.NoError(t, err)
	_, err = o.Query(t.Context(), strings.Repeat("x", room+1))
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	_, err = o.Query(t.Context(), strings.Repeat("'", room/3+1))
	require.Equal(t, crm.Invalid, crm.KindOf(err), "the escaped length counts")
	require.Len(t, o.requests(), 1)
}

func TestChangesAreReadWithTheWindowTheyCover(t *testing.T) {
	start := time.Date(2026, 11, 23, 17, 0, 0, 0, time.FixedZone("", 3600))
	o := newOrg(t, scripted{status: 200, body: `{"ids":["003a"],"latestDateCovered":"2026-11-23T16:59:00.000+0000"}`})
	updated, err := o.GetUpdated(t.Context(), "Contact", start, start.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, crm.UpdatedIDs{IDs: []string{"003a"}, CoveredUntil: time.Date(2026, 11, 23, 16, 59, 0, 0, time.UTC)}, updated)
	require.Equal(t, "/services/data/v67.0/sobjects/Contact/updated/?end=2026-11-23T17%3A00%3A00%2B00%3A00&start=2026-11-23T16%3A00%3A00%2B00%3A00", o.last().uri)

	o = newOrg(t, scripted{status: 200, body: `{"deletedRecords":[{"id":"003a","deletedDate":"2026-11-23T16:20:00.000+0000"}],
		"earliestDateAvailable":"2026-11-08T00:00:00.000+0000","latestDateCovered":"2026-11-23T16:59:00.000+0000"}`})
	deleted, err := o.GetDeleted(t.Context(), "Contact", start, start.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, crm.DeletedIDs{
		Records:           []crm.DeletedID{{ID: "003a", DeletedAt: time.Date(2026, 11, 23, 16, 20, 0, 0, time.UTC)}},
		EarliestAvailable: time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC),
		CoveredUntil:      time.Date(2026, 11, 23, 16, 59, 0, 0, time.UTC),
	}, deleted)
}

func TestChangesWithoutReadableTimesAreNotTrusted(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"ids":[],"latestDateCovered":"soon"}`,
		`{"deletedRecords":[{"id":"a","deletedDate":""}],"earliestDateAvailable":"2026-11-08T00:00:00Z","latestDateCovered":"2026-11-08T00:00:00Z"}`,
	} {
		o := newOrg(t, scripted{status: 200, body: body})
		_, err := o.GetDeleted(t.Context(), "Contact", time.Now(), time.Now())
		require.Equal(t, crm.Unavailable, crm.KindOf(err), body)
		if !strings.Contains(body, "deletedRecords") {
			_, err = o.GetUpdated(t.Context(), "Contact", time.Now(), time.Now())
			require.Equal(t, crm.Unavailable, crm.KindOf(err), body)
		}
	}
}

func TestTheDescribesAreReadWhole(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"encoding":"UTF-8","sobjects":[{"name":"Contact","createable":true}]}`})
	objects, err := o.ListObjects(t.Context())
	require.NoError(t, err)
	require.Equal(t, []crm.Document{{"name": "Contact", "createable": true}}, objects)
	require.Equal(t, "/services/data/v67.0/sobjects", o.last().uri)

	o = newOrg(t, scripted{status: 200, body: `{"name":"Contact","fields":[{"name":"attributes"}]}`})
	described, err := o.DescribeObject(t.Context(), "Contact")
	require.NoError(t, err)
	require.Equal(t, crm.Document{"name": "Contact", "fields": []any{map[string]any{"name": "attributes"}}}, described)
	require.Equal(t, "/services/data/v67.0/sobjects/Contact/describe", o.last().uri)
}
