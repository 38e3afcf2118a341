package salesforce_test

import (
	"encoding/base64"
	"slices"
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

func TestManyNotesAreMadeWithTheirLinksInOneCallOrNotAtAll(t *testing.T) {
	fake, client, _ := connect(t, salesforcetest.Options{}, salesforce.Config{})
	var contacts []string
	var notes []crm.Document
	for _, name := range []string{"Lovelace", "Hopper", "Walker"} {
		contacts = append(contacts, fake.Create("Contact", map[string]any{"LastName": name}))
		notes = append(notes, crm.Document{"Title": name, "Content": base64.StdEncoding.EncodeToString([]byte("Tea"))})
	}
	results, err := client.CreateNotes(t.Context(), notes, contacts)
	require.NoError(t, err)
	require.Equal(t, 1, fake.Stats().Requests["POST /composite"][200])
	for i, r := range results {
		require.Nil(t, r.Err)
		require.True(t, r.Created)
		page, err := client.Query(t.Context(), "SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '"+contacts[i]+"'")
		require.NoError(t, err)
		require.Equal(t, []crm.Document{{"ContentDocumentId": r.ID}}, page.Rows)
	}

	for name, spoil := range map[string]func() ([]crm.Document, []string){
		"a note is refused": func() ([]crm.Document, []string) {
			spoilt := slices.Clone(notes)
			spoilt[1] = crm.Document{"Title": "Hopper", "Content": base64.StdEncoding.EncodeToString([]byte("<script>"))}
			return spoilt, contacts
		},
		"a note has nobody to be shown on": func() ([]crm.Document, []string) {
			return notes, []string{contacts[0], "003000000000000AAA", contacts[2]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			notes, contacts := spoil()
			results, err := client.CreateNotes(t.Context(), notes, contacts)
			require.NoError(t, err)
			require.Equal(t, []bool{true, false, true}, []bool{results[0].Undone, results[1].Undone, results[2].Undone})
			for _, r := range results {
				require.NotNil(t, r.Err)
			}
			require.Equal(t, 3, fake.Count("ContentNote"), "there are no more than before")
		})
	}

	_, err = client.CreateNotes(t.Context(), notes, contacts[:1])
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	_, err = client.CreateNotes(t.Context(), make([]crm.Document, 201), make([]string, 201))
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	none, err := client.CreateNotes(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, none)
	fake.SetFaults([]salesforcetest.Fault{{Kind: "lock_row", Count: 1}})
	results, err = client.CreateNotes(t.Context(), notes[:1], contacts[:1])
	require.NoError(t, err)
	require.Equal(t, crm.Busy, results[0].Err.Kind)
}
