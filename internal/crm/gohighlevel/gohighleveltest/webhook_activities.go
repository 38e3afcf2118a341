package gohighleveltest

import "time"

// announceTask queues an event of a task. TaskCreate leaves out the contact and the body, and no event says whether the
// task is completed. The caller holds the timeline's lock, so that events are made in the order of the changes.
func (f *Fake) announceTask(name string, t *Task) {
	if !f.webhooks.on.Load() {
		return
	}
	p := &webhookPayload{
		Type: name, LocationID: f.LocationID(), ID: t.ID, AssignedTo: t.AssignedTo, Body: t.Body, ContactID: t.ContactID,
		Title: t.Title, DateAdded: iso(t.DateAdded.UnixMilli()), DueDate: iso(t.DueDate.UnixMilli()),
	}
	if name == TaskCreate {
		p.Body, p.ContactID = "", ""
	}
	f.emit(p)
}

// announceNote queues an event of a note, which leaves out its title, its author and all the rest. The caller holds the
// timeline's lock.
func (f *Fake) announceNote(name string, n *Note) {
	if !f.webhooks.on.Load() {
		return
	}
	f.emit(&webhookPayload{
		Type: name, LocationID: f.LocationID(), ID: n.ID, Body: n.Body, ContactID: n.ContactID, DateAdded: iso(n.DateAdded.UnixMilli()),
	})
}

// appointmentPayload is what the events of appointments carry in an envelope of their own.
type appointmentPayload struct {
	ID                string   `json:"id"`
	Address           string   `json:"address,omitempty"`
	Title             string   `json:"title,omitempty"`
	CalendarID        string   `json:"calendarId,omitempty"`
	ContactID         string   `json:"contactId,omitempty"`
	GroupID           string   `json:"groupId,omitempty"`
	AppointmentStatus string   `json:"appointmentStatus,omitempty"`
	AssignedUserID    string   `json:"assignedUserId,omitempty"`
	Users             []string `json:"users,omitempty"`
	Notes             string   `json:"notes,omitempty"`
	Source            string   `json:"source,omitempty"`
	StartTime         string   `json:"startTime,omitempty"`
	EndTime           string   `json:"endTime,omitempty"`
	DateAdded         string   `json:"dateAdded,omitempty"`
	DateUpdated       string   `json:"dateUpdated,omitempty"`
}

// announceAppointment queues an event of an appointment. The caller holds the timeline's lock.
func (f *Fake) announceAppointment(name string, a *Appointment) {
	if !f.webhooks.on.Load() {
		return
	}
	at := func(t time.Time) string { return t.In(f.zone).Format(time.RFC3339) }
	f.emit(&webhookPayload{Type: name, LocationID: f.LocationID(), Appointment: &appointmentPayload{
		ID: a.ID, Address: a.Address, Title: a.Title, CalendarID: a.CalendarID, ContactID: a.ContactID,
		GroupID: f.timeline.groupOf(a.CalendarID), AppointmentStatus: a.Status, AssignedUserID: a.AssignedUserID, Users: usersOf(a),
		Notes: a.Notes, Source: a.Source, StartTime: at(a.StartTime), EndTime: at(a.EndTime), DateAdded: at(a.DateAdded),
		DateUpdated: at(a.DateUpdated),
	}})
}
