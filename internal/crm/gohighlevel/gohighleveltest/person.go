package gohighleveltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// ErrNoContact tells that there is no contact with the given id.
var ErrNoContact = errors.New("no such contact")

// Create adds a contact as a person in the CRM would and returns its id. It does not look for duplicates.
func (f *Fake) Create(c Contact) string {
	r := f.prepare(c)
	s := f.contacts
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byID[r.id()]
	s.replace(old, r, f.now(), f.options().IndexLag)
	f.announce(old, r)
	return r.id()
}

// prepare completes a contact as the vendor would on creating it.
func (f *Fake) prepare(c Contact) *row {
	c.normalise(f.options().Country)
	if c.ID == "" {
		c.ID = f.ids.id(20)
	}
	if c.DateAdded.IsZero() {
		c.DateAdded = f.now()
	}
	if c.DateUpdated.IsZero() {
		c.DateUpdated = c.DateAdded
	}
	f.location.noteTags(c.Tags, &f.ids)
	return pack(&c)
}

// Load adds many contacts at once, and searches see them without lag where no earlier write is still queued. Contacts
// whose id is there already are replaced. No webhook tells of it; Import is for that.
// It returns the ids in order.
func (f *Fake) Load(all []Contact) []string {
	ids := make([]string, len(all))
	rows := make([]*row, len(all))
	for i := range all {
		rows[i] = f.prepare(all[i])
		ids[i] = rows[i].id()
	}
	s := f.contacts
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) == 0 && len(s.index.queue) == s.index.head {
		s.fill(rows)
		return ids
	}
	now := f.now()
	for _, r := range rows {
		s.replace(s.byID[r.id()], r, now, 0)
	}
	return ids
}

// Import adds many contacts as a person's file import does: webhooks tell of each, and searches lag. Contacts whose id is
// there already are replaced. It returns the ids in order.
func (f *Fake) Import(all []Contact) []string {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = f.Create(all[i])
	}
	return ids
}

// Edit changes fields of a contact as a person in the CRM would: every stored field may be named, by the vendor's
// names; nil and empty values clear. customFields takes []CustomValue or a map from id to value, merged per field.
func (f *Fake) Edit(id string, changes map[string]any) error {
	return f.edit(id, func(c *Contact) error { return f.applyPersonal(c, changes) })
}

// edit changes one contact under the lock and moves its dateUpdated.
func (f *Fake) edit(id string, change func(*Contact) error) error {
	s := f.contacts
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byID[id]
	if old == nil {
		return ErrNoContact
	}
	c := old.contact()
	if err := change(&c); err != nil {
		return err
	}
	f.announce(old, f.store(old, &c))
	return nil
}

// store replaces a contact by a changed version, which the caller announces. The caller holds the lock.
func (f *Fake) store(old *row, c *Contact) *row {
	now := f.now()
	c.DateUpdated = now
	if before := time.UnixMilli(old.updated); now.Before(before) {
		c.DateUpdated = before
	}
	r := pack(c)
	f.contacts.replace(old, r, now, f.options().IndexLag)
	return r
}

// Merge merges two contacts as a person would: the loser is deleted; the winner keeps its own content, takes what it
// lacks from the loser, gets the tags of both, the loser's address and number as additional ones, and in silence all that
// hung on the loser.
func (f *Fake) Merge(winner, loser string) error {
	s := f.contacts
	s.mu.Lock()
	defer s.mu.Unlock()
	w, l := s.byID[winner], s.byID[loser]
	if w == nil || l == nil || w == l {
		return ErrNoContact
	}
	into, from := w.contact(), l.contact()
	texts, others := into.strings(), from.strings()
	for i := range texts {
		if *texts[i] == "" {
			*texts[i] = *others[i]
		}
	}
	into.Tags = normaliseTags(slices.Concat(into.Tags, from.Tags))
	if from.Email != "" && !strings.EqualFold(from.Email, into.Email) {
		into.AdditionalEmails = append(into.AdditionalEmails, from.Email)
	}
	if from.Phone != "" && from.Phone != into.Phone {
		into.AdditionalPhones = append(into.AdditionalPhones, from.Phone)
	}
	for _, v := range from.CustomFields {
		if into.custom(v.ID) < 0 {
			into.setCustom(v.ID, v.Value)
		}
	}
	f.moveContact(loser, winner)
	s.replace(l, nil, f.now(), f.options().IndexLag)
	f.announce(l, nil)
	f.announceAs(f.store(w, &into), ContactUpdate) // whatever it changed: there is no event of its own for a merge
	return nil
}

// Delete deletes a contact as a person would, and in silence all that hangs on it.
func (f *Fake) Delete(id string) error {
	s := f.contacts
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.byID[id]
	if old == nil {
		return ErrNoContact
	}
	f.dropContact(id)
	s.replace(old, nil, f.now(), f.options().IndexLag)
	f.announce(old, nil)
	return nil
}

// Get returns a contact as it is now, however far the search index lags.
func (f *Fake) Get(id string) (Contact, bool) {
	s := f.contacts
	s.mu.RLock()
	r := s.byID[id]
	s.mu.RUnlock()
	if r == nil {
		return Contact{}, false
	}
	return r.contact(), true
}

// All yields every contact as it was when the iteration began, in no particular order.
func (f *Fake) All() iter.Seq[Contact] {
	return func(yield func(Contact) bool) {
		for _, r := range f.rows() {
			if !yield(r.contact()) {
				return
			}
		}
	}
}

func (f *Fake) rows() []*row {
	s := f.contacts
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := make([]*row, 0, len(s.byID))
	for _, r := range s.byID {
		rows = append(rows, r)
	}
	return rows
}

// Count returns the number of contacts.
func (f *Fake) Count() int {
	f.contacts.mu.RLock()
	defer f.contacts.mu.RUnlock()
	return len(f.contacts.byID)
}

// applyPersonal applies a person's changes to a contact.
func (f *Fake) applyPersonal(c *Contact, changes map[string]any) error {
	for key, value := range changes {
		if text := textField(c, key); text != nil {
			s, isText := value.(string)
			if !isText && value != nil {
				return fmt.Errorf("%s must be a string", key)
			}
			*text = s
			continue
		}
		if err := f.applyPersonalPart(c, key, value); err != nil {
			return err
		}
	}
	c.normalise(f.options().Country)
	f.location.noteTags(c.Tags, &f.ids)
	return nil
}

func (f *Fake) applyPersonalPart(c *Contact, key string, value any) error {
	raw := mustJSON(value)
	switch key {
	case "dnd":
		c.DND = value == true
	case "dndSettings":
		c.DNDSettings = nil
		return decodeInto(key, raw, &c.DNDSettings)
	case "inboundDndSettings":
		c.InboundDND = nil
		return decodeInto(key, raw, &c.InboundDND)
	case "tags":
		c.Tags = nil
		return decodeInto(key, raw, &c.Tags)
	case "followers":
		c.Followers = nil
		return decodeInto(key, raw, &c.Followers)
	case "additionalEmails":
		c.AdditionalEmails = nil
		return decodeInto(key, raw, &c.AdditionalEmails)
	case "additionalPhones":
		c.AdditionalPhones = nil
		return decodeInto(key, raw, &c.AdditionalPhones)
	case "customFields":
		return applyPersonalCustom(c, raw)
	default:
		return fmt.Errorf("no field %q", key)
	}
	return nil
}

func applyPersonalCustom(c *Contact, raw string) error {
	if strings.HasPrefix(raw, "{") {
		values := map[string]any{}
		if err := decodeInto("customFields", raw, &values); err != nil {
			return err
		}
		for id, v := range values {
			c.setCustom(id, v)
		}
		return nil
	}
	var values []CustomValue
	if err := decodeInto("customFields", raw, &values); err != nil {
		return err
	}
	for _, v := range values {
		c.setCustom(v.ID, v.Value)
	}
	return nil
}

func decodeInto(key, raw string, v any) error {
	if err := json.Unmarshal([]byte(raw), v); err != nil {
		return fmt.Errorf("%s has the wrong type", key)
	}
	return nil
}
