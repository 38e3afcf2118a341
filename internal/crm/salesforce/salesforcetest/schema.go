package salesforcetest

import (
	"strings"
	"time"
)

// column says where a field's value is kept: in the row's packed text, or in a place of its own.
type column uint8

const (
	inPacked column = iota
	columnID
	columnDeleted
	columnCreated
	columnModified
	columnStamp
	columnCreatedBy
	columnModifiedBy
	columnOwner
	columnName     // put together from the parts of a person's name
	columnAddress  // put together from the parts of an address
	columnArchived // follows from the row's age
	columnType     // the object of the record that a polymorphic reference names
)

type field struct {
	name, label string
	kind        string // the describe type
	length      int
	index       uint8 // place among the packed fields
	column      column
	createable  bool
	updateable  bool
	required    bool
	unique      bool
	caseSensitive,
	externalID,
	idLookup,
	custom,
	hidden,
	restricted,
	derived, // follows from other fields: nobody writes it
	fixed, // people keep to its values too
	indexed, // found by value, though it is no key
	ofName bool // stands for the field of that name of whatever a polymorphic reference names
	values, labels []string // labels stand for the values in the same places; none where they are the values
	refersTo       string
	// alsoTo are the further objects of a polymorphic reference, whose records show what all of them have.
	alsoTo       []string
	polymorphic  bool
	relationship string
}

func (f *field) calculated() bool { return f.column == columnName || f.column == columnAddress }

// filterable tells whether the field may stand in WHERE; long text and compounds may not.
func (f *field) filterable() bool {
	return f.kind != "address" && f.kind != "base64" && (f.kind != "textarea" || f.length <= 255)
}

func (f *field) isText() bool {
	switch f.kind {
	case "string", "textarea", "phone", "email", "url", "picklist", "multipicklist":
		return true
	}
	return false
}

func (f *field) isNumber() bool {
	return f.kind == "double" || f.kind == "int" || f.kind == "currency" || f.kind == "percent"
}

// restriction is what the vendor refuses for an object that others can do.
type restriction uint8

const (
	noUpdate restriction = 1 << iota
	noUndelete
	noReplication // neither getUpdated nor getDeleted
	noCustomFields
)

type object struct {
	name, label, prefix string
	createable          bool
	refuses             restriction
	// shape puts in what follows from the fields and checks them against each other; nil for none.
	shape func(*draft) *apiError
	// created completes a new record's surroundings; nil for none.
	created func(*writer, *table, uint32)
	// keeps refuses to delete a row through the API; nil where nothing does.
	keeps func(*writer, *table, *row) *apiError
	// old tells whether a row's age archives it; nil where nothing is archived.
	old func(r *row, now time.Time) bool
	// filterBy are the fields of which a query must name one; none where it need not.
	filterBy       []string
	locks          []*field // references to what is locked with a record
	fields         []*field
	packed         []*field // by index
	byName         map[string]*field
	byRelationship map[string]*field
}

func newObject(name, label, prefix string, createable bool, fields ...*field) *object {
	return bareObject(name, label, prefix, createable, append(systemFields(), fields...)...)
}

// bareObject is newObject without the fields that most objects have.
func bareObject(name, label, prefix string, createable bool, fields ...*field) *object {
	o := &object{
		name: name, label: label, prefix: prefix, createable: createable,
		byName: map[string]*field{}, byRelationship: map[string]*field{},
	}
	for _, f := range fields {
		if !createable {
			f.createable, f.updateable = false, false
		}
		o.add(f)
	}
	return o
}

func (o *object) add(f *field) {
	if f.label == "" {
		f.label = label(f.name)
	}
	if f.column == inPacked {
		if len(o.packed) == 255 {
			panic("salesforcetest: " + o.name + " is full: no more than 255 fields")
		}
		f.index = uint8(len(o.packed))
		o.packed = append(o.packed, f)
	}
	o.fields = append(o.fields, f)
	o.byName[strings.ToLower(f.name)] = f
	if f.name == "AccountId" || f.name == "WhoId" || f.name == "WhatId" {
		o.locks = append(o.locks, f)
	}
	if f.relationship != "" {
		o.byRelationship[strings.ToLower(f.relationship)] = f
	}
}

// field returns a field by its name in any case, hidden or not; nil when there is none.
func (o *object) field(name string) *field { return o.byName[strings.ToLower(name)] }

// visibleField is field without those that field-level security hides from the API user.
func (o *object) visibleField(name string) *field {
	if f := o.field(name); f != nil && !f.hidden {
		return f
	}
	return nil
}

// label turns LeadSource into "Lead Source", AccountId into "Account ID" and GHL_Id__c into "GHL Id".
func label(name string) string {
	if custom, ok := strings.CutSuffix(name, "__c"); ok {
		return strings.ReplaceAll(custom, "_", " ")
	}
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	if s, ok := strings.CutSuffix(b.String(), " Id"); ok {
		return s + " ID"
	}
	return b.String()
}
