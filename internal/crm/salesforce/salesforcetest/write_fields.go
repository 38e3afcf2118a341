package salesforcetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

type fieldChange struct {
	field *field
	text  string
}

// convert reads the record as sent: which fields, with what content.
func (w *writer) convert(t *table, fields map[string]any, creating bool) ([]fieldChange, []*apiError) {
	var (
		out       []fieldChange
		forbidden []string
		errs      []*apiError
	)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		if name == "attributes" {
			continue
		}
		fl := t.object.field(name)
		if fl == nil {
			if c, err := w.byForeignKey(t, name, value); err != nil {
				return nil, []*apiError{err}
			} else if c != nil {
				out = append(out, *c)
				continue
			}
		}
		switch {
		case fl == nil:
			return nil, []*apiError{fail("INVALID_FIELD", fmt.Sprintf("No such column '%s' on sobject of type %s", name, t.object.name))}
		case fl.calculated() || fl.derived || fl.column == columnID || fl.column == columnDeleted,
			!w.person && (fl.hidden || creating && !fl.createable || !creating && !fl.updateable):
			forbidden = append(forbidden, fl.name)
			continue
		}
		if slices.ContainsFunc(out, func(c fieldChange) bool { return c.field == fl }) {
			return nil, []*apiError{fail("INVALID_FIELD", "Field specified twice: "+fl.name)}
		}
		content, wrong := fl.convert(value)
		switch {
		case wrong != nil && w.single:
			return nil, []*apiError{wrong.whole()}
		case wrong != nil:
			errs = append(errs, wrong.item())
			continue
		}
		out = append(out, fieldChange{fl, content})
	}
	if forbidden != nil {
		return nil, []*apiError{fail("INVALID_FIELD_FOR_INSERT_UPDATE", fmt.Sprintf(
			"Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
			strings.Join(forbidden, ", ")), forbidden...)}
	}
	return out, errs
}

// byForeignKey reads {"Account": {"Number__c": "7"}}: a reference by an external id of what it refers to.
func (w *writer) byForeignKey(t *table, name string, value any) (*fieldChange, *apiError) {
	fl := t.object.byRelationship[strings.ToLower(name)]
	keys, isObject := value.(map[string]any)
	if fl == nil || !isObject || fl.hidden || !fl.createable || fl.polymorphic {
		return nil, nil
	}
	target := w.f.table(fl.refersTo)
	for key, v := range keys {
		if key == "attributes" {
			continue
		}
		by := target.object.visibleField(key)
		text, isText := v.(string)
		if by == nil || !by.externalID || !isText {
			return nil, fail("INVALID_FIELD", fmt.Sprintf("Field name provided, %s is not an External ID or indexed field for %s", key, target.object.name))
		}
		found := target.match(by, strings.TrimSpace(text))
		if len(found) != 1 {
			return nil, fail("INVALID_FIELD", fmt.Sprintf("Foreign key external ID: %s not found for field %s in entity %s", strings.ToLower(text), by.name, target.object.name))
		}
		return &fieldChange{fl, target.id(found[0])}, nil
	}
	return nil, nil
}

// match returns the positions of the live current records with the value in an indexed field.
func (t *table) match(by *field, value string) []uint32 {
	if value == "" {
		return nil
	}
	index := t.byValue[by.index]
	key := by.key(value)
	var out []uint32
	for _, pos := range index.find(key) {
		if r := t.rows[pos]; r != nil && !r.deleted && index.value(r) == key {
			out = append(out, pos)
		}
	}
	slices.Sort(out)
	return out
}
