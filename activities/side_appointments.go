package activities

import (
	"context"
	"time"
)

// calendarPage reads the next calendar.
func (r *sideReader) calendarPage(ctx context.Context, cursor string) (out page, err error) {
	if r.calendars == nil {
		if r.calendars, err = r.calendarsAfter(ctx, cursor); err != nil {
			return page{}, err
		}
	}
	out = page{total: -1}
	if len(r.calendars) == 0 {
		return out, nil
	}
	now, calendar := time.Now(), r.calendars[0]
	out.docs, err = r.calendar(ctx, calendar, now.Add(-appointmentsEver), now.Add(appointmentsAhead))
	if err != nil {
		return page{}, err
	}
	if r.calendars = r.calendars[1:]; len(r.calendars) > 0 {
		out.next = calendar
	}
	return out, nil
}
