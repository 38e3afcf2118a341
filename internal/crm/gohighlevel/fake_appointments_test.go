package gohighlevel_test

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

// booked is a location with a contact and a calendar, at noon UTC of a Monday, which is seven in the morning there.
func booked(t *testing.T, calendar gohighleveltest.Calendar) (l location, contact, calendarID string) {
	t.Helper()
	l = open(t, gohighleveltest.Options{Clock: func() time.Time { return noon }})
	return l, l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"}), l.fake.AddCalendar(calendar)
}

func TestAnAppointmentLivesItsLifeThroughTheClient(t *testing.T) {
	l, contact, calendar := booked(t, gohighleveltest.Calendar{Name: "Visits", GroupID: "g1"})
	ctx := t.Context()
	document, documents := must[crm.Document](t), must[[]crm.Document](t)

	created := document(l.client.CreateAppointment(ctx, crm.Document{
		"calendarId": calendar, "contactId": contact, "startTime": "2026-03-02T15:00:00Z", "title": "Look at the roof", "address": "1 Elm St",
	}))
	id := created["id"].(string)
	if created["startTime"] != "2026-03-02T10:00:00-05:00" || created["endTime"] != "2026-03-02T10:30:00-05:00" || created["dateAdded"] != nil {
		t.Errorf("created %v", created)
	}
	read := document(l.client.GetAppointment(ctx, id))
	window := crm.CalendarEventList{CalendarID: calendar, Start: noon, End: noon.Add(24 * time.Hour)}
	listed := documents(l.client.ListCalendarEvents(ctx, window))
	if len(listed) != 1 {
		t.Fatalf("listed %v", listed)
	}
	for _, event := range []crm.Document{read, listed[0]} {
		for field, want := range map[string]any{
			"id": id, "contactId": contact, "calendarId": calendar, "groupId": "g1", "title": "Look at the roof", "appointmentStatus": "confirmed",
			"startTime": "2026-03-02T10:00:00-05:00", "dateUpdated": "2026-03-02T07:00:00-05:00",
		} {
			if event[field] != want {
				t.Errorf("%s is %v, want %v", field, event[field], want)
			}
		}
	}
	for _, q := range []crm.CalendarEventList{
		{GroupID: "g1", Start: window.Start, End: window.End},
		{CalendarID: calendar, Start: noon.Add(3 * time.Hour), End: window.End},
	} {
		if got := documents(l.client.ListCalendarEvents(ctx, q)); len(got) != 1 {
			t.Errorf("%+v: listed %v", q, got)
		}
	}
	for _, q := range []crm.CalendarEventList{
		{UserID: "nobody", Start: window.Start, End: window.End},
		{CalendarID: calendar, Start: noon.Add(4 * time.Hour), End: window.End},
	} {
		if got := documents(l.client.ListCalendarEvents(ctx, q)); len(got) != 0 {
			t.Errorf("%+v: listed %v", q, got)
		}
	}
	ofContact := documents(l.client.ListContactAppointments(ctx, contact))
	if len(ofContact) != 1 || ofContact[0]["startTime"] != "2026-03-02 10:00:00" || ofContact[0]["appointmentStatus"] != "confirmed" {
		t.Errorf("the contact has %v", ofContact)
	}

	moved := document(l.client.UpdateAppointment(ctx, id, crm.Document{
		"startTime": "2026-03-03T11:00:00-05:00", "appointmentStatus": "showed", "contactId": "another", "locationId": "another",
	}))
	if moved["startTime"] != "2026-03-03T11:00:00-05:00" || moved["endTime"] != "2026-03-03T11:30:00-05:00" ||
		moved["appointmentStatus"] != "showed" || moved["contactId"] != contact || moved["title"] != "Look at the roof" {
		t.Errorf("moved to %v", moved)
	}
	for range 2 {
		if err := l.client.DeleteCalendarEvent(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.client.GetAppointment(ctx, id)
	wantKind(t, err, crm.NotFound)
	_, err = l.client.UpdateAppointment(ctx, id, crm.Document{"title": "x"})
	wantKind(t, err, crm.NotFound)
	if got := l.fake.Stats().Notifications; got != 0 {
		t.Errorf("the customer was written to %d times", got)
	}
}

func TestTheCustomerIsWrittenToOnlyWhenAskedFor(t *testing.T) {
	l, contact, calendar := booked(t, gohighleveltest.Calendar{Name: "Visits"})
	created := must[crm.Document](t)(l.client.CreateAppointment(t.Context(), crm.Document{
		"calendarId": calendar, "contactId": contact, "startTime": "2026-03-02T15:00:00Z", "toNotify": true,
	}))
	must[crm.Document](t)(l.client.UpdateAppointment(t.Context(), created["id"].(string), crm.Document{"title": "x"}))
	if got := l.fake.Stats().Notifications; got != 1 {
		t.Errorf("the customer was written to %d times", got)
	}
}

func TestASlotThatIsNotFreeIsTakenOnlyByForce(t *testing.T) {
	l, contact, calendar := booked(t, gohighleveltest.Calendar{Name: "Visits", TeamMembers: []string{"u1"}})
	ctx := t.Context()
	at := func(start string) crm.Document {
		return crm.Document{"calendarId": calendar, "contactId": contact, "startTime": start}
	}
	must[crm.Document](t)(l.client.CreateAppointment(ctx, at("2026-03-02T10:00:00-05:00")))
	for name, start := range map[string]string{
		"taken": "2026-03-02T10:00:00-05:00", "beside the slots": "2026-03-02T11:10:00-05:00", "before opening": "2026-03-02T08:00:00-05:00",
		"after closing": "2026-03-02T17:00:00-05:00", "on a Sunday": "2026-03-08T10:00:00-05:00", "over": "2026-02-27T10:00:00-05:00",
	} {
		_, err := l.client.CreateAppointment(ctx, at(start))
		if got := wantKind(t, err, crm.Rejected); got.Code != "slot_taken" {
			t.Errorf("%s: %+v", name, *got)
		}
		forced := at(start)
		forced["ignoreFreeSlotValidation"] = true
		if _, err := l.client.CreateAppointment(ctx, forced); err != nil {
			t.Errorf("%s, forced: %v", name, err)
		}
	}
}

func TestWhatAnAppointmentNeedsIsAskedFor(t *testing.T) {
	l, contact, calendar := booked(t, gohighleveltest.Calendar{Name: "Team", TeamMembers: []string{"u1", "u2"}})
	good := crm.Document{"calendarId": calendar, "contactId": contact, "startTime": "2026-03-02T15:00:00Z", "assignedUserId": "u1"}
	for name, c := range map[string]struct {
		key   string
		value any
		kind  crm.Kind
		code  string
	}{
		"a contact that is gone":    {"contactId", "gone", crm.NotFound, "contact_not_found"},
		"a calendar that is gone":   {"calendarId", "gone", crm.Rejected, "refused"},
		"nobody":                    {"assignedUserId", "", crm.Rejected, "refused"},
		"a user outside the team":   {"assignedUserId", "u3", crm.Rejected, "refused"},
		"a start without an offset": {"startTime", "2026-03-02T15:00:00", crm.Rejected, "value_refused"},
		"an end before the start":   {"endTime", "2026-03-02T14:00:00Z", crm.Rejected, "value_refused"},
		"a state that is none":      {"appointmentStatus", "booked", crm.Rejected, "value_refused"},
		"an unknown property":       {"color", "red", crm.Invalid, "unknown_property"},
	} {
		t.Run(name, func(t *testing.T) {
			body := crm.Document{}
			for k, v := range good {
				body[k] = v
			}
			body[c.key] = c.value
			_, err := l.client.CreateAppointment(t.Context(), body)
			if got := wantKind(t, err, c.kind); got.Code != c.code {
				t.Errorf("got %+v", *got)
			}
		})
	}
	must[crm.Document](t)(l.client.CreateAppointment(t.Context(), good))
	if got := l.fake.Appointments(); len(got) != 1 || got[0].AssignedUserID != "u1" {
		t.Errorf("there are %+v", got)
	}
}

func TestTheCalendarsAreListed(t *testing.T) {
	l, _, calendar := booked(t, gohighleveltest.Calendar{Name: "Visits", TeamMembers: []string{"u1"}})
	draft := l.fake.AddCalendar(gohighleveltest.Calendar{Name: "Soon", Draft: true})
	got := must[[]crm.Document](t)(l.client.ListCalendars(t.Context()))
	if len(got) != 2 || got[0]["id"] != calendar || got[0]["name"] != "Visits" || got[1]["id"] != draft {
		t.Errorf("got %v", got)
	}
}

func TestAWindowThatCannotBeMeantIsNotAskedFor(t *testing.T) {
	l, _, calendar := booked(t, gohighleveltest.Calendar{Name: "Visits"})
	for _, q := range []crm.CalendarEventList{
		{Start: noon, End: noon.Add(time.Hour)},
		{CalendarID: calendar, UserID: "u1", Start: noon, End: noon.Add(time.Hour)},
		{CalendarID: calendar, Start: noon, End: noon},
		{CalendarID: calendar, End: noon},
	} {
		_, err := l.client.ListCalendarEvents(t.Context(), q)
		wantKind(t, err, crm.Invalid)
	}
	if got := l.fake.Requests(); got != 0 {
		t.Errorf("%d requests were sent", got)
	}
}
