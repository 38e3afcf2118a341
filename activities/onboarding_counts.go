package activities

import (
	"context"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// countingCalls is how many calls a plan makes at most to count what GoHighLevel has no count of.
	countingCalls = 20
	// sampledContacts is of how many contacts a plan reads the notes.
	sampledContacts = 10
)

// countTasks reads the location's tasks as far as a plan may, and returns the calls that reading all of them takes.
func (c *Connection) countTasks(ctx context.Context, k *KindPlan) (Span, error) {
	n, search := RecordCount{OrMore: true}, crm.TaskSearch{Limit: taskPage}
	for range countingCalls {
		page, err := c.GoHighLevel.SearchTasks(ctx, search)
		if err != nil {
			return Span{}, err
		}
		n.Count += len(page.Tasks)
		if search.SearchAfter = page.SearchAfter; len(search.SearchAfter) == 0 {
			n.OrMore = false
			break
		}
	}
	k.Records[record.GoHighLevel] = n
	calls := max(1, pages(n.Count, taskPage))
	return Span{Least: calls, Most: calls}, nil
}

// countAppointments reads the calendars as far as a plan may, and returns the calls that reading all of them takes.
func (c *Connection) countAppointments(ctx context.Context, k *KindPlan) (Span, error) {
	calendars, err := c.GoHighLevel.ListCalendars(ctx)
	if err != nil {
		return Span{}, err
	}
	now := time.Now()
	windows := calendarWindows(now.Add(-appointmentsEver), now.Add(appointmentsAhead))
	n, asked := RecordCount{}, 0
	for _, calendar := range calendars {
		id, _ := calendar["id"].(string)
		for _, w := range windows {
			if asked++; asked > countingCalls {
				n.OrMore = true
				break
			}
			w.CalendarID = id
			docs, err := c.GoHighLevel.ListCalendarEvents(ctx, w)
			if err != nil && crm.KindOf(err) != crm.NotFound {
				return Span{}, err
			}
			n.Count += len(docs)
		}
	}
	k.Records[record.GoHighLevel] = n
	calls := 1 + len(calendars)*len(windows)
	return Span{Least: calls, Most: calls}, nil
}

// countNotes works out from the notes of a few contacts how many there are. Reading them takes a call for each contact that
// there is once both sides hold all of them.
func (c *Connection) countNotes(ctx context.Context, k *KindPlan, people KindPlan) (Span, error) {
	g, s := people.Records[record.GoHighLevel], people.Records[record.Salesforce]
	got, err := c.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{PageLimit: sampledContacts})
	if err != nil {
		return Span{}, err
	}
	found := 0
	for _, contact := range got.Contacts {
		id, _ := contact["id"].(string)
		notes, err := c.GoHighLevel.ListNotes(ctx, id)
		if err != nil && crm.KindOf(err) != crm.NotFound {
			return Span{}, err
		}
		found += len(notes)
	}
	n := RecordCount{Count: found}
	if looked := len(got.Contacts); looked > 0 && looked < g.Count {
		n = RecordCount{Count: found * g.Count / looked, About: true}
	}
	k.Records[record.GoHighLevel] = n
	more := missing(g, s, people.Linked)
	return Span{Least: g.Count + more.Least, Most: g.Count + more.Most}, nil
}
