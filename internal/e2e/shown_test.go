package e2e

import (
	"html"
	"regexp"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// shown is what one side shows: by kind, the fields of each record by its id. A field of the name "contact" tells whom a
// record belongs to; what is typed is told alike on both sides, by means that share nothing with Tandem's own.
type shown map[record.Kind]map[string]map[string]string

// canonical are the fields of each kind that are followed, by the names under which the journal has them.
var canonical = map[record.Kind]map[string]record.Field{
	record.Contact: {
		"first": record.FirstName, "last": record.LastName, "email": record.Email, "phone": record.Phone, "street": record.Street,
		"city": record.City, "state": record.State, "zip": record.PostalCode, "birth": record.BirthDate, "plan": record.Custom("plan"),
		"tags": record.Tags,
	},
	record.Task: {"title": record.Title, "body": record.Body, "status": record.Status, "due": record.Due},
	record.Note: {"title": record.Title, "body": record.Body},
	record.Appointment: {
		"title": record.Title, "body": record.Body, "status": record.Status, "start": record.Start, "end": record.End,
		"address": record.Address,
	},
}

// belongings are the kinds that belong to contacts.
var belongings = []record.Kind{record.Task, record.Note, record.Appointment}

func (s *system) goHighLevelNow() shown {
	out := shown{record.Contact: {}, record.Task: {}, record.Note: {}, record.Appointment: {}}
	for c := range s.Sandbox.GoHighLevel.All() {
		fields := s.goHighLevelFields(c)
		delete(fields, "id")
		fields["phone"] = phoneDigits(c.Phone)
		out[record.Contact][c.ID] = fields
	}
	for _, t := range s.Sandbox.GoHighLevel.Tasks() {
		out[record.Task][t.ID] = map[string]string{
			"contact": t.ContactID, "title": plain(t.Title), "body": written(t.Body), "status": taskStatus(t.Completed),
			"due": t.DueDate.In(s.zone()).Format(time.DateOnly),
		}
	}
	for _, n := range s.Sandbox.GoHighLevel.Notes() {
		out[record.Note][n.ID] = map[string]string{"contact": n.ContactID, "title": plain(n.Title), "body": written(n.Body)}
	}
	for _, a := range s.Sandbox.GoHighLevel.Appointments() {
		out[record.Appointment][a.ID] = map[string]string{
			"contact": a.ContactID, "title": plain(a.Title), "body": written(a.Description), "status": a.Status,
			"start": instant(a.StartTime), "end": instant(a.EndTime), "address": plain(a.Address),
		}
	}
	return out
}

func (s *system) salesforceNow() shown {
	out := shown{record.Contact: {}, record.Task: {}, record.Note: {}, record.Appointment: {}}
	for _, row := range s.Sandbox.Salesforce.All("Contact") {
		fields := salesforceFields(row)
		id := fields["id"]
		delete(fields, "id")
		fields["phone"] = phoneDigits(text(row, "Phone"))
		out[record.Contact][id] = fields
	}
	for _, row := range s.Sandbox.Salesforce.All("Task") {
		out[record.Task][text(row, "Id")] = map[string]string{
			"contact": text(row, "WhoId"), "title": plain(text(row, "Subject")), "body": written(text(row, "Description")),
			"status": taskStatus(row["IsClosed"] == true), "due": text(row, "ActivityDate"),
		}
	}
	notes := out[record.Note]
	for _, row := range s.Sandbox.Salesforce.All("ContentNote") {
		notes[text(row, "Id")] = map[string]string{"title": plain(text(row, "Title")), "body": written(text(row, "Content"))}
	}
	for _, link := range s.Sandbox.Salesforce.All("ContentDocumentLink") {
		if note := notes[text(link, "ContentDocumentId")]; note != nil && strings.HasPrefix(text(link, "LinkedEntityId"), "003") {
			note["contact"] = strings.TrimPrefix(note["contact"]+" "+text(link, "LinkedEntityId"), " ") // of one or several
		}
	}
	for _, row := range s.Sandbox.Salesforce.All("Event") {
		word, title := statusWord(text(row, "Subject"))
		out[record.Appointment][text(row, "Id")] = map[string]string{
			"contact": text(row, "WhoId"), "title": plain(title), "body": written(text(row, "Description")), "status": word,
			"start": eventTime(row, "StartDateTime"), "end": eventTime(row, "EndDateTime"), "address": plain(text(row, "Location")),
		}
	}
	return out
}

// phoneDigits are a phone number however it is written.
func phoneDigits(phone string) string {
	return strings.TrimPrefix(notDigit.ReplaceAllString(phone, ""), "1")
}

func taskStatus(done bool) string {
	if done {
		return "completed"
	}
	return "open"
}

var (
	lineEnd   = regexp.MustCompile(`</p>|</div>|</li>|<br ?/?>`)
	element   = regexp.MustCompile(`<[^>]*>`)
	above     = regexp.MustCompile(`^\[from [^]]*\]\n?`)
	bullet    = regexp.MustCompile(`(?m)^[-•*☐☑] `)
	inFront   = regexp.MustCompile(`^\[(cancelled|showed|no-show|invalid)\] `)
	eventForm = "2006-01-02T15:04:05.000Z0700"
)

// written is a text of some lines, as HTML or not, without what Tandem writes above it.
func written(text string) string {
	text = html.UnescapeString(element.ReplaceAllString(lineEnd.ReplaceAllString(text, "\n"), ""))
	text = strings.ReplaceAll(text, "\r", "") // Salesforce ends the lines of long texts with both
	// What ends an element and begins the next is one end of a line.
	return ends.ReplaceAllString(strings.TrimSpace(bullet.ReplaceAllString(above.ReplaceAllString(plain(text), ""), "")), "\n")
}

var ends = regexp.MustCompile(`\n\s*\n`)

// statusWord splits an event's subject into the status in front of it, confirmed where there is none, and the rest.
func statusWord(subject string) (status, title string) {
	m := inFront.FindStringSubmatch(strings.ToLower(subject))
	if m == nil {
		return "confirmed", subject
	}
	return strings.ReplaceAll(m[1], "-", ""), subject[len(m[0]):]
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func eventTime(row map[string]any, field string) string {
	t, err := time.Parse(eventForm, text(row, field))
	if err != nil {
		return text(row, field)
	}
	return instant(t)
}

// zone is the location's.
func (s *system) zone() *time.Location {
	zone, err := time.LoadLocation(s.Sandbox.GoHighLevel.Timezone())
	if err != nil {
		return time.UTC
	}
	return zone
}

// inFrontOf returns the status that stands in front of a subject, as it stands there; "" where none does.
func inFrontOf(subject string) string {
	_, title := statusWord(subject)
	return strings.TrimSuffix(subject, title)
}
