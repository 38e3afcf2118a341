package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
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
	if err := r.unfold(ctx, out.docs); err != nil {
		return page{}, err
	}
	if r.calendars = r.calendars[1:]; len(r.calendars) > 0 {
		out.next = calendar
	}
	return out, nil
}

// unfold reads appointments by themselves that are in the hour that a clock shows twice: calendars have local times.
func (r *sideReader) unfold(ctx context.Context, docs []crm.Document) error {
	for i, doc := range docs {
		one, err := r.readOf(record.Appointment, record.GoHighLevel, doc, true)
		if err != nil {
			return err
		}
		if !r.twice(one.Fields[record.Start]) && !r.twice(one.Fields[record.End]) {
			continue
		}
		whole, err := r.GoHighLevel.GetAppointment(ctx, one.ID)
		if crm.KindOf(err) == crm.NotFound {
			doc["deleted"] = true // since it was listed
			continue
		}
		if err != nil {
			return err
		}
		docs[i] = whole
	}
	return nil
}

// twice tells whether the location's clock shows an instant's time once more.
func (r *sideReader) twice(v record.Value) bool {
	at, ok := record.ParseInstant(v.Text(), r.zone())
	if !ok {
		return false
	}
	shows := func(t time.Time) string { return t.In(r.zone()).Format(time.DateTime) }
	return shows(at) == shows(at.Add(foldWidth)) || shows(at) == shows(at.Add(-foldWidth))
}
