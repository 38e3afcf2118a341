package salesforcetest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// add creates a record through the API and returns its id.
func (b *bench) add(object string, record fields) string {
	b.Helper()
	id, _ := b.ok("POST", v67+"/sobjects/"+object, record).object(b.T)["id"].(string)
	return id
}

func (b *bench) patch(object, id string, record fields) answer {
	b.Helper()
	return b.do("PATCH", v67+"/sobjects/"+object+"/"+id, record)
}

// held is a record as it is.
func (b *bench) held(object, id string) fields {
	b.Helper()
	record, ok := b.org.Get(object, id)
	require.True(b, ok)
	return record
}

func TestATaskHasTheOrgsDefaultsAndClosesByItsStatusAlone(t *testing.T) {
	b := newBench(t, Options{})
	account := b.org.Create("Account", fields{"Name": "Acme"})
	contact := b.create(fields{"LastName": "Lovelace", "AccountId": account})
	id := b.add("Task", fields{"Subject": "Call back", "WhoId": contact, "ActivityDate": "2026-12-01"})
	got := b.ok("GET", v67+"/sobjects/Task/"+id, nil).object(t)
	for name, want := range (fields{
		"Status": "Not Started", "Priority": "Normal", "TaskSubtype": "Task", "IsClosed": false, "IsHighPriority": false,
		"ActivityDate": "2026-12-01", "WhoId": contact, "AccountId": account, "CompletedDateTime": nil, "IsArchived": false,
		"OwnerId": b.org.APIUserID(),
	}) {
		require.Equal(t, want, got[name], name)
	}
	b.clock.advance(time.Minute)
	require.Equal(t, 204, b.patch("Task", id, fields{"Status": "Completed", "Priority": "High"}).status)
	require.Equal(t, "2026-11-23T17:01:00.000+0000", b.held("Task", id)["CompletedDateTime"])
	require.Equal(t, true, b.held("Task", id)["IsClosed"])
	require.Equal(t, true, b.held("Task", id)["IsHighPriority"])
	b.clock.advance(time.Minute)
	require.Equal(t, 204, b.patch("Task", id, fields{"Subject": "Called back"}).status)
	require.Equal(t, "2026-11-23T17:01:00.000+0000", b.held("Task", id)["CompletedDateTime"], "only closing sets it")
	require.Equal(t, 204, b.patch("Task", id, fields{"Status": "In Progress"}).status)
	require.Nil(t, b.held("Task", id)["CompletedDateTime"])
	require.Equal(t, false, b.held("Task", id)["IsClosed"])
}

func TestEachRuleOfTasksRefusesWithItsCode(t *testing.T) {
	b := newBench(t, Options{HiddenFields: []string{"Event.Type"}})
	contact := b.create(fields{"LastName": "Lovelace"})
	lead := b.org.Create("Lead", fields{"LastName": "Prospect", "Company": "X"})
	account := b.org.Create("Account", fields{"Name": "Acme"})
	id := b.add("Task", fields{"Subject": "A", "WhoId": contact})
	series := b.org.Create("Task", fields{"Subject": "Weekly", "IsRecurrence": true})
	for name, one := range map[string]struct {
		id     string
		change fields
		code   string
	}{
		"unknown status":     {id, fields{"Status": "Done"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"no status":          {id, fields{"Status": nil}, "REQUIRED_FIELD_MISSING"},
		"no priority":        {id, fields{"Priority": ""}, "REQUIRED_FIELD_MISSING"},
		"unknown priority":   {id, fields{"Priority": "Urgent"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"},
		"closed by hand":     {id, fields{"IsClosed": true}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"completed by hand":  {id, fields{"CompletedDateTime": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"subtype changed":    {id, fields{"TaskSubtype": "Call"}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"archived by hand":   {id, fields{"IsArchived": true}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"account by hand":    {id, fields{"AccountId": account}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"hidden in events":   {id, fields{"Type": "Call"}, "INVALID_FIELD_FOR_INSERT_UPDATE"},
		"time in a date":     {id, fields{"ActivityDate": "2026-12-01T00:00:00Z"}, "JSON_PARSER_ERROR"},
		"who is an account":  {id, fields{"WhoId": account}, "MALFORMED_ID"},
		"lead and account":   {id, fields{"WhoId": lead, "WhatId": account}, "FIELD_INTEGRITY_EXCEPTION"},
		"subject too long":   {id, fields{"Subject": strings.Repeat("x", 256)}, "STRING_TOO_LONG"},
		"text too long":      {id, fields{"Description": strings.Repeat("x", 32001)}, "STRING_TOO_LONG"},
		"series' due date":   {series, fields{"ActivityDate": "2026-12-01"}, "FIELD_INTEGRITY_EXCEPTION"},
		"who by external id": {id, fields{"Who": fields{"GHL_Id__c": "1"}}, "INVALID_FIELD"},
	} {
		require.Equal(t, one.code, b.patch("Task", one.id, one.change).code(t), name)
	}
	require.Equal(t, "INSUFFICIENT_ACCESS_OR_READONLY", b.patch("TaskStatus", b.org.All("TaskStatus")[0]["Id"].(string), fields{}).code(t))
	for _, subtype := range []string{"Email", "Call"} {
		require.NotEmpty(t, b.org.Create("Task", fields{"Subject": "Log", "TaskSubtype": subtype}))
	}
	require.Panics(t, func() { b.org.Create("Task", fields{"Status": "No such status"}) }, "people choose from the list too")
}

func TestTheAdministratorNamesTheTasksStatuses(t *testing.T) {
	b := newBench(t, Options{TaskStatuses: []TaskStatus{
		{Name: "Offen", Label: "Offen!", Default: true}, {Name: "Erledigt", Closed: true}, {Name: "Hinfällig", Closed: true},
	}})
	id := b.add("Task", fields{"Subject": "A"})
	require.Equal(t, "Offen", b.held("Task", id)["Status"])
	require.Equal(t, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", b.patch("Task", id, fields{"Status": "Completed"}).code(t))
	require.Equal(t, 204, b.patch("Task", id, fields{"Status": "Hinfällig"}).status)
	require.Equal(t, true, b.held("Task", id)["IsClosed"])
	rows := b.query("SELECT MasterLabel, ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder")
	require.Equal(t, []any{"Offen!", "Erledigt", "Hinfällig"}, columnOf(rows, "MasterLabel"))
	require.Equal(t, []any{"Offen", "Erledigt", "Hinfällig"}, columnOf(rows, "ApiName"))
	require.Equal(t, []any{false, true, true}, columnOf(rows, "IsClosed"))
	require.Equal(t, []any{true, false, false}, columnOf(rows, "IsDefault"))
	require.Equal(t, []any{"Normal"}, columnOf(b.query("SELECT ApiName FROM TaskPriority WHERE IsDefault = true"), "ApiName"))
	require.Panics(t, func() { New(Options{TaskStatuses: []TaskStatus{{Name: "Open", Default: true}}}) }, "nothing closes")
}

func TestWhoIsAContactOrALeadAndShowsWhatBothHave(t *testing.T) {
	b := newBench(t, Options{})
	contact := b.create(fields{"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@x.co"})
	lead := b.org.Create("Lead", fields{"LastName": "Prospect", "Company": "X"})
	onContact := b.add("Task", fields{"Subject": "A", "WhoId": contact, "ActivityDate": "2026-12-01"})
	onLead := b.add("Task", fields{"Subject": "B", "WhoId": lead, "ActivityDate": "2026-12-02"})
	alone := b.add("Task", fields{"Subject": "C_1"})
	for q, want := range map[string][]any{
		"Who.Type = 'Contact'":                                     {onContact},
		"Who.Type IN ('Lead', 'Contact')":                          {onContact, onLead},
		"Who.Type = null":                                          {alone},
		"Who.Id = '" + contact[:15] + "'":                          {onContact},
		"WhoId IN ('" + contact + "', '" + lead + "')":             {onContact, onLead},
		"WhoId = '" + contact + "' AND IsClosed = false":           {onContact},
		"Who.Name LIKE 'Ada L%'":                                   {onContact},
		"ActivityDate >= 2026-12-01 AND ActivityDate < 2026-12-02": {onContact},
		"ActivityDate = null":                                      {alone},
		"Subject LIKE 'c\\_%'":                                     {alone},
		"Owner.Name = 'Integration User'":                          {onContact, onLead, alone},
		"Owner.Type = 'User'":                                      {onContact, onLead, alone},
	} {
		require.Equal(t, want, columnOf(b.query("SELECT Id FROM Task WHERE "+q+" ORDER BY Id"), "Id"), q)
	}
	row := b.query("SELECT Id, Who.Type, Who.Id, Who.Email, What.Name, Owner.Email FROM Task WHERE Id = '" + onContact + "'")[0]
	require.Equal(t, fields{
		"attributes": fields{"type": "Contact", "url": v67 + "/sobjects/Contact/" + contact}, "Type": "Contact", "Id": contact, "Email": "ada@x.co",
	}, row["Who"])
	require.Nil(t, row["What"])
	for _, q := range []string{
		"SELECT Who.AccountId FROM Task", "SELECT Who.Account.Name FROM Task", "SELECT Owner.TimeZoneSidKey FROM Task",
		"SELECT Id FROM Task WHERE ActivityDate = '2026-12-01'", "SELECT Id FROM Task WHERE ActivityDate > 2026-12-01T00:00:00Z",
		"SELECT Id FROM Task WHERE Description = 'x'", "SELECT Id FROM Task ORDER BY Description",
	} {
		code, _ := b.refused(q)
		require.Equal(t, "INVALID_FIELD", code, q)
	}
	var who fields
	for _, f := range b.ok("GET", v67+"/sobjects/Task/describe", nil).object(t)["fields"].([]any) {
		if f := f.(fields); f["name"] == "WhoId" {
			who = f
		}
	}
	require.ElementsMatch(t, []any{"Contact", "Lead"}, who["referenceTo"])
	require.Equal(t, true, who["polymorphicForeignKey"])
}

func TestTasksAndEventsShareTheirCustomFields(t *testing.T) {
	b := newBench(t, Options{})
	b.org.AddCustomField("Activity", "GHL_Id__c", "Text", Length(40), ExternalID(), Unique(), CaseSensitive())
	require.Panics(t, func() { b.org.AddCustomField("Task", "Other__c", "Text") })
	a := b.do("PATCH", v67+"/sobjects/Task/GHL_Id__c/abc", fields{"Subject": "A"})
	require.Equal(t, http.StatusCreated, a.status, a.text)
	a = b.do("PATCH", v67+"/sobjects/Task/GHL_Id__c/abc", fields{"Subject": "B"})
	require.Equal(t, false, a.object(t)["created"])
	require.Equal(t, 1, b.org.Count("Task"))
	items := b.ok("PATCH", v67+"/composite/sobjects/Task/GHL_Id__c", fields{"records": []fields{
		{"attributes": fields{"type": "Task"}, "GHL_Id__c": "abc", "Subject": "C"}, {"attributes": fields{"type": "Task"}, "GHL_Id__c": "def"},
	}}).list(t)
	require.Equal(t, []any{false, true}, columnOf(items, "created"))
	require.Equal(t, []any{"C"}, columnOf(b.query("SELECT Subject FROM Task WHERE GHL_Id__c = 'abc'"), "Subject"))
	b.org.HideField("Task.Description", true)
	for _, object := range []string{"Task", "Event"} {
		code, _ := b.refused("SELECT Description FROM " + object)
		require.Equal(t, "INVALID_FIELD", code)
		b.query("SELECT GHL_Id__c FROM " + object)
	}
}

func TestATaskIsLockedWithItsContactAndItsAccount(t *testing.T) {
	b := newBench(t, Options{})
	account := b.org.Create("Account", fields{"Name": "Acme"})
	contact := b.create(fields{"LastName": "Lovelace", "AccountId": account})
	id := b.add("Task", fields{"WhoId": contact})
	for _, locked := range []string{contact, account, id} {
		b.org.LockRow(locked, b.clock.now().Add(time.Minute))
		require.Equal(t, "UNABLE_TO_LOCK_ROW", b.patch("Task", id, fields{"Subject": "x"}).code(t))
		b.clock.advance(time.Minute)
		require.Equal(t, 204, b.patch("Task", id, fields{"Subject": "x"}).status)
	}
	b.org.LockRow(contact, b.clock.now().Add(time.Minute))
	require.Equal(t, "UNABLE_TO_LOCK_ROW", b.do("POST", v67+"/sobjects/Task", fields{"WhoId": contact}).code(t))
}
