package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// tryContact does what is done to contacts alone.
func (d *doers) tryContact(x deed) error {
	one := d.one(x.kind, x.side, x.who)
	switch x.what {
	case "clear":
		field := []string{"street", "city"}[x.other%2]
		return d.tapes[x.side].person(func() error { return d.write(x.side, one, field, "") })
	case "tag":
		return d.tag(x.side, one, fmt.Sprintf("tag %d", x.nth), false)
	case "untag":
		return d.tag(x.side, one, "", true)
	case "tag both":
		return d.both(x, func(side record.Side, id string, nth int) error {
			return d.tag(side, id, fmt.Sprintf("tag %d", nth), nth%4 == 0)
		})
	case "merge":
		return d.merge(x.side, one, d.one(x.kind, x.side, x.other))
	case "undelete":
		return d.undelete(x.who)
	case "edit many":
		return d.editMany(x)
	}
	return fmt.Errorf("nobody knows how to %s", x.what)
}

var goHighLevelNames = map[string]string{
	"first": "firstName", "last": "lastName", "email": "email", "phone": "phone", "street": "address1", "city": "city",
	"state": "state", "zip": "postalCode", "birth": "dateOfBirth",
}

var salesforceNames = map[string]string{
	"first": "FirstName", "last": "LastName", "email": "Email", "phone": "Phone", "street": "MailingStreet", "city": "MailingCity",
	"state": "MailingState", "zip": "MailingPostalCode", "birth": "Birthdate", "plan": sandbox.PlanField,
}

func (d *doers) write(side record.Side, id, field, value string) error {
	if side == record.Salesforce {
		var to any = value
		if value == "" {
			to = nil
		}
		return d.Sandbox.Salesforce.Edit("Contact", id, map[string]any{salesforceNames[field]: to})
	}
	if field == "plan" {
		return d.Sandbox.GoHighLevel.Edit(id, map[string]any{"customFields": map[string]any{d.Sandbox.PlanID(): value}})
	}
	return d.Sandbox.GoHighLevel.Edit(id, map[string]any{goHighLevelNames[field]: value})
}

// tag puts a tag on a contact, or takes its first one away.
func (d *doers) tag(side record.Side, id, tag string, away bool) error {
	return d.tapes[side].person(func() error {
		held, there := d.tapes[side].last[record.Contact][id]
		if !there || away && held["tags"] == "" {
			return errNobody
		}
		all := strings.FieldsFunc(held["tags"], func(r rune) bool { return r == ';' })
		if away {
			all = all[1:]
		} else {
			all = append(all, tag)
		}
		if side == record.Salesforce {
			return d.Sandbox.Salesforce.Edit("Contact", id, map[string]any{sandbox.TagsField: strings.Join(all, ";")})
		}
		return d.Sandbox.GoHighLevel.Edit(id, map[string]any{"tags": all})
	})
}

func (d *doers) createContact(side record.Side, nth int) error {
	v := func(field string) string { return typed(field, nth) }
	return d.tapes[side].person(func() error {
		if side == record.Salesforce {
			d.Sandbox.Salesforce.Create("Contact", map[string]any{
				"FirstName": v("first"), "LastName": v("last"), "Email": v("email"), "Phone": v("phone"), "MailingCity": v("city"),
				"MailingCountry": "United States",
			})
			return nil
		}
		d.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{
			FirstName: v("first"), LastName: v("last"), Email: v("email"), Phone: v("phone"), State: v("state"), Country: "US",
		})
		return nil
	})
}

func (d *doers) merge(side record.Side, winner, loser string) error {
	if winner == loser {
		return errNobody
	}
	return d.tapes[side].person(func() error {
		if side == record.GoHighLevel {
			return d.Sandbox.GoHighLevel.Merge(winner, loser)
		}
		d.bin = append(d.bin, loser)
		return d.Sandbox.Salesforce.Merge(winner, loser)
	})
}

func (d *doers) undelete(nth int) error {
	if len(d.bin) == 0 {
		return errNobody
	}
	i := nth % len(d.bin)
	id := d.bin[i]
	d.bin = slices.Delete(d.bin, i, i+1)
	return d.tapes[record.Salesforce].person(func() error { return d.Sandbox.Salesforce.Undelete("Contact", id) })
}

// many is how many contacts are edited at once, so that the bulk lane has to work.
const many = 40

// editMany edits the same field of many contacts, as an import does.
func (d *doers) editMany(x deed) error {
	t := d.tapes[x.side]
	if x.field == "birth" {
		x.field = "city" // there are not so many birthdays
	}
	return t.person(func() error {
		ids := slices.Sorted(maps.Keys(t.last[record.Contact]))
		var problems []error
		for i := range min(many, len(ids)) {
			problems = append(problems, d.write(x.side, ids[(x.who+i)%len(ids)], x.field, typed(x.field, 1000*(x.nth+1)+i)))
		}
		return errors.Join(problems...)
	})
}
