package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// reader reads a kind of a connection page by page, for the sweeps and for readings of a whole side alike.
type reader struct {
	*Connection
	kind record.Kind
	// calls counts the vendor's requests.
	calls int
}

// objects are the Salesforce objects that the kind is in, in the order of their ids.
func (r *reader) objects() []string {
	if notes, ok := r.of(r.kind).(*rules.NoteMapper); ok {
		return notes.SalesforceObjects()
	}
	return []string{r.of(r.kind).SalesforceObject()}
}

// fieldsOf are the fields to select of an object.
func (r *reader) fieldsOf(object string) []string {
	if notes, ok := r.of(r.kind).(*rules.NoteMapper); ok {
		return notes.SalesforceFieldsOf(object)
	}
	return slices.Clone(r.of(r.kind).SalesforceFields())
}

// at takes the object that a reading is at off its cursor; where there is but one it is not in it.
func (r *reader) at(cursor string) (object, rest, next string) {
	all := r.objects()
	object, rest = all[0], cursor
	if len(all) == 1 {
		return object, rest, ""
	}
	if name, after, named := strings.Cut(cursor, ":"); named && slices.Contains(all, name) {
		object, rest = name, after
	}
	if i := slices.Index(all, object); i+1 < len(all) {
		next = all[i+1] + ":"
	}
	return object, rest, next
}

// here is the cursor of a reading that is at an object.
func (r *reader) here(object, rest string) string {
	if len(r.objects()) == 1 {
		return rest
	}
	return object + ":" + rest
}

// allRows reads the rows of a query, deleted ones too, and the org's clock as it was when the first of them came.
func (r *reader) allRows(ctx context.Context, soql string) (rows []crm.Document, at time.Time, err error) {
	r.calls++
	page, err := r.Salesforce.QueryAll(ctx, soql)
	at = page.At
	for {
		if err != nil {
			return nil, time.Time{}, err
		}
		rows = append(rows, page.Rows...)
		if page.Next == "" {
			return rows, at, nil
		}
		r.calls++
		page, err = r.Salesforce.QueryMore(ctx, page.Next)
	}
}

// shown returns the contacts that enhanced notes are shown on, in the order in which they were linked to them: notes' rows
// do not say so. Those that are shown on none are not in it.
func (r *reader) shown(ctx context.Context, notes map[string]bool) (map[string][]string, error) {
	out := map[string][]string{}
	if len(notes) == 0 {
		return out, nil
	}
	r.calls++
	links, err := r.rows(ctx, fmt.Sprintf("SELECT ContentDocumentId, LinkedEntityId FROM %s WHERE ContentDocumentId IN (%s) ORDER BY Id", noteLinkObject, soqlList(notes)))
	for _, link := range links {
		id, _ := link["ContentDocumentId"].(string)
		if entity, _ := link["LinkedEntityId"].(string); strings.HasPrefix(entity, "003") {
			out[id] = append(out[id], entity)
		}
	}
	return out, err
}

// taskPage reads one page of all tasks of the location.
func (r *reader) taskPage(ctx context.Context, cursor string) (crm.TaskPage, error) {
	search := crm.TaskSearch{Limit: taskPage}
	var err error
	if search.SearchAfter, err = searchAfter(cursor); err != nil {
		return crm.TaskPage{}, err
	}
	r.calls++
	return r.GoHighLevel.SearchTasks(ctx, search)
}

// calendarsAfter returns the calendars' ids in their order, after one.
func (r *reader) calendarsAfter(ctx context.Context, after string) (ids []string, err error) {
	r.calls++
	calendars, err := r.GoHighLevel.ListCalendars(ctx)
	if err != nil {
		return nil, err
	}
	for _, calendar := range calendars {
		if id, _ := calendar["id"].(string); id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// calendar reads the appointments of a calendar that start within a time; none where it is gone.
func (r *reader) calendar(ctx context.Context, id string, from, to time.Time) (docs []crm.Document, err error) {
	for _, list := range calendarWindows(from, to) {
		list.CalendarID = id
		r.calls++
		some, err := r.GoHighLevel.ListCalendarEvents(ctx, list)
		if crm.KindOf(err) == crm.NotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, some...)
	}
	return docs, nil
}

// calendarWindows are the spans in which the appointments of a calendar are asked for.
func calendarWindows(from, to time.Time) (out []crm.CalendarEventList) {
	for ; from.Before(to); from = from.Add(calendarWindow) {
		// The vendor counts both ends in.
		list := crm.CalendarEventList{Start: from, End: from.Add(calendarWindow - time.Millisecond)}
		if list.End.After(to) {
			list.End = to
		}
		out = append(out, list)
	}
	return out
}
