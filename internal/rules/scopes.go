package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// Scope is one scope that a connection's rules need of a side's app or token.
type Scope struct {
	Side record.Side `json:"side"`
	Name string      `json:"scope"`
	// For says what needs it, in words for a person.
	For []string `json:"needed_for"`
}

// CustomFieldsScope lets Tandem create the location's custom fields, which syncing itself never does: it is needed for
// that one time only, and so is none of Scopes.
const CustomFieldsScope = "locations/customFields.write"

// UninstallScope lets a location's token take the app out of the location, and an agency's be exchanged for a location's. No
// rule needs it, and so it is none of Scopes.
const UninstallScope = "oauth.write"

// RefreshScope is Salesforce's scope without which a grant of the web flow cannot be renewed.
const RefreshScope = "refresh_token"

// Scopes returns exactly the scopes that the rules need of both sides, GoHighLevel's first, and no other: a kind that is off
// asks for nothing.
func (r *Rules) Scopes() []Scope {
	n := scopes{side: record.GoHighLevel}
	n.ask("contacts.readonly", "reading contacts", "webhooks of contacts")
	n.ask("contacts.write", "creating and changing contacts")
	n.ask("locations.readonly", "the location's time zone and its duplicate setting")
	if keys := r.CustomFieldKeys(); len(keys) > 0 {
		n.ask("locations/customFields.readonly", "custom fields "+strings.Join(keys, ", "))
	}
	if slices.ContainsFunc(r.Contacts.Fields, func(f FieldRule) bool { return f.Field == record.Owner }) {
		n.ask("users.readonly", "owners of contacts")
	}
	if r.Tasks.Enabled {
		n.ask("contacts.readonly", "reading tasks")
		n.ask("users.readonly", "assignees of tasks")
		n.ask("locations/tasks.readonly", "finding changed tasks")
		n.writes(r.Tasks.Travel, "contacts.write", "tasks")
	}
	if r.Notes.Enabled {
		n.ask("contacts.readonly", "reading notes")
		n.ask("users.readonly", "authors of notes")
		n.writes(r.Notes.Travel, "contacts.write", "notes")
	}
	if r.Appointments.Enabled {
		n.ask("contacts.readonly", "a contact's appointments")
		n.ask("users.readonly", "assignees of appointments")
		n.ask("calendars.readonly", "finding the calendars")
		n.ask("calendars/events.readonly", "reading appointments", "webhooks of appointments")
		n.writes(r.Appointments.Travel, "calendars/events.write", "appointments")
	}
	if r.NoteToTask.Enabled {
		n.ask("users.readonly", "assignees of tasks that notes become")
		n.ask("locations/tasks.readonly", "following tasks that notes became")
		n.ask("contacts.write", "creating tasks of notes")
	}
	n.side = record.Salesforce
	n.ask("api", "reading and writing records")
	n.ask(RefreshScope, "staying connected (web flow only: client credentials and JWT do without)")
	return n.all
}

// scopes collects what is needed of a side.
type scopes struct {
	side record.Side
	all  []Scope
}

func (n *scopes) ask(name string, why ...string) {
	for i := range n.all {
		if n.all[i].Side == n.side && n.all[i].Name == name {
			n.all[i].For = append(n.all[i].For, why...)
			return
		}
	}
	n.all = append(n.all, Scope{Side: n.side, Name: name, For: why})
}

func (n *scopes) writes(t Travel, name, what string) {
	if t.WritesGoHighLevel() {
		n.ask(name, "creating and changing "+what)
	}
}

// WritesGoHighLevel tells whether the rules ever make, change or delete records of the kind there.
func (t Travel) WritesGoHighLevel() bool {
	return t.Create.Allows(record.GoHighLevel) || t.Deletions.Salesforce != DeletionIgnore ||
		slices.ContainsFunc(t.Fields, func(p reconcile.Policy) bool { return p.Direction.Allows(record.GoHighLevel) })
}

// CustomFieldKeys are the keys of GoHighLevel's contact custom fields that the rules name, sorted.
func (r *Rules) CustomFieldKeys() []string {
	var keys []string
	if key := r.GoHighLevel.ExternalIDField; key != "" {
		keys = append(keys, key)
	}
	for _, f := range r.Contacts.Fields {
		if key, custom := strings.CutPrefix(f.GoHighLevelKey, customFieldsPrefix); custom {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
