// Package record holds what both CRMs know of a person, and of the tasks, notes and appointments about them, in one
// canonical form: fields, their normalised values, keyed fingerprints, and the ledger's rows about them. It is pure: no
// clock, no I/O.
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

// The kinds.
const (
	Contact     Kind = "contact"     // a person
	Task        Kind = "task"        // something to do about a contact
	Note        Kind = "note"        // a text about contacts
	Appointment Kind = "appointment" // a meeting with a contact
)

// Kinds lists the kinds in the order in which everything does and prints them: contacts first, because the others belong
// to them.
var Kinds = []Kind{Contact, Task, Note, Appointment}

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

	// What follows is for tasks, notes and appointments; contacts leave it empty.

	// ContactIDs are the contacts that the record belongs to, by their ids on its side, the main one first.
	ContactIDs []string
	// Traits are what rules may leave the record out by.
	Traits []Trait
	// Author is the name of the person who wrote the record; "" when the vendor does not say.
	Author string
	// VendorStatus is the status in the vendor's own word, of which Status holds the canonical one.
	VendorStatus string
	// Envelope is what Tandem wrote around the body; nil where it wrote nothing. The body does not hold it.
	Envelope *Envelope
	// Parts are the ids of all the notes that hold this one, which was too long for one, in their order. Nil for a note in
	// one piece.
	Parts []string
}

// Has tells whether the record has a trait.
func (r Record) Has(t Trait) bool { return slices.Contains(r.Traits, t) }

// Trait is something about a task, note or appointment that rules may leave it out by. The values are the words of the
// rules file.
type Trait string

// The traits.
const (
	TraitLead           Trait = "leads"           // about a lead, which GoHighLevel does not know
	TraitNoContact      Trait = "without_contact" // about nobody
	TraitEmail          Trait = "email"           // a log of an e-mail
	TraitCall           Trait = "call"            // a log of a call
	TraitRecurring      Trait = "recurring"       // the pattern of a series, not one of its occurrences
	TraitChild          Trait = "children"        // an invitee's copy of an event
	TraitPrivate        Trait = "private"         // only its owner may see it
	TraitAllDay         Trait = "all_day"         // has days instead of times
	TraitOtherActivity  Trait = "other"           // an activity of another kind, as of a cadence
	TraitDeleted        Trait = "deleted"         // its vendor says that it is deleted
	TraitIncompletePart Trait = "incomplete"      // a part of a note whose other parts were not read
	TraitOtherKind      Trait = "other_kind"      // of another kind: a note that is kept as a task, or a task that is no note
)

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
