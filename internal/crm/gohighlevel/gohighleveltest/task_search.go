package gohighleveltest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// foundTask is a row of a search for tasks.
type foundTask struct {
	ID             string         `json:"_id"`
	Title          string         `json:"title"`
	Body           string         `json:"body,omitempty"`
	AssignedTo     string         `json:"assignedTo,omitempty"`
	ContactID      string         `json:"contactId"`
	LocationID     string         `json:"locationId"`
	DueDate        string         `json:"dueDate"`
	Completed      bool           `json:"completed"`
	Deleted        bool           `json:"deleted"`
	Status         string         `json:"status"`
	DateAdded      string         `json:"dateAdded"`
	DateUpdated    string         `json:"dateUpdated"`
	UpdatedAt      string         `json:"updatedAt"`
	ContactDetails map[string]any `json:"contactDetails,omitempty"`
	SearchAfter    [2]any         `json:"searchAfter"`
}

const defaultTaskLimit = 25

// taskSearch is a validated search for tasks.
type taskSearch struct {
	limit, skip            int
	after                  *taskPlace
	contactIDs, assignedTo []string
	completed              *bool
	businessID, query      string
	deleted                bool // whether rows of deleted tasks are shown
}

// searchTasks reads the lagging index, the newest task first, and answers with 201.
func (f *Fake) searchTasks(c *call) reply {
	if refused, foreign := f.foreign(c); foreign {
		return refused
	}
	x, problems := parseTaskSearch(c)
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	var rows []*indexedTask
	business := f.businessOf(x.businessID)
	f.timeline.view(f.clock(), func(i *taskIndex) {
		rows = i.before(x.after, x.skip, x.limit, func(t *indexedTask) bool { return x.matches(t) && business(t.ContactID) })
	})
	out := make([]foundTask, len(rows))
	for i, t := range rows {
		out[i] = f.showFound(c, t)
	}
	return ok(http.StatusCreated, map[string]any{"tasks": out, "traceId": f.traces.uuid()})
}

func parseTaskSearch(c *call) (*taskSearch, []string) {
	v := &validator{body: c.body}
	x := &taskSearch{
		limit: int(v.number("limit", optional)), skip: int(v.number("skip", optional)), contactIDs: v.texts("contactId", optional),
		assignedTo: v.texts("assignedTo", optional), completed: v.flag("completed", optional), businessID: v.text("businessId", optional),
		query: strings.ToLower(v.text("query", optional)), deleted: c.options.FindDeletedTasks,
	}
	v.only("contactId", "completed", "assignedTo", "query", "businessId", "limit", "skip", "searchAfter")
	if c.body["limit"] == nil {
		x.limit = defaultTaskLimit
	}
	switch {
	case x.limit > maxPageLimit:
		v.fail("limit must not be greater than %d", maxPageLimit)
	case x.limit < 1:
		v.fail("limit must not be less than 1")
	case x.skip < 0:
		v.fail("skip must not be less than 0")
	}
	if cursor := v.list("searchAfter"); len(cursor) > 0 {
		var good bool
		if x.after, good = readTaskPlace(cursor); !good {
			v.fail("searchAfter does not fit the sort")
		}
	}
	return x, v.problems
}

func readTaskPlace(cursor []any) (*taskPlace, bool) {
	if len(cursor) != 2 {
		return nil, false
	}
	number, isNumber := cursor[0].(json.Number)
	id, isText := cursor[1].(string)
	added, err := number.Int64()
	return &taskPlace{added, id}, isNumber && isText && err == nil
}

func (x *taskSearch) matches(t *indexedTask) bool {
	return (x.deleted || !t.Deleted) &&
		(x.contactIDs == nil || slices.Contains(x.contactIDs, t.ContactID)) &&
		(x.assignedTo == nil || slices.Contains(x.assignedTo, t.AssignedTo)) &&
		(x.completed == nil || *x.completed == t.Completed) &&
		(x.query == "" || strings.Contains(strings.ToLower(t.Title+"\n"+t.Body), x.query))
}

// businessOf tests whether a contact belongs to a business; every contact does when none is asked for.
func (f *Fake) businessOf(id string) func(contact string) bool {
	if id == "" {
		return func(string) bool { return true }
	}
	members := map[string]bool{}
	for _, r := range f.rows() {
		if r.get(tagBusinessID) == id {
			members[r.id()] = true
		}
	}
	return func(contact string) bool { return members[contact] }
}

func (f *Fake) showFound(c *call, t *indexedTask) foundTask {
	out := foundTask{
		ID: t.ID, Title: t.Title, Body: t.Body, AssignedTo: t.AssignedTo, ContactID: t.ContactID, LocationID: c.options.LocationID,
		DueDate: iso(t.DueDate.UnixMilli()), Completed: t.Completed, Deleted: t.Deleted, Status: taskStatus(t, f.now()),
		DateAdded: iso(t.DateAdded.UnixMilli()), DateUpdated: iso(t.DateUpdated.UnixMilli()), UpdatedAt: iso(t.DateUpdated.UnixMilli()),
		SearchAfter: [2]any{t.DateAdded.UnixMilli(), t.ID},
	}
	f.contacts.mu.RLock()
	r := f.contacts.byID[t.ContactID]
	f.contacts.mu.RUnlock()
	if r != nil {
		out.ContactDetails = map[string]any{"_id": t.ContactID, "firstName": r.get(tagFirstName), "lastName": r.get(tagLastName)}
	}
	return out
}

func taskStatus(t *indexedTask, now time.Time) string {
	switch {
	case t.Completed:
		return "completed"
	case t.DueDate.Before(now):
		return "overdue"
	}
	return "incomplete"
}
