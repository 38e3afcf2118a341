package gohighleveltest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACreatedContactReadsBackAsTheVendorStoresIt(t *testing.T) {
	c := start(t, Options{Country: "GB"})
	a := c.want(201, "POST", "/contacts/", object{
		"locationId": c.fake.LocationID(), "firstName": "Ada", "lastName": "King", "email": "Ada.King@Example.com",
		"phone": "020 7946 0958", "tags": []string{"VIP", "vip ", "New"}, "companyName": "Engines", "dateOfBirth": "12/10/1985",
		"address1": "1 Lane", "city": "",
	})
	made := a.contact()
	require.Equal(t, "1985-12-10T00:00:00.000Z", made["dateOfBirth"])
	require.EqualValues(t, 12, made["birthMonth"])
	require.Len(t, made["id"], 20)

	got := c.want(200, "GET", "/contacts/"+made["id"].(string), nil).contact()
	require.Equal(t, "Ada", got["firstName"])
	require.Equal(t, "Ada King", got["name"])
	require.Equal(t, "ada king", got["fullNameLowerCase"])
	require.Equal(t, "Ada.King@Example.com", got["email"])
	require.Equal(t, "ada.king@example.com", got["emailLowerCase"])
	require.Equal(t, "+442079460958", got["phone"])
	require.Equal(t, []any{"vip", "new"}, got["tags"])
	require.Equal(t, "1985-12-10", got["dateOfBirth"])
	require.Equal(t, "2026-03-01T09:00:00.000Z", got["dateAdded"])
	require.NotContains(t, got, "city")
	require.NotContains(t, got, "website")
}

func TestANameAloneIsSplit(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"name": "Grace Brewster Hopper"})
	got, _ := c.fake.Get(id)
	require.Equal(t, "Grace", got.FirstName)
	require.Equal(t, "Brewster Hopper", got.LastName)
}

func TestAPhoneThatCannotBeReadIsKeptAsItIs(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"phone": "ask reception"})
	got, _ := c.fake.Get(id)
	require.Equal(t, "ask reception", got.Phone)
}

func TestBirthDatesAreTakenInEveryDocumentedForm(t *testing.T) {
	c := start(t, Options{})
	for _, form := range []string{
		"1990/09/25", "09/25/1990", "1990-09-25", "09-25-1990", "1990.09.25", "09.25.1990", "1990_09_25", "09_25_1990",
	} {
		id := c.create(object{"dateOfBirth": form})
		got, _ := c.fake.Get(id)
		require.Equal(t, "1990-09-25", got.DateOfBirth, form)
	}
	a := c.want(422, "POST", "/contacts/", object{"locationId": c.fake.LocationID(), "dateOfBirth": "25.9.90"})
	require.Contains(t, a.message(), "dateOfBirth must be")
}

func TestOneUnknownKeyRefusesTheWholeWrite(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"firstName": "Ada"})
	a := c.want(422, "PUT", "/contacts/"+id, object{"firstName": "Bea", "nickname": "B"})
	require.Equal(t, []any{"property nickname should not exist"}, a.body["message"])
	require.Equal(t, "Unprocessable Entity", a.body["error"])
	require.NotEmpty(t, a.body["traceId"])
	got, _ := c.fake.Get(id)
	require.Equal(t, "Ada", got.FirstName)
}

func TestUpdatesRejectWhatOnlyCreatesTake(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"companyName": "Engines", "gender": "female"})
	for key, value := range (object{"locationId": c.fake.LocationID(), "companyName": "x", "gender": "x"}) {
		a := c.want(422, "PUT", "/contacts/"+id, object{key: value})
		require.Equal(t, "property "+key+" should not exist", a.message())
	}
	for _, key := range []string{"businessId", "additionalEmails", "id"} {
		a := c.want(422, "POST", "/contacts/", object{"locationId": c.fake.LocationID(), key: "x"})
		require.Equal(t, "property "+key+" should not exist", a.message())
	}
}

func TestValuesOfTheWrongTypeAreRefused(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{})
	for message, body := range map[string]object{
		"firstName must be a string":           {"firstName": 5},
		"postalCode must be a string":          {"postalCode": nil},
		"country must be a string":             {"country": nil},
		"dnd must be a boolean value":          {"dnd": "yes"},
		"tags must be an array":                {"tags": "vip"},
		"each value in tags must be a string":  {"tags": []any{1}},
		"email must be an email":               {"email": "nobody"},
		"customFields must be an array":        {"customFields": object{}},
		"country must be a valid ISO31661":     {"country": "Germany"},
		"dndSettings.SMS.status must be one":   {"dndSettings": object{"SMS": object{"status": "off"}}},
		"inboundDndSettings.all must be an":    {"inboundDndSettings": object{"sms": object{}}},
		"customFields.0.property value should": {"customFields": []any{object{"id": "x", "value": "y"}}},
		"customFields.0.id must be a string":   {"customFields": []any{object{"field_value": "y"}}},
	} {
		require.Contains(t, c.want(422, "PUT", "/contacts/"+id, body).message(), message)
	}
	require.Contains(t, c.want(422, "POST", "/contacts/", object{}).message(), "locationId should not be empty")
}

func TestNullClearsAndEmptyTextDoesNothing(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"firstName": "Ada", "city": "London", "source": "web", "assignedTo": "u1", "dateOfBirth": "1990-01-01"})
	c.want(200, "PUT", "/contacts/"+id, object{"firstName": "", "city": nil, "source": nil, "assignedTo": nil, "dateOfBirth": nil})
	got, _ := c.fake.Get(id)
	require.Equal(t, "Ada", got.FirstName)
	require.Empty(t, got.City+got.Source+got.AssignedTo+got.DateOfBirth)
	a := c.want(422, "POST", "/contacts/", object{"locationId": c.fake.LocationID(), "source": nil})
	require.Equal(t, "source must be a string", a.message())
}

func TestAnUpdateReplacesAllTagsAndTheTagCallsDoNot(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"tags": []string{"a", "b"}})
	a := c.want(200, "PUT", "/contacts/"+id, object{"tags": []string{"C"}})
	require.Equal(t, true, a.body["succeded"])
	require.Equal(t, []any{"c"}, a.contact()["tags"])
	a = c.want(201, "POST", "/contacts/"+id+"/tags", object{"tags": []string{"D", "c"}})
	require.Equal(t, []any{"c", "d"}, a.body["tags"])
	a = c.want(200, "DELETE", "/contacts/"+id+"/tags", object{"tags": []string{"C"}})
	require.Equal(t, []any{"d"}, a.body["tags"])
	a = c.want(200, "GET", "/locations/"+c.fake.LocationID()+"/tags", nil)
	require.Len(t, a.body["tags"], 4)
}

func TestAMissingContactIsABadRequest(t *testing.T) {
	c := start(t, Options{})
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		a := c.want(400, method, "/contacts/nobody", object{})
		require.Equal(t, "Contact with id nobody not found", a.message())
	}
	c.want(400, "POST", "/contacts/nobody/tags", object{"tags": []string{"a"}})
}

func TestAWrongLiteralSegmentIsReadAsAnID(t *testing.T) {
	c := start(t, Options{})
	for path, id := range map[string]string{"/contacts/lookup": "lookup", "/contacts/search": "search", "/contacts/business": "business"} {
		require.Equal(t, "Contact with id "+id+" not found", c.want(400, "GET", path, nil).message())
	}
	require.Contains(t, c.want(404, "POST", "/contacts/lookup", object{}).message(), "Cannot POST /contacts/lookup")
	require.Contains(t, c.want(404, "GET", "/nothing/here", nil).message(), "Cannot GET /nothing/here")
}

func TestADuplicateIsRefusedAndNamed(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"firstName": "Ada", "lastName": "King", "email": "Ada@example.com", "phone": "+12025550143"})
	a := c.want(400, "POST", "/contacts/", object{"locationId": c.fake.LocationID(), "email": "ADA@example.com"})
	require.Equal(t, "This location does not allow duplicated contacts.", a.message())
	require.Equal(t, object{"contactId": id, "contactName": "Ada King", "matchingField": "email"}, a.body["meta"])
	require.NotEmpty(t, a.body["traceId"])
	a = c.want(400, "POST", "/contacts/", object{"locationId": c.fake.LocationID(), "phone": "(202) 555-0143"})
	require.Equal(t, "phone", a.body["meta"].(object)["matchingField"])
	other := c.create(object{"email": "other@example.com"})
	c.want(400, "PUT", "/contacts/"+other, object{"email": "ada@example.com"})
	c.want(200, "PUT", "/contacts/"+id, object{"email": "ada@example.com"})

	c.fake.Configure(Settings{AllowDuplicateContact: ptr(true)})
	c.create(object{"email": "ada@example.com"})
	require.Equal(t, 3, c.fake.Count())
}

func TestAnUpsertUpdatesWhatMatchesAndCreatesOtherwise(t *testing.T) {
	c := start(t, Options{})
	upsert := func(fields object) answer {
		t.Helper()
		fields["locationId"] = c.fake.LocationID()
		return c.want(200, "POST", "/contacts/upsert", fields)
	}
	a := upsert(object{"email": "ada@example.com", "firstName": "Ada", "tags": []string{"a"}, "gender": "female"})
	require.Equal(t, true, a.body["new"])
	id := a.contact()["id"].(string)
	a = upsert(object{"email": "ADA@example.com", "lastName": "King", "tags": []string{"b"}, "gender": "x", "companyName": "Engines"})
	require.Equal(t, false, a.body["new"])
	got, _ := c.fake.Get(id)
	require.Equal(t, "Ada King", got.Name())
	require.Equal(t, []string{"b"}, got.Tags)
	require.Equal(t, "female", got.Gender)
	require.Equal(t, "Engines", got.CompanyName)
	require.Equal(t, 1, c.fake.Count())
}

func TestAnUpsertThatMatchesTwoContactsDropsTheSecondField(t *testing.T) {
	for _, order := range [][]string{{"email", "phone"}, {"phone", "email"}} {
		c := start(t, Options{DuplicateOrder: order})
		byEmail := c.create(object{"email": "a@example.com"})
		byPhone := c.create(object{"phone": "+12025550101"})
		a := c.want(200, "POST", "/contacts/upsert", object{
			"locationId": c.fake.LocationID(), "email": "a@example.com", "phone": "+12025550101", "firstName": "X",
		})
		updated, other := byEmail, byPhone
		if order[0] == "phone" {
			updated, other = byPhone, byEmail
		}
		require.Equal(t, updated, a.contact()["id"])
		got, _ := c.fake.Get(updated)
		require.True(t, got.Email == "" || got.Phone == "", "the other field is dropped")
		untouched, _ := c.fake.Get(other)
		require.Empty(t, untouched.FirstName)
	}
}

func TestAnUpsertPromotesAMatchingAdditionalAddress(t *testing.T) {
	c := start(t, Options{})
	id := c.fake.Create(Contact{Email: "main@example.com", AdditionalEmails: []string{"old@example.com", "third@example.com"}})
	c.want(200, "POST", "/contacts/upsert", object{"locationId": c.fake.LocationID(), "email": "old@example.com"})
	got, _ := c.fake.Get(id)
	require.Equal(t, "old@example.com", got.Email)
	require.Equal(t, []string{"third@example.com"}, got.AdditionalEmails)
}

func TestAnUpsertCreatesASecondOneOnlyWhereTheLocationAllowsIt(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		c := start(t, Options{AllowDuplicateContact: allowed})
		c.create(object{"email": "a@example.com"})
		a := c.want(200, "POST", "/contacts/upsert", object{
			"locationId": c.fake.LocationID(), "email": "a@example.com", "createNewIfDuplicateAllowed": true,
		})
		require.Equal(t, allowed, a.body["new"])
	}
}

func TestCustomFieldsAreMergedAndUnknownOnesIgnored(t *testing.T) {
	c := start(t, Options{})
	text := c.fake.AddCustomField("Favourite Colour", "", "TEXT")
	number := c.fake.AddCustomField("Budget", "budget", "MONETORY")
	choice := c.fake.AddCustomField("Rooms", "", "CHECKBOX", "kitchen", "hall")
	list := c.fake.AddCustomField("Rows", "", "TEXTBOX_LIST")
	id := c.create(object{"customFields": []any{
		object{"id": text, "field_value": "red"},
		object{"key": "contact.budget", "fieldValue": 12.5},
		object{"id": "NoSuchField123456789", "field_value": "lost"},
		object{"id": list, "field_value": object{"a": "b"}},
	}})
	c.want(200, "PUT", "/contacts/"+id, object{"customFields": []any{object{"id": choice, "field_value": []string{"hall"}}}})
	got := c.want(200, "GET", "/contacts/"+id, nil).contact()
	require.ElementsMatch(t, []any{
		object{"id": text, "value": "red"}, object{"id": number, "value": 12.5}, object{"id": choice, "value": []any{"hall"}},
	}, got["customFields"])
	c.want(200, "PUT", "/contacts/"+id, object{"customFields": []any{object{"key": "favourite_colour", "field_value": nil}}})
	stored, _ := c.fake.Get(id)
	require.Len(t, stored.CustomFields, 2)
	a := c.want(422, "PUT", "/contacts/"+id, object{"customFields": []any{object{"id": number, "field_value": object{"currency": "USD"}}}})
	require.Equal(t, "customFields.0.field_value must be a number", a.message())
}

func TestAPermanentBlockCannotBeLifted(t *testing.T) {
	c := start(t, Options{})
	id := c.fake.Create(Contact{DNDSettings: map[string]DNDSetting{"SMS": {Status: "permanent"}}})
	a := c.want(200, "PUT", "/contacts/"+id, object{"dndSettings": object{
		"SMS": object{"status": "inactive"}, "Call": object{"status": "active", "message": "m", "code": "c"},
	}})
	settings := a.contact()["dndSettings"].(object)
	require.Equal(t, "permanent", settings["SMS"].(object)["status"])
	require.Equal(t, "active", settings["Call"].(object)["status"])
	c.version = "v3"
	settings = c.want(200, "GET", "/contacts/"+id, nil).contact()["dndSettings"].(object)
	require.Contains(t, settings, "sms")
}

func TestContactsAreLinkedToABusinessOnlyInBulk(t *testing.T) {
	c := start(t, Options{})
	a, b := c.create(object{"firstName": "A"}), c.create(object{"firstName": "B"})
	body := object{"locationId": c.fake.LocationID(), "ids": []string{a, b, "gone"}, "businessId": "641c094001436dbc2081e642"}
	reply := c.want(200, "POST", "/contacts/bulk/business", body)
	require.Equal(t, []any{a, b}, reply.body["ids"])
	list := c.want(200, "GET", "/contacts/business/641c094001436dbc2081e642?limit=1&skip=1&locationId="+c.fake.LocationID(), nil)
	require.EqualValues(t, 2, list.body["count"])
	require.Len(t, list.rows(), 1)
	body["businessId"] = nil
	c.want(200, "POST", "/contacts/bulk/business", body)
	got, _ := c.fake.Get(a)
	require.Empty(t, got.BusinessID)
	body["ids"] = strings.Split(strings.Repeat("x,", 50)+"x", ",")
	require.Contains(t, c.want(422, "POST", "/contacts/bulk/business", body).message(), "no more than 50")
}

func TestEveryWriteMovesDateUpdated(t *testing.T) {
	c := start(t, Options{})
	id := c.create(object{"firstName": "Ada"})
	for i, call := range []func(){
		func() { c.want(200, "PUT", "/contacts/"+id, object{}) },
		func() { c.want(201, "POST", "/contacts/"+id+"/tags", object{"tags": []string{"x"}}) },
		func() { require.NoError(t, c.fake.Edit(id, map[string]any{"city": "Rome"})) },
	} {
		c.clock.advance(1500e6)
		call()
		got, _ := c.fake.Get(id)
		require.Equal(t, c.clock.Now(), got.DateUpdated, fmt.Sprint(i))
	}
}
