package reconcile

import (
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// Input is all that a decision depends on.
type Input struct {
	// Base is the last agreement; nil when these two records never agreed.
	Base Base
	// GoHighLevel and Salesforce are the records as they are now. Exactly one may be nil: then there is no record on
	// that side yet, and the decision creates it.
	GoHighLevel *record.Record
	Salesforce  *record.Record
	Policies    []Policy
	// Decided names the side whose value wins where a person has said so, be it that only one side changed the field since;
	// where it may not travel from that side, it is left alone there instead of being restored;
	// nil for none.
	Decided map[record.Field]record.Side
	// Fingerprint returns the fingerprints of a field's value, one per element.
	Fingerprint func(record.Field, record.Value) []uint64
	// Project returns what the other side should hold so that it agrees with a field of from: the rules' transforms
	// and stand-ins. Nil means the value itself. Sets travel as they are.
	Project func(to record.Side, field record.Field, from *record.Record) record.Value
}

// Decision is what to do so that both sides agree.
type Decision struct {
	// Create is the side on which to create the record, "" for none. Its writes are then the new record's fields.
	Create record.Side
	// GoHighLevel and Salesforce are the writes per side, in the order of the policies.
	GoHighLevel []Write
	Salesforce  []Write
	// Conflicts lists the fields that both sides had changed to different values, settled or not.
	Conflicts []Conflict
	// Next is the base once the writes are done as asked.
	Next Base
	// From is the base that was decided by, where the ledger does not hold it: where that says of a write that it was tried, and
	// the records say what came of it, or where a create that was found had kept one. Nil where it does.
	From Base `json:",omitempty"`
}

// Writes returns the writes of a side.
func (d Decision) Writes(s record.Side) []Write {
	if s == record.GoHighLevel {
		return d.GoHighLevel
	}
	return d.Salesforce
}

// Nothing tells whether there is nothing to write on either side.
func (d Decision) Nothing() bool {
	return d.Create == "" && len(d.GoHighLevel) == 0 && len(d.Salesforce) == 0
}

// Write is one field's new value on a side, the value it replaces, and why.
type Write struct {
	Field  record.Field
	Before record.Value
	After  record.Value
	Cause  Cause
	// Rule is the one that settled a conflict; "" where none did.
	Rule Resolution `json:",omitempty"`
}

// Conflict is a field that both sides had changed to different values.
type Conflict struct {
	Field       record.Field
	GoHighLevel record.Value
	Salesforce  record.Value
	Rule        Resolution
	// Winner is the side whose value stays; "" while a person has to decide.
	Winner record.Side
}

// Decide applies the decision table to every field of the policies.
func Decide(in Input) Decision {
	from := in.heard()
	if from != nil {
		in.Base = from
	}
	d := &decider{Input: in, out: Decision{Next: Base{}, From: from}}
	for f, a := range in.Base {
		d.out.Next[f] = a
	}
	switch {
	case in.GoHighLevel == nil:
		d.create(record.GoHighLevel, in.Salesforce)
	case in.Salesforce == nil:
		d.create(record.Salesforce, in.GoHighLevel)
	default:
		for _, p := range in.Policies {
			d.field(p)
		}
	}
	return d.out
}

type decider struct {
	Input
	out Decision
}

func (d *decider) record(s record.Side) *record.Record {
	if s == record.GoHighLevel {
		return d.GoHighLevel
	}
	return d.Salesforce
}

func (d *decider) project(to record.Side, p Policy) record.Value {
	from := d.record(to.Other())
	if d.Project == nil || p.Set {
		return from.Fields[p.Field]
	}
	return d.Project(to, p.Field, from)
}

func (d *decider) create(on record.Side, from *record.Record) {
	d.out.Create = on
	d.out.Next = Base{}
	for _, p := range d.Policies {
		value, known := from.Fields[p.Field]
		if !known {
			continue
		}
		var target record.Value
		if p.Direction.Allows(on) && !p.limits(on).ReadOnly {
			target = d.project(on, p)
		}
		if !target.Empty() {
			d.write(on, Write{Field: p.Field, After: target, Cause: CauseCreate})
		}
		d.agree(p.Field, from.Side, value)
		d.agree(p.Field, on, target)
	}
}

// field decides one field of two records that both exist.
func (d *decider) field(p Policy) {
	g, knownG := d.GoHighLevel.Fields[p.Field]
	s, knownS := d.Salesforce.Fields[p.Field]
	if !knownG || !knownS || p.Direction == Off {
		return
	}
	if p.Set {
		d.set(p, g, s)
		return
	}
	base, had := d.Base[p.Field]
	changedG := !had || !slices.Equal(d.Fingerprint(p.Field, g), base.GoHighLevel)
	changedS := !had || !slices.Equal(d.Fingerprint(p.Field, s), base.Salesforce)
	switch {
	case !changedG && !changedS:
	case d.equal(p, g, s):
		d.accept(p.Field, g, s)
	case p.Direction != Both:
		d.oneWay(p, g, s, changedG, changedS, had)
	case !had && g.Empty():
		d.carry(p, record.GoHighLevel, CauseFill)
	case !had && s.Empty():
		d.carry(p, record.Salesforce, CauseFill)
	case changedG && changedS, d.Decided[p.Field] != "":
		d.conflict(p, g, s)
	case changedG:
		d.carry(p, record.Salesforce, CauseEdit)
	default:
		d.carry(p, record.GoHighLevel, CauseEdit)
	}
}

// equal tells whether the values agree as they are, or as one side holds the other's.
func (d *decider) equal(p Policy, g, s record.Value) bool {
	return g.Equal(s) ||
		p.Direction.Allows(record.Salesforce) && d.project(record.Salesforce, p).Equal(s) ||
		p.Direction.Allows(record.GoHighLevel) && d.project(record.GoHighLevel, p).Equal(g)
}

// oneWay decides a field that travels to one side only, whose values differ.
func (d *decider) oneWay(p Policy, g, s record.Value, changedG, changedS, had bool) {
	to, sourceChanged, source := record.Salesforce, changedG, g
	if p.Direction == ToGoHighLevel {
		to, sourceChanged, source = record.GoHighLevel, changedS, s
	}
	firstAndEmpty := !had && source.Empty()
	switch {
	case sourceChanged && !firstAndEmpty:
		d.carry(p, to, CauseEdit)
		return
	case p.Drift == Restore && d.Decided[p.Field] != to:
		d.carry(p, to, CauseRestore)
		return
	}
	d.accept(p.Field, g, s)
}

func (d *decider) conflict(p Policy, g, s record.Value) {
	c := Conflict{Field: p.Field, GoHighLevel: g, Salesforce: s, Rule: p.Conflict, Winner: d.winner(p)}
	cause := CauseConflict
	if _, person := d.Decided[p.Field]; person {
		cause = CauseVerdict
	}
	d.out.Conflicts = append(d.out.Conflicts, c)
	if c.Winner != "" {
		d.carry(p, c.Winner.Other(), cause)
	}
}

func (d *decider) winner(p Policy) record.Side {
	if side, person := d.Decided[p.Field]; person {
		return side
	}
	switch p.Conflict {
	case GoHighLevelWins:
		return record.GoHighLevel
	case SalesforceWins:
		return record.Salesforce
	case Ask:
		return ""
	}
	g, s := d.GoHighLevel.ModifiedAt, d.Salesforce.ModifiedAt
	switch {
	case g.IsZero() || s.IsZero() || g.Equal(s):
		return p.Tie
	case g.After(s):
		return record.GoHighLevel
	default:
		return record.Salesforce
	}
}

// carry writes the other side's value to a side, or accepts the difference where that side's API cannot take it.
func (d *decider) carry(p Policy, to record.Side, cause Cause) {
	from := d.record(to.Other()).Fields[p.Field]
	before := d.record(to).Fields[p.Field]
	after := d.project(to, p)
	limits := p.limits(to)
	if limits.ReadOnly || limits.CreateOnly || (limits.NoClear && after.Empty()) || after.Equal(before) {
		after = before
	} else {
		w := Write{Field: p.Field, Before: before, After: after, Cause: cause}
		if cause == CauseConflict {
			w.Rule = p.Conflict
		}
		d.write(to, w)
	}
	d.agree(p.Field, to.Other(), from)
	d.agree(p.Field, to, after)
}

func (d *decider) write(to record.Side, w Write) {
	if to == record.GoHighLevel {
		d.out.GoHighLevel = append(d.out.GoHighLevel, w)
	} else {
		d.out.Salesforce = append(d.out.Salesforce, w)
	}
}

func (d *decider) agree(f record.Field, side record.Side, v record.Value) {
	d.out.Next[f] = d.out.Next[f].with(side, d.Fingerprint(f, v))
}

func (d *decider) accept(f record.Field, g, s record.Value) {
	d.agree(f, record.GoHighLevel, g)
	d.agree(f, record.Salesforce, s)
}

// Contested returns the fields that wait for a person, in the order of the policies.
func (d Decision) Contested() []record.Field {
	var out []record.Field
	for _, c := range d.Conflicts {
		if c.Winner == "" {
			out = append(out, c.Field)
		}
	}
	return out
}

// Stored returns the base with what a side really holds after a write, as its API answered: a vendor may rewrite what
// it is given, and its rewriting is no change.
func Stored(next Base, side record.Side, stored record.Fields, written []Write, fingerprint func(record.Field, record.Value) []uint64) Base {
	for _, w := range written {
		if v, known := stored[w.Field]; known {
			next[w.Field] = next[w.Field].with(side, fingerprint(w.Field, v))
		}
	}
	return next
}

// Defaults completes the base after a create by what a side holds in the fields that it was given nothing for, as an owner
// of its own choice: else that would look like an edit.
func Defaults(next Base, side record.Side, stored record.Fields, fingerprint func(record.Field, record.Value) []uint64) Base {
	for f, agreed := range next {
		if v, known := stored[f]; known && len(agreed.side(side)) == 0 {
			next[f] = agreed.with(side, fingerprint(f, v))
		}
	}
	return next
}
