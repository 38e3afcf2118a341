package salesforce

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	// The daily allowance is a rolling window: it refills bit by bit, not at midnight.
	dailyAllowanceWait  = 30 * time.Minute
	longRunningCallWait = 10 * time.Second
)

type verdict struct {
	kind   crm.Kind
	reason string
}

const (
	reasonDown       = "Salesforce or the way to it is down"
	reasonAmbiguous  = "the call died after it was sent; it may have been carried out"
	reasonLocked     = "another transaction holds the record"
	reasonReconnect  = "Salesforce does not accept the token; connect again"
	reasonField      = "the org has no such field, or field-level security hides it from the connected user"
	reasonPermission = "the connected user lacks a permission for this"
	reasonAutomation = "a flow or trigger of the org failed on this record"
	reasonRolledBack = "undone because another part of the same call failed"
	reasonBadRequest = "the request is malformed"
	reasonOwner      = "the record's owner cannot own it"
	reasonGone       = "no such record, or none that the connected user may see"
	reasonUnknown    = "Salesforce refuses this for a reason that Tandem does not know"
	reasonInUse      = "the org does not let this record be deleted"
	reasonTooSlow    = "the query is too large to finish; narrow it"
	reasonNoAPI      = "the org or the user has no API access: either the org's edition has none (Starter, Essentials " +
		"and Group have none; Professional needs the Web Services API add-on), or the connected user lacks the " +
		"permission \"API Enabled\""
)

// verdicts is the one table of what the vendor's error codes mean. See the REST guide, "Status Codes and Error
// Responses", and the SOAP guide, "StatusCode".
var verdicts = map[string]verdict{
	"UNABLE_TO_LOCK_ROW":          {crm.Busy, reasonLocked},
	"ConcurrentRequests":          {crm.Busy, "too many long calls run at once"},
	"REQUEST_LIMIT_EXCEEDED":      {crm.RateLimited, "the org's API allowance is used up"},
	"SERVER_UNAVAILABLE":          {crm.Unavailable, reasonDown},
	"UNKNOWN_EXCEPTION":           {crm.Unavailable, reasonDown},
	"API_CURRENTLY_DISABLED":      {crm.Unavailable, "Salesforce has switched its API off for a time"},
	"TXN_SECURITY_METERING_ERROR": {crm.Unavailable, "the org's transaction security policy could not be evaluated"},
	"QUERY_TIMEOUT":               {crm.Unavailable, reasonTooSlow},
	"OPERATION_TOO_LARGE":         {crm.Unavailable, reasonTooSlow},

	"INVALID_SESSION_ID":  {crm.NeedsReconnect, reasonReconnect},
	"INVALID_AUTH_HEADER": {crm.NeedsReconnect, reasonReconnect},

	"API_DISABLED_FOR_ORG":            {crm.NeedsAccess, reasonNoAPI},
	"INVALID_FIELD":                   {crm.NeedsAccess, reasonField},
	"INVALID_FIELD_FOR_INSERT_UPDATE": {crm.NeedsAccess, reasonField},
	"INVALID_TYPE":                    {crm.NeedsAccess, "the org has no such object, or hides it from the connected user"},
	"FUNCTIONALITY_NOT_ENABLED":       {crm.NeedsAccess, "the org has this feature switched off"},
	"STORAGE_LIMIT_EXCEEDED":          {crm.NeedsAccess, "the org's storage is full"},
	"TRANSFER_REQUIRES_READ":          {crm.NeedsAccess, "the new owner may not read the record"},

	"FIELD_CUSTOM_VALIDATION_EXCEPTION":       {crm.Rejected, "a validation rule of the org refuses the record"},
	"REQUIRED_FIELD_MISSING":                  {crm.Rejected, "the org requires a field that the record leaves empty"},
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": {crm.Rejected, "the value is not in the field's picklist"},
	"FIELD_INTEGRITY_EXCEPTION":               {crm.Rejected, "the value does not fit the record's other fields or the org's settings"},
	"STRING_TOO_LONG":                         {crm.Rejected, "the text is longer than the field"},
	"INVALID_EMAIL_ADDRESS":                   {crm.Rejected, "Salesforce does not take this as an e-mail address"},
	"NUMBER_OUTSIDE_VALID_RANGE":              {crm.Rejected, "the number does not fit the field"},
	"INVALID_TYPE_ON_FIELD_IN_RECORD":         {crm.Rejected, "the value has another type than the field"},
	"INACTIVE_OWNER_OR_USER":                  {crm.Rejected, "the record's owner is not active"},
	"OP_WITH_INVALID_USER_TYPE_EXCEPTION":     {crm.Rejected, reasonOwner},
	"DELETE_FAILED":                           {crm.Rejected, reasonInUse},
	"DEPENDENCY_EXISTS":                       {crm.Rejected, reasonInUse},
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY":    {crm.Rejected, reasonAutomation},
	"CANNOT_EXECUTE_FLOW_TRIGGER":             {crm.Rejected, reasonAutomation},
	"APEX_ERROR":                              {crm.Rejected, reasonAutomation},
	"LIMIT_EXCEEDED":                          {crm.Rejected, reasonAutomation},
	"ALL_OR_NONE_OPERATION_ROLLED_BACK":       {crm.Rejected, reasonRolledBack},
	"PROCESSING_HALTED":                       {crm.Rejected, reasonRolledBack},

	"DUPLICATES_DETECTED":      {crm.Duplicate, "a duplicate rule of the org finds this record there already"},
	"DUPLICATE_VALUE":          {crm.Duplicate, "another record holds this unique value"},
	"DUPLICATE_DEVELOPER_NAME": {crm.Duplicate, "the object has a field of this name already"},
	"DUPLICATE_EXTERNAL_ID":    {crm.MultipleMatches, "several records hold this external id"},

	"NOT_FOUND":                   {crm.NotFound, reasonGone},
	"ENTITY_IS_DELETED":           {crm.NotFound, reasonGone},
	"INVALID_CROSS_REFERENCE_KEY": {crm.NotFound, reasonGone},

	"MALFORMED_QUERY":            {crm.Invalid, "the query is malformed"},
	"INVALID_TYPE_FOR_OPERATION": {crm.Invalid, "the object does not take part in this call"},
	"INVALID_BASE64_CHARACTERS":  {crm.Invalid, reasonBadRequest},
	"MALFORMED_ID":               {crm.Invalid, "the id is malformed"},
	"INVALID_ID_FIELD":           {crm.Invalid, "the id is malformed"},
	"JSON_PARSER_ERROR":          {crm.Invalid, reasonBadRequest},
	"UNSUPPORTED_API_VERSION":    {crm.Invalid, "the org does not know this API version"},
	"METHOD_NOT_ALLOWED":         {crm.Invalid, reasonBadRequest},
	"INVALID_QUERY_LOCATOR":      {crm.Invalid, "the query's cursor has expired; query again"},
	"EXCEEDED_ID_LIMIT":          {crm.Invalid, "the window holds too many changes; shorten it"},
	"INVALID_REPLICATION_DATE":   {crm.Invalid, "the window is too short, or reaches back too far"},
}

// families holds the codes of which Salesforce has several with one meaning.
var families = []struct {
	prefix string
	verdict
}{
	{"INSUFFICIENT_ACCESS", verdict{crm.NeedsAccess, reasonPermission}},
	{"CANNOT_DELETE_", verdict{crm.Rejected, reasonInUse}},
	{"CONCURRENT_", verdict{crm.Busy, "too many long calls run at once"}},
}

// wrapsOthers holds the codes under which the org's own automation fails, with the true code in the message.
var wrapsOthers = []string{
	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR", "LIMIT_EXCEEDED",
}

// noteRefused is how a note's content is refused, under a code that else means a defect of Salesforce's own.
const noteRefused = "contains HTML tags or unescaped characters"

// judge says what a code means; false when it is unknown.
func judge(e vendorError) (verdict, bool) {
	if e.code == "INVALID_SESSION_ID" && e.refusesAPI() {
		return verdict{crm.NeedsAccess, "the token may not be used with the REST API"}, true
	}
	if slices.Contains(wrapsOthers, e.code) && strings.Contains(e.message, "UNABLE_TO_LOCK_ROW") {
		return verdict{crm.Busy, reasonLocked}, true
	}
	if strings.Contains(e.message, noteRefused) {
		return verdict{crm.Rejected, "the note holds tags or characters that Salesforce takes in no note"}, true
	}
	if e.code == "DUPLICATE_VALUE" && strings.Contains(e.message, "more than one record found for external id") {
		return verdicts["DUPLICATE_EXTERNAL_ID"], true
	}
	if v, known := verdicts[e.code]; known {
		return v, true
	}
	for _, family := range families {
		if strings.HasPrefix(e.code, family.prefix) {
			return family.verdict, true
		}
	}
	return verdict{}, false
}

// judgeStatus says what a status means where no known code comes with it.
func judgeStatus(a answer) verdict {
	switch {
	case a.status == http.StatusMultipleChoices:
		return verdict{crm.MultipleMatches, "several records hold this external id"}
	case a.status == http.StatusUnauthorized:
		return verdict{crm.NeedsReconnect, reasonReconnect}
	case a.status == http.StatusTooManyRequests:
		return verdict{crm.RateLimited, "Salesforce asks for fewer calls"}
	case isDown(a.status):
		return verdict{crm.Unavailable, reasonDown}
	case slices.Contains([]int{405, 413, 414, 415, 431}, a.status):
		return verdict{crm.Invalid, reasonBadRequest}
	case !a.json:
		// A page of the network's edge says nothing about the record, not even under a 404.
		return verdict{crm.Unavailable, "the answer is not Salesforce's"}
	default:
		return verdict{crm.Rejected, reasonUnknown}
	}
}

func isDown(status int) bool { return status >= 500 || status == 406 || status == 420 }

// check returns nil for a success, and else what the answer means.
func (r request) check(a *answer, header http.Header) *crm.Error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	a.errors, a.json = parseErrors(a.body)
	refusal := r.refusal(*a)
	if refusal.Kind == crm.Unavailable && r.creates && (isDown(a.status) || !a.json) {
		refusal.Kind, refusal.Reason = crm.Ambiguous, reasonAmbiguous
	}
	if refusal.Kind == crm.RateLimited && refusal.RetryAfter == 0 {
		if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 24*60*60 {
			refusal.RetryAfter = time.Duration(seconds) * time.Second
		}
	}
	return refusal
}

// refusal makes the error of a call, an item or a subrequest that was answered with errors. Nothing of the vendor's
// message enters it but identifiers.
func (r request) refusal(a answer) *crm.Error {
	var first vendorError
	if len(a.errors) > 0 {
		first = a.errors[0]
	}
	v, known := judge(first)
	if !known {
		v = judgeStatus(a)
	}
	e := r.fail(v.kind, v.reason)
	e.Status = a.status
	e.Code = identifier(first.code)
	for _, other := range a.errors {
		if other.code == first.code {
			e.Fields = append(e.Fields, other.fieldNames()...)
		}
	}
	slices.Sort(e.Fields)
	e.Fields = slices.Compact(e.Fields)
	switch first.code {
	case "DUPLICATES_DETECTED":
		e.ExistingID = first.onlyMatch(r.object)
	case "DUPLICATE_VALUE":
		e.ExistingID = first.namedRecord()
	case "UNKNOWN_EXCEPTION":
		e.TraceID = first.supportID()
	case "REQUEST_LIMIT_EXCEEDED":
		e.RetryAfter = dailyAllowanceWait
		if strings.Contains(strings.ToLower(first.message), "concurrent") {
			e.RetryAfter = longRunningCallWait
		}
	}
	return e
}

// notExpired are the messages of 401 answers that a fresh token would not mend.
var notExpired = []string{"This session is not valid for use with the REST API", "Connected app is not attached to Agent"}

// expired tells whether the answer refuses the token as expired.
func (a answer) expired() bool {
	if a.status != http.StatusUnauthorized {
		return false
	}
	if len(a.errors) == 0 {
		return true
	}
	return a.errors[0].code == "INVALID_SESSION_ID" && !a.errors[0].refusesAPI()
}

func (e vendorError) refusesAPI() bool {
	return slices.ContainsFunc(notExpired, func(text string) bool { return strings.Contains(e.message, text) })
}
