// Package record holds what both CRMs know of a person in one canonical form: fields, their normalised
// values, keyed fingerprints, and the ledger's rows about them. It is pure: no clock, no I/O.
package record

import (
	"slices"
	"time"
)

// Side names one of the two CRMs of a connection.
type Side string

// The two sides.
const (
	GoHighLevel Side = "gohighlevel"
	Salesforce  Side = "salesforce"
)

// Sides lists both sides in the order in which everything prints them.
var Sides = []Side{GoHighLevel, Salesforce}

// Other returns the opposite side.
func (s Side) Other() Side {
	if s == GoHighLevel {
		return Salesforce
	}
	return GoHighLevel
}

// Kind names what a record is.
type Kind string

// Contact is a person.
const Contact Kind = "contact"

// Value is the normalised content of one field. Scalars have at most one element; sets have any number, sorted
// and without duplicates. A Value without elements is known to be empty; a field whose value is not known is
// absent from the record instead.
type Value []string

// Text returns a scalar's content, "" when it is empty.
func (v Value) Text() string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// Empty tells whether the field is known to hold nothing.
func (v Value) Empty() bool { return len(v) == 0 }

// Equal compares two normalised values.
func (v Value) Equal(w Value) bool { return slices.Equal(v, w) }

// Scalar makes the value of a one-element field; the empty text is the empty value.
func Scalar(text string) Value {
	if text == "" {
		return nil
	}
	return Value{text}
}

// Fields maps field names to normalised values. An absent key means "not known", which is never written anywhere
// and never compared.
type Fields map[Field]Value

// Record is one object on one side, read in full, in canonical form.
type Record struct {
	Side Side
	Kind Kind
	ID   string
	// Fields holds every field that could be read.
	Fields Fields
	// Aliases are further e-mail addresses and phones that identify the record but are not synced as fields.
	Aliases Aliases
	// ExternalID is the other side's id for this record where the CRM stores it, else "".
	ExternalID string
	// ModifiedAt is the vendor's own time of the last change; zero when it does not say.
	ModifiedAt time.Time
	// CreatedAt is the vendor's own time of creation; zero when it does not say.
	CreatedAt time.Time
}

// CustomFields returns the custom fields that the record is known to hold something in, sorted.
func (r Record) CustomFields() []Field {
	var out []Field
	for f, v := range r.Fields {
		if f.IsCustom() && !v.Empty() {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

// Aliases are secondary identities of a contact, normalised like the primary ones.
type Aliases struct {
	Emails []string
	Phones []string
}
