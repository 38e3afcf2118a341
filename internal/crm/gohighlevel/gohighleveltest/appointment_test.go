package gohighleveltest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAppointmentsKeepTheirInstantAcrossTheChangeOfClocks(t *testing.T) {
	c := start(t, Options{Timezone: "America/New_York"}) // whose clocks go forward on 8 March 2026
	contact, calendar := c.fake.Create(Contact{FirstName: "Ada"}), c.fake.AddCalendar(Calendar{Name: "Visits"})
	at := func(start string) object {
		a := c.want(200, "POST", "/calendars/events/appointments", object{
			"calendarId": calendar, "contactId": contact, "locationId": c.fake.LocationID(), "startTime": start, "toNotify": false,
		})
		require.NotContains(t, a.body, "event", "a write answers flat")
		return c.want(200, "GET", "/calendars/events/appointments/"+a.body["id"].(string), nil).body["event"].(object)
	}
	require.Equal(t, "2026-03-06T10:00:00-05:00", at("2026-03-06T15:00:00Z")["startTime"])
	require.Equal(t, "2026-03-09T10:00:00-04:00", at("2026-03-09T14:00:00Z")["startTime"])
	local := c.want(200, "GET", "/contacts/"+contact+"/appointments", nil).body["events"].([]any)
	var times []any
	for _, x := range local {
		times = append(times, x.(object)["startTime"])
		require.Equal(t, "booked", x.(object)["status"])
	}
	require.ElementsMatch(t, []any{"2026-03-06 10:00:00", "2026-03-09 10:00:00"}, times)
}

func TestARuleOfRecurrenceIsDroppedUnlessForced(t *testing.T) {
	c := start(t, Options{})
	contact, calendar := c.fake.Create(Contact{FirstName: "Ada"}), c.fake.AddCalendar(Calendar{Name: "Visits"})
	body := object{
		"calendarId": calendar, "contactId": contact, "locationId": c.fake.LocationID(), "startTime": "2026-03-03T15:00:00Z",
		"rrule": "FREQ=DAILY;COUNT=3",
	}
	require.Equal(t, false, c.want(200, "POST", "/calendars/events/appointments", body).body["isRecurring"])
	body["ignoreFreeSlotValidation"] = true
	a := c.want(200, "POST", "/calendars/events/appointments", body)
	require.Equal(t, "FREQ=DAILY;COUNT=3", a.body["rrule"])
	require.Equal(t, 2, c.fake.Stats().Notifications, "silence is not asked for")
	c.version = "v3"
	require.Contains(t, c.want(200, "PUT", "/calendars/events/appointments/"+a.body["id"].(string), object{"appointmentStatus": "completed"}).body, "dateUpdated")
}

func TestACalendarsEventsAreAskedForOneWindowAtATime(t *testing.T) {
	c := start(t, Options{})
	calendar := c.fake.AddCalendar(Calendar{Name: "Visits"})
	path := "/calendars/events?locationId=" + c.fake.LocationID() + "&startTime=1772355600000&endTime=1772442000000"
	require.Contains(t, c.want(422, "GET", path, nil).message(), "either of userId, calendarId or groupId")
	require.Empty(t, c.want(200, "GET", path+"&calendarId="+calendar, nil).body["events"])
	c.want(422, "GET", "/calendars/events?calendarId="+calendar+"&locationId="+c.fake.LocationID()+"&startTime=2026-03-01&endTime=1", nil)
	c.want(403, "GET", "/calendars/events?calendarId="+calendar+"&locationId=elsewhere&startTime=1&endTime=2", nil)
	c.want(422, "DELETE", "/calendars/events/x", object{"reason": "x"})
}

func TestPeopleWorkInTheCalendar(t *testing.T) {
	c := start(t, Options{})
	f := c.fake
	contact, calendar := f.Create(Contact{FirstName: "Ada"}), f.AddCalendar(Calendar{Name: "Visits", SlotDuration: 45})
	start := time.Date(2026, 3, 1, 3, 7, 0, 0, time.UTC) // a Sunday night: a person may
	id, err := f.CreateAppointment(Appointment{ContactID: contact, CalendarID: calendar, Title: "Roof", StartTime: start})
	require.NoError(t, err)
	got, _ := f.Appointment(id)
	require.Equal(t, start.Add(45*time.Minute), got.EndTime)
	c.clock.advance(time.Minute)
	require.NoError(t, f.RescheduleAppointment(id, start.Add(24*time.Hour)))
	require.NoError(t, f.EditAppointment(id, map[string]any{"notes": "Bring a ladder", "assignedUserId": "u1"}))
	got, _ = f.Appointment(id)
	require.Equal(t, start.Add(24*time.Hour+45*time.Minute), got.EndTime)
	require.Equal(t, c.clock.Now(), got.DateUpdated)
	require.NoError(t, f.CancelAppointment(id))
	require.NoError(t, f.MarkNoShow(id))
	event := c.want(200, "GET", "/calendars/events/appointments/"+id, nil).body["event"].(object)
	require.Equal(t, "noshow", event["appointmentStatus"])
	require.Equal(t, "Bring a ladder", event["notes"])
	require.Equal(t, []any{"u1"}, event["users"])
	require.Error(t, f.EditAppointment(id, map[string]any{"appointmentStatus": "late"}))
	require.Error(t, f.EditAppointment(id, map[string]any{"endTime": start}))
	require.Error(t, f.EditAppointment(id, map[string]any{"contactId": "c"}))
	require.NoError(t, f.DeleteAppointment(id))
	for _, err := range []error{f.DeleteAppointment(id), f.CancelAppointment(id), f.DeleteTask(id), f.CompleteTask(id), f.EditNote(id, nil), f.DeleteNote(id)} {
		require.ErrorIs(t, err, ErrNoRecord)
	}
	_, err = f.CreateAppointment(Appointment{ContactID: contact, StartTime: start})
	require.Error(t, err)
}
