package salesforce

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestACompositeCallNumbersItsPartsAndReadsTheirOutcomes(t *testing.T) {
	o := newOrgWith(t, Config{APIVersion: "66.0"}, scripted{status: 200, body: `{"compositeResponse":[
		{"body":{"id":"069a","success":true,"errors":[]},"httpHeaders":{},"httpStatusCode":201,"referenceId":"n"},
		{"body":{"attributes":{"type":"Contact"},"Id":"003a"},"httpHeaders":{},"httpStatusCode":200,"referenceId":"c"},
		{"body":null,"httpHeaders":{},"httpStatusCode":204,"referenceId":"d"}]}`})
	responses, err := o.Composite(t.Context(), []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/ContentNote", ReferenceID: "n", Body: crm.Document{"Title": "x"}},
		{Method: "GET", URL: "/sobjects/Contact/003a?fields=Id", ReferenceID: "c"},
		{Method: "DELETE", URL: "/sobjects/Task/@{n.id}", ReferenceID: "d"},
	})
	require.NoError(t, err)
	require.Equal(t, []crm.Subresponse{
		{ReferenceID: "n", Status: 201, Body: map[string]any{"id": "069a", "success": true, "errors": []any{}}},
		{ReferenceID: "c", Status: 200, Body: map[string]any{"Id": "003a"}},
		{ReferenceID: "d", Status: 204},
	}, responses)
	require.Equal(t, "/services/data/v66.0/composite", o.last().uri)
	require.JSONEq(t, `{"allOrNone":true,"compositeRequest":[
		{"method":"POST","url":"/services/data/v66.0/sobjects/ContentNote","referenceId":"n","body":{"Title":"x"}},
		{"method":"GET","url":"/services/data/v66.0/sobjects/Contact/003a?fields=Id","referenceId":"c"},
		{"method":"DELETE","url":"/services/data/v66.0/sobjects/Task/@{n.id}","referenceId":"d"}]}`, o.last().body)
}

func TestEachPartOfACompositeCallAllowsDuplicatesForItself(t *testing.T) {
	o := newOrgWith(t, Config{AllowDuplicates: true}, scripted{status: 200, body: `{"compositeResponse":[
		{"body":{},"httpStatusCode":201,"referenceId":"a"},{"body":{},"httpStatusCode":200,"referenceId":"b"}]}`})
	_, err := o.Composite(t.Context(), []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/Contact", ReferenceID: "a"}, {Method: "GET", URL: "/limits", ReferenceID: "b"},
	})
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(o.last().body, `"httpHeaders":{"Sforce-Duplicate-Rule-Header":"allowSave=true"}`))
}

func TestWhatACompositeCallUndidHasTheKindOfTheFailureThatUndidIt(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"compositeResponse":[
		{"body":[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back"}],"httpStatusCode":400,"referenceId":"a"},
		{"body":[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"m"}],"httpStatusCode":400,"referenceId":"b"}]}`})
	responses, err := o.Composite(t.Context(), []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/Task", ReferenceID: "a"}, {Method: "POST", URL: "/sobjects/Task", ReferenceID: "b"},
	})
	require.NoError(t, err)
	require.Equal(t, crm.Busy, responses[0].Err.Kind)
	require.Equal(t, "PROCESSING_HALTED", responses[0].Err.Code)
	require.Equal(t, crm.Busy, responses[1].Err.Kind)
}

func TestAPartsDuplicateNamesTheRecordOfItsOwnObject(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"compositeResponse":[{"httpStatusCode":400,"referenceId":"a","body":[{"errorCode":"DUPLICATES_DETECTED",
		"duplicateResult":{"matchResults":[{"entityType":"Lead","matchRecords":[{"record":{"Id":"00Q000000000001AAA"}}]},
		{"entityType":"Contact","matchRecords":[{"record":{"Id":"` + ada + `"}}]}]}}]}]}`})
	responses, err := o.Composite(t.Context(), []crm.Subrequest{{Method: "POST", URL: "/sobjects/Contact", ReferenceID: "a"}})
	require.NoError(t, err)
	require.Equal(t, crm.Duplicate, responses[0].Err.Kind)
	require.Equal(t, ada, responses[0].Err.ExistingID)
}

func TestABatchReadsItsPartsOutcomes(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"hasErrors":true,"results":[
		{"statusCode":200,"result":{"attributes":{"type":"Contact"},"Id":"003a","Score__c":1.50}},
		{"statusCode":404,"result":[{"errorCode":"NOT_FOUND","message":"x"}]},
		{"statusCode":500,"result":[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]},
		{"statusCode":500,"result":[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]},
		{"statusCode":300,"result":["/a","/b"]}]}`})
	responses, err := o.CompositeBatch(t.Context(), []crm.Subrequest{
		{Method: "GET", URL: "/sobjects/Contact/003a", ReferenceID: "a"},
		{Method: "GET", URL: "/sobjects/Contact/003b"},
		{Method: "POST", URL: "/sobjects/Contact", Body: crm.Document{"LastName": "x"}},
		{Method: "PATCH", URL: "/sobjects/Contact/003c", Body: crm.Document{"LastName": "x"}},
		{Method: "PATCH", URL: "/sobjects/Contact/GHL_Id__c/x", Body: crm.Document{"LastName": "x"}},
	})
	require.NoError(t, err)
	require.Equal(t, crm.Subresponse{ReferenceID: "a", Status: 200, Body: map[string]any{"Id": "003a", "Score__c": json.Number("1.50")}}, responses[0])
	require.Equal(t, crm.NotFound, responses[1].Err.Kind)
	require.Equal(t, crm.Ambiguous, responses[2].Err.Kind)
	require.Equal(t, crm.Unavailable, responses[3].Err.Kind)
	require.Equal(t, crm.MultipleMatches, responses[4].Err.Kind)
	require.Equal(t, "/services/data/v67.0/composite/batch", o.last().uri)
	var body struct {
		BatchRequests []struct{ Method, URL string } `json:"batchRequests"`
	}
	require.NoError(t, json.Unmarshal([]byte(o.last().body), &body))
	require.Equal(t, "v67.0/sobjects/Contact/003a", body.BatchRequests[0].URL)
	require.Contains(t, o.last().body, `"richInput":{"LastName":"x"}`)
}

func TestACompositeAnswerThatDoesNotFitTheRequestIsNotTrusted(t *testing.T) {
	requests := []crm.Subrequest{{Method: "POST", URL: "/sobjects/Task", ReferenceID: "a"}}
	o := newOrg(t, scripted{status: 200, body: `{"compositeResponse":[{"body":{},"httpStatusCode":201,"referenceId":"other"}]}`})
	_, err := o.Composite(t.Context(), requests)
	require.Equal(t, crm.Ambiguous, crm.KindOf(err))
	o = newOrg(t, scripted{status: 200, body: `{"results":[]}`})
	_, err = o.CompositeBatch(t.Context(), requests)
	require.Equal(t, crm.Ambiguous, crm.KindOf(err))
}

func TestCompositeCallsThatCannotBeSentTakeNoCall(t *testing.T) {
	get := crm.Subrequest{Method: "GET", URL: "/limits", ReferenceID: "a"}
	with := func(change func(*crm.Subrequest)) []crm.Subrequest { s := get; change(&s); return []crm.Subrequest{s} }
	o := newOrg(t, scripted{status: 200})
	for name, requests := range map[string][]crm.Subrequest{
		"none":             nil,
		"26":               make([]crm.Subrequest, 26),
		"method":           with(func(s *crm.Subrequest) { s.Method = "HEAD" }),
		"absolute address": with(func(s *crm.Subrequest) { s.URL = "/services/data/v67.0/limits" }),
		"another host":     with(func(s *crm.Subrequest) { s.URL = "//evil.example/limits" }),
		"no slash":         with(func(s *crm.Subrequest) { s.URL = "limits" }),
	} {
		_, err := o.Composite(t.Context(), requests)
		require.Equal(t, crm.Invalid, crm.KindOf(err), name)
		_, err = o.CompositeBatch(t.Context(), requests)
		require.Equal(t, crm.Invalid, crm.KindOf(err), name)
	}
	for name, requests := range map[string][]crm.Subrequest{
		"twice":     {get, get},
		"missing":   with(func(s *crm.Subrequest) { s.ReferenceID = "" }),
		"malformed": with(func(s *crm.Subrequest) { s.ReferenceID = "a.b" }),
	} {
		_, err := o.Composite(t.Context(), requests)
		require.Equal(t, crm.Invalid, crm.KindOf(err), name)
	}
	require.Empty(t, o.requests())
}

func TestAUsedUpAllowanceUndoesACompositeCallForAsLong(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"compositeResponse":[
		{"body":[{"errorCode":"PROCESSING_HALTED"}],"httpStatusCode":400,"referenceId":"a"},
		{"body":[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}],"httpStatusCode":403,"referenceId":"b"}]}`})
	responses, err := o.Composite(t.Context(), []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/Task", ReferenceID: "a"}, {Method: "POST", URL: "/sobjects/Task", ReferenceID: "b"},
	})
	require.NoError(t, err)
	require.Equal(t, crm.RateLimited, responses[0].Err.Kind)
	require.Equal(t, 30*time.Minute, responses[0].Err.RetryAfter)
	require.False(t, strings.Contains(responses[0].Err.Error(), "rolled back"), "the vendor's words stay out")
}
