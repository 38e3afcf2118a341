package e2e

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// eventsOf returns a contact's events in Salesforce, by subject.
func (s *system) eventsOf(l record.Link) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, row := range s.Sandbox.Salesforce.All("Event") {
		if row["WhoId"] == l.SalesforceID && row["IsDeleted"] != true {
			subject, _ := row["Subject"].(string)
			out[subject] = row
		}
	}
	return out
}

// begins tells whether an event begins at an instant.
func begins(event map[string]any, at time.Time) bool {
	text, _ := event["StartDateTime"].(string)
	start, err := time.Parse("2006-01-02T15:04:05.000Z0700", text)
	return err == nil && start.Equal(at)
}

func TestAppointmentsStayInStepWithTheirEvents(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: 5, Seed: 5})
	calendar := s.Sandbox.GoHighLevel.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	s.connect(t, func(r *sandbox.RulesOptions) {
		r.IndexLag, r.Kinds = 300*time.Millisecond, []record.Kind{record.Appointment}
		r.Extra = "  no_show: delete\n  create: both\n  calendar: " + calendar + "\n" + quick
	})
	s.startWorker(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	ada := s.pair(t, 0)
	ghl, sf := s.Sandbox.GoHighLevel, s.Sandbox.Salesforce

	// The clock changes between the two days.
	first, moved := time.Date(2027, 3, 12, 14, 0, 0, 0, time.UTC), time.Date(2027, 3, 15, 13, 0, 0, 0, time.UTC)
	id, err := ghl.CreateAppointment(gohighleveltest.Appointment{CalendarID: calendar, ContactID: ada.GoHighLevelID, Title: "First visit", StartTime: first})
	if err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the appointment is an event", func() bool { return begins(s.eventsOf(ada)["First visit"], first) })
	if err := ghl.RescheduleAppointment(id, moved); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the event has moved", func() bool { return begins(s.eventsOf(ada)["First visit"], moved) })
	event, later := s.eventsOf(ada)["First visit"]["Id"].(string), moved.Add(2*time.Hour)
	if err := sf.Edit("Event", event, map[string]any{"StartDateTime": later, "EndDateTime": later.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the appointment has moved", func() bool {
		a, _ := ghl.Appointment(id)
		return a.StartTime.Equal(later) && a.EndTime.Equal(later.Add(time.Hour))
	})

	if err := ghl.CancelAppointment(id); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the event says that it is cancelled", func() bool { return s.eventsOf(ada)["[Cancelled] First visit"] != nil })
	if err := ghl.MarkNoShow(id); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the event is withdrawn", func() bool { return len(s.eventsOf(ada)) == 0 })
	if err := ghl.EditAppointment(id, map[string]any{"appointmentStatus": "confirmed"}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "it is back", func() bool { return begins(s.eventsOf(ada)["First visit"], later) })

	// An event makes an appointment, and what is deleted is deleted on the other side too.
	sf.Create("Event", map[string]any{"WhoId": ada.SalesforceID, "Subject": "Second visit", "StartDateTime": first, "EndDateTime": first.Add(time.Hour)})
	booked := func() (all []gohighleveltest.Appointment) {
		for _, a := range ghl.Appointments() {
			if a.Title == "Second visit" {
				all = append(all, a)
			}
		}
		return all
	}
	s.becomes(t, "the event is an appointment", func() bool { return len(booked()) == 1 && booked()[0].ContactID == ada.GoHighLevelID })
	if err := ghl.DeleteAppointment(id); err != nil {
		t.Fatal(err)
	}
	if err := sf.Delete("Event", s.eventsOf(ada)["Second visit"]["Id"].(string)); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "neither is anywhere", func() bool { return len(booked()) == 0 && len(s.eventsOf(ada)) == 0 && len(ghl.Appointments()) == 0 })
}
