package salesforcetest

import (
	"fmt"
	"slices"
	"strings"
)

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
// MultiselectPicklist); the name ends in "__c". Task and Event share their custom fields: the object is "Activity". It
// panics on a type or an object that does not exist or takes none, and on a name that does.
func (f *Fake) AddCustomField(object, name, typ string, opts ...FieldOption) {
	if err := f.addCustomField(object, name, typ, opts...); err != nil {
		panic("salesforcetest: " + err.Error())
	}
}

func (f *Fake) addCustomField(object, name, typ string, opts ...FieldOption) error {
	fl, err := customField(name, typ, opts...)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addField(object, fl)
}

func customField(name, typ string, opts ...FieldOption) (fl field, err error) {
	fl, known := customTypes[typ]
	if !known {
		return fl, fmt.Errorf("no custom field type %q", typ)
	}
	if !strings.HasSuffix(name, "__c") {
		return fl, fmt.Errorf("custom field %q does not end in __c", name)
	}
	fl.name, fl.custom, fl.createable, fl.updateable = name, true, true, true
	for _, o := range opts {
		o(&fl)
	}
	return fl, nil
}

// addField adds a field to an object. The caller holds the write lock.
func (f *Fake) addField(object string, fl field) error {
	name := fl.name
	if isActivity(object) && !strings.EqualFold(object, activity) {
		return fmt.Errorf("custom fields of %s are fields of %s", object, activity)
	}
	tables := f.tablesNamed(object)
	for _, t := range tables {
		switch {
		case t.object.refuses&noCustomFields != 0:
			return fmt.Errorf("%s takes no custom fields", object)
		case t.object.field(name) != nil:
			return fmt.Errorf("%s has a field %q already", object, name)
		}
	}
	if tables == nil {
		return fmt.Errorf("no object %q", object)
	}
	for _, t := range tables {
		own := fl
		f.applySettings(t.object, &own)
		t.object.add(&own)
		t.index(&own)
	}
	f.schemaChanged = f.now()
	return nil
}

// activity is what Setup calls Task and Event together: they share custom fields and field-level security.
const activity = "Activity"

func isActivity(object string) bool {
	return slices.ContainsFunc([]string{activity, "Task", "Event"}, func(s string) bool { return strings.EqualFold(s, object) })
}

// tablesNamed returns the tables that an object's name in Setup stands for; none when there is no such object.
func (f *Fake) tablesNamed(object string) []*table {
	if strings.EqualFold(object, activity) {
		return []*table{f.table("Task"), f.table("Event")}
	}
	if t := f.table(object); t != nil {
		return []*table{t}
	}
	return nil
}

// HideField sets whether field-level security hides a field ("Contact.Birthdate") from the API user; of Task and Event
// it hides a field that both have in both. It panics when there is no such field.
func (f *Fake) HideField(name string, hidden bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	objectName, fieldName, _ := strings.Cut(name, ".")
	if isActivity(objectName) {
		objectName = activity
	}
	found := false
	for _, t := range f.tablesNamed(objectName) {
		if fl := t.object.field(fieldName); fl != nil {
			fl.hidden, found = hidden, true
		}
	}
	if !found {
		panic("salesforcetest: no field " + name)
	}
	f.schemaChanged = f.now()
}

// applySettings gives a field what the options say about it.
func (f *Fake) applySettings(o *object, fl *field) {
	name := o.name + "." + fl.name
	same := func(s string) bool { return strings.EqualFold(s, name) }
	fl.hidden = fl.hidden || slices.ContainsFunc(f.options.HiddenFields, func(hidden string) bool {
		object, field, _ := strings.Cut(hidden, ".")
		return same(hidden) || isActivity(object) && isActivity(o.name) && strings.EqualFold(field, fl.name)
	})
	fl.required = fl.required || slices.ContainsFunc(f.options.RequireFields, same)
	for picklist, values := range f.options.RestrictedPicklists {
		if same(picklist) {
			fl.values, fl.restricted = values, true
		}
	}
}
