package salesforcetest

import (
	"errors"
	"strings"
	"time"
)

// TaskStatus is one of the values that an org's tasks may have as Status.
type TaskStatus struct {
	// Name is the value, Label what people see; the same where it is empty.
	Name, Label string
	// Closed says that a task with this status is done, Default that a new task has it. One status is the default, and
	// at least one is closed.
	Closed, Default bool
}

// ShippedTaskStatuses are the statuses of an org whose administrator has changed nothing.
func ShippedTaskStatuses() []TaskStatus {
	return []TaskStatus{
		{Name: "Not Started", Default: true}, {Name: "In Progress"}, {Name: "Completed", Closed: true},
		{Name: "Waiting on someone else"}, {Name: "Deferred"},
	}
}

func checkStatuses(list []TaskStatus) {
	defaults, closed := 0, 0
	for _, s := range list {
		if s.Default {
			defaults++
		}
		if s.Closed {
			closed++
		}
	}
	if defaults != 1 || closed == 0 {
		panic("salesforcetest: TaskStatuses need one default and a closed one")
	}
}

// archivedAfter is the age at which the org archives activities.
const archivedAfter = 365 * 24 * time.Hour

func polymorphic(name, relationship string, objects ...string) *field {
	f := reference(name, objects[0], relationship)
	f.alsoTo, f.polymorphic, f.indexed = objects[1:], true, true
	return f
}

func createOnly(f *field) *field {
	f.updateable = false
	return f
}

// peopleOnly makes a field one that the API shows and people set.
func peopleOnly(f *field) *field {
	f.createable, f.updateable = false, false
	return f
}

func derived(f *field) *field {
	f.createable, f.updateable, f.derived = false, false, true
	return f
}

// fixed makes a picklist's values the only ones.
func fixed(f *field) *field {
	f.restricted, f.fixed = true, true
	return f
}

// activityFields are the fields that Task and Event share.
func activityFields() []*field {
	owned := owner()
	owned.polymorphic = true
	series := peopleOnly(reference("RecurrenceActivityId", "", ""))
	series.indexed = true
	archived := &field{name: "IsArchived", kind: "boolean", column: columnArchived, derived: true}
	return []*field{
		text("Subject", 255),
		polymorphic("WhoId", "Who", "Contact", "Lead"),
		polymorphic("WhatId", "What", "Account"),
		owned,
		typed("Description", "textarea", 32000),
		picklist("Type", "Call", "Email", "Meeting", "Other"),
		derived(reference("AccountId", "Account", "Account")),
		archived,
		peopleOnly(typed("IsRecurrence", "boolean", 0)),
		series,
		typed("IsReminderSet", "boolean", 0),
		typed("ReminderDateTime", "datetime", 0),
	}
}

func activityObject(name, prefix string, fields ...*field) *object {
	shared := activityFields()
	for _, f := range shared {
		if f.name == "RecurrenceActivityId" {
			f.refersTo = name
		}
	}
	return newObject(name, name, prefix, true, append(shared, fields...)...)
}

// relate checks whom and what an activity is about, and derives its account.
func (d *draft) relate() *apiError {
	who, what := d.get("WhoId"), d.get("WhatId")
	lead := strings.HasPrefix(who, leadPrefix)
	if lead && what != "" {
		return unfit("A lead cannot be related to another record: WhatId must be empty", "WhatId")
	}
	if d.isNew() || d.gives("WhoId", "WhatId") {
		account := what
		if account == "" && who != "" && !lead {
			contacts := d.w.f.table("Contact")
			if pos, ok := contacts.find(who[:15]); ok && contacts.rows[pos] != nil {
				account = contacts.rows[pos].get(contacts.object.field("AccountId").index)
			}
		}
		d.set("AccountId", account)
	}
	return nil
}

// archives tells whether the org keeps a row among its archived activities.
func (o *object) archives(r *row, now time.Time) bool {
	return o.old != nil && (r.archived || o.old(r, now))
}

// Archive puts a task or an event among the archived activities, however young it is. Its stamps stay.
func (f *Fake) Archive(object, id string) error {
	return f.byPerson(func(w *writer) error {
		t, pos, err := f.live(object, id)
		if err != nil {
			return err
		}
		if t.object.old == nil {
			return errors.New(strings.ToLower(object) + "s are not archived")
		}
		archived := *t.rows[pos]
		archived.archived = true
		w.put(t, pos, &archived)
		return nil
	})
}
