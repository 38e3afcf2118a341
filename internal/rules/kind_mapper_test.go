package rules_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func write(field record.Field, after string) reconcile.Write {
	return reconcile.Write{Field: field, After: record.Scalar(after)}
}

func TestATaskIsReadFromEitherSide(t *testing.T) {
	m := kindRules(t, kindsFile).TaskMapper(setting)
	ghl, err := m.FromGoHighLevel(document(t, `{
		"_id": "t1", "title": "[High] Call  Ada", "body": "<p>about the <b>offer</b></p>", "assignedTo": "ghlAda", "dueDate": "2026-03-09T02:30:00.000Z",
		"completed": false, "deleted": false, "dateAdded": "2026-03-01T10:00:00.000Z", "updatedAt": "2026-03-02T10:00:00.000Z",
		"contactDetails": {"_id": "c1"}}`), false)
	require.NoError(t, err)
	assert.Equal(t, record.Record{
		Side: record.GoHighLevel, Kind: record.Task, ID: "t1", ContactIDs: []string{"c1"},
		CreatedAt: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), ModifiedAt: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		Fields: record.Fields{
			record.Title: {"Call Ada"}, record.Body: {"about the offer"}, record.Status: {"open"}, record.Due: {"2026-03-08"},
			record.Priority: {"High"}, record.Assignee: {"ada@example.com"},
		},
	}, ghl)

	sf, err := m.FromSalesforce(document(t, `{
		"Id": "00T1", "Subject": "Call Ada", "Description": "about the offer", "Status": "Deferred", "IsClosed": false, "Priority": "High",
		"ActivityDate": "2026-03-08", "OwnerId": "005000000000BobAAA", "WhoId": "003c", "TaskSubtype": "Task", "IsRecurrence": false,
		"GHL_Id__c": "t1", "CreatedBy": {"Name": "Bob"}, "TaskWhoRelations": {"records": [{"RelationId": "003c"}, {"RelationId": "003d"}, {"RelationId": "00Qx"}]}}`))
	require.NoError(t, err)
	assert.Equal(t, record.Record{
		Side: record.Salesforce, Kind: record.Task, ID: "00T1", ContactIDs: []string{"003c", "003d"}, ExternalID: "t1", Author: "Bob", VendorStatus: "Deferred",
		Fields: record.Fields{
			record.Title: {"Call Ada"}, record.Body: {"about the offer"}, record.Status: {"open"}, record.Due: {"2026-03-08"},
			record.Priority: {"High"}, record.Assignee: {"bob@example.com"},
		},
	}, sf)
}

func TestWhatATaskRowLacksIsUnknownAndNotEmpty(t *testing.T) {
	m := kindRules(t, kindsFile).TaskMapper(setting)
	row, err := m.FromGoHighLevel(document(t, `{"id": "t1", "title": "Call Ada"}`), true)
	require.NoError(t, err)
	assert.Equal(t, record.Fields{record.Title: {"Call Ada"}, record.Priority: {"Normal"}}, row.Fields)
	sf, err := m.FromSalesforce(document(t, `{"Id": "00T1", "Status": "A new status", "WhoId": null}`))
	require.NoError(t, err)
	assert.Empty(t, sf.Fields)
	for _, m := range kindMappers(t) {
		_, err := m.FromGoHighLevel(map[string]any{}, false)
		require.Error(t, err)
		_, err = m.FromSalesforce(map[string]any{})
		require.Error(t, err)
	}
}

func TestACompletionAloneIsToldFromOtherChanges(t *testing.T) {
	m := kindRules(t, kindsFile).TaskMapper(setting)
	current := &record.Record{Side: record.GoHighLevel, Fields: record.Fields{record.Title: {"Call Ada"}}}
	w := m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Status, "completed")}, Current: current})
	require.NotNil(t, w.Completed)
	assert.True(t, *w.Completed)
	w = m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Status, "open"), write(record.Due, "2026-03-08")}, Current: current})
	assert.Nil(t, w.Completed)
	assert.Equal(t, map[string]any{"completed": false, "dueDate": "2026-03-08T21:00:00Z"}, w.Doc) // 17:00, after the clocks changed
	w = m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Status, "completed")}, ContactID: "c1"})
	assert.Nil(t, w.Completed, "a create completes nothing")
}

func TestATaskGetsTheStatusThatTheOrgAndTheRulesHaveForIt(t *testing.T) {
	task := func(file string, s rules.Setting, status string, create bool) any {
		c := rules.Change{Writes: []reconcile.Write{write(record.Status, status)}, Current: &record.Record{}}
		if create {
			c.Current = nil
		}
		return kindRules(t, file).TaskMapper(s).Write(record.Salesforce, c).Doc["Status"]
	}
	plain := "gohighlevel: {location: a}\nsalesforce: {org: 00D5g00000TandmEAB}\n"
	german := setting
	german.TaskStatuses = []rules.OrgStatus{{Name: "Wartend"}, {Name: "Offen", Default: true}, {Name: "Verworfen", Closed: true}, {Name: "Erledigt", Closed: true}}
	assert.Equal(t, "Completed", task(kindsFile, setting, "completed", false))
	assert.Equal(t, "In Progress", task(kindsFile, setting, "open", false))
	assert.Equal(t, "Not Started", task(kindsFile, setting, "open", true))
	assert.Equal(t, "Verworfen", task(plain, german, "completed", true))
	assert.Equal(t, "Offen", task(plain, german, "open", false))
	assert.Equal(t, "Erledigt", task(plain+"tasks: {complete_as: Erledigt}\n", german, "completed", true))
	assert.Equal(t, "Completed", task(plain, rules.Setting{}, "completed", true))
}

func TestATaskWithoutADueDateIsDueSomeDaysAfterItWasMade(t *testing.T) {
	m := kindRules(t, strings.Replace(kindsFile, "tasks:\n", "tasks:\n  due: {without: 7d}\n", 1)).TaskMapper(setting)
	made := &record.Record{Side: record.Salesforce, Fields: record.Fields{record.Due: nil}, CreatedAt: time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)}
	assert.Equal(t, record.Value{"2026-03-08"}, m.Project(record.GoHighLevel, record.Due, made)) // made on 1 March in New York
	w := m.Write(record.GoHighLevel, rules.Change{Other: made, ContactID: "c1"})
	assert.Equal(t, map[string]any{"title": "Task", "completed": false, "dueDate": "2026-03-08T21:00:00Z"}, w.Doc)
}

func TestWhatTheRulesLeaveOutIsLeftOut(t *testing.T) {
	tasks, notes := kindRules(t, kindsFile).TaskMapper(setting), kindRules(t, kindsFile).NoteMapper(setting)
	appointments := kindRules(t, kindsFile).AppointmentMapper(setting)
	for name, c := range map[string]struct {
		mapper rules.KindMapper
		doc    string
		want   bool
	}{
		"a task":                {tasks, `{"Id": "00T1", "WhoId": "003c"}`, true},
		"a task of a lead":      {tasks, `{"Id": "00T1", "WhoId": "00Qc"}`, false},
		"a task of nobody":      {tasks, `{"Id": "00T1", "WhoId": null}`, false},
		"an e-mail":             {tasks, `{"Id": "00T1", "WhoId": "003c", "TaskSubtype": "ListEmail"}`, false},
		"a call":                {tasks, `{"Id": "00T1", "WhoId": "003c", "TaskSubtype": "Call"}`, false},
		"a step of a cadence":   {tasks, `{"Id": "00T1", "WhoId": "003c", "TaskSubtype": "Cadence"}`, false},
		"a series":              {tasks, `{"Id": "00T1", "WhoId": "003c", "IsRecurrence": true}`, false},
		"a deleted task":        {tasks, `{"Id": "00T1", "WhoId": "003c", "IsDeleted": true}`, false},
		"an event":              {appointments, `{"Id": "00U1", "WhoId": "003c", "IsChild": false}`, true},
		"an invitee's copy":     {appointments, `{"Id": "00U1", "WhoId": "003c", "IsChild": true}`, false},
		"a private event":       {appointments, `{"Id": "00U1", "WhoId": "003c", "IsPrivate": true}`, false},
		"a new series":          {appointments, `{"Id": "00U1", "WhoId": "003c", "IsRecurrence2": true}`, false},
		"the pattern of one":    {appointments, `{"Id": "00U1", "WhoId": "003c", "GroupEventType": "3"}`, false},
		"a day":                 {appointments, `{"Id": "00U1", "WhoId": "003c", "IsAllDayEvent": true, "StartDateTime": "2026-03-08T00:00:00.000+0000"}`, true},
		"a note":                {notes, `{"Id": "0691", "ContentDocumentLinks": {"records": [{"LinkedEntityId": "005x"}, {"LinkedEntityId": "003c"}]}}`, true},
		"a note of nobody":      {notes, `{"Id": "0691", "ContentDocumentLinks": {"records": [{"LinkedEntityId": "005x"}]}}`, false},
		"a private note":        {notes, `{"Id": "0021", "ParentId": "003c", "IsPrivate": true}`, false},
		"a note of an account":  {notes, `{"Id": "0021", "ParentId": "001c"}`, false},
		"a part without others": {notes, `{"Id": "0021", "ParentId": "003c", "Body": "[From GoHighLevel]\n(1/2)\nx"}`, false},
	} {
		r, err := c.mapper.FromSalesforce(document(t, c.doc))
		require.NoError(t, err)
		included, err := c.mapper.Included(r)
		require.NoError(t, err)
		assert.Equal(t, c.want, included, name)
	}
}

func TestWhatIsOldIsLeftOutUntilSomebodyTouchesIt(t *testing.T) {
	m := kindRules(t, strings.Replace(kindsFile, "tasks:\n", "tasks:\n  since: 2026-01-01\n  filter: title != \"secret\"\n", 1)).TaskMapper(setting)
	for doc, want := range map[string]bool{
		`{"id": "t", "dueDate": "2025-12-31T12:00:00Z", "dateAdded": "2025-12-01T00:00:00Z"}`:                                        false,
		`{"id": "t", "dueDate": "2026-01-01T12:00:00Z", "dateAdded": "2025-12-01T00:00:00Z"}`:                                        true,
		`{"id": "t", "dueDate": "2025-12-31T12:00:00Z", "dateAdded": "2025-12-01T00:00:00Z", "dateUpdated": "2026-02-01T00:00:00Z"}`: true,
		`{"id": "t"}`:                    true,
		`{"id": "t", "title": "secret"}`: false,
	} {
		r, err := m.FromGoHighLevel(document(t, doc), true)
		require.NoError(t, err)
		included, err := m.Included(r)
		require.NoError(t, err)
		assert.Equal(t, want, included, doc)
	}
}

func TestUsersAreFoundByTheMapThenByTheirAddressElseByDefault(t *testing.T) {
	m := kindRules(t, kindsFile).TaskMapper(setting)
	owner := func(ghl string) any {
		r, err := m.FromGoHighLevel(map[string]any{"id": "t", "assignedTo": ghl}, false)
		require.NoError(t, err)
		to := m.Project(record.Salesforce, record.Assignee, &r)
		return m.Write(record.Salesforce, rules.Change{Writes: []reconcile.Write{{Field: record.Assignee, After: to}}}).Doc["OwnerId"]
	}
	assert.Equal(t, "005000000000AdaAAA", owner("ghlAda"))
	assert.Equal(t, "005000000000BobAAA", owner("ghlBob"), "by the map")
	assert.Equal(t, "005000000000DefAAA", owner("ghlLone"), "nobody has that address")
	assert.Equal(t, "005000000000DefAAA", owner("ghlStranger"))
	assert.Equal(t, "005000000000DefAAA", owner(""))
	r, err := m.FromSalesforce(map[string]any{"Id": "00T", "OwnerId": "00G000000000Que"})
	require.NoError(t, err)
	assert.Equal(t, record.Value{"desk@example.com"}, m.Project(record.GoHighLevel, record.Assignee, &r), "a queue is nobody")
}

func TestANoteCrossesWithItsAuthorAndTime(t *testing.T) {
	m := kindRules(t, kindsFile).NoteMapper(setting)
	sf, err := m.FromSalesforce(document(t, `{"Id": "0691", "Title": "Visit", "Content": "<p>Met <b>Ada</b></p><ul><li>call</li></ul>", "CreatedDate": "2026-05-04T12:00:00.000+0000",
		"CreatedBy": {"Name": "Bob"}, "ContentDocumentLinks": {"records": [{"LinkedEntityId": "003c"}]}}`))
	require.NoError(t, err)
	d := reconcile.Decide(reconcile.Input{Salesforce: &sf, Policies: m.Policies(), Fingerprint: sum, Project: m.Project})
	w := m.Write(record.GoHighLevel, rules.Change{Writes: d.GoHighLevel, Other: &sf, ContactID: "c1"})
	assert.Equal(t, map[string]any{"title": "Visit", "body": "[From Salesforce: Bob, 2026-05-04 08:00 -04:00]\nMet Ada\n- call"}, w.Doc)
	w.Doc["id"] = "n1"
	ghl, err := m.FromGoHighLevel(w.Doc, false)
	require.NoError(t, err)
	assert.Equal(t, sf.Fields, ghl.Fields)
	assert.Equal(t, "Bob", ghl.Envelope.Author)

	edited := m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Body, "Met Ada again")}, Current: &ghl, Other: &sf})
	assert.Equal(t, map[string]any{"body": "[From Salesforce: Bob, 2026-05-04 08:00 -04:00]\nMet Ada again"}, edited.Doc)
	origin := m.Write(record.Salesforce, rules.Change{Writes: []reconcile.Write{write(record.Body, "Met Ada & Bob")}, Current: &sf, Other: &ghl})
	assert.Equal(t, map[string]any{"Content": base64.StdEncoding.EncodeToString([]byte("Met Ada &amp; Bob"))}, origin.Doc)
}

func TestANoteCanBeACompletedTask(t *testing.T) {
	m := kindRules(t, strings.Replace(kindsFile, "part_length: 1000", "as: task", 1)).NoteMapper(setting)
	ghl, err := m.FromGoHighLevel(document(t, `{"id": "n1", "body": "Paid.\nIn full.", "userId": "ghlAda", "dateAdded": "2026-05-04T12:00:00.000Z", "contactId": "c1"}`), false)
	require.NoError(t, err)
	d := reconcile.Decide(reconcile.Input{GoHighLevel: &ghl, Policies: m.Policies(), Fingerprint: sum, Project: m.Project})
	w := m.Write(record.Salesforce, rules.Change{Writes: d.Salesforce, Other: &ghl, ContactID: "003c"})
	assert.Equal(t, "Task", m.SalesforceObject())
	assert.Equal(t, map[string]any{
		"Subject": "Paid.", "Description": "[From GoHighLevel: Ada Lovelace, 2026-05-04 08:00 -04:00]\nPaid.\nIn full.",
		"Status": "Completed", "WhoId": "003c", "ActivityDate": "2026-05-04",
	}, w.Doc)
}

func TestALongNoteIsReadFromAllItsParts(t *testing.T) {
	m := kindRules(t, kindsFile).NoteMapper(setting)
	body := strings.TrimSpace(strings.Repeat("a line of twenty ch.\n", 100))
	sf := record.Record{Side: record.Salesforce, ID: "0691", Fields: record.Fields{record.Title: {"Long"}, record.Body: {body}}}
	d := reconcile.Decide(reconcile.Input{Salesforce: &sf, Policies: m.Policies(), Fingerprint: sum, Project: m.Project})
	w := m.Write(record.GoHighLevel, rules.Change{Writes: d.GoHighLevel, Other: &sf, ContactID: "c1"})
	require.True(t, w.Whole)
	require.Len(t, w.Further, 2)
	docs := append([]map[string]any{w.Doc}, w.Further...)
	for i, doc := range docs {
		doc["id"] = []string{"n1", "n2", "n3"}[i]
	}
	slices.Reverse(docs)
	docs = append(docs, map[string]any{"id": "other", "body": "x"})
	groups, err := m.Group(record.GoHighLevel, docs)
	require.NoError(t, err)
	require.Len(t, groups, 2)
	whole, err := m.FromParts(record.GoHighLevel, groups[0])
	require.NoError(t, err)
	assert.Equal(t, sf.Fields, whole.Fields)
	assert.Equal(t, "n1", whole.ID)
	assert.Equal(t, []string{"n1", "n2", "n3"}, whole.Parts)

	less, err := m.FromParts(record.GoHighLevel, docs[:2])
	require.NoError(t, err)
	_, known := less.Fields[record.Body]
	assert.False(t, known, "what is missing is unknown, never empty")
	assert.True(t, less.Has(record.TraitIncompletePart))
	short := m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Body, "short")}, Current: &whole, Other: &sf})
	assert.True(t, short.Whole)
	assert.Empty(t, short.Further)
}

func TestAnAppointmentIsAnEventAtTheSameInstant(t *testing.T) {
	m := kindRules(t, kindsFile).AppointmentMapper(setting)
	for name, c := range map[string]struct{ start, want string }{
		"before the clocks change":     {`"2026-03-08 01:30:00"`, "2026-03-08T06:30:00Z"},
		"after the clocks changed":     {`"2026-03-08 03:30:00"`, "2026-03-08T07:30:00Z"},
		"with an offset":               {`"2026-03-08T03:30:00-04:00"`, "2026-03-08T07:30:00Z"},
		"in milliseconds":              {`1772955000000`, "2026-03-08T07:30:00Z"},
		"in the second of equal hours": {`"2026-11-01T01:30:00-05:00"`, "2026-11-01T06:30:00Z"},
	} {
		ghl, err := m.FromGoHighLevel(document(t, `{"id": "a1", "title": "Checkup", "contactId": "c1", "appointmentStatus": "cancelled", "startTime": `+c.start+`}`), false)
		require.NoError(t, err)
		d := reconcile.Decide(reconcile.Input{GoHighLevel: &ghl, Policies: m.Policies(), Fingerprint: sum, Project: m.Project})
		w := m.Write(record.Salesforce, rules.Change{Writes: d.Salesforce, Other: &ghl, ContactID: "003c"})
		at, _ := time.Parse(time.RFC3339, c.want)
		assert.Equal(t, map[string]any{
			"Subject": "[Cancelled] Checkup", "StartDateTime": c.want, "EndDateTime": at.Add(30 * time.Minute).Format(time.RFC3339), "WhoId": "003c",
			"GHL_Id__c": "a1", "OwnerId": "005000000000DefAAA",
		}, w.Doc, name)
	}
}

func TestAnEventsTimesAlwaysGoTogether(t *testing.T) {
	m := kindRules(t, kindsFile).AppointmentMapper(setting)
	day, err := m.FromSalesforce(document(t, `{"Id": "00U1", "WhoId": "003c", "Subject": "Fair", "IsAllDayEvent": true,
		"StartDateTime": "2026-03-07T00:00:00.000+0000", "EndDateTime": "2026-03-08T00:00:00.000+0000"}`))
	require.NoError(t, err)
	assert.Equal(t, record.Value{"2026-03-07T05:00:00Z"}, day.Fields[record.Start])
	assert.Equal(t, record.Value{"2026-03-09T04:00:00Z"}, day.Fields[record.End], "two days, over which the clocks change")
	w := m.Write(record.Salesforce, rules.Change{Writes: []reconcile.Write{write(record.End, "2026-03-07T06:00:00Z")}, Current: &day})
	assert.Equal(t, map[string]any{"StartDateTime": "2026-03-07T05:00:00Z", "EndDateTime": "2026-03-07T06:00:00Z", "IsAllDayEvent": false}, w.Doc)
	w = m.Write(record.GoHighLevel, rules.Change{Writes: []reconcile.Write{write(record.Start, "2026-03-08T07:00:00Z")}, Current: &day})
	assert.Equal(t, "2026-03-08T03:00:00-04:00", w.Doc["startTime"])
	assert.Equal(t, "2026-03-09T00:00:00-04:00", w.Doc["endTime"])
	assert.Equal(t, false, w.Doc["toNotify"])
}

func TestAnAppointmentThatDoesNotTakePlaceIsShownOrDeleted(t *testing.T) {
	shown := kindRules(t, kindsFile).AppointmentMapper(setting)
	deleted := kindRules(t, strings.Replace(kindsFile, "appointments: {", "appointments: {cancelled: delete, ", 1)).AppointmentMapper(setting)
	ghl, err := shown.FromGoHighLevel(document(t, `{"id": "a1", "appointmentStatus": "cancelled"}`), false)
	require.NoError(t, err)
	assert.False(t, shown.Withdrawn(ghl))
	assert.True(t, deleted.Withdrawn(ghl))
	assert.True(t, shown.Creates(record.GoHighLevel))
	ghl.Fields[record.Status] = record.Value{"noshow"}
	assert.False(t, deleted.Withdrawn(ghl))
}

func TestAStatusFieldShowsEveryStatus(t *testing.T) {
	m := kindRules(t, strings.Replace(kindsFile, "appointments: {", "appointments: {status: {show: field, field: GHL_Status__c, words: {noshow: Missed}}, ", 1)).AppointmentMapper(setting)
	for _, status := range []string{"new", "confirmed", "cancelled", "showed", "noshow", "invalid"} {
		w := m.Write(record.Salesforce, rules.Change{Writes: []reconcile.Write{write(record.Status, status)}, Current: &record.Record{}})
		w.Doc["Id"] = "00U1"
		back, err := m.FromSalesforce(w.Doc)
		require.NoError(t, err)
		assert.Equal(t, record.Scalar(status), back.Fields[record.Status])
	}
	assert.Contains(t, m.SalesforceFields(), "GHL_Status__c")
	odd := &record.Record{Fields: record.Fields{record.Status: {"Rescheduled"}}}
	assert.Empty(t, m.Project(record.GoHighLevel, record.Status, odd))
}

func TestContactsAreAKindAmongTheOthers(t *testing.T) {
	m := rules.ContactKind(mapping(t, mapped))
	w := m.Write(record.GoHighLevel, rules.Change{
		Writes:  []reconcile.Write{{Field: record.Tags, Before: record.Value{"a"}, After: record.Value{"b"}}, write(record.City, "Oslo")},
		Current: &record.Record{},
	})
	assert.Equal(t, rules.Write{Doc: map[string]any{"city": "Oslo"}, AddTags: []string{"b"}, RemoveTags: []string{"a"}}, w)
	w = m.Write(record.Salesforce, rules.Change{Writes: []reconcile.Write{write(record.City, "Oslo")}, Other: &record.Record{ID: "g1"}})
	assert.Equal(t, map[string]any{"MailingCity": "Oslo", "GHL_Id__c": "g1"}, w.Doc)
	assert.Equal(t, record.Contact, m.Kind())
}
