package gohighleveltest

import (
	"net/http"
	"strings"
)

// route is one operation.
type route struct {
	name     string // "GET /contacts/{contactId}"
	segments []string
	scope    string
	access   access
	oauth    bool // counted apart, and not under the burst limit
	open     bool // needs neither version nor token
	newest   bool // exists only under version v3
	handle   func(*Fake, *call) reply
}

// access says which kinds of token may call.
type access int

const (
	locationOnly access = iota
	companyOnly
	either
)

const (
	contactsRead  = "contacts.readonly"
	contactsWrite = "contacts.write"
	fieldsRead    = "locations/customFields.readonly"
	fieldsWrite   = "locations/customFields.write"
	tagsRead      = "locations/tags.readonly"
	tagsWrite     = "locations/tags.write"
	locationsRead = "locations.readonly"
	tasksSearch   = "locations/tasks.readonly"
	calendarsRead = "calendars.readonly"
	eventsRead    = "calendars/events.readonly"
	eventsWrite   = "calendars/events.write"
	usersRead     = "users.readonly"
	oauthRead     = "oauth.readonly"
	oauthWrite    = "oauth.write"
)

// AllScopes are the scopes that some operation of the Fake asks for.
var AllScopes = []string{
	contactsRead, contactsWrite, locationsRead, fieldsRead, fieldsWrite, tagsRead, tagsWrite, tasksSearch,
	calendarsRead, eventsRead, eventsWrite, usersRead, oauthRead, oauthWrite,
}

var routes = map[string][]*route{}

// Within a method the first route that fits is taken: literal segments stand before {…}.
func init() {
	add := func(name, scope string, a access, handle func(*Fake, *call) reply) *route {
		method, pattern, _ := strings.Cut(name, " ")
		r := &route{name: name, segments: split(pattern), scope: scope, access: a, handle: handle}
		routes[method] = append(routes[method], r)
		return r
	}
	oauth := func(name, scope string, handle func(*Fake, *call) reply) *route {
		r := add(name, scope, companyOnly, handle)
		r.oauth, r.open = true, scope == ""
		return r
	}
	oauth("GET /oauth/chooselocation", "", (*Fake).authorise)
	oauth("GET /v2/oauth/chooselocation", "", (*Fake).authorise)
	oauth("POST /oauth/token", "", (*Fake).token)
	oauth("POST /oauth/locationToken", oauthWrite, (*Fake).locationToken)
	oauth("POST /oauth/location-token", oauthWrite, (*Fake).locationToken).newest = true
	oauth("GET /oauth/installedLocations", oauthRead, (*Fake).installedLocations)
	oauth("GET /oauth/installed-locations", oauthRead, (*Fake).installedLocations).newest = true

	add("POST /contacts/search", contactsRead, locationOnly, (*Fake).searchContacts)
	add("GET /contacts/search/duplicate", contactsRead, locationOnly, (*Fake).findDuplicate)
	add("GET /contacts/business/{businessId}", contactsRead, locationOnly, (*Fake).listBusinessContacts)
	add("GET /contacts/", contactsRead, locationOnly, (*Fake).listContacts)
	add("POST /contacts/", contactsWrite, locationOnly, (*Fake).createContact)
	add("POST /contacts/upsert", contactsWrite, locationOnly, (*Fake).upsertContact)
	add("POST /contacts/bulk/business", contactsWrite, locationOnly, (*Fake).setBusiness)
	add("GET /contacts/{contactId}", contactsRead, locationOnly, (*Fake).getContact)
	add("PUT /contacts/{contactId}", contactsWrite, locationOnly, (*Fake).updateContact)
	add("DELETE /contacts/{contactId}", contactsWrite, locationOnly, (*Fake).deleteContact)
	add("POST /contacts/{contactId}/tags", contactsWrite, locationOnly, (*Fake).addContactTags)
	add("DELETE /contacts/{contactId}/tags", contactsWrite, locationOnly, (*Fake).removeContactTags)

	add("GET /contacts/{contactId}/tasks", contactsRead, locationOnly, (*Fake).listTasks)
	add("POST /contacts/{contactId}/tasks", contactsWrite, locationOnly, (*Fake).createTask)
	add("GET /contacts/{contactId}/tasks/{taskId}", contactsRead, locationOnly, (*Fake).getTask)
	add("PUT /contacts/{contactId}/tasks/{taskId}", contactsWrite, locationOnly, (*Fake).updateTask)
	add("DELETE /contacts/{contactId}/tasks/{taskId}", contactsWrite, locationOnly, (*Fake).deleteTask)
	add("PUT /contacts/{contactId}/tasks/{taskId}/completed", contactsWrite, locationOnly, (*Fake).setTaskCompleted)
	add("GET /contacts/{contactId}/notes", contactsRead, locationOnly, (*Fake).listNotes)
	add("POST /contacts/{contactId}/notes", contactsWrite, locationOnly, (*Fake).createNote)
	add("GET /contacts/{contactId}/notes/{id}", contactsRead, locationOnly, (*Fake).getNote)
	add("PUT /contacts/{contactId}/notes/{id}", contactsWrite, locationOnly, (*Fake).updateNote)
	add("DELETE /contacts/{contactId}/notes/{id}", contactsWrite, locationOnly, (*Fake).deleteNote)
	add("GET /contacts/{contactId}/appointments", contactsRead, locationOnly, (*Fake).listContactAppointments)
	add("POST /locations/{locationId}/tasks/search", tasksSearch, locationOnly, (*Fake).searchTasks)

	add("GET /locations/{locationId}", locationsRead, either, (*Fake).getLocation)
	add("GET /locations/{locationId}/tags", tagsRead, locationOnly, (*Fake).listTags)
	add("POST /locations/{locationId}/tags", tagsWrite, locationOnly, (*Fake).createTag)
	add("GET /locations/{locationId}/customFields", fieldsRead, locationOnly, (*Fake).listFields)
	add("POST /locations/{locationId}/customFields", fieldsWrite, locationOnly, (*Fake).createField)
	add("GET /locations/{locationId}/customFields/{id}", fieldsRead, locationOnly, (*Fake).getField)
	add("PUT /locations/{locationId}/customFields/{id}", fieldsWrite, locationOnly, (*Fake).updateField)
	add("DELETE /locations/{locationId}/customFields/{id}", fieldsWrite, locationOnly, (*Fake).deleteField)

	add("GET /calendars/", calendarsRead, locationOnly, (*Fake).listCalendars)
	add("GET /calendars/events", eventsRead, locationOnly, (*Fake).listEvents)
	add("POST /calendars/events/appointments", eventsWrite, locationOnly, (*Fake).createAppointment)
	add("GET /calendars/events/appointments/{eventId}", eventsRead, locationOnly, (*Fake).getAppointment)
	add("PUT /calendars/events/appointments/{eventId}", eventsWrite, locationOnly, (*Fake).updateAppointment)
	add("DELETE /calendars/events/{eventId}", eventsWrite, locationOnly, (*Fake).deleteEvent)

	add("DELETE /marketplace/app/{appId}/installations", oauthWrite, either, (*Fake).uninstall)

	add("GET /users/search", usersRead, either, (*Fake).searchUsers)
	add("GET /users/", usersRead, locationOnly, (*Fake).listUsers)
	add("GET /users/{userId}", usersRead, either, (*Fake).getUser)
}

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// find returns the route of a request and the segments that fill its places.
func find(method, path string) (*route, []string) {
	segments := split(path)
	for _, r := range routes[method] {
		if values, fits := r.match(segments); fits {
			return r, values
		}
	}
	return &route{name: "unknown", open: true, oauth: segments[0] == "oauth", handle: (*Fake).noRoute}, nil
}

func (r *route) match(segments []string) (values []string, fits bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	for i, want := range r.segments {
		if want != "" && want[0] == '{' && segments[i] != "" {
			values = append(values, segments[i])
		} else if want != segments[i] {
			return nil, false
		}
	}
	return values, true
}

func (f *Fake) noRoute(c *call) reply {
	return f.fail(http.StatusNotFound, "Cannot "+c.r.Method+" "+c.r.URL.Path)
}
