package gohighleveltest

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnotherProcessCanWorkWithTasksNotesAndAppointments(t *testing.T) {
	c := start(t, Options{})
	c.token, c.version = "", ""
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	calendar := c.want(200, "POST", "/__admin/calendars", object{"name": "Visits"}).body["id"].(string)
	for kind, x := range map[string]struct{ fields, changes object }{
		"tasks":        {object{"title": "Call", "dueDate": "2026-03-03T09:00:00Z"}, object{"title": "Changed"}},
		"notes":        {object{"body": "<p>Called</p>"}, object{"title": "Changed"}},
		"appointments": {object{"title": "Roof", "calendarId": calendar, "startTime": "2026-03-03T09:00:00Z"}, object{"title": "Changed"}},
	} {
		path := "/__admin/" + kind
		x.fields["contactId"] = contact
		id := c.want(200, "POST", path, x.fields).body["id"].(string)
		require.Len(t, c.want(200, "POST", path, []object{x.fields, x.fields}).body["ids"], 2)
		require.Len(t, c.want(200, "POST", path+"?announce", []object{x.fields}).body["ids"], 1)
		c.want(200, "PATCH", path+"/"+id, x.changes)
		require.Equal(t, "Changed", c.want(200, "GET", path+"/"+id, nil).body["title"])
		c.want(400, "PATCH", path+"/"+id, object{"shoeSize": 44})
		c.want(200, "DELETE", path+"/"+id, nil)
		c.want(404, "GET", path+"/"+id, nil)
		c.want(404, "DELETE", path+"/"+id, nil)
		require.Contains(t, c.want(200, "GET", path, nil).raw, contact)
		delete(x.fields, "contactId")
		c.want(404, "POST", path, x.fields)
	}
	task, appointment := c.fake.Tasks()[0].ID, c.fake.Appointments()[0].ID
	c.want(200, "POST", "/__admin/tasks/"+task+"/complete", nil)
	require.Equal(t, true, c.want(200, "GET", "/__admin/tasks/"+task, nil).body["completed"])
	c.want(200, "POST", "/__admin/tasks/"+task+"/reopen", nil)
	c.want(200, "POST", "/__admin/appointments/"+appointment+"/reschedule", object{"startTime": "2026-03-04T09:00:00Z"})
	c.want(200, "POST", "/__admin/appointments/"+appointment+"/cancel", nil)
	require.Equal(t, "cancelled", c.want(200, "GET", "/__admin/appointments/"+appointment, nil).body["appointmentStatus"])
	c.want(200, "POST", "/__admin/appointments/"+appointment+"/noshow", nil)
	c.want(404, "POST", "/__admin/tasks/gone/complete", nil)
	require.Contains(t, c.want(200, "GET", "/__admin/calendars", nil).raw, "Visits")
	c.want(200, "POST", "/__admin/settings", object{"findDeletedTasks": true, "longestNote": 5})
	require.True(t, c.fake.options().FindDeletedTasks)
	require.Equal(t, 5, c.fake.options().LongestNote)
	require.Len(t, c.fake.Tasks(), 3)
}

func TestASnapshotBringsTasksNotesAndAppointmentsBack(t *testing.T) {
	c := start(t, Options{IndexLag: 10 * time.Second, FindDeletedTasks: true})
	contact := c.fake.Create(Contact{FirstName: "Ada"})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits", TeamMembers: []string{"u1"}})
	_, err := c.fake.LoadTasks([]Task{{ContactID: contact, Title: "Old", DueDate: due(c)}, {ContactID: contact, Title: "Gone", DueDate: due(c)}})
	require.NoError(t, err)
	require.NoError(t, c.fake.DeleteTask(c.fake.Tasks()[0].ID))
	c.clock.advance(10 * time.Second)
	c.createTask(contact, "New")
	_, err = c.fake.LoadNotes([]Note{{ContactID: contact, Body: "<p>Called</p>", Pinned: true}})
	require.NoError(t, err)
	_, err = c.fake.LoadAppointments([]Appointment{{ContactID: contact, CalendarID: calendar, StartTime: due(c)}})
	require.NoError(t, err)

	var saved bytes.Buffer
	require.NoError(t, c.fake.Save(&saved))
	d := start(t, Options{Clock: c.clock.Now, IndexLag: 10 * time.Second, FindDeletedTasks: true})
	d.fake.AddCalendar(Calendar{Name: "Lost"})
	require.NoError(t, d.fake.Restore(&saved))
	d.token = c.token
	require.Equal(t, c.fake.Tasks(), d.fake.Tasks())
	require.Equal(t, c.fake.Notes(), d.fake.Notes())
	require.Equal(t, c.fake.Appointments(), d.fake.Appointments())
	require.Equal(t, c.fake.Calendars(), d.fake.Calendars())
	require.Len(t, d.findTasks(object{}), 2, "the lag is kept")
	c.clock.advance(10 * time.Second)
	require.Len(t, d.findTasks(object{}), 3)
	require.Equal(t, c.findTasks(object{}), d.findTasks(object{}))
	require.Len(t, d.want(200, "GET", "/contacts/"+contact+"/tasks", nil).body["tasks"], 2)
}

func TestManyAtOnceLeaveNothingWithoutItsContact(t *testing.T) {
	c := start(t, Options{IndexLag: time.Millisecond, Clock: time.Now})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits"})
	winner := c.fake.Create(Contact{FirstName: "Winner"})
	var wg sync.WaitGroup
	for i := range 40 {
		contact := c.fake.Create(Contact{FirstName: "X"})
		wg.Go(func() {
			for range 5 {
				_, _ = c.fake.CreateTask(Task{ContactID: contact, Title: "x", DueDate: time.Now()})
				_, _ = c.fake.CreateNote(Note{ContactID: contact, Body: "x"})
				_, _ = c.fake.CreateAppointment(Appointment{ContactID: contact, CalendarID: calendar, StartTime: time.Now()})
				c.findTasks(object{})
			}
		})
		wg.Go(func() {
			if i%2 == 0 {
				_ = c.fake.Delete(contact)
			} else {
				_ = c.fake.Merge(winner, contact)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, c.fake.Count())
	for _, x := range c.fake.Tasks() {
		require.Equal(t, winner, x.ContactID)
	}
	for _, x := range c.fake.Notes() {
		require.Equal(t, winner, x.ContactID)
	}
	for _, x := range c.fake.Appointments() {
		require.Equal(t, winner, x.ContactID)
	}
}
