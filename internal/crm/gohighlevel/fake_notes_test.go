package gohighlevel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

func TestANoteLivesItsLifeThroughTheClient(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	ctx := t.Context()
	document := must[crm.Document](t)
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	typed := must[string](t)(l.fake.CreateNote(gohighleveltest.Note{ContactID: contact, Body: "<p>Called &amp; left word</p>", UserID: "u1"}))

	created := document(l.client.CreateNote(ctx, contact, crm.Document{"body": "Wants a quote", "title": "Call", "userId": "u2", "pinned": true}))
	id := created["id"].(string)
	read := document(l.client.GetNote(ctx, contact, id))
	for _, note := range []crm.Document{created, read} {
		for field, want := range map[string]any{
			"id": id, "contactId": contact, "body": "Wants a quote", "title": "Call", "userId": "u2", "pinned": true, "dateUpdated": nil,
		} {
			if note[field] != want {
				t.Errorf("%s is %v, want %v", field, note[field], want)
			}
		}
	}
	listed := must[[]crm.Document](t)(l.client.ListNotes(ctx, contact))
	if len(listed) != 2 || !slices.ContainsFunc(listed, func(n crm.Document) bool { return n["id"] == typed && n["body"] == "<p>Called &amp; left word</p>" }) {
		t.Errorf("listed %v", listed)
	}
	if updated := document(l.client.UpdateNote(ctx, contact, id, crm.Document{"body": "Got a quote"})); updated["body"] != "Got a quote" || updated["title"] != "Call" {
		t.Errorf("updated to %v", updated)
	}
	for range 2 {
		if err := l.client.DeleteNote(ctx, contact, id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.client.GetNote(ctx, contact, id)
	if got := wantKind(t, err, crm.NotFound); got.Code != "note_not_found" {
		t.Errorf("got %+v", *got)
	}
	_, err = l.client.UpdateNote(ctx, contact, id, crm.Document{"body": "x"})
	wantKind(t, err, crm.NotFound)
	_, err = l.client.ListNotes(ctx, "gone")
	if got := wantKind(t, err, crm.NotFound); got.Code != "contact_not_found" {
		t.Errorf("got %+v", *got)
	}
	if err := l.client.DeleteNote(ctx, "gone", id); err != nil {
		t.Errorf("deleting with the contact gone: %v", err)
	}
}

func TestANoteThatIsTooLongOrEmptyIsRefused(t *testing.T) {
	l := open(t, gohighleveltest.Options{LongestNote: 10})
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	for _, body := range []string{"", strings.Repeat("é", 11)} {
		_, err := l.client.CreateNote(t.Context(), contact, crm.Document{"body": body})
		if got := wantKind(t, err, crm.Rejected); got.Code != "value_refused" || !slices.Equal(got.Fields, []string{"body"}) {
			t.Errorf("%q: %+v", body, *got)
		}
	}
	must[crm.Document](t)(l.client.CreateNote(t.Context(), contact, crm.Document{"body": strings.Repeat("é", 10)}))
}
