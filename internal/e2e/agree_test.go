package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

// people reads both CRMs as they are, person by person, by means that share nothing with Tandem's own: the fakes' stores
// and plain text comparison.
type people map[string][]map[string]string // by identity; more than one is a double

var notDigit = regexp.MustCompile(`\D`)

// identify tells people apart by their phone, which every generated person has to themselves; else by name.
func identify(phone, first, last string) string {
	if digits := notDigit.ReplaceAllString(phone, ""); digits != "" {
		return strings.TrimPrefix(digits, "1")
	}
	return plain(first) + " " + plain(last)
}

func plain(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (s *system) inGoHighLevel() people {
	out := people{}
	for c := range s.Sandbox.GoHighLevel.All() {
		out.add(identify(c.Phone, c.FirstName, c.LastName), s.goHighLevelFields(c))
	}
	return out
}

func (s *system) goHighLevelFields(c gohighleveltest.Contact) map[string]string {
	plan := ""
	for _, v := range c.CustomFields {
		if v.ID == s.Sandbox.PlanID() {
			plan = fmt.Sprint(v.Value)
		}
	}
	return map[string]string{
		"id": c.ID, "first": plain(c.FirstName), "last": plain(c.LastName), "email": plain(c.Email), "street": plain(c.Address1),
		"city": plain(c.City), "state": plain(c.State), "zip": plain(c.PostalCode), "birth": c.DateOfBirth, "plan": plain(plan),
		"tags": tags(c.Tags),
	}
}

func (s *system) inSalesforce() people {
	out := people{}
	for _, row := range s.Sandbox.Salesforce.All("Contact") {
		if row["IsDeleted"] != true {
			out.add(identify(text(row, "Phone"), text(row, "FirstName"), text(row, "LastName")), salesforceFields(row))
		}
	}
	return out
}

func salesforceFields(row map[string]any) map[string]string {
	return map[string]string{
		"id": text(row, "Id"), "first": plain(text(row, "FirstName")), "last": plain(text(row, "LastName")), "email": plain(text(row, "Email")),
		"street": plain(text(row, "MailingStreet")), "city": plain(text(row, "MailingCity")), "state": plain(text(row, "MailingState")),
		"zip": plain(text(row, "MailingPostalCode")), "birth": text(row, "Birthdate"), "plan": plain(text(row, sandbox.PlanField)),
		"tags": tags(strings.Split(text(row, sandbox.TagsField), ";")),
	}
}

func text(row map[string]any, field string) string {
	v, _ := row[field].(string)
	return v
}

func (p people) add(who string, fields map[string]string) { p[who] = append(p[who], fields) }

func tags(all []string) string {
	set := map[string]bool{}
	for _, tag := range all {
		if tag = plain(tag); tag != "" {
			set[tag] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), ";")
}

// mustAgree holds that everybody is on both sides, once, and told in the same way. It returns how many people there are.
func (s *system) mustAgree(t testing.TB) int {
	t.Helper()
	ghl, sf := s.inGoHighLevel(), s.inSalesforce()
	wrong := 0
	report := func(format string, args ...any) {
		if wrong++; wrong <= 20 {
			t.Errorf(format, args...)
		}
	}
	for who, there := range ghl {
		here := sf[who]
		if len(there) != 1 || len(here) != 1 {
			report("%s is %d times in GoHighLevel and %d times in Salesforce", who, len(there), len(here))
			continue
		}
		for field, value := range there[0] {
			if field != "id" && here[0][field] != value {
				report("%s: %s is %q in GoHighLevel and %q in Salesforce", who, field, value, here[0][field])
			}
		}
	}
	for who := range sf {
		if len(ghl[who]) == 0 {
			report("%s is only in Salesforce", who)
		}
	}
	return len(ghl)
}

// chaos are faults as vendors have them on a bad day.
func chaos() []gohighleveltest.Fault {
	return []gohighleveltest.Fault{
		{Kind: gohighleveltest.Fault500, Rate: 0.05},
		{Kind: gohighleveltest.Fault429, Rate: 0.05},
		{Kind: gohighleveltest.FaultCutAfter, Rate: 0.02},
	}
}
