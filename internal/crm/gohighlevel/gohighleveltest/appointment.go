package gohighleveltest

import (
	"errors"
	"slices"
	"time"
)

// Appointment is an appointment as the location stores it. The JSON form, used by the admin API, has the vendor's field
// names.
type Appointment struct {
	ID                  string    `json:"id,omitempty"`
	CalendarID          string    `json:"calendarId,omitempty"`
	ContactID           string    `json:"contactId,omitempty"`
	Title               string    `json:"title,omitempty"`
	Status              string    `json:"appointmentStatus,omitempty"` // new, confirmed, cancelled, showed, noshow or invalid; confirmed when empty
	AssignedUserID      string    `json:"assignedUserId,omitempty"`
	Notes               string    `json:"notes,omitempty"`
	Description         string    `json:"description,omitempty"`
	Address             string    `json:"address,omitempty"`
	MeetingLocationType string    `json:"meetingLocationType,omitempty"`
	RRule               string    `json:"rrule,omitempty"`
	Source              string    `json:"source,omitempty"`     // calendar_page when a person booked it, third_party when an app did
	StartTime           time.Time `json:"startTime,omitzero"`   // milliseconds
	EndTime             time.Time `json:"endTime,omitzero"`     // a slot after StartTime when zero
	DateAdded           time.Time `json:"dateAdded,omitzero"`   // milliseconds; now when zero
	DateUpdated         time.Time `json:"dateUpdated,omitzero"` // milliseconds; DateAdded when zero
}

func (a *Appointment) id() string       { return a.ID }
func (a *Appointment) contact() string  { return a.ContactID }
func (a *Appointment) added() time.Time { return a.DateAdded }

const (
	statusConfirmed = "confirmed"
	statusCancelled = "cancelled"
	statusNoShow    = "noshow"
	statusInvalid   = "invalid"
)

// The states of an appointment, and those that version v3 adds.
var (
	appointmentStatuses = []string{"new", statusConfirmed, statusCancelled, "showed", statusNoShow, statusInvalid}
	newestStatuses      = slices.Concat(appointmentStatuses, []string{"completed", "active"})
)

// occupies tells whether the appointment takes its time away from others.
func (a *Appointment) occupies() bool {
	return a.Status != statusCancelled && a.Status != statusNoShow && a.Status != statusInvalid
}

// prepareAppointment completes an appointment as the vendor would on booking it.
func (f *Fake) prepareAppointment(a Appointment) (*Appointment, error) {
	f.timeline.mu.RLock()
	calendar := f.timeline.calendars[a.CalendarID]
	f.timeline.mu.RUnlock()
	switch {
	case calendar == nil:
		return nil, errors.New("an appointment needs a calendar")
	case a.StartTime.IsZero():
		return nil, errors.New("an appointment needs a start")
	}
	if a.ID == "" {
		a.ID = f.ids.id(20)
	}
	if a.Status == "" {
		a.Status = statusConfirmed
	}
	if a.Source == "" {
		a.Source = "calendar_page"
	}
	if a.EndTime.IsZero() {
		a.EndTime = a.StartTime.Add(calendar.slot())
	}
	f.stamp(&a.DateAdded, &a.DateUpdated)
	return &a, a.check()
}

// check brings the times into the form in which the vendor stores them.
func (a *Appointment) check() error {
	a.StartTime, a.EndTime = a.StartTime.UTC().Truncate(time.Millisecond), a.EndTime.UTC().Truncate(time.Millisecond)
	switch {
	case !a.EndTime.After(a.StartTime):
		return errors.New("an appointment ends after it starts")
	case !slices.Contains(newestStatuses, a.Status):
		return errors.New("no such appointmentStatus")
	}
	return nil
}

// changeAppointment stores a changed version and announces it. The caller holds the timeline's lock.
func (f *Fake) changeAppointment(old *Appointment, a Appointment) *Appointment {
	a.DateUpdated = f.later(old.DateUpdated)
	f.timeline.appointments.put(&a)
	f.announceAppointment(AppointmentUpdate, &a)
	return &a
}

func (f *Fake) addAppointment(a *Appointment) {
	f.timeline.appointments.put(a)
	f.announceAppointment(AppointmentCreate, a)
}

func (f *Fake) removeAppointment(a *Appointment) {
	f.timeline.appointments.remove(a)
	f.announceAppointment(AppointmentDelete, a)
}

// CreateAppointment books an appointment as a person in the CRM would, whatever the slots are, and returns its id.
// ErrNoContact when there is no such contact.
func (f *Fake) CreateAppointment(a Appointment) (id string, err error) {
	x, err := f.prepareAppointment(a)
	if err != nil {
		return "", err
	}
	return x.ID, f.underContact(a.ContactID, func(*timeline) error {
		f.addAppointment(x)
		return nil
	})
}

// LoadAppointments books many appointments at once, and no webhook tells of them. It returns the ids in order, and stops
// at the first whose contact or calendar is missing.
func (f *Fake) LoadAppointments(all []Appointment) (ids []string, err error) {
	for _, a := range all {
		x, err := f.prepareAppointment(a)
		if err != nil {
			return ids, err
		}
		if err := f.underContact(a.ContactID, func(l *timeline) error { l.appointments.put(x); return nil }); err != nil {
			return ids, err
		}
		ids = append(ids, x.ID)
	}
	return ids, nil
}

// EditAppointment changes what a person can of an appointment: title, appointmentStatus, assignedUserId, notes,
// description, address, startTime and endTime.
func (f *Fake) EditAppointment(id string, changes map[string]any) error {
	return f.editAppointment(id, func(a *Appointment) error {
		return overlay(a, changes, "title", "appointmentStatus", "assignedUserId", "notes", "description", "address", "startTime", "endTime")
	})
}

// RescheduleAppointment moves an appointment as a person would, and keeps its length.
func (f *Fake) RescheduleAppointment(id string, start time.Time) error {
	return f.editAppointment(id, func(a *Appointment) error {
		a.StartTime, a.EndTime = start, start.Add(a.EndTime.Sub(a.StartTime))
		return nil
	})
}

// CancelAppointment cancels an appointment as a person would. It stays in the calendar.
func (f *Fake) CancelAppointment(id string) error {
	return f.editAppointment(id, func(a *Appointment) error { a.Status = statusCancelled; return nil })
}

// MarkNoShow notes, as a person would, that nobody came.
func (f *Fake) MarkNoShow(id string) error {
	return f.editAppointment(id, func(a *Appointment) error { a.Status = statusNoShow; return nil })
}

func (f *Fake) editAppointment(id string, change func(*Appointment) error) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.appointments.byID[id]
	if old == nil {
		return ErrNoRecord
	}
	a := *old
	if err := errors.Join(change(&a), a.check()); err != nil {
		return err
	}
	f.changeAppointment(old, a)
	return nil
}

// DeleteAppointment deletes an appointment as a person would.
func (f *Fake) DeleteAppointment(id string) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.appointments.byID[id]
	if a == nil {
		return ErrNoRecord
	}
	f.removeAppointment(a)
	return nil
}

// Appointment returns an appointment as it is now.
func (f *Fake) Appointment(id string) (Appointment, bool) {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	a := f.timeline.appointments.byID[id]
	if a == nil {
		return Appointment{}, false
	}
	return *a, true
}

// Appointments returns every appointment, the one that was booked last first.
func (f *Fake) Appointments() []Appointment {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	return values(f.timeline.appointments.all())
}
