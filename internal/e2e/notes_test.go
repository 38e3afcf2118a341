package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// notesOf returns what a contact's notes in GoHighLevel say, without what stands above them, by their ids; parts of one are
// put together, under the id of the first.
func (s *system) notesOf(l record.Link) map[string]string {
	out := map[string]string{}
	var ids, texts []string
	for _, note := range s.Sandbox.GoHighLevel.Notes() {
		if note.ContactID == l.GoHighLevelID {
			ids, texts = append(ids, note.ID), append(texts, record.MarkupText(note.Body))
		}
	}
	for _, group := range record.Group(texts) {
		var parts []string
		for _, i := range group {
			parts = append(parts, texts[i])
		}
		_, body := record.Unwrap(parts[0])
		if len(parts) > 1 {
			_, body, _ = record.Join(parts)
		}
		out[ids[group[0]]] = body
	}
	return out
}

// enhancedNotes returns what the org's enhanced notes say, without what stands above them, by their ids.
func (s *system) enhancedNotes() map[string]string {
	out := map[string]string{}
	for _, row := range s.Sandbox.Salesforce.All("ContentNote") {
		if row["IsDeleted"] != true {
			content, _ := row["Content"].(string)
			_, out[row["Id"].(string)] = record.Unwrap(record.HTMLText(content))
		}
	}
	return out
}

// named returns the id under which a text is; "" where it is not there, or more than once.
func named(notes map[string]string, text string) (id string) {
	for key, body := range notes {
		if body == text {
			if id != "" {
				return ""
			}
			id = key
		}
	}
	return id
}

func TestNotesStayInStepBothWays(t *testing.T) {
	s := timeline(t, 5, record.Note)
	ada := s.pair(t, 0)
	id, err := s.Sandbox.GoHighLevel.CreateNote(gohighleveltest.Note{ContactID: ada.GoHighLevelID, Body: "<p>Asked for <b>prices</b></p>"})
	if err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the note is in Salesforce", func() bool { return named(s.enhancedNotes(), "Asked for prices") != "" })
	visit := s.Sandbox.Salesforce.Create("ContentNote", map[string]any{"Title": "Visit", "Content": "<p>Likes blue</p>"})
	if err := s.Sandbox.Salesforce.LinkNote(visit, ada.SalesforceID); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the note is in GoHighLevel", func() bool { return named(s.notesOf(ada), "Likes blue") != "" })

	// Edited on either side, each says the same on both.
	if err := s.Sandbox.GoHighLevel.EditNote(id, map[string]any{"body": "Asked for prices & dates"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sandbox.Salesforce.Edit("ContentNote", visit, map[string]any{"Content": "<p>Likes green</p>"}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "both edits are on both sides", func() bool {
		return named(s.enhancedNotes(), "Asked for prices & dates") != "" && named(s.notesOf(ada), "Likes green") != ""
	})

	// What is deleted is deleted on the other side too.
	if err := s.Sandbox.GoHighLevel.DeleteNote(id); err != nil {
		t.Fatal(err)
	}
	if err := s.Sandbox.Salesforce.Delete("ContentNote", visit); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "neither is anywhere", func() bool { return len(s.notesOf(ada)) == 0 && len(s.enhancedNotes()) == 0 })
}

func TestALongNoteIsWholeOnBothSidesHoweverItIsEdited(t *testing.T) {
	s := timeline(t, 3, record.Note)
	ada := s.pair(t, 0)
	text := func(word string, lines int) string {
		all := make([]string, lines)
		for i := range all {
			all[i] = fmt.Sprintf("%s, line %d of the minutes of a very long meeting", word, i+1)
		}
		return strings.Join(all, "\n")
	}
	minutes := s.Sandbox.Salesforce.Create("ContentNote", map[string]any{"Title": "Minutes", "Content": record.NoteHTML(text("first", 400))})
	if err := s.Sandbox.Salesforce.LinkNote(minutes, ada.SalesforceID); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the whole note is in GoHighLevel", func() bool { return named(s.notesOf(ada), text("first", 400)) != "" })
	// A person corrects a word in its last part, of which the webhook names only that part.
	last := gohighleveltest.Note{}
	for _, note := range s.Sandbox.GoHighLevel.Notes() {
		if strings.Contains(note.Body, "line 400 of") {
			last = note
		}
	}
	if err := s.Sandbox.GoHighLevel.EditNote(last.ID, map[string]any{"body": strings.Replace(last.Body, "line 400 of", "the last line of", 1)}); err != nil {
		t.Fatal(err)
	}
	corrected := strings.Replace(text("first", 400), "line 400 of", "the last line of", 1)
	s.becomes(t, "the correction is in Salesforce, and nothing else has changed", func() bool { return s.enhancedNotes()[minutes] == corrected })
	for _, lines := range []int{700, 1, 250} {
		if err := s.Sandbox.Salesforce.Edit("ContentNote", minutes, map[string]any{"Content": record.NoteHTML(text("edited", lines))}); err != nil {
			t.Fatal(err)
		}
		s.becomes(t, fmt.Sprintf("all %d lines are in GoHighLevel", lines), func() bool {
			notes := s.notesOf(ada)
			return len(notes) == 1 && named(notes, text("edited", lines)) != ""
		})
	}
	if err := s.Sandbox.Salesforce.Delete("ContentNote", minutes); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "nothing is left of it", func() bool { return len(s.Sandbox.GoHighLevel.Notes()) == 0 })
}
