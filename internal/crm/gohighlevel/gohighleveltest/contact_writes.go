package gohighleveltest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// duplicate finds, in the location's order, a contact other than self that holds the address or number. The caller
// holds the lock.
func (s *contacts) duplicate(order []string, email, phone string, self *row) (found *row, field string) {
	for _, field := range order {
		r := s.withPhone
		value := phone
		if field == "email" {
			r, value = s.withEmail, email
		}
		if value == "" {
			continue
		}
		if found := r(value); found != nil && (self == nil || found.id() != self.id()) {
			return found, field
		}
	}
	return nil, ""
}

func (f *Fake) duplicateReply(found *row, field string) reply {
	c := found.contact()
	return ok(http.StatusBadRequest, map[string]any{
		"statusCode": http.StatusBadRequest, "message": "This location does not allow duplicated contacts.",
		"meta":    map[string]any{"contactId": c.ID, "contactName": c.Name(), "matchingField": field},
		"traceId": f.traces.uuid(),
	})
}

func (f *Fake) notFound(id string) reply {
	return f.fail(http.StatusBadRequest, fmt.Sprintf("Contact with id %s not found", id))
}

func (f *Fake) createContact(c *call) reply {
	w, problems := f.parse(c, createForm)
	if refused, bad := f.refuse(c, w, problems); bad {
		return refused
	}
	s := f.contacts
	s.mu.Lock()
	if !c.options.AllowDuplicateContact {
		if found, field := s.duplicate(c.options.DuplicateOrder, w.email, w.phone, nil); found != nil {
			s.mu.Unlock()
			return f.duplicateReply(found, field)
		}
	}
	r := f.insert(c, w)
	s.mu.Unlock()
	f.location.noteTags(w.tags, &f.ids)
	return f.contactReply(c, http.StatusCreated, r, asCreated, "")
}

// refuse answers a body that is not valid, or is about another location.
func (f *Fake) refuse(c *call, w *contactWrite, problems []string) (reply, bool) {
	if len(problems) > 0 {
		return f.invalid(problems...), true
	}
	if w.locationID != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation), true
	}
	return reply{}, false
}

// insert stores a new contact. The caller holds the lock.
func (f *Fake) insert(c *call, w *contactWrite) *row {
	now := f.now()
	x := Contact{ID: f.ids.id(20), Type: "lead", DateAdded: now, DateUpdated: now}
	w.apply(&x)
	r := pack(&x)
	f.contacts.replace(nil, r, now, c.options.IndexLag)
	f.announce(nil, r)
	c.effect.created++
	return r
}

func (f *Fake) upsertContact(c *call) reply {
	w, problems := f.parse(c, upsertForm)
	if refused, bad := f.refuse(c, w, problems); bad {
		return refused
	}
	s, order := f.contacts, c.options.DuplicateOrder
	s.mu.Lock()
	var found *row
	if !w.force || !c.options.AllowDuplicateContact {
		found, _ = s.duplicate(order, w.email, w.phone, nil)
	}
	var r *row
	if found == nil {
		r = f.insert(c, w)
	} else {
		r = f.upsertInto(c, w, found)
	}
	s.mu.Unlock()
	f.location.noteTags(w.tags, &f.ids)
	more := `,"new":false`
	if found == nil {
		more = `,"new":true`
	}
	return f.contactReply(c, http.StatusOK, r, asRead, more)
}

// upsertInto updates the contact that an upsert matched. What names a second contact is dropped without a word; an
// additional address that matched becomes the main one, and the old main one is lost. The caller holds the lock.
func (f *Fake) upsertInto(c *call, w *contactWrite, found *row) *row {
	s, before := f.contacts, found.contact()
	after := before
	w.apply(&after)
	after.Gender = before.Gender
	if w.email != "" {
		if other, _ := s.duplicate([]string{"email"}, w.email, "", found); other != nil {
			after.Email = before.Email
		}
		after.AdditionalEmails = slices.DeleteFunc(after.AdditionalEmails, func(a string) bool { return strings.EqualFold(a, after.Email) })
	}
	if w.phone != "" {
		if other, _ := s.duplicate([]string{"phone"}, "", w.phone, found); other != nil {
			after.Phone = before.Phone
		}
		after.AdditionalPhones = slices.DeleteFunc(after.AdditionalPhones, func(p string) bool { return p == after.Phone })
	}
	c.effect.updated++
	r := f.store(found, &after)
	f.announce(found, r)
	return r
}

func (f *Fake) updateContact(c *call) reply {
	w, problems := f.parse(c, updateForm)
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	s := f.contacts
	s.mu.Lock()
	old := s.byID[c.path[0]]
	if old == nil {
		s.mu.Unlock()
		return f.notFound(c.path[0])
	}
	before := old.contact()
	email, phone := w.email, w.phone
	if email == strings.ToLower(before.Email) {
		email = ""
	}
	if phone == before.Phone {
		phone = ""
	}
	if !c.options.AllowDuplicateContact {
		if found, field := s.duplicate(c.options.DuplicateOrder, email, phone, old); found != nil {
			s.mu.Unlock()
			return f.duplicateReply(found, field)
		}
	}
	w.apply(&before)
	r := f.store(old, &before)
	f.announce(old, r)
	s.mu.Unlock()
	c.effect.updated++
	f.location.noteTags(w.tags, &f.ids)
	return f.contactReply(c, http.StatusOK, r, asRead, succeededText(c))
}

// succeededText is the flag of a success, for appending to an object.
func succeededText(c *call) string {
	if c.v3() {
		return `,"succeded":true,"succeeded":true`
	}
	return `,"succeded":true`
}

func (f *Fake) deleteContact(c *call) reply {
	if f.Delete(c.path[0]) != nil {
		return f.notFound(c.path[0])
	}
	c.effect.deleted++
	return ok(http.StatusOK, succeeded(c, map[string]any{"traceId": f.traces.uuid()}))
}

func (f *Fake) addContactTags(c *call) reply {
	return f.changeTags(c, http.StatusCreated, "tagsAdded", func(old, tags []string) (now, changed []string) {
		now = slices.Clone(old)
		for _, t := range tags {
			if !slices.Contains(now, t) {
				now, changed = append(now, t), append(changed, t)
			}
		}
		return now, changed
	})
}

func (f *Fake) removeContactTags(c *call) reply {
	return f.changeTags(c, http.StatusOK, "tagsRemoved", func(old, tags []string) (now, changed []string) {
		for _, t := range old {
			if slices.Contains(tags, t) {
				changed = append(changed, t)
			} else {
				now = append(now, t)
			}
		}
		return now, changed
	})
}

func (f *Fake) changeTags(c *call, status int, name string, change func(old, tags []string) (now, changed []string)) reply {
	v := validator{body: c.body}
	tags := normaliseTags(v.texts("tags", required))
	v.only("tags")
	if len(v.problems) == 0 && len(tags) == 0 {
		v.fail("tags should not be empty")
	}
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	var after, changed []string
	err := f.edit(c.path[0], func(x *Contact) error {
		after, changed = change(x.Tags, tags)
		x.Tags = after
		return nil
	})
	if err != nil {
		return f.notFound(c.path[0])
	}
	c.effect.updated++
	f.location.noteTags(after, &f.ids)
	return ok(status, map[string]any{"tags": orEmpty(after), name: orEmpty(changed), "traceId": f.traces.uuid()})
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// setBusiness links contacts to a business, or to none.
func (f *Fake) setBusiness(c *call) reply {
	v := validator{body: c.body}
	location, ids := v.text("locationId", required), v.texts("ids", required)
	business, given := c.body["businessId"]
	if !given || business != nil {
		v.text("businessId", required)
	}
	v.only("locationId", "ids", "businessId")
	if len(ids) > 50 {
		v.fail("ids must contain no more than 50 elements")
	}
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	if location != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	name, _ := business.(string)
	done := []string{}
	for _, id := range ids {
		if f.edit(id, func(x *Contact) error { x.BusinessID = name; return nil }) == nil {
			done = append(done, id)
			c.effect.updated++
		}
	}
	return ok(http.StatusOK, map[string]any{"success": true, "ids": done})
}
