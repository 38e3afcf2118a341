package activities_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func noteDocument(title, html string) crm.Document {
	return crm.Document{"Title": title, "Content": base64.StdEncoding.EncodeToString([]byte(html))}
}

func TestASalesforceNoteIsMadeOnItsContactsAndItsContentRead(t *testing.T) {
	w := newWorld(t, setting{})
	ada, grace := w.sf.Create("Contact", row("Lovelace", "ada@example.com")), w.sf.Create("Contact", row("Hopper", "grace@example.com"))
	created := do[activities.SalesforceSaved](w, onSalesforce.CreateSalesforceNote, activities.SalesforceNewNoteInput{
		Connection: acme, LinkTo: []string{ada, grace}, Record: w.seal(record.Salesforce, noteDocument("Call", "Tea &amp; cake")),
	})
	require.True(t, created.Created)
	require.Equal(t, "Call", w.sf.All("ContentNote")[0]["Title"])
	require.Equal(t, created.ID, w.sf.All("ContentNote")[0]["Id"])
	require.NoError(t, w.sf.UnlinkNote(created.ID, ada))
	require.NoError(t, w.sf.UnlinkNote(created.ID, grace))

	read := do[activities.SalesforceNoteContent](w, onSalesforce.GetSalesforceNoteContent, activities.SalesforceNoteInput{Connection: acme, ID: created.ID})
	content := unseal[string](w, record.Salesforce, read.Content)
	require.Equal(t, "<p>Tea &amp; cake</p>\n", content)
	require.Equal(t, len(content), read.Bytes)

	_, err := w.try(onSalesforce.GetSalesforceNoteContent, activities.SalesforceNoteInput{Connection: acme, ID: "069000000000000AAA"})
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestANoteThatCannotBeShownOnItsContactIsNotMade(t *testing.T) {
	w := newWorld(t, setting{})
	in := activities.SalesforceNewNoteInput{
		Connection: acme, LinkTo: []string{"003000000000000AAA"}, Record: w.seal(record.Salesforce, noteDocument("Call", "x")),
	}
	_, err := w.try(onSalesforce.CreateSalesforceNote, in)
	require.Equal(t, crm.NotFound, kindOf(t, err))
	require.Zero(t, w.sf.Count("ContentNote"))
	in.LinkTo, in.Record = nil, w.seal(record.Salesforce, noteDocument("Call", "Tom & Jerry"))
	_, err = w.try(onSalesforce.CreateSalesforceNote, in)
	require.Equal(t, crm.Rejected, kindOf(t, err))
	require.Zero(t, w.sf.Count("ContentNote"))
}

func TestANoteTooLongForAHistoryIsRejected(t *testing.T) {
	w := newWorld(t, setting{})
	id := w.sf.Create("ContentNote", map[string]any{"Title": "Long", "Content": strings.Repeat("x", 1<<20)})
	_, err := w.try(onSalesforce.GetSalesforceNoteContent, activities.SalesforceNoteInput{Connection: acme, ID: id})
	require.Equal(t, crm.Rejected, kindOf(t, err))
}
