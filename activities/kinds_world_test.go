package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// newYork is the zone of the location, which is that of no server.
var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

// shared is a contact whom both sides hold.
type shared struct{ ghl, sf string }

// timeline is a world that keeps kinds beside contacts in step, with one contact who is in step, and live.
func timeline(t testing.TB, s setting, kinds ...record.Kind) (*world, shared) {
	t.Helper()
	s.rules.Kinds = kinds
	w := newWorld(t, s)
	g, sf := w.couple("Lovelace", "ada@example.com")
	return w, shared{g, sf}
}

// kindRules returns an edit of the rules file that adds to the section of a kind.
func kindRules(kind record.Kind, yaml string) func(string) string {
	return func(file string) string {
		return strings.Replace(file, string(kind)+"s:\n", string(kind)+"s:\n"+yaml, 1)
	}
}

// setRules gives the connection other rules, which the next worker reads.
func (w *world) setRules(text string) {
	w.t.Helper()
	_, err := w.store.UpdateRules(w.t.Context(), acme, text, w.ghl.LocationID())
	require.NoError(w.t, err)
	w.anotherWorker()
}

// announceOf notes that records of a kind may have changed.
func (w *world) announceOf(kind record.Kind, marks ...record.Mark) {
	w.t.Helper()
	_, err := w.store.MarkChanged(w.t.Context(), acme, kind, marks)
	require.NoError(w.t, err)
}

// of says whom a record belongs to.
func of(contact string, m record.Mark) record.Mark {
	m.ContactID = contact
	return m
}

// hearOf syncs what is announced of a kind, and all else that is pending, until nothing is.
func (w *world) hearOf(kind record.Kind, marks ...record.Mark) {
	w.t.Helper()
	w.announceOf(kind, marks...)
	w.drain()
}

// drain syncs what is pending, each record by its own run, until nothing is.
func (w *world) drain() {
	w.t.Helper()
	for range 200 {
		// One at a time: what a run does may leave nothing to do for the next.
		plan := w.plan()
		switch {
		case len(plan.Record) > 0:
			w.contactSync(plan.Record[0])
		case len(plan.Others) > 0:
			w.recordSync(plan.Others[0].Kind, plan.Others[0].LinkID)
		default:
			return
		}
	}
	require.Fail(w.t, "the changes do not come to an end")
}

// recordSync runs one record's sync, which must not fail.
func (w *world) recordSync(kind record.Kind, link int64, prepare ...func(*testsuite.TestWorkflowEnvironment)) workflows.RecordSyncResult {
	w.t.Helper()
	out, err := w.tryRecordSync(kind, workflows.RecordSyncInput{Connection: acme, LinkID: link}, prepare...)
	require.NoError(w.t, err)
	return out
}

// aging lets what a run has begun grow old as its time passes, which the database does not see.
func (w *world) aging(env *testsuite.TestWorkflowEnvironment) {
	env.SetOnTimerFiredListener(func(string) { w.ageIntents() })
}

// swept is a world whose kinds are polled, with one contact who is in step; all was polled once, and nothing is announced.
func swept(t testing.TB, s setting, kinds ...record.Kind) (*world, shared) {
	t.Helper()
	s.rules.Kinds = kinds
	w, g, sf := inStep(t, s)
	return w, shared{g, sf}
}

// told is one row of announced, whole.
type told struct {
	Kind        record.Kind
	Side        record.Side
	ID, Contact string
	OnlyLinked  bool
}

// takeTold is takeAnnounced with all that is announced.
func (w *world) takeTold() (out []told) {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `DELETE FROM announced RETURNING kind, side, record_id, contact, only_linked`)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var m told
		var kind, side int16
		require.NoError(w.t, rows.Scan(&kind, &side, &m.ID, &m.Contact, &m.OnlyLinked))
		m.Kind = []record.Kind{record.Contact, record.Task, record.Note, record.Appointment}[kind-1]
		m.Side = record.Sides[side-1]
		out = append(out, m)
	}
	require.NoError(w.t, rows.Err())
	return out
}

// announcedNow is what is announced, which stays so.
func (w *world) announcedNow() (out []mark) {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `SELECT side, record_id FROM announced`)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var m mark
		var side int16
		require.NoError(w.t, rows.Scan(&side, &m.ID))
		m.Side = record.Sides[side-1]
		out = append(out, m)
	}
	require.NoError(w.t, rows.Err())
	return out
}

// nothingNew sees to it that polling everything once more tells nothing.
func (w *world) nothingNew() {
	w.t.Helper()
	w.sweep()
	require.Empty(w.t, w.takeTold())
}

// linkOfKind returns the link of a record of a kind.
func (w *world) linkOfKind(kind record.Kind, side record.Side, id string) record.Link {
	w.t.Helper()
	link, err := w.store.FindLink(w.t.Context(), acme, kind, side, id)
	require.NoError(w.t, err)
	require.NotNil(w.t, link, "no link holds the record")
	return *link
}

// live returns the rows of an object that are not deleted.
func (w *world) live(object string) (out []map[string]any) {
	for _, row := range w.sf.All(object) {
		if row["IsDeleted"] != true {
			out = append(out, row)
		}
	}
	return out
}

// only returns the one row of an object.
func (w *world) only(object string) map[string]any {
	w.t.Helper()
	rows := w.live(object)
	require.Len(w.t, rows, 1, "rows of %s", object)
	return rows[0]
}

// silentOf sees to it that syncing marks of a kind writes nothing and leaves nothing behind.
func (w *world) silentOf(kind record.Kind, marks ...record.Mark) {
	w.t.Helper()
	w.ghl.ResetStats()
	w.sf.ResetStats()
	w.hearOf(kind, marks...)
	g, s := w.ghl.Stats(), w.sf.Stats()
	require.Zero(w.t, g.Created+g.Updated+g.Deleted+s.Creates+s.Updates+s.Deletes, "nothing was left to write")
	require.Empty(w.t, w.pending())
}

// withCalendar adds a calendar of an id before the connection is opened; withStatusField a field for events' status.
func withCalendar(id string) func(*sandbox.Sandbox) {
	return func(box *sandbox.Sandbox) {
		box.GoHighLevel.AddCalendar(gohighleveltest.Calendar{ID: id, Name: "Visits"})
	}
}

func withStatusField(name string) func(*sandbox.Sandbox) {
	return func(box *sandbox.Sandbox) { box.Salesforce.AddCustomField("Activity", name, "Text") }
}

// calendar adds a calendar that anybody can be booked in.
func (w *world) calendar() string { return w.ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"}) }

// book books an appointment of a contact as a person would, for half an hour.
func (w *world) book(calendar, contact, title string, start time.Time) string {
	w.t.Helper()
	id, err := w.ghl.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: calendar, ContactID: contact, Title: title, StartTime: start, EndTime: start.Add(30 * time.Minute),
	})
	require.NoError(w.t, err)
	return id
}

// lasts sees to it that an event lasts from one instant to another.
func (w *world) lasts(event map[string]any, from, to time.Time) {
	w.t.Helper()
	at := func(field string) time.Time {
		text, _ := event[field].(string)
		t, err := time.Parse("2006-01-02T15:04:05.000Z0700", text)
		require.NoError(w.t, err, "%s is %v", field, event[field])
		return t.UTC()
	}
	require.Equal(w.t, from.UTC(), at("StartDateTime"))
	require.Equal(w.t, to.UTC(), at("EndDateTime"))
}
