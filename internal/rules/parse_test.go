package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// ids is the least that a file must say.
const ids = "gohighlevel: {location: ve9EPM428h8vShlRW1KT}\nsalesforce: {org: 00D000000000001}\n"

func parse(t *testing.T, text string) *Rules {
	t.Helper()
	r, err := Parse("acme.yaml", []byte(text))
	require.NoError(t, err)
	return r
}

// problemsOf returns the problems of a file as they are printed, without the file's name.
func problemsOf(t *testing.T, text string) []string {
	t.Helper()
	r, err := Parse("acme.yaml", []byte(text))
	if err == nil {
		return nil
	}
	assert.Nil(t, r)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	require.NotEmpty(t, problems)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, len(problems))
	for i, line := range lines {
		assert.Positive(t, problems[i].Line)
		assert.Positive(t, problems[i].Column)
		lines[i] = strings.TrimPrefix(line, "acme.yaml:")
	}
	return lines
}

func fieldRule(t *testing.T, r *Rules, f record.Field) FieldRule {
	t.Helper()
	for _, rule := range r.Contacts.Fields {
		if rule.Field == f {
			return rule
		}
	}
	require.Failf(t, "no rule", "%s", f)
	return FieldRule{}
}

func TestTheTwoIDsAreAllThatAFileMustSay(t *testing.T) {
	r := parse(t, ids)
	assert.Equal(t, "acme", r.Connection)
	assert.Equal(t, GoHighLevel{
		Location: "ve9EPM428h8vShlRW1KT", IndexLag: 15 * time.Second,
		Allowance: Allowance{Requests: 100, Window: 10 * time.Second, Daily: 200_000, BackfillShare: 0.7, Recheck: 15 * time.Minute},
	}, r.GoHighLevel)
	assert.Equal(t, Salesforce{
		Org: "00D000000000001", APIVersion: "67.0", AllowDuplicates: true,
		Allowance: Allowance{Window: 10 * time.Second, BackfillShare: 0.7, Recheck: 15 * time.Minute},
	}, r.Salesforce)
	assert.Equal(t, []record.MatchTier{record.MatchExternalID, record.MatchEmail, record.MatchPhoneAndName}, r.Contacts.Match)
	assert.Equal(t, "US", r.Contacts.Region)
	assert.Equal(t, []LastNameSource{"company", "email", "phone", "placeholder"}, r.Contacts.MissingLastName)
	assert.Equal(t, "Unknown", r.Contacts.LastNamePlaceholder)
	assert.Nil(t, r.Contacts.Filter)
	assert.Equal(t, ids, r.Text)
}

func TestTheDefaultFieldsTravelBothWaysExceptTheCompany(t *testing.T) {
	var got []string
	for _, f := range parse(t, ids).Contacts.Fields {
		assert.Equal(t, reconcile.Newest, f.Conflict)
		assert.Equal(t, record.Salesforce, f.Tie)
		assert.Equal(t, reconcile.Ignore, f.Drift)
		assert.False(t, f.Set)
		assert.Equal(t, record.TypeOf(f.Field), f.Type)
		got = append(got, strings.Join([]string{string(f.Field), f.GoHighLevelKey, f.SalesforceField, string(f.Direction), limits(f)}, " "))
	}
	assert.Equal(t, []string{
		"first_name firstName FirstName both ",
		"last_name lastName LastName both salesforce-no-clear",
		"email email Email both ",
		"phone phone Phone both ",
		"street address1 MailingStreet both ",
		"city city MailingCity both ",
		"state state MailingState both ",
		"postal_code postalCode MailingPostalCode both gohighlevel-no-clear",
		"country country MailingCountry both gohighlevel-no-clear",
		"company companyName Account.Name to_gohighlevel gohighlevel-create-only salesforce-read-only",
		"birth_date dateOfBirth Birthdate both ",
	}, got)
}

func limits(f FieldRule) string {
	var out []string
	for _, side := range []struct {
		name string
		reconcile.Limits
	}{{"gohighlevel", f.GoHighLevel}, {"salesforce", f.Salesforce}} {
		if side.ReadOnly {
			out = append(out, side.name+"-read-only")
		}
		if side.CreateOnly {
			out = append(out, side.name+"-create-only")
		}
		if side.NoClear {
			out = append(out, side.name+"-no-clear")
		}
	}
	return strings.Join(out, " ")
}

func TestEverySettingCanBeGiven(t *testing.T) {
	r := parse(t, `
connection: acme-north
gohighlevel:
  location: ve9EPM428h8vShlRW1KT
  external_id_field: contact.salesforce_id
  allowance: {requests: 0, window: 500ms, daily: 7, backfill_share: 25%, recheck: 100ms}
  index_lag: 0s
  base_url: http://127.0.0.1:8080/
salesforce:
  org: 00D000000000001AAA
  external_id_field: GHL_Id__c
  api_version: 66.0
  allow_duplicates: false
  allowance: {requests: 3, window: 1m, daily: 15000, backfill_share: 1, recheck: 24h}
contacts:
  match: [email]
  region: DE
  missing_last_name: [company, placeholder]
  last_name_placeholder: "-"
  filter: |
    email != "" &&
    !("internal" in tags)
  fields:
    phone: {salesforce: MobilePhone, conflict: salesforce}
    city: {direction: off}
    source: {direction: to_salesforce, salesforce: LeadSource}
    tags: {salesforce: GHL_Tags__c}
    do_not_call: {direction: both}
    owner: {salesforce: OwnerId}
    custom.plan: {type: text, gohighlevel: contact.plan, salesforce: Plan__c, direction: both, conflict: ask, tie: gohighlevel, drift: restore, to_salesforce: 'upper(value)'}
    custom.industry: {type: text, gohighlevel: contact.industry, salesforce: Account.Industry}
    custom.interests: {type: set, gohighlevel: contact.interests, salesforce: acme__Interests__c}
`)
	assert.Equal(t, "acme-north", r.Connection)
	assert.Equal(t, "contact.salesforce_id", r.GoHighLevel.ExternalIDField)
	assert.Equal(t, Allowance{Window: 500 * time.Millisecond, Daily: 7, BackfillShare: 0.25, Recheck: 100 * time.Millisecond}, r.GoHighLevel.Allowance)
	assert.Zero(t, r.GoHighLevel.IndexLag)
	assert.Equal(t, "http://127.0.0.1:8080", r.GoHighLevel.BaseURL)
	assert.Equal(t, Salesforce{
		Org: "00D000000000001AAA", ExternalIDField: "GHL_Id__c", APIVersion: "66.0",
		Allowance: Allowance{Requests: 3, Window: time.Minute, Daily: 15_000, BackfillShare: 1, Recheck: 24 * time.Hour},
	}, r.Salesforce)
	assert.Equal(t, []record.MatchTier{record.MatchEmail}, r.Contacts.Match)
	assert.Equal(t, "DE", r.Contacts.Region)
	assert.Equal(t, []LastNameSource{"company", "placeholder"}, r.Contacts.MissingLastName)
	assert.Equal(t, "email != \"\" &&\n!(\"internal\" in tags)\n", r.Contacts.Filter.Source())

	var names []string
	for _, f := range r.Contacts.Fields {
		names = append(names, string(f.Field))
	}
	assert.Equal(t, strings.Fields("first_name last_name email phone street state postal_code country company birth_date "+
		"do_not_call tags source owner custom.industry custom.interests custom.plan"), names)
	assert.Len(t, r.Contacts.Policies(), len(names))

	phone := fieldRule(t, r, record.Phone)
	assert.Equal(t, "MobilePhone", phone.SalesforceField)
	assert.Equal(t, reconcile.SalesforceWins, phone.Conflict)
	tags := fieldRule(t, r, record.Tags)
	assert.True(t, tags.Set)
	assert.Equal(t, "dndSettings.Call", fieldRule(t, r, record.DoNotCall).GoHighLevelKey)
	assert.True(t, fieldRule(t, r, record.Owner).Salesforce.NoClear)
	plan := fieldRule(t, r, record.Custom("plan"))
	assert.Equal(t, "customFields.contact.plan", plan.GoHighLevelKey)
	assert.Equal(t, reconcile.Policy{
		Field: "custom.plan", Direction: reconcile.Both, Conflict: reconcile.Ask, Tie: record.GoHighLevel, Drift: reconcile.Restore,
	}, plan.Policy)
	assert.NotNil(t, plan.ToSalesforce)
	assert.Nil(t, plan.ToGoHighLevel)
	industry := fieldRule(t, r, record.Custom("industry"))
	assert.True(t, industry.Salesforce.ReadOnly)
	assert.Equal(t, reconcile.ToGoHighLevel, industry.Direction)
	assert.True(t, fieldRule(t, r, record.Custom("interests")).Set)
}

func TestKeysWithNothingBehindThemMeanTheDefault(t *testing.T) {
	r := parse(t, ids+"connection:\nlive: {sweeps: {}, breaker:}\nreviews:\ncontacts:\n  deletions: {surge: , mark_field: ~}\n  match:\n  filter:\n  region: ~\n  fields:\n    phone:\n    website: {}\n")
	want := parse(t, ids)
	r.Text = want.Text
	assert.Equal(t, want, r)
}

func TestTheExampleIsTheDefaultsWrittenOut(t *testing.T) {
	text := string(Example("acme", "ve9EPM428h8vShlRW1KT", "00D000000000001"))
	example, want := parse(t, text), parse(t, ids)
	example.Text = want.Text
	assert.Equal(t, want, example)

	setting := regexp.MustCompile(`(?m)^( *)# ([a-z_.]+): `)
	withDefaults := setting.ReplaceAllStringFunc(text, func(line string) string {
		key := setting.FindStringSubmatch(line)[2]
		if slices.Contains(examples, key) {
			return line
		}
		return strings.Replace(line, "# ", "", 1)
	})
	assert.Contains(t, withDefaults, "\n    phone: {salesforce: Phone}")
	assert.Contains(t, withDefaults, "\n    stale_after: 1h")
	written := parse(t, withDefaults)
	written.Text = want.Text
	assert.Equal(t, want, written)

	everything := parse(t, setting.ReplaceAllString(text, "$1$2: "))
	assert.NotNil(t, everything.Contacts.Filter)
	assert.NotEmpty(t, everything.Contacts.Deletions.MarkField)
	assert.NotEmpty(t, fieldRule(t, everything, record.Custom("plan")))
	assert.NotEmpty(t, everything.Tasks.Statuses)
	assert.NotEmpty(t, everything.Appointments.Calendar)
	assert.NotEmpty(t, everything.Users.Map)
}

// examples are the keys of the example file that have no default to show.
var examples = strings.Fields("external_id_field filter mark_field do_not_email do_not_call do_not_disturb source owner tags website custom.plan " +
	"words patterns lines since statuses complete_as reopen_as calendar map default")

func TestTheSameTextGivesTheSameRulesAndTheSameProblems(t *testing.T) {
	bad := "salesforce: {org: x}\ncontacts:\n  match: [a, b]\n  fields: {a: 1, b: 2, custom.a: {}, custom.b: {}, c: 3, phone: {x: 1, y: 2}}\n"
	first := problemsOf(t, bad)
	assert.Greater(t, len(first), 8)
	for range 20 {
		assert.Equal(t, first, problemsOf(t, bad))
	}
}

func TestASetTravelsAsItIs(t *testing.T) {
	assert.Equal(t, []string{
		"3: contacts.fields.tags.to_salesforce: a set is merged element by element and travels as it is; leave this out",
	}, problemsOf(t, ids+"contacts: {fields: {tags: {salesforce: GHL_Tags__c, to_salesforce: 'filter(values, # != \"vip\")'}}}\n"))
}
