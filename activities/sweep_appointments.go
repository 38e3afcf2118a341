package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// appointmentsBack and appointmentsAhead are the window in which appointments are compared again and again.
	appointmentsBack  = 90 * 24 * time.Hour
	appointmentsAhead = 365 * 24 * time.Hour
	// appointmentsEver is how far back the first pass looks where the rules name no oldest date.
	appointmentsEver = 10 * 365 * 24 * time.Hour
	// calendarWindow is the longest window that one call asks for: the vendor answers with all of it at once.
	calendarWindow = appointmentsBack + appointmentsAhead
)

// goHighLevelAppointments compares the appointments of one calendar after the other, which cannot be asked for what changed:
// the first pass those since the oldest date of the rules, any other those in a window around now. Of deletions only webhooks
// tell; those that were lost, and what changed outside the window, the rotation finds.
func (s *sweeper) goHighLevelAppointments(ctx context.Context) (done bool, err error) {
	pass := s.sweep.Readings[record.ReadChanges]
	if pass.Epoch.IsZero() {
		pass.Epoch = s.sweep.Began
	}
	s.again = s.from(pass.Epoch)
	calendars, err := s.calendarsAfter(ctx, pass.Cursor)
	if err != nil {
		return false, err
	}
	whole, shown := pass.Cursor == "", map[string]bool{}
	from, to := s.window()
	over := spell(ctx)
	for _, calendar := range calendars {
		docs, err := s.calendar(ctx, calendar, from, to)
		if err != nil {
			return false, err
		}
		found, err := s.sightAll(docs)
		if err != nil {
			return false, err
		}
		for _, f := range found {
			shown[f.id] = true
		}
		page, err := s.weigh(ctx, found)
		if err != nil {
			return false, err
		}
		pass.Cursor = calendar
		page.Readings[record.ReadChanges] = pass
		if err := s.store(ctx, page); err != nil || over() {
			return false, err
		}
	}
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	if whole {
		if page, err = s.notShown(ctx, shown); err != nil {
			return false, err
		}
	}
	s.endPass(&page, pass)
	return true, s.store(ctx, page)
}

// window is what is to be compared of a calendar.
func (s *sweeper) window() (from, to time.Time) {
	from, to = s.sweep.Began.Add(-appointmentsBack), s.sweep.Began.Add(appointmentsAhead)
	if s.sweep.SweptTo.IsZero() {
		from = s.sweep.Began.Add(-appointmentsEver)
		if since, err := time.Parse(time.DateOnly, s.Rules.Appointments.Since); err == nil {
			from = since.AddDate(0, 0, -1) // whatever the zone
		}
	}
	return from, to
}

// notShown reads, one by one, the next of the appointments that links hold and that no calendar showed, so that each has its
// turn within the time that the rules give a comparison.
func (s *sweeper) notShown(ctx context.Context, shown map[string]bool) (record.SweptPage, error) {
	page := record.SweptPage{Heard: map[string]int{}, Readings: map[record.SweepReading]record.Reading{}}
	round, last := s.Rules.Live.Sweeps.Compare, s.sweep.Readings[record.ReadRotation].Epoch
	if round <= 0 {
		return page, nil
	}
	links, err := s.ledger.CountOpen(ctx, s.sweep.SweepKey)
	if turns := links/confirmationsPerSweep + 1; err != nil || s.sweep.Began.Sub(last) < round/time.Duration(turns) {
		return page, err
	}
	held, err := s.ledger.OpenLinks(ctx, s.sweep.SweepKey, s.sweep.ComparedAfter, goHighLevelPage)
	if err != nil {
		return page, err
	}
	after, deleted, docs := s.sweep.ComparedAfter, []record.KnownRecord(nil), []crm.Document(nil)
	for _, k := range held {
		if !shown[k.RecordID] && !k.Pending && !k.Asked {
			if s.confirmations == 0 {
				break
			}
			s.confirmations--
			s.calls++
			doc, err := s.GoHighLevel.GetAppointment(ctx, k.RecordID)
			switch {
			case crm.KindOf(err) == crm.NotFound:
				deleted = append(deleted, k)
			case err != nil:
				return page, err
			default:
				docs = append(docs, doc)
			}
		}
		after = k.LinkID
	}
	found, err := s.sightAll(docs)
	if err != nil {
		return page, err
	}
	if page, err = s.weigh(ctx, found); err != nil {
		return page, err
	}
	for _, k := range deleted {
		s.mark(&page, sighting{id: k.RecordID, deleted: true, stamp: s.sweep.Began}, k)
	}
	if s.confirmations > 0 && len(held) < goHighLevelPage {
		after, page.ComparedAt = 0, s.sweep.Began
	}
	page.ComparedAfter = &after
	page.Readings[record.ReadRotation] = record.Reading{Epoch: s.sweep.Began}
	return page, nil
}
