package salesforce_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
)

func TestANoteIsMadeWithItsLinkAndReadBack(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	contact := fake.Create("Contact", map[string]any{"LastName": "Lovelace"})
	requests := func(html string) []crm.Subrequest {
		return []crm.Subrequest{
			{Method: "POST", URL: "/sobjects/ContentNote", ReferenceID: "note", Body: crm.Document{
				"Title": "Call", "Content": base64.StdEncoding.EncodeToString([]byte(html)),
			}},
			{Method: "POST", URL: "/sobjects/ContentDocumentLink", ReferenceID: "link", Body: crm.Document{
				"ContentDocumentId": "@{note.id}", "LinkedEntityId": contact, "ShareType": "V",
			}},
		}
	}
	responses, err := client.Composite(t.Context(), requests("Tea &amp; cake"))
	require.NoError(t, err)
	require.Nil(t, responses[1].Err)
	id := responses[0].Body.(map[string]any)["id"].(string)
	content, err := client.GetBlob(t.Context(), "ContentNote", id, "Content", 1000)
	require.NoError(t, err)
	require.Equal(t, "<p>Tea &amp; cake</p>\n", string(content))
	page, err := client.Query(t.Context(), "SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '"+contact+"'")
	require.NoError(t, err)
	require.Equal(t, []crm.Document{{"ContentDocumentId": id}}, page.Rows)
	_, err = client.Query(t.Context(), "SELECT Id FROM ContentDocumentLink")
	require.Equal(t, crm.Invalid, crm.KindOf(err))

	responses, err = client.Composite(t.Context(), requests("<script>"))
	require.NoError(t, err)
	require.Equal(t, crm.Rejected, responses[0].Err.Kind)
	require.Equal(t, 1, fake.Count("ContentNote"))
	_, err = client.GetUpdated(t.Context(), "ContentNote", time.Now().Add(-time.Hour), time.Now())
	require.Equal(t, crm.Invalid, crm.KindOf(err))

	require.NoError(t, client.DeleteRecord(t.Context(), "ContentNote", id))
	_, err = client.GetBlob(t.Context(), "ContentNote", id, "Content", 1000)
	require.Equal(t, crm.NotFound, crm.KindOf(err))
}

func TestOnlyQueryAllSeesWhatIsArchived(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	id, err := client.CreateRecord(t.Context(), "Task", crm.Document{"Subject": "Call", "Status": "Completed", "ActivityDate": "2020-02-29"})
	require.NoError(t, err)
	const all = "SELECT Id, IsArchived, IsDeleted, ActivityDate FROM Task"
	page, err := client.Query(t.Context(), all)
	require.NoError(t, err)
	require.Empty(t, page.Rows)
	page, err = client.QueryAll(t.Context(), all)
	require.NoError(t, err)
	require.Equal(t, []crm.Document{{"Id": id, "IsArchived": true, "IsDeleted": false, "ActivityDate": "2020-02-29"}}, page.Rows)
	require.NoError(t, client.UpdateRecord(t.Context(), "Task", id, crm.Document{"Subject": "Called"}))
	held, _ := fake.Get("Task", id)
	require.Equal(t, "Called", held["Subject"])
}

func TestAnEventWhoseTimesDisagreeIsRejectedByItsField(t *testing.T) {
	_, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	id, err := client.CreateRecord(t.Context(), "Event", crm.Document{"StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30})
	require.NoError(t, err)
	err = client.UpdateRecord(t.Context(), "Event", id, crm.Document{"StartDateTime": "2026-12-02T09:00:00Z"})
	var refusal *crm.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, crm.Rejected, refusal.Kind)
	require.Equal(t, []string{"DurationInMinutes"}, refusal.Fields)
}
