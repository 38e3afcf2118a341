package salesforce

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

const aNote = "069000000000001AAA"

func TestABlobIsReadAsItsBytes(t *testing.T) {
	for _, content := range []string{"<p>caf\u00e9 &amp; more</p>\n", "", `["not", "JSON"`} {
		o := newOrg(t, scripted{status: 200, body: content})
		got, err := o.GetBlob(t.Context(), "ContentNote", aNote, "Content", 100)
		require.NoError(t, err)
		require.Equal(t, content, string(got))
		require.Equal(t, "/services/data/v67.0/sobjects/ContentNote/"+aNote+"/Content", o.last().uri)
		require.Equal(t, "*/*", o.last().header.Get("Accept"))
	}
}

func TestABlobLongerThanAllowedIsRejectedAndAnErrorIsStillUnderstood(t *testing.T) {
	o := newOrg(t, scripted{status: 200, body: strings.Repeat("x", 11)})
	_, err := o.GetBlob(t.Context(), "ContentNote", aNote, "Content", 11)
	require.NoError(t, err)
	_, err = o.GetBlob(t.Context(), "ContentNote", aNote, "Content", 10)
	require.Equal(t, crm.Rejected, crm.KindOf(err))
	_, err = o.GetBlob(t.Context(), "ContentNote", aNote, "Content", 0)
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	gone := newOrg(t, scripted{status: 404, body: vendorBody(t, "NOT_FOUND", "The requested resource does not exist")})
	_, err = gone.GetBlob(t.Context(), "ContentNote", aNote, "Content", 10)
	require.Equal(t, crm.NotFound, crm.KindOf(err))
}

func TestAPageIsNoBlob(t *testing.T) {
	for _, page := range []string{"<!DOCTYPE html><html>maintenance", "\n <HTML><body>", "\ufeff<head><title>x"} {
		o := newOrg(t, scripted{status: 200, body: page})
		_, err := o.GetBlob(t.Context(), "ContentNote", aNote, "Content", 1000)
		require.Equal(t, crm.Unavailable, crm.KindOf(err), page)
	}
}

func TestABlobsAddressIsNotFollowedElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the token was carried away") }))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(server.Close)
	_, err := clientOf(t, server.URL).GetBlob(t.Context(), "ContentNote", aNote, "Content", 1000)
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
}

func TestARefusedNoteIsRejectedUnderWhateverCode(t *testing.T) {
	const words = "Note can't be saved because it contains HTML tags or unescaped characters that are not allowed in a Note."
	for status, code := range map[int]string{500: "UNKNOWN_EXCEPTION", 400: "FIELD_INTEGRITY_EXCEPTION"} {
		o := newOrg(t, scripted{status: status, body: vendorBody(t, code, words)})
		_, err := o.CreateRecord(t.Context(), "ContentNote", crm.Document{"Title": "x"})
		require.Equal(t, crm.Rejected, crm.KindOf(err), "nothing was created: %s", code)
	}
}

func FuzzIsPage(f *testing.F) {
	for _, s := range []string{"", "<", "<!DOCTYPE html>", "\xef\xbb\xbf<html", "<p>a</p>", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if isPage(body) && !strings.Contains(strings.ToLower(string(body)), "<") {
			t.Fatal("a page without an element")
		}
	})
}
