package salesforcetest

import (
	"fmt"
	"slices"
	"strings"
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
	columnName    // put together from the parts of a person's name
	columnAddress // put together from the parts of an address
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
	restricted bool
	values       []string
	refersTo     string
	relationship string
}

func (f *field) calculated() bool { return f.column == columnName || f.column == columnAddress }

// filterable tells whether the field may stand in WHERE; long text and compounds may not.
func (f *field) filterable() bool {
	return f.kind != "address" && (f.kind != "textarea" || f.length <= 255)
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

type object struct {
	name, label, prefix string
	createable          bool
	fields              []*field
	packed              []*field // by index
	byName              map[string]*field
	byRelationship      map[string]*field
}

func newObject(name, label, prefix string, createable bool, fields ...*field) *object {
	o := &object{
		name: name, label: label, prefix: prefix, createable: createable,
		byName: map[string]*field{}, byRelationship: map[string]*field{},
	}
	for _, f := range append(systemFields(), fields...) {
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

// FieldOption refines a custom field.
type FieldOption func(*field)

// ExternalID makes the field an external id: a key for upserts, not unique by itself.
func ExternalID() FieldOption { return func(f *field) { f.externalID, f.idLookup = true, true } }

// Unique makes the org refuse a second live record with the same value.
func Unique() FieldOption { return func(f *field) { f.unique = true } }

// CaseSensitive makes "a" and "A" different values of a unique or external id field.
func CaseSensitive() FieldOption { return func(f *field) { f.caseSensitive = true } }

// Length sets the length of a text field in UTF-16 units.
func Length(n int) FieldOption { return func(f *field) { f.length = n } }

// Required makes the org refuse a record without the field.
func Required() FieldOption { return func(f *field) { f.required = true } }

// Values gives a picklist its values; restricted says that it takes no other.
func Values(restricted bool, values ...string) FieldOption {
	return func(f *field) { f.values, f.restricted = values, restricted }
}

var customTypes = map[string]field{
	"Text":                {kind: "string", length: 255},
	"TextArea":            {kind: "textarea", length: 255},
	"LongTextArea":        {kind: "textarea", length: 32768},
	"Email":               {kind: "email", length: 80},
	"Phone":               {kind: "phone", length: 40},
	"Url":                 {kind: "url", length: 255},
	"Checkbox":            {kind: "boolean"},
	"Date":                {kind: "date"},
	"DateTime":            {kind: "datetime"},
	"Number":              {kind: "double"},
	"Currency":            {kind: "currency"},
	"Percent":             {kind: "percent"},
	"Picklist":            {kind: "picklist", length: 255},
	"MultiselectPicklist": {kind: "multipicklist", length: 4099},
}

// AddCustomField adds a field to an object, as an administrator does in Setup. The type is Setup's (Text, TextArea,
// LongTextArea, Email, Phone, Url, Checkbox, Date, DateTime, Number, Currency, Percent, Picklist,
// MultiselectPicklist); the name ends in "__c". It panics on a type or an object that does not exist, and on a name
// that does.
func (f *Fake) AddCustomField(object, name, typ string, opts ...FieldOption) {
	if err := f.addCustomField(object, name, typ, opts...); err != nil {
		panic("salesforcetest: " + err.Error())
	}
}

func (f *Fake) addCustomField(object, name, typ string, opts ...FieldOption) error {
	fl, known := customTypes[typ]
	if !known {
		return fmt.Errorf("no custom field type %q", typ)
	}
	if !strings.HasSuffix(name, "__c") {
		return fmt.Errorf("custom field %q does not end in __c", name)
	}
	fl.name, fl.custom, fl.createable, fl.updateable = name, true, true, true
	for _, o := range opts {
		o(&fl)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.table(object)
	if t == nil {
		return fmt.Errorf("no object %q", object)
	}
	if t.object.field(name) != nil {
		return fmt.Errorf("%s has a field %q already", object, name)
	}
	f.applySettings(t.object, &fl)
	t.object.add(&fl)
	t.index(&fl)
	f.schemaChanged = f.now()
	return nil
}

// HideField sets whether field-level security hides a field ("Contact.Birthdate") from the API user. It panics when
// there is no such field.
func (f *Fake) HideField(name string, hidden bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	objectName, fieldName, _ := strings.Cut(name, ".")
	t := f.table(objectName)
	if t == nil || t.object.field(fieldName) == nil {
		panic("salesforcetest: no field " + name)
	}
	t.object.field(fieldName).hidden = hidden
	f.schemaChanged = f.now()
}

// applySettings gives a field what the options say about it.
func (f *Fake) applySettings(o *object, fl *field) {
	name := o.name + "." + fl.name
	same := func(s string) bool { return strings.EqualFold(s, name) }
	fl.hidden = fl.hidden || slices.ContainsFunc(f.options.HiddenFields, same)
	fl.required = fl.required || slices.ContainsFunc(f.options.RequireFields, same)
	for picklist, values := range f.options.RestrictedPicklists {
		if same(picklist) {
			fl.values, fl.restricted = values, true
		}
	}
}
