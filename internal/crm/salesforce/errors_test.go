package salesforce

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

const customerText = "Ada Lovelace <ada@example.com>"

// byVendorCode is the contract of the whole house with Salesforce's errors: which code has which kind.
var byVendorCode = map[string]crm.Kind{
	"INVALID_SESSION_ID":                            crm.NeedsReconnect,
	"INVALID_AUTH_HEADER":                           crm.NeedsReconnect,
	"API_DISABLED_FOR_ORG":                          crm.NeedsAccess,
	"API_CURRENTLY_DISABLED":                        crm.Unavailable,
	"REQUEST_LIMIT_EXCEEDED":                        crm.RateLimited,
	"SERVER_UNAVAILABLE":                            crm.Unavailable,
	"UNKNOWN_EXCEPTION":                             crm.Unavailable,
	"QUERY_TIMEOUT":                                 crm.Unavailable,
	"OPERATION_TOO_LARGE":                           crm.Unavailable,
	"UNABLE_TO_LOCK_ROW":                            crm.Busy,
	"TXN_SECURITY_METERING_ERROR":                   crm.Unavailable,
	"CONCURRENT_PER_ORG_LONG_TXN_LIMIT":             crm.Busy,
	"ConcurrentRequests":                            crm.Busy,
	"INVALID_QUERY_LOCATOR":                         crm.Invalid,
	"EXCEEDED_ID_LIMIT":                             crm.Invalid,
	"INVALID_REPLICATION_DATE":                      crm.Invalid,
	"STORAGE_LIMIT_EXCEEDED":                        crm.NeedsAccess,
	"DUPLICATE_VALUE":                               crm.Duplicate,
	"DUPLICATES_DETECTED":                           crm.Duplicate,
	"DUPLICATE_DEVELOPER_NAME":                      crm.Duplicate,
	"DUPLICATE_EXTERNAL_ID":                         crm.MultipleMatches,
	"REQUIRED_FIELD_MISSING":                        crm.Rejected,
	"FIELD_CUSTOM_VALIDATION_EXCEPTION":             crm.Rejected,
	"FIELD_INTEGRITY_EXCEPTION":                     crm.Rejected,
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST":       crm.Rejected,
	"STRING_TOO_LONG":                               crm.Rejected,
	"INVALID_EMAIL_ADDRESS":                         crm.Rejected,
	"NUMBER_OUTSIDE_VALID_RANGE":                    crm.Rejected,
	"JSON_PARSER_ERROR":                             crm.Invalid,
	"INVALID_TYPE_ON_FIELD_IN_RECORD":               crm.Rejected,
	"INVALID_FIELD":                                 crm.NeedsAccess,
	"INVALID_FIELD_FOR_INSERT_UPDATE":               crm.NeedsAccess,
	"INVALID_TYPE":                                  crm.NeedsAccess,
	"MALFORMED_QUERY":                               crm.Invalid,
	"INVALID_TYPE_FOR_OPERATION":                    crm.Invalid,
	"INVALID_BASE64_CHARACTERS":                     crm.Invalid,
	"MALFORMED_ID":                                  crm.Invalid,
	"INVALID_ID_FIELD":                              crm.Invalid,
	"INSUFFICIENT_ACCESS":                           crm.NeedsAccess,
	"INSUFFICIENT_ACCESS_OR_READONLY":               crm.NeedsAccess,
	"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": crm.NeedsAccess,
	"FUNCTIONALITY_NOT_ENABLED":                     crm.NeedsAccess,
	"INVALID_CROSS_REFERENCE_KEY":                   crm.NotFound,
	"ENTITY_IS_DELETED":                             crm.NotFound,
	"NOT_FOUND":                                     crm.NotFound,
	"DELETE_FAILED":                                 crm.Rejected,
	"CANNOT_DELETE_MANAGED_OBJECT":                  crm.Rejected,
	"DEPENDENCY_EXISTS":                             crm.Rejected,
	"INACTIVE_OWNER_OR_USER":                        crm.Rejected,
	"TRANSFER_REQUIRES_READ":                        crm.NeedsAccess,
	"OP_WITH_INVALID_USER_TYPE_EXCEPTION":           crm.Rejected,
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY":          crm.Rejected,
	"CANNOT_EXECUTE_FLOW_TRIGGER":                   crm.Rejected,
	"LIMIT_EXCEEDED":                                crm.Rejected,
	"APEX_ERROR":                                    crm.Rejected,
	"ALL_OR_NONE_OPERATION_ROLLED_BACK":             crm.Rejected,
	"PROCESSING_HALTED":                             crm.Rejected,
	"UNSUPPORTED_API_VERSION":                       crm.Invalid,
	"METHOD_NOT_ALLOWED":                            crm.Invalid,
	"SOMETHING_NEW_NEXT_WINTER":                     crm.Rejected,
}

func vendorBody(t *testing.T, code, message string, fields ...string) string {
	t.Helper()
	body, err := json.Marshal([]map[string]any{{"errorCode": code, "message": message, "fields": fields}})
	require.NoError(t, err)
	return string(body)
}

func TestEveryVendorCodeHasItsKind(t *testing.T) {
	for code, kind := range byVendorCode {
		t.Run(code, func(t *testing.T) {
			for _, creates := range []bool{false, true} {
				r := request{operation: "X /y", creates: creates}
				a := answer{status: 400, body: []byte(vendorBody(t, code, customerText, "Email", customerText))}
				e := r.check(&a, http.Header{})
				require.Equal(t, kind, e.Kind)
				require.Equal(t, code, e.Code)
				require.Equal(t, 400, e.Status)
				require.Equal(t, []string{"Email"}, e.Fields)
				require.NotEmpty(t, e.Reason)
				require.NotContains(t, e.Error(), "Ada")
			}
		})
	}
}

func TestTheTableOfKindsMissesNoCodeThatTheClientKnows(t *testing.T) {
	for code := range verdicts {
		require.Contains(t, byVendorCode, code)
	}
}

func TestACollectionItemsCodeMeansTheSameAsACallsCode(t *testing.T) {
	for code, kind := range byVendorCode {
		var item savedItem
		require.NoError(t, json.Unmarshal([]byte(`{"success":false,"errors":[{"statusCode":"`+code+`","message":"m","fields":["Email"]}]}`), &item))
		saved := request{operation: "X /y", creates: true}.result(item)
		require.Equal(t, kind, saved.Err.Kind, code)
		require.Equal(t, code, saved.Err.Code)
		require.Zero(t, saved.Err.Status)
		require.Empty(t, saved.ID)
	}
}

func TestAStatusWithoutAKnownCodeHasItsKind(t *testing.T) {
	const page = "<html>edge</html>"
	unknown := `[{"errorCode":"NEW_CODE","message":"m"}]`
	for _, c := range []struct {
		status          int
		body            string
		reads, creating crm.Kind
	}{
		{300, `["/services/data/v67.0/sobjects/Contact/a","b"]`, crm.MultipleMatches, crm.MultipleMatches},
		{302, page, crm.Unavailable, crm.Ambiguous},
		{400, page, crm.Unavailable, crm.Ambiguous},
		{400, "", crm.Unavailable, crm.Ambiguous},
		{400, unknown, crm.Rejected, crm.Rejected},
		{400, "[]", crm.Rejected, crm.Rejected},
		{400, "[1,null,[]]", crm.Rejected, crm.Rejected},
		{400, `{"error":"invalid_request","error_description":"x"}`, crm.Rejected, crm.Rejected},
		{401, page, crm.NeedsReconnect, crm.NeedsReconnect},
		{403, page, crm.Unavailable, crm.Ambiguous},
		{404, page, crm.Unavailable, crm.Ambiguous},
		{405, "", crm.Invalid, crm.Invalid},
		{406, unknown, crm.Unavailable, crm.Ambiguous},
		{409, unknown, crm.Rejected, crm.Rejected},
		{412, unknown, crm.Rejected, crm.Rejected},
		{413, page, crm.Invalid, crm.Invalid},
		{414, page, crm.Invalid, crm.Invalid},
		{415, unknown, crm.Invalid, crm.Invalid},
		{420, page, crm.Unavailable, crm.Ambiguous},
		{429, page, crm.RateLimited, crm.RateLimited},
		{429, unknown, crm.RateLimited, crm.RateLimited},
		{431, page, crm.Invalid, crm.Invalid},
		{500, page, crm.Unavailable, crm.Ambiguous},
		{500, unknown, crm.Unavailable, crm.Ambiguous},
		{500, vendorBody(t, "UNKNOWN_EXCEPTION", ""), crm.Unavailable, crm.Ambiguous},
		{500, vendorBody(t, "UNABLE_TO_LOCK_ROW", ""), crm.Busy, crm.Busy},
		{502, page, crm.Unavailable, crm.Ambiguous},
		{503, vendorBody(t, "SERVER_UNAVAILABLE", ""), crm.Unavailable, crm.Ambiguous},
		{504, "", crm.Unavailable, crm.Ambiguous},
	} {
		for _, creates := range []bool{false, true} {
			a := answer{status: c.status, body: []byte(c.body)}
			e := request{creates: creates}.check(&a, http.Header{})
			want := c.reads
			if creates {
				want = c.creating
			}
			require.Equal(t, want, e.Kind, "%d %s creates=%v", c.status, c.body, creates)
			require.Equal(t, c.status, e.Status)
		}
	}
}

func checked(r request, status int, body string) *crm.Error {
	a := answer{status: status, body: []byte(body)}
	return r.check(&a, http.Header{})
}

func TestALockInsideAFailedAutomationIsBusy(t *testing.T) {
	for _, code := range []string{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"} {
		e := checked(request{}, 400, vendorBody(t, code, "dlrs_Contact: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"))
		require.Equal(t, crm.Busy, e.Kind)
		require.Equal(t, code, e.Code)
	}
	e := checked(request{}, 400, vendorBody(t, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "UNABLE_TO_LOCK_ROW is our nickname"))
	require.Equal(t, crm.Rejected, e.Kind)
}

func TestAUsedUpDayWaitsLongerThanTooManyLongCalls(t *testing.T) {
	day := checked(request{}, 403, vendorBody(t, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
	require.Equal(t, 30*time.Minute, day.RetryAfter)
	long := checked(request{}, 403, vendorBody(t, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."))
	require.Equal(t, 10*time.Second, long.RetryAfter)
}

func TestARetryAfterHeaderIsBelievedWithinADay(t *testing.T) {
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "-1": 0, "x": 0, "": 0, "86401": 0} {
		a := answer{status: 429}
		e := request{}.check(&a, http.Header{"Retry-After": {value}})
		require.Equal(t, want, e.RetryAfter, value)
	}
}

func TestAMissingAPINamesBothCauses(t *testing.T) {
	e := checked(request{}, 403, vendorBody(t, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."))
	for _, part := range []string{"edition", "Starter", "Professional", "add-on", `"API Enabled"`} {
		require.Contains(t, e.Reason, part)
	}
}

func TestAQuerysMissingColumnIsNamed(t *testing.T) {
	e := checked(request{}, 400, vendorBody(t, "INVALID_FIELD",
		"\nSELECT Id FROM Contact WHERE Email = 'ada@example.com'\n^\nERROR at Row:1:Column:8\nNo such column 'Mood__c' on entity 'Contact'."))
	require.Equal(t, []string{"Mood__c"}, e.Fields)
	require.NotContains(t, e.Error(), "ada")
}

func TestTheFieldsOfErrorsWithOneCodeAreGathered(t *testing.T) {
	e := checked(request{}, 400, `[{"errorCode":"STRING_TOO_LONG","fields":["LastName"]},
		{"errorCode":"STRING_TOO_LONG","fields":["FirstName","LastName",7]},{"errorCode":"INVALID_EMAIL_ADDRESS","fields":["Email"]}]`)
	require.Equal(t, []string{"FirstName", "LastName"}, e.Fields)
}

func TestADuplicateValueNamesTheRecordThatHoldsIt(t *testing.T) {
	for message, id := range map[string]string{
		"duplicate value found: GHL_Id__c duplicates value on record with id: 0035g00000AbCdE":     "0035g00000AbCdEAAV",
		"duplicate value found: GHL_Id__c duplicates value on record with id: 0035g00000AbCdEAAV.": "0035g00000AbCdEAAV",
		"Doppelter Wert: GHL_Id__c, Datensatz mit ID: 0035g00000AbCdE":                             "0035g00000AbCdEAAV",
		"Duplicate external id specified: ocQHyuzHvysMo5N5VsXc":                                    "",
		"duplicate value found: <unknown> duplicates value on record with id: <unknown>":           "",
	} {
		require.Equal(t, id, checked(request{}, 400, vendorBody(t, "DUPLICATE_VALUE", message)).ExistingID, message)
	}
}

func TestADuplicateValueThatSeveralRecordsHoldIsMultipleMatches(t *testing.T) {
	e := checked(request{}, 400, vendorBody(t, "DUPLICATE_VALUE",
		"GHL_Id__c: more than one record found for external id field: [0035g00000AbCdE, 0035g00000AbCdF]"))
	require.Equal(t, crm.MultipleMatches, e.Kind)
	require.Empty(t, e.ExistingID)
}

func TestADuplicateRuleNamesTheRecordWhenItFoundOne(t *testing.T) {
	match := func(id string) string {
		return `{"record":{"attributes":{"type":"Contact"},"Id":"` + id + `"},"matchConfidence":100.0}`
	}
	rule := func(entity string, matches ...string) string {
		return `{"entityType":"` + entity + `","matchRecords":[` + strings.Join(matches, ",") + `]}`
	}
	const ada, bob, lead = "0035g00000AbCdEAAV", "003000000000001AAA", "00Q000000000001AAA"
	for name, c := range map[string]struct {
		key   string
		rules []string
		id    string
	}{
		"one":                     {"duplicateResult", []string{rule("Contact", match(ada))}, ada},
		"one, misspelt":           {"duplicateResut", []string{rule("Contact", match(ada))}, ada},
		"one by two rules":        {"duplicateResult", []string{rule("Contact", match(ada)), rule("Contact", match(ada))}, ada},
		"one by its address":      {"duplicateResult", []string{rule("Contact", `{"record":{"attributes":{"url":"/services/data/v67.0/sobjects/Contact/`+ada+`"}}}`)}, ada},
		"two":                     {"duplicateResult", []string{rule("Contact", match(ada), match(bob))}, ""},
		"none":                    {"duplicateResult", nil, ""},
		"of another object":       {"duplicateResult", []string{rule("Lead", match(lead))}, ""},
		"one among other objects": {"duplicateResult", []string{rule("Lead", match(lead)), rule("Contact", match(ada))}, ada},
		"no result":               {"somethingElse", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := `[{"errorCode":"DUPLICATES_DETECTED","message":"Use one of these records?","` + c.key +
				`":{"matchResults":[` + strings.Join(c.rules, ",") + `]}}]`
			e := checked(request{object: "Contact"}, 400, body)
			require.Equal(t, crm.Duplicate, e.Kind)
			require.Equal(t, c.id, e.ExistingID)
		})
	}
}

func TestAnInternalErrorKeepsItsSupportNumber(t *testing.T) {
	e := checked(request{}, 500, vendorBody(t, "UNKNOWN_EXCEPTION",
		"An unexpected error occurred. Please include this ErrorId if you contact support: 1358369281-22312 (-1517434434)"))
	require.Equal(t, "1358369281-22312 (-1517434434)", e.TraceID)
}

func TestACodeThatIsNoIdentifierDoesNotEnterTheError(t *testing.T) {
	e := checked(request{}, 400, vendorBody(t, customerText, customerText, customerText))
	require.Equal(t, crm.Rejected, e.Kind)
	require.Empty(t, e.Code)
	require.Empty(t, e.Fields)
}

func FuzzErrorBody(f *testing.F) {
	for code := range byVendorCode {
		f.Add(400, []byte(`[{"errorCode":"`+code+`","message":"m","fields":["Email"]}]`))
	}
	f.Add(300, []byte(`["/services/data/v67.0/sobjects/Contact/003"]`))
	f.Add(500, []byte("<html>"))
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"expired access/refresh token"}`))
	f.Add(400, []byte(`[{"errorCode":"DUPLICATES_DETECTED","duplicateResut":{"matchResults":[{"matchRecords":[{"record":{"Id":"0035g00000AbCdE"}}]}]}}]`))
	f.Add(400, []byte(`[{"errorCode":"DUPLICATE_VALUE","message":"record with id: 0035g00000AbCdE"}]`))
	f.Add(400, []byte(`{"id":null,"success":false,"errors":[{"statusCode":"STRING_TOO_LONG"}]}`))
	kinds := []crm.Kind{crm.Unavailable, crm.Busy, crm.RateLimited, crm.NeedsReconnect, crm.NeedsAccess,
		crm.Rejected, crm.Duplicate, crm.MultipleMatches, crm.NotFound, crm.Invalid}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 300 || status > 599 {
			return
		}
		a := answer{status: status, body: body}
		e := request{object: "Contact"}.check(&a, http.Header{})
		if !slices.Contains(kinds, e.Kind) {
			t.Fatalf("kind %q", e.Kind)
		}
		for _, name := range append([]string{e.Code, e.ExistingID}, e.Fields...) {
			if name != "" && !identifierPattern.MatchString(name) {
				t.Fatalf("%q is no identifier", name)
			}
		}
		if e.Reason == "" {
			t.Fatal("no reason")
		}
	})
}
