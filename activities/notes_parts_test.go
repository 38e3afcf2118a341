package activities_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// long is a text of so many lines, each of which says which it is.
func long(word string, lines int) string {
	all := make([]string, lines)
	for i := range all {
		all[i] = fmt.Sprintf("%s %d: what was said about <it> & them", word, i+1)
	}
	return strings.Join(all, "\n")
}

// shortParts lets a GoHighLevel note have 1000 characters at most.
var shortParts = notesRules("  part_length: 1000\n")

// told returns the text of a contact's one note in GoHighLevel, put together of its parts, and how many there are.
func (n *noted) told() (body string, parts int) {
	n.t.Helper()
	var texts []string
	for _, note := range n.ghl.Notes() {
		require.LessOrEqual(n.t, len(note.Body), 1000)
		texts = append(texts, record.MarkupText(note.Body))
	}
	if len(texts) == 1 {
		_, body = record.Unwrap(texts[0])
		return record.PlainText(body), 1
	}
	_, body, whole := record.Join(texts)
	require.True(n.t, whole, "a part is missing, or one too many is there: %d", len(texts))
	return body, len(texts)
}

func (n *noted) rewrite(id, text string) record.Mark {
	n.t.Helper()
	require.NoError(n.t, n.sf.Edit("ContentNote", id, map[string]any{"Content": record.NoteHTML(text)}))
	return record.Mark{Side: record.Salesforce, RecordID: id}
}

// all are the marks of all notes of both sides.
func (n *noted) all() (marks []record.Mark) {
	for _, note := range n.ghl.Notes() {
		marks = append(marks, n.markOf(note.ID))
	}
	for _, row := range n.sf.All("ContentNote") {
		marks = append(marks, record.Mark{Side: record.Salesforce, RecordID: row["Id"].(string)})
	}
	return marks
}

func TestALongNoteGoesInPartsAndNothingIsCutOff(t *testing.T) {
	n := newNoted(t, setting{editRules: shortParts})
	mark := n.inSalesforce("Minutes", record.NoteHTML(long("first", 80)), n.s)
	n.hears(mark)
	n.together(mark)
	body, parts := n.told()
	require.Equal(t, long("first", 80), body)
	require.Greater(t, parts, 3)
	n.quietly(n.all()...)

	// It gets longer, shorter, and short enough for one.
	for _, lines := range []int{120, 25, 1, 60} {
		n.hears(n.rewrite(mark.RecordID, long("edited", lines)))
		body, _ := n.told()
		require.Equal(t, long("edited", lines), body)
		n.quietly(n.all()...)
	}
	require.Equal(t, long("edited", 60), record.HTMLText(n.content(mark.RecordID)), "nothing went back")
}

func TestAnEditOfAnyPartOfALongNoteReachesSalesforce(t *testing.T) {
	for _, which := range []int{1, 3} {
		t.Run(fmt.Sprintf("part %d", which), func(t *testing.T) {
			n := newNoted(t, setting{editRules: shortParts})
			mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 80)), n.s)
			n.hears(mark)
			edited := 0
			for _, note := range n.ghl.Notes() {
				if e, _ := record.Unwrap(record.MarkupText(note.Body)); e.Part == which {
					require.NoError(t, n.ghl.EditNote(note.ID, map[string]any{"body": strings.Replace(note.Body, "what was said", "WHAT was said", 1)}))
					n.hears(n.markOf(note.ID))
					edited++
				}
			}
			require.Equal(t, 1, edited)
			text := record.HTMLText(n.content(mark.RecordID))
			require.Equal(t, 1, strings.Count(text, "WHAT was said"))
			require.Equal(t, long("line", 80), strings.Replace(text, "WHAT", "what", 1))
			n.quietly(n.all()...)
		})
	}
}

func TestAPartThatWasDeletedIsWrittenAgain(t *testing.T) {
	n := newNoted(t, setting{editRules: shortParts})
	mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 80)), n.s)
	n.hears(mark)
	_, parts := n.told()
	first := n.together(mark).GoHighLevelID
	deleted := 0
	for _, note := range n.ghl.Notes() {
		if note.ID != first && deleted < 2 {
			require.NoError(t, n.ghl.DeleteNote(note.ID))
			deleted++
		}
	}
	n.hears(n.markOf(first))
	body, again := n.told()
	require.Equal(t, long("line", 80), body)
	require.Equal(t, parts, again)
	require.Equal(t, long("line", 80), record.HTMLText(n.content(mark.RecordID)))
	n.quietly(n.all()...)
}

func TestALongNoteIsDeletedAsAWhole(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("deleted in "+string(side), func(t *testing.T) {
			n := newNoted(t, setting{editRules: shortParts})
			mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 80)), n.s)
			n.hears(mark)
			n.inGoHighLevel("another note, which stays")
			link := n.together(mark)
			if side == record.GoHighLevel {
				require.NoError(t, n.ghl.DeleteNote(link.GoHighLevelID))
				mark = n.markOf(link.GoHighLevelID)
			} else {
				require.NoError(t, n.sf.Delete("ContentNote", link.SalesforceID))
			}
			n.hears(gone(mark))
			require.Equal(t, []string{"another note, which stays"}, n.bodies())
			require.False(t, n.inOrg("ContentNote", link.SalesforceID))
			require.Equal(t, record.LinkDeleted, n.link(link.ID).State)
		})
	}
}

func TestHoweverTheCreatesOfPartsFailEachIsThereOnce(t *testing.T) {
	for _, kind := range []string{"cut_after", "cut_before"} {
		for _, count := range []int{1, 2, 3, 4, 5, 6, 7} {
			t.Run(fmt.Sprintf("%s %d", kind, count), func(t *testing.T) {
				n := newNoted(t, setting{editRules: shortParts})
				n.ghl.SetFaults([]gohighleveltest.Fault{{Kind: kind, Path: "/contacts/" + n.g + "/notes", Count: count}})
				mark := n.inSalesforce("Minutes", record.NoteHTML(long("line", 40)), n.s)
				n.hears(mark)
				n.together(mark)
				body, _ := n.told()
				require.Equal(t, long("line", 40), body)
				n.quietly(n.all()...)
			})
		}
	}
}

func TestALongNoteGoesInPartsIntoClassicNotesAndTasks(t *testing.T) {
	for _, form := range []string{"Note", "Task"} {
		t.Run(form, func(t *testing.T) {
			s := setting{}
			if form == "Note" {
				s.Salesforce.NoEnhancedNotes = true
			} else {
				s.editRules = notesRules("  as: task\n")
			}
			n := newNoted(t, s)
			n.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: "POST /services/data/", Count: 1}})
			mark := n.inGoHighLevel(long("line", 4000))
			n.hears(mark)
			n.together(mark)
			column := map[string]string{"Note": "Body", "Task": "Description"}[form]
			told := func() (string, int) {
				var texts []string
				for _, row := range n.sf.All(form) {
					if row["IsDeleted"] != true {
						texts = append(texts, record.PlainText(row[column].(string)))
					}
				}
				_, body, whole := record.Join(texts)
				require.True(t, whole)
				return body, len(texts)
			}
			body, parts := told()
			require.Equal(t, long("line", 4000), body)
			require.Greater(t, parts, 2)
			require.NoError(t, n.ghl.EditNote(mark.RecordID, map[string]any{"body": long("edited", 900)}))
			n.hears(mark)
			body, parts = told()
			require.Equal(t, long("edited", 900), body)
			require.Equal(t, 2, parts)
			for _, row := range n.sf.All(form) {
				n.quietly(mark, record.Mark{Side: record.Salesforce, RecordID: row["Id"].(string)})
			}
			require.NoError(t, n.ghl.DeleteNote(mark.RecordID))
			n.hears(gone(mark))
			for _, row := range n.sf.All(form) {
				require.Equal(t, true, row["IsDeleted"])
			}
		})
	}
}
