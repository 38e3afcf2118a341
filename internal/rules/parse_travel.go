package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// travelDefaults are what the section of a kind says where it says nothing, and what it may say.
type travelDefaults struct {
	kind                    record.Kind
	create                  reconcile.Direction
	external                bool // the Salesforce object can have an external id field
	words, leaveOut         []record.Trait
	goHighLevel, salesforce map[record.Field]reconcile.Limits
	// directions are the defaults of fields that do not travel both ways.
	directions map[record.Field]reconcile.Direction
}

// keys returns the keys of the kind's section: the common ones and its own.
func (d travelDefaults) keys(own ...string) []string {
	keys := []string{"enabled", "create", "leave_out", "since", "filter", "deletions", "fields"}
	if d.external {
		keys = append(keys, "external_id_field")
	}
	return append(keys, own...)
}

func parseTravel(s section, d travelDefaults) Travel {
	const noun = "a way to make records"
	out := Travel{
		Enabled:   s.get("enabled").boolean(false),
		Create:    choose(s.get("create"), d.create, noun, directions...),
		LeaveOut:  list(s.get("leave_out"), d.leaveOut, "a trait to leave "+string(d.kind)+"s out by", d.words...),
		Since:     parseSince(s.get("since")),
		Deletions: parseTravelDeletions(s.get("deletions")),
	}
	if d.external {
		out.ExternalIDField = parseActivityField(s.get("external_id_field"), "GHL_Id__c")
	}
	sc := scope{section: s.path + ".fields"}
	out.Fields = parseTravelFields(s.get("fields"), d, &sc)
	out.Filter = compileCondition(s.get("filter"), sc)
	return out
}

func parseSince(v value) string {
	text := v.text("")
	if text == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		v.problem("%s is not a date; write it as 2025-01-31", quoted(text))
	}
	return text
}

// parseActivityField reads the API name of a custom field of tasks and events.
func parseActivityField(v value, example string) string {
	name := v.text("")
	if name != "" && (strings.Contains(name, ".") || checkAPIName(name) != "" || !strings.HasSuffix(name, "__c")) {
		v.problem("%s is not the API name of a custom field of Activity, as %s; leave it out when the org has none", quoted(name), example)
	}
	return name
}

// parseTravelDeletions reads what contacts have, but for marks, which have no place on other records.
func parseTravelDeletions(v value) Deletions {
	s := v.section("gohighlevel", "salesforce", "surge")
	const noun = "a way to treat deletions"
	policies := []DeletionPolicy{DeletionPropagate, DeletionIgnore, DeletionAsk}
	return Deletions{
		GoHighLevel: choose(s.get("gohighlevel"), defaultTravelDeletions.GoHighLevel, noun, policies...),
		Salesforce:  choose(s.get("salesforce"), defaultTravelDeletions.Salesforce, noun, policies...),
		Surge:       parseSurge(s.get("surge")),
	}
}

// parseTravelFields reads the policies of a kind's fields, and puts into the scope what expressions may use.
func parseTravelFields(v value, d travelDefaults, sc *scope) []reconcile.Policy {
	own := record.FieldsOf(d.kind)
	names := make([]string, len(own))
	for i, field := range own {
		names[i] = string(field)
	}
	fields := v.section()
	for _, name := range fields.names {
		if !slices.Contains(names, name) {
			hint := didYouMean(name, names)
			if hint == "" {
				hint = "; use " + anyOf(names)
			}
			fields.values[name].problem("is not a field of %ss%s", d.kind, hint)
		}
	}
	var out []reconcile.Policy
	for _, field := range own {
		s := fields.get(string(field)).section("direction", "conflict", "tie", "drift")
		e := fieldEntry{source: s, rule: FieldRule{Type: record.TypeOf(field)}}
		e.rule.Field, e.rule.GoHighLevel, e.rule.Salesforce = field, d.goHighLevel[field], d.salesforce[field]
		fallback := reconcile.Both
		if direction, given := d.directions[field]; given {
			fallback = direction
		}
		e.readTravel(fallback)
		if e.rule.Direction == reconcile.Off {
			sc.off = append(sc.off, field)
			continue
		}
		sc.fields = append(sc.fields, scopedField{name: field, kind: e.rule.Type})
		out = append(out, e.rule.Policy)
	}
	return out
}
