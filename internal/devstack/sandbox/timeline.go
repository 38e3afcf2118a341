package sandbox

import (
	"fmt"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

// PerContact is how much of each kind one side's contacts have.
type PerContact struct{ Tasks, Notes, Appointments int }

// FillTimeline gives every contact of either side tasks, notes and appointments that only that side has: GoHighLevel's of a
// calendar of their own, and events in Salesforce. No webhook tells of them. The contacts must be there.
func (s *Sandbox) FillTimeline(inGoHighLevel, inSalesforce PerContact) error {
	calendar := s.GoHighLevel.AddCalendar(gohighleveltest.Calendar{Name: "Consultations"})
	soon := time.Now().UTC().Truncate(time.Hour)
	var tasks []gohighleveltest.Task
	var notes []gohighleveltest.Note
	var appointments []gohighleveltest.Appointment
	nth := 0
	for c := range s.GoHighLevel.All() {
		nth++
		for i := range inGoHighLevel.Tasks {
			tasks = append(tasks, gohighleveltest.Task{
				ContactID: c.ID, Title: fmt.Sprintf("Send offer %d to client %d", i, nth), DueDate: soon.AddDate(0, 0, 1+nth%60),
				DateAdded: soon.AddDate(0, 0, -3),
			})
		}
		for i := range inGoHighLevel.Notes {
			notes = append(notes, gohighleveltest.Note{ContactID: c.ID, Body: fmt.Sprintf("Visit %d to client %d went well.", i, nth)})
		}
		for i := range inGoHighLevel.Appointments {
			appointments = append(appointments, gohighleveltest.Appointment{
				CalendarID: calendar, ContactID: c.ID, Title: fmt.Sprintf("Consultation %d of client %d", i, nth),
				StartTime: soon.AddDate(0, 0, 1+nth%60),
			})
		}
	}
	if _, err := s.GoHighLevel.LoadTasks(tasks); err != nil {
		return err
	}
	if _, err := s.GoHighLevel.LoadNotes(notes); err != nil {
		return err
	}
	if _, err := s.GoHighLevel.LoadAppointments(appointments); err != nil {
		return err
	}
	return s.fillSalesforceTimeline(inSalesforce, soon)
}

func (s *Sandbox) fillSalesforceTimeline(per PerContact, soon time.Time) error {
	var tasks, notes, events []map[string]any
	var on []any // whom each note is about
	for nth, c := range s.Salesforce.All("Contact") {
		for i := range per.Tasks {
			tasks = append(tasks, map[string]any{
				"WhoId": c["Id"], "Subject": fmt.Sprintf("Call %d with customer %d", i, nth), "Status": "Not Started", "Priority": "Normal",
				"ActivityDate": soon.AddDate(0, 0, 1+nth%60).Format(time.DateOnly),
			})
		}
		for i := range per.Notes {
			notes = append(notes, map[string]any{
				"Title": fmt.Sprintf("Talk %d with customer %d", i, nth), "Content": "<p>They think about it.</p>",
			})
			on = append(on, c["Id"])
		}
		for i := range per.Appointments {
			events = append(events, map[string]any{
				"WhoId": c["Id"], "Subject": fmt.Sprintf("Meeting %d with customer %d", i, nth), "DurationInMinutes": 30,
				"StartDateTime": soon.AddDate(0, 0, 1+nth%60).Format(time.RFC3339),
			})
		}
	}
	s.Salesforce.Load("Task", tasks)
	s.Salesforce.Load("Event", events)
	for i, id := range s.Salesforce.Load("ContentNote", notes) {
		contact, _ := on[i].(string)
		if err := s.Salesforce.LinkNote(id, contact); err != nil {
			return err
		}
	}
	return nil
}
