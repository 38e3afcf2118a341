package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// couple is a contact that is in step on both sides.
type couple struct {
	record.Link
	ghl, sf sandbox.Card
}

func (c couple) on(side record.Side) sandbox.Card {
	if side == record.GoHighLevel {
		return c.ghl
	}
	return c.sf
}

// cast hands out contacts for the demo, each once.
type cast struct {
	box  *sandbox.Sandbox
	left []couple
}

// errNobodyLeft means that the demo has too few contacts for what it wants to show.
var errNobodyLeft = errors.New("there are too few contacts in step")

// newCast reads who is in step.
func (l *live) newCast(ctx context.Context) (*cast, error) {
	const enough = 200
	c := &cast{box: l.box}
	for after := int64(0); ; {
		work, err := l.store.Links(ctx, demoConnection, record.Contact, after, enough)
		if err != nil || len(work) == 0 {
			return c, err
		}
		for _, w := range work {
			after = w.Link.ID
			if w.Link.State != record.LinkInStep {
				continue
			}
			ghl, inGHL := l.box.Look(record.GoHighLevel, w.Link.GoHighLevelID)
			sf, inSF := l.box.Look(record.Salesforce, w.Link.SalesforceID)
			if inGHL && inSF && ghl.Name() != "" {
				c.left = append(c.left, couple{w.Link, ghl, sf})
			}
		}
		if len(c.left) >= enough {
			return c, nil
		}
	}
}

// next hands out somebody of whom both sides know the fields.
func (c *cast) next(fields ...record.Field) (couple, error) {
	i := slices.IndexFunc(c.left, func(one couple) bool {
		return !slices.ContainsFunc(fields, func(f record.Field) bool { return one.ghl[f] == "" || one.sf[f] == "" })
	})
	if i < 0 {
		return couple{}, errNobodyLeft
	}
	one := c.left[i]
	c.left = slices.Delete(c.left, i, i+1)
	return one, nil
}

// change is an edit of one field. Spelt is how the other side will spell it; "" means likewise.
func (c *cast) change(side record.Side, who couple, field record.Field, to, spelt string) *act {
	there := side.Other()
	if spelt == "" {
		spelt = to
	}
	name, label := who.on(side).Name(), fieldName(field)
	return &act{
		side: side, edit: true, about: name + "'s " + label,
		text:  fmt.Sprintf("%s's %s: %s", name, label, told(who.on(side)[field], to)),
		brief: fmt.Sprintf("%s's %s -> %s", name, label, to),
		do:    func() error { return c.box.Change(side, who.RecordID(side), sandbox.Card{field: to}) },
		settled: func(context.Context) (upshot, bool) {
			card, is := c.box.Look(there, who.RecordID(there))
			return upshot{fate: arrived}, is && alike(field, card[field], spelt)
		},
	}
}

// alike tells whether two texts say the same; each CRM keeps tags in an order of its own.
func alike(field record.Field, a, b string) bool {
	if field != record.Tags {
		return a == b
	}
	sorted := func(tags string) []string { return slices.Sorted(slices.Values(strings.Split(tags, ","))) }
	return slices.Equal(sorted(a), sorted(b))
}

// told tells a change so that what is new can be read.
func told(from, to string) string {
	if from == "" {
		return "is " + to + " now"
	}
	if added, is := strings.CutPrefix(to, from+","); is {
		return "+ " + added
	}
	return from + " -> " + to
}

func fieldName(f record.Field) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(f), "custom."), "_", " ")
}

// newcomer is a contact that a person adds.
func (c *cast) newcomer(side record.Side, card sandbox.Card) *act {
	return &act{
		side: side, edit: true, text: "adds " + card.Name() + ", " + card[record.Email], brief: "adds " + card.Name(), about: card.Name(),
		do: func() error { c.box.Add(side, card); return nil },
		settled: func(context.Context) (upshot, bool) {
			_, is := c.box.Find(side.Other(), card[record.Email])
			return upshot{fate: arrived}, is
		},
	}
}

// workday is a handful of edits on each side, as people make them. What nobody is there for is left out.
func (c *cast) workday() []beat {
	var beats []beat
	alone := func(side record.Side, field record.Field, change func(couple) (to, spelt string)) {
		if who, err := c.next(field); err == nil {
			to, spelt := change(who)
			beats = append(beats, beat{acts: []*act{c.change(side, who, field, to, spelt)}})
		}
	}
	plainly := func(to, spelt string) func(couple) (string, string) {
		return func(couple) (string, string) { return to, spelt }
	}
	alone(record.GoHighLevel, record.Street, plainly("12 Harbour Road", ""))
	alone(record.Salesforce, record.Phone, plainly("(212) 730-0142", "+12127300142"))
	alone(record.GoHighLevel, record.Tags, func(who couple) (string, string) { return who.ghl[record.Tags] + ",demo day", "" })
	alone(record.Salesforce, record.LastName, func(who couple) (string, string) { return who.sf[record.LastName] + "-Baker", "" })
	beats = append(beats, beat{acts: []*act{c.newcomer(record.GoHighLevel, sandbox.Card{
		record.FirstName: "Nia", record.LastName: "Okafor", record.Email: "nia.okafor@example.com", record.Phone: "+12127300143",
	})}})
	alone(record.Salesforce, sandbox.Plan, func(who couple) (string, string) {
		if who.sf[sandbox.Plan] == "pro" {
			return "agency", ""
		}
		return "pro", ""
	})
	alone(record.GoHighLevel, record.Email, func(who couple) (string, string) {
		email := strings.ToLower(who.ghl[record.Email])
		return email[:strings.IndexAny(email+"@", ".@")] + "@home.example", ""
	})
	beats = append(beats, beat{acts: []*act{c.newcomer(record.Salesforce, sandbox.Card{
		record.FirstName: "Tom", record.LastName: "Weaver", record.Email: "tom.weaver@example.com", record.Phone: "+12127300144",
	})}})
	if who, err := c.next(record.Street, record.BirthDate); err == nil {
		beats = append(beats, beat{quiet: true, acts: []*act{
			c.change(record.Salesforce, who, record.BirthDate, "1989-03-12", ""),
			c.change(record.GoHighLevel, who, record.Street, "7 Mill Lane", ""),
		}})
	}
	return beats
}
