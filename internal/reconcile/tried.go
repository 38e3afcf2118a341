package reconcile

import (
	"maps"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// Tried is what both sides agree on instead, of one field, if a write to a side whose outcome nobody heard was carried out.
type Tried struct {
	To                      record.Side
	GoHighLevel, Salesforce []uint64
}

func (t *Tried) side(s record.Side) []uint64 {
	if s == record.GoHighLevel {
		return t.GoHighLevel
	}
	return t.Salesforce
}

// After returns what the sides agree on, as Next is once all is done, where only some of the updates were carried out: those
// of the sides in done for certain, and of the others in sent perhaps. Base is the one that was decided by. Nil where they never
// agreed before: then whatever they hold now is looked at as if they had just met.
func (d Decision) After(base Base, done, sent []record.Side) Base {
	if d.From != nil {
		base = d.From
	}
	if base == nil {
		return nil
	}
	out := maps.Clone(base)
	for f, next := range d.Next {
		now, had := base[f]
		to := d.writtenTo(f)
		switch {
		case !had || len(to) == 0:
		case subset(to, done):
			out[f] = next
		case len(to) == 1 && slices.Contains(sent, to[0]):
			now.Tried = &Tried{To: to[0], GoHighLevel: next.GoHighLevel, Salesforce: next.Salesforce}
			out[f] = now
		}
	}
	return out
}

func subset(some, of []record.Side) bool {
	return !slices.ContainsFunc(some, func(s record.Side) bool { return !slices.Contains(of, s) })
}

func (d Decision) writtenTo(f record.Field) (to []record.Side) {
	for _, side := range record.Sides {
		if slices.ContainsFunc(d.Writes(side), func(w Write) bool { return w.Field == f }) {
			to = append(to, side)
		}
	}
	return to
}

// heard returns the base with what the records tell of the writes whose outcome nobody heard; nil where there are none.
func (in Input) heard() Base {
	var out Base
	for _, p := range in.Policies {
		agreed, had := in.Base[p.Field]
		if !had || agreed.Tried == nil {
			continue
		}
		to := in.GoHighLevel
		if agreed.Tried.To == record.Salesforce {
			to = in.Salesforce
		}
		if to == nil {
			continue
		}
		value, known := to.Fields[p.Field]
		if !known {
			continue
		}
		if out == nil {
			out = maps.Clone(in.Base)
		}
		out[p.Field] = agreed.heard(in.Fingerprint(p.Field, value), p.Set)
	}
	return out
}

// heard returns what was agreed on, given what the side holds that was written to: what was tried where it arrived, of a set
// element by element.
func (a Agreed) heard(holds []uint64, set bool) Agreed {
	tried := a.Tried
	before, after := a.side(tried.To), tried.side(tried.To)
	a.Tried = nil
	if !set {
		if slices.Equal(holds, after) {
			a.GoHighLevel, a.Salesforce = tried.GoHighLevel, tried.Salesforce
		}
		return a
	}
	var arrived []uint64
	for _, sum := range slices.Concat(before, after) {
		is := slices.Contains(after, sum)
		if is != slices.Contains(before, sum) && is == slices.Contains(holds, sum) {
			arrived = append(arrived, sum)
		}
	}
	for _, side := range record.Sides {
		var sums []uint64
		for _, sum := range a.side(side) {
			if !slices.Contains(arrived, sum) {
				sums = append(sums, sum)
			}
		}
		for _, sum := range tried.side(side) {
			if slices.Contains(arrived, sum) {
				sums = append(sums, sum)
			}
		}
		slices.Sort(sums)
		a = a.with(side, sums)
	}
	return a
}
