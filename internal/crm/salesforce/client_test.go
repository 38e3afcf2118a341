package salesforce

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

var expired = scripted{status: 401, body: `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	_, err := New(Config{APIVersion: "v67", ClientName: "a,client=b"})
	require.ErrorContains(t, err, "Tokens")
	require.ErrorContains(t, err, "APIVersion")
	require.ErrorContains(t, err, "ClientName")
	_, err = New(Config{Tokens: &grant{}, APIVersion: "45.0"})
	require.ErrorContains(t, err, "at least 52.0")
}

func TestAnExpiredTokenIsRefreshedOnceAndTheCallMadeAgain(t *testing.T) {
	o := newOrg(t, expired, scripted{status: 201, body: `{"id":"003000000000001AAA","success":true,"errors":[]}`})
	id, err := o.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "Lovelace"})
	require.NoError(t, err)
	require.Equal(t, "003000000000001AAA", id)
	require.Equal(t, []string{"secret-token-0"}, o.grant.refused)
	requests := o.requests()
	require.Len(t, requests, 2)
	require.Equal(t, "Bearer secret-token-0", requests[0].header.Get("Authorization"))
	require.Equal(t, "Bearer secret-token-1", requests[1].header.Get("Authorization"))
	require.Equal(t, requests[0].body, requests[1].body)
	require.Equal(t, 2, o.limiter.acquired)
	require.Len(t, o.limiter.observed, 2)
}

func TestASecondRefusalNeedsReconnect(t *testing.T) {
	o := newOrg(t, expired)
	_, err := o.CreateRecord(t.Context(), "Contact", nil)
	e := refusal(t, err)
	require.Equal(t, crm.NeedsReconnect, e.Kind)
	require.Equal(t, 401, e.Status)
	require.Len(t, o.requests(), 2)
	require.Len(t, o.grant.refused, 1)
}

func TestARefusalWithoutABodyCountsAsExpiry(t *testing.T) {
	o := newOrg(t, scripted{status: 401}, scripted{status: 200, body: `{}`})
	_, err := o.GetLimits(t.Context())
	require.NoError(t, err)
}

func TestARefusalThatIsNoExpiryIsNotRefreshed(t *testing.T) {
	for body, kind := range map[string]crm.Kind{
		`[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]`: crm.NeedsAccess,
		`[{"message":"Connected app is not attached to Agent","errorCode":"INVALID_SESSION_ID"}]`:              crm.NeedsAccess,
		`[{"message":"INVALID_HEADER_TYPE","errorCode":"INVALID_AUTH_HEADER"}]`:                                crm.NeedsReconnect,
	} {
		o := newOrg(t, scripted{status: 401, body: body})
		_, err := o.GetLimits(t.Context())
		require.Equal(t, kind, crm.KindOf(err), body)
		require.Len(t, o.requests(), 1)
		require.Empty(t, o.grant.refused)
	}
}

func TestAFailedRefreshPassesThrough(t *testing.T) {
	o := newOrg(t, expired)
	gone := &crm.Error{Kind: crm.NeedsReconnect}
	o.grant.refreshErr = gone
	_, err := o.GetLimits(t.Context())
	require.Same(t, gone, err)
	require.Len(t, o.requests(), 1)
}

func TestARefreshedTokenMayNameAnotherInstance(t *testing.T) {
	moved := newOrg(t, scripted{status: 200, body: `{"DailyApiRequests":{"Max":15000}}`})
	o := newOrg(t, expired)
	o.Client.tokens = relocating{o.grant, moved.server.URL}
	limits, err := o.GetLimits(t.Context())
	require.NoError(t, err)
	require.Equal(t, "15000", fmt.Sprint(limits["DailyApiRequests"].(map[string]any)["Max"]))
	require.Len(t, moved.requests(), 1)
}

func TestTheHeadersSayWhoCallsAndWhatMayBeSaved(t *testing.T) {
	o := newOrgWith(t, Config{ClientName: "Tandem/1", AllowDuplicates: true, APIVersion: "66.0"}, scripted{status: 200, body: `{"id":"003"}`})
	_, err := o.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "x"})
	require.NoError(t, err)
	require.Equal(t, "/services/data/v66.0/sobjects/Contact", o.last().uri)
	require.Equal(t, "client=Tandem/1", o.last().header.Get("Sforce-Call-Options"))
	require.Equal(t, "allowSave=true", o.last().header.Get("Sforce-Duplicate-Rule-Header"))
	require.Equal(t, "application/json", o.last().header.Get("Content-Type"))
	require.Equal(t, "gzip", o.last().header.Get("Accept-Encoding"))

	_, err = o.GetLimits(t.Context())
	require.NoError(t, err)
	require.Empty(t, o.last().header.Get("Sforce-Duplicate-Rule-Header"))

	plain := newOrg(t, scripted{status: 200, body: `{"id":"003"}`})
	_, err = plain.CreateRecord(t.Context(), "Contact", nil)
	require.NoError(t, err)
	require.Equal(t, "{}", plain.last().body)
	require.NotContains(t, plain.last().header, "Sforce-Duplicate-Rule-Header")
	require.NotContains(t, plain.last().header, "Sforce-Call-Options")
}

func TestTheVersionsAreReadWithoutAToken(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"label":"Summer '26","url":"/services/data/v67.0","version":"67.0"}]`})
	versions, err := o.ListVersions(t.Context())
	require.NoError(t, err)
	require.Equal(t, []crm.Document{{"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}}, versions)
	require.Equal(t, "/services/data/", o.last().uri)
	require.Empty(t, o.last().header.Get("Authorization"))

	o = newOrg(t, expired)
	_, err = o.ListVersions(t.Context())
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Empty(t, o.grant.refused)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := newOrg(t, scripted{status: 200, body: `{}`})
	given := &http.Client{}
	o := newOrgWith(t, Config{HTTP: given}, scripted{status: 302, header: map[string]string{"Location": elsewhere.server.URL}})
	_, err := o.GetLimits(t.Context())
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.Empty(t, elsewhere.requests())
	require.Nil(t, given.CheckRedirect, "the given client is not changed")
}

func TestEveryCallHasATimeLimit(t *testing.T) {
	require.Equal(t, 60*time.Second, httpClient(nil).Timeout)
	require.Equal(t, 60*time.Second, httpClient(&http.Client{}).Timeout)
	require.Equal(t, time.Second, httpClient(&http.Client{Timeout: time.Second}).Timeout)
}

func TestACompressedAnswerIsRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = packed.Write([]byte(`{"a":1}`))
		_ = packed.Close()
	}))
	t.Cleanup(server.Close)
	limits, err := clientOf(t, server.URL).GetLimits(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", fmt.Sprint(limits["a"]))
}

func TestAnAnswerBeyondTheCapIsNotTaken(t *testing.T) {
	body := `{"a":"` + strings.Repeat("x", 100) + `"}`
	o := newOrg(t, scripted{status: 200, body: body})
	o.Client.largestBody = int64(len(body))
	_, err := o.GetLimits(t.Context())
	require.NoError(t, err)
	o.Client.largestBody--
	_, err = o.GetLimits(t.Context())
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	_, err = o.CreateRecord(t.Context(), "Contact", nil)
	require.Equal(t, crm.Ambiguous, crm.KindOf(err))
	require.Len(t, o.limiter.observed, 3)
}

func TestWhatCannotBeAddressedIsInvalidWithoutACall(t *testing.T) {
	o := newOrg(t, scripted{status: 200})
	for _, part := range []string{"", ".", ".."} {
		require.Equal(t, crm.Invalid, crm.KindOf(o.DeleteRecord(t.Context(), "Contact", part)))
		_, err := o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", part, nil)
		require.Equal(t, crm.Invalid, crm.KindOf(err))
	}
	_, err := o.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": func() {}})
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	require.Empty(t, o.requests())
}

func TestATokenWithoutAnInstanceNeedsReconnect(t *testing.T) {
	for _, instance := range []string{"", "acme.my.salesforce.com", "ftp://acme", "https://user:pass@acme", "https://", "%"} {
		_, err := clientOf(t, instance).GetLimits(t.Context())
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err), instance)
	}
}

func TestEveryAnswerTellsTheLimiterWhatIsLeft(t *testing.T) {
	info := map[string]string{"Sforce-Limit-Info": "api-usage=18/15000"}
	o := newOrg(t, scripted{status: 200, body: `{}`, header: info}, scripted{status: 200, body: `{}`},
		scripted{status: 403, body: `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`, header: info})
	for range 3 {
		_, _ = o.GetLimits(t.Context())
	}
	for i := range o.limiter.observed {
		require.WithinDuration(t, time.Now(), o.limiter.observed[i].Date, time.Minute, "the vendor's clock")
		o.limiter.observed[i].Date = time.Time{}
	}
	require.Equal(t, []crm.Usage{
		{BurstRemaining: -1, DailyLimit: 15000, DailyRemaining: 14982},
		{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1},
		{BurstRemaining: -1, DailyLimit: 15000, DailyRemaining: 14982, Refused: true, RetryAfterSeconds: 1800},
	}, o.limiter.observed)
}

func TestConcurrentCallsShareTheClient(t *testing.T) {
	var mu sync.Mutex
	refusals := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer secret-token-0" {
			mu.Lock()
			refusals++
			mu.Unlock()
			w.WriteHeader(401)
			_, _ = w.Write([]byte(expired.body))
			return
		}
		_, _ = w.Write([]byte(`{"id":"` + strings.TrimPrefix(r.URL.Path, "/services/data/v67.0/sobjects/Contact/GHL_Id__c/") + `","created":true}`))
	}))
	t.Cleanup(server.Close)
	tokens := &grant{instance: server.URL}
	client, err := New(Config{Tokens: tokens, HTTP: &http.Client{}})
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			value := fmt.Sprintf("id%d", i)
			saved, err := client.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", value, crm.Document{"LastName": value})
			if err != nil || saved.ID != value || !saved.Created {
				t.Errorf("%s: %+v, %v", value, saved, err)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, tokens.generation, "one refresh for all")
	require.Len(t, tokens.refused, refusals)
}

func TestATokenGoesToSalesforcesOwnHostsOnlyUnlessTheCallerSaysOtherwise(t *testing.T) {
	for _, instance := range []string{"https://evil.invalid", "http://acme.my.salesforce.com", "https://acme.my.salesforce.com:8443", "https://acme.my.salesforce.com.evil.invalid"} {
		client, err := New(Config{Tokens: &grant{instance: instance}})
		require.NoError(t, err)
		_, err = client.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "Lovelace"})
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err), "%s: %v", instance, err)
	}
}
