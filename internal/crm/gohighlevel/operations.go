package gohighlevel

import (
	"net/url"
	"strings"
)

// The versions of the API. The dated ones have the widest evidence from the field; v3 is a setting
// away.
const (
	version20210728 = "2021-07-28"
	version20210415 = "2021-04-15" // calendars
	versionV3       = "v3"
)

// effect is what carrying out an operation a second time does.
type effect int

const (
	reads     effect = iota // changes nothing
	converges               // changes something once, and nothing more the second time
	creates                 // may make a second record
)

// operation is one endpoint: what it is called, what it needs and what it does.
type operation struct {
	name    string // method and path, with a placeholder per id
	version string
	scope   string
	effect  effect
	about   string // what the last id in the path names, "" for a collection
	within  string // what else the request names and cannot do without, "" for nothing
}

var (
	getContact           = &operation{"GET /contacts/{id}", version20210728, "contacts.readonly", reads, "contact", ""}
	listContacts         = &operation{"GET /contacts/", version20210728, "contacts.readonly", reads, "", ""}
	listBusinessContacts = &operation{"GET /contacts/business/{id}", version20210728, "contacts.readonly", reads, "business", ""}
	searchContacts       = &operation{"POST /contacts/search", version20210728, "contacts.readonly", reads, "", ""}
	findDuplicateContact = &operation{"GET /contacts/search/duplicate", version20210728, "contacts.readonly", reads, "", ""}
	createContact        = &operation{"POST /contacts/", version20210728, "contacts.write", creates, "", ""}
	updateContact        = &operation{"PUT /contacts/{id}", version20210728, "contacts.write", converges, "contact", ""}
	upsertContact        = &operation{"POST /contacts/upsert", version20210728, "contacts.write", creates, "", ""}
	deleteContact        = &operation{"DELETE /contacts/{id}", version20210728, "contacts.write", converges, "contact", ""}
	addContactTags       = &operation{"POST /contacts/{id}/tags", version20210728, "contacts.write", converges, "contact", ""}
	removeContactTags    = &operation{"DELETE /contacts/{id}/tags", version20210728, "contacts.write", converges, "contact", ""}
	getLocation          = &operation{"GET /locations/{id}", version20210728, "locations.readonly", reads, "location", ""}
	listCustomFields     = &operation{"GET /locations/{id}/customFields", version20210728, "locations/customFields.readonly", reads, "location", ""}
	createCustomField    = &operation{"POST /locations/{id}/customFields", version20210728, "locations/customFields.write", creates, "location", ""}
	listUsers            = &operation{"GET /users/", version20210728, "users.readonly", reads, "", ""}
	searchUsers          = &operation{"GET /users/search", version20210728, "users.readonly", reads, "", ""}

	listTasks        = &operation{"GET /contacts/{id}/tasks", version20210728, "contacts.readonly", reads, "contact", ""}
	getTask          = &operation{"GET /contacts/{id}/tasks/{id}", version20210728, "contacts.readonly", reads, "task", "contact"}
	createTask       = &operation{"POST /contacts/{id}/tasks", version20210728, "contacts.write", creates, "contact", ""}
	updateTask       = &operation{"PUT /contacts/{id}/tasks/{id}", version20210728, "contacts.write", converges, "task", "contact"}
	setTaskCompleted = &operation{"PUT /contacts/{id}/tasks/{id}/completed", version20210728, "contacts.write", converges, "task", "contact"}
	deleteTask       = &operation{"DELETE /contacts/{id}/tasks/{id}", version20210728, "contacts.write", converges, "task", "contact"}
	searchTasks      = &operation{"POST /locations/{id}/tasks/search", version20210728, "locations/tasks.readonly", reads, "location", ""}

	listNotes  = &operation{"GET /contacts/{id}/notes", version20210728, "contacts.readonly", reads, "contact", ""}
	getNote    = &operation{"GET /contacts/{id}/notes/{id}", version20210728, "contacts.readonly", reads, "note", "contact"}
	createNote = &operation{"POST /contacts/{id}/notes", version20210728, "contacts.write", creates, "contact", ""}
	updateNote = &operation{"PUT /contacts/{id}/notes/{id}", version20210728, "contacts.write", converges, "note", "contact"}
	deleteNote = &operation{"DELETE /contacts/{id}/notes/{id}", version20210728, "contacts.write", converges, "note", "contact"}

	listContactAppointments = &operation{"GET /contacts/{id}/appointments", version20210728, "contacts.readonly", reads, "contact", ""}
	listCalendars           = &operation{"GET /calendars/", version20210415, "calendars.readonly", reads, "", ""}
	listCalendarEvents      = &operation{"GET /calendars/events", version20210415, "calendars/events.readonly", reads, "", ""}
	getAppointment          = &operation{"GET /calendars/events/appointments/{id}", version20210415, "calendars/events.readonly", reads, "appointment", ""}
	createAppointment       = &operation{"POST /calendars/events/appointments", version20210415, "calendars/events.write", creates, "", "contact"}
	updateAppointment       = &operation{"PUT /calendars/events/appointments/{id}", version20210415, "calendars/events.write", converges, "appointment", ""}
	deleteCalendarEvent     = &operation{"DELETE /calendars/events/{id}", version20210415, "calendars/events.write", converges, "appointment", ""}

	operations = []*operation{
		getContact, listContacts, listBusinessContacts, searchContacts, findDuplicateContact, createContact, updateContact,
		upsertContact, deleteContact, addContactTags, removeContactTags, getLocation, listCustomFields, createCustomField, listUsers, searchUsers,
		listTasks, getTask, createTask, updateTask, setTaskCompleted, deleteTask, searchTasks,
		listNotes, getNote, createNote, updateNote, deleteNote,
		listContactAppointments, listCalendars, listCalendarEvents, getAppointment, createAppointment, updateAppointment,
		deleteCalendarEvent,
	}

	// deletions are the operations that take away what the last id in the path names.
	deletions = []*operation{deleteContact, deleteTask, deleteNote, deleteCalendarEvent}
)

func (o *operation) method() string {
	method, _, _ := strings.Cut(o.name, " ")
	return method
}

// path fills the ids in, escaped, and leaves a trailing slash where it is: HighLevel's collections are spelt with one.
func (o *operation) path(ids []string) string {
	_, rest, _ := strings.Cut(o.name, " ")
	var b strings.Builder
	for _, id := range ids {
		before, after, _ := strings.Cut(rest, "{id}")
		b.WriteString(before)
		b.WriteString(url.PathEscape(id))
		rest = after
	}
	b.WriteString(rest)
	return b.String()
}

func versionOf(o *operation, overrides map[string]string) string {
	if version, ok := overrides[o.name]; ok {
		return version
	}
	if version, ok := overrides[AllOperations]; ok {
		return version
	}
	return o.version
}
