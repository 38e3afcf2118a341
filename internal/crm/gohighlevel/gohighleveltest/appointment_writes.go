package gohighleveltest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	slotGone      = "The slot you have selected is no longer available."
	userMissing   = "A team member needs to be selected. assignedUserId is missing"
	userNotInTeam = "The user id not part of calendar team."
)

var meetingLocationTypes = []string{"custom", "zoom", "gmeet", "phone", "address", "ms_teams", "google"}

// booking is what a body says about an appointment; nil is not said.
type booking struct {
	calendarID, title, status, userID, description, address, meeting, rrule *string
	start, end                                                              *time.Time
	anyDate, anySlot, quiet                                                 bool
}

var bookingKeys = []string{
	"title", "meetingLocationType", "meetingLocationId", "overrideLocationConfig", "appointmentStatus", "assignedUserId", "description",
	"address", "ignoreDateRange", "toNotify", "ignoreFreeSlotValidation", "rrule", "calendarId", "startTime", "endTime",
}

// parseBooking validates the body of a write. Unless it says toNotify: false, the location's automations write to the
// contact.
func parseBooking(c *call, v *validator, p presence) booking {
	w := booking{
		calendarID: v.given("calendarId"), title: v.given("title"), status: v.given("appointmentStatus"), userID: v.given("assignedUserId"),
		description: v.given("description"), address: v.given("address"), meeting: v.given("meetingLocationType"), rrule: v.given("rrule"),
		start: v.instant("startTime", p), end: v.instant("endTime", optional),
	}
	statuses := appointmentStatuses
	if c.v3() {
		statuses = newestStatuses
	}
	oneOf(v, "appointmentStatus", w.status, statuses)
	oneOf(v, "meetingLocationType", w.meeting, meetingLocationTypes)
	v.given("meetingLocationId")
	v.flag("overrideLocationConfig", optional)
	said := func(key string, unsaid bool) bool {
		if b := v.flag(key, optional); b != nil {
			return *b
		}
		return unsaid
	}
	w.anySlot = said("ignoreFreeSlotValidation", false)
	w.anyDate = said("ignoreDateRange", false) || w.anySlot
	w.quiet = !said("toNotify", true)
	if !w.anySlot {
		w.rrule = nil // which the vendor neither refuses nor stores
	}
	return w
}

func oneOf(v *validator, key string, value *string, values []string) {
	if value != nil && !slices.Contains(values, *value) {
		v.fail("%s must be one of the following values: %s", key, strings.Join(values, ", "))
	}
}

// apply changes an appointment. A new start alone moves the end along.
func (w *booking) apply(a *Appointment) {
	if w.start != nil && w.end == nil && !a.StartTime.IsZero() {
		a.EndTime = w.start.Add(a.EndTime.Sub(a.StartTime))
	}
	set(&a.CalendarID, w.calendarID)
	set(&a.Title, w.title)
	set(&a.Status, w.status)
	set(&a.AssignedUserID, w.userID)
	set(&a.Description, w.description)
	set(&a.Address, w.address)
	set(&a.MeetingLocationType, w.meeting)
	set(&a.RRule, w.rrule)
	set(&a.StartTime, w.start)
	set(&a.EndTime, w.end)
}

// refuseBooking answers an appointment that its calendar cannot take. The caller holds the timeline's lock.
func (f *Fake) refuseBooking(l *timeline, a *Appointment, w *booking) (reply, bool) {
	refuse := func(message string) (reply, bool) { return f.fail(http.StatusBadRequest, message), true }
	calendar := l.calendars[a.CalendarID]
	switch {
	case calendar == nil:
		return refuse(fmt.Sprintf("Calendar with id %s not found", a.CalendarID))
	case len(calendar.TeamMembers) > 1 && a.AssignedUserID == "":
		return refuse(userMissing)
	case len(calendar.TeamMembers) > 0 && a.AssignedUserID != "" && !slices.Contains(calendar.TeamMembers, a.AssignedUserID):
		return refuse(userNotInTeam)
	}
	if a.AssignedUserID == "" && len(calendar.TeamMembers) == 1 {
		a.AssignedUserID = calendar.TeamMembers[0]
	}
	if a.EndTime.IsZero() {
		a.EndTime = a.StartTime.Add(calendar.slot())
	}
	moves := w.start != nil || w.end != nil || w.calendarID != nil
	switch {
	case !a.EndTime.After(a.StartTime):
		return refuse("endTime must be after startTime")
	case !moves || !a.occupies():
	case !w.anyDate && !a.StartTime.After(f.now()):
		return refuse(slotGone)
	case !w.anySlot && (!calendar.fits(a, f.zone) || l.taken(a)):
		return refuse(slotGone)
	}
	return reply{}, false
}

// bookedObject is an appointment as a write shows it: without an envelope, and in the dated versions without its dates.
type bookedObject struct {
	ID                  string `json:"id"`
	CalendarID          string `json:"calendarId"`
	LocationID          string `json:"locationId"`
	ContactID           string `json:"contactId"`
	StartTime           string `json:"startTime"`
	EndTime             string `json:"endTime"`
	Title               string `json:"title,omitempty"`
	MeetingLocationType string `json:"meetingLocationType,omitempty"`
	AppointmentStatus   string `json:"appointmentStatus"`
	AssignedUserID      string `json:"assignedUserId,omitempty"`
	Address             string `json:"address,omitempty"`
	IsRecurring         bool   `json:"isRecurring"`
	RRule               string `json:"rrule,omitempty"`
	DateAdded           string `json:"dateAdded,omitempty"`
	DateUpdated         string `json:"dateUpdated,omitempty"`
	TraceID             string `json:"traceId"`
}

func (f *Fake) bookedReply(c *call, a *Appointment) reply {
	x := f.showEvent(c, a, "")
	out := bookedObject{
		ID: x.ID, CalendarID: x.CalendarID, LocationID: x.LocationID, ContactID: x.ContactID, StartTime: x.StartTime, EndTime: x.EndTime,
		Title: x.Title, MeetingLocationType: a.MeetingLocationType, AppointmentStatus: x.AppointmentStatus,
		AssignedUserID: x.AssignedUserID, Address: x.Address, IsRecurring: x.IsRecurring, RRule: x.RRule, TraceID: f.traces.uuid(),
	}
	if c.v3() {
		out.DateAdded, out.DateUpdated = x.DateAdded, x.DateUpdated
	}
	return ok(http.StatusOK, out)
}

func (f *Fake) createAppointment(c *call) (answer reply) {
	v := &validator{body: c.body}
	v.text("calendarId", required)
	location, contact := v.text("locationId", required), v.text("contactId", required)
	w := parseBooking(c, v, required)
	v.only(slices.Concat(bookingKeys, []string{"locationId", "contactId"})...)
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	a := &Appointment{ID: f.ids.id(20), ContactID: contact, Status: statusConfirmed, Source: "third_party"}
	w.apply(a)
	f.stamp(&a.DateAdded, &a.DateUpdated)
	err := f.underContact(contact, func(l *timeline) error {
		refused, bad := f.refuseBooking(l, a, &w)
		if answer = refused; bad {
			return nil
		}
		f.addAppointment(a)
		c.effect.appointments.Created++
		c.effect.notified(&w)
		answer = f.bookedReply(c, a)
		return nil
	})
	if err != nil {
		return f.notFound(contact)
	}
	return answer
}

func (f *Fake) updateAppointment(c *call) reply {
	v := &validator{body: c.body}
	w := parseBooking(c, v, optional)
	v.only(bookingKeys...)
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	return f.withAppointment(c, func(l *timeline, old *Appointment) reply {
		a := *old
		w.apply(&a)
		if refused, bad := f.refuseBooking(l, &a, &w); bad {
			return refused
		}
		c.effect.appointments.Updated++
		c.effect.notified(&w)
		return f.bookedReply(c, f.changeAppointment(old, a))
	})
}

func (e *effect) notified(w *booking) {
	if !w.quiet {
		e.notifications++
	}
}

// deleteEvent is answered with 201.
func (f *Fake) deleteEvent(c *call) reply {
	v := &validator{body: c.body}
	v.only()
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	return f.withAppointment(c, func(_ *timeline, a *Appointment) reply {
		f.removeAppointment(a)
		c.effect.appointments.Deleted++
		return ok(http.StatusCreated, map[string]any{"succeeded": true, "traceId": f.traces.uuid()})
	})
}
