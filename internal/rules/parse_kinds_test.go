package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestTheOtherKindsNeedNoRules(t *testing.T) {
	r := parse(t, ids)
	for kind, travel := range map[record.Kind]Travel{
		record.Task: r.Tasks.Travel, record.Note: r.Notes.Travel, record.Appointment: r.Appointments.Travel,
	} {
		assert.False(t, travel.Enabled, kind)
		assert.Equal(t, DeletionPropagate, travel.Deletions.GoHighLevel, kind)
		assert.Equal(t, Surge{Count: 25, Share: 0.05, Window: time.Hour}, travel.Deletions.Surge, kind)
		var fields []record.Field
		for _, p := range travel.Fields {
			fields = append(fields, p.Field)
			want := reconcile.Both
			if kind == record.Appointment && p.Field == record.Status {
				want = reconcile.ToSalesforce // a subject is no place to change a status
			}
			assert.Equal(t, want, p.Direction, p.Field)
			assert.Equal(t, reconcile.Newest, p.Conflict, p.Field)
		}
		assert.Equal(t, record.FieldsOf(kind), fields)
	}
	assert.Equal(t, reconcile.Both, r.Tasks.Create)
	assert.Equal(t, reconcile.ToSalesforce, r.Appointments.Create)
	assert.Equal(t, 17, r.Tasks.DueHour)
	assert.Equal(t, NoteAsNote, r.Notes.As)
	assert.True(t, r.Users.ByEmail)
}

func TestTheRulesOfTheOtherKindsAreRead(t *testing.T) {
	r := parse(t, ids+`
tasks:
  create: to_salesforce
  leave_out: [email]
  since: 2025-01-31
  filter: status == "open"
  due: {hour: 9, without: 7d}
  statuses: {Deferred: completed, Waiting on someone else: open}
  complete_as: Done
  reopen_as: Waiting on someone else
  priority: {default: Medium, show: [High, Low]}
  deletions: {gohighlevel: ask, salesforce: ignore}
  fields: {title: {conflict: newest gohighlevel}, body: {direction: off}, due: {direction: to_gohighlevel, drift: restore}}
notes: {enabled: false, as: task, header: false, part_length: 2000}
appointments:
  create: both
  calendar: cal1
  duration: 1h
  status: {show: field, field: GHL_Status__c, words: {noshow: Missed}}
  cancelled: delete
users: {by_email: false, map: {ghl1: 0055g00000AbCdE}, default: {salesforce: 0055g00000AbCdEAAV}}
`)
	assert.Equal(t, []record.Trait{record.TraitEmail}, r.Tasks.LeaveOut)
	assert.Equal(t, "2025-01-31", r.Tasks.Since)
	assert.NotNil(t, r.Tasks.Filter)
	assert.Equal(t, 9, r.Tasks.DueHour)
	assert.Equal(t, 7, r.Tasks.DueAfter)
	assert.Equal(t, map[string]bool{"Deferred": true, "Waiting on someone else": false}, r.Tasks.Statuses)
	assert.Equal(t, "Medium", r.Tasks.Priority)
	assert.Equal(t, []string{"High", "Low"}, r.Tasks.ShowPriority)
	assert.Equal(t, DeletionAsk, r.Tasks.Deletions.GoHighLevel)
	assert.Len(t, r.Tasks.Fields, len(record.TaskFields)-1)
	assert.Equal(t, record.GoHighLevel, r.Tasks.Fields[0].Tie)
	assert.Equal(t, Notes{Travel: r.Notes.Travel, As: NoteAsTask, PartLength: 2000}, r.Notes)
	assert.False(t, r.Notes.Enabled)
	assert.Equal(t, "Missed", r.Appointments.StatusWords[StatusNoShow])
	assert.Equal(t, "Cancelled", r.Appointments.StatusWords[StatusCancelled])
	assert.Equal(t, reconcile.Both, r.Appointments.Fields[2].Direction) // a field of its own is
	assert.Equal(t, EventDeleted, r.Appointments.Cancelled)
	assert.Equal(t, Users{Map: map[string]string{"ghl1": "0055g00000AbCdE"}, Salesforce: "0055g00000AbCdEAAV"}, r.Users)
	assert.Equal(t, []string{"Done", "Deferred"}, r.Tasks.MissingStatuses([]OrgStatus{{Name: "Waiting on someone else"}}))
}

func TestEveryMistakeInTheRulesOfTheOtherKindsIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"words mistyped": {ids + `tasks:
  enbled: true
  create: yes
  leave_out: [mail, children]
  since: 31.1.2025
  filter: body != ""
  deletions: {gohighlevel: mark}
  fields: {titel: {}, first_name: {}, body: {direction: off}, status: {salesforce: Status}}
`, []string{
			`4: tasks: "enbled" is not a key here; did you mean enabled?`,
			`5: tasks.create: "yes" is not a way to make records; use both, to_gohighlevel, to_salesforce or off`,
			`6: tasks.leave_out: "mail" is not a trait to leave tasks out by; use leads, without_contact, email, call, other or recurring`,
			`6: tasks.leave_out: "children" is not a trait to leave tasks out by; use leads, without_contact, email, call, other or recurring`,
			`7: tasks.since: "31.1.2025" is not a date; write it as 2025-01-31`,
			`8: tasks.filter: at column 1: body is off, so it is never read; give it a direction under tasks.fields to use it here`,
			`9: tasks.deletions.gohighlevel: "mark" is not a way to treat deletions; use propagate, ignore or ask`,
			`10: tasks.fields.first_name: is not a field of tasks; use title, body, status, due, priority or assignee`,
			`10: tasks.fields.status: "salesforce" is not a key here; use direction, conflict, tie or drift`,
			`10: tasks.fields.titel: is not a field of tasks; did you mean title?`,
		}},
		"tasks that cannot be kept": {ids + `tasks:
  external_id_field: GHL_Id
  due: {hour: 24, without: 36h}
  statuses: {Done: closed, Completed: open, Later: completed}
  complete_as: Completed
  reopen_as: Later
  priority: {default: Normal, show: [Normal, "[High]", High, High]}
`, []string{
			`4: tasks.external_id_field: "GHL_Id" is not the API name of a custom field of Activity, as GHL_Id__c; leave it out when the org has none`,
			`5: tasks.due.hour: 24 is out of range; use a whole number from 0 to 23`,
			`5: tasks.due.without: 36h is not a number of whole days; write it as 7d`,
			`6: tasks.statuses.Done: "closed" is not what a status counts as; use open or completed`,
			`7: tasks.complete_as: "Completed" counts as open, as statuses says; name another status`,
			`8: tasks.reopen_as: "Later" counts as completed, as statuses says; name another status`,
			`9: tasks.priority.show: "Normal" is the default, which every task has that shows none; leave it out here`,
			`9: tasks.priority.show: "[High]" is not a Salesforce priority, as High; write it in one line without brackets, without spaces around it`,
			`9: tasks.priority.show: "High" is here twice; keep one`,
		}},
		"notes that cannot be": {ids + "notes: {as: event, header: no, part_length: 10, external_id_field: A__c}\n", []string{
			`3: notes: "external_id_field" is not a key here; use enabled, create, leave_out, since, filter, deletions, fields, as, header or part_length`,
			`3: notes.as: "event" is not what a note can be in Salesforce; use note or task`,
			`3: notes.header: must be true or false, without quotes`,
			`3: notes.part_length: 10 is out of range; use a whole number from 1000 to 1000000`,
		}},
		"appointments that cannot be": {ids + `appointments:
  create: both
  status: {field: S__c, words: {noshow: Showed, gone: Gone}}
  cancelled: hide
`, []string{
			`4: appointments.create: both makes appointments in GoHighLevel, which needs the id of a calendar for them, as calendar: CVokAlI8fgw4WYWoCtQz`,
			`5: appointments.status.field: has no effect unless the status is shown there; write show: field, or leave it out`,
			`5: appointments.status.words: "gone" is not a key here; use new, confirmed, cancelled, showed, noshow or invalid`,
			`5: appointments.status.words.noshow: "Showed" stands for showed already; each status needs its own word`,
			`6: appointments.cancelled: "hide" is not what becomes of an event; use show or delete`,
		}},
		"a status without its field": {ids + "appointments: {status: {show: field}}\n", []string{
			`3: appointments.status.field: is missing; name the field of Event that shows the status: field: GHL_Status__c`,
		}},
		"users that nobody is": {ids + "users:\n  map: {a b: 0055g00000AbCdE, ghl1: 0035g00000AbCdE, ghl2: }\n  default: {salesforce: ada@example.com}\n", []string{
			`4: users.map.a b: "a b" is not a GoHighLevel user id, as ve9EPM428h8vShlRW1KT`,
			`4: users.map.ghl1: "0035g00000AbCdE" is not a Salesforce user id, which starts with 005 and has 15 or 18 letters and digits`,
			`4: users.map.ghl2: needs the id of the Salesforce user, as ghl2: 0055g00000AbCdEfGh`,
			`5: users.default.salesforce: "ada@example.com" is not a Salesforce user id, which starts with 005 and has 15 or 18 letters and digits`,
		}},
	} {
		t.Run(name, func(t *testing.T) { assert.ElementsMatch(t, c.want, problemsOf(t, c.text)) })
	}
}
