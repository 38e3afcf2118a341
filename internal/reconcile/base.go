package reconcile

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"

	"github.com/tandem-sync/tandem/internal/record"
)

// Base is what both sides last agreed on: per field the keyed fingerprints of each side's value. The two differ only
// where a side's API cannot hold the other's value exactly, or a rule lets them differ. It holds no customer data. A
// nil Base means that the sides never agreed; a field that is not in it was never agreed on.
type Base map[record.Field]Agreed

// Agreed is one field's fingerprints of 48 bits, one per element, sorted; none for an empty value.
type Agreed struct {
	GoHighLevel []uint64
	Salesforce  []uint64
	// Tried is set while nobody knows what came of the last write.
	Tried *Tried `json:",omitempty"`
}

// Of returns the fingerprints of a field that a side agreed on; known is false where nothing is noted of it.
func (b Base) Of(side record.Side, f record.Field) (sums []uint64, known bool) {
	a, known := b[f]
	return a.side(side), known
}

func (a Agreed) side(s record.Side) []uint64 {
	if s == record.GoHighLevel {
		return a.GoHighLevel
	}
	return a.Salesforce
}

func (a Agreed) with(s record.Side, sums []uint64) Agreed {
	if s == record.GoHighLevel {
		a.GoHighLevel = sums
	} else {
		a.Salesforce = sums
	}
	return a
}

// The encoding: a version byte, then per field, in order of name: a field code (position in fieldCodes from 1, or 0 and
// a length-prefixed name), then the GoHighLevel fingerprints as count*2+same, then 6 bytes each; and where same is 0,
// the Salesforce count and fingerprints. In the second version, which is written where a write was tried, each field ends
// with what was: a byte for the side (0 none, 1 GoHighLevel, 2 Salesforce), and the fingerprints in the same way.
const (
	baseVersion  = 1
	triedVersion = 2
	sumSize      = 6 // bytes of a fingerprint
)

// fieldCodes is append-only: stored bases refer to positions in it.
var fieldCodes = []record.Field{
	record.FirstName, record.LastName, record.Email, record.Phone, record.Street, record.City, record.State,
	record.PostalCode, record.Country, record.Company, record.Website, record.BirthDate, record.DoNotDisturb,
	record.DoNotEmail, record.DoNotCall, record.Tags, record.Source, record.Owner,
	record.Title, record.Body, record.Status, record.Due, record.Priority, record.Assignee, record.Start, record.End,
	record.Address,
}

// Encode returns the base in a compact form for the store; nil for a nil base.
func (b Base) Encode() []byte {
	if b == nil {
		return nil
	}
	fields := make([]record.Field, 0, len(b))
	for f := range b {
		fields = append(fields, f)
	}
	sort.Slice(fields, func(i, j int) bool { return fields[i] < fields[j] })
	version := byte(baseVersion)
	for _, a := range b {
		if a.Tried != nil {
			version = triedVersion
		}
	}
	out := []byte{version}
	for _, f := range fields {
		if code := slices.Index(fieldCodes, f); code >= 0 {
			out = append(out, byte(code+1))
		} else {
			out = append(out, 0)
			out = binary.AppendUvarint(out, uint64(len(f)))
			out = append(out, f...)
		}
		a := b[f]
		out = appendBoth(out, a.GoHighLevel, a.Salesforce)
		if version == triedVersion {
			out = append(out, byte(1+slices.Index(triedSides, a.Tried.to())))
		}
		if a.Tried != nil {
			out = appendBoth(out, a.Tried.GoHighLevel, a.Tried.Salesforce)
		}
	}
	return out
}

// triedSides are the sides by their bytes, from 1.
var triedSides = []record.Side{record.GoHighLevel, record.Salesforce}

func (t *Tried) to() record.Side {
	if t == nil {
		return ""
	}
	return t.To
}

func appendBoth(out []byte, ghl, sf []uint64) []byte {
	same := slices.Equal(ghl, sf)
	out = appendSums(out, ghl, same)
	if !same {
		out = appendSums(out, sf, false)
	}
	return out
}

func appendSums(out []byte, sums []uint64, flag bool) []byte {
	head := uint64(len(sums)) * 2
	if flag {
		head++
	}
	out = binary.AppendUvarint(out, head)
	for _, s := range sums {
		out = append(out, byte(s>>40), byte(s>>32), byte(s>>24), byte(s>>16), byte(s>>8), byte(s))
	}
	return out
}

var errBase = errors.New("stored base is damaged")

// DecodeBase reads what Encode wrote; nil for no bytes.
func DecodeBase(in []byte) (Base, error) {
	if len(in) == 0 {
		return nil, nil
	}
	version := in[0]
	if version != baseVersion && version != triedVersion {
		return nil, errBase
	}
	in = in[1:]
	out := Base{}
	for len(in) > 0 {
		code := int(in[0])
		in = in[1:]
		var field record.Field
		if code == 0 {
			n, used := binary.Uvarint(in)
			if used <= 0 || n > uint64(len(in)-used) {
				return nil, errBase
			}
			field = record.Field(in[used : used+int(n)])
			in = in[used+int(n):]
		} else {
			if code > len(fieldCodes) {
				return nil, errBase
			}
			field = fieldCodes[code-1]
		}
		if _, twice := out[field]; twice {
			return nil, errBase
		}
		var a Agreed
		var ok bool
		if a.GoHighLevel, a.Salesforce, in, ok = readBoth(in); !ok {
			return nil, errBase
		}
		if version == triedVersion {
			if a.Tried, in, ok = readTried(in); !ok {
				return nil, errBase
			}
		}
		out[field] = a
	}
	return out, nil
}

func readTried(in []byte) (tried *Tried, rest []byte, ok bool) {
	if len(in) == 0 || int(in[0]) > len(triedSides) {
		return nil, nil, false
	}
	side := int(in[0])
	if in = in[1:]; side == 0 {
		return nil, in, true
	}
	tried = &Tried{To: triedSides[side-1]}
	tried.GoHighLevel, tried.Salesforce, rest, ok = readBoth(in)
	return tried, rest, ok
}

func readBoth(in []byte) (ghl, sf []uint64, rest []byte, ok bool) {
	ghl, same, rest, ok := readSums(in)
	if !ok || same {
		return ghl, ghl, rest, ok
	}
	sf, same, rest, ok = readSums(rest)
	return ghl, sf, rest, ok && !same
}

func readSums(in []byte) (sums []uint64, flag bool, rest []byte, ok bool) {
	head, used := binary.Uvarint(in)
	if used <= 0 || head/2 > uint64(len(in)-used)/sumSize {
		return nil, false, nil, false
	}
	in = in[used:]
	for range head / 2 {
		var s uint64
		for _, b := range in[:sumSize] {
			s = s<<8 | uint64(b)
		}
		sums = append(sums, s)
		in = in[sumSize:]
	}
	return sums, head%2 == 1, in, true
}
