package salesforcetest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACreatedContactIsReadBackAsTheOrgStoresIt(t *testing.T) {
	b := newBench(t, Options{})
	a := b.ok("POST", v67+"/sobjects/Contact", fields{
		"LastName": "  Nguyen ", "FirstName": "An", "Email": "an@example.com", "MailingStreet": "1 Main\nApt 2", "Title": "",
	})
	require.Equal(t, 201, a.status)
	id := a.object(t)["id"].(string)
	require.Len(t, id, 18)
	require.Equal(t, v67+"/sobjects/Contact/"+id, a.header.Get("Location"))
	got := b.ok("GET", v67+"/sobjects/Contact/"+id, nil).object(t)
	require.Equal(t, "Nguyen", got["LastName"])
	require.Equal(t, "An Nguyen", got["Name"])
	require.Nil(t, got["Title"])
	require.Equal(t, "1 Main\r\nApt 2", got["MailingStreet"])
	require.Equal(t, "1 Main\r\nApt 2", got["MailingAddress"].(map[string]any)["street"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", got["SystemModstamp"])
	require.Equal(t, b.org.APIUserID(), got["LastModifiedById"])
	require.Equal(t, false, got["DoNotCall"])
	require.Equal(t, fields{"type": "Contact", "url": v67 + "/sobjects/Contact/" + id}, got["attributes"])
	short := b.ok("GET", v67+"/sobjects/contact/"+id[:15]+"?fields=Id,Owner.Name", nil).object(t)
	require.Equal(t, id, short["Id"])
	require.Equal(t, "Integration User", short["Owner"].(map[string]any)["Name"])
}

func TestAPatchChangesOnlyTheNamedFieldsAndNullClears(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "A", "Phone": "1", "Title": "Boss"})
	b.clock.advance(time.Minute)
	a := b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": nil})
	require.Equal(t, 204, a.status)
	require.Empty(t, a.text)
	got, _ := b.org.Get("Contact", id)
	require.Nil(t, got["Title"])
	require.Equal(t, "1", got["Phone"])
	require.Equal(t, "2026-11-23T17:01:00.000+0000", got["SystemModstamp"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", got["CreatedDate"])
	require.Equal(t, "INVALID_FIELD", b.do("PATCH", v67+"/sobjects/Contact/"+id, fields{"Id": id, "Title": "x"}).code(t))
}

func TestEachRuleOfTheOrgRefusesWithItsCode(t *testing.T) {
	b := newBench(t, Options{
		HiddenFields: []string{"Contact.Birthdate"}, RequireFields: []string{"Contact.Department"},
		RestrictedPicklists: map[string][]string{"Contact.LeadSource": {"Web", "Other"}},
	})
	b.org.AddValidationRule("Contact", "Bosses need a phone", func(f map[string]any) bool { return f["Title"] == "Boss" && f["Phone"] == nil })
	account := b.org.Create("Account", fields{"Name": "Acme"})
	gone := b.org.Create("Account", fields{"Name": "Gone"})
	require.NoError(t, b.org.Delete("Account", gone))
	inactive := b.org.Create("User", fields{"LastName": "Old", "Username": "old@x.com"})
	for name, one := range map[string]struct {
		change fields
		code   string
		fields []any
	}{
		"no last name":       {fields{"LastName": " "}, "REQUIRED_FIELD_MISSING", []any{"LastName"}},
		"required by admin":  {fields{"Department": nil}, "REQUIRED_FIELD_MISSING", []any{"Department"}},
		"bad address":        {fields{"Email": "nobody@"}, "INVALID_EMAIL_ADDRESS", []any{"Email"}},
		"two dots":           {fields{"Email": "a..b@example.com"}, "INVALID_EMAIL_ADDRESS", []any{"Email"}},
		"too long":           {fields{"FirstName": strings.Repeat("x", 41)}, "STRING_TOO_LONG", []any{"FirstName"}},
		"too long in UTF-16": {fields{"FirstName": strings.Repeat("😀", 21)}, "STRING_TOO_LONG", []any{"FirstName"}},
		"picklist":           {fields{"LeadSource": "Billboard"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", []any{"LeadSource"}},
		"unknown field":      {fields{"Nickname": "x"}, "INVALID_FIELD", nil},
		"hidden field":       {fields{"Birthdate": "2000-01-02"}, "INVALID_FIELD_FOR_INSERT_UPDATE", []any{"Birthdate"}},
		"system field":       {fields{"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", []any{"SystemModstamp"}},
		"calculated field":   {fields{"Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", []any{"Name"}},
		"text as number":     {fields{"Phone": 5}, "JSON_PARSER_ERROR", nil},
		"boolean as text":    {fields{"DoNotCall": "true"}, "JSON_PARSER_ERROR", nil},
		"validation":         {fields{"Title": "Boss"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", nil},
		"wrong reference":    {fields{"AccountId": inactive}, "MALFORMED_ID", []any{"AccountId"}},
		"deleted reference":  {fields{"AccountId": gone}, "ENTITY_IS_DELETED", []any{"AccountId"}},
		"missing reference":  {fields{"AccountId": id18(account[:12] + "zzz")}, "INVALID_CROSS_REFERENCE_KEY", []any{"AccountId"}},
		"inactive owner":     {fields{"OwnerId": inactive}, "INACTIVE_OWNER_OR_USER", nil},
		"not an object":      {nil, "JSON_PARSER_ERROR", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var record any
			if one.change != nil {
				whole := fields{"LastName": "A", "Department": "B"}
				for k, v := range one.change {
					whole[k] = v
				}
				record = whole
			} else {
				record = "[1"
			}
			a := b.do("POST", v67+"/sobjects/Contact", record)
			require.Equal(t, 400, a.status, a.text)
			require.Equal(t, one.code, a.code(t), a.text)
			if one.fields != nil {
				require.Equal(t, one.fields, a.list(t)[0]["fields"])
			}
		})
	}
	require.Zero(t, b.org.Count("Contact"), "a refused record must not be kept")
	b.create(fields{"LastName": "A", "Department": "B", "AccountId": account, "Title": "Boss", "Phone": "1", "LeadSource": "Web"})
}

func TestAWrongDateIsRefusedByTheParserOrByTheItem(t *testing.T) {
	b := newBench(t, Options{})
	require.Equal(t, "JSON_PARSER_ERROR", b.do("POST", v67+"/sobjects/Contact", fields{"LastName": "A", "Birthdate": "2000-13-01"}).code(t))
	items := b.ok("POST", v67+"/composite/sobjects", collection(fields{"LastName": "A", "Birthdate": "2000-13-01"})).list(t)
	require.Equal(t, "INVALID_TYPE_ON_FIELD_IN_RECORD", itemCode(items[0]))
}

func TestAnUpsertTellsCreatedUpdatedSeveralAndNone(t *testing.T) {
	b := newBench(t, Options{APIVersions: []string{"45.0", "67.0"}})
	at := v67 + "/sobjects/Contact/GHL_Id__c/a%2Fb%20c"
	first := b.ok("PATCH", at, fields{"LastName": "A"})
	require.Equal(t, 201, first.status)
	require.Equal(t, true, first.object(t)["created"])
	id := first.object(t)["id"].(string)
	got, _ := b.org.Get("Contact", id)
	require.Equal(t, "a/b c", got["GHL_Id__c"])
	second := b.ok("PATCH", at, fields{"LastName": "B"})
	require.Equal(t, 200, second.status)
	require.Equal(t, false, second.object(t)["created"])
	require.Equal(t, id, second.object(t)["id"])
	require.Equal(t, 204, b.ok("PATCH", strings.Replace(at, "67", "45", 1), fields{"LastName": "C"}).status)
	require.Equal(t, id, b.ok("GET", at, nil).object(t)["Id"])

	require.Equal(t, 404, b.do("PATCH", v67+"/sobjects/Contact/GHL_Id__c/other?updateOnly=true", fields{"LastName": "A"}).status)
	require.Equal(t, 404, b.do("PATCH", v67+"/sobjects/Contact/Email/a@b.co", fields{"LastName": "A"}).status)
	require.Equal(t, "INVALID_FIELD", b.do("PATCH", at, fields{"LastName": "A", "ghl_id__c": "x"}).code(t))
	require.Equal(t, "INVALID_FIELD", b.do("PATCH", at, fields{"LastName": "A", "Id": id}).code(t))

	b.org.AddCustomField("Contact", "Legacy__c", "Text", ExternalID())
	ids := b.org.Load("Contact", []map[string]any{{"LastName": "X", "Legacy__c": "7"}, {"LastName": "Y", "Legacy__c": "7"}})
	several := b.do("PATCH", v67+"/sobjects/Contact/Legacy__c/7", fields{"LastName": "Z"})
	require.Equal(t, 300, several.status)
	require.JSONEq(t, `["`+v67+`/sobjects/Contact/`+ids[0]+`","`+v67+`/sobjects/Contact/`+ids[1]+`"]`, several.text)
	require.Equal(t, 300, b.do("GET", v67+"/sobjects/Contact/Legacy__c/7", nil).status)
}

func TestAnUpsertAfterADeleteCreatesAnotherRecord(t *testing.T) {
	b := newBench(t, Options{})
	first := b.ok("PATCH", v67+"/sobjects/Contact/GHL_Id__c/x", fields{"LastName": "A"}).object(t)["id"].(string)
	require.Equal(t, 204, b.ok("DELETE", v67+"/sobjects/Contact/"+first, nil).status)
	again := b.ok("PATCH", v67+"/sobjects/Contact/GHL_Id__c/x", fields{"LastName": "A"})
	require.Equal(t, 201, again.status)
	require.NotEqual(t, first, again.object(t)["id"])
	require.Error(t, b.org.Undelete("Contact", first), "two live records would share a unique value")
}

func TestADuplicateExternalIDNamesTheOtherRecordBy15Characters(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "A", "GHL_Id__c": "abc"})
	a := b.do("POST", v67+"/sobjects/Contact", fields{"LastName": "B", "GHL_Id__c": "abc"})
	require.Equal(t, "DUPLICATE_VALUE", a.code(t))
	require.True(t, strings.HasSuffix(a.list(t)[0]["message"].(string), "record with id: "+id[:15]))
	b.create(fields{"LastName": "B", "GHL_Id__c": "ABC"})
}

func TestAMissingRecordADeletedRecordAndANonsenseIdAreToldApart(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "A"})
	require.NoError(t, b.org.Delete("Contact", id))
	for path, want := range map[string]string{
		"GET " + id: "NOT_FOUND", "PATCH " + id: "ENTITY_IS_DELETED", "DELETE " + id: "ENTITY_IS_DELETED",
		"GET nonsense": "NOT_FOUND", "PATCH " + id18(id[:12]+"zzz"): "NOT_FOUND", "DELETE " + id[:17] + "x": "NOT_FOUND",
	} {
		method, what, _ := strings.Cut(path, " ")
		a := b.do(method, v67+"/sobjects/Contact/"+what, map[bool]any{true: fields{"LastName": "B"}}[method == "PATCH"])
		require.Equal(t, 404, a.status, path)
		require.Equal(t, want, a.code(t), path)
	}
}

func TestAConditionalWriteLosesToALaterEdit(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "A"})
	base := b.clock.now().UTC().Truncate(time.Second).Format(http.TimeFormat)
	path := v67 + "/sobjects/Contact/" + id
	b.header.Set("If-Unmodified-Since", base)
	require.Equal(t, 204, b.do("PATCH", path, fields{"Title": "same second"}).status)
	b.clock.advance(time.Second)
	require.NoError(t, b.org.Edit("Contact", id, fields{"Title": "theirs"}))
	require.Equal(t, 412, b.do("PATCH", path, fields{"Title": "ours"}).status)
	b.header.Set("If-Unmodified-Since", "yesterday")
	require.Equal(t, 400, b.do("PATCH", path, fields{"Title": "ours"}).status)
	b.header.Del("If-Unmodified-Since")
	got, _ := b.org.Get("Contact", id)
	require.Equal(t, "theirs", got["Title"])

	b.header.Set("If-Modified-Since", b.clock.now().Format(http.TimeFormat))
	require.Equal(t, 304, b.do("GET", path, nil).status)
	b.header.Set("If-Modified-Since", base)
	require.Equal(t, 200, b.do("GET", path, nil).status)
}

func TestTheDuplicateRuleWarnsOrBlocks(t *testing.T) {
	for rule, bypassed := range map[string]int{"alert": 201, "block": 400} {
		t.Run(rule, func(t *testing.T) {
			b := newBench(t, Options{DuplicateRule: rule})
			id := b.create(fields{"LastName": "Stone", "Email": "stone@example.com", "Phone": "(415) 555-1212"})
			byPhone := fields{"LastName": "STONE", "Phone": "415 5551212"}
			a := b.do("POST", v67+"/sobjects/Contact", byPhone)
			require.Equal(t, "DUPLICATES_DETECTED", a.code(t))
			result := a.list(t)[0]["duplicateResult"].(map[string]any)
			require.Equal(t, rule == "alert", result["allowSave"])
			match := result["matchResults"].([]any)[0].(map[string]any)["matchRecords"].([]any)[0].(map[string]any)
			require.Equal(t, id, match["record"].(map[string]any)["Id"])
			items := b.ok("POST", v67+"/composite/sobjects", collection(fields{"LastName": "Other", "Email": "STONE@example.com"})).list(t)
			require.Equal(t, "DUPLICATES_DETECTED", itemCode(items[0]))

			b.header.Set("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=false")
			require.Equal(t, bypassed, b.do("POST", v67+"/sobjects/Contact", byPhone).status)
			b.header.Del("Sforce-Duplicate-Rule-Header")
			b.create(fields{"LastName": "Rock", "Phone": "(415) 555-1212"})
			b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Email": "stone@example.com"})
		})
	}
}

func TestALockedRowOrAccountRefusesUntilItIsFree(t *testing.T) {
	b := newBench(t, Options{})
	account := b.org.Create("Account", fields{"Name": "Acme"})
	id := b.create(fields{"LastName": "A", "AccountId": account})
	b.org.LockRow(account, b.clock.now().Add(time.Minute))
	a := b.do("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": "x"})
	require.Equal(t, 400, a.status)
	require.Equal(t, "UNABLE_TO_LOCK_ROW", a.code(t))
	b.clock.advance(time.Minute)
	b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": "x"})
}

func TestAFullOrgRefusesCreatesOnly(t *testing.T) {
	b := newBench(t, Options{MaxRecords: 1})
	id := b.create(fields{"LastName": "A"})
	require.Equal(t, "STORAGE_LIMIT_EXCEEDED", b.do("POST", v67+"/sobjects/Contact", fields{"LastName": "B"}).code(t))
	b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": "x"})
}
