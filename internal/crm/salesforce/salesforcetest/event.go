package salesforcetest

import (
	"strconv"
	"time"
)

const (
	dayMinutes = 24 * 60
	// longestEvent is how many minutes an event may last.
	longestEvent = 14 * dayMinutes
)

func eventObject() *object {
	o := activityObject("Event", "00U",
		text("Location", 255),
		typed("StartDateTime", "datetime", 0),
		typed("EndDateTime", "datetime", 0),
		typed("DurationInMinutes", "int", 0),
		typed("IsAllDayEvent", "boolean", 0),
		typed("ActivityDate", "date", 0),
		typed("ActivityDateTime", "datetime", 0),
		picklist("ShowAs", "Busy", "OutOfOffice", "Free"),
		createOnly(fixed(picklist("EventSubtype", "Event"))),
		typed("IsPrivate", "boolean", 0),
		peopleOnly(typed("IsChild", "boolean", 0)),
		peopleOnly(typed("IsGroupEvent", "boolean", 0)),
		peopleOnly(picklist("GroupEventType", "0", "1", "2", "3")),
		peopleOnly(typed("IsRecurrence2", "boolean", 0)),
	)
	date := o.field("ActivityDate").index
	o.shape = shapeEvent
	o.old = func(r *row, now time.Time) bool {
		return r.get(date) <= now.Add(-archivedAfter).Format(dateLayout)
	}
	return o
}

func shapeEvent(d *draft) *apiError {
	d.byDefault("ShowAs", "Busy")
	d.byDefault("EventSubtype", "Event")
	d.byDefault("GroupEventType", "0")
	start, err := d.eventStart()
	if err != nil {
		return err
	}
	allDay := d.get("IsAllDayEvent") != ""
	if allDay {
		start = start.Truncate(24 * time.Hour)
	}
	minutes, err := d.eventLength(start, allDay)
	if err != nil {
		return err
	}
	switch {
	case minutes < 0:
		return unfit("Event duration cannot be negative.", "DurationInMinutes")
	case minutes > longestEvent:
		return unfit("Event duration cannot exceed 14 days.", "DurationInMinutes")
	case d.get("IsPrivate") != "" && d.get("WhoId") != "":
		return unfit("Private events cannot be related to a contact or a lead", "IsPrivate")
	}
	end := start.Add(time.Duration(minutes) * time.Minute)
	if allDay {
		end = end.Add(-24 * time.Hour)
	}
	for name, at := range map[string]time.Time{"StartDateTime": start, "ActivityDateTime": start, "EndDateTime": end} {
		d.set(name, at.Format(dateTimeLayout))
	}
	d.set("ActivityDate", start.Format(dateLayout))
	d.set("DurationInMinutes", strconv.Itoa(minutes))
	return d.relate()
}

// at is the instant that a field holds; zero for none.
func (d *draft) at(name string) time.Time {
	t, _ := parseDateTime(d.get(name))
	return t
}

// eventStart is when the event begins. ActivityDate and ActivityDateTime may only repeat it, or stand for it in a new
// event.
func (d *draft) eventStart() (time.Time, *apiError) {
	start := d.at("StartDateTime")
	if given := d.at("ActivityDateTime"); d.gives("ActivityDateTime") && !given.IsZero() {
		if d.isNew() && start.IsZero() {
			start = given
		}
		if !given.Equal(start) {
			return start, unfit("Activity Date Time must equal Start Date Time", "ActivityDateTime")
		}
	}
	if date := d.get("ActivityDate"); d.gives("ActivityDate") && date != "" {
		if d.isNew() && start.IsZero() && d.get("IsAllDayEvent") != "" {
			start, _ = time.Parse(dateLayout, date)
		}
		if date != start.Format(dateLayout) {
			return start, unfit("Activity Date must equal the date of Start Date Time", "ActivityDate")
		}
	}
	if start.IsZero() {
		return start, fail("REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes, ActivityDateTime]",
			"DurationInMinutes", "ActivityDateTime")
	}
	return start, nil
}

// eventLength is how many minutes the event lasts: what the write says by EndDateTime, by DurationInMinutes, or by both
// of them in agreement. The end of an event of whole days is the midnight at which its last day begins.
func (d *draft) eventLength(start time.Time, allDay bool) (int, *apiError) {
	held, _ := strconv.Atoi(d.was("DurationInMinutes"))
	lasts, known := 0, false
	if end := d.at("EndDateTime"); d.gives("EndDateTime") && !end.IsZero() {
		if allDay {
			end = end.Truncate(24 * time.Hour).Add(24 * time.Hour)
		}
		lasts, known = int(end.Sub(start)/time.Minute), true
	}
	if text := d.get("DurationInMinutes"); d.gives("DurationInMinutes") && text != "" {
		minutes, err := strconv.Atoi(text)
		switch {
		case err != nil:
			return 0, fail("NUMBER_OUTSIDE_VALID_RANGE", "Duration: value outside of valid range", "DurationInMinutes")
		case known && minutes != lasts:
			return 0, mismatch()
		case allDay && minutes%dayMinutes != 0:
			return 0, unfit("An all-day event lasts whole days", "DurationInMinutes")
		}
		lasts, known = minutes, true
	}
	switch {
	case known:
		return lasts, nil
	case d.isNew() && allDay:
		return dayMinutes, nil
	case d.isNew():
		return 0, fail("REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", "DurationInMinutes")
	case d.gives("StartDateTime") && !d.w.person && d.get("StartDateTime") != d.was("StartDateTime"):
		return 0, mismatch()
	case allDay:
		return (held + dayMinutes - 1) / dayMinutes * dayMinutes, nil
	}
	return held, nil
}

func mismatch() *apiError {
	return unfit("The event duration must match the time between Start Date Time and End Date Time. "+
		"Send both, or the start and the duration.", "DurationInMinutes")
}
