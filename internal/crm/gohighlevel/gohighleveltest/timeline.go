package gohighleveltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrNoRecord tells that there is no task, note or appointment with the given id.
var ErrNoRecord = errors.New("no such task, note or appointment")

// timeline holds what hangs on the location's contacts. Whoever needs the contacts' lock too takes that first.
type timeline struct {
	mu    sync.RWMutex
	tasks records[*Task]
	index taskIndex // of the tasks
	notes records[*Note]

	appointments  records[*Appointment]
	calendars     map[string]*Calendar
	calendarOrder []string
}

func newTimeline() *timeline {
	return &timeline{
		tasks: newRecords[*Task](), notes: newRecords[*Note](), appointments: newRecords[*Appointment](),
		calendars: map[string]*Calendar{},
	}
}

// entry is one immutable version of a record.
type entry interface {
	comparable
	id() string
	contact() string
	added() time.Time
}

// records holds the records of one kind.
type records[E entry] struct {
	byID      map[string]E
	ofContact map[string][]string // ids
}

func newRecords[E entry]() records[E] {
	return records[E]{byID: map[string]E{}, ofContact: map[string][]string{}}
}

// put stores a record, or another version of one.
func (r *records[E]) put(x E) {
	old, there := r.byID[x.id()]
	r.byID[x.id()] = x
	if there && old.contact() == x.contact() {
		return
	}
	if there {
		r.detach(old)
	}
	r.ofContact[x.contact()] = append(r.ofContact[x.contact()], x.id())
}

func (r *records[E]) remove(x E) {
	delete(r.byID, x.id())
	r.detach(x)
}

func (r *records[E]) detach(x E) {
	left := slices.DeleteFunc(r.ofContact[x.contact()], func(id string) bool { return id == x.id() })
	if len(left) == 0 {
		delete(r.ofContact, x.contact())
		return
	}
	r.ofContact[x.contact()] = left
}

// of returns a contact's records, the newest first.
func (r *records[E]) of(contact string) []E {
	all := make([]E, 0, len(r.ofContact[contact]))
	for _, id := range r.ofContact[contact] {
		all = append(all, r.byID[id])
	}
	slices.SortFunc(all, newestFirst[E])
	return all
}

// under returns a record of a contact.
func (r *records[E]) under(contact, id string) (x E, there bool) {
	x, there = r.byID[id]
	return x, there && x.contact() == contact
}

// all returns every record, the newest first.
func (r *records[E]) all() []E { return slices.SortedFunc(maps.Values(r.byID), newestFirst[E]) }

func newestFirst[E entry](a, b E) int {
	if c := b.added().Compare(a.added()); c != 0 {
		return c
	}
	return strings.Compare(b.id(), a.id())
}

// underContact calls do with the timeline while the contact stays.
func (f *Fake) underContact(id string, do func(*timeline) error) error {
	f.contacts.mu.RLock()
	defer f.contacts.mu.RUnlock()
	if f.contacts.byID[id] == nil {
		return ErrNoContact
	}
	f.timeline.mu.Lock()
	defer f.timeline.mu.Unlock()
	return do(f.timeline)
}

// dropContact deletes, in silence, what hangs on a contact that is deleted. The caller holds the contacts' lock.
func (f *Fake) dropContact(id string) {
	t := f.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.tasks.of(id) {
		f.dropTask(x)
	}
	for _, x := range t.notes.of(id) {
		t.notes.remove(x)
	}
	for _, x := range t.appointments.of(id) {
		t.appointments.remove(x)
	}
}

// moveContact moves, in silence, what hangs on one contact to another. The caller holds the contacts' lock.
func (f *Fake) moveContact(from, to string) {
	t := f.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.tasks.of(from) {
		moved := *x
		moved.ContactID = to
		f.putTask(&moved, f.options().IndexLag)
	}
	for _, x := range t.notes.of(from) {
		moved := *x
		moved.ContactID = to
		t.notes.put(&moved)
	}
	for _, x := range t.appointments.of(from) {
		moved := *x
		moved.ContactID = to
		t.appointments.put(&moved)
	}
}

// overlay applies a person's changes, by the vendor's names, to a record. Only the named keys may be changed; nil is the
// empty text.
func overlay[T any](x *T, changes map[string]any, keys ...string) error {
	given := map[string]any{}
	for key, value := range changes {
		if !slices.Contains(keys, key) {
			return fmt.Errorf("no field %q", key)
		}
		if value == nil {
			value = ""
		}
		given[key] = value
	}
	if err := json.Unmarshal([]byte(mustJSON(given)), x); err != nil {
		return errors.New("a field has the wrong type")
	}
	return nil
}

// stamp fills in the times of a new record, to the millisecond.
func (f *Fake) stamp(added, updated *time.Time) {
	if added.IsZero() {
		*added = f.now()
	}
	if updated.IsZero() {
		*updated = *added
	}
	*added, *updated = added.UTC().Truncate(time.Millisecond), updated.UTC().Truncate(time.Millisecond)
}
