package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestASalesforceContactIsCreatedReadChangedAndDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	write := activities.SalesforceWriteInput{
		Connection: acme, Object: "Contact",
		Record: w.seal(record.Salesforce, crm.Document{"LastName": "Lovelace", "Email": "ada@example.com", sandbox.ExternalIDField: "ghl-1"}),
	}
	created := do[activities.SalesforceSaved](w, onSalesforce.CreateSalesforceRecord, write)
	require.True(t, created.Created)
	require.Equal(t, w.onlyRow()["Id"], created.ID)

	named := activities.SalesforceRecordInput{Connection: acme, Object: "Contact", ID: created.ID}
	read := unseal[crm.Document](w, record.Salesforce, do[activities.SealedDocument](w, onSalesforce.GetSalesforceRecord, named).Document)
	require.Equal(t, "Lovelace", read["LastName"])
	require.Contains(t, read, "Birthdate", "without named fields, all that the rules map are read")
	require.Contains(t, read, sandbox.PlanField)

	external := activities.SalesforceRecordInput{
		Connection: acme, Object: "Contact", Field: sandbox.ExternalIDField, Value: "ghl-1", Fields: []string{"Id", "Email"},
	}
	byKey := unseal[crm.Document](w, record.Salesforce, do[activities.SealedDocument](w, onSalesforce.GetSalesforceRecordByExternalID, external).Document)
	require.Equal(t, created.ID, byKey["Id"])
	require.Equal(t, "ada@example.com", byKey["Email"])

	write.ID, write.Record = created.ID, w.seal(record.Salesforce, crm.Document{"LastName": "Lovelace-King", "Email": nil})
	require.Equal(t, created.ID, do[activities.SalesforceSaved](w, onSalesforce.UpdateSalesforceRecord, write).ID)
	require.Equal(t, "Lovelace-King", w.onlyRow()["LastName"])
	require.Nil(t, w.onlyRow()["Email"])

	write.ID, write.Field, write.Value = "", sandbox.ExternalIDField, "ghl-1"
	write.Record = w.seal(record.Salesforce, crm.Document{"FirstName": "Augusta", sandbox.ExternalIDField: "ghl-1"})
	upserted := do[activities.SalesforceSaved](w, onSalesforce.UpsertSalesforceRecord, write)
	require.Equal(t, activities.SalesforceSaved{ID: created.ID}, upserted)
	require.Equal(t, "Augusta", w.onlyRow()["FirstName"])

	do[any](w, onSalesforce.DeleteSalesforceRecord, named)
	require.Zero(t, w.sf.Count("Contact"))
	do[any](w, onSalesforce.DeleteSalesforceRecord, named)
	_, err := w.try(onSalesforce.GetSalesforceRecord, named)
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestARefusedSalesforceContactFailsWithTheFieldAndWithoutItsContent(t *testing.T) {
	w := newWorld(t, setting{})
	w.addSalesforce(row("Lovelace", "two@@example.com"))
	_, err := w.try(onSalesforce.CreateSalesforceRecord, activities.SalesforceWriteInput{
		Connection: acme, Object: "Contact", Record: w.seal(record.Salesforce, crm.Document{"LastName": "Hopper", "Email": "two@@example.com"}),
	})
	require.Equal(t, crm.Rejected, kindOf(t, err))
	p, ok := activities.ProblemOf(err)
	require.True(t, ok)
	require.Equal(t, []string{"Email"}, p.Fields)
	require.Equal(t, "INVALID_EMAIL_ADDRESS", p.Code)
}

func TestCollectionsTellTheOutcomeOfEachRecord(t *testing.T) {
	w := newWorld(t, setting{})
	batch := func(docs ...crm.Document) activities.SalesforceRecordsInput {
		return activities.SalesforceRecordsInput{
			Connection: acme, Object: "Contact", Field: sandbox.ExternalIDField, Records: w.seal(record.Salesforce, docs),
		}
	}
	created := do[activities.SalesforceSavedRecords](w, onSalesforce.CreateSalesforceRecords, batch(
		crm.Document{"LastName": "Lovelace"}, crm.Document{"FirstName": "Nameless"}, crm.Document{"LastName": "Hopperfield"})).Results
	require.Len(t, created, 3)
	require.Nil(t, created[0].Problem)
	require.Equal(t, crm.Rejected, created[1].Problem.Kind)
	require.Equal(t, []string{"LastName"}, created[1].Problem.Fields)
	require.Equal(t, "Hopperfield", w.row(created[2].ID)["LastName"])

	updated := do[activities.SalesforceSavedRecords](w, onSalesforce.UpdateSalesforceRecords, batch(
		crm.Document{"id": created[0].ID, "FirstName": "Ada"}, crm.Document{"id": created[2].ID, "FirstName": "Grace"})).Results
	require.Len(t, updated, 2)
	require.Equal(t, "Grace", w.row(created[2].ID)["FirstName"])

	upserted := do[activities.SalesforceSavedRecords](w, onSalesforce.UpsertSalesforceRecords, batch(
		crm.Document{sandbox.ExternalIDField: "ghl-1", "LastName": "Hamilton"})).Results
	require.True(t, upserted[0].Created)
	require.Equal(t, "ghl-1", w.row(upserted[0].ID)[sandbox.ExternalIDField])

	ids := activities.SalesforceIDsInput{
		Connection: acme, Object: "Contact", IDs: []string{created[0].ID, "003000000000000AAA", upserted[0].ID}, Fields: []string{"Id", "LastName"},
	}
	retrieved := do[activities.SealedDocuments](w, onSalesforce.RetrieveSalesforceRecords, ids)
	docs := unseal[[]crm.Document](w, record.Salesforce, retrieved.Documents)
	require.Len(t, docs, 3)
	require.Equal(t, "Lovelace", docs[0]["LastName"])
	require.Nil(t, docs[1])
	require.Equal(t, "Hamilton", docs[2]["LastName"])

	ids.IDs = []string{created[0].ID, upserted[0].ID}
	require.Len(t, do[activities.SalesforceSavedRecords](w, onSalesforce.DeleteSalesforceRecords, ids).Results, 2)
	require.Equal(t, "Hopperfield", w.onlyRow()["LastName"])
}

func TestCompositeCallsCarryTheirRecordsSealed(t *testing.T) {
	w := newWorld(t, setting{})
	requests := w.seal(record.Salesforce, []crm.Subrequest{
		{Method: "POST", URL: "/sobjects/Account", ReferenceID: "account", Body: crm.Document{"Name": "Analytical Engines"}},
		{Method: "POST", URL: "/sobjects/Contact", ReferenceID: "contact", Body: crm.Document{"LastName": "Lovelace", "AccountId": "@{account.id}"}},
	})
	out := do[activities.SalesforceCompositeResult](w, onSalesforce.CompositeSalesforce,
		activities.SalesforceCompositeInput{Connection: acme, Requests: requests})
	require.Equal(t, []int{201, 201}, out.Statuses)
	require.Len(t, unseal[[]map[string]any](w, record.Salesforce, out.Responses), 2)
	require.NotNil(t, w.onlyRow()["AccountId"])

	id := w.onlyRow()["Id"].(string)
	batch := do[activities.SalesforceCompositeResult](w, onSalesforce.CompositeBatchSalesforce, activities.SalesforceCompositeInput{
		Connection: acme, Requests: w.seal(record.Salesforce, []crm.Subrequest{
			{Method: "PATCH", URL: "/sobjects/Contact/" + id, Body: crm.Document{"FirstName": "Ada"}},
			{Method: "PATCH", URL: "/sobjects/Contact/003000000000000AAA", Body: crm.Document{"FirstName": "Nobody"}},
		}),
	})
	require.Equal(t, []int{204, 404}, batch.Statuses)
	require.Equal(t, "Ada", w.onlyRow()["FirstName"])
}

func TestAQueryIsPagedToItsEndAndQueryAllSeesTheDeleted(t *testing.T) {
	w := newWorld(t, setting{})
	rows := make([]map[string]any, 2001)
	for i := range rows {
		rows[i] = map[string]any{"LastName": fmt.Sprintf("L%d", i)}
	}
	ids := w.sf.Load("Contact", rows)
	in := activities.SalesforceQueryInput{Connection: acme, SOQL: w.seal(record.Salesforce, "SELECT Id, LastName FROM Contact ORDER BY Id")}
	first := do[activities.SalesforceRows](w, onSalesforce.QuerySalesforce, in)
	require.Equal(t, 2000, first.Count)
	require.Equal(t, 2001, first.Total)
	require.Equal(t, "L0", unseal[[]crm.Document](w, record.Salesforce, first.Rows)[0]["LastName"])
	second := do[activities.SalesforceRows](w, onSalesforce.QueryMoreSalesforce, activities.SalesforceQueryInput{Connection: acme, Next: first.Next})
	require.Equal(t, 1, second.Count)
	require.Empty(t, second.Next)

	require.NoError(t, w.sf.Delete("Contact", ids[7]))
	in.SOQL = w.seal(record.Salesforce, "SELECT Id FROM Contact WHERE IsDeleted = true")
	require.Zero(t, do[activities.SalesforceRows](w, onSalesforce.QuerySalesforce, in).Count)
	deleted := do[activities.SalesforceRows](w, onSalesforce.QueryAllSalesforce, in)
	require.Equal(t, ids[7], unseal[[]crm.Document](w, record.Salesforce, deleted.Rows)[0]["Id"])
}

func TestChangesAreListedByWindow(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	clock := now.Add(-time.Hour)
	w := newWorld(t, setting{Options: sandbox.Options{Salesforce: salesforcetest.Options{Clock: func() time.Time { return clock }}}})
	kept, gone := w.sf.Create("Contact", map[string]any{"LastName": "Lovelace"}), w.sf.Create("Contact", map[string]any{"LastName": "Hopper"})
	require.NoError(t, w.sf.Delete("Contact", gone))
	clock = now
	in := activities.SalesforceWindowInput{Connection: acme, Object: "Contact", Start: now.Add(-2 * time.Hour), End: now.Add(-time.Minute)}
	updated := do[crm.UpdatedIDs](w, onSalesforce.GetSalesforceUpdated, in)
	require.Contains(t, updated.IDs, kept)
	require.False(t, updated.CoveredUntil.IsZero())
	deleted := do[crm.DeletedIDs](w, onSalesforce.GetSalesforceDeleted, in)
	require.Len(t, deleted.Records, 1)
	require.Equal(t, gone, deleted.Records[0].ID)
}

func TestAnOrgTellsItsVersionsLimitsAndObjects(t *testing.T) {
	w := newWorld(t, setting{})
	in := activities.ConnectionInput{Connection: acme}
	require.NotEmpty(t, do[[]crm.Document](w, onSalesforce.ListSalesforceVersions, in))
	require.Contains(t, do[crm.Document](w, onSalesforce.GetSalesforceLimits, in), "DailyApiRequests")
	objects := do[activities.SealedDocuments](w, onSalesforce.ListSalesforceObjects, in)
	require.NotZero(t, objects.Count)
	require.Len(t, unseal[[]crm.Document](w, record.Salesforce, objects.Documents), objects.Count)
	describe := do[activities.SealedDocument](w, onSalesforce.DescribeSalesforceObject, activities.SalesforceObjectInput{Connection: acme, Object: "Contact"})
	require.Equal(t, "Contact", unseal[crm.Document](w, record.Salesforce, describe.Document)["name"])
}

func TestAnUnknownConnectionIsRefusedForGood(t *testing.T) {
	w := newWorld(t, setting{})
	_, err := w.try(onSalesforce.GetSalesforceLimits, activities.ConnectionInput{Connection: "nobody"})
	require.Equal(t, crm.Invalid, kindOf(t, err))
}
