package reconcile_test

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func fingerprint(f record.Field, v record.Value) []uint64 {
	var out []uint64
	for _, e := range v {
		sum := sha256.Sum256([]byte(string(f) + "\x00" + e))
		out = append(out, binary.BigEndian.Uint64(sum[:])>>16)
	}
	slices.Sort(out)
	return out
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func contact(side record.Side, modified time.Time, fields record.Fields) *record.Record {
	return &record.Record{Side: side, Kind: record.Contact, ID: "id-" + string(side), ModifiedAt: modified, Fields: fields}
}

// TestTheDecisionTable is the table of the README, row by row, with what each rule makes of it.
func TestTheDecisionTable(t *testing.T) {
	const old, a, b = "old", "a", "b"
	type want struct{ gohighlevel, salesforce string } // what each side holds afterwards
	rows := []struct {
		name       string
		base       bool // both sides agreed on old
		ghl, sf    string
		policy     reconcile.Policy
		ghlNewer   bool
		want       want
		conflict   bool
		undecided  bool
		basesDrift bool
	}{
		{name: "same, same: nothing", base: true, ghl: old, sf: old, want: want{old, old}},
		{name: "changed, same: write to Salesforce", base: true, ghl: a, sf: old, want: want{a, a}},
		{name: "cleared, same: clear in Salesforce", base: true, ghl: "", sf: old, want: want{"", ""}},
		{name: "changed, same, but Salesforce may not be written: ignore", base: true, ghl: a, sf: old,
			policy: reconcile.Policy{Direction: reconcile.ToGoHighLevel}, want: want{a, old}},
		{name: "changed, same, but Salesforce may not be written: restore", base: true, ghl: a, sf: old,
			policy: reconcile.Policy{Direction: reconcile.ToGoHighLevel, Drift: reconcile.Restore}, want: want{old, old}},
		{name: "same, changed: write to GoHighLevel", base: true, ghl: old, sf: a, want: want{a, a}},
		{name: "same, changed, but GoHighLevel may not be written: ignore", base: true, ghl: old, sf: a,
			policy: reconcile.Policy{Direction: reconcile.ToSalesforce}, want: want{old, a}},
		{name: "same, changed, but GoHighLevel may not be written: restore", base: true, ghl: old, sf: a,
			policy: reconcile.Policy{Direction: reconcile.ToSalesforce, Drift: reconcile.Restore}, want: want{old, old}},
		{name: "changed, changed, equal: agree", base: true, ghl: a, sf: a, want: want{a, a}},
		{name: "changed, changed, different: newest, Salesforce is newer", base: true, ghl: a, sf: b, want: want{b, b}, conflict: true},
		{name: "changed, changed, different: newest, GoHighLevel is newer", base: true, ghl: a, sf: b, ghlNewer: true, want: want{a, a}, conflict: true},
		{name: "changed, changed, different: gohighlevel", base: true, ghl: a, sf: b,
			policy: reconcile.Policy{Conflict: reconcile.GoHighLevelWins}, want: want{a, a}, conflict: true},
		{name: "changed, changed, different: salesforce", base: true, ghl: a, sf: b,
			policy: reconcile.Policy{Conflict: reconcile.SalesforceWins}, want: want{b, b}, conflict: true},
		{name: "changed, changed, different: ask", base: true, ghl: a, sf: b,
			policy: reconcile.Policy{Conflict: reconcile.Ask}, want: want{a, b}, conflict: true, undecided: true},
		{name: "no base, equal: agree", ghl: a, sf: a, want: want{a, a}},
		{name: "no base, GoHighLevel empty: fill it", ghl: "", sf: b, want: want{b, b}},
		{name: "no base, Salesforce empty: fill it", ghl: a, sf: "", want: want{a, a}},
		{name: "no base, different: the rule decides", ghl: a, sf: b,
			policy: reconcile.Policy{Conflict: reconcile.GoHighLevelWins}, want: want{a, a}, conflict: true},
		{name: "no base, Salesforce empty, but it may not be written", ghl: a, sf: "",
			policy: reconcile.Policy{Direction: reconcile.ToGoHighLevel}, want: want{a, ""}},
		{name: "off: nothing, whatever happened", base: true, ghl: a, sf: b,
			policy: reconcile.Policy{Direction: reconcile.Off}, want: want{a, b}},
		{name: "a side that cannot be emptied keeps its value", base: true, ghl: old, sf: "",
			policy: reconcile.Policy{GoHighLevel: reconcile.Limits{NoClear: true}}, want: want{old, ""}},
		{name: "a side that takes a field only at creation keeps its value", base: true, ghl: old, sf: a,
			policy: reconcile.Policy{GoHighLevel: reconcile.Limits{CreateOnly: true}}, want: want{old, a}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := row.policy
			p.Field = record.City
			if p.Direction == "" {
				p.Direction = reconcile.Both
			}
			if p.Conflict == "" {
				p.Conflict, p.Tie = reconcile.Newest, record.Salesforce
			}
			in := reconcile.Input{
				GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{record.City: record.Scalar(row.ghl)}),
				Salesforce:  contact(record.Salesforce, noon.Add(time.Minute), record.Fields{record.City: record.Scalar(row.sf)}),
				Policies:    []reconcile.Policy{p},
				Fingerprint: fingerprint,
			}
			if row.ghlNewer {
				in.GoHighLevel.ModifiedAt = noon.Add(time.Hour)
			}
			if row.base {
				sums := fingerprint(record.City, record.Value{old})
				in.Base = reconcile.Base{record.City: {GoHighLevel: sums, Salesforce: sums}}
			}
			d := reconcile.Decide(in)
			apply(d, in.GoHighLevel, in.Salesforce)
			got := want{in.GoHighLevel.Fields[record.City].Text(), in.Salesforce.Fields[record.City].Text()}
			if got != row.want {
				t.Errorf("afterwards GoHighLevel holds %q and Salesforce %q, want %q and %q",
					got.gohighlevel, got.salesforce, row.want.gohighlevel, row.want.salesforce)
			}
			if (len(d.Conflicts) > 0) != row.conflict {
				t.Errorf("conflicts: %+v", d.Conflicts)
			}
			if row.conflict && (d.Conflicts[0].Winner == "") != row.undecided {
				t.Errorf("winner: %q", d.Conflicts[0].Winner)
			}
			in.Base = d.Next
			if again := reconcile.Decide(in); !again.Nothing() {
				t.Errorf("deciding again wants to write: %+v", again)
			}
		})
	}
}

func apply(d reconcile.Decision, ghl, sf *record.Record) {
	for _, w := range d.GoHighLevel {
		ghl.Fields[w.Field] = w.After
	}
	for _, w := range d.Salesforce {
		sf.Fields[w.Field] = w.After
	}
}

func TestAFieldThatCouldNotBeReadIsNeverWritten(t *testing.T) {
	in := reconcile.Input{
		GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{}),
		Salesforce:  contact(record.Salesforce, noon, record.Fields{record.City: record.Scalar("Oslo")}),
		Policies:    []reconcile.Policy{{Field: record.City, Direction: reconcile.Both, Conflict: reconcile.SalesforceWins}},
		Fingerprint: fingerprint,
	}
	if d := reconcile.Decide(in); !d.Nothing() || len(d.Next) != 0 {
		t.Fatalf("decided %+v about a field that one side did not give", d)
	}
}

func TestARecordAloneIsCreatedOnTheOtherSideWithWhatMayTravel(t *testing.T) {
	in := reconcile.Input{
		GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{
			record.City: record.Scalar("Oslo"), record.Email: record.Scalar("a@b.example"), record.State: nil,
			record.Tags: {"vip"},
		}),
		Policies: []reconcile.Policy{
			{Field: record.City, Direction: reconcile.Both},
			{Field: record.Email, Direction: reconcile.ToGoHighLevel},
			{Field: record.State, Direction: reconcile.Both},
			{Field: record.Tags, Set: true, Direction: reconcile.ToSalesforce},
		},
		Fingerprint: fingerprint,
	}
	d := reconcile.Decide(in)
	if d.Create != record.Salesforce || len(d.GoHighLevel) != 0 {
		t.Fatalf("decision: %+v", d)
	}
	var wrote []record.Field
	for _, w := range d.Salesforce {
		wrote = append(wrote, w.Field)
	}
	if !slices.Equal(wrote, []record.Field{record.City, record.Tags}) {
		t.Fatalf("wrote %v", wrote)
	}
	created := contact(record.Salesforce, noon, record.Fields{record.City: nil, record.Email: nil, record.State: nil, record.Tags: nil})
	apply(d, in.GoHighLevel, created)
	in.Salesforce, in.Base = created, d.Next
	if again := reconcile.Decide(in); !again.Nothing() {
		t.Fatalf("after the creation there is still something to write: %+v", again)
	}
}

func TestAVendorsRewritingOfWhatItWasGivenIsNoChange(t *testing.T) {
	in := reconcile.Input{
		GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{record.City: record.Scalar("Ålesund")}),
		Salesforce:  contact(record.Salesforce, noon, record.Fields{record.City: nil}),
		Policies:    []reconcile.Policy{{Field: record.City, Direction: reconcile.Both, Conflict: reconcile.SalesforceWins}},
		Fingerprint: fingerprint,
	}
	d := reconcile.Decide(in)
	stored := record.Fields{record.City: record.Scalar("Alesund")}
	in.Base = reconcile.Stored(d.Next, record.Salesforce, stored, d.Salesforce, fingerprint)
	in.Salesforce.Fields = stored
	if again := reconcile.Decide(in); !again.Nothing() {
		t.Fatalf("the echo counts as a change: %+v", again)
	}
	in.GoHighLevel.Fields[record.City] = record.Scalar("Bergen")
	if d := reconcile.Decide(in); len(d.Salesforce) != 1 || d.Salesforce[0].After.Text() != "Bergen" {
		t.Fatalf("a real edit does not travel: %+v", d)
	}
}

func TestASideThatAPersonChoseWinsThoughOnlyTheOtherChangedTheFieldSince(t *testing.T) {
	const agreed, insisted = "NY", "CA"
	policies := []reconcile.Policy{{Field: record.State, Direction: reconcile.Both, Conflict: reconcile.Newest, Tie: record.Salesforce}}
	for _, winner := range record.Sides {
		base := reconcile.Decide(reconcile.Input{
			GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{record.State: {agreed}}),
			Salesforce:  contact(record.Salesforce, noon, record.Fields{record.State: {agreed}}),
			Policies:    policies, Fingerprint: fingerprint,
		}).Next
		held := map[record.Side]string{winner: agreed, winner.Other(): insisted}
		d := reconcile.Decide(reconcile.Input{
			Base:        base,
			GoHighLevel: contact(record.GoHighLevel, noon, record.Fields{record.State: {held[record.GoHighLevel]}}),
			Salesforce:  contact(record.Salesforce, noon, record.Fields{record.State: {held[record.Salesforce]}}),
			Policies:    policies, Fingerprint: fingerprint, Decided: map[record.Field]record.Side{record.State: winner},
		})
		writes := d.Writes(winner.Other())
		if len(d.Writes(winner)) != 0 || len(writes) != 1 || writes[0].After.Text() != agreed || writes[0].Cause != reconcile.CauseVerdict {
			t.Errorf("where %s was to win: %+v", winner, d)
		}
	}
}
