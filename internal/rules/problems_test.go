package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestEveryProblemIsReportedWithItsLineAndWhatToWriteInstead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"an empty file": {"", []string{
			`1: gohighlevel.location: is missing; write the id of the GoHighLevel location, as it stands in its address: location: ve9EPM428h8vShlRW1KT`,
			`1: salesforce.org: is missing; write the id of the Salesforce org from Setup, Company Information: org: 00D000000000001`,
		}},
		"ids that cannot be": {"connection: Acme North\ngohighlevel:\n  location: ve9 EPM\nsalesforce:\n  org: 0015e000001\n", []string{
			`1: connection: "Acme North" is not a connection name; use lower-case letters, digits and dashes, at most 40, as acme-north`,
			`3: gohighlevel.location: "ve9 EPM" is not a location id; it has letters and digits only, as ve9EPM428h8vShlRW1KT`,
			`5: salesforce.org: "0015e000001" is not an org id; it starts with 00D and has 15 or 18 letters and digits`,
		}},
		"ids that are not text": {"gohighlevel:\n  location: ''\nsalesforce:\n  org: 15\n", []string{
			`2: gohighlevel.location: is empty; write the id of the GoHighLevel location`,
			`4: salesforce.org: must be text; write it in quotes: "15"`,
		}},
		"words mistyped everywhere": {`conection: acme
gohighlevel:
  location: ve9EPM428h8vShlRW1KT
  alowance: {}
  allowance: {request: 1}
salesforce:
  org: 00D000000000001
  xyzzy: 1
contacts:
  fields:
    phne: {salesforce: Phone}
    plan: {salesforce: Plan__c}
    custom.Plan: {}
    phone:
      direction: bothways
      conflict: latest
      tie: sales
      drift: no
      dirction: both
`, []string{
			`1: "conection" is not a key here; did you mean connection?`,
			`4: gohighlevel: "alowance" is not a key here; did you mean allowance?`,
			`5: gohighlevel.allowance: "request" is not a key here; did you mean requests?`,
			`8: salesforce: "xyzzy" is not a key here; use org, external_id_field, api_version, allow_duplicates or allowance`,
			`11: contacts.fields.phne: is not a contact field; did you mean phone?`,
			`12: contacts.fields.plan: is not a contact field; a custom field is called custom.plan`,
			`13: contacts.fields.custom.Plan: "custom.Plan" is not a name for a custom field; after the dot use lower-case letters, digits and underscores, as custom.plan`,
			`15: contacts.fields.phone.direction: "bothways" is not a direction; use both, to_gohighlevel, to_salesforce or off`,
			`16: contacts.fields.phone.conflict: "latest" is not a way to settle a conflict; use newest, gohighlevel, salesforce or ask`,
			`17: contacts.fields.phone.tie: "sales" is not a side; use salesforce or gohighlevel`,
			`18: contacts.fields.phone.drift: "no" is not a way to treat drift; use ignore or restore`,
			`19: contacts.fields.phone: "dirction" is not a key here; did you mean direction?`,
		}},
		"values of the wrong kind": {`gohighlevel:
  location: ve9EPM428h8vShlRW1KT
  allowance: {requests: many, window: 10, daily: -1}
  index_lag: 15
  base_url: services.example.com
salesforce:
  org: [00D000000000001]
  api_version: 59.0
  allow_duplicates: "yes"
  allowance: 7
contacts:
  match: email
  region: [US]
  missing_last_name: {company: 1}
  last_name_placeholder: ""
  filter: true
  fields: []
`, []string{
			`3: gohighlevel.allowance.requests: must be a whole number, as 100, but is text`,
			`3: gohighlevel.allowance.window: must be a time span with its unit, as 10s, but is a number`,
			`3: gohighlevel.allowance.daily: -1 is out of range; use a whole number from 0 to 1000000000`,
			`4: gohighlevel.index_lag: must be a time span with its unit, as 15s, but is a number`,
			`5: gohighlevel.base_url: is not an address; write one as https://services.example.com, or leave it out for GoHighLevel itself`,
			`7: salesforce.org: must be text, but is a list`,
			`8: salesforce.api_version: "59.0" is not an API version from 60.0 on; write it as "67.0"`,
			`9: salesforce.allow_duplicates: must be true or false, without quotes`,
			`10: salesforce.allowance: must be a group of keys, as requests:, but is a number`,
			`12: contacts.match: must be a list, as [external_id], but is text`,
			`13: contacts.region: must be text, but is a list`,
			`14: contacts.missing_last_name: must be a list, as [company], but is a group of keys`,
			`15: contacts.last_name_placeholder: is empty; write a last name, as Unknown, or leave placeholder out of missing_last_name`,
			`16: contacts.filter: must be text; write it in quotes: "true"`,
			`17: contacts.fields: must be a group of keys, as phone:, but is a list`,
		}},
		"values out of range": {ids + `contacts:
  match: [email, phone, email]
  region: Germany
  missing_last_name: [placeholder, company]
  last_name_placeholder: ` + strings.Repeat("x", 81) + `
`, []string{
			`4: contacts.match: "phone" is not a way to match; use external_id, email or phone_and_last_name`,
			`4: contacts.match: email is here twice; keep one`,
			`5: contacts.region: "Germany" is not an ISO country code; did you mean DE?`,
			`6: contacts.missing_last_name: placeholder always has a value, so nothing after it is used; put it last`,
			`7: contacts.last_name_placeholder: is longer than the 80 characters that Salesforce takes for a last name`,
		}},
		"time spans out of range": {"gohighlevel:\n  location: abc\n  index_lag: 1h\n  allowance:\n    window: 10 s\nsalesforce: {org: 00D000000000001}\ncontacts: {match: [], region: xx}\n", []string{
			`3: gohighlevel.index_lag: 1h is out of range; use a time span from 0s to 10m`,
			`5: gohighlevel.allowance.window: "10 s" is not a time span; write a number and its unit (ms, s, m, h or d), as 10s`,
			`7: contacts.match: must name at least one way to match: external_id, email or phone_and_last_name`,
			`7: contacts.region: "xx" is not an ISO country code; use two capital letters, as US`,
		}},
		"keys given twice": {ids + "contacts:\n  region: US\n  region: DE\n  fields:\n    phone: {tie: salesforce, tie: gohighlevel}\n    phone: {}\n", []string{
			`5: contacts.region: is here twice, first in line 4; keep one`,
			`7: contacts.fields.phone.tie: is here twice, first in line 7; keep one`,
			`8: contacts.fields.phone: is here twice, first in line 7; keep one`,
		}},
		"names that the APIs cannot have": {`gohighlevel: {location: abc, external_id_field: "{{contact.salesforce_id}}"}
salesforce: {org: 00D000000000001, external_id_field: GHL_Id}
contacts:
  fields:
    email: {salesforce: e-mail}
    phone: {salesforce: mobilephone}
    street: {salesforce: MailingAddress}
    city: {salesforce: Billing__c.City}
    state: {salesforce: State__x}
    company: {salesforce: ""}
    custom.plan: {type: text, gohighlevel: plan, salesforce: Plan__c}
    custom.seat: {type: words, gohighlevel: 7, salesforce: [Seat__c]}
`, []string{
			`1: gohighlevel.external_id_field: "{{contact.salesforce_id}}" is not the key of a contact custom field; did you mean contact.salesforce_id?`,
			`2: salesforce.external_id_field: "GHL_Id" is not the API name of a custom field of Contact, as GHL_Id__c; leave it out when the org has none`,
			`5: contacts.fields.email.salesforce: "e-mail" is not the API name of a field of Contact; an API name has letters, digits and underscores, as MobilePhone, Plan__c or Account.Name`,
			`6: contacts.fields.phone.salesforce: "mobilephone" is not the API name of a field of Contact; Salesforce spells it MobilePhone`,
			`7: contacts.fields.street.salesforce: "MailingAddress" is not the API name of a field of Contact; it is made of several fields; name one of those, as MailingStreet`,
			`8: contacts.fields.city.salesforce: "Billing__c.City" is not the API name of a field of Contact; a custom relationship ends in __r, as Billing__r`,
			`9: contacts.fields.state.salesforce: "State__x" is not the API name of a field of Contact; a custom field's API name ends in __c`,
			`10: contacts.fields.company.salesforce: "" is not the API name of a field of Contact; an API name has letters, digits and underscores, as MobilePhone, Plan__c or Account.Name`,
			`11: contacts.fields.custom.plan.gohighlevel: "plan" is not the key of a contact custom field; did you mean contact.plan?`,
			`12: contacts.fields.custom.seat.type: "words" is not a type; use text, email, phone, country, url, date, bool, number or set`,
			`12: contacts.fields.custom.seat.gohighlevel: must be text; write it in quotes: "7"`,
			`12: contacts.fields.custom.seat.salesforce: must be text, but is a list`,
		}},
		"fields that cannot travel as they are told to": {ids + `contacts:
  fields:
    first_name: {direction: to_salesforce, to_gohighlevel: upper(value)}
    company: {direction: both, drift: restore}
    city: {direction: off, salesforce: City__c}
    website: {direction: both}
    tags: {conflict: ask}
    do_not_email: {conflict: ask}
    custom.a: {}
    custom.b: {type: text, gohighlevel: contact.b, salesforce: Account.B__c, direction: to_salesforce}
    email: {type: text, gohighlevel: contact.mail}
    country: {salesforce: Account.BillingCountry, to_salesforce: value}
`, []string{
			`5: contacts.fields.first_name.to_gohighlevel: is never used, because the direction is to_salesforce; leave it out, or change the direction`,
			`6: contacts.fields.company.direction: Salesforce's Account.Name cannot be written, so company cannot travel there; use to_gohighlevel, or name another Salesforce field`,
			`8: contacts.fields.website: needs the API name of the Salesforce field it goes with, as salesforce: Website__c`,
			`9: contacts.fields.tags.conflict: has no effect while tags is off; give it a salesforce field`,
			`10: contacts.fields.do_not_email.conflict: has no effect while do_not_email is off; give it a direction`,
			`11: contacts.fields.custom.a: needs a type: text, email, phone, country, url, date, bool, number or set`,
			`11: contacts.fields.custom.a: needs the API name of its Salesforce field, as salesforce: Plan__c`,
			`11: contacts.fields.custom.a: needs the key of its GoHighLevel custom field, as gohighlevel: contact.a`,
			`12: contacts.fields.custom.b.direction: Salesforce's Account.B__c cannot be written, so custom.b cannot travel there; use to_gohighlevel, or name another Salesforce field`,
			`13: contacts.fields.email.type: is fixed for email, which is GoHighLevel's email; leave it out, or use a custom field`,
			`13: contacts.fields.email.gohighlevel: is fixed for email, which is GoHighLevel's email; leave it out, or use a custom field`,
			`14: contacts.fields.country.to_salesforce: is never used, because the direction is to_gohighlevel; leave it out, or change the direction`,
		}},
		"an edit of the company that cannot be restored": {ids + "contacts:\n  fields:\n    company:\n      drift: restore\n", []string{
			`6: contacts.fields.company.drift: GoHighLevel takes company only while a contact is created, so it cannot be restored; use ignore`,
		}},
		"two fields in one place": {`gohighlevel: {location: abc, external_id_field: contact.sf}
salesforce: {org: 00D000000000001, external_id_field: GHL_Id__c}
contacts:
  fields:
    custom.b: {type: text, gohighlevel: contact.same, salesforce: Second__c}
    custom.a: {type: text, gohighlevel: contact.same, salesforce: First__c}
    custom.c: {type: text, gohighlevel: contact.sf, salesforce: GHL_Id__c}
    custom.d: {type: text, gohighlevel: contact.d, salesforce: Email}
    phone: {salesforce: MobilePhone}
    custom.e: {type: phone, gohighlevel: contact.e, salesforce: MobilePhone}
    street: {salesforce: MailingCity}
`, []string{
			`6: contacts.fields.custom.a.gohighlevel: customFields.contact.same belongs to custom.b already; each field needs its own`,
			`7: contacts.fields.custom.c.gohighlevel: contact.sf holds the Salesforce id, as gohighlevel.external_id_field says; name another field`,
			`7: contacts.fields.custom.c.salesforce: GHL_Id__c holds the GoHighLevel id, as salesforce.external_id_field says; name another field`,
			`8: contacts.fields.custom.d.salesforce: Email belongs to email already; name another one, or turn that field off with email: {direction: off}`,
			`10: contacts.fields.custom.e.salesforce: MobilePhone belongs to phone already; each field needs its own`,
			`11: contacts.fields.street.salesforce: MailingCity belongs to city already; name another one, or turn that field off with city: {direction: off}`,
		}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, problemsOf(t, c.text)) })
	}
}

func TestTextThatIsNoRulesFileIsOneProblemAtItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"broken YAML":            {"a: 1\nb: [1,\nc: 2", `2: this is not valid YAML: sequence end token ']' not found`},
		"an open quote":          {"connection: 'acme", `1: this is not valid YAML: could not find end character of single-quoted text`},
		"a list":                 {"- a\n- b\n", `1: must be a group of keys, as connection:, but is a list`},
		"bare text":              {"\nacme\n", `1: must be a group of keys, as connection:, but is text`},
		"a second document":      {"---\n" + ids + "---\na: 1\n", `4: a second document starts here; a rules file holds one connection`},
		"an anchor":              {"connection: &a acme\n", `1: text that starts with & must stand in quotes`},
		"an alias":               {"\nconnection: *a\n", `2: text that starts with * must stand in quotes`},
		"a filter without quote": {"contacts:\n  filter: !(\"x\" in tags)\n", `2: text that starts with ! must stand in quotes: '!…'`},
		"a merge":                {"<<: {a: 1}\n", `1: << is not used in rules files; write each key with its value`},
		"a complex key":          {"? a\n: b\n", `1: ? is not used in rules files; write each key with its value`},
		"bytes that are no text": {"a: 1\nb: \xff\n", `2: the line is not UTF-8; save the file as UTF-8`},
		"control characters":     {"a: 1\nb: \x00\n", `2: the line holds the control character U+0000; remove it`},
		"deep brackets":          {"a: " + strings.Repeat("[", 1000), `1: too many brackets inside each other`},
		"deep lists":             {strings.Repeat("- ", 1000), `1: too many lists inside each other`},
		"too many fields":        {strings.Repeat("a:\n", 20_000), `10001: the file is too long; a rules file has at most about 1,000 fields`},
		"a huge file":            {strings.Repeat("#", longestFile+1), `1: the file has 262145 bytes; a rules file has at most 262144`},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, []string{c.want}, problemsOf(t, c.text)) })
	}
}

func TestAFileThatNamesNoConnectionIsCalledAfterItsFile(t *testing.T) {
	r, err := Parse("rules/acme-north.yaml", []byte(ids))
	assert.NoError(t, err)
	assert.Equal(t, "acme-north", r.Connection)

	_, err = Parse("My Rules.yaml", []byte(ids))
	assert.EqualError(t, err, "My Rules.yaml:1: connection: is missing; name the connection with lower-case letters, digits and dashes, at most 40: connection: acme")
}

func TestAProblemPointsAtTheColumnOfItsValue(t *testing.T) {
	_, err := Parse("acme.yaml", []byte(ids+"contacts: {region: xx}\n"))
	assert.Equal(t, Problems{{
		File: "acme.yaml", Line: 3, Column: 20, Path: "contacts.region", Message: `"xx" is not an ISO country code; use two capital letters, as US`,
	}}, err)
}

func TestWindowsLineEndsAndAByteOrderMarkDoNoHarm(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(ids+"contacts:\n  region: DE\n", "\n", "\r\n")
	assert.Equal(t, "DE", parse(t, text).Contacts.Region)
	assert.Equal(t, []string{`4: contacts.region: "xx" is not an ISO country code; use two capital letters, as US`},
		problemsOf(t, strings.ReplaceAll(text, "DE", "xx")))
}

// unusable names a setting of accepted rules that live sync could not work by.
func unusable(r *Rules) string {
	sweeps, surge, reviews := r.Live.Sweeps, r.Contacts.Deletions.Surge, r.Reviews
	switch {
	case sweeps.Fastest < shortestSpan || sweeps.Fastest > sweeps.Slowest || sweeps.Slowest > sweeps.StaleAfter:
		return "sweeps out of order"
	case r.GoHighLevel.IndexLag > sweeps.GoHighLevelOverlap || sweeps.SalesforceOverlap < 0 || sweeps.Margin < 0 || sweeps.Compare < 0:
		return "sweeps that miss changes"
	case !(surge.Share >= 0 && surge.Share <= 1) || surge.Count < 0 || surge.Window < shortestSpan:
		return "no surge"
	case r.Live.RecordLaneMax < 0 || r.Live.Breaker.Writes != 0 && r.Live.Breaker.Writes < 3:
		return "no bounds"
	case reviews.RemindAfter < 0 || reviews.DecideAfter < 0 || reviews.DecideAfter > 0 && reviews.RemindAfter >= reviews.DecideAfter:
		return "reviews decided before the reminder"
	case r.Contacts.Deletions.MarkTag == "":
		return "no tag"
	}
	for _, allowance := range []Allowance{r.GoHighLevel.Allowance, r.Salesforce.Allowance} {
		if !(allowance.BackfillShare > 0 && allowance.BackfillShare <= 1) || allowance.Recheck < shortestSpan {
			return "no allowance for backfill"
		}
	}
	for _, travel := range []Travel{r.Tasks.Travel, r.Notes.Travel, r.Appointments.Travel} {
		for _, p := range travel.Fields {
			if p.Conflict == "" || p.Tie != record.GoHighLevel && p.Tie != record.Salesforce || p.Direction == reconcile.Off {
				return "a field of another kind without a policy"
			}
		}
		if travel.Deletions.GoHighLevel == DeletionMark || travel.Deletions.Salesforce == DeletionMark || travel.Deletions.Surge.Window < shortestSpan {
			return "deletions of another kind that cannot be followed"
		}
	}
	if r.Tasks.DueHour < 0 || r.Tasks.DueHour > 23 || r.Tasks.DueAfter < 0 || r.Notes.PartLength < 1000 || r.Appointments.Duration <= 0 {
		return "bounds of another kind"
	}
	if r.Appointments.Create.Allows(record.GoHighLevel) && r.Appointments.Calendar == "" {
		return "appointments without a calendar"
	}
	for _, rule := range r.Contacts.Fields {
		if rule.Conflict == "" || rule.Tie != record.GoHighLevel && rule.Tie != record.Salesforce {
			return "a conflict without a winner"
		}
	}
	return ""
}

func FuzzParse(f *testing.F) {
	f.Add(ids)
	f.Add(string(Example("acme", "abc", "00D000000000001")))
	f.Add(ids + "contacts:\n  filter: |\n    email != \"\" &&\n    !(\"x\" in tags)\n  fields: {tags: {salesforce: T__c}, custom.a: {type: set, gohighlevel: contact.a, salesforce: A__c, to_salesforce: 'map(values, # + \"x\")'}}\n")
	f.Add(ids + "contacts:\n  deletions: {gohighlevel: mark, salesforce: propagate, mark_tag: gone, mark_field: Gone__c, surge: {count: 5, share: 2.5%, window: 1d}}\n  fields: {phone: {conflict: newest gohighlevel}}\n")
	f.Add(ids + "live:\n  record_lane_max: 0\n  sweeps: {fastest: 100ms, slowest: 1s, gohighlevel_overlap: 15s, salesforce_overlap: 0, margin: 0s, compare: 1d12h, stale_after: 1m}\n  breaker: {writes: 0, window: 10m}\nreviews: {remind_after: 0, decide_after: 336h}\n")
	f.Add(ids + "live: {sweeps: {fastest: 1h, slowest: 1s, stale_after: 99999999999d}}\nreviews: {remind_after: 2d, decide_after: 1d}\ncontacts: {deletions: {surge: {share: .inf}}}\n")
	f.Add(ids + "tasks: {due: {hour: 9, without: 7d}, statuses: {A: completed}, priority: {show: [High]}, fields: {due: {direction: off}}}\nusers: {map: {a: 0055g00000AbCdE}}\n")
	f.Add(ids + "notes: {as: task, part_length: 1000}\nappointments: {create: both, calendar: c, status: {show: field, field: S__c, words: {noshow: Missed}}, duration: 1h}\n")
	f.Add("a: [1,\nb: {")
	f.Add("- - - a\n? b\n: &c *c\n!!str 1\n%YAML 1.2\n---\n")
	f.Add("contacts: {fields: {phone: {direction: [], to_salesforce: 'let a = value; a + a'}}}")
	f.Add("a: 'x\n\"\\u12")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse("acme.yaml", []byte(text))
		if err == nil {
			if r == nil || r.GoHighLevel.Location == "" || r.Salesforce.Org == "" || len(r.Contacts.Match) == 0 {
				t.Fatal("accepted without what every connection needs")
			}
			if wrong := unusable(r); wrong != "" {
				t.Fatal(wrong)
			}
			return
		}
		problems, ok := err.(Problems)
		if !ok || len(problems) == 0 || r != nil {
			t.Fatalf("not a list of problems: %T", err)
		}
		lines := strings.Count(text, "\n") + 1
		for i, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" || strings.Contains(p.String(), "\n") {
				t.Fatalf("a problem without a place: %+v", p)
			}
			if i > 0 && p.Line < problems[i-1].Line {
				t.Fatal("problems out of order")
			}
		}
	})
}
