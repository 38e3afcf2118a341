package gohighlevel

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestEveryRefusalIsClassified(t *testing.T) {
	html := headers("Content-Type", "text/html; charset=UTF-8")
	const page = "<!DOCTYPE html><html><body>Attention Required!</body></html>"
	for name, c := range map[string]struct {
		op     *operation
		status int
		header http.Header
		body   string
		kind   crm.Kind
		code   string
		reason string // part of it
		fields []string
		id     string
		wait   time.Duration
	}{
		"a contact that is gone is a 400":                   {op: getContact, status: 400, body: `{"statusCode":400,"message":"Contact with id X not found"}`, kind: crm.NotFound, code: "contact_not_found"},
		"gone, in the other wording":                        {op: updateContact, status: 400, body: `{"statusCode":400,"message":"Contact not found for id:X"}`, kind: crm.NotFound, code: "contact_not_found"},
		"a user that is not found is not a contact gone":    {op: updateContact, status: 400, body: `{"message":"User with id U not found"}`, kind: crm.Rejected, code: "refused"},
		"not found without a record in the path":            {op: createContact, status: 400, body: `{"message":"Contact not found"}`, kind: crm.Rejected, code: "refused"},
		"404 of a contact":                                  {op: deleteContact, status: 404, body: `{"statusCode":404,"message":"Not Found"}`, kind: crm.NotFound, code: "contact_not_found"},
		"410 of a contact":                                  {op: addContactTags, status: 410, kind: crm.NotFound, code: "contact_not_found"},
		"404 of a location":                                 {op: getLocation, status: 404, kind: crm.NotFound, code: "location_not_found"},
		"404 of a business":                                 {op: listBusinessContacts, status: 404, kind: crm.NotFound, code: "business_not_found"},
		"404 of a collection":                               {op: createContact, status: 404, body: `{"message":"Not Found"}`, kind: crm.Invalid, code: "no_such_path"},
		"a path that is not routed":                         {op: listContacts, status: 404, body: `Cannot GET /contacts/?locationId=L`, kind: crm.Invalid, code: "no_such_path"},
		"a path that is not routed, as Express prints it":   {op: searchContacts, status: 404, header: html, body: `<!DOCTYPE html><pre>Cannot POST /contacts/search</pre>`, kind: crm.Invalid, code: "no_such_path"},
		"an unrouted contact path is no contact gone":       {op: getContact, status: 404, body: `{"message":"Cannot GET /contacts/X"}`, kind: crm.Invalid, code: "no_such_path"},
		"a 404 page of something else is no contact gone":   {op: getContact, status: 404, header: html, body: page, kind: crm.Unavailable, code: "web_page"},
		"a duplicate":                                       {op: createContact, status: 400, body: `{"statusCode":400,"message":"This location does not allow duplicated contacts.","meta":{"contactId":"abc123","contactName":"Ada L","matchingField":"email"},"traceId":"7f-9"}`, kind: crm.Duplicate, code: "duplicate_contact", id: "abc123", fields: []string{"email"}},
		"a duplicate on update":                             {op: updateContact, status: 400, body: `{"message":"This location does not allow duplicated contacts.","meta":{"contactId":"abc123"}}`, kind: crm.Duplicate, code: "duplicate_contact", id: "abc123"},
		"a duplicate without its id":                        {op: createContact, status: 400, body: `{"message":"This location does not allow duplicated contacts."}`, kind: crm.Duplicate, code: "duplicate_contact"},
		"a duplicate whose id is no id":                     {op: createContact, status: 400, body: `{"message":"This location does not allow duplicated contacts.","meta":{"contactId":"../x y"}}`, kind: crm.Duplicate, code: "duplicate_contact"},
		"an unknown property":                               {op: updateContact, status: 422, body: `{"statusCode":422,"message":["property locationId should not exist","property customFields.0.x should not exist"],"error":"Unprocessable Entity"}`, kind: crm.Invalid, code: "unknown_property", fields: []string{"locationId", "customFields.0"}},
		"a wrong type":                                      {op: createContact, status: 422, body: `{"message":["firstName must be a string","each value in tags must be a string"]}`, kind: crm.Invalid, code: "wrong_type", fields: []string{"firstName", "tags"}},
		"one message instead of a list":                     {op: createContact, status: 422, body: `{"message":"dnd must be a boolean value"}`, kind: crm.Invalid, code: "wrong_type", fields: []string{"dnd"}},
		"a bad address is the record's fault":               {op: createContact, status: 422, body: `{"message":["email must be an email"]}`, kind: crm.Rejected, code: "value_refused", fields: []string{"email"}},
		"a bad phone is the record's fault":                 {op: updateContact, status: 422, body: `{"message":["phone must be a valid phone number"]}`, kind: crm.Rejected, code: "value_refused", fields: []string{"phone"}},
		"a customer's word is no field":                     {op: updateContact, status: 422, body: `{"message":["Lovelace must be unique","ada@example.com must be unique"]}`, kind: crm.Rejected, code: "refused"},
		"a bad search":                                      {op: searchContacts, status: 422, body: `{"message":["pageLimit should not be empty"]}`, kind: crm.Invalid, code: "bad_request", fields: []string{"pageLimit"}},
		"a bad look-up":                                     {op: findDuplicateContact, status: 400, body: `{"message":"Pass at least one of number, email query parameter"}`, kind: crm.Invalid, code: "bad_request"},
		"a record refused for other reasons":                {op: createContact, status: 400, body: `{"message":"Invalid country"}`, kind: crm.Rejected, code: "refused"},
		"a conflict":                                        {op: updateContact, status: 409, body: `{"message":"Conflict"}`, kind: crm.Busy, code: "conflict"},
		"a spent token":                                     {op: getContact, status: 401, body: `{"statusCode":401,"message":"Invalid token: access token is invalid","error":"Unauthorized"}`, kind: crm.NeedsReconnect, code: "token_invalid"},
		"a bad JWT":                                         {op: getContact, status: 401, body: `{"message":"Invalid JWT"}`, kind: crm.NeedsReconnect, code: "token_invalid"},
		"a missing scope names the scope":                   {op: createContact, status: 401, body: `{"message":"The token is not authorized for this scope."}`, kind: crm.NeedsAccess, code: "scope_missing", reason: "contacts.write"},
		"a missing scope on custom fields":                  {op: listCustomFields, status: 401, body: `{"message":"The token is not authorized for this scope."}`, kind: crm.NeedsAccess, code: "scope_missing", reason: "locations/customFields.readonly"},
		"an agency's token":                                 {op: getContact, status: 401, body: `{"message":"This authClass type is not allowed to access this scope. Please reach out to the support."}`, kind: crm.NeedsAccess, code: "token_kind", reason: "contacts.readonly"},
		"a token of the wrong kind":                         {op: getContact, status: 401, body: `{"message":"Token's user type mismatch!"}`, kind: crm.NeedsAccess, code: "token_kind"},
		"no version":                                        {op: getContact, status: 401, body: `{"message":"version header was not found."}`, kind: crm.Invalid, code: "version_refused"},
		"an unknown version":                                {op: getContact, status: 401, body: `{"message":"version header is invalid"}`, kind: crm.Invalid, code: "version_refused"},
		"another location":                                  {op: getContact, status: 403, body: `{"message":"The token does not have access to this location."}`, kind: crm.NeedsAccess, code: "location_forbidden", reason: "location"},
		"forbidden without a word":                          {op: listUsers, status: 403, kind: crm.NeedsAccess, code: "forbidden", reason: "users.readonly"},
		"an edge that wants a captcha":                      {op: createContact, status: 403, header: html, body: page, kind: crm.Unavailable, code: "web_page"},
		"the plan":                                          {op: getContact, status: 402, kind: crm.NeedsAccess, code: "payment_required"},
		"too many, with seconds":                            {op: createContact, status: 429, header: headers("Retry-After", "7"), kind: crm.RateLimited, code: "rate_limited", wait: 7 * time.Second},
		"too many, with a date":                             {op: getContact, status: 429, header: headers("Retry-After", "Mon, 02 Mar 2026 12:00:30 GMT"), kind: crm.RateLimited, code: "rate_limited", wait: 30 * time.Second},
		"too many, with the window":                         {op: getContact, status: 429, header: headers("X-RateLimit-Interval-Milliseconds", "10000", "X-RateLimit-Daily-Remaining", "5"), body: page, kind: crm.RateLimited, code: "rate_limited", wait: 10 * time.Second},
		"too many for the day":                              {op: getContact, status: 429, header: headers("X-RateLimit-Interval-Milliseconds", "10000", "X-RateLimit-Daily-Remaining", "0"), kind: crm.RateLimited, code: "rate_limited", wait: time.Hour},
		"too many, without a word":                          {op: getContact, status: 429, kind: crm.RateLimited, code: "rate_limited"},
		"500 on a read":                                     {op: getContact, status: 500, body: `{"message":"x"}`, kind: crm.Unavailable, code: "server_error"},
		"502 as a page on an update":                        {op: updateContact, status: 502, header: html, body: page, kind: crm.Unavailable, code: "server_error"},
		"503 on a search, which is a POST but only reads":   {op: searchContacts, status: 503, kind: crm.Unavailable, code: "server_error"},
		"504 on a tag call":                                 {op: addContactTags, status: 504, kind: crm.Unavailable, code: "server_error"},
		"500 on a create may have created":                  {op: createContact, status: 500, kind: crm.Ambiguous, code: "server_error"},
		"504 as a page on an upsert may have created":       {op: upsertContact, status: 504, header: html, body: page, kind: crm.Ambiguous, code: "server_error"},
		"408 on a create may have created":                  {op: createContact, status: 408, kind: crm.Ambiguous, code: "server_error"},
		"a redirect":                                        {op: createContact, status: 302, kind: crm.Unavailable, code: "redirected"},
		"a body that is too large for the vendor":           {op: createContact, status: 413, kind: crm.Invalid, code: "bad_request"},
		"version v3's nested error":                         {op: updateContact, status: 422, body: `{"error":{"code":"VALIDATION","message":"property gender should not exist","details":[{"message":"property companyName should not exist"}]},"traceId":"a b/c-1"}`, kind: crm.Invalid, code: "unknown_property", fields: []string{"gender", "companyName"}},
		"version v3's nested error about a spent token":     {op: getContact, status: 401, body: `{"error":{"message":"Invalid JWT"}}`, kind: crm.NeedsReconnect, code: "token_invalid"},
		"a refusal that is not JSON":                        {op: createContact, status: 400, body: `This location does not allow duplicated contacts.`, kind: crm.Duplicate, code: "duplicate_contact"},
		"a not-found that is not JSON":                      {op: getContact, status: 400, body: `Contact not found`, kind: crm.NotFound, code: "contact_not_found"},
		"an empty refusal of a write":                       {op: createContact, status: 400, kind: crm.Rejected, code: "refused"},
		"a read refused in the words of a duplicate":        {op: searchContacts, status: 400, body: `{"message":"duplicate contact"}`, kind: crm.Invalid, code: "bad_request"},
		"a duplicate of something that is not the contact":  {op: updateContact, status: 422, body: `{"message":"duplicate entries in customFields"}`, kind: crm.Rejected, code: "refused"},
		"a location whose customFields path is not routed":  {op: listCustomFields, status: 404, body: `Cannot GET /locations/L/customFields`, kind: crm.Invalid, code: "no_such_path"},
		"a status that HighLevel does not document":         {op: getContact, status: 418, kind: crm.Invalid, code: "bad_request"},
		"a redirect that claims the contact is gone, still": {op: getContact, status: 301, body: `Contact not found`, kind: crm.Unavailable, code: "redirected"},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(c.op, c.status, c.header, []byte(c.body), noon)
			if got.Kind != c.kind || got.Code != c.code {
				t.Errorf("classified as %s/%s, want %s/%s", got.Kind, got.Code, c.kind, c.code)
			}
			if !slices.Equal(got.Fields, c.fields) || got.ExistingID != c.id || got.RetryAfter != c.wait {
				t.Errorf("fields %q, existing %q, wait %s; want %q, %q, %s", got.Fields, got.ExistingID, got.RetryAfter, c.fields, c.id, c.wait)
			}
			if got.Side != record.GoHighLevel || got.Operation != c.op.name || got.Status != c.status {
				t.Errorf("signed %s %q %d", got.Side, got.Operation, got.Status)
			}
			if got.Reason == "" || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("reason %q does not name %q", got.Reason, c.reason)
			}
		})
	}
}

func TestTheVendorsTextNeverEntersAnError(t *testing.T) {
	const trace = "0c52e980-41f6-4be7-8c4e-32332bd1b0be"
	for _, given := range []string{trace, "Ada", "ada@example.com", "15550100", "<b>trace</b>"} {
		body := `{"statusCode":400,"message":["Ada Lovelace <ada@example.com> +15550100 is refused","property Ada should not exist",
			"property customFields.Ada should not exist","customFields.Ada must be a string","Ada must be an email"],"error":"SECRET",
			"meta":{"contactName":"Ada Lovelace","matchingField":"Ada","contactId":"c 1"},"traceId":"` + given + `"}`
		for _, op := range operations {
			for _, status := range []int{302, 400, 401, 402, 403, 404, 409, 418, 422, 429, 500} {
				text := check(op, status, http.Header{}, []byte(body), noon).Error()
				for _, secret := range []string{"Ada", "ada@", "5550100", "SECRET", "c 1", "<"} {
					if strings.Contains(text, secret) {
						t.Errorf("%d: %q holds %q", status, text, secret)
					}
				}
				if strings.Contains(text, "trace "+trace) != (given == trace) {
					t.Errorf("%d: %q is to tell a trace, and nothing that only stands in its place", status, text)
				}
			}
		}
	}
}

func TestUsageIsReadFromTheHeaders(t *testing.T) {
	full := headers("X-RateLimit-Limit-Daily", "200000", "X-RateLimit-Daily-Remaining", "199999",
		"X-RateLimit-Interval-Milliseconds", "10000", "X-RateLimit-Max", "100", "X-RateLimit-Remaining", "99")
	for name, c := range map[string]struct {
		status int
		header http.Header
		want   crm.Usage
	}{
		"all said":             {200, full, crm.Usage{BurstRemaining: 99, DailyLimit: 200000, DailyRemaining: 199999}},
		"nothing said":         {200, http.Header{}, crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1}},
		"nonsense said":        {200, headers("X-RateLimit-Remaining", "many", "X-RateLimit-Daily-Remaining", "-3"), crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1}},
		"refused":              {429, full, crm.Usage{BurstRemaining: 99, DailyLimit: 200000, DailyRemaining: 199999, Refused: true, RetryAfterSeconds: 10}},
		"refused for a moment": {429, headers("Retry-After", "0.2"), crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1, Refused: true, RetryAfterSeconds: 1}},
		"refused for an age":   {429, headers("Retry-After", "1e300"), crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1, Refused: true, RetryAfterSeconds: 86400}},
		"refused until before": {429, headers("Retry-After", "Mon, 02 Mar 2026 11:00:00 GMT"), crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1, Refused: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := UsageFrom(c.status, c.header, noon); got != c.want {
				t.Errorf("read %+v, want %+v", got, c.want)
			}
		})
	}
}
