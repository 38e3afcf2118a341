package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// AppointmentMapper is the mapping between GoHighLevel's appointments and Salesforce's Event. It is safe for concurrent
// use.
type AppointmentMapper struct {
	kindMapper
	rules    Appointments
	location string
	words    titleWords
}

var _ KindMapper = (*AppointmentMapper)(nil)

// AppointmentMapper returns the mapping of appointments under these rules.
func (r *Rules) AppointmentMapper(s Setting) *AppointmentMapper {
	m := &AppointmentMapper{
		kindMapper: r.kindMapper(record.Appointment, r.Appointments.Travel, s),
		rules:      r.Appointments, location: r.GoHighLevel.Location,
	}
	m.words = titleWords{plain: m.rules.StatusWords[StatusConfirmed], statuses: map[string]string{}}
	m.words.words = append(m.words.words, m.words.plain)
	for _, status := range appointmentStatuses {
		if status != StatusConfirmed && status != StatusNew {
			word := m.rules.StatusWords[status]
			m.words.words = append(m.words.words, word)
			m.words.statuses[string(status)] = word
		}
	}
	return m
}

// inSubject returns the words in front of subjects, nil where the status is not shown there.
func (m *AppointmentMapper) inSubject() *titleWords {
	if m.rules.ShowStatus == StatusInSubject {
		return &m.words
	}
	return nil
}

// Withdrawn tells whether the rules want the Salesforce event of a GoHighLevel appointment deleted, because it does not
// take place.
func (m *AppointmentMapper) Withdrawn(r record.Record) bool {
	if r.Side != record.GoHighLevel {
		return false
	}
	switch AppointmentStatus(r.Fields[record.Status].Text()) {
	case StatusCancelled:
		return m.rules.Cancelled == EventDeleted
	case StatusNoShow:
		return m.rules.NoShow == EventDeleted
	}
	return false
}

// Creates tells whether the rules make a record on a side; in GoHighLevel it takes a calendar.
func (m *AppointmentMapper) Creates(on record.Side) bool {
	return m.kindMapper.Creates(on) && (on == record.Salesforce || m.rules.Calendar != "")
}

// Project tells what a side shows of the other side's field.
func (m *AppointmentMapper) Project(to record.Side, field record.Field, from *record.Record) record.Value {
	v := from.Fields[field]
	switch {
	case field == record.Title && to == record.Salesforce:
		room := longestSubject
		if words := m.inSubject(); words != nil {
			room = words.room(words.ofStatus(from.Fields[record.Status].Text()), v.Text())
		}
		return record.Scalar(record.Shorten(v.Text(), room))
	case field == record.Title && v.Empty():
		return titleStandIn(from, "Appointment")
	case field == record.Status && to == record.Salesforce && m.rules.ShowStatus == StatusInSubject:
		if m.words.ofStatus(v.Text()) == m.words.plain {
			return record.Scalar(string(StatusConfirmed)) // new and confirmed look alike there
		}
	case field == record.Status && !slices.Contains(appointmentStatuses, AppointmentStatus(v.Text())):
		return nil // a word that stands for no status
	case field == record.End && v.Empty():
		if start, ok := record.ParseInstant(from.Fields[record.Start].Text(), m.zone); ok {
			return record.Scalar(record.Instant(start.Add(m.rules.Duration)))
		}
	case field == record.Address && to == record.Salesforce:
		return record.Scalar(record.Shorten(v.Text(), longestSubject))
	case field == record.Assignee:
		return m.people.project(to, v)
	}
	return v
}

// FromGoHighLevel reads an appointment, as read by id, as a row of a calendar, or as the one of a webhook. Times without a
// zone are the location's.
func (m *AppointmentMapper) FromGoHighLevel(doc map[string]any, partial bool) (record.Record, error) {
	id := rawID(doc, "id", "_id")
	if id == "" {
		return record.Record{}, missingID(record.GoHighLevel)
	}
	r := record.Record{
		Side: record.GoHighLevel, Kind: record.Appointment, ID: id, Fields: record.Fields{},
		ModifiedAt: m.localTime(doc, "dateUpdated"), CreatedAt: m.localTime(doc, "dateAdded"),
	}
	if contact := rawID(doc, "contactId"); contact != "" {
		r.ContactIDs = []string{contact}
	}
	m.field(r.Fields, record.Title, doc, "title", partial)
	m.field(r.Fields, record.Start, doc, "startTime", partial)
	m.field(r.Fields, record.End, doc, "endTime", partial)
	m.field(r.Fields, record.Address, doc, "address", partial)
	m.assignee(r.Fields, record.GoHighLevel, doc, "assignedUserId", partial)
	_, described := doc["description"]
	if _, noted := doc["notes"]; described || noted || !partial {
		m.body(&r, record.MarkupText(rawID(doc, "description", "notes")), longestSubject)
	}
	if r.VendorStatus = rawID(doc, "appointmentStatus", "appoinmentStatus", "status"); r.VendorStatus != "" {
		r.Fields[record.Status] = record.Scalar(canonicalStatus(r.VendorStatus))
	}
	switch master, _ := rawText(doc["masterEventId"]); {
	case flag(doc, "deleted"):
		r.Traits = append(r.Traits, record.TraitDeleted)
	case flag(doc, "isRecurring") && (master == "" || master == id):
		r.Traits = append(r.Traits, record.TraitRecurring)
	}
	return r, nil
}

// localTime returns a time of a document; zero for none.
func (m *AppointmentMapper) localTime(doc map[string]any, key string) time.Time {
	raw, _ := rawText(doc[key])
	t, _ := record.ParseInstant(raw, m.zone)
	return t
}

// canonicalStatus knows GoHighLevel's several spellings.
func canonicalStatus(raw string) string {
	word := strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(raw))
	switch word {
	case "active", "booked":
		return string(StatusConfirmed)
	case "completed":
		return string(StatusShowed)
	case "canceled":
		return string(StatusCancelled)
	}
	return word
}

// FromSalesforce reads an Event. One that has days instead of times lasts from midnight to midnight in the location's zone.
func (m *AppointmentMapper) FromSalesforce(doc map[string]any) (record.Record, error) {
	r, err := m.activity(doc)
	if err != nil {
		return r, err
	}
	r.Kind = record.Appointment
	m.field(r.Fields, record.Address, doc, "Location", true)
	m.times(&r, doc)
	const invitee, seriesPattern = "IsChild", "3"
	group, _ := rawText(doc["GroupEventType"])
	for trait, has := range map[record.Trait]bool{record.TraitChild: flag(doc, invitee), record.TraitPrivate: flag(doc, "IsPrivate")} {
		if has {
			r.Traits = append(r.Traits, trait)
		}
	}
	if group == seriesPattern && !r.Has(record.TraitRecurring) {
		r.Traits = append(r.Traits, record.TraitRecurring)
	}
	slices.Sort(r.Traits)
	m.subject(&r, doc, m.inSubject())
	switch m.rules.ShowStatus {
	case StatusInSubject:
		if _, known := doc["Subject"]; known {
			r.Fields[record.Status] = record.Scalar(m.statusOf(r.VendorStatus))
		}
	case StatusInField:
		if raw, known := doc[m.rules.StatusField]; known {
			r.VendorStatus, _ = rawText(raw)
			r.Fields[record.Status] = record.Scalar(m.statusOf(r.VendorStatus))
		}
	}
	return r, nil
}

// statusShown returns the status that an event shows; "" where it shows none.
func (m *AppointmentMapper) statusShown(event *record.Record) AppointmentStatus {
	if event == nil {
		return ""
	}
	status := AppointmentStatus(event.Fields[record.Status].Text())
	if !slices.Contains(appointmentStatuses, status) {
		return ""
	}
	return status
}

// statusOf returns the status that a word stands for; a word that stands for none comes back as it is.
func (m *AppointmentMapper) statusOf(word string) string {
	for _, status := range appointmentStatuses {
		if strings.EqualFold(m.rules.StatusWords[status], word) {
			return string(status)
		}
	}
	return record.OneLine(word)
}

// SalesforceObject is Event.
func (m *AppointmentMapper) SalesforceObject() string { return "Event" }

// SalesforceFields returns the fields to select of an Event.
func (m *AppointmentMapper) SalesforceFields() []string {
	own := []string{"StartDateTime", "EndDateTime", "DurationInMinutes", "IsAllDayEvent", "Location", "IsPrivate", "IsChild", "GroupEventType", "IsRecurrence2"}
	if m.rules.ShowStatus == StatusInField {
		own = append(own, m.rules.StatusField)
	}
	return m.activityFields(own...)
}

// Write returns the document of an appointment or event. Both times always go together: either vendor refuses an end that
// does not fit the start it has.
func (m *AppointmentMapper) Write(to record.Side, c Change) Write {
	if to == record.Salesforce {
		return Write{Doc: m.toSalesforce(c)}
	}
	return Write{Doc: m.toGoHighLevel(c)}
}

func (m *AppointmentMapper) toSalesforce(c Change) map[string]any {
	doc := m.writeActivity(c, m.inSubject())
	start, end, ok := m.span(c)
	if ok && (c.create() || c.writes(record.Start, record.End)) {
		doc["StartDateTime"], doc["EndDateTime"] = record.Instant(start), record.Instant(end)
		if c.Current != nil && c.Current.Has(record.TraitAllDay) {
			doc["IsAllDayEvent"] = false
		}
	}
	if c.writes(record.Address) {
		doc["Location"] = typed(record.TypeText, record.Scalar(record.Shorten(c.after(record.Address).Text(), longestSubject)))
	}
	if status := AppointmentStatus(c.after(record.Status).Text()); m.rules.ShowStatus == StatusInField && c.writes(record.Status) {
		doc[m.rules.StatusField] = typed(record.TypeText, record.Scalar(m.rules.StatusWords[status]))
	}
	return doc
}

func (m *AppointmentMapper) toGoHighLevel(c Change) map[string]any {
	doc := map[string]any{}
	for _, w := range c.Writes {
		switch w.Field {
		case record.Title:
			doc["title"] = w.After.Text()
		case record.Body:
			doc["description"] = record.Markup(c.wrapped(record.GoHighLevel, nil, longestSubject, noLimit, record.HTMLCost)[0])
		case record.Status:
			doc["appointmentStatus"] = w.After.Text()
		case record.Address:
			doc["address"] = w.After.Text()
		case record.Assignee:
			if id := m.people.id(record.GoHighLevel, w.After); id != "" {
				doc["assignedUserId"] = id
			}
		}
	}
	start, end, ok := m.span(c)
	if ok && (c.create() || c.writes(record.Start, record.End)) {
		doc["startTime"], doc["endTime"] = start.In(m.zone).Format(time.RFC3339), end.In(m.zone).Format(time.RFC3339)
		doc["ignoreDateRange"], doc["ignoreFreeSlotValidation"] = true, true
	}
	if c.create() {
		// An appointment that is made again is as its event shows it, also where the status travels the other way only.
		if shown := m.statusShown(c.Other); shown != "" {
			doc["appointmentStatus"] = string(shown)
		}
		doc["calendarId"], doc["locationId"], doc["contactId"] = m.rules.Calendar, m.location, c.ContactID
	}
	if len(doc) > 0 {
		doc["toNotify"] = false // or the location's automations write to the contact
	}
	return doc
}
