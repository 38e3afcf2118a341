package salesforce_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
)

func TestARecordsLife(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{ClientName: "Tandem/1"})
	id, err := client.CreateRecord(t.Context(), "Contact", crm.Document{"LastName": "Lovelace", "Email": "ada@example.com"})
	require.NoError(t, err)
	require.Len(t, id, 18)

	require.NoError(t, client.UpdateRecord(t.Context(), "Contact", id, crm.Document{"FirstName": "Ada", "Email": nil}))
	got, err := client.GetRecord(t.Context(), "Contact", id, []string{"Id", "FirstName", "LastName", "Email"})
	require.NoError(t, err)
	require.Equal(t, crm.Document{"Id": id, "FirstName": "Ada", "LastName": "Lovelace", "Email": nil}, got)

	require.NoError(t, client.DeleteRecord(t.Context(), "Contact", id))
	require.NoError(t, client.DeleteRecord(t.Context(), "Contact", id), "a second deletion leaves the same state")
	require.Zero(t, fake.Count("Contact"))
	_, err = client.GetRecord(t.Context(), "Contact", id, []string{"Id"})
	require.Equal(t, crm.NotFound, crm.KindOf(err))
	require.Equal(t, crm.NotFound, crm.KindOf(client.UpdateRecord(t.Context(), "Contact", id, crm.Document{"FirstName": "x"})))
}

func TestAnUpsertRepeatsWithoutASecondRecord(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	for _, value := range []string{"ocQHyuzHvysMo5N5VsXc", "a/b c?d#e%2F+ä"} {
		first, err := client.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", value, crm.Document{"LastName": "Lovelace"})
		require.NoError(t, err)
		require.True(t, first.Created)
		second, err := client.UpsertRecord(t.Context(), "Contact", "GHL_Id__c", value, crm.Document{"LastName": "King"})
		require.NoError(t, err)
		require.Equal(t, crm.SaveResult{ID: first.ID}, second)
		got, err := client.GetRecordByExternalID(t.Context(), "Contact", "GHL_Id__c", value, []string{"Id", "LastName", "GHL_Id__c"})
		require.NoError(t, err)
		require.Equal(t, crm.Document{"Id": first.ID, "LastName": "King", "GHL_Id__c": value}, got)
	}
	require.Equal(t, 2, fake.Count("Contact"))
	_, err := client.UpsertRecord(t.Context(), "Contact", "Missing__c", "a", crm.Document{"LastName": "x"})
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
}

func TestAnExternalIDOfTwoRecordsIsMultipleMatches(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	fake.AddCustomField("Contact", "Legacy__c", "Text", salesforcetest.ExternalID())
	fake.Create("Contact", map[string]any{"LastName": "a", "Legacy__c": "x"})
	fake.Create("Contact", map[string]any{"LastName": "b", "Legacy__c": "x"})
	_, err := client.UpsertRecord(t.Context(), "Contact", "Legacy__c", "x", crm.Document{"LastName": "c"})
	require.Equal(t, crm.MultipleMatches, crm.KindOf(err))
	_, err = client.GetRecordByExternalID(t.Context(), "Contact", "Legacy__c", "x", nil)
	require.Equal(t, crm.MultipleMatches, crm.KindOf(err))
	results, err := client.UpsertRecords(t.Context(), "Contact", "Legacy__c", []crm.Document{{"Legacy__c": "x", "LastName": "c"}})
	require.NoError(t, err)
	require.Equal(t, crm.MultipleMatches, results[0].Err.Kind)
}

func TestCollectionsFailRecordByRecord(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	created, err := client.CreateRecords(t.Context(), "Contact", []crm.Document{
		{"LastName": "Lovelace", "GHL_Id__c": "a"}, {"FirstName": "nobody"}, {"LastName": "Babbage", "Mood__c": "x"},
	})
	require.NoError(t, err)
	require.Nil(t, created[0].Err)
	require.True(t, created[0].Created)
	require.Equal(t, crm.Rejected, created[1].Err.Kind)
	require.Equal(t, []string{"LastName"}, created[1].Err.Fields)
	require.Equal(t, crm.NeedsAccess, created[2].Err.Kind)

	upserted, err := client.UpsertRecords(t.Context(), "Contact", "GHL_Id__c", []crm.Document{
		{"GHL_Id__c": "a", "LastName": "King"}, {"GHL_Id__c": "b", "LastName": "Babbage"},
	})
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: created[0].ID}, upserted[0])
	require.True(t, upserted[1].Created)
	bob := upserted[1].ID

	updated, err := client.UpdateRecords(t.Context(), "Contact", []crm.Document{{"id": bob, "FirstName": "Charles"}, {"id": bob[:10] + "zzzzz", "FirstName": "x"}})
	require.NoError(t, err)
	require.Equal(t, crm.SaveResult{ID: bob}, updated[0])
	require.Equal(t, crm.NotFound, updated[1].Err.Kind)

	deleted, err := client.DeleteRecords(t.Context(), []string{created[0].ID})
	require.NoError(t, err)
	require.Equal(t, []crm.SaveResult{{ID: created[0].ID}}, deleted)
	deleted, err = client.DeleteRecords(t.Context(), []string{created[0].ID})
	require.NoError(t, err)
	require.Equal(t, []crm.SaveResult{{ID: created[0].ID}}, deleted, "a second deletion succeeds")

	records, err := client.RetrieveRecords(t.Context(), "Contact", []string{created[0].ID, bob}, []string{"Id", "FirstName"})
	require.NoError(t, err)
	require.Equal(t, []crm.Document{nil, {"Id": bob, "FirstName": "Charles"}}, records)
	require.Equal(t, 1, fake.Count("Contact"))
}

func TestADuplicateNamesTheRecordThatStandsInTheWay(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{DuplicateRule: "alert"}, salesforce.Config{})
	ada := fake.Create("Contact", map[string]any{"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com", "GHL_Id__c": "a"})
	again := crm.Document{"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com"}
	unique := crm.Document{"LastName": "Other", "Email": "other@example.com", "GHL_Id__c": "a"}

	for _, fields := range []crm.Document{again, unique} {
		_, err := client.CreateRecord(t.Context(), "Contact", fields)
		require.Equal(t, crm.Duplicate, crm.KindOf(err))
		var e *crm.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, ada, e.ExistingID)
		results, err := client.CreateRecords(t.Context(), "Contact", []crm.Document{fields})
		require.NoError(t, err)
		require.Equal(t, ada, results[0].Err.ExistingID)
	}
}

func TestAWarningDuplicateRuleCanBeOverruled(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{DuplicateRule: "alert"}, salesforce.Config{AllowDuplicates: true})
	again := crm.Document{"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com"}
	for range 2 {
		_, err := client.CreateRecord(t.Context(), "Contact", again)
		require.NoError(t, err)
	}
	responses, err := client.Composite(t.Context(), []crm.Subrequest{{Method: "POST", URL: "/sobjects/Contact", ReferenceID: "a", Body: again}})
	require.NoError(t, err)
	require.Nil(t, responses[0].Err)
	require.Equal(t, 3, fake.Count("Contact"))
}
