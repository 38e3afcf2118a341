package gohighleveltest

import (
	"net/http"
	"slices"
	"time"
)

// Calendar is one of the location's calendars. The JSON form, used by the admin API, has the vendor's field names where
// the vendor has the field.
type Calendar struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	GroupID string `json:"groupId,omitempty"`
	// TeamMembers are users. An appointment with one of several must say which; with none, anybody can be assigned.
	TeamMembers  []string `json:"teamMembers,omitempty"`
	SlotDuration int      `json:"slotDuration,omitempty"` // minutes; 30 when zero
	// OpenFrom and OpenTo are the hours of the location's day between which slots lie, on workdays; 9 and 17 when both
	// are zero.
	OpenFrom int  `json:"openFrom,omitempty"`
	OpenTo   int  `json:"openTo,omitempty"`
	Draft    bool `json:"draft,omitempty"`
}

func (c *Calendar) slot() time.Duration { return time.Duration(c.SlotDuration) * time.Minute }

// AddCalendar adds a calendar and returns its id.
func (f *Fake) AddCalendar(c Calendar) (id string) {
	if c.ID == "" {
		c.ID = f.ids.id(20)
	}
	if c.SlotDuration <= 0 {
		c.SlotDuration = 30
	}
	if c.OpenFrom == 0 && c.OpenTo == 0 {
		c.OpenFrom, c.OpenTo = 9, 17
	}
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addCalendar(&c)
	return c.ID
}

func (l *timeline) addCalendar(c *Calendar) {
	if l.calendars[c.ID] == nil {
		l.calendarOrder = append(l.calendarOrder, c.ID)
	}
	l.calendars[c.ID] = c
}

// Calendars returns every calendar in the order in which they were added.
func (f *Fake) Calendars() []Calendar {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	out := []Calendar{}
	for _, id := range f.timeline.calendarOrder {
		out = append(out, *f.timeline.calendars[id])
	}
	return out
}

// fits tells whether an appointment lies in a slot: on a workday, within the open hours of the location's zone, at the
// beginning of a slot, and over before closing.
func (c *Calendar) fits(a *Appointment, zone *time.Location) bool {
	start, end := a.StartTime.In(zone), a.EndTime.In(zone)
	opens := time.Date(start.Year(), start.Month(), start.Day(), c.OpenFrom, 0, 0, 0, zone)
	closes := time.Date(start.Year(), start.Month(), start.Day(), c.OpenTo, 0, 0, 0, zone)
	workday := start.Weekday() != time.Saturday && start.Weekday() != time.Sunday
	return workday && !start.Before(opens) && !end.After(closes) && start.Sub(opens)%c.slot() == 0
}

// taken tells whether another appointment of the same calendar, and of the same user where both have one, is in the way.
// The caller holds the lock.
func (l *timeline) taken(a *Appointment) bool {
	for _, other := range l.appointments.byID {
		if other.ID != a.ID && other.CalendarID == a.CalendarID && other.occupies() && other.StartTime.Before(a.EndTime) &&
			a.StartTime.Before(other.EndTime) &&
			(a.AssignedUserID == "" || other.AssignedUserID == "" || a.AssignedUserID == other.AssignedUserID) {
			return true
		}
	}
	return false
}

func (f *Fake) calendarObject(c *Calendar) map[string]any {
	members := []map[string]any{}
	for i, user := range c.TeamMembers {
		members = append(members, map[string]any{"userId": user, "priority": 0.5, "isPrimary": i == 0, "selected": true})
	}
	kind := "event"
	if len(c.TeamMembers) > 0 {
		kind = "round_robin"
	}
	return map[string]any{
		"id": c.ID, "locationId": f.LocationID(), "groupId": c.GroupID, "name": c.Name, "isActive": !c.Draft, "calendarType": kind,
		"teamMembers": members, "slotDuration": c.SlotDuration, "slotDurationUnit": "mins", "slotInterval": c.SlotDuration,
		"slotIntervalUnit": "mins", "autoConfirm": true,
	}
}

func (f *Fake) listCalendars(c *call) reply {
	q := queryValidator{query: c.query}
	location := q.required("locationId")
	q.only("locationId", "groupId", "showDrafted")
	if drafted := c.query.Get("showDrafted"); !slices.Contains([]string{"", "true", "false"}, drafted) {
		q.problems = append(q.problems, "showDrafted must be a boolean value")
	}
	if len(q.problems) > 0 {
		return f.invalid(q.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	group := c.query.Get("groupId")
	out := []map[string]any{}
	for _, x := range f.Calendars() {
		if (group == "" || group == x.GroupID) && (!x.Draft || c.query.Get("showDrafted") != "false") {
			out = append(out, f.calendarObject(&x))
		}
	}
	return ok(http.StatusOK, map[string]any{"calendars": out, "traceId": f.traces.uuid()})
}
