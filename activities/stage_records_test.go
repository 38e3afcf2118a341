package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// stageOf reads both sides of a kind to the end under a new epoch, which it returns.
func (w *world) stageOf(kind record.Kind) string {
	w.t.Helper()
	w.readings++
	epoch := fmt.Sprintf("%s%d", kind, w.readings)
	for _, side := range record.Sides {
		for done := false; !done; {
			done = do[activities.StageRecordsResult](w, onRecords.StageRecords,
				activities.StageRecordsInput{Connection: acme, Kind: kind, Side: side, Epoch: epoch}).Done
		}
	}
	return epoch
}

// matchOf reads both sides of a kind and matches them.
func (w *world) matchOf(kind record.Kind) record.MatchCounts {
	w.t.Helper()
	return do[record.MatchCounts](w, onRecords.MatchRecords, activities.MatchRecordsInput{Connection: acme, Kind: kind, Epoch: w.stageOf(kind)})
}

func TestTasksThatSayTheSameOfAContactAreMatchedAndTheRestIsPending(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	grace := shared{w.addGoHighLevel(contact("Hopperfield", "grace@example.com")), w.addSalesforce(row("Hopperfield", "grace@example.com"))}
	w.onboard()
	both := w.todo(ada.ghl, "Send the offer")
	twin := w.sf.Create("Task", taskRow(ada.sf, "send the OFFER"))
	other := w.sf.Create("Task", taskRow(grace.sf, "Send the offer"))
	alone := w.todo(ada.ghl, "Call back")
	w.sf.Create("Task", taskRow("", "Tidy the desk"))

	counts := w.matchOf(record.Task)
	require.Equal(t, record.MatchCounts{Linked: 1, OnlyGoHighLevel: 1, OnlySalesforce: 1, Pending: 3}, counts)
	link := w.linkOfKind(record.Task, record.GoHighLevel, both)
	require.Equal(t, twin, link.SalesforceID)
	require.Equal(t, shared{ada.ghl, ada.sf}, shared{link.GoHighLevelContact, link.SalesforceContact})
	require.Empty(t, w.linkOfKind(record.Task, record.Salesforce, other).GoHighLevelID, "it is another contact's")
	w.drain()
	require.Len(t, w.live("Task"), 4)
	require.Len(t, w.ghl.Tasks(), 3)
	require.NotEmpty(t, w.linkOfKind(record.Task, record.GoHighLevel, alone).SalesforceID)
	again := do[record.MatchCounts](w, onRecords.MatchRecords, activities.MatchRecordsInput{Connection: acme, Kind: record.Task, Epoch: w.stageOf(record.Task), NewOnly: true})
	require.Equal(t, record.MatchCounts{Linked: 3}, again, "what is linked stays linked")
}

func TestOfTasksThatSayTheSameTheNthOldestGoesWithTheNthOldest(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	var ghl, sf []string
	for i := range 3 {
		ids, err := w.ghl.LoadTasks([]gohighleveltest.Task{{ContactID: ada.ghl, Title: "Call", DueDate: due, DateAdded: earlier.Add(time.Duration(3-i) * time.Hour)}})
		require.NoError(t, err)
		ghl = append(ghl, ids...)
	}
	for i := range 2 {
		sf = append(sf, w.sf.Load("Task", []map[string]any{with(taskRow(ada.sf, "Call"), "CreatedDate", earlier.Add(time.Duration(9-i)*time.Hour).Format("2006-01-02T15:04:05.000+0000"))})...)
	}
	require.Equal(t, record.MatchCounts{Linked: 2, OnlyGoHighLevel: 1, Pending: 3}, w.matchOf(record.Task))
	require.Equal(t, sf[1], w.linkOfKind(record.Task, record.GoHighLevel, ghl[2]).SalesforceID, "the oldest of both")
	require.Equal(t, sf[0], w.linkOfKind(record.Task, record.GoHighLevel, ghl[1]).SalesforceID)
	require.Empty(t, w.linkOfKind(record.Task, record.GoHighLevel, ghl[0]).SalesforceID)
}

func TestWhatBelongsToAContactThatIsNotInStepWaitsForIt(t *testing.T) {
	w, _ := timeline(t, setting{}, record.Task)
	late := w.addGoHighLevel(contact("Late", "late@example.com"))
	id := w.todo(late, "Send the offer")
	require.Equal(t, record.MatchCounts{Excluded: 1}, w.matchOf(record.Task))
	link := w.linkOfKind(record.Task, record.GoHighLevel, id)
	require.Equal(t, record.LinkExcluded, link.State)
	require.Equal(t, record.ProblemNoContact, link.Problem)
	require.Equal(t, record.MatchCounts{Excluded: 1}, w.matchOf(record.Task), "and goes on waiting")
	w.hearOf(record.Contact, inGoHighLevel(late))
	require.NotEmpty(t, w.linkOfKind(record.Task, record.GoHighLevel, id).SalesforceID, "its contact woke it")
}

func TestNotesAreReadByContactWithTheirContentAndPartsAsOne(t *testing.T) {
	n := newNoted(t, setting{})
	text := n.inSalesforce("Minutes", "<p>"+long("line", 260)+"</p>", n.s)
	n.hears(text)
	link := n.together(text)
	require.Greater(t, len(n.ghl.Notes()), 1, "it is in parts")
	same := n.inGoHighLevel("We met & talked")
	twin := n.inSalesforce("Visit", "<p>We met &amp; talked</p>", n.s)
	n.inSalesforce("Nobody's", "<p>of nobody</p>")

	require.Equal(t, record.MatchCounts{Linked: 2, Pending: 2}, n.matchOf(record.Note))
	require.Equal(t, twin.RecordID, n.noteOf(same).SalesforceID)
	require.Equal(t, link.ID, n.noteOf(text).ID)
	_, err := n.db.Exec(t.Context(), `DELETE FROM links WHERE kind = 3`)
	require.NoError(t, err)
	require.Equal(t, record.MatchCounts{Linked: 2, Pending: 2}, n.matchOf(record.Note), "parts carry a mark of what they were made of")
	require.Equal(t, link.GoHighLevelID, n.noteOf(text).GoHighLevelID)
}

func TestAppointmentsOfAllCalendarsAreMatchedWithEvents(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	start := time.Now().Add(48 * time.Hour).Truncate(time.Hour).UTC()
	first, second := w.calendar(), w.calendar()
	one, two := w.book(first, ada.ghl, "Checkup", start), w.book(second, ada.ghl, "Checkup", start.Add(time.Hour))
	event := func(title string, at time.Time) string {
		return w.sf.Create("Event", map[string]any{"WhoId": ada.sf, "Subject": title,
			"StartDateTime": at.Format(time.RFC3339), "EndDateTime": at.Add(30 * time.Minute).Format(time.RFC3339)})
	}
	twin, stays := event("Checkup", start.Add(time.Hour)), event("Lunch", start)

	require.Equal(t, record.MatchCounts{Linked: 1, OnlyGoHighLevel: 1, Excluded: 1, Pending: 2}, w.matchOf(record.Appointment))
	require.Equal(t, twin, w.linkOfKind(record.Appointment, record.GoHighLevel, two).SalesforceID)
	require.Equal(t, record.LinkNew, w.linkOfKind(record.Appointment, record.GoHighLevel, one).State)
	require.Equal(t, record.LinkExcluded, w.linkOfKind(record.Appointment, record.Salesforce, stays).State, "the rules make no appointments of events")
}

func TestAReadingOfTasksGoesOnWhereACutOffOneStopped(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	rows := make([]map[string]any, 2103)
	for i := range rows {
		rows[i] = taskRow(ada.sf, fmt.Sprintf("Task of many %04d", i))
	}
	w.sf.Load("Task", rows)
	stop := make(chan struct{})
	close(stop)
	env := w.env()
	env.SetWorkerStopChannel(stop)
	in := activities.StageRecordsInput{Connection: acme, Kind: record.Task, Side: record.Salesforce, Epoch: "e1"}
	encoded, err := env.ExecuteActivity(onRecords.StageRecords, in)
	require.NoError(t, err)
	var first activities.StageRecordsResult
	require.NoError(t, encoded.Get(&first))
	require.Equal(t, activities.StageRecordsResult{Read: 2000, Total: -1}, activities.StageRecordsResult{Read: first.Read, Total: first.Total, Done: first.Done})
	last := do[activities.StageRecordsResult](w, onRecords.StageRecords, in)
	require.True(t, last.Done)
	require.Equal(t, 2103, last.Read)
}

func TestAKindThatTheRulesDoNotSyncIsNotRead(t *testing.T) {
	w, _ := timeline(t, setting{}, record.Task)
	_, err := w.try(onRecords.StageRecords, activities.StageRecordsInput{Connection: acme, Kind: record.Note, Side: record.Salesforce, Epoch: "e1"})
	require.Equal(t, "Invalid", string(kindOf(t, err)))
}

func TestAnAppointmentInTheHourThatAClockShowsTwiceFindsItsEvent(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Appointment)
	again := time.Date(2026, 11, 1, 6, 30, 0, 0, time.UTC) // half past one in New York, for the second time
	id := w.book(w.calendar(), ada.ghl, "Checkup", again)
	w.sf.Create("Event", map[string]any{"WhoId": ada.sf, "Subject": "Checkup", "StartDateTime": again.Format(time.RFC3339), "DurationInMinutes": 30})
	require.Equal(t, 1, w.matchOf(record.Appointment).Linked)
	w.drain()
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Appointment, record.GoHighLevel, id).State)
	w.lasts(w.only("Event"), again, again.Add(30*time.Minute))
}

func TestOneCallInManyThatFailsForNowDoesNotMakeTheOthersBeRepeated(t *testing.T) {
	n := newNoted(t, setting{})
	for i := range 30 {
		email := fmt.Sprintf("crowd%d@example.com", i)
		n.addGoHighLevel(contact("Crowd", email))
		n.addSalesforce(row("Crowd", email))
	}
	n.onboard()
	n.inGoHighLevel("a note")
	n.connection()
	n.ghl.ResetStats()
	n.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault503, Path: "/notes", Count: 5}})
	out := do[activities.StageRecordsResult](n.world, onRecords.StageRecords,
		activities.StageRecordsInput{Connection: acme, Kind: record.Note, Side: record.GoHighLevel, Epoch: "e1"})
	require.True(t, out.Done)
	require.Equal(t, 1, out.Read)
	require.LessOrEqual(t, n.ghl.Stats().ByOperation["GET /contacts/{contactId}/notes"], 31+5)
}
