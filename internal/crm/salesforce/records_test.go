package salesforce

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/crm"
)

const ada = "003000000000001AAA"

func TestARecordIsReadAsPlainFields(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"attributes":{"type":"Contact","url":"/x"},"Id":"` + ada + `","Score__c":12345678901234567890,
		"AccountId":null,"Account":{"attributes":{"type":"Account"},"Name":"Engines"},
		"Tasks":{"totalSize":1,"records":[{"attributes":{"type":"Task"},"Subject":"Call"}]}}`})
	got, err := o.GetRecord(t.Context(), "Contact", ada, []string{"Id", "Account.Name"})
	require.NoError(t, err)
	require.Equal(t, crm.Document{
		"Id": ada, "Score__c": json.Number("12345678901234567890"), "AccountId": nil,
		"Account": map[string]any{"Name": "Engines"},
		"Tasks":   map[string]any{"totalSize": json.Number("1"), "records": []any{map[string]any{"Subject": "Call"}}},
	}, got)
	require.Equal(t, "/services/data/v67.0/sobjects/Contact/"+ada+"?fields=Id%2CAccount.Name", o.last().uri)

	_, err = o.GetRecord(t.Context(), "Contact", ada, nil)
	require.NoError(t, err)
	require.Equal(t, "/services/data/v67.0/sobjects/Contact/"+ada, o.last().uri)
}

func TestExternalIDsAreEscapedInTheAddress(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: `{"id":"` + ada + `","created":false}`})
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.StringMatching(`[ -~äλ/?#%+&;.]{1,30}`).Draw(rt, "value")
		if value == "." || value == ".." {
			return
		}
		_, err := o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", value, nil)
		if err != nil {
			rt.Fatal(err)
		}
		escaped, found := strings.CutPrefix(o.last().uri, "/services/data/v67.0/sobjects/Contact/GHL_Id__c/")
		if !found || strings.ContainsAny(escaped, "/?#+") {
			rt.Fatalf("address %q", o.last().uri)
		}
		if back, err := url.PathUnescape(escaped); err != nil || back != value {
			rt.Fatalf("%q became %q", value, back)
		}
	})
}

func TestSeveralRecordsWithOneExternalIDAreMultipleMatches(t *testing.T) {
	o := newOrg(t, scripted{status: 300, body: `["/services/data/v67.0/sobjects/Contact/003a","/services/data/v67.0/sobjects/Contact/003b"]`})
	_, err := o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", "a", nil)
	require.Equal(t, crm.MultipleMatches, crm.KindOf(err))
	_, err = o.GetRecordByExternalID(t.Context(), "Contact", "GHL_Id__c", "a", nil)
	require.Equal(t, crm.MultipleMatches, crm.KindOf(err))
}

func TestAnUpsertTellsWhetherItCreated(t *testing.T) {
	o := newOrg(t,
		scripted{status: 201, body: `{"id":"` + ada + `","success":true,"errors":[],"created":true}`},
		scripted{status: 200, body: `{"id":"` + ada + `","success":true,"errors":[],"created":false}`})
	fields := crm.Document{"Id": "x", "ghl_id__c": "a", "LastName": "Lovelace", "Email": nil, "attributes": 1}
	saved, err := o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", "a", fields)
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: ada, Created: true}, saved)
	require.JSONEq(t, `{"LastName":"Lovelace","Email":null}`, o.last().body, "what is in the address is not sent again")
	require.Len(t, fields, 5, "the caller's document is not changed")
	saved, err = o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", "a", fields)
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: ada}, saved)
}

func TestAnUpsertByAFieldThatIsNotThereNeedsAccess(t *testing.T) {
	o := newOrg(t, scripted{status: 404, body: `[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist"}]`})
	_, err := o.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", "a", nil)
	e := refusal(t, err)
	require.Equal(t, crm.NeedsAccess, e.Kind)
	require.Equal(t, []string{"GHL_Id__c"}, e.Fields)
	_, err = o.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", []crm.Document{{"GHL_Id__c": "a"}})
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	_, err = o.GetRecordByExternalID(t.Context(), "Contact", "GHL_Id__c", "a", nil)
	require.Equal(t, crm.NotFound, crm.KindOf(err))
}

func TestAnUpdateSendsTheChangesOnly(t *testing.T) {
	o := newOrg(t, scripted{status: 204})
	require.NoError(t, o.UpdateRecord(t.Context(), "Contact", ada, crm.Document{"Id": ada, "Phone": nil}))
	require.Equal(t, "PATCH", o.last().method)
	require.Equal(t, "/services/data/v67.0/sobjects/Contact/"+ada, o.last().uri)
	require.JSONEq(t, `{"Phone":null}`, o.last().body)
}

func TestADeletionOfWhatIsGoneSucceeds(t *testing.T) {
	for _, answer := range []scripted{
		{status: 204},
		{status: 404, body: `[{"errorCode":"ENTITY_IS_DELETED","message":"entity is deleted"}]`},
		{status: 404, body: `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`},
	} {
		o := newOrg(t, answer)
		require.NoError(t, o.DeleteRecord(t.Context(), "Contact", ada))
		require.Equal(t, "DELETE", o.last().method)
	}
	o := newOrg(t, scripted{status: 404, body: "<html>"})
	require.Equal(t, crm.Unavailable, crm.KindOf(o.DeleteRecord(t.Context(), "Contact", ada)))
}
