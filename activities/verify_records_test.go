package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

var onVerifications *activities.Verifications

// verifyOf reads both sides of a kind and compares everything, so many at a time; it returns the fingerprint too.
func (w *world) verifyOf(kind record.Kind, size int, repair bool) (sum record.Verified, fingerprint string) {
	w.t.Helper()
	w.stageOf(kind)
	for after := int64(0); ; {
		out := do[activities.VerifyRecordsResult](w, onVerifications.VerifyRecords,
			activities.VerifyRecordsInput{Connection: acme, Kind: kind, After: after, Size: size, Repair: repair, Fingerprint: fingerprint})
		sum.Add(out.Verified)
		fingerprint = out.Fingerprint
		if after = out.Last; after == 0 {
			break
		}
	}
	for _, side := range record.Sides {
		for after := ""; ; {
			out := do[activities.VerifyUnlinkedResult](w, onVerifications.VerifyUnlinked,
				activities.VerifyUnlinkedInput{Connection: acme, Kind: kind, Side: side, After: after, Size: size, Repair: repair})
			sum.Add(out.Verified)
			if after = out.Last; after == "" {
				break
			}
		}
	}
	return sum, fingerprint
}

// putLink gives a link of a kind a state, as if it had come to that.
func (w *world) putLink(id int64, set string) {
	w.t.Helper()
	tag, err := w.db.Exec(w.t.Context(), `UPDATE links SET `+set+` WHERE id = $1`, id)
	require.NoError(w.t, err)
	require.EqualValues(w.t, 1, tag.RowsAffected())
}

func TestEveryDifferenceBetweenTasksIsSortedOnceInSlicesOfAnySize(t *testing.T) {
	w, ada := timeline(t, setting{editRules: kindRules(record.Task, "  filter: 'title != \"Private\"'\n")}, record.Task)
	todos := map[string]string{}
	for _, name := range []string{"same", "edited", "known", "held", "refused", "parted", "private", "deleted"} {
		todos[name] = w.todo(ada.ghl, "Task "+name)
		w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(todos[name])))
	}
	link := func(name string) record.Link { return w.linkOfKind(record.Task, record.GoHighLevel, todos[name]) }
	for _, name := range []string{"edited", "known"} {
		require.NoError(t, w.ghl.EditTask(todos[name], map[string]any{"title": "Task " + name + " again"}))
	}
	require.NoError(t, w.store.MarkPending(t.Context(), acme, record.Task, []int64{link("known").ID}))
	w.putLink(link("held").ID, "state = 3, problem = 'conflict'")
	w.putLink(link("refused").ID, "state = 4, problem = 'Rejected'")
	w.putLink(link("parted").ID, "state = 7")
	require.NoError(t, w.ghl.EditTask(todos["private"], map[string]any{"title": "Private"}))
	require.NoError(t, w.sf.Delete("Task", link("deleted").SalesforceID))
	stranger := w.sf.Create("Task", taskRow(ada.sf, "Nobody heard of it"))
	announced := w.todo(ada.ghl, "Announced")
	w.announceOf(record.Task, of(ada.ghl, inGoHighLevel(announced)))
	w.todo(w.addGoHighLevel(contact("Late", "late@example.com")), "Of a contact that is not in step")
	w.sf.Create("Task", taskRow("", "Tidy the desk"))

	w.ghl.ResetStats()
	w.sf.ResetStats()
	want := record.Verified{InStep: 1, InFlight: 2, Held: 1, Failed: 1, Parted: 1, Excluded: 2, Drift: 3}
	_, print := w.verifyOf(record.Task, 1000, false)
	require.NotEmpty(t, print)
	for _, size := range []int{1, 3, 1000} {
		got, again := w.verifyOf(record.Task, size, false)
		require.Equal(t, want, got, "in slices of %d", size)
		require.Equal(t, print, again, "nothing was agreed on meanwhile")
	}
	require.Zero(t, w.writes(), "comparing writes nothing")
	require.Equal(t, []int64{link("known").ID}, w.pending(), "and marks nothing")

	got, _ := w.verifyOf(record.Task, 1000, true)
	require.Equal(t, want, got)
	w.drain()
	after, other := w.verifyOf(record.Task, 1000, false)
	require.Zero(t, after.Drift+after.InFlight, "%+v", after)
	require.NotEqual(t, print, other)
	require.NotEmpty(t, w.linkOfKind(record.Task, record.Salesforce, stranger).GoHighLevelID)
	row, _ := w.sf.Get("Task", link("edited").SalesforceID)
	require.Equal(t, "Task edited again", row["Subject"])
}

func TestNotesAreComparedByAllThatTheySay(t *testing.T) {
	n := newNoted(t, setting{})
	same, edited := n.inSalesforce("Minutes", "<p>"+long("line", 260)+"</p>", n.s), n.inSalesforce("Visit", "<p>We met</p>", n.s)
	lost := n.inGoHighLevel("Call her")
	n.hears(same, edited, lost)
	require.Equal(t, record.Verified{InStep: 3}, first(n.verifyOf(record.Note, 100, false)))
	require.NoError(t, n.sf.Edit("ContentNote", edited.RecordID, map[string]any{"Content": "<p>We met twice</p>"}))
	parts := n.ghl.Notes()
	for _, part := range parts {
		if strings.Contains(part.Body, "2/") || strings.Contains(part.Body, "2 of") {
			require.NoError(t, n.ghl.DeleteNote(part.ID))
			break
		}
	}
	got := first(n.verifyOf(record.Note, 100, true))
	require.Equal(t, record.Verified{InStep: 1, Drift: 2}, got, "a text was edited, and a part is missing")
	n.hears()
	require.Equal(t, record.Verified{InStep: 3}, first(n.verifyOf(record.Note, 100, false)))
	note, _ := n.ghl.Note(n.noteOf(edited).GoHighLevelID)
	require.True(t, strings.HasSuffix(note.Body, "We met twice"))
}

func first(v record.Verified, _ string) record.Verified { return v }

func TestAppointmentsAreComparedWithTheirEventsAndThoseOfNobodyAreLeftOut(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	start := time.Now().Add(48 * time.Hour).Truncate(time.Hour).UTC()
	calendar := w.calendar()
	moved, same := w.book(calendar, ada.ghl, "Checkup", start), w.book(calendar, ada.ghl, "Lunch", start.Add(time.Hour))
	w.hearOf(record.Appointment, of(ada.ghl, inGoHighLevel(moved)), of(ada.ghl, inGoHighLevel(same)))
	w.sf.Create("Event", map[string]any{"WhoId": ada.sf, "Subject": "Alone", "StartDateTime": start.Format(time.RFC3339), "DurationInMinutes": 30})
	require.Equal(t, record.Verified{InStep: 2, Excluded: 1}, first(w.verifyOf(record.Appointment, 100, false)), "the rules make no appointments of events")
	event := w.linkOfKind(record.Appointment, record.GoHighLevel, moved).SalesforceID
	require.NoError(t, w.sf.Edit("Event", event, map[string]any{"Subject": "Checkup, moved"}))
	require.Equal(t, record.Verified{InStep: 1, Drift: 1, Excluded: 1}, first(w.verifyOf(record.Appointment, 100, true)))
	w.drain()
	require.Equal(t, record.Verified{InStep: 2, Excluded: 1}, first(w.verifyOf(record.Appointment, 100, false)))
}

func TestWhatTheOrgAltersOnSaveIsFoundByTheNextPollAndSettled(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	w.nothingNew()
	w.sf.OnSave("Task", func(fields map[string]any) {
		if subject, given := fields["Subject"].(string); given {
			fields["Subject"] = strings.ToUpper(subject)
		}
	})
	require.NoError(t, w.ghl.EditTask(id, map[string]any{"title": "send the contract"}))
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.Equal(t, "SEND THE CONTRACT", w.only("Task")["Subject"], "the vendor's answer did not say so")

	require.Equal(t, record.Verified{InFlight: 1}, first(w.verifyOf(record.Task, 100, false)), "the next poll will tell")
	w.exec(`UPDATE sweeps SET next_at = next_at + interval '2 hours'`)
	require.Equal(t, record.Verified{Drift: 1}, first(w.verifyOf(record.Task, 100, false)), "nothing will tell for hours: it is drift")
	w.exec(`UPDATE sweeps SET next_at = clock_timestamp() - interval '1 hour'`)
	require.Equal(t, record.Verified{Drift: 1}, first(w.verifyOf(record.Task, 100, false)), "nobody polls")
	w.sweep()
	require.Len(t, w.announcedNow(), 1)
	w.drain()
	task, _ := w.ghl.Task(id)
	require.Equal(t, "SEND THE CONTRACT", task.Title)
	require.Equal(t, record.Verified{InStep: 1}, first(w.verifyOf(record.Task, 100, false)))
	w.nothingNew()
}

func TestAComparisonIsDueOnceItsTimeHasComeUnlessTheRulesTurnItOff(t *testing.T) {
	for every, due := range map[string][]string{"": {acme}, "live: {verify: {every: 0}}\n": nil, "live: {verify: {every: 30d}}\n": nil} {
		w, _ := timeline(t, setting{editRules: func(file string) string { return file + every }})
		list := func() []string {
			return do[[]string](w, onVerifications.DueVerifications, activities.DueVerificationsInput{Shards: 1, Limit: 10})
		}
		require.Empty(t, list(), "it was onboarded just now")
		_, err := w.db.Exec(t.Context(), `UPDATE connections SET live_since = live_since - interval '8 days'`)
		require.NoError(t, err)
		w.stage()
		require.Empty(t, list(), "somebody reads it already")
		do[any](w, onContacts.UnstageContacts, unstageInput)
		require.Equal(t, due, list(), "rules %q", every)
		c := record.Certificate{Connection: acme, RunID: "run-1", Kinds: []record.KindCertificate{{Kind: record.Contact, Verified: record.Verified{InStep: 1}}}}
		kept := do[record.Certificate](w, onVerifications.KeepCertificate, c)
		require.False(t, kept.FinishedAt.IsZero())
		require.Equal(t, kept, do[record.Certificate](w, onVerifications.KeepCertificate, c), "a run's certificate is kept once")
		require.Empty(t, list())
	}
}

func TestAPausedConnectionIsNotCompared(t *testing.T) {
	w, _ := timeline(t, setting{}, record.Task)
	_, err := w.db.Exec(t.Context(), `UPDATE connections SET state = 'paused'`)
	require.NoError(t, err)
	w.anotherWorker()
	out := do[activities.VerifyRecordsResult](w, onVerifications.VerifyRecords, activities.VerifyRecordsInput{Connection: acme, Kind: record.Task, Size: 10})
	require.NotNil(t, out.Pause)
	require.NotNil(t, do[activities.StageRecordsResult](w, onRecords.StageRecords,
		activities.StageRecordsInput{Connection: acme, Kind: record.Task, Side: record.Salesforce, Epoch: "e1"}).Pause)
}

func TestNotesThatAreKeptAsTasksAreComparedAndOtherTasksAreNoNotes(t *testing.T) {
	n := newNoted(t, setting{editRules: notesRules("  as: task\n")})
	short, parts := n.inGoHighLevel("a note"), n.inGoHighLevel(long("line", 1200))
	enhanced := n.inSalesforce("Visit", "<p>We met</p>", n.s)
	n.hears(short, parts, enhanced)
	n.sf.Create("Task", taskRow(n.s, "Call back"))
	require.Greater(t, len(n.live("Task")), 3, "one of them is in parts")
	require.Equal(t, record.Verified{InStep: 3}, first(n.verifyOf(record.Note, 2, false)))
	_, err := n.db.Exec(t.Context(), `DELETE FROM links WHERE kind = 3`)
	require.NoError(t, err)
	require.Equal(t, record.MatchCounts{Linked: 3, Pending: 3}, n.matchOf(record.Note), "what was lost is matched by what it says")
}

func TestWhatWasEditedSinceThePollIsInFlightAndWhatAPollHasPassedOverIsDrift(t *testing.T) {
	s := setting{}
	s.rules.Kinds = []record.Kind{record.Note, record.Task}
	w, _, sf := newPolled(t, s)
	stranger := w.sf.Create("Task", taskRow(sf, "Call back"))
	require.Equal(t, record.Verified{InFlight: 1}, first(w.verifyOf(record.Task, 100, true)), "a new one is on its way too")
	require.Empty(t, w.announcedNow(), "what is on its way is not repaired")
	w.pollOf(record.Task, recordLane)
	require.Equal(t, record.Verified{InStep: 1}, first(w.verifyOf(record.Task, 100, false)))

	// A poll that lost what it read, as where somebody took an old copy of the ledger.
	require.NoError(t, w.sf.Edit("Task", stranger, map[string]any{"Subject": "Call back soon"}))
	w.clock.pass(time.Hour)
	w.sweep()
	require.NotEmpty(t, w.takeAnnounced())
	require.Equal(t, record.Verified{Drift: 1}, first(w.verifyOf(record.Task, 100, false)))
}
