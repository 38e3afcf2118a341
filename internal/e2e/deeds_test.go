package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// deed is something that people do in the CRMs. Everything about it is drawn beforehand, so that a seed gives the same deeds
// in the same order; on whom they fall depends on who is there then.
type deed struct {
	kind       record.Kind
	what       string
	side       record.Side
	who, other int    // of those who are there, counted round
	field      string // what is edited
	nth        int    // makes what is typed unlike anything else that is typed
	pause      time.Duration
}

// deeds are what people do, and how often.
var deeds = []struct {
	kind  record.Kind
	what  string
	share int
}{
	{record.Contact, "edit", 20}, {record.Contact, "edit both", 5}, {record.Contact, "clear", 2}, {record.Contact, "tag", 7},
	{record.Contact, "untag", 4}, {record.Contact, "tag both", 3}, {record.Contact, "create", 6}, {record.Contact, "create both", 3},
	{record.Contact, "delete", 4}, {record.Contact, "merge", 4}, {record.Contact, "undelete", 3}, {record.Contact, "edit many", 2},
	{record.Contact, "edit, then delete over there", 2},
	{record.Task, "create", 8}, {record.Task, "edit", 11}, {record.Task, "edit both", 2}, {record.Task, "delete", 2},
	{record.Task, "edit, then delete over there", 1},
	{record.Note, "create", 6}, {record.Note, "edit", 6}, {record.Note, "edit both", 2}, {record.Note, "delete", 2},
	{record.Note, "edit, then delete over there", 1},
	{record.Appointment, "create", 6}, {record.Appointment, "edit", 10}, {record.Appointment, "edit both", 2},
	{record.Appointment, "delete", 1}, {record.Appointment, "edit, then delete over there", 1},
	{listing, "create", 5}, {listing, "add to", 3}, {listing, "complete one of", 6},
}

// edited are the fields that people edit.
var edited = map[record.Kind][]string{
	record.Contact:     {"first", "last", "email", "phone", "street", "city", "state", "zip", "birth", "plan"},
	record.Task:        {"title", "body", "due", "status", "status"},
	record.Note:        {"title", "body", "body"},
	record.Appointment: {"title", "body", "start", "start", "address", "status", "status"},
	listing:            {""},
}

func drawDeeds(random *rand.Rand, n int) []deed {
	total := 0
	for _, d := range deeds {
		total += d.share
	}
	out := make([]deed, n)
	for i := range out {
		at, x := random.IntN(total), &out[i]
		for _, d := range deeds {
			if at -= d.share; at < 0 {
				x.kind, x.what = d.kind, d.what
				break
			}
		}
		x.side, x.who, x.other = record.Sides[random.IntN(2)], random.IntN(1<<20), random.IntN(1<<20)
		x.field = edited[x.kind][random.IntN(len(edited[x.kind]))]
		x.nth = 2 * i // a deed on both sides takes two
		x.pause = time.Duration(random.IntN(400)) * time.Millisecond
	}
	return out
}

// doers carries out deeds.
type doers struct {
	*system
	ctx      context.Context
	tapes    map[record.Side]*tape
	calendar string         // in which appointments are booked
	lists    []*list        // that became tasks
	bin      []string       // what contacts were deleted in Salesforce
	deleted  []deletion     // of what belongs to contacts, one by one
	done     map[string]int // by kind and deed
	idle     map[string]int // there was nobody to do it to
}

var errNobody = errors.New("there is nobody to do it to")

func (d *doers) do(t *testing.T, x deed) {
	t.Helper()
	name := x.what + " " + string(x.kind)
	if err := d.try(x); err != nil {
		d.idle[name]++
		return
	}
	d.done[name]++
}

func (d *doers) try(x deed) error {
	if x.kind == listing {
		return d.tryList(x)
	}
	switch x.what {
	case "edit":
		return d.edit(x.kind, x.side, d.one(x.kind, x.side, x.who), x.field, x.nth)
	case "edit both":
		return d.both(x, func(side record.Side, id string, nth int) error { return d.edit(x.kind, side, id, x.field, nth) })
	case "create":
		return d.create(x, x.side, x.nth)
	case "create both":
		return errors.Join(d.create(x, x.side, x.nth), d.create(x, x.side.Other(), x.nth))
	case "delete":
		return d.remove(x.kind, x.side, d.one(x.kind, x.side, x.who))
	case "edit, then delete over there":
		return d.both(x, func(side record.Side, id string, nth int) error {
			if side == x.side {
				return d.edit(x.kind, side, id, x.field, nth)
			}
			return d.remove(x.kind, side, id)
		})
	}
	return d.tryContact(x)
}

// one picks a record of a side, but no task that came of a list.
func (d *doers) one(kind record.Kind, side record.Side, nth int) string {
	t := d.tapes[side]
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(t.last[kind])), func(id string) bool { return ofLists(t.last[kind][id]) })
	if len(ids) == 0 {
		return ""
	}
	return ids[nth%len(ids)]
}

// both does something to the two halves of one record, at once.
func (d *doers) both(x deed, do func(side record.Side, id string, nth int) error) error {
	links, err := d.Store.Links(d.ctx, connection, x.kind, 0, 10_000)
	if err != nil {
		return err
	}
	var pairs []record.Link
	d.tapes[record.GoHighLevel].mu.Lock()
	shown := d.tapes[record.GoHighLevel].last[x.kind]
	d.tapes[record.GoHighLevel].mu.Unlock()
	for _, w := range links {
		if !ofLists(shown[w.Link.GoHighLevelID]) && w.Link.State == record.LinkInStep && w.Link.GoHighLevelID != "" && w.Link.SalesforceID != "" {
			pairs = append(pairs, w.Link)
		}
	}
	if len(pairs) == 0 {
		return errNobody
	}
	link := pairs[x.who%len(pairs)]
	return errors.Join(do(x.side, link.RecordID(x.side), x.nth), do(x.side.Other(), link.RecordID(x.side.Other()), x.nth+1))
}

func (d *doers) edit(kind record.Kind, side record.Side, id, field string, nth int) error {
	if id == "" {
		return errNobody
	}
	return d.tapes[side].person(func() error {
		if kind == record.Contact {
			return d.write(side, id, field, typed(field, nth))
		}
		return d.writeBelonging(kind, side, id, field, nth)
	})
}

func (d *doers) create(x deed, side record.Side, nth int) error {
	if x.kind == record.Contact {
		return d.createContact(side, nth)
	}
	return d.createBelonging(x.kind, side, d.one(record.Contact, side, x.other), nth)
}

func (d *doers) remove(kind record.Kind, side record.Side, id string) error {
	if id == "" {
		return errNobody
	}
	if kind != record.Contact {
		return d.removeBelonging(kind, side, id)
	}
	return d.tapes[side].person(func() error {
		if side == record.GoHighLevel {
			return d.Sandbox.GoHighLevel.Delete(id)
		}
		d.bin = append(d.bin, id)
		return d.Sandbox.Salesforce.Delete("Contact", id)
	})
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
			"title": "Typed title", "body": "typed body", "address": "typed room",
		}[field], nth)
	}
}
