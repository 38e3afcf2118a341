package activities_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// shouts lets the org save a field of an object in capitals.
func (w *world) shouts(object, field string) {
	w.sf.OnSave(object, func(fields map[string]any) {
		if text, given := fields[field].(string); given {
			fields[field] = strings.ToUpper(text)
		}
	})
}

// pollOf polls and syncs a kind's changes until nothing is told any more.
func (w *polled) pollOf(kind record.Kind, by lane) (rounds int) {
	w.t.Helper()
	for ; rounds < 20; rounds++ {
		w.later()
		w.sweep()
		if w.announced() == 0 {
			return rounds
		}
		w.syncOf(kind, by)
	}
	require.Fail(w.t, "the polls go on telling of changes")
	return rounds
}

// syncOf syncs what is announced of a kind.
func (w *world) syncOf(kind record.Kind, by lane, marks ...record.Mark) {
	w.t.Helper()
	w.announceOf(kind, marks...)
	if by == bulkLane {
		w.plan()
		w.bulk(kind)
	}
	w.drain()
}

func TestWhatTheOrgMakesOfTasksIsReadAndSettledInEitherLane(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		s := setting{}
		s.rules.Kinds = []record.Kind{record.Task}
		w, g, _ := newPolled(t, s)
		w.shouts("Task", "Subject")
		id := w.todo(g, "send the offer")
		w.resetStats()
		w.syncOf(record.Task, by, of(g, inGoHighLevel(id)))
		w.pollOf(record.Task, by)
		task, _ := w.ghl.Task(id)
		require.Equal(t, "SEND THE OFFER", task.Title)
		require.Equal(t, 2, w.changed(), "made in the org, and told to GoHighLevel once")
		link := w.linkOfKind(record.Task, record.GoHighLevel, id)
		require.Equal(t, "SEND THE OFFER", w.lastWrite(link.ID, record.GoHighLevel, record.Title).After.Text())
		w.silentOf(record.Task, of(g, inGoHighLevel(id)), inSalesforce(link.SalesforceID))
	})
}

func TestWhatTheOrgMakesOfNotesIsReadByTheNextPollAndSettledInEitherLane(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for _, object := range []string{"ContentNote", "Task"} {
			t.Run("kept as "+object, func(t *testing.T) {
				s := setting{}
				s.rules.Kinds = []record.Kind{record.Note}
				field := "Content"
				if object == "Task" {
					s.editRules, field = notesRules("  as: task\n"), "Description"
				}
				w, g, _ := newPolled(t, s)
				n := &noted{w.world, g, ""}
				mark := n.inGoHighLevel("we met")
				w.syncOf(record.Note, by, mark)
				require.Zero(t, w.pollOf(record.Note, by), "our own write comes back")

				w.sf.OnSave(object, func(fields map[string]any) {
					text, given := fields[field].(string)
					if !given {
						return
					}
					if field == "Content" {
						plain, err := base64.StdEncoding.DecodeString(text)
						if err == nil {
							text = string(plain)
						}
						fields[field] = base64.StdEncoding.EncodeToString([]byte(strings.Replace(text, "twice", "TWICE", 1)))
						return
					}
					fields[field] = strings.Replace(text, "twice", "TWICE", 1)
				})
				require.NoError(t, w.ghl.EditNote(mark.RecordID, map[string]any{"body": "we met twice"}))
				w.resetStats()
				w.syncOf(record.Note, by, mark)
				require.LessOrEqual(t, w.pollOf(record.Note, by), 1)
				note, _ := w.ghl.Note(mark.RecordID)
				require.Equal(t, "we met TWICE", note.Body)
				require.Equal(t, 2, w.changed())
				w.silentOf(record.Note, mark, inSalesforce(w.linkOfKind(record.Note, record.GoHighLevel, mark.RecordID).SalesforceID))
			})
		}
	})
}

func TestOfAMassOfOurOwnNotesThePollTellsOfThoseThatTheOrgSavedOtherwise(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		s := setting{}
		s.rules.Kinds = []record.Kind{record.Note}
		w, g, _ := newPolled(t, s)
		w.sf.OnSave("ContentNote", func(fields map[string]any) {
			text, _ := fields["Content"].(string)
			if plain, err := base64.StdEncoding.DecodeString(text); err == nil && strings.Contains(string(plain), "Memo 03") {
				fields["Content"] = base64.StdEncoding.EncodeToString([]byte("<p>[redacted]</p>"))
			}
		})
		for some := range slices.Chunk(w.memos(40, g), 10) { // so few that each may have a run of its own
			w.syncOf(record.Note, by, some...)
		}
		require.Len(t, w.live("ContentNote"), 40)
		w.later()
		w.resetStats()
		w.sweep()
		told := ids(w.takeAnnounced(), record.Salesforce)
		require.Len(t, told, 10)
		for _, id := range told {
			note, _ := w.sf.Get("ContentNote", id)
			require.Equal(t, "[redacted]", note["TextPreview"])
		}
		require.LessOrEqual(t, w.calls()["sf GET /sobjects/{object}/{id}/{blob}"], 25, "what they say is not read one by one")
		require.Zero(t, w.calls()["ghl GET /contacts/{contactId}/notes/{id}"])

		w.later()
		var edited []string
		for _, row := range w.live("ContentNote") {
			if row["TextPreview"] != "[redacted]" {
				edited = append(edited, row["Id"].(string))
				require.NoError(t, w.sf.Edit("ContentNote", row["Id"].(string), map[string]any{"Content": "<p>by a person</p>"}))
			}
		}
		w.sweep()
		require.Subset(t, ids(w.takeAnnounced(), record.Salesforce), edited, "what a person edits is told, whatever is confirmed")
	})
}

func TestANoteIsKnownByHowItBeginsWhateverItSays(t *testing.T) {
	s := setting{}
	s.rules.Kinds = []record.Kind{record.Note}
	w, g, _ := newPolled(t, s)
	texts := []string{
		"short", "Zwölf Boxkämpfer & 3 < 4 > 2 \"jagen\" Viktor's 日本語 😀", "see https://example.com/a?b=c&d=e and mail a@b.example",
		"- one\n- two\n- three", "[ ] not done\n[x] done", "12.5 % off\n\n\nlast", "<b>no markup</b> &amp; no entity",
		strings.Repeat("a long line with words ", 40), strings.Repeat("😀", 60) + strings.Repeat(" and so on", 60), "Ünïcödé é combining",
	}
	n := &noted{w.world, g, ""}
	var marks []record.Mark
	for i := range 44 {
		marks = append(marks, n.inGoHighLevel(texts[i%len(texts)]))
	}
	w.syncOf(record.Note, bulkLane, marks...)
	require.Len(t, w.live("ContentNote"), 44)
	w.later()
	w.sweep()
	require.Empty(t, w.takeTold(), "only signs and no letters would not do")
}
