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

var lawFields = []record.Field{record.City, record.State, record.Tags}

func drawValue(t *rapid.T, set bool, label string) record.Value {
	if set {
		return record.Normaliser{}.NormaliseSet(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4).Draw(t, label))
	}
	return record.Scalar(rapid.SampledFrom([]string{"", "x", "y", "z"}).Draw(t, label))
}

func drawPolicies(t *rapid.T, asks bool) []reconcile.Policy {
	var out []reconcile.Policy
	for _, f := range lawFields {
		resolutions := []reconcile.Resolution{reconcile.Newest, reconcile.GoHighLevelWins, reconcile.SalesforceWins}
		if asks {
			resolutions = append(resolutions, reconcile.Ask)
		}
		out = append(out, reconcile.Policy{
			Field: f, Set: f == record.Tags,
			Direction: rapid.SampledFrom([]reconcile.Direction{reconcile.Both, reconcile.Both, reconcile.ToGoHighLevel, reconcile.ToSalesforce, reconcile.Off}).Draw(t, "direction"),
			Conflict:  rapid.SampledFrom(resolutions).Draw(t, "conflict"),
			Tie:       rapid.SampledFrom(record.Sides).Draw(t, "tie"),
			Drift:     rapid.SampledFrom([]reconcile.Drift{reconcile.Ignore, reconcile.Restore}).Draw(t, "drift"),
		})
	}
	return out
}

func drawFields(t *rapid.T) record.Fields {
	fields := record.Fields{}
	for _, f := range lawFields {
		if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
			fields[f] = drawValue(t, f == record.Tags, "value")
		}
	}
	return fields
}

// world is two records that people edit and Tandem syncs.
type world struct {
	ghl, sf  *record.Record
	base     reconcile.Base
	policies []reconcile.Policy
}

func drawWorld(t *rapid.T, asks bool) *world {
	w := &world{
		ghl:      contact(record.GoHighLevel, noon, drawFields(t)),
		sf:       contact(record.Salesforce, noon, drawFields(t)),
		policies: drawPolicies(t, asks),
	}
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		if rapid.Bool().Draw(t, "edit") {
			w.edit(t)
		} else {
			w.sync()
		}
	}
	return w
}

func (w *world) edit(t *rapid.T) (record.Side, record.Field) {
	side := rapid.SampledFrom(record.Sides).Draw(t, "side")
	field := rapid.SampledFrom(lawFields).Draw(t, "field")
	r := w.side(side)
	r.Fields[field] = drawValue(t, field == record.Tags, "edit")
	r.ModifiedAt = r.ModifiedAt.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "later")) * time.Second)
	return side, field
}

func (w *world) side(s record.Side) *record.Record {
	if s == record.GoHighLevel {
		return w.ghl
	}
	return w.sf
}

func (w *world) decide() reconcile.Decision {
	return reconcile.Decide(reconcile.Input{
		Base: w.base, GoHighLevel: w.ghl, Salesforce: w.sf, Policies: w.policies, Fingerprint: fingerprint,
	})
}

func (w *world) sync() reconcile.Decision {
	d := w.decide()
	apply(d, w.ghl, w.sf)
	w.base = d.Next
	return d
}

func TestDecidingTwiceChangesNothingTheSecondTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		w.sync()
		if again := w.decide(); !again.Nothing() {
			t.Fatalf("second decision writes %+v", again)
		}
	})
}

func TestAFieldChangedOnOneSideOnlyAlwaysArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, false)
		w.sync()
		before := map[record.Side]record.Value{}
		side, field := record.GoHighLevel, record.City
		for _, s := range record.Sides {
			before[s] = w.side(s).Fields[field]
		}
		side = rapid.SampledFrom(record.Sides).Draw(t, "editing side")
		policy := w.policies[0]
		if _, known := w.side(side.Other()).Fields[field]; !known || !policy.Direction.Allows(side.Other()) {
			t.Skip("the field cannot travel")
		}
		edited := record.Scalar(rapid.StringMatching(`[a-z]{4}`).Draw(t, "edited"))
		if _, known := w.side(side).Fields[field]; !known || edited.Equal(before[side]) {
			t.Skip("no edit")
		}
		w.side(side).Fields[field] = edited
		w.sync()
		if got := w.side(side.Other()).Fields[field]; !got.Equal(edited) {
			t.Fatalf("%s was edited to %v, the other side holds %v", side, edited, got)
		}
	})
}

func TestTheSidesAgreeUnderTheRulesOnceTheEditsStop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, false)
		for range rapid.IntRange(0, 10).Draw(t, "more") {
			if rapid.Bool().Draw(t, "edit") {
				w.edit(t)
			} else {
				w.sync()
			}
		}
		w.sync()
		for _, p := range w.policies {
			g, knownG := w.ghl.Fields[p.Field]
			s, knownS := w.sf.Fields[p.Field]
			if p.Direction == reconcile.Both && knownG && knownS && !g.Equal(s) {
				t.Fatalf("%s: GoHighLevel holds %v and Salesforce %v under %+v", p.Field, g, s, p)
			}
		}
		if again := w.decide(); !again.Nothing() {
			t.Fatalf("still writing: %+v", again)
		}
	})
}

func TestOurOwnWriteComingBackDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		d := w.sync()
		for _, s := range record.Sides {
			if len(d.Writes(s)) > 0 { // the echo: the vendor stamps our write as a change
				w.side(s).ModifiedAt = w.side(s).ModifiedAt.Add(time.Hour)
			}
		}
		if echo := w.decide(); !echo.Nothing() {
			t.Fatalf("the echo decides %+v", echo)
		}
	})
}

func TestSwappingTheSidesAndTheRulesSwapsTheDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		mirrored := reconcile.Input{
			GoHighLevel: contact(record.GoHighLevel, w.sf.ModifiedAt, w.sf.Fields),
			Salesforce:  contact(record.Salesforce, w.ghl.ModifiedAt, w.ghl.Fields),
			Fingerprint: fingerprint,
		}
		if w.base != nil {
			mirrored.Base = mirrorBase(w.base)
		}
		for _, p := range w.policies {
			mirrored.Policies = append(mirrored.Policies, mirrorPolicy(p))
		}
		d, m := w.decide(), reconcile.Decide(mirrored)
		if !reflect.DeepEqual(mirrorWrites(d.GoHighLevel), m.Salesforce) || !reflect.DeepEqual(mirrorWrites(d.Salesforce), m.GoHighLevel) {
			t.Fatalf("decision %+v, mirrored %+v", d, m)
		}
		if !reflect.DeepEqual(mirrorBase(d.Next), m.Next) {
			t.Fatalf("next base %+v, mirrored %+v", d.Next, m.Next)
		}
	})
}

func mirrorWrites(writes []reconcile.Write) []reconcile.Write {
	writes = slices.Clone(writes)
	for i := range writes {
		writes[i].Rule = mirrorPolicy(reconcile.Policy{Conflict: writes[i].Rule}).Conflict
	}
	return writes
}

func mirrorBase(b reconcile.Base) reconcile.Base {
	out := reconcile.Base{}
	for f, a := range b {
		out[f] = reconcile.Agreed{GoHighLevel: a.Salesforce, Salesforce: a.GoHighLevel}
	}
	return out
}

func mirrorPolicy(p reconcile.Policy) reconcile.Policy {
	switch p.Direction {
	case reconcile.ToGoHighLevel:
		p.Direction = reconcile.ToSalesforce
	case reconcile.ToSalesforce:
		p.Direction = reconcile.ToGoHighLevel
	}
	switch p.Conflict {
	case reconcile.GoHighLevelWins:
		p.Conflict = reconcile.SalesforceWins
	case reconcile.SalesforceWins:
		p.Conflict = reconcile.GoHighLevelWins
	}
	p.Tie = p.Tie.Other()
	p.GoHighLevel, p.Salesforce = p.Salesforce, p.GoHighLevel
	return p
}

func TestAStoredBaseReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		w.sync()
		w.base[record.Custom("plan")] = reconcile.Agreed{GoHighLevel: []uint64{1}, Salesforce: nil}
		w.edit(t)
		w.base = w.decide().After(w.base, nil, []record.Side{rapid.SampledFrom(record.Sides).Draw(t, "tried")})
		back, err := reconcile.DecodeBase(w.base.Encode())
		if err != nil || !reflect.DeepEqual(back, w.base) {
			t.Fatalf("wrote %v, read %v, %v", w.base, back, err)
		}
	})
}

func TestEveryFieldOfEveryKindTakesOneByteInABase(t *testing.T) {
	for _, kind := range record.Kinds {
		for _, field := range record.FieldsOf(kind) {
			const version, code, count, sum = 1, 1, 1, 6
			if n := len(reconcile.Base{field: {GoHighLevel: []uint64{7}, Salesforce: []uint64{7}}}.Encode()); n != version+code+count+sum {
				t.Errorf("a base of %s's %s takes %d bytes: it has no code", kind, field, n)
			}
		}
	}
}

func FuzzDecodeBase(f *testing.F) {
	f.Add([]byte{})
	f.Add(reconcile.Base{record.City: {GoHighLevel: []uint64{7}, Salesforce: []uint64{8}}}.Encode())
	f.Add(reconcile.Base{record.City: {Tried: &reconcile.Tried{To: record.Salesforce, Salesforce: []uint64{8}}}, record.Tags: {}}.Encode())
	f.Fuzz(func(t *testing.T, in []byte) {
		if b, err := reconcile.DecodeBase(in); err == nil && b != nil {
			if _, err := reconcile.DecodeBase(b.Encode()); err != nil {
				t.Fatalf("re-encoding what was read does not read: %v", err)
			}
		}
	})
}

func TestWhatAPersonDecidedHappensAndIsNotAskedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true)
		for i := range w.policies {
			w.policies[i].Direction, w.policies[i].Conflict = reconcile.Both, reconcile.Ask
		}
		w.sync()
		contested := w.decide().Contested()
		side := rapid.SampledFrom(record.Sides).Draw(t, "winner")
		decided, want := map[record.Field]record.Side{}, map[record.Field]record.Value{}
		for _, f := range contested {
			decided[f], want[f] = side, w.side(side).Fields[f]
		}
		d := reconcile.Decide(reconcile.Input{
			Base: w.base, GoHighLevel: w.ghl, Salesforce: w.sf, Policies: w.policies, Fingerprint: fingerprint, Decided: decided,
		})
		for _, write := range append(slices.Clone(d.GoHighLevel), d.Salesforce...) {
			if _, asked := decided[write.Field]; asked && write.Cause != reconcile.CauseVerdict {
				t.Fatalf("%s is written because of %s, want the verdict", write.Field, write.Cause)
			}
		}
		apply(d, w.ghl, w.sf)
		w.base = d.Next
		for f, v := range want {
			if !w.ghl.Fields[f].Equal(v) || !w.sf.Fields[f].Equal(v) {
				t.Fatalf("%s is %v and %v after %s was to win with %v", f, w.ghl.Fields[f], w.sf.Fields[f], side, v)
			}
		}
		if again := w.decide(); !again.Nothing() || len(again.Contested()) > 0 {
			t.Fatalf("it is asked again: %+v", again)
		}
	})
}

func TestARecordIsChangedExactlyWhenItsSideDecidesSomething(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, false)
		w.sync()
		for _, s := range record.Sides {
			if reconcile.Changed(w.base, w.side(s), agreedOnly(w), fingerprint) {
				t.Fatalf("%s counts as changed right after a sync", s)
			}
		}
		side, field := w.edit(t)
		before := w.base[field]
		changed := reconcile.Changed(w.base, w.side(side), agreedOnly(w), fingerprint)
		now := fingerprint(field, w.side(side).Fields[field])
		agreed := before.GoHighLevel
		if side == record.Salesforce {
			agreed = before.Salesforce
		}
		travels := false
		for _, p := range agreedOnly(w) {
			travels = travels || p.Field == field && p.Direction.Allows(side.Other())
		}
		if want := travels && !slices.Equal(now, agreed); changed != want {
			t.Fatalf("an edit of %s on %s counts as changed: %v, want %v", field, side, changed, want)
		}
	})
}

// agreedOnly returns the policies of the fields that both records of a world hold.
func agreedOnly(w *world) []reconcile.Policy {
	return slices.DeleteFunc(slices.Clone(w.policies), func(p reconcile.Policy) bool {
		_, had := w.base[p.Field]
		return !had
	})
}
