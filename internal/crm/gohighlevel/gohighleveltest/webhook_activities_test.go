package gohighleveltest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlySomeChangesOfTasksNotesAndAppointmentsAreAnnounced(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits"})
	c.drain()
	var task, note, event string
	path := func() string { return "/contacts/" + contact + "/tasks/" + task }
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"the API creates a task", func() { task = c.createTask(contact, "Call") }, []string{TaskCreate}},
		{"the API edits it", func() { c.want(200, "PUT", path(), object{"title": "Call now"}) }, nil},
		{"a person edits it", func() { require.NoError(t, c.fake.EditTask(task, map[string]any{"assignedTo": "u1"})) }, nil},
		{"the API completes it", func() { c.want(200, "PUT", path()+"/completed", object{"completed": true}) }, []string{TaskComplete}},
		{"the API completes it again", func() { c.want(200, "PUT", path()+"/completed", object{"completed": true}) }, nil},
		{"the API reopens it", func() { c.want(200, "PUT", path()+"/completed", object{"completed": false}) }, nil},
		{"an edit completes it", func() { c.want(200, "PUT", path(), object{"completed": true}) }, []string{TaskComplete}},
		{"a person reopens it", func() { require.NoError(t, c.fake.ReopenTask(task)) }, nil},
		{"a person completes it", func() { require.NoError(t, c.fake.CompleteTask(task)) }, []string{TaskComplete}},
		{"the API deletes it", func() { c.want(200, "DELETE", path(), nil) }, []string{TaskDelete}},
		{"tasks are loaded", func() {
			_, err := c.fake.LoadTasks([]Task{{ContactID: contact, Title: "x", DueDate: due(c)}})
			require.NoError(t, err)
		}, nil},
		{"the API creates a note", func() {
			note = c.want(201, "POST", "/contacts/"+contact+"/notes", object{"body": "x"}).body["note"].(object)["id"].(string)
		}, []string{NoteCreate}},
		{"the API edits it", func() { c.want(200, "PUT", "/contacts/"+contact+"/notes/"+note, object{"pinned": true}) }, []string{NoteUpdate}},
		{"a person edits it", func() { require.NoError(t, c.fake.EditNote(note, map[string]any{"body": "y"})) }, []string{NoteUpdate}},
		{"a person deletes it", func() { require.NoError(t, c.fake.DeleteNote(note)) }, []string{NoteDelete}},
		{"the API books", func() {
			event = c.want(200, "POST", "/calendars/events/appointments", object{
				"calendarId": calendar, "contactId": contact, "locationId": c.fake.LocationID(), "startTime": "2026-03-03T15:00:00Z",
			}).body["id"].(string)
		}, []string{AppointmentCreate}},
		{"a booking is refused", func() {
			c.want(400, "PUT", "/calendars/events/appointments/"+event, object{"startTime": "2026-03-01T15:00:00Z"})
		}, nil},
		{"a person cancels", func() { require.NoError(t, c.fake.CancelAppointment(event)) }, []string{AppointmentUpdate}},
		{"the API deletes it", func() { c.want(201, "DELETE", "/calendars/events/"+event, object{}) }, []string{AppointmentDelete}},
	} {
		t.Run(step.what, func(t *testing.T) {
			x.forget()
			step.do()
			c.drain()
			var got []string
			for _, r := range x.got() {
				got = append(got, r.text("type"))
			}
			require.ElementsMatch(t, step.want, got)
		})
	}
}

// payload returns what came about the last change, less the envelope that every event has.
func payload(t *testing.T, x *receiver) object {
	t.Helper()
	all := x.got()
	got := all[len(all)-1].body
	for _, key := range []string{"locationId", "timestamp", "webhookId", "appId", "versionId"} {
		require.NotEmpty(t, got[key], key)
		delete(got, key)
	}
	return got
}

func TestThePayloadsOfTasksNotesAndAppointmentsTellLittle(t *testing.T) {
	c, x := listening(t, Options{}, nil)
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits", GroupID: "g1"})
	c.drain()
	task, err := c.fake.CreateTask(Task{ContactID: contact, Title: "Call", Body: "Now", AssignedTo: "u1", DueDate: due(c)})
	require.NoError(t, err)
	c.drain()
	told := object{
		"type": TaskCreate, "id": task, "title": "Call", "assignedTo": "u1", "dateAdded": "2026-03-01T09:00:00.000Z",
		"dueDate": "2026-03-03T09:00:00.000Z",
	}
	require.Equal(t, told, payload(t, x), "a new task does not say whose it is")
	require.NoError(t, c.fake.CompleteTask(task))
	c.drain()
	told["type"], told["body"], told["contactId"] = TaskComplete, "Now", contact
	require.Equal(t, told, payload(t, x))

	note, err := c.fake.CreateNote(Note{ContactID: contact, Body: "<p>a & b</p>", Title: "t", UserID: "u1", Pinned: true})
	require.NoError(t, err)
	c.drain()
	require.Contains(t, string(x.got()[len(x.got())-1].raw), "<p>a & b</p>")
	require.Equal(t, object{
		"type": NoteCreate, "id": note, "body": "<p>a & b</p>", "contactId": contact, "dateAdded": "2026-03-01T09:00:00.000Z",
	}, payload(t, x))

	event, err := c.fake.CreateAppointment(Appointment{ContactID: contact, CalendarID: calendar, Title: "Roof", AssignedUserID: "u1", StartTime: due(c)})
	require.NoError(t, err)
	c.drain()
	require.Equal(t, object{"type": AppointmentCreate, "appointment": object{
		"id": event, "title": "Roof", "calendarId": calendar, "contactId": contact, "groupId": "g1", "appointmentStatus": "confirmed",
		"assignedUserId": "u1", "users": []any{"u1"}, "source": "calendar_page", "startTime": "2026-03-03T04:00:00-05:00",
		"endTime": "2026-03-03T04:30:00-05:00", "dateAdded": "2026-03-01T04:00:00-05:00", "dateUpdated": "2026-03-01T04:00:00-05:00",
	}}, payload(t, x))
}

func TestAForgedAppointmentIsAboutAnotherOne(t *testing.T) {
	c, x := listening(t, Options{Seed: 1, WebhookFaults: WebhookFaults{Forge: 1}}, nil)
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits"})
	genuine := map[string]bool{}
	for i := range 12 {
		id, err := c.fake.CreateAppointment(Appointment{ContactID: contact, CalendarID: calendar, StartTime: due(c).Add(time.Duration(i) * time.Hour)})
		require.NoError(t, err)
		genuine[id] = true
	}
	c.drain()
	forged := 0
	for _, r := range x.got() {
		if inner, nested := r.body["appointment"].(object); nested {
			if !genuine[inner["id"].(string)] {
				forged++
				require.Equal(t, c.fake.LocationID(), r.text("locationId"))
				require.False(t, verified(t, c.fake, r))
			}
		}
	}
	require.NotZero(t, forged)
}
