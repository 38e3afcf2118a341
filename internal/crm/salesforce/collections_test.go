package salesforce

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

const mixedResults = `[{"id":"` + ada + `","success":true,"errors":[],"created":true},
	{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"Required fields are missing: [LastName]","fields":["LastName"]}]}]`

func TestEachRecordOfACollectionFailsByItself(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: mixedResults})
	records := []crm.Document{{"GHL_Id__c": "a", "LastName": "Lovelace"}, {"GHL_Id__c": "b", "LastName": ""}}
	results, err := o.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", records)
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: ada, Created: true}, results[0])
	require.Equal(t, crm.Rejected, results[1].Err.Kind)
	require.Equal(t, []string{"LastName"}, results[1].Err.Fields)
	require.Equal(t, "PATCH", o.last().method)
	require.Equal(t, "/services/data/v67.0/composite/sobjects/Contact/GHL_Id__c", o.last().uri)
	require.JSONEq(t, `{"allOrNone":false,"records":[
		{"attributes":{"type":"Contact"},"GHL_Id__c":"a","LastName":"Lovelace"},
		{"attributes":{"type":"Contact"},"GHL_Id__c":"b","LastName":""}]}`, o.last().body)
	require.NotContains(t, records[0], "attributes", "the caller's document is not changed")
}

func TestACollectionCreatesAndUpdates(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"id":"` + ada + `","success":true,"errors":[]}]`})
	results, err := o.CreateRecords(t.Context(), "Contact", []crm.Document{{"LastName": "Lovelace"}})
	require.NoError(t, err)
	require.Equal(t, []crm.SaveResult{{ID: ada, Created: true}}, results)
	require.Equal(t, "POST", o.last().method)
	require.Equal(t, "/services/data/v67.0/composite/sobjects", o.last().uri)

	results, err = o.UpdateRecords(t.Context(), "Contact", []crm.Document{{"id": ada, "LastName": "King"}})
	require.NoError(t, err)
	require.Equal(t, []crm.SaveResult{{ID: ada}}, results)
	require.Equal(t, "PATCH", o.last().method)
	require.JSONEq(t, `{"allOrNone":false,"records":[{"attributes":{"type":"Contact"},"id":"`+ada+`","LastName":"King"}]}`, o.last().body)
}

func TestADeletedCollectionCountsWhatWasGoneAsDeleted(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"id":"` + ada + `","success":true,"errors":[]},
		{"id":"003b","success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted","fields":[]}]},
		{"id":"003c","success":false,"errors":[{"statusCode":"DELETE_FAILED","message":"has cases","fields":[]}]}]`})
	results, err := o.DeleteRecords(t.Context(), []string{ada, "003b", "003c"})
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: ada}, results[0])
	require.Equal(t, crm.SaveResult{ID: "003b"}, results[1])
	require.Equal(t, crm.Rejected, results[2].Err.Kind)
	require.Equal(t, "DELETE", o.last().method)
	require.Equal(t, "/services/data/v67.0/composite/sobjects?allOrNone=false&ids="+ada+"%2C003b%2C003c", o.last().uri)
}

func TestRetrievedRecordsStandInTheOrderOfTheirIDs(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"attributes":{"type":"Contact"},"Id":"` + ada + `"},null]`})
	records, err := o.RetrieveRecords(t.Context(), "Contact", []string{ada, "003b"}, []string{"Id"})
	require.NoError(t, err)
	require.Equal(t, []crm.Document{{"Id": ada}, nil}, records)
	require.JSONEq(t, `{"ids":["`+ada+`","003b"],"fields":["Id"]}`, o.last().body)
	require.Equal(t, "/services/data/v67.0/composite/sobjects/Contact", o.last().uri)
}

func TestAWrongNumberOfResultsIsNotTrusted(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"id":"` + ada + `","success":true,"errors":[]}]`})
	two := []crm.Document{{"id": "a", "GHL_Id__c": "a"}, {"id": "b", "GHL_Id__c": "b"}}
	_, err := o.CreateRecords(t.Context(), "Contact", two)
	require.Equal(t, crm.Ambiguous, crm.KindOf(err))
	_, err = o.UpdateRecords(t.Context(), "Contact", two)
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	_, err = o.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", two)
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	_, err = o.DeleteRecords(t.Context(), []string{"a", "b"})
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	_, err = o.RetrieveRecords(t.Context(), "Contact", []string{"a", "b"}, []string{"Id"})
	require.Equal(t, crm.Unavailable, crm.KindOf(err))

	o = newOrg(t, scripted{status: 200, body: mixedResults})
	_, err = o.CreateRecords(t.Context(), "Contact", two[:1])
	require.Equal(t, crm.Ambiguous, crm.KindOf(err))
}

func TestASuccessWithoutAnIDIsNotTrusted(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `[{"success":true}]`})
	results, err := o.CreateRecords(t.Context(), "Contact", []crm.Document{{}})
	require.NoError(t, err)
	require.Equal(t, crm.Ambiguous, results[0].Err.Kind)
}

func TestCollectionsThatCannotBeSentTakeNoCall(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: "[]"})
	many := make([]crm.Document, 201)
	ids := make([]string, 2001)
	for i := range many {
		many[i] = crm.Document{"id": "a", "GHL_Id__c": "a"}
	}
	for name, call := range map[string]func() error{
		"201 creations":        func() error { _, err := o.CreateRecords(t.Context(), "Contact", many); return err },
		"201 updates":          func() error { _, err := o.UpdateRecords(t.Context(), "Contact", many); return err },
		"201 upserts":          func() error { _, err := o.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", many); return err },
		"201 deletions":        func() error { _, err := o.DeleteRecords(t.Context(), ids[:201]); return err },
		"2001 reads":           func() error { _, err := o.RetrieveRecords(t.Context(), "Contact", ids, []string{"Id"}); return err },
		"reads of no fields":   func() error { _, err := o.RetrieveRecords(t.Context(), "Contact", ids[:1], nil); return err },
		"an update with no id": func() error { _, err := o.UpdateRecords(t.Context(), "Contact", []crm.Document{{}}); return err },
		"an upsert with no external id": func() error {
			_, err := o.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", []crm.Document{{"GHL_Id__c": nil}})
			return err
		},
	} {
		require.Equal(t, crm.Invalid, crm.KindOf(call()), name)
	}
	for name, call := range map[string]func() (int, error){
		"creations": func() (int, error) { r, err := o.CreateRecords(t.Context(), "Contact", nil); return len(r), err },
		"updates":   func() (int, error) { r, err := o.UpdateRecords(t.Context(), "Contact", nil); return len(r), err },
		"upserts":   func() (int, error) { r, err := o.UpsertRecords(t.Context(), "Contact", "X", nil); return len(r), err },
		"deletions": func() (int, error) { r, err := o.DeleteRecords(t.Context(), nil); return len(r), err },
		"reads":     func() (int, error) { r, err := o.RetrieveRecords(t.Context(), "Contact", nil, nil); return len(r), err },
	} {
		count, err := call()
		require.NoError(t, err, name)
		require.Zero(t, count, name)
	}
	require.Empty(t, o.requests())
}
