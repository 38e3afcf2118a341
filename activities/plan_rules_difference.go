package activities

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// DifferenceKind says how two rules differ about a field, or about a contact.
type DifferenceKind string

// The kinds.
const (
	NewWrite    DifferenceKind = "new_write"    // a field is written that would not be
	NoWrite     DifferenceKind = "no_write"     // a field is not written that would be
	OtherWinner DifferenceKind = "other_winner" // a field is written to the other side
	OtherValue  DifferenceKind = "other_value"  // another value is written
	NowAsks     DifferenceKind = "now_asks"     // a person is asked about a field
	AsksNoMore  DifferenceKind = "asks_no_more" // no person is asked about a field any more
	NowExcluded DifferenceKind = "now_excluded" // the filter leaves the contact out
	NowIncluded DifferenceKind = "now_included" // the filter does not leave the contact out any more
)

// DifferenceKinds lists the kinds in the order in which everything prints them.
var DifferenceKinds = []DifferenceKind{NewWrite, NoWrite, OtherWinner, OtherValue, NowAsks, AsksNoMore, NowExcluded, NowIncluded}

// RulesDifference is how many links other rules would decide otherwise, as both sides are now.
type RulesDifference struct {
	Looked    int `json:"looked"`   // links looked at
	Compared  int `json:"compared"` // the others are gone, left alone, or wait for a person to say who they are
	Differing int `json:"differing"`
	// Counts says how many links differ in what, in the order of fields and kinds.
	Counts  []DifferenceCount  `json:"counts,omitempty"`
	Samples []DifferenceSample `json:"samples,omitempty"`
}

// DifferenceSample is one link that differs. It names fields and holds no values.
type DifferenceSample struct {
	LinkID      int64             `json:"link"`
	Differences []FieldDifference `json:"differences"`
}

// DifferenceCount is how many links differ in one way.
type DifferenceCount struct {
	FieldDifference
	Links int `json:"links"`
}

// FieldDifference is how two rules differ about one field; Field is "" where they differ about the contact.
type FieldDifference struct {
	Field record.Field   `json:"field,omitempty"`
	Kind  DifferenceKind `json:"kind"`
}

// Add counts in what another slice of the links came to, and keeps as many samples as are wanted.
func (d *RulesDifference) Add(other RulesDifference, samples int) {
	d.Looked += other.Looked
	d.Compared += other.Compared
	d.Differing += other.Differing
	for _, c := range other.Counts {
		d.count(c.FieldDifference, c.Links)
	}
	room := max(0, min(samples-len(d.Samples), len(other.Samples)))
	d.Samples = append(d.Samples, other.Samples[:room]...)
}

func (d *RulesDifference) count(f FieldDifference, n int) {
	i, known := slices.BinarySearchFunc(d.Counts, f, func(c DifferenceCount, f FieldDifference) int { return c.compare(f) })
	if !known {
		d.Counts = slices.Insert(d.Counts, i, DifferenceCount{FieldDifference: f})
	}
	d.Counts[i].Links += n
}

// note counts one link that was compared.
func (d *RulesDifference) note(link int64, found []FieldDifference, samples int) {
	d.Compared++
	if len(found) == 0 {
		return
	}
	d.Differing++
	for _, f := range found {
		d.count(f, 1)
	}
	if len(d.Samples) < samples {
		d.Samples = append(d.Samples, DifferenceSample{LinkID: link, Differences: found})
	}
}

// compare orders differences by field, and then as DifferenceKinds has the kinds.
func (f FieldDifference) compare(g FieldDifference) int {
	return cmp.Or(strings.Compare(string(f.Field), string(g.Field)),
		slices.Index(DifferenceKinds, f.Kind)-slices.Index(DifferenceKinds, g.Kind))
}

// ruling is what rules decide about a link.
type ruling struct {
	excluded bool
	fields   map[record.Field]fieldRuling // those with a write or a question
}

// fieldRuling is what rules decide about a field.
type fieldRuling struct {
	asks   bool
	writes map[record.Side]record.Value
}

func (f fieldRuling) with(side record.Side, v record.Value) fieldRuling {
	if f.writes == nil {
		f.writes = map[record.Side]record.Value{}
	}
	f.writes[side] = v
	return f
}

// differences returns how one ruling differs from another, in the order of the fields' names.
func differences(before, after ruling) []FieldDifference {
	switch {
	case before.excluded && after.excluded:
		return nil
	case before.excluded:
		return []FieldDifference{{Kind: NowIncluded}}
	case after.excluded:
		return []FieldDifference{{Kind: NowExcluded}}
	}
	fields := slices.Collect(maps.Keys(before.fields))
	fields = slices.AppendSeq(fields, maps.Keys(after.fields))
	slices.Sort(fields)
	var out []FieldDifference
	for _, field := range slices.Compact(fields) {
		if kind := before.fields[field].differs(after.fields[field]); kind != "" {
			out = append(out, FieldDifference{Field: field, Kind: kind})
		}
	}
	return out
}

// differs says how another ruling about a field differs; "" where it does not.
func (f fieldRuling) differs(other fieldRuling) DifferenceKind {
	switch {
	case f.asks && other.asks:
		return ""
	case other.asks:
		return NowAsks
	case f.asks:
		return AsksNoMore
	case len(f.writes) == 0 && len(other.writes) == 0:
		return ""
	case len(f.writes) == 0:
		return NewWrite
	case len(other.writes) == 0:
		return NoWrite
	}
	for _, side := range record.Sides {
		was, wasWritten := f.writes[side]
		is, isWritten := other.writes[side]
		switch {
		case wasWritten != isWritten:
			return OtherWinner
		case !was.Equal(is):
			return OtherValue
		}
	}
	return ""
}
