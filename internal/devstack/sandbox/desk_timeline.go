package sandbox

import (
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// Entry is a task, a note or an appointment as a person sees it on a contact in one CRM.
type Entry struct {
	ID    string
	Title string // of a note in GoHighLevel, which has none as a rule, its first line
	Done  bool   // of a task
	// When is the day that a task is due, or when an appointment begins, to the minute in UTC.
	When string
}

const (
	deskDay    = time.DateOnly
	deskMinute = "2006-01-02 15:04"
)

// Entries returns what a person sees of a kind on a contact.
func (s *Sandbox) Entries(kind record.Kind, side record.Side, contact string) []Entry {
	if side == record.GoHighLevel {
		return s.goHighLevelEntries(kind, contact)
	}
	return s.salesforceEntries(kind, contact)
}

func (s *Sandbox) goHighLevelEntries(kind record.Kind, contact string) (out []Entry) {
	switch kind {
	case record.Task:
		for _, t := range s.GoHighLevel.Tasks() {
			if t.ContactID == contact {
				out = append(out, Entry{t.ID, t.Title, t.Completed, t.DueDate.In(s.zone()).Format(deskDay)})
			}
		}
	case record.Note:
		for _, n := range s.GoHighLevel.Notes() {
			if n.ContactID == contact {
				title := n.Title
				if title == "" {
					_, body := record.Unwrap(record.MarkupText(n.Body))
					title, _, _ = strings.Cut(body, "\n")
				}
				out = append(out, Entry{ID: n.ID, Title: title})
			}
		}
	case record.Appointment:
		for _, a := range s.GoHighLevel.Appointments() {
			if a.ContactID == contact {
				out = append(out, Entry{ID: a.ID, Title: a.Title, When: a.StartTime.UTC().Format(deskMinute)})
			}
		}
	}
	return out
}

func (s *Sandbox) salesforceEntries(kind record.Kind, contact string) (out []Entry) {
	text := func(row map[string]any, key string) string { t, _ := row[key].(string); return t }
	switch kind {
	case record.Task:
		for _, row := range s.Salesforce.All("Task") {
			if row["WhoId"] == contact {
				out = append(out, Entry{text(row, "Id"), text(row, "Subject"), row["IsClosed"] == true, text(row, "ActivityDate")})
			}
		}
	case record.Note:
		for _, link := range s.Salesforce.All("ContentDocumentLink") {
			if link["LinkedEntityId"] != contact {
				continue
			}
			if note, there := s.Salesforce.Get("ContentNote", text(link, "ContentDocumentId")); there && note["IsDeleted"] != true {
				out = append(out, Entry{ID: text(note, "Id"), Title: text(note, "Title")})
			}
		}
	case record.Appointment:
		for _, row := range s.Salesforce.All("Event") {
			if row["WhoId"] == contact {
				start, _ := record.ParseInstant(text(row, "StartDateTime"), time.UTC)
				out = append(out, Entry{ID: text(row, "Id"), Title: text(row, "Subject"), When: start.UTC().Format(deskMinute)})
			}
		}
	}
	return out
}

// zone is the location's; UTC where nobody knows it.
func (s *Sandbox) zone() *time.Location {
	zone, err := time.LoadLocation(s.GoHighLevel.Timezone())
	if err != nil {
		return time.UTC
	}
	return zone
}

// AddTask makes a task for a contact as a person does, due on a day of the location's. It fails where there is no such
// contact.
func (s *Sandbox) AddTask(side record.Side, contact, title string, due time.Time) (id string, err error) {
	due = due.In(s.zone())
	if side == record.GoHighLevel {
		return s.GoHighLevel.CreateTask(gohighleveltest.Task{ContactID: contact, Title: title, DueDate: due})
	}
	if err := s.knows(contact); err != nil {
		return "", err
	}
	return s.Salesforce.Create("Task", map[string]any{
		"WhoId": contact, "Subject": title, "ActivityDate": due.Format(deskDay), "Status": "Not Started", "Priority": "Normal",
	}), nil
}

// CompleteTask completes a task as a person does. It fails where there is no such task.
func (s *Sandbox) CompleteTask(side record.Side, id string) error {
	if side == record.GoHighLevel {
		return s.GoHighLevel.CompleteTask(id)
	}
	return s.Salesforce.Edit("Task", id, map[string]any{"Status": "Completed"})
}

// AddNote writes a note about a contact as a person does, whose first line is its title. It fails where there is no such
// contact.
func (s *Sandbox) AddNote(side record.Side, contact, title, text string) (id string, err error) {
	if side == record.GoHighLevel {
		return s.GoHighLevel.CreateNote(gohighleveltest.Note{
			ContactID: contact, Body: "<p>" + html.EscapeString(title) + "</p><p>" + html.EscapeString(text) + "</p>",
		})
	}
	if err := s.knows(contact); err != nil {
		return "", err
	}
	id = s.Salesforce.Create("ContentNote", map[string]any{"Title": title, "Content": "<p>" + html.EscapeString(text) + "</p>"})
	return id, s.Salesforce.LinkNote(id, contact)
}

// AddList writes a note about a contact in Salesforce as a person does, which lists items. It fails where there is no such
// contact.
func (s *Sandbox) AddList(contact, title string, items ...string) (id string, err error) {
	if err := s.knows(contact); err != nil {
		return "", err
	}
	content := ""
	for _, item := range items {
		content += "<li>" + html.EscapeString(item) + "</li>"
	}
	id = s.Salesforce.Create("ContentNote", map[string]any{"Title": title, "Content": "<ul>" + content + "</ul>"})
	return id, s.Salesforce.LinkNote(id, contact)
}

// Book books an appointment in GoHighLevel as a person does, in a calendar that is made for it where there is none. It fails
// where there is no such contact.
func (s *Sandbox) Book(contact, title string, start time.Time) (id string, err error) {
	calendar := ""
	for _, c := range s.GoHighLevel.Calendars() {
		calendar = c.ID
	}
	if calendar == "" {
		calendar = s.GoHighLevel.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	}
	return s.GoHighLevel.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: calendar, ContactID: contact, Title: title, StartTime: start,
	})
}

func (s *Sandbox) knows(contact string) error {
	if row, there := s.Salesforce.Get("Contact", contact); !there || row["IsDeleted"] == true {
		return fmt.Errorf("there is no contact %s", contact)
	}
	return nil
}
