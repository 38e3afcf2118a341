package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestMatchedContactsFillEachOthersGaps(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Phone, c.DateOfBirth = "+12025550143", "1815-12-10"
	g := w.addGoHighLevel(c)
	s := w.addSalesforce(with(with(with(row("Lovelace", "ADA@Example.com"), "MailingCity", "London"), "MailingCountry", "United Kingdom"), "MailingPostalCode", "W1 1AA"))
	counts := w.onboard()
	require.Equal(t, record.MatchCounts{Linked: 1, Pending: 1}, counts)

	got := w.contact(g)
	require.Equal(t, "London", got.City)
	require.Equal(t, "GB", got.Country)
	require.Equal(t, "W1 1AA", got.PostalCode)
	require.Equal(t, "ada@example.com", got.Email)
	require.Equal(t, "+12025550143", w.row(s)["Phone"])
	require.Equal(t, "1815-12-10", w.row(s)["Birthdate"])
	require.Equal(t, "ADA@Example.com", w.row(s)["Email"], "an address in other letters is no difference")
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, g).State)
	require.Equal(t, s, w.linkOf(record.GoHighLevel, g).SalesforceID)
	w.settled()
}

func TestAFirstConflictIsSettledByTheFieldsRule(t *testing.T) {
	w := newWorld(t, setting{
		editRules: func(r string) string {
			return r + "    street: {conflict: gohighlevel}\n    city: {conflict: salesforce}\n    state: {conflict: newest}\n    first_name: {conflict: ask}\n"
		},
	})
	c := contact("Lovelace", "ada@example.com")
	c.FirstName, c.Address1, c.City, c.State = "Augusta", "1 Marketing Way", "Leeds", "YK"
	c.DateUpdated = earlier.Add(time.Hour)
	c.CustomFields = []gohighleveltest.CustomValue{{ID: w.planID(), Value: "pro"}}
	g := w.addGoHighLevel(c)
	r := row("Lovelace", "ada@example.com")
	r["MailingStreet"], r["MailingCity"], r["MailingState"], r[sandbox.PlanField] = "2 Sales Road", "York", "NY", "enterprise"
	s := w.addSalesforce(r)
	w.onboard()
	w.runHandedOver()

	got, sf := w.contact(g), w.row(s)
	require.Equal(t, "1 Marketing Way", got.Address1)
	require.Equal(t, "1 Marketing Way", sf["MailingStreet"])
	require.Equal(t, "York", got.City)
	require.Equal(t, "York", sf["MailingCity"])
	require.Equal(t, "YK", got.State, "GoHighLevel's record is the newer one")
	require.Equal(t, "YK", sf["MailingState"])
	require.Equal(t, "pro", sf[sandbox.PlanField])
	require.Equal(t, "Augusta", got.FirstName, "under ask nothing moves")
	require.Equal(t, "Ada", sf["FirstName"])
	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(t, record.LinkInReview, link.State)
	require.Equal(t, record.ReviewConflict, link.Problem)
	require.Equal(t, []record.Field{record.FirstName}, w.openReview(link.ID).Fields)
}

func TestTagsMoveOneByOneAndOnlyByTheTagCalls(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Tags = []string{"vip", "lead"}
	g := w.addGoHighLevel(c)
	s := w.addSalesforce(with(row("Lovelace", "ada@example.com"), sandbox.TagsField, "VIP;Navy"))
	w.onboard()
	require.ElementsMatch(t, []string{"vip", "lead", "navy"}, w.contact(g).Tags)
	require.Equal(t, "lead;navy;vip", w.row(s)[sandbox.TagsField])

	w.ghl.ResetStats()
	require.NoError(t, w.ghl.Edit(g, map[string]any{"tags": []string{"vip", "navy", "webinar"}}))              // lead removed, webinar added
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{sandbox.TagsField: "lead; vip; past customer"})) // navy removed, one added
	w.onboard()
	require.ElementsMatch(t, []string{"vip", "webinar", "past customer"}, w.contact(g).Tags)
	require.Equal(t, "past customer;vip;webinar", w.row(s)[sandbox.TagsField])
	calls := w.ghl.Stats().ByOperation
	require.Equal(t, 1, calls["POST /contacts/{contactId}/tags"], "%v", calls)
	require.Equal(t, 1, calls["DELETE /contacts/{contactId}/tags"], "%v", calls)
	require.Zero(t, calls["PUT /contacts/{contactId}"], "an update would replace all tags")
	w.settled()

	// Beside an update of other fields, whose answer still has the tags from before.
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"FirstName": "Augusta", sandbox.TagsField: "vip; navy"}))
	w.onboard()
	require.Equal(t, "Augusta", w.contact(g).FirstName)
	require.ElementsMatch(t, []string{"vip", "navy"}, w.contact(g).Tags)
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{sandbox.TagsField: "vip; past customer"}))
	w.onboard()
	require.ElementsMatch(t, []string{"vip", "past customer"}, w.contact(g).Tags, "what was added a moment ago was removed again")
	w.settled()
}

func TestAMissingLastNameGetsAStandInThatIsNotEchoedBack(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("", "madonna@example.com")
	c.FirstName, c.CompanyName = "Madonna", "Live Aid"
	g := w.addGoHighLevel(c)
	w.onboard()
	require.Equal(t, "Live Aid", w.onlyRow()["LastName"])
	require.Equal(t, "Madonna", w.onlyRow()["FirstName"])
	w.settled()
	require.Empty(t, w.contact(g).LastName)

	// Another edit does not carry the stand-in along either.
	require.NoError(t, w.sf.Edit("Contact", w.onlyRow()["Id"].(string), map[string]any{"MailingCity": "London"}))
	w.onboard()
	require.Equal(t, "London", w.contact(g).City)
	require.Empty(t, w.contact(g).LastName)

	// A last name that a person gives is one.
	require.NoError(t, w.sf.Edit("Contact", w.onlyRow()["Id"].(string), map[string]any{"LastName": "Ciccone"}))
	w.onboard()
	require.Equal(t, "Ciccone", w.contact(g).LastName)
	w.settled()
}

func TestAClearedFieldIsClearedOnTheOtherSide(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.Phone, c.City, c.State, c.DateOfBirth, c.Tags = "+12025550143", "London", "LDN", "1815-12-10", []string{"vip"}
	c.CustomFields = []gohighleveltest.CustomValue{{ID: w.planID(), Value: "pro"}}
	g := w.addGoHighLevel(c)
	w.onboard()
	s := w.onlyRow()["Id"].(string)

	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": nil, "dateOfBirth": nil, "customFields": map[string]any{w.planID(): nil}}))
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingState": nil, "Phone": nil, sandbox.TagsField: nil, "FirstName": nil}))
	w.onboard()
	got, sf := w.contact(g), w.row(s)
	require.Nil(t, sf["MailingCity"])
	require.Nil(t, sf["Birthdate"])
	require.Nil(t, sf[sandbox.PlanField])
	require.Empty(t, got.State)
	require.Empty(t, got.Phone)
	require.Empty(t, got.Tags)
	require.Empty(t, got.FirstName)
	w.settled()
}

// HighLevel's description knows no way to clear a custom field. Null does, as far as is known.
func TestACustomFieldThatIsClearedInSalesforceIsClearedInGoHighLevel(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.CustomFields = []gohighleveltest.CustomValue{{ID: w.planID(), Value: "pro"}}
	g := w.addGoHighLevel(c)
	w.onboard()
	require.NoError(t, w.sf.Edit("Contact", w.onlyRow()["Id"].(string), map[string]any{sandbox.PlanField: nil}))
	w.onboard()
	for _, v := range w.contact(g).CustomFields {
		require.NotEqual(t, w.planID(), v.ID, "the custom field is not cleared: %v", v.Value)
	}
	w.settled()
}

func TestWhatGoHighLevelCannotClearIsLeftAndDoesNotComeBack(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.PostalCode, c.Country = "W1 1AA", "GB"
	g := w.addGoHighLevel(c)
	w.onboard()
	s := w.onlyRow()["Id"].(string)
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingPostalCode": nil, "MailingCountry": nil}))
	w.onboard()
	w.settled()
	require.Nil(t, w.row(s)["MailingPostalCode"], "the deletion is not undone")
	require.Equal(t, "W1 1AA", w.contact(g).PostalCode)
}

func TestSpellingsOfCountriesAndNumbersDoNotGoBackAndForth(t *testing.T) {
	for _, spelling := range [][2]string{
		{"US", "USA"}, {"US", "United States"}, {"GB", "UK"}, {"US", "us"}, {"DE", "Deutschland"},
	} {
		t.Run(spelling[1], func(t *testing.T) {
			w := newWorld(t, setting{})
			c := contact("Lovelace", "ada@example.com")
			c.Phone, c.Country = "+12025550143", spelling[0]
			g := w.addGoHighLevel(c)
			s := w.addSalesforce(with(with(row("Lovelace", "ada@example.com"), "Phone", "(202) 555-0143"), "MailingCountry", spelling[1]))
			w.ghl.ResetStats()
			w.sf.ResetStats()
			w.onboard()
			require.Zero(t, w.writes(), "other spellings are no difference")

			require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"Phone": "202.555.0199 x7", "FirstName": "Augusta"}))
			w.onboard()
			require.Equal(t, "+12025550199", w.contact(g).Phone, "GoHighLevel keeps no extensions")
			require.Equal(t, "202.555.0199 x7", w.row(s)["Phone"])
			w.settled()
			require.Equal(t, "202.555.0199 x7", w.row(s)["Phone"])
		})
	}
}

func TestACountryThatIsNoneDoesNotReachGoHighLevel(t *testing.T) {
	for _, country := range []string{"Middle Earth", "ZZ", "xx"} {
		t.Run(country, func(t *testing.T) {
			w := newWorld(t, setting{})
			s := w.addSalesforce(with(row("Lovelace", "ada@example.com"), "MailingCountry", country))
			w.onboard()
			require.Empty(t, w.handedOver())
			require.Empty(t, w.onlyContact().Country)
			require.Equal(t, country, w.row(s)["MailingCountry"])
			w.settled()
		})
	}
}

func TestAContactThatLosesItsLastNameKeepsOneInSalesforce(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.onboard()
	require.NoError(t, w.ghl.Edit(g, map[string]any{"lastName": nil}))
	w.onboard()
	require.NotEmpty(t, w.onlyRow()["LastName"])
	w.settled()
	require.Empty(t, w.contact(g).LastName)
}
