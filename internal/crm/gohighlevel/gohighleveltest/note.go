package gohighleveltest

import (
	"errors"
	"time"
)

// Note is a note as the location stores it. The JSON form, used by the admin API, has the vendor's field names.
type Note struct {
	ID        string    `json:"id,omitempty"`
	ContactID string    `json:"contactId,omitempty"`
	Body      string    `json:"body,omitempty"` // HTML when it was written in the CRM's own editor
	Title     string    `json:"title,omitempty"`
	UserID    string    `json:"userId,omitempty"` // its author
	Color     string    `json:"color,omitempty"`
	Pinned    bool      `json:"pinned,omitempty"`
	DateAdded time.Time `json:"dateAdded,omitzero"` // milliseconds; now when zero
}

func (n *Note) id() string       { return n.ID }
func (n *Note) contact() string  { return n.ContactID }
func (n *Note) added() time.Time { return n.DateAdded }

// prepareNote completes a note as the vendor would on creating it.
func (f *Fake) prepareNote(n Note) (*Note, error) {
	if n.Body == "" {
		return nil, errors.New("a note needs a body")
	}
	if n.ID == "" {
		n.ID = f.ids.id(20)
	}
	var updated time.Time // the vendor does not keep it
	f.stamp(&n.DateAdded, &updated)
	return &n, nil
}

// putNote stores a version of a note and announces it. The caller holds the timeline's lock.
func (f *Fake) putNote(event string, n *Note) {
	f.timeline.notes.put(n)
	f.announceNote(event, n)
}

func (f *Fake) removeNote(n *Note) {
	f.timeline.notes.remove(n)
	f.announceNote(NoteDelete, n)
}

// CreateNote adds a note as a person in the CRM would, with the HTML of its editor if the caller gives it, and returns
// its id. ErrNoContact when there is no such contact.
func (f *Fake) CreateNote(n Note) (id string, err error) {
	x, err := f.prepareNote(n)
	if err != nil {
		return "", err
	}
	return x.ID, f.underContact(n.ContactID, func(*timeline) error {
		f.putNote(NoteCreate, x)
		return nil
	})
}

// LoadNotes adds many notes at once, and no webhook tells of them. It returns the ids in order, and stops at the first
// note whose contact is missing.
func (f *Fake) LoadNotes(all []Note) (ids []string, err error) {
	for _, n := range all {
		x, err := f.prepareNote(n)
		if err != nil {
			return ids, err
		}
		if err := f.underContact(n.ContactID, func(l *timeline) error { l.notes.put(x); return nil }); err != nil {
			return ids, err
		}
		ids = append(ids, x.ID)
	}
	return ids, nil
}

// EditNote changes body, title, userId, color or pinned of a note as a person would.
func (f *Fake) EditNote(id string, changes map[string]any) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.notes.byID[id]
	if old == nil {
		return ErrNoRecord
	}
	n := *old
	if err := overlay(&n, changes, "body", "title", "userId", "color", "pinned"); err != nil {
		return err
	}
	f.putNote(NoteUpdate, &n)
	return nil
}

// DeleteNote deletes a note as a person would.
func (f *Fake) DeleteNote(id string) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.notes.byID[id]
	if n == nil {
		return ErrNoRecord
	}
	f.removeNote(n)
	return nil
}

// Note returns a note as it is now.
func (f *Fake) Note(id string) (Note, bool) {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	n := f.timeline.notes.byID[id]
	if n == nil {
		return Note{}, false
	}
	return *n, true
}

// Notes returns every note, the newest first.
func (f *Fake) Notes() []Note {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	return values(f.timeline.notes.all())
}
