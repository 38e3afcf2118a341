package activities_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// memos are notes of GoHighLevel contacts, dealt out in turn.
func (w *world) memos(n int, contacts ...string) (marks []record.Mark) {
	w.t.Helper()
	notes := make([]gohighleveltest.Note, n)
	for i := range notes {
		notes[i] = gohighleveltest.Note{ContactID: contacts[i%len(contacts)], Body: fmt.Sprintf("Memo %03d\nwith <more> to it", i)}
	}
	ids, err := w.ghl.LoadNotes(notes)
	require.NoError(w.t, err)
	for i, id := range ids {
		marks = append(marks, of(notes[i].ContactID, inGoHighLevel(id)))
	}
	return marks
}

// minutes are enhanced notes of Salesforce contacts, likewise.
func (w *world) minutes(n int, contacts ...string) (marks []record.Mark) {
	w.t.Helper()
	for i := range n {
		id := w.sf.Create("ContentNote", map[string]any{"Title": fmt.Sprintf("Minutes %03d", i), "Content": "<p>What was said</p>"})
		require.NoError(w.t, w.sf.LinkNote(id, contacts[i%len(contacts)]))
		marks = append(marks, inSalesforce(id))
	}
	return marks
}

func TestNotesOfEitherSideArriveInBulkAtTheFewestCalls(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(5)
	marks := append(w.memos(210, ghl...), w.minutes(60, sf...)...)
	w.resetStats()
	w.hearInBulk(record.Note, marks...)
	require.Empty(t, w.overTo(record.Note))
	calls := w.calls()
	links := w.pairsOf(record.Note, 270)
	require.Len(t, w.ghl.Notes(), 270)
	require.Len(t, w.live("ContentNote"), 270)
	require.Equal(t, 60, calls["ghl POST /contacts/{contactId}/notes"], "%v", calls)
	require.Equal(t, 210, calls["ghl GET /contacts/{contactId}/notes/{id}"])
	require.Equal(t, 60, calls["sf GET /sobjects/{object}/{id}/{blob}"], "what a note says takes a call each")
	require.LessOrEqual(t, calls["sf POST /composite"], 2, "notes and their links go together")
	require.LessOrEqual(t, calls["ghl GET /contacts/{contactId}/notes"], 2*len(ghl))
	for _, l := range links {
		require.Equal(t, 1, len(w.shownTo(l.SalesforceContact, l.SalesforceID)), "it is shown on its contact")
	}
	w.resetStats()
	w.hearInBulk(record.Note, halves(links)...)
	require.Zero(t, w.changed())
	w.pairsOf(record.Note, 270)
}

// shownTo returns the links by which a contact shows an enhanced note.
func (w *world) shownTo(contact, note string) (out []map[string]any) {
	w.t.Helper()
	for _, row := range w.live("ContentDocumentLink") {
		if row["LinkedEntityId"] == contact && row["ContentDocumentId"] == note {
			out = append(out, row)
		}
	}
	return out
}

func TestEditsOfNotesTravelInBulk(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(2)
	w.hearInBulk(record.Note, w.memos(6, ghl...)...)
	links := w.pairsOf(record.Note, 6)
	for i, l := range links {
		if i%2 == 0 {
			require.NoError(t, w.ghl.EditNote(l.GoHighLevelID, map[string]any{"body": fmt.Sprint("Other words ", i)}))
		} else {
			require.NoError(t, w.sf.Edit("ContentNote", l.SalesforceID, map[string]any{"Content": record.NoteHTML(fmt.Sprint("New words ", i))}))
		}
	}
	w.resetStats()
	w.hearInBulk(record.Note, halves(links)...)
	w.pairsOf(record.Note, 6)
	require.Equal(t, 3, w.ghl.Stats().Notes.Updated)
	require.Equal(t, 1, w.calls()["sf PATCH /composite/sobjects"])
	require.Equal(t, 3, w.sf.Stats().Updates)
	for i, l := range links {
		note, _ := w.ghl.Note(l.GoHighLevelID)
		require.Contains(t, record.MarkupText(note.Body), map[bool]string{true: "Other words ", false: "New words "}[i%2 == 0]+fmt.Sprint(i))
	}
}

func TestANoteThatIsRefusedLeavesTheOthersOfItsCallAlone(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(3)
	w.sf.AddValidationRule("ContentNote", "Such are not kept here.", func(row map[string]any) bool { return row["Title"] == "Memo 007" })
	w.hearInBulk(record.Note, w.memos(30, ghl...)...)
	require.Len(t, w.overTo(record.Note), 1)
	require.Len(t, w.live("ContentNote"), 29)
	for _, l := range w.linksOf(record.Note) {
		require.Nil(t, l.Intent)
		require.Equal(t, l.SalesforceID == "", l.State == record.LinkNew)
	}
}

func TestANoteWhoseContactIsGoneInSalesforceLeavesNoneBehindThatNobodyShows(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(2)
	w.announceOf(record.Note, w.memos(10, ghl...)...)
	w.plan()
	require.NoError(t, w.sf.Delete("Contact", sf[0]))
	w.bulk(record.Note)
	require.Len(t, w.live("ContentNote"), 5)
	require.Len(t, w.overTo(record.Note), 5)
}

func TestNotesWhoseAnswerNamesNobodyAreFoundOutByHalves(t *testing.T) {
	// An org may undo the whole and say no more.
	silent := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/composite") {
				next.ServeHTTP(out, r)
				return
			}
			spoken := newSpoken(out)
			next.ServeHTTP(spoken, r)
			spoken.hush()
		})
	}
	w := newWorld(t, setting{rules: allKinds, betweenSalesforce: silent})
	ghl, _ := w.clusterOf(3)
	w.sf.AddValidationRule("ContentNote", "Such are not kept here.", func(row map[string]any) bool { return row["Title"] == "Memo 007" })
	w.hearInBulk(record.Note, w.memos(30, ghl...)...)
	require.Len(t, w.overTo(record.Note), 1)
	require.Len(t, w.live("ContentNote"), 29)
}

func TestHoweverCreatesOfNotesAreCutOffEachIsThereOnce(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(3)
	w.announceOf(record.Note, append(w.memos(20, ghl...), w.minutes(20, sf...)...)...)
	w.plan()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Rate: 0.2, Path: "/contacts/"}})
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Count: 1, Path: "/composite"}})
	w.lossy(record.Note, 60)
	w.ghl.SetFaults(nil)
	w.sf.SetFaults(nil)
	w.ageIntents()
	w.drain()
	w.pairsOf(record.Note, 40)
	require.Len(t, w.live("ContentNote"), 40)
	require.Len(t, w.ghl.Notes(), 40)
}

func TestNotesInPartsAreLeftToTheRecordLane(t *testing.T) {
	s := setting{rules: allKinds, editRules: shortParts}
	w := newWorld(t, s)
	ghl, sf := w.clusterOf(1)
	id := w.sf.Create("ContentNote", map[string]any{"Title": "Minutes", "Content": record.NoteHTML(long("line", 60))})
	require.NoError(t, w.sf.LinkNote(id, sf[0]))
	w.hearInBulk(record.Note, append(w.memos(3, ghl...), inSalesforce(id))...)
	require.Len(t, w.overTo(record.Note), 1)
	require.Len(t, w.live("ContentNote"), 4)
	w.drain()
	require.Greater(t, len(w.ghl.Notes()), 4)
	// Announced again, parts and whole alike, nothing is made of them.
	var marks []record.Mark
	for _, note := range w.ghl.Notes() {
		marks = append(marks, of(ghl[0], inGoHighLevel(note.ID)))
	}
	w.resetStats()
	w.hearInBulk(record.Note, marks...)
	w.drain()
	require.Zero(t, w.changed())
}

func TestClassicNotesAndTasksThatAreNotesGoInBulkToo(t *testing.T) {
	for _, form := range []string{"Note", "Task"} {
		t.Run(form, func(t *testing.T) {
			s := setting{rules: allKinds}
			if form == "Note" {
				s.Salesforce.NoEnhancedNotes = true
			} else {
				s.editRules = kindRules(record.Note, "  as: task\n")
			}
			w := newWorld(t, s)
			ghl, _ := w.clusterOf(2)
			w.hearInBulk(record.Note, w.memos(8, ghl...)...)
			links := w.pairsOf(record.Note, 8)
			require.Len(t, w.live(form), 8)
			require.NoError(t, w.ghl.EditNote(links[0].GoHighLevelID, map[string]any{"body": "Other words"}))
			w.hearInBulk(record.Note, halves(links)...)
			w.pairsOf(record.Note, 8)
			w.resetStats()
			w.hearInBulk(record.Note, halves(links)...)
			require.Zero(t, w.changed())
		})
	}
}

func TestAStagedNoteThatLacksAPartIsLeftToTheRecordLane(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(1)
	mark := w.memos(1, ghl...)[0]
	w.announceOf(record.Note, mark)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE pending SET changed_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	w.stageAll(record.Record{
		Side: record.GoHighLevel, Kind: record.Note, ID: mark.RecordID, ContactIDs: ghl, Fields: record.Fields{}, Traits: []record.Trait{record.TraitIncompletePart},
	})
	_, err = w.tryBulk(record.Note, true)
	require.NoError(t, err)
	require.Len(t, w.overTo(record.Note), 1)
}

func TestANoteThatWasStagedWithoutItsContentIsReadBeforeAnotherOneIsMadeOfIt(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	_, sf := w.clusterOf(1)
	mark := w.minutes(1, sf...)[0]
	w.announceOf(record.Note, mark)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE pending SET changed_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	row := record.Record{
		Side: record.Salesforce, Kind: record.Note, ID: mark.RecordID, ContactIDs: sf, Fields: record.Fields{record.Title: record.Scalar("Minutes 000")},
	}
	w.stageAll(row)
	_, err = w.tryBulk(record.Note, true)
	require.NoError(t, err)
	w.pairsOf(record.Note, 1)
	require.Contains(t, w.ghl.Notes()[0].Body, "What was said")
}

func TestAppointmentsOfEitherSideArriveInBulk(t *testing.T) {
	w, calendar, ada := bothWays(t, "  cancelled: delete\n")
	var marks []record.Mark
	for i := range 12 {
		start := nextWeek.Add(time.Duration(i) * time.Hour)
		id := w.book(calendar, ada.ghl, fmt.Sprint("Fitting ", i), start)
		if i == 0 {
			require.NoError(t, w.ghl.CancelAppointment(id))
		}
		marks = append(marks, of(ada.ghl, inGoHighLevel(id)), of(ada.sf, inSalesforce(w.event(ada.sf, fmt.Sprint("Talk ", i), start))))
	}
	w.resetStats()
	w.hearInBulk(record.Appointment, marks...)
	require.Empty(t, w.overTo(record.Appointment))
	require.Equal(t, 12, w.ghl.Stats().Appointments.Created)
	require.Equal(t, 11, w.sf.Stats().Creates)
	require.Zero(t, w.ghl.Stats().Notifications)
	cancelled := w.linkOfKind(record.Appointment, record.GoHighLevel, marks[0].RecordID)
	require.Equal(t, [2]string{string(record.LinkExcluded), record.ProblemWithdrawn}, [2]string{string(cancelled.State), cancelled.Problem})
	var links []record.Link
	for _, l := range w.linksOf(record.Appointment) {
		if l.ID != cancelled.ID {
			require.Equal(t, record.LinkInStep, l.State)
			links = append(links, l)
		}
	}
	require.Len(t, links, 23)
	w.resetStats()
	w.hearInBulk(record.Appointment, halves(links)...)
	require.Zero(t, w.changed())

	// One is cancelled, one is moved.
	require.NoError(t, w.ghl.CancelAppointment(links[0].GoHighLevelID))
	require.NoError(t, w.ghl.RescheduleAppointment(links[2].GoHighLevelID, nextWeek.Add(48*time.Hour)))
	w.hearInBulk(record.Appointment, halves(links)...)
	require.Equal(t, []int64{links[0].ID}, w.overTo(record.Appointment), "an event that goes is deleted step by step")
	row, _ := w.sf.Get("Event", links[2].SalesforceID)
	w.lasts(row, nextWeek.Add(48*time.Hour), nextWeek.Add(48*time.Hour+30*time.Minute))
}

// spoken is an answer that can be made to say that all was undone, and nothing else.
type spoken struct {
	http.ResponseWriter
	status int
	body   []byte
}

func newSpoken(out http.ResponseWriter) *spoken {
	return &spoken{ResponseWriter: out, status: http.StatusOK}
}

func (s *spoken) WriteHeader(status int) { s.status = status }

func (s *spoken) Write(b []byte) (int, error) {
	s.body = append(s.body, b...)
	return len(b), nil
}

func (s *spoken) hush() {
	if strings.Contains(string(s.body), `"success":false`) {
		const halted = `{"body":[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back."}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"%s"}`
		s.body = fmt.Appendf(nil, `{"compositeResponse":[`+halted+`,`+halted+`]}`, "notes", "links")
	}
	s.ResponseWriter.Header().Del("Content-Length")
	s.ResponseWriter.WriteHeader(s.status)
	_, _ = s.ResponseWriter.Write(s.body)
}
