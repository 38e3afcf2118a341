package gohighleveltest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventObject is an appointment as the calendars' operations show it: its times with the offset of the location's zone.
type eventObject struct {
	ID                string         `json:"id"`
	Title             string         `json:"title"`
	CalendarID        string         `json:"calendarId"`
	LocationID        string         `json:"locationId"`
	ContactID         string         `json:"contactId"`
	GroupID           string         `json:"groupId"`
	AppointmentStatus string         `json:"appointmentStatus"`
	AssignedUserID    string         `json:"assignedUserId"`
	Users             []string       `json:"users"`
	Notes             string         `json:"notes,omitempty"`
	Description       string         `json:"description,omitempty"`
	Address           string         `json:"address,omitempty"`
	IsRecurring       bool           `json:"isRecurring"`
	RRule             string         `json:"rrule,omitempty"`
	StartTime         string         `json:"startTime"`
	EndTime           string         `json:"endTime"`
	DateAdded         string         `json:"dateAdded"`
	DateUpdated       string         `json:"dateUpdated"`
	CreatedBy         map[string]any `json:"createdBy"`
	Deleted           *bool          `json:"deleted,omitempty"` // version v3 alone
}

func (f *Fake) showEvent(c *call, a *Appointment, group string) eventObject {
	at := func(t time.Time) string { return t.In(f.zone).Format(time.RFC3339) }
	out := eventObject{
		ID: a.ID, Title: a.Title, CalendarID: a.CalendarID, LocationID: c.options.LocationID, ContactID: a.ContactID, GroupID: group,
		AppointmentStatus: a.Status, AssignedUserID: a.AssignedUserID, Users: usersOf(a), Notes: a.Notes, Description: a.Description,
		Address: a.Address, IsRecurring: a.RRule != "", RRule: a.RRule, StartTime: at(a.StartTime), EndTime: at(a.EndTime),
		DateAdded: at(a.DateAdded), DateUpdated: at(a.DateUpdated), CreatedBy: map[string]any{"source": a.Source},
	}
	if c.v3() {
		out.Deleted = new(bool)
	}
	return out
}

func usersOf(a *Appointment) []string {
	if a.AssignedUserID == "" {
		return []string{}
	}
	return []string{a.AssignedUserID}
}

// groupOf returns the group of a calendar. The caller holds the lock.
func (l *timeline) groupOf(calendar string) string {
	if c := l.calendars[calendar]; c != nil {
		return c.GroupID
	}
	return ""
}

// contactAppointment is an appointment as the contacts' operation shows it: its times are the location's, without a zone.
type contactAppointment struct {
	ID                string   `json:"id"`
	CalendarID        string   `json:"calendarId"`
	Status            string   `json:"status"`
	Title             string   `json:"title"`
	AssignedUserID    string   `json:"assignedUserId,omitempty"`
	Notes             string   `json:"notes,omitempty"`
	StartTime         string   `json:"startTime"`
	EndTime           string   `json:"endTime"`
	Address           string   `json:"address,omitempty"`
	LocationID        string   `json:"locationId"`
	ContactID         string   `json:"contactId"`
	GroupID           string   `json:"groupId,omitempty"`
	AppointmentStatus string   `json:"appointmentStatus"`
	Users             []string `json:"users"`
	DateAdded         string   `json:"dateAdded"`
	DateUpdated       string   `json:"dateUpdated"`
	AssignedResources []string `json:"assignedResources"`
}

func (f *Fake) listContactAppointments(c *call) reply {
	out := []contactAppointment{}
	at := func(t time.Time) string { return t.In(f.zone).Format(time.DateTime) }
	err := f.underContact(c.path[0], func(l *timeline) error {
		for _, a := range l.appointments.of(c.path[0]) {
			out = append(out, contactAppointment{
				ID: a.ID, CalendarID: a.CalendarID, Status: "booked", Title: a.Title, AssignedUserID: a.AssignedUserID, Notes: a.Notes,
				StartTime: at(a.StartTime), EndTime: at(a.EndTime), Address: a.Address, LocationID: c.options.LocationID,
				ContactID: a.ContactID, GroupID: l.groupOf(a.CalendarID), AppointmentStatus: a.Status, Users: usersOf(a),
				DateAdded: at(a.DateAdded), DateUpdated: at(a.DateUpdated), AssignedResources: []string{},
			})
		}
		return nil
	})
	if err != nil {
		return f.notFound(c.path[0])
	}
	return ok(http.StatusOK, map[string]any{"events": out, "traceId": f.traces.uuid()})
}

// listEvents answers with the appointments that start in a window, all of them at once.
func (f *Fake) listEvents(c *call) reply {
	q := queryValidator{query: c.query}
	location := q.required("locationId")
	from, to := q.epoch("startTime"), q.epoch("endTime")
	q.only("locationId", "userId", "calendarId", "groupId", "startTime", "endTime")
	user, calendar, group := c.query.Get("userId"), c.query.Get("calendarId"), c.query.Get("groupId")
	if user == "" && calendar == "" && group == "" {
		q.problems = append(q.problems, "either of userId, calendarId or groupId is required")
	}
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	l := f.timeline
	l.mu.RLock()
	defer l.mu.RUnlock()
	var found []*Appointment
	for _, a := range l.appointments.byID {
		if !a.StartTime.Before(from) && !a.StartTime.After(to) && (user == "" || user == a.AssignedUserID) &&
			(calendar == "" || calendar == a.CalendarID) && (group == "" || group == l.groupOf(a.CalendarID)) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b *Appointment) int {
		if c := a.StartTime.Compare(b.StartTime); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	out := []eventObject{}
	for _, a := range found {
		out = append(out, f.showEvent(c, a, l.groupOf(a.CalendarID)))
	}
	return ok(http.StatusOK, map[string]any{"events": out, "traceId": f.traces.uuid()})
}

// epoch reads an instant in milliseconds.
func (q *queryValidator) epoch(key string) time.Time {
	ms, err := strconv.ParseInt(q.required(key), 10, 64)
	if err != nil {
		q.problems = append(q.problems, key+" must be a number string")
	}
	return time.UnixMilli(ms)
}

// withAppointment calls an operation with the appointment that the path names, under its lock.
func (f *Fake) withAppointment(c *call, do func(*timeline, *Appointment) reply) reply {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.appointments.byID[c.path[0]]
	if a == nil {
		return f.fail(http.StatusBadRequest, fmt.Sprintf("Event with id %s not found", c.path[0]))
	}
	return do(l, a)
}

func (f *Fake) getAppointment(c *call) reply {
	return f.withAppointment(c, func(l *timeline, a *Appointment) reply {
		return ok(http.StatusOK, map[string]any{"event": f.showEvent(c, a, l.groupOf(a.CalendarID)), "traceId": f.traces.uuid()})
	})
}
