package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

var deletionPolicies = []DeletionPolicy{DeletionPropagate, DeletionIgnore, DeletionAsk, DeletionMark}

func parseDeletions(v value, fields fieldEntries, external externalFields) Deletions {
	s := v.section("gohighlevel", "salesforce", "mark_tag", "mark_field", "surge")
	const noun = "a way to treat deletions"
	return Deletions{
		GoHighLevel: choose(s.get("gohighlevel"), defaultDeletions.GoHighLevel, noun, deletionPolicies...),
		Salesforce:  choose(s.get("salesforce"), defaultDeletions.Salesforce, noun, deletionPolicies...),
		MarkTag:     parseMarkTag(s.get("mark_tag")),
		MarkField:   parseMarkField(s.get("mark_field"), fields, external),
		Surge:       parseSurge(s.get("surge")),
	}
}

// parseMarkTag reads a tag in the form in which tags are kept: under another one it would not be found again.
func parseMarkTag(v value) string {
	const longestTag = 100
	text := v.text(defaultDeletions.MarkTag)
	kept := record.Normaliser{}.NormaliseSet([]string{text}).Text()
	switch {
	case v.what() != "text":
	case kept == "":
		v.problem("is empty; write a tag, as %s", defaultDeletions.MarkTag)
	case strings.ContainsAny(text, ",;\n"):
		v.problem("%s is not one tag; write it without commas, semicolons and line breaks, as %s", quoted(text), defaultDeletions.MarkTag)
	case kept != text:
		v.problem("%s is not how a tag is kept, which is in lower case and without spaces around it; write %s", quoted(text), quoted(kept))
	case len([]rune(text)) > longestTag:
		v.problem("is longer than %d characters; write a shorter tag, as %s", longestTag, defaultDeletions.MarkTag)
	}
	return text
}

// parseMarkField reads the field that is set under mark, which must be nobody else's: what Tandem sets there would
// travel.
func parseMarkField(v value, fields fieldEntries, external externalFields) string {
	const hint = "name a checkbox of Contact, as Deleted_In_GHL__c, or leave it out"
	name := v.text("")
	if name == "" {
		return ""
	}
	wrong := checkAPIName(name)
	switch {
	case wrong != "":
		v.problem("%s is not the API name of a field of Contact; %s", quoted(name), wrong)
	case readOnly(name):
		v.problem("Salesforce's %s cannot be written; %s", name, hint)
	case slices.Contains(standardFields, name) && !slices.Contains(checkboxFields, name):
		v.problem("%s is not a checkbox; %s", name, hint)
	case strings.EqualFold(name, external.salesforce):
		v.problem("%s holds the GoHighLevel id, as salesforce.external_id_field says; %s", name, hint)
	}
	for _, e := range fields.on {
		if wrong == "" && strings.EqualFold(e.rule.SalesforceField, name) {
			v.problem("%s belongs to %s already; %s", name, e.rule.Field, hint)
		}
	}
	return name
}

func parseSurge(v value) Surge {
	s := v.section("count", "share", "window")
	return Surge{
		Count:  s.get("count").integer(defaultDeletions.Surge.Count, 0, 1_000_000),
		Share:  s.get("share").share(defaultDeletions.Surge.Share, 0, 1),
		Window: s.get("window").duration(defaultDeletions.Surge.Window, shortestSpan, 7*day),
	}
}
