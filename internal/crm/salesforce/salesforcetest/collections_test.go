package salesforcetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// collection is the body of a collections call for contacts.
func collection(records ...fields) fields {
	for _, r := range records {
		r["attributes"] = fields{"type": "Contact"}
	}
	return fields{"allOrNone": false, "records": records}
}

func allOrNone(records ...fields) fields {
	c := collection(records...)
	c["allOrNone"] = true
	return c
}

func itemCode(item map[string]any) string {
	errs, _ := item["errors"].([]any)
	if len(errs) == 0 {
		return ""
	}
	code, _ := errs[0].(map[string]any)["statusCode"].(string)
	return code
}

func TestACollectionAnswers200AndEachItemForItself(t *testing.T) {
	b := newBench(t, Options{})
	a := b.ok("POST", v67+"/composite/sobjects", collection(
		fields{"LastName": "A"}, fields{"FirstName": "nameless"}, fields{"LastName": "C", "Nope": 1}, fields{"LastName": "D"}))
	require.Equal(t, 200, a.status)
	items := a.list(t)
	require.Equal(t, []any{true, false, false, true}, columnOf(items, "success"))
	require.Equal(t, "REQUIRED_FIELD_MISSING", itemCode(items[1]))
	require.NotContains(t, items[1], "id")
	require.Equal(t, "INVALID_FIELD", itemCode(items[2]))
	require.Equal(t, 2, b.org.Count("Contact"))
	require.Equal(t, 2, b.org.Stats().Creates)
}

func TestAllOrNoneTakesTheGoodItemsBackToo(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "Before", "GHL_Id__c": "1"})
	items := b.ok("PATCH", v67+"/composite/sobjects/Contact/GHL_Id__c", allOrNone(
		fields{"GHL_Id__c": "1", "LastName": "After"}, fields{"GHL_Id__c": "2", "LastName": "New"}, fields{"GHL_Id__c": "3"})).list(t)
	require.Equal(t, "ALL_OR_NONE_OPERATION_ROLLED_BACK", itemCode(items[0]))
	require.Equal(t, "ALL_OR_NONE_OPERATION_ROLLED_BACK", itemCode(items[1]))
	require.Equal(t, "REQUIRED_FIELD_MISSING", itemCode(items[2]))
	got, _ := b.org.Get("Contact", id)
	require.Equal(t, "Before", got["LastName"])
	require.Equal(t, 1, b.org.Count("Contact"))
	require.Len(t, b.queryAll("SELECT Id FROM Contact ORDER BY SystemModstamp"), 1)
	require.Equal(t, 404, b.do("GET", v67+"/sobjects/Contact/GHL_Id__c/2", nil).status)
	require.Zero(t, b.org.Stats().Updates)
}

func TestTwoRecordsWithOneExternalIDBothFail(t *testing.T) {
	b := newBench(t, Options{})
	items := b.ok("PATCH", v67+"/composite/sobjects/Contact/GHL_Id__c", collection(
		fields{"GHL_Id__c": "1", "LastName": "A"}, fields{"GHL_Id__c": "2", "LastName": "B"}, fields{"GHL_Id__c": "1", "LastName": "C"})).list(t)
	require.Equal(t, "DUPLICATE_VALUE", itemCode(items[0]))
	require.Equal(t, true, items[1]["created"])
	require.Equal(t, "DUPLICATE_VALUE", itemCode(items[2]))
	require.Equal(t, 1, b.org.Count("Contact"))
}

func TestAnUpsertCollectionAcceptsExternalIDsOnly(t *testing.T) {
	b := newBench(t, Options{})
	record := fields{"Id": "003000000000000AAA", "LastName": "A"}
	require.Equal(t, 404, b.do("PATCH", v67+"/composite/sobjects/Contact/Id", collection(record)).status)
}

func TestUpdatesAndDeletesReportGoneAndMalformedIDs(t *testing.T) {
	b := newBench(t, Options{})
	live, gone := b.create(fields{"LastName": "A"}), b.create(fields{"LastName": "B"})
	require.NoError(t, b.org.Delete("Contact", gone))
	missing := id18(live[:12] + "zzz")
	items := b.ok("PATCH", v67+"/composite/sobjects", collection(
		fields{"id": live, "Title": "x"}, fields{"Id": gone, "Title": "x"}, fields{"id": missing}, fields{"id": "zzz"}, fields{"Title": "x"})).list(t)
	require.Equal(t, true, items[0]["success"])
	for i, want := range []string{"", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "MISSING_ARGUMENT"} {
		require.Equal(t, want, itemCode(items[i]))
	}
	items = b.ok("DELETE", v67+"/composite/sobjects?ids="+live+","+gone+",zzz&allOrNone=false", nil).list(t)
	require.Equal(t, []any{true, false, false}, columnOf(items, "success"))
	require.Equal(t, "ENTITY_IS_DELETED", itemCode(items[1]))
	require.Zero(t, b.org.Count("Contact"))
}

func TestACollectionWithinACompositeRequestUndoesTheWhole(t *testing.T) {
	b := newBench(t, Options{})
	request := func(records ...fields) fields {
		return fields{"allOrNone": true, "compositeRequest": []fields{
			{"method": "POST", "url": v67 + "/sobjects/Account", "referenceId": "first", "body": fields{"Name": "Engines"}},
			{"method": "POST", "url": v67 + "/composite/sobjects", "referenceId": "many", "body": collection(records...)},
		}}
	}
	whole := b.ok("POST", v67+"/composite", request(fields{"LastName": "A"}, fields{"FirstName": "B"})).object(t)["compositeResponse"].([]any)
	require.EqualValues(t, 400, whole[0].(map[string]any)["httpStatusCode"])
	items := whole[1].(map[string]any)["body"].([]any)
	require.Equal(t, false, items[0].(map[string]any)["success"])
	require.Equal(t, [2]int{}, [2]int{b.org.Count("Account"), b.org.Count("Contact")})

	b.ok("POST", v67+"/composite", request(fields{"LastName": "A"}, fields{"LastName": "B"}))
	require.Equal(t, [2]int{1, 2}, [2]int{b.org.Count("Account"), b.org.Count("Contact")})
}

func TestCollectionsKeepTheirLimits(t *testing.T) {
	b := newBench(t, Options{})
	var many, mixed []fields
	for i := range 201 {
		many = append(many, fields{"LastName": fmt.Sprint(i)})
	}
	for i := range 11 {
		mixed = append(mixed, fields{"LastName": "x", "Name": "x", "attributes": fields{"type": []string{"Contact", "Account"}[i%2]}})
	}
	require.Equal(t, 400, b.do("POST", v67+"/composite/sobjects", collection(many...)).status)
	require.Equal(t, 400, b.do("POST", v67+"/composite/sobjects", fields{"records": mixed}).status)
	require.Equal(t, 400, b.do("POST", v67+"/composite/sobjects", fields{"records": []fields{{"LastName": "typeless"}}}).status)
	require.Equal(t, 400, b.do("POST", v67+"/composite/sobjects", "{").status)
	require.Equal(t, 200, b.do("POST", v67+"/composite/sobjects", collection(many[:200]...)).status)
	require.Equal(t, 200, b.org.Count("Contact"))
}

func TestRetrieveKeepsTheOrderAndPutsNullForWhatIsGone(t *testing.T) {
	b := newBench(t, Options{})
	one, two := b.create(fields{"LastName": "A"}), b.create(fields{"LastName": "B"})
	missing := id18(one[:12] + "zzz")
	got := b.ok("POST", v67+"/composite/sobjects/Contact", fields{"ids": []string{two, missing, one}, "fields": []string{"Id", "LastName"}}).list(t)
	require.Len(t, got, 3)
	require.Equal(t, "B", got[0]["LastName"])
	require.Nil(t, got[1])
	require.Equal(t, one, got[2]["Id"])
	got = b.ok("GET", v67+"/composite/sobjects/Contact?ids="+one+"&fields=LastName", nil).list(t)
	require.Equal(t, "A", got[0]["LastName"])
	require.Equal(t, "INVALID_FIELD", b.do("GET", v67+"/composite/sobjects/Contact?ids="+one+"&fields=Nope", nil).code(t))
}

func TestACompositeRefersToEarlierAnswersAndRollsBack(t *testing.T) {
	b := newBench(t, Options{})
	request := func(lastName any) fields {
		return fields{"allOrNone": true, "compositeRequest": []fields{
			{"method": "POST", "url": v67 + "/sobjects/Account", "referenceId": "acc", "body": fields{"Name": "Acme"}},
			{"method": "POST", "url": v67 + "/sobjects/Contact", "referenceId": "con", "body": fields{"LastName": lastName, "AccountId": "@{acc.id}"}},
			{"method": "GET", "url": v67 + "/sobjects/Contact/@{con.id}?fields=Account.Name", "referenceId": "read"},
		}}
	}
	answers := b.ok("POST", v67+"/composite", request("A")).object(t)["compositeResponse"].([]any)
	read := answers[2].(map[string]any)
	require.EqualValues(t, 200, read["httpStatusCode"])
	require.Equal(t, "read", read["referenceId"])
	require.Equal(t, "Acme", read["body"].(map[string]any)["Account"].(map[string]any)["Name"])

	answers = b.ok("POST", v67+"/composite", request(nil)).object(t)["compositeResponse"].([]any)
	var codes []any
	for _, a := range answers {
		codes = append(codes, a.(map[string]any)["body"].([]any)[0].(map[string]any)["errorCode"])
	}
	require.Equal(t, []any{"PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"}, codes)
	require.Equal(t, 1, b.org.Count("Account"))
	require.Equal(t, 2, b.org.Stats().Creates)
	require.Equal(t, 2, b.org.Requests(), "a composite request is one API call")
}

func TestABatchHaltsWhereItIsAskedTo(t *testing.T) {
	b := newBench(t, Options{})
	a := b.ok("POST", v67+"/composite/batch", fields{"haltOnError": true, "batchRequests": []fields{
		{"method": "POST", "url": "v67.0/sobjects/Contact", "richInput": fields{"LastName": "A"}},
		{"method": "GET", "url": v67 + "/sobjects/Contact/nonsense"},
		{"method": "GET", "url": "v67.0/limits"},
	}}).object(t)
	require.Equal(t, true, a["hasErrors"])
	var statuses []any
	for _, r := range a["results"].([]any) {
		statuses = append(statuses, r.(map[string]any)["statusCode"])
	}
	require.Equal(t, []any{201.0, 404.0, 412.0}, statuses)
}

func TestALockedItemFailsAloneAndItsSiblingsAreSaved(t *testing.T) {
	b := newBench(t, Options{})
	b.org.SetFaults([]Fault{{Kind: "lock_row", Count: 1, Path: "/composite/sobjects"}})
	items := b.ok("POST", v67+"/composite/sobjects", collection(fields{"LastName": "A"}, fields{"LastName": "B"})).list(t)
	require.Equal(t, "UNABLE_TO_LOCK_ROW", itemCode(items[0]))
	require.Equal(t, true, items[1]["success"])
}
