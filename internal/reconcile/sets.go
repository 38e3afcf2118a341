package reconcile

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// set decides a field of elements: what one side added is added to the other, what one side removed is removed from
// the other, and nothing else moves. Without a base everything counts as added and nothing as removed.
func (d *decider) set(p Policy, g, s record.Value) {
	base, had := d.Base[p.Field]
	all := slices.Concat(g, s)
	slices.Sort(all)
	var wantG, wantS record.Value
	for _, element := range slices.Compact(all) {
		sum := d.Fingerprint(p.Field, record.Value{element})[0]
		was := func(side record.Side) bool { return slices.Contains(base.side(side), sum) }
		inG, inS := p.element(
			slices.Contains(g, element), was(record.GoHighLevel),
			slices.Contains(s, element), was(record.Salesforce), had)
		if inG {
			wantG = append(wantG, element)
		}
		if inS {
			wantS = append(wantS, element)
		}
	}
	cause := CauseMerge
	if had && p.Direction == ToSalesforce && d.agreed(p.Field, record.GoHighLevel, g) || had && p.Direction == ToGoHighLevel && d.agreed(p.Field, record.Salesforce, s) {
		cause = CauseRestore
	}
	wantG = d.setTo(p, record.GoHighLevel, g, wantG, cause)
	wantS = d.setTo(p, record.Salesforce, s, wantS, cause)
	d.accept(p.Field, wantG, wantS)
}

// element decides whether each side should hold an element, by whether it does now and did at the last agreement.
func (p Policy) element(inG, wasG, inS, wasS, had bool) (keepG, keepS bool) {
	if inG == inS {
		return inG, inS
	}
	changedG, changedS := inG != wasG, inS != wasS
	switch {
	case changedG && changedS: // an addition here met a removal there: the addition wins
		return p.Direction.Allows(record.GoHighLevel) || inG, p.Direction.Allows(record.Salesforce) || inS
	case changedG && p.Direction.Allows(record.Salesforce):
		return inG, inG
	case changedS && p.Direction.Allows(record.GoHighLevel):
		return inS, inS
	case changedG && had && p.Drift == Restore:
		return inS, inS
	case changedS && had && p.Drift == Restore:
		return inG, inG
	}
	return inG, inS
}

// agreed tells whether a side holds what it held at the last agreement.
func (d *decider) agreed(field record.Field, side record.Side, v record.Value) bool {
	return slices.Equal(d.Fingerprint(field, v), d.Base[field].side(side))
}

// setTo writes a set to a side where it must change and can, and returns what the side then holds.
func (d *decider) setTo(p Policy, to record.Side, before, after record.Value, cause Cause) record.Value {
	limits := p.limits(to)
	if after.Equal(before) || limits.ReadOnly || limits.CreateOnly || (limits.NoClear && after.Empty()) {
		return before
	}
	d.write(to, Write{Field: p.Field, Before: before, After: after, Cause: cause})
	return after
}
