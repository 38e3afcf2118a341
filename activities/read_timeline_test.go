package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

var onRecords *activities.Records

// allKinds syncs everything that there is.
var allKinds = sandbox.RulesOptions{Kinds: record.Kinds[1:]}

// timeline reads a contact's timeline as the starter does, which has the vault.
func (w *world) timeline(link int64) activities.Timeline {
	w.t.Helper()
	sealed := do[activities.Sealed](w, onRecords.ReadTimeline, activities.TimelineInput{Connection: acme, LinkID: link})
	out, err := activities.OpenTimeline(assembly.NewCipher(w.vault, acme), sealed)
	require.NoError(w.t, err)
	return out
}

// taskSync runs the TaskSync of a task in GoHighLevel, which must not fail.
func (w *world) taskSync(id, contact string) record.Link {
	w.t.Helper()
	_, err := w.store.MarkChanged(w.t.Context(), acme, record.Task, []record.Mark{{Side: record.GoHighLevel, RecordID: id, ContactID: contact}})
	require.NoError(w.t, err)
	w.plan()
	link, err := w.store.FindLink(w.t.Context(), acme, record.Task, record.GoHighLevel, id)
	require.NoError(w.t, err)
	require.NotNil(w.t, link)
	in := workflows.RecordSyncInput{Connection: acme, LinkID: link.ID}
	env := w.run(workflows.RecordSyncID(record.Task, in))
	env.ExecuteWorkflow(workflows.TaskSync, in)
	require.NoError(w.t, env.GetWorkflowError())
	link, err = w.store.FindLink(w.t.Context(), acme, record.Task, record.GoHighLevel, id)
	require.NoError(w.t, err)
	return *link
}

func (w *world) addTask(contact, title string, due time.Time) string {
	w.t.Helper()
	id, err := w.ghl.CreateTask(gohighleveltest.Task{ContactID: contact, Title: title, DueDate: due})
	require.NoError(w.t, err)
	return id
}

func TestATimelineTellsWhereEachEntryLivesInTheOrderOfTime(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	g, s := w.couple("Lovelace", "ada@example.com")
	contact := w.linkOf(record.GoHighLevel, g).ID
	paired := w.taskSync(w.addTask(g, "Send the contract", time.Date(2031, 6, 2, 15, 0, 0, 0, time.UTC)), g)
	require.Equal(t, record.LinkInStep, paired.State)
	require.NoError(t, w.sf.Edit("Task", paired.SalesforceID, map[string]any{"Status": "Completed"}))
	w.sf.Create("Task", map[string]any{"WhoId": s, "Subject": "Ring them up", "ActivityDate": "2031-05-01", "Status": "Not Started", "Priority": "Normal"})
	note := w.sf.Create("ContentNote", map[string]any{"Title": "What was said", "Content": "<p>It was a lot</p>"})
	require.NoError(t, w.sf.LinkNote(note, s))
	calendar := w.ghl.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	booked, err := w.ghl.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: calendar, ContactID: g, Title: "Visit at home", Status: "cancelled", StartTime: time.Date(2031, 5, 20, 14, 30, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	w.addTask(w.addGoHighLevel(contact2("Byron", "george@example.com")), "Of somebody else", time.Now())
	w.ghl.ResetStats()
	w.sf.ResetStats()

	tl := w.timeline(contact)
	require.Zero(t, w.writes(), "reading writes nothing")
	require.Equal(t, "America/New_York", tl.Zone)
	require.Equal(t, record.Kinds[1:], tl.Kinds)
	require.Empty(t, tl.Unread)
	require.Len(t, tl.Entries, 4)
	said, ring, visit, sent := tl.Entries[0], tl.Entries[1], tl.Entries[2], tl.Entries[3]
	require.Equal(t, "What was said", said.Title)
	require.Equal(t, note, said.SalesforceID)
	require.Equal(t, "2031-05-01", ring.Due)
	require.Zero(t, ring.LinkID)
	require.Equal(t, activities.TimelineEntry{
		Kind: record.Appointment, At: time.Date(2031, 5, 20, 14, 30, 0, 0, time.UTC), End: visit.End, Title: "Visit at home", Status: "cancelled",
		GoHighLevelID: booked,
	}, visit)
	require.Equal(t, paired.ID, sent.LinkID)
	require.Equal(t, record.LinkInStep, sent.State)
	require.Equal(t, []string{paired.GoHighLevelID, paired.SalesforceID}, []string{sent.GoHighLevelID, sent.SalesforceID})
	require.Equal(t, []record.Field{record.Status}, sent.Differs, "the sides differ until the next sync")
	require.False(t, sent.Lost)
}

// contact2 is somebody else in GoHighLevel.
func contact2(last, email string) gohighleveltest.Contact {
	c := contact(last, email)
	c.FirstName = "George"
	return c
}

func TestATimelineTellsWhatIsLostLeftOutOrNotMade(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	g, s := w.couple("Lovelace", "ada@example.com")
	contact := w.linkOf(record.GoHighLevel, g).ID
	paired := w.taskSync(w.addTask(g, "Send the contract", time.Date(2031, 6, 2, 15, 0, 0, 0, time.UTC)), g)
	require.NoError(t, w.sf.Delete("Task", paired.SalesforceID))
	w.sf.Create("Task", map[string]any{"WhoId": s, "Subject": "Email: hello", "TaskSubtype": "Email", "Status": "Completed", "Priority": "Normal"})
	w.sf.Create("Event", map[string]any{
		"WhoId": s, "Subject": "Lunch with them", "StartDateTime": time.Date(2031, 7, 1, 16, 0, 0, 0, time.UTC), "DurationInMinutes": 60,
	})
	byTitle := map[string]activities.TimelineEntry{}
	for _, e := range w.timeline(contact).Entries {
		byTitle[e.Title] = e
	}
	require.Len(t, byTitle, 3)
	lost := byTitle["Send the contract"]
	require.True(t, lost.Lost)
	require.Empty(t, lost.SalesforceID)
	require.True(t, byTitle["Email: hello"].LeftOut)
	require.True(t, byTitle["Lunch with them"].NotMade, "appointments are not made in GoHighLevel, by these rules")
}

func TestATimelineIsReadThoughOneSideIsDown(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	g, _ := w.couple("Lovelace", "ada@example.com")
	contact := w.linkOf(record.GoHighLevel, g).ID
	paired := w.taskSync(w.addTask(g, "Send the contract", time.Date(2031, 6, 2, 15, 0, 0, 0, time.UTC)), g)
	w.connection()
	w.sf.SetFaults([]salesforcetest.Fault{{Kind: "503"}})
	tl := w.timeline(contact)
	require.Len(t, tl.Entries, 1)
	require.Equal(t, paired.SalesforceID, tl.Entries[0].SalesforceID, "nobody says that it is not there")
	require.False(t, tl.Entries[0].Lost)
	require.Len(t, tl.Unread, 3)
	for _, gap := range tl.Unread {
		require.Equal(t, record.Salesforce, gap.Side)
		require.Equal(t, crm.Unavailable, gap.Problem)
	}
}

func TestATimelineHoldsOnlyTheKindsThatTheRulesSync(t *testing.T) {
	w := newWorld(t, setting{rules: sandbox.RulesOptions{Kinds: []record.Kind{record.Note}}})
	g, _ := w.couple("Lovelace", "ada@example.com")
	w.addTask(g, "Send the contract", time.Now())
	_, err := w.ghl.CreateNote(gohighleveltest.Note{ContactID: g, Body: "<p>Wants a quotation</p><p>soon</p>"})
	require.NoError(t, err)
	tl := w.timeline(w.linkOf(record.GoHighLevel, g).ID)
	require.Equal(t, []record.Kind{record.Note}, tl.Kinds)
	require.Len(t, tl.Entries, 1)
	require.Equal(t, "Wants a quotation", tl.Entries[0].Title, "a note without a title is told by its beginning")
}

func TestAContactThatIsNotThereHasNoTimeline(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	_, err := w.try(onRecords.ReadTimeline, activities.TimelineInput{Connection: acme, LinkID: 4711})
	require.Equal(t, crm.NotFound, kindOf(t, err))
}

func TestATaskIsExplainedAsAContactIs(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	g, _ := w.couple("Lovelace", "ada@example.com")
	paired := w.taskSync(w.addTask(g, "Send the contract", time.Date(2031, 6, 2, 15, 0, 0, 0, time.UTC)), g)
	require.NoError(t, w.sf.Edit("Task", paired.SalesforceID, map[string]any{"ActivityDate": "2031-06-09"}))
	sealed := do[activities.Sealed](w, onContacts.ExplainContact, activities.ExplainContactInput{Connection: acme, Kind: record.Task, LinkID: paired.ID})
	e, err := activities.OpenExplanation(assembly.NewCipher(w.vault, acme), sealed)
	require.NoError(t, err)
	require.Equal(t, activities.SideNow{RecordID: paired.GoHighLevelID, Found: true}, e.GoHighLevel)
	due := fieldOf(t, e, record.Due)
	require.Equal(t, &activities.ValueNow{Value: record.Value{"2031-06-02"}, Standing: activities.ValueAgreed}, due.GoHighLevel)
	require.Equal(t, &activities.ValueNow{Value: record.Value{"2031-06-09"}, Standing: activities.ValueChanged}, due.Salesforce)

	_, err = w.try(onContacts.ExplainContact, activities.ExplainContactInput{Connection: acme, Kind: record.Note, LinkID: paired.ID})
	require.Equal(t, crm.NotFound, kindOf(t, err))
	off := newWorld(t, setting{})
	_, err = off.try(onContacts.ExplainContact, activities.ExplainContactInput{Connection: acme, Kind: record.Note, LinkID: 1})
	require.Equal(t, crm.Invalid, kindOf(t, err))
}
