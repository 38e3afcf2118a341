package crm

import (
	"context"
	"time"
)

// Document is one JSON object as a vendor sends or takes it. Numbers decode as json.Number.
type Document map[string]any

// GoHighLevel is what the client of one GoHighLevel location promises. Every method takes one API call unless it
// says otherwise, repeats nothing but one refused expired token, and fails with *Error. "Safe to repeat" means that
// a second call leaves the same state as one.
type GoHighLevel interface {
	// GetContact reads one contact. NotFound when it is gone. Safe to repeat.
	GetContact(ctx context.Context, id string) (Document, error)
	// ListContacts reads the deprecated list, ordered by date added. Safe to repeat.
	ListContacts(ctx context.Context, q ContactList) (ContactPage, error)
	// ListBusinessContacts reads the contacts of one business. Safe to repeat.
	ListBusinessContacts(ctx context.Context, businessID string, q BusinessContactList) (ContactPage, error)
	// SearchContacts reads one page of the search index, which lags behind writes by seconds: neither presence nor
	// absence in it proves anything about a record. Safe to repeat.
	SearchContacts(ctx context.Context, q ContactSearch) (ContactPage, error)
	// FindDuplicateContact looks a contact up by e-mail or phone as the vendor's own duplicate check does; nil when
	// there is none. Safe to repeat.
	FindDuplicateContact(ctx context.Context, q DuplicateLookup) (Document, error)
	// CreateContact creates a contact and returns it as stored. Duplicate, with ExistingID, where the location
	// refuses a second one. Not safe to repeat: settle first.
	CreateContact(ctx context.Context, contact Document) (Document, error)
	// UpdateContact changes the named fields and returns the contact as stored. Safe to repeat.
	UpdateContact(ctx context.Context, id string, changes Document) (Document, error)
	// UpsertContact creates or updates by the location's duplicate setting, and tells whether it created. It replaces
	// all tags when given any. Not safe to repeat where the location allows duplicates.
	UpsertContact(ctx context.Context, contact Document) (contactAsStored Document, created bool, err error)
	// DeleteContact deletes a contact. Deleting one that is gone succeeds. Safe to repeat.
	DeleteContact(ctx context.Context, id string) error
	// AddContactTags adds tags and returns the tags the vendor now lists. Safe to repeat.
	AddContactTags(ctx context.Context, id string, tags []string) ([]string, error)
	// RemoveContactTags removes tags and returns the tags the vendor now lists. Safe to repeat.
	RemoveContactTags(ctx context.Context, id string, tags []string) ([]string, error)

	// ListTasks reads all tasks of a contact. NotFound when the contact is gone. Safe to repeat.
	ListTasks(ctx context.Context, contactID string) ([]Document, error)
	// GetTask reads one task of a contact, which has neither dateAdded nor dateUpdated. NotFound when the task or the
	// contact is gone, or the task hangs on another contact since a merge. Safe to repeat.
	GetTask(ctx context.Context, contactID, id string) (Document, error)
	// CreateTask creates a task of a contact and returns it as stored; title, dueDate and completed are required.
	// NotFound when the contact is gone. Not safe to repeat: settle first.
	CreateTask(ctx context.Context, contactID string, task Document) (Document, error)
	// UpdateTask changes the named fields and returns the task as stored. No webhook tells of it, unless it completes
	// the task. Safe to repeat.
	UpdateTask(ctx context.Context, contactID, id string, changes Document) (Document, error)
	// SetTaskCompleted completes or reopens a task and returns it as stored. Safe to repeat.
	SetTaskCompleted(ctx context.Context, contactID, id string, completed bool) (Document, error)
	// DeleteTask deletes a task. Deleting one that is gone, or whose contact is, succeeds. Safe to repeat.
	DeleteTask(ctx context.Context, contactID, id string) error
	// SearchTasks reads one page of the tasks of the whole location from an index that lags behind writes by seconds:
	// neither presence nor absence in it proves anything. Its rows alone have dateAdded, dateUpdated and deleted. Safe
	// to repeat.
	SearchTasks(ctx context.Context, q TaskSearch) (TaskPage, error)

	// ListNotes reads all notes of a contact, which is the only way to list notes. NotFound when the contact is gone.
	// Safe to repeat.
	ListNotes(ctx context.Context, contactID string) ([]Document, error)
	// GetNote reads one note of a contact. A note does not say when it was changed. NotFound when the note or the
	// contact is gone, or the note hangs on another contact since a merge. Safe to repeat.
	GetNote(ctx context.Context, contactID, id string) (Document, error)
	// CreateNote creates a note on a contact and returns it as stored; body is required. NotFound when the contact is
	// gone. Not safe to repeat: settle first.
	CreateNote(ctx context.Context, contactID string, note Document) (Document, error)
	// UpdateNote changes the named fields and returns the note as stored. Safe to repeat.
	UpdateNote(ctx context.Context, contactID, id string, changes Document) (Document, error)
	// DeleteNote deletes a note. Deleting one that is gone, or whose contact is, succeeds. Safe to repeat.
	DeleteNote(ctx context.Context, contactID, id string) error

	// ListContactAppointments reads all appointments of a contact. Their times have no zone: they are in the
	// location's. NotFound when the contact is gone. Safe to repeat.
	ListContactAppointments(ctx context.Context, contactID string) ([]Document, error)
	// ListCalendars reads the location's calendars. Safe to repeat.
	ListCalendars(ctx context.Context) ([]Document, error)
	// ListCalendarEvents reads the events of one calendar, user or group within a window, all in one answer. Safe to
	// repeat.
	ListCalendarEvents(ctx context.Context, q CalendarEventList) ([]Document, error)
	// GetAppointment reads one appointment. NotFound when it is gone. Safe to repeat.
	GetAppointment(ctx context.Context, id string) (Document, error)
	// CreateAppointment books an appointment and returns it as stored, which leaves out its dates; calendarId,
	// contactId and startTime are required. Nobody is notified unless the document says toNotify. Rejected when the
	// slot is not free and the document does not say ignoreFreeSlotValidation, NotFound when the contact is gone. Not
	// safe to repeat: settle first.
	CreateAppointment(ctx context.Context, appointment Document) (Document, error)
	// UpdateAppointment changes the named fields and returns the appointment as stored, which leaves out its dates. It
	// cannot move it to another contact. Nobody is notified unless the changes say toNotify. Safe to repeat.
	UpdateAppointment(ctx context.Context, id string, changes Document) (Document, error)
	// DeleteCalendarEvent deletes an appointment or another event. Deleting one that is gone succeeds. Safe to repeat.
	DeleteCalendarEvent(ctx context.Context, id string) error

	// GetLocation reads the location with its settings. Safe to repeat.
	GetLocation(ctx context.Context) (Document, error)
	// ListCustomFields reads the location's contact custom fields. Safe to repeat.
	ListCustomFields(ctx context.Context) ([]Document, error)
	// CreateCustomField defines a contact custom field and returns it as stored, with the key that the vendor made of its
	// name. A name that is taken gives a second field, under a numbered key. Not safe to repeat: look first.
	CreateCustomField(ctx context.Context, field Document) (Document, error)
	// ListUsers reads the location's users. Safe to repeat.
	ListUsers(ctx context.Context) ([]Document, error)
}

// ContactList pages through GET /contacts/. StartAfter (epoch milliseconds) and StartAfterID go together and come
// from the previous page's Next.
type ContactList struct {
	Limit        int // at most 100; 0 means 100
	StartAfter   int64
	StartAfterID string
	Query        string
}

// BusinessContactList pages through GET /contacts/business/{businessId} by offset.
type BusinessContactList struct {
	Limit int // 0 means 25
	Skip  int
	Query string
}

// ContactSearch is the body of POST /contacts/search, less the location.
type ContactSearch struct {
	PageLimit   int           `json:"pageLimit"` // at most 500
	SearchAfter []any         `json:"searchAfter,omitempty"`
	Filters     []SearchGroup `json:"filters,omitempty"`
	Sort        []SearchSort  `json:"sort,omitempty"`
	Query       string        `json:"query,omitempty"`
}

// SearchGroup is one filter {Field, Operator, Value}, or a group {Group: "AND" or "OR", Filters}.
type SearchGroup struct {
	Field    string        `json:"field,omitempty"`
	Operator string        `json:"operator,omitempty"`
	Value    any           `json:"value,omitempty"`
	Group    string        `json:"group,omitempty"`
	Filters  []SearchGroup `json:"filters,omitempty"`
}

// SearchSort orders a search; Direction is "asc" or "desc".
type SearchSort struct {
	Field     string `json:"field"`
	Direction string `json:"direction"`
}

// ContactPage is one page of contacts.
type ContactPage struct {
	Contacts []Document
	// Total is the vendor's count over all pages, -1 when it gives none.
	Total int
	// SearchAfter continues a SearchContacts; empty when the page was the last.
	SearchAfter []any
	// StartAfter and StartAfterID continue a ListContacts; zero when the page was the last.
	StartAfter   int64
	StartAfterID string
}

// DuplicateLookup names what to look for; at least one of the two must be set.
type DuplicateLookup struct {
	Email string
	Phone string // E.164
}

// TaskSearch is the body of POST /locations/{locationId}/tasks/search. The zero value finds every task.
type TaskSearch struct {
	Limit int `json:"limit"` // at most 500; 0 means 500
	// SearchAfter is the previous page's; empty for the first.
	SearchAfter []any    `json:"searchAfter,omitempty"`
	ContactIDs  []string `json:"contactId,omitempty"`
	Completed   *bool    `json:"completed,omitempty"`
	AssignedTo  []string `json:"assignedTo,omitempty"` // user ids
	BusinessID  string   `json:"businessId,omitempty"`
	Query       string   `json:"query,omitempty"`
}

// TaskPage is one page of tasks. The vendor counts none, and has no filter for what changed since.
type TaskPage struct {
	Tasks []Document
	// SearchAfter continues the search; empty when the page was the last.
	SearchAfter []any
}

// CalendarEventList asks for the events that start from Start to End, by exactly one of the three ids.
type CalendarEventList struct {
	CalendarID, UserID, GroupID string
	Start, End                  time.Time // to the millisecond
}
