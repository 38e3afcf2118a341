package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// deed is something that people do in the CRMs. Everything about it is drawn beforehand, so that a seed gives the same deeds
// in the same order; on whom they fall depends on who is there then.
type deed struct {
	what       string
	side       record.Side
	who, other int    // of those who are there, counted round
	field      string // what is edited
	nth        int    // makes what is typed unlike anything else that is typed
	pause      time.Duration
}

// deeds are what people do, and how often.
var deeds = []struct {
	what  string
	share int
}{
	{"edit", 34}, {"edit both", 9}, {"clear", 3}, {"tag", 12}, {"untag", 6}, {"tag both", 4}, {"create", 9}, {"create both", 4},
	{"delete", 6}, {"merge", 5}, {"undelete", 4}, {"edit many", 3}, {"edit, then delete over there", 2},
}

// edited are the fields that people edit.
var edited = []string{"first", "last", "email", "phone", "street", "city", "state", "zip", "birth", "plan"}

func drawDeeds(random *rand.Rand, n int) []deed {
	total := 0
	for _, d := range deeds {
		total += d.share
	}
	out := make([]deed, n)
	for i := range out {
		what, at := "", random.IntN(total)
		for _, d := range deeds {
			if at -= d.share; at < 0 {
				what = d.what
				break
			}
		}
		out[i] = deed{
			what: what, side: record.Sides[random.IntN(2)], who: random.IntN(1 << 20), other: random.IntN(1 << 20),
			field: edited[random.IntN(len(edited))], nth: 2 * i, // a deed on both sides takes two
			pause: time.Duration(random.IntN(400)) * time.Millisecond,
		}
	}
	return out
}

// typed is a value that nobody has typed before.
func typed(field string, nth int) string {
	switch field {
	case "email":
		return fmt.Sprintf("typed%d@example.com", nth)
	case "phone":
		return fmt.Sprintf("+1312%03d%04d", 220+nth/10000, nth%10000)
	case "zip":
		return fmt.Sprintf("%05d", 20000+nth)
	case "birth":
		return time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, nth).Format(time.DateOnly)
	default:
		return fmt.Sprintf("%s %d", map[string]string{
			"first": "Fay", "last": "Typer", "street": "Typed Street", "city": "Typedville", "state": "State", "plan": "plan",
		}[field], nth)
	}
}

// doers carries out deeds.
type doers struct {
	*system
	ctx   context.Context
	tapes map[record.Side]*tape
	bin   []string // what was deleted in Salesforce
	done  map[string]int
	idle  map[string]int // there was nobody to do it to
}

var errNobody = errors.New("there is nobody to do it to")

func (d *doers) do(t *testing.T, x deed) {
	t.Helper()
	if err := d.try(x); err != nil {
		d.idle[x.what]++
		return
	}
	d.done[x.what]++
}

func (d *doers) try(x deed) error {
	switch x.what {
	case "edit":
		return d.edit(x.side, d.one(x.side, x.who), x.field, typed(x.field, x.nth))
	case "clear":
		field := []string{"street", "city"}[x.other%2]
		return d.edit(x.side, d.one(x.side, x.who), field, "")
	case "edit both":
		return d.both(x, func(side record.Side, id string, nth int) error {
			return d.edit(side, id, x.field, typed(x.field, nth))
		})
	case "tag":
		return d.tag(x.side, d.one(x.side, x.who), fmt.Sprintf("tag %d", x.nth), false)
	case "untag":
		return d.tag(x.side, d.one(x.side, x.who), "", true)
	case "tag both":
		return d.both(x, func(side record.Side, id string, nth int) error {
			return d.tag(side, id, fmt.Sprintf("tag %d", nth), nth%4 == 0)
		})
	case "create":
		return d.create(x.side, x.nth)
	case "create both":
		return errors.Join(d.create(x.side, x.nth), d.create(x.side.Other(), x.nth))
	case "delete":
		return d.remove(x.side, d.one(x.side, x.who))
	case "edit, then delete over there":
		return d.both(x, func(side record.Side, id string, nth int) error {
			if side == x.side {
				return d.edit(side, id, x.field, typed(x.field, nth))
			}
			return d.remove(side, id)
		})
	case "merge":
		return d.merge(x.side, d.one(x.side, x.who), d.one(x.side, x.other))
	case "undelete":
		return d.undelete(x.who)
	case "edit many":
		return d.editMany(x)
	}
	return fmt.Errorf("nobody knows how to %s", x.what)
}

// one picks a contact of a side.
func (d *doers) one(side record.Side, nth int) string {
	t := d.tapes[side]
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := slices.Sorted(maps.Keys(t.last))
	if len(ids) == 0 {
		return ""
	}
	return ids[nth%len(ids)]
}

// both does something to the two halves of one contact, at once.
func (d *doers) both(x deed, do func(side record.Side, id string, nth int) error) error {
	links, err := d.Store.Links(d.ctx, connection, record.Contact, 0, 10_000)
	if err != nil {
		return err
	}
	var pairs []record.Link
	for _, w := range links {
		if w.Link.State == record.LinkInStep && w.Link.GoHighLevelID != "" && w.Link.SalesforceID != "" {
			pairs = append(pairs, w.Link)
		}
	}
	if len(pairs) == 0 {
		return errNobody
	}
	link := pairs[x.who%len(pairs)]
	return errors.Join(do(x.side, link.RecordID(x.side), x.nth), do(x.side.Other(), link.RecordID(x.side.Other()), x.nth+1))
}

func (d *doers) edit(side record.Side, id, field, value string) error {
	return d.tapes[side].person(func() error { return d.write(side, id, field, value) })
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
		held, there := d.tapes[side].last[id]
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

func (d *doers) create(side record.Side, nth int) error {
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

func (d *doers) remove(side record.Side, id string) error {
	return d.tapes[side].person(func() error {
		if side == record.GoHighLevel {
			return d.Sandbox.GoHighLevel.Delete(id)
		}
		d.bin = append(d.bin, id)
		return d.Sandbox.Salesforce.Delete("Contact", id)
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
		ids := slices.Sorted(maps.Keys(t.last))
		var problems []error
		for i := range min(many, len(ids)) {
			problems = append(problems, d.write(x.side, ids[(x.who+i)%len(ids)], x.field, typed(x.field, 1000*(x.nth+1)+i)))
		}
		return errors.Join(problems...)
	})
}
