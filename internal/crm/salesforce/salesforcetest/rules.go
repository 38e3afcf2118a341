package salesforcetest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// checkField checks one converted value: its length, form, list of values, and what it refers to.
func (w *writer) checkField(t *table, fl *field, text string) *apiError {
	if fl.kind == "reference" {
		return w.checkReference(t, fl, text)
	}
	if err := fl.check(text); err != nil && (!w.person || fl.fixed || err.code == "STRING_TOO_LONG") {
		return err
	}
	return nil
}

func (w *writer) checkReference(t *table, fl *field, id string) *apiError {
	if id == "" {
		if fl.column != inPacked {
			return fail("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+fl.name+"]", fl.name)
		}
		return nil
	}
	id15, ok := parseID(id)
	var target *table
	if ok {
		target = w.f.referred(fl, id15)
	}
	if target == nil {
		return fail("MALFORMED_ID", fmt.Sprintf("%s: id value of incorrect type: %s", fl.label, id), fl.name)
	}
	pos, ok := target.find(id15)
	if !ok || target.rows[pos] == nil {
		return fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fl.name)
	}
	if target.rows[pos].deleted {
		return fail("ENTITY_IS_DELETED", "entity is deleted", fl.name)
	}
	if fl.column == columnOwner && !w.person && target.rows[pos].get(target.object.field("IsActive").index) == "" {
		return fail("INACTIVE_OWNER_OR_USER", fmt.Sprintf("operation performed with inactive user [%s] as owner of %s", id, strings.ToLower(t.object.name)))
	}
	return nil
}

// referred returns the table of a reference's record; nil where the id is of none that the field may name.
func (f *Fake) referred(fl *field, id15 string) *table {
	if t := f.table(fl.refersTo); t != nil && t.object.prefix == id15[:3] {
		return t
	}
	for _, name := range fl.alsoTo {
		if t := f.table(name); t != nil && t.object.prefix == id15[:3] {
			return t
		}
	}
	return nil
}

// setColumn sets a field that has a place of its own.
func (w *writer) setColumn(r *row, fl *field, text string) *apiError {
	var user uint32
	if fl.kind == "reference" {
		user, _ = w.f.table("User").find(text[:15])
	}
	var at time.Time
	if fl.kind == "datetime" {
		var ok bool
		if at, ok = parseDateTime(text); !ok || at.Unix() < 0 {
			return fail("INVALID_TYPE_ON_FIELD_IN_RECORD", fl.label+": value not of required type", fl.name)
		}
	}
	switch fl.column {
	case columnOwner:
		r.owner = user
	case columnCreatedBy:
		r.createdBy = user
	case columnModifiedBy:
		r.modifiedBy = user
	case columnCreated:
		r.created = uint32(at.Unix())
	case columnModified:
		r.modified = uint32(at.Unix())
	case columnStamp:
		r.stamp = uint32(at.Unix())
		if fl.name == "LastModifiedDate" {
			r.modified = r.stamp
		}
	}
	return nil
}

func (w *writer) checkRequired(t *table, r *row) *apiError {
	if w.person {
		return nil
	}
	var missing []string
	for _, fl := range t.object.fields {
		if fl.required && fl.column == inPacked && fl.kind != "boolean" && r.get(fl.index) == "" {
			missing = append(missing, fl.name)
		}
	}
	if missing == nil {
		return nil
	}
	return fail("REQUIRED_FIELD_MISSING", "Required fields are missing: ["+strings.Join(missing, ", ")+"]", missing...)
}

// checkUnique refuses a value of a unique field that another live record has. The message names that record, in the
// 15-character form.
func (w *writer) checkUnique(t *table, r *row, self int64) *apiError {
	for _, fl := range t.object.packed {
		if !fl.unique {
			continue
		}
		for _, pos := range t.match(fl, r.get(fl.index)) {
			if int64(pos) != self {
				return fail("DUPLICATE_VALUE", fmt.Sprintf("duplicate value found: %s duplicates value on record with id: %s", fl.name, t.id(pos)[:15]))
			}
		}
	}
	return nil
}

// AddValidationRule makes the org refuse each write through the API that leaves a record of the object in a state for
// which fails returns true. It sees the fields by API name, nil where empty, and must not call the Fake. Rules are not
// part of a snapshot.
func (f *Fake) AddValidationRule(object, message string, fails func(fields map[string]any) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, validationRule{object, message, fails})
}

func (w *writer) validate(t *table, self int64, r *row) []*apiError {
	var (
		errs   []*apiError
		fields map[string]any
	)
	for _, rule := range w.f.rules {
		if !strings.EqualFold(rule.object, t.object.name) {
			continue
		}
		if fields == nil {
			fields = w.f.record(t, uint32(max(self, 0)), r)
			if self < 0 {
				fields["Id"] = nil
			}
		}
		if rule.fails(fields) {
			errs = append(errs, fail("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message))
		}
	}
	return errs
}

func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}

func phoneIndex(o *object) *hashIndex {
	phone, last := o.field("Phone").index, o.field("LastName").index
	return newHashIndex(func(r *row) string {
		number, name := digits(r.get(phone)), r.get(last)
		if number == "" || name == "" {
			return ""
		}
		return number + "\x00" + strings.ToLower(name)
	})
}

// checkDuplicates applies the contacts' duplicate rule: the same e-mail address, or the same phone and last name.
func (w *writer) checkDuplicates(t *table, r, before *row, self int64) *apiError {
	if t.byPhone == nil || w.allowSave && w.f.options.DuplicateRule == "alert" {
		return nil
	}
	byEmail := t.byValue[t.object.field("Email").index]
	var found []uint32
	for _, index := range []*hashIndex{byEmail, t.byPhone} {
		key := index.value(r)
		if key == "" || before != nil && index.value(before) == key {
			continue
		}
		for _, pos := range index.find(key) {
			other := t.rows[pos]
			if other != nil && !other.deleted && int64(pos) != self && index.value(other) == key {
				found = append(found, pos)
			}
		}
	}
	if found == nil {
		return nil
	}
	err := fail("DUPLICATES_DETECTED", "Use one of these records?")
	err.duplicates = w.duplicateResult(t, found)
	return err
}

func (w *writer) duplicateResult(t *table, found []uint32) []byte {
	b := []byte(`{"allowSave":` + strconv.FormatBool(w.f.options.DuplicateRule == "alert") +
		`,"duplicateRule":"Standard_Contact_Duplicate_Rule","duplicateRuleEntityType":"Contact"` +
		`,"errorMessage":"Use one of these records?","matchResults":[{"entityType":"Contact","errors":[]` +
		`,"matchEngine":"FuzzyMatchEngine","matchRecords":[`)
	seen := map[uint32]bool{}
	for _, pos := range found {
		if seen[pos] {
			continue
		}
		if len(seen) > 0 {
			b = append(b, ',')
		}
		seen[pos] = true
		b = append(b, `{"additionalInformation":[],"fieldDiffs":[],"matchConfidence":100.0,"record":`...)
		b = w.f.appendAttributes(append(b, '{'), w.base, t, pos)
		names := []string{"Id"}
		if w.details {
			names = []string{"Id", "Name", "Email", "Phone"}
		}
		for _, name := range names {
			b = append(b, `,"`+name+`":`...)
			b = w.f.appendValue(b, t, pos, t.rows[pos], t.object.field(name))
		}
		b = append(b, "}}"...)
	}
	return append(b, fmt.Sprintf(`],"rule":"Standard_Contact_Match_Rule_v1_1","size":%d,"success":true}]}`, len(seen))...)
}

// appendAttributes writes the attributes that start each record.
func (f *Fake) appendAttributes(b []byte, base string, t *table, pos uint32) []byte {
	b = append(b, `"attributes":{"type":"`...)
	b = append(b, t.object.name...)
	b = append(b, `","url":"`...)
	b = append(b, base...)
	b = append(b, "/sobjects/"...)
	b = append(b, t.object.name...)
	b = append(b, '/')
	b = append(b, t.id(pos)...)
	return append(b, `"}`...)
}
