package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// externalFields are the fields that hold the other side's id, which no rule may use; "" where there is none.
type externalFields struct{ goHighLevel, salesforce string }

// fieldEntry is one field as the file has it, before its transforms are compiled.
type fieldEntry struct {
	rule   FieldRule
	source section // not given for a field that the file does not mention
	broken bool    // has a problem already; what follows from it is not worth another
}

// fieldEntries are all of a connection's fields, in print order.
type fieldEntries struct {
	on  []fieldEntry
	off []record.Field
}

var (
	customName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	fieldTypes = []record.Type{
		record.TypeText, record.TypeEmail, record.TypePhone, record.TypeCountry, record.TypeURL, record.TypeDate,
		record.TypeBool, record.TypeNumber, record.TypeSet,
	}
	directions  = []reconcile.Direction{reconcile.Both, reconcile.ToGoHighLevel, reconcile.ToSalesforce, reconcile.Off}
	resolutions = []reconcile.Resolution{reconcile.Newest, reconcile.GoHighLevelWins, reconcile.SalesforceWins, reconcile.Ask}
	drifts      = []reconcile.Drift{reconcile.Ignore, reconcile.Restore}
)

func parseFields(v value, external externalFields) fieldEntries {
	fields := v.section()
	customs := checkFieldNames(fields)
	out := fieldEntries{}
	add := func(e fieldEntry) {
		if e.rule.Direction == reconcile.Off {
			out.off = append(out.off, e.rule.Field)
			return
		}
		out.on = append(out.on, e)
	}
	for _, field := range record.ContactFields {
		add(parseOwnField(field, fields.get(string(field))))
	}
	for _, field := range customs {
		add(parseCustomField(field, fields.get(string(field))))
	}
	checkPlaces(out.on, external)
	return out
}

// checkFieldNames reports names that are no fields and returns the custom fields, sorted.
func checkFieldNames(fields section) []record.Field {
	own := make([]string, len(record.ContactFields))
	for i, field := range record.ContactFields {
		own[i] = string(field)
	}
	var customs []record.Field
	for _, name := range fields.names {
		field, v := record.Field(name), fields.values[name]
		bare := strings.TrimPrefix(name, string(record.Custom("")))
		switch {
		case slices.Contains(own, name):
		case field.IsCustom() && customName.MatchString(bare):
			customs = append(customs, field)
		case field.IsCustom():
			v.problem("%s is not a name for a custom field; after the dot use lower-case letters, digits and underscores, as custom.plan", quoted(name))
		case closest(name, own) == "" && customName.MatchString(name):
			v.problem("is not a contact field; a custom field is called custom.%s", name)
		default:
			v.problem("is not a contact field%s", didYouMean(name, own))
		}
	}
	slices.Sort(customs)
	return customs
}

// parseOwnField reads the rule of a field that every contact has.
func parseOwnField(field record.Field, v value) fieldEntry {
	d := fieldDefaults[field]
	s := v.section("direction", "salesforce", "gohighlevel", "type", "conflict", "tie", "drift", "to_salesforce", "to_gohighlevel")
	for _, name := range []string{"gohighlevel", "type"} {
		if fixed := s.get(name); fixed.given() {
			fixed.problem("is fixed for %s, which is GoHighLevel's %s; leave it out, or use a custom field", field, d.goHighLevel)
		}
	}
	e := fieldEntry{source: s, rule: FieldRule{Type: record.TypeOf(field), GoHighLevelKey: d.goHighLevel}}
	e.rule.Field, e.rule.GoHighLevel = field, goHighLevelLimits[d.goHighLevel]
	e.readSalesforce(d.salesforce)
	on := d.on || s.get("direction").given() || s.get("salesforce").given()
	e.readPolicy(on)
	if !on {
		for _, name := range s.names {
			if idle := s.get(name); idle.given() && name != "gohighlevel" && name != "type" {
				idle.problem("has no effect while %s is off; give it a %s", field, offHint(d))
			}
		}
	}
	if e.rule.Direction != reconcile.Off && e.rule.SalesforceField == "" && !e.broken {
		e.problem("needs the API name of the Salesforce field it goes with, as salesforce: %s", exampleField(field))
	}
	return e
}

func offHint(d fieldDefault) string {
	if d.salesforce == "" {
		return "salesforce field"
	}
	return "direction"
}

func exampleField(field record.Field) string {
	switch field {
	case record.Tags:
		return "GHL_Tags__c"
	case record.Website:
		return "Website__c"
	case record.DoNotDisturb:
		return "Do_Not_Disturb__c"
	}
	return "Plan__c"
}

// parseCustomField reads the rule of a custom field, which is wholly the file's.
func parseCustomField(field record.Field, v value) fieldEntry {
	s := v.section("type", "gohighlevel", "salesforce", "direction", "conflict", "tie", "drift", "to_salesforce", "to_gohighlevel")
	e := fieldEntry{source: s, rule: FieldRule{Type: choose(s.get("type"), record.TypeText, "a type", fieldTypes...)}}
	e.rule.Field = field
	if !s.get("type").given() {
		e.problem("needs a type: %s", anyOf(fieldTypes))
	}
	key := s.get("gohighlevel")
	switch text := key.text(""); {
	case !key.given():
		e.problem("needs the key of its GoHighLevel custom field, as gohighlevel: contact.%s", strings.TrimPrefix(string(field), string(record.Custom(""))))
	case key.what() != "text" || !checkCustomFieldKey(key, text):
		e.broken = true
	default:
		e.rule.GoHighLevelKey = customFieldsPrefix + text
	}
	e.readSalesforce("")
	if !s.get("salesforce").given() {
		e.problem("needs the API name of its Salesforce field, as salesforce: Plan__c")
	}
	e.readPolicy(true)
	return e
}

func (e *fieldEntry) problem(format string, args ...any) {
	e.source.problem(format, args...)
	e.broken = true
}

// readSalesforce reads the Salesforce field and what Salesforce does not do with it.
func (e *fieldEntry) readSalesforce(fallback string) {
	v := e.source.get("salesforce")
	name := v.text(fallback)
	wrong := ""
	if v.given() {
		wrong = checkAPIName(name)
	}
	switch {
	case v.given() && v.what() != "text":
		e.broken = true
	case wrong != "":
		v.problem("%s is not the API name of a field of Contact; %s", quoted(name), wrong)
		e.broken = true
	}
	e.rule.SalesforceField, e.rule.Salesforce = name, salesforceLimits(name)
}

// readPolicy reads how the field travels and checks that it can.
func (e *fieldEntry) readPolicy(on bool) {
	fallback := reconcile.Off
	if on {
		fallback = defaultDirection(e.rule.Salesforce)
	}
	e.readTravel(fallback)
}

// readTravel reads the policy of a field that travels as fallback says where the file says nothing.
func (e *fieldEntry) readTravel(fallback reconcile.Direction) {
	s := e.source
	e.rule.Set = e.rule.Type == record.TypeSet
	e.rule.Direction = choose(s.get("direction"), fallback, "a direction", directions...)
	e.readConflict()
	e.rule.Drift = choose(s.get("drift"), reconcile.Ignore, "a way to treat drift", drifts...)
	if e.broken || e.rule.Direction == reconcile.Off {
		return
	}
	if e.rule.Salesforce.ReadOnly && e.rule.Direction.Allows(record.Salesforce) {
		s.get("direction").problem("Salesforce's %s cannot be written, so %s cannot travel there; use to_gohighlevel, or name another Salesforce field",
			e.rule.SalesforceField, e.rule.Field)
	}
	if e.rule.Drift == reconcile.Restore && e.rule.Direction == reconcile.ToGoHighLevel && e.rule.GoHighLevel.CreateOnly {
		s.get("drift").problem("GoHighLevel takes %s only while a contact is created, so it cannot be restored; use ignore", e.rule.Field)
	}
	e.checkSet()
	for _, to := range record.Sides {
		if transform := s.get("to_" + string(to)); transform.given() && !e.rule.Direction.Allows(to) {
			transform.problem("is never used, because the direction is %s; leave it out, or change the direction", e.rule.Direction)
		}
	}
}

// checkPlaces reports two fields in one place.
func checkPlaces(entries []fieldEntry, external externalFields) {
	type place struct{ side, name string }
	taken := map[place]*fieldEntry{}
	claim := func(e *fieldEntry, side, key, name string) {
		at := place{side, strings.ToLower(name)}
		if name == "" {
			return
		}
		first, twice := taken[at]
		if !twice {
			taken[at] = e
			return
		}
		// The one that the file names, or names later, is the one to change.
		mine, other := e.source.get(key), first
		if theirs := first.source.get(key); !mine.given() || (theirs.given() && theirs.line > mine.line) {
			mine, other = theirs, e
		}
		hint := "each field needs its own"
		if !other.source.get(key).given() {
			hint = "name another one, or turn that field off with " + string(other.rule.Field) + ": {direction: off}"
		}
		mine.problem("%s belongs to %s already; %s", name, other.rule.Field, hint)
	}
	for i := range entries {
		e := &entries[i]
		if e.broken {
			continue
		}
		claim(e, "salesforce", "salesforce", e.rule.SalesforceField)
		claim(e, "gohighlevel", "gohighlevel", e.rule.GoHighLevelKey)
		if external.salesforce != "" && strings.EqualFold(e.rule.SalesforceField, external.salesforce) {
			e.source.get("salesforce").problem("%s holds the GoHighLevel id, as salesforce.external_id_field says; name another field", external.salesforce)
		}
		if external.goHighLevel != "" && e.rule.GoHighLevelKey == customFieldsPrefix+external.goHighLevel {
			e.source.get("gohighlevel").problem("%s holds the Salesforce id, as gohighlevel.external_id_field says; name another field", external.goHighLevel)
		}
	}
}

// scope returns the fields that expressions may use.
func (f fieldEntries) scope() scope {
	out := scope{section: "contacts.fields", salesforce: true, off: f.off}
	for _, e := range f.on {
		out.fields = append(out.fields, scopedField{name: e.rule.Field, kind: e.rule.Type})
	}
	return out
}

// rules compiles the transforms and returns the finished rules.
func (f fieldEntries) rules(s scope) []FieldRule {
	out := make([]FieldRule, 0, len(f.on))
	for _, e := range f.on {
		e.rule.ToSalesforce = compileTransform(e.source.get("to_salesforce"), e.rule.Type, s)
		e.rule.ToGoHighLevel = compileTransform(e.source.get("to_gohighlevel"), e.rule.Type, s)
		for key, transform := range map[string]*Transform{"to_salesforce": e.rule.ToSalesforce, "to_gohighlevel": e.rule.ToGoHighLevel} {
			if e.rule.Set && transform != nil {
				e.source.get(key).problem("a set is merged element by element and travels as it is; leave this out")
			}
		}
		out = append(out, e.rule)
	}
	return out
}
