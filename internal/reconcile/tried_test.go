package reconcile_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// both are two contacts that agreed on a city, of which one side has another one since.
func both(agreed, ghl, sf string) *world {
	w := &world{
		ghl:      contact(record.GoHighLevel, noon, record.Fields{record.City: record.Scalar(agreed)}),
		sf:       contact(record.Salesforce, noon, record.Fields{record.City: record.Scalar(agreed)}),
		policies: []reconcile.Policy{{Field: record.City, Direction: reconcile.Both, Conflict: reconcile.SalesforceWins}},
	}
	w.sync()
	w.ghl.Fields[record.City], w.sf.Fields[record.City] = record.Scalar(ghl), record.Scalar(sf)
	return w
}

func TestWhatWasTypedAfterAWriteWhoseAnswerWasLostIsNoConflictWithThatWrite(t *testing.T) {
	for _, c := range []struct {
		name       string
		then, want string // what GoHighLevel holds then, and both sides in the end
		sf         string // what Salesforce holds then
	}{
		{"the write arrived", "Rome", "Rome", "Oslo"},
		{"the write did not arrive", "Rome", "Rome", "Bern"},
		{"the write arrived, and was taken back in GoHighLevel", "Bern", "Bern", "Oslo"},
		{"the write arrived, and nothing else happened", "Oslo", "Oslo", "Oslo"},
		{"the write arrived, and Salesforce was edited: a conflict", "Rome", "Lima", "Lima"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := both("Bern", "Oslo", "Bern")
			w.base = w.decide().After(w.base, nil, []record.Side{record.Salesforce})
			var err error
			if w.base, err = reconcile.DecodeBase(w.base.Encode()); err != nil {
				t.Fatal(err)
			}
			w.ghl.Fields[record.City], w.sf.Fields[record.City] = record.Scalar(c.then), record.Scalar(c.sf)
			w.sf.ModifiedAt = noon.Add(time.Hour) // by our own write, so that newest would be wrong
			d := w.sync()
			if got := [2]string{w.ghl.Fields[record.City].Text(), w.sf.Fields[record.City].Text()}; got != [2]string{c.want, c.want} {
				t.Errorf("the sides hold %q, not %s: %+v", got, c.want, d)
			}
			if w.base[record.City].Tried != nil {
				t.Error("what came of the write is known, and is still asked")
			}
			if conflict := len(d.Conflicts) > 0; conflict != (c.sf == "Lima") {
				t.Errorf("a conflict: %v", d.Conflicts)
			}
		})
	}
}

func TestWhatIsTypedAfterHalfOfAnUpdateIsNoConflictWithThatHalf(t *testing.T) {
	w := both("Bern", "Oslo", "Bern")
	d := w.decide()
	w.base = d.After(w.base, []record.Side{record.Salesforce}, nil)
	w.ghl.Fields[record.City], w.sf.Fields[record.City] = record.Scalar("Oslo"), record.Scalar("Lima") // typed over what was written
	w.policies[0].Conflict = reconcile.GoHighLevelWins
	if d := w.sync(); len(d.Conflicts) > 0 || w.ghl.Fields[record.City].Text() != "Lima" {
		t.Errorf("GoHighLevel holds %s: %+v", w.ghl.Fields[record.City], d)
	}
}

func TestDecidingByALostWriteIsDecidingByWhatCameOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		w.sync()
		side := rapid.SampledFrom(record.Sides).Draw(t, "written")
		edit := func(about string) { // where nothing is written
			field := rapid.SampledFrom(lawFields).Draw(t, "field")
			w.side(side.Other()).Fields[field] = drawValue(t, field == record.Tags, about)
		}
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			edit("edit")
		}
		d := w.decide()
		if tags := w.base[record.Tags]; !slices.Equal(tags.GoHighLevel, tags.Salesforce) {
			t.Skip("what one side holds alone, by the rules, the other may come to hold as well, which no write tells of")
		}
		arrived := rapid.Bool().Draw(t, "arrived")
		heard := d.After(w.base, nil, nil)
		if arrived {
			for _, write := range d.Writes(side) {
				w.side(side).Fields[write.Field] = write.After
			}
			heard = d.After(w.base, []record.Side{side}, nil)
		}
		lost := d.After(w.base, nil, []record.Side{side})
		for range rapid.IntRange(0, 4).Draw(t, "edits meanwhile") {
			edit("meanwhile")
		}
		w.base = heard
		want := w.decide()
		w.base = lost
		got := w.decide()
		got.From, want.From = nil, nil
		for _, f := range lawFields { // one that nobody could read stays as it was noted
			if _, known := w.side(side).Fields[f]; !known {
				delete(got.Next, f)
				delete(want.Next, f)
			}
		}
		if len(d.Writes(side.Other())) == 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("after %+v\ndecided %+v\nnot     %+v", d, got, want)
		}
	})
}
