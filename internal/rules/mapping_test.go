package rules_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

const mapped = `
gohighlevel:
  location: ve9EPM428h8vShlRW1KT
  external_id_field: contact.salesforce_id
salesforce:
  org: 00D5g00000TandmEAB
  external_id_field: GHL_Id__c
contacts:
  region: US
  missing_last_name: [company, email, phone, placeholder]
  fields:
    website: {salesforce: Website__c}
    do_not_disturb: {salesforce: Do_Not_Disturb__c}
    do_not_email: {direction: both}
    do_not_call: {direction: both}
    tags: {salesforce: GHL_Tags__c}
    source: {direction: both}
    owner: {direction: both}
    custom.plan: {type: text, gohighlevel: contact.plan, salesforce: Plan__c}
    custom.score: {type: number, gohighlevel: contact.score, salesforce: Score__c}
    custom.since: {type: date, gohighlevel: contact.since, salesforce: Since__c}
    custom.topics: {type: set, gohighlevel: contact.topics, salesforce: Topics__c}
    custom.vip: {type: bool, gohighlevel: contact.vip, salesforce: Vip__c}
`

var directory = rules.Directory{
	CustomFieldIDs: map[string]string{
		"contact.plan": "idPlan", "contact.score": "idScore", "contact.since": "idSince", "contact.topics": "idTopics",
		"contact.vip": "idVip", "contact.salesforce_id": "idMarker",
	},
	GoHighLevelUsers: map[string]string{"ghlSam": "Sam@Tandem.example", "ghlMary": "mary@agency.example"},
	SalesforceUsers:  map[string]string{"005Sam": "sam@tandem.example", "005Twin": "SAM@tandem.example"},
}

func mapping(t require.TestingT, file string) *rules.Mapper {
	loaded, err := rules.Parse("acme", []byte(file))
	require.NoError(t, err)
	return loaded.Mapper(directory)
}

// document decodes JSON as the clients do.
func document(t require.TestingT, text string) map[string]any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var out map[string]any
	require.NoError(t, decoder.Decode(&out))
	return out
}

// wire passes a document through JSON.
func wire(t require.TestingT, doc map[string]any) map[string]any {
	encoded, err := json.Marshal(doc)
	require.NoError(t, err)
	return document(t, string(encoded))
}

func TestAGoHighLevelContactIsReadWithEverythingThatIsMapped(t *testing.T) {
	r, err := mapping(t, mapped).FromGoHighLevel(document(t, `{
		"id": "g1", "firstName": " Ada ", "lastName": "Lovelace", "email": "ADA@Example.com", "phone": "(202) 555-0143",
		"address1": "1 Marketing Way", "city": "London", "country": "GB", "companyName": "Analytical Engines",
		"website": "Example.COM/", "dateOfBirth": "1815-12-10T00:00:00.000Z", "dnd": true,
		"dndSettings": {"Email": {"status": "permanent"}, "call": {"status": "inactive"}}, "tags": ["VIP", "lead", "vip"],
		"source": "Web", "assignedTo": "ghlSam", "dateAdded": "2026-01-02T03:04:05.678Z", "dateUpdated": 1767323045678,
		"additionalEmails": [{"email": "Countess@Example.com"}], "additionalPhones": ["+44 20 7946 0958"],
		"customFields": [
			{"id": "idPlan", "value": "pro"}, {"id": "idScore", "fieldValue": 7.50}, {"id": "idSince", "field_value": 1767312000000},
			{"id": "idTopics", "value": ["Math", "engines"]}, {"id": "idVip", "value": "true"}, {"id": "idMarker", "value": "003x"},
			{"id": "unknown", "value": "x"}
		]}`), false)
	require.NoError(t, err)
	require.Equal(t, record.Record{
		Side: record.GoHighLevel, Kind: record.Contact, ID: "g1", ExternalID: "003x",
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), ModifiedAt: time.UnixMilli(1767323045678).UTC(),
		Aliases: record.Aliases{Emails: []string{"countess@example.com"}, Phones: []string{"+442079460958"}},
		Fields: record.Fields{
			record.FirstName: {"Ada"}, record.LastName: {"Lovelace"}, record.Email: {"ada@example.com"}, record.Phone: {"+12025550143"},
			record.Street: {"1 Marketing Way"}, record.City: {"London"}, record.State: nil, record.PostalCode: nil, record.Country: {"GB"},
			record.Company: {"Analytical Engines"}, record.Website: {"https://example.com"}, record.BirthDate: {"1815-12-10"},
			record.DoNotDisturb: {"true"}, record.DoNotEmail: {"true"}, record.DoNotCall: nil, record.Tags: {"lead", "vip"},
			record.Source: {"Web"}, record.Owner: {"sam@tandem.example"}, record.Custom("plan"): {"pro"}, record.Custom("score"): {"7.5"},
			record.Custom("since"): {"2026-01-02"}, record.Custom("topics"): {"engines", "math"}, record.Custom("vip"): {"true"},
		},
	}, r)
}

func TestWhatARowOfTheSearchIndexLeavesOutIsUnknownAndElsewhereEmpty(t *testing.T) {
	m := mapping(t, mapped)
	row, err := m.FromGoHighLevel(map[string]any{"id": "g1"}, true)
	require.NoError(t, err)
	whole, err := m.FromGoHighLevel(map[string]any{"id": "g1"}, false)
	require.NoError(t, err)
	for _, field := range []record.Field{record.Website, record.DoNotEmail, record.DoNotCall} {
		require.NotContains(t, row.Fields, field)
		require.Contains(t, whole.Fields, field)
		require.Empty(t, whole.Fields[field])
	}
	require.Contains(t, row.Fields, record.City)
	require.Empty(t, row.Fields[record.City])
}

func TestASalesforceFieldThatWasNotReadIsUnknownAndNullIsEmpty(t *testing.T) {
	m := mapping(t, mapped)
	r, err := m.FromSalesforce(document(t, `{"Id": "003x", "FirstName": null, "LastName": "Lovelace", "Account": null,
		"HasOptedOutOfEmail": false, "DoNotCall": true, "Score__c": 7.0, "Since__c": "2026-01-02", "Topics__c": "Math;Engines; math",
		"GHL_Id__c": "g1", "CreatedDate": "2026-01-02T03:04:05.000+0000", "LastModifiedDate": "2026-01-02T03:04:06.000+0000", "OwnerId": "005Sam"}`))
	require.NoError(t, err)
	require.Equal(t, record.Fields{
		record.FirstName: nil, record.LastName: {"Lovelace"}, record.Company: nil, record.DoNotEmail: nil, record.DoNotCall: {"true"},
		record.Custom("score"): {"7"}, record.Custom("since"): {"2026-01-02"}, record.Custom("topics"): {"engines", "math"},
		record.Owner: {"sam@tandem.example"},
	}, r.Fields)
	require.Equal(t, "g1", r.ExternalID)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), r.ModifiedAt)

	r, err = m.FromSalesforce(document(t, `{"Id": "003x", "Account": {"Name": "Analytical Engines"}, "OwnerId": "005Gone"}`))
	require.NoError(t, err)
	require.Equal(t, record.Fields{record.Company: {"Analytical Engines"}}, r.Fields, "an owner whom nobody knows is unknown")
}

func TestATagWithAGreekQuestionMarkIsReadAlikeOnBothSides(t *testing.T) {
	m := mapping(t, mapped)
	ghl, err := m.FromGoHighLevel(map[string]any{"id": "g1", "tags": []any{"one\u037etwo"}}, false)
	require.NoError(t, err)
	sf, err := m.FromSalesforce(map[string]any{"Id": "003x", "GHL_Tags__c": "one;two"})
	require.NoError(t, err)
	require.Equal(t, sf.Fields[record.Tags], ghl.Fields[record.Tags])
}

func TestADocumentWithoutAnIdIsRefused(t *testing.T) {
	m := mapping(t, mapped)
	for _, doc := range []map[string]any{nil, {}, {"id": nil, "Id": nil}, {"id": []any{}, "Id": map[string]any{}}, {"id": "", "Id": ""}} {
		_, err := m.FromGoHighLevel(doc, false)
		require.Error(t, err)
		_, err = m.FromSalesforce(doc)
		require.Error(t, err)
	}
}

func TestTheFieldsToSelectAreAllThatIsMappedOnce(t *testing.T) {
	fields := mapping(t, mapped).SalesforceFields()
	require.IsIncreasing(t, fields)
	for _, name := range []string{"Id", "Account.Name", "Plan__c", "GHL_Id__c", "OwnerId", "LastModifiedDate"} {
		require.Contains(t, fields, name)
	}
}

func TestAGoHighLevelCreateCarriesTheMarkerAndAnUpdateDoesNot(t *testing.T) {
	m := mapping(t, mapped)
	writes := []reconcile.Write{{Field: record.Tags, Before: record.Value{"lead", "vip"}, After: record.Value{"navy", "vip"}}}
	created := m.ToGoHighLevel(writes, true, "003x")
	require.Equal(t, []string{"navy", "vip"}, created.Contact["tags"])
	require.Equal(t, []any{map[string]any{"id": "idMarker", "field_value": "003x"}}, created.Contact["customFields"])
	require.Empty(t, created.AddTags)

	updated := m.ToGoHighLevel(writes, false, "003x")
	require.Empty(t, updated.Contact, "an update that names tags would replace them all")
	require.Equal(t, []string{"navy"}, updated.AddTags)
	require.Equal(t, []string{"lead"}, updated.RemoveTags)
}

func TestAMarkerIsOnlyCountedOnWhereTheLocationHasItsField(t *testing.T) {
	m := mapping(t, mapped)
	require.True(t, m.Marks(record.GoHighLevel))
	require.True(t, m.Marks(record.Salesforce))
	loaded, err := rules.Parse("acme", []byte(mapped))
	require.NoError(t, err)
	require.False(t, loaded.Mapper(rules.Directory{CustomFieldIDs: map[string]string{"": "nameless"}}).Marks(record.GoHighLevel))
	bare := strings.NewReplacer("  external_id_field: contact.salesforce_id\n", "", "  external_id_field: GHL_Id__c\n", "").Replace(mapped)
	m = mapping(t, bare)
	require.False(t, m.Marks(record.GoHighLevel))
	require.False(t, m.Marks(record.Salesforce))
	require.NotContains(t, m.ToGoHighLevel(nil, true, "003x").Contact, "customFields")
	require.Empty(t, m.ToSalesforce(nil, true, "g1"))
}

func TestEmptyValuesAreNullAndUncheckedBoxesAreFalse(t *testing.T) {
	m := mapping(t, mapped)
	var writes []reconcile.Write
	for _, f := range []record.Field{record.City, record.BirthDate, record.DoNotDisturb, record.Custom("plan"), record.Custom("topics"), record.Custom("vip")} {
		writes = append(writes, reconcile.Write{Field: f, Before: record.Value{"x"}})
	}
	require.Equal(t, map[string]any{
		"MailingCity": nil, "Birthdate": nil, "Do_Not_Disturb__c": false, "Plan__c": nil, "Topics__c": nil, "Vip__c": false,
	}, m.ToSalesforce(writes, false, ""))
	ghl := m.ToGoHighLevel(writes, false, "").Contact
	require.Nil(t, ghl["city"])
	require.Contains(t, ghl, "city")
	require.Equal(t, false, ghl["dnd"])
}

func TestALastNameStandInIsTakenInTheRulesOrder(t *testing.T) {
	m := mapping(t, mapped)
	for want, fields := range map[string]record.Fields{
		"Lovelace":           {record.LastName: {"Lovelace"}, record.Company: {"Analytical Engines"}},
		"Analytical Engines": {record.Company: {"Analytical Engines"}, record.Email: {"ada@example.com"}},
		"ada":                {record.FirstName: {"Augusta"}, record.Email: {"ada@example.com"}, record.Phone: {"+12025550143"}},
		"+12025550143":       {record.FirstName: {"Augusta"}, record.Phone: {"+12025550143"}},
		"Unknown":            {record.FirstName: {"Augusta"}},
	} {
		from := &record.Record{Side: record.GoHighLevel, Fields: fields}
		require.Equal(t, want, m.Project(record.Salesforce, record.LastName, from).Text())
	}
	require.Empty(t, m.Project(record.GoHighLevel, record.LastName, &record.Record{Side: record.Salesforce}), "GoHighLevel needs none")
}

func TestProjectionDropsWhatASideCannotHold(t *testing.T) {
	m := mapping(t, mapped)
	for _, c := range []struct {
		to    record.Side
		field record.Field
		value record.Value
		want  record.Value
	}{
		{record.GoHighLevel, record.Country, record.Value{"GB"}, record.Value{"GB"}},
		{record.GoHighLevel, record.Country, record.Value{"Middle Earth"}, nil},
		{record.GoHighLevel, record.Country, record.Value{"ZZ"}, nil},
		{record.GoHighLevel, record.Country, nil, nil},
		{record.Salesforce, record.Country, record.Value{"Middle Earth"}, record.Value{"Middle Earth"}},
		{record.GoHighLevel, record.Phone, record.Value{"+12025550143;ext=7"}, record.Value{"+12025550143"}},
		{record.Salesforce, record.Phone, record.Value{"+12025550143;ext=7"}, record.Value{"+12025550143;ext=7"}},
		{record.GoHighLevel, record.Owner, record.Value{"nobody@example.com"}, nil},
		{record.Salesforce, record.Owner, record.Value{"sam@tandem.example"}, record.Value{"sam@tandem.example"}},
		{record.Salesforce, record.Owner, record.Value{"mary@agency.example"}, nil},
	} {
		from := &record.Record{Side: c.to.Other(), Fields: record.Fields{c.field: c.value}}
		require.Equal(t, c.want, m.Project(c.to, c.field, from), "%s of %v to %s", c.field, c.value, c.to)
	}
}

func TestATransformIsAppliedAndNormalisedOnItsWay(t *testing.T) {
	m := mapping(t, strings.Replace(mapped, "custom.plan: {", "custom.plan: {to_salesforce: 'upper(value)', to_gohighlevel: 'lower(value)', ", 1))
	from := &record.Record{Side: record.GoHighLevel, Fields: record.Fields{record.Custom("plan"): {"pro"}}}
	require.Equal(t, record.Value{"PRO"}, m.Project(record.Salesforce, record.Custom("plan"), from))
	from = &record.Record{Side: record.Salesforce, Fields: record.Fields{record.Custom("plan"): {"PRO"}}}
	require.Equal(t, record.Value{"pro"}, m.Project(record.GoHighLevel, record.Custom("plan"), from))
}
