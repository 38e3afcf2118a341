package gohighlevel

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// HighLevel has no error codes, so these are Tandem's names for what its texts say.
const (
	codeBadRequest        = "bad_request"
	codeDuplicateContact  = "duplicate_contact"
	codeForbidden         = "forbidden"
	codeLocationForbidden = "location_forbidden"
	codeLocked            = "conflict"
	codeNoSuchPath        = "no_such_path"
	codeNotFound          = "_not_found" // after what is not found, as "contact_not_found"
	codeNotJSON           = "not_json"
	codeNotSucceeded      = "not_succeeded"
	codePageWithoutCursor = "page_without_cursor"
	codePaymentRequired   = "payment_required"
	codeRateLimited       = "rate_limited"
	codeRedirected        = "redirected"
	codeRefused           = "refused"
	codeScopeMissing      = "scope_missing"
	codeServerError       = "server_error"
	codeSlotTaken         = "slot_taken"
	codeTokenInvalid      = "token_invalid"
	codeTokenKind         = "token_kind"
	codeTooLarge          = "answer_too_large"
	codeUnexpectedShape   = "unexpected_shape"
	codeUnknownProperty   = "unknown_property"
	codeValueRefused      = "value_refused"
	codeVersionRefused    = "version_refused"
	codeWebPage           = "web_page"
	codeWrongType         = "wrong_type"
)

func newError(op *operation, kind crm.Kind, status int, code, reason string) *crm.Error {
	return &crm.Error{
		Side: record.GoHighLevel, Operation: op.name, Kind: kind, Status: status, Code: code, Reason: reason,
	}
}

// check is the one classification of everything that is not a 2xx (HighLevel's guide, "API Error Codes", and what its
// issue tracker says about the texts). The vendor's texts decide, but never enter the error: they quote customer data.
func check(op *operation, status int, header http.Header, body []byte, now time.Time) *crm.Error {
	said := readRefusal(header, body)
	failure := classify(op, status, said)
	failure.Side, failure.Operation, failure.Status = record.GoHighLevel, op.name, status
	failure.TraceID = said.traceID
	if failure.Kind == crm.RateLimited {
		failure.RetryAfter = retryAfter(header, now)
	}
	return failure
}

func classify(op *operation, status int, said refusal) *crm.Error {
	switch {
	case status == http.StatusTooManyRequests:
		return because(crm.RateLimited, codeRateLimited, "the location's API allowance is used up")
	case status >= 500 || status == http.StatusRequestTimeout:
		return because(afterTrouble(op), codeServerError, "GoHighLevel is in trouble")
	case status < 400:
		return because(crm.Unavailable, codeRedirected, "something answers in GoHighLevel's place with a redirect")
	case said.has("cannot " + strings.ToLower(op.method()) + " /"):
		return because(crm.Invalid, codeNoSuchPath, "GoHighLevel does not know this path under this version")
	case said.webPage:
		return because(crm.Unavailable, codeWebPage, "something answers in GoHighLevel's place with a web page")
	case said.has("version header"):
		return because(crm.Invalid, codeVersionRefused, "GoHighLevel does not take this API version")
	}
	switch status {
	case http.StatusUnauthorized:
		return unauthorized(op, said)
	case http.StatusPaymentRequired:
		return because(crm.NeedsAccess, codePaymentRequired, "the location's plan does not include this call")
	case http.StatusForbidden:
		return forbidden(op, said)
	case http.StatusNotFound, http.StatusGone:
		if thing := said.missing(op); thing != "" {
			return gone(thing)
		}
		if op.about != "" {
			return gone(op.about)
		}
		return because(crm.Invalid, codeNoSuchPath, "GoHighLevel does not know what this path names")
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return refused(op, status, said)
	}
	return because(crm.Invalid, codeBadRequest, "GoHighLevel does not take this request")
}

func because(kind crm.Kind, code, reason string) *crm.Error {
	return &crm.Error{Kind: kind, Code: code, Reason: reason}
}

// afterTrouble is the kind of a failure that leaves open whether the request was carried out.
func afterTrouble(op *operation) crm.Kind {
	if op.effect == creates {
		return crm.Ambiguous
	}
	return crm.Unavailable
}

func gone(thing string) *crm.Error {
	return because(crm.NotFound, thing+codeNotFound, "the "+thing+" is gone, or this grant cannot see it")
}

// unauthorized tells a token that is spent from one that may not do this: HighLevel says 401 to both.
func unauthorized(op *operation, said refusal) *crm.Error {
	switch {
	case said.has("user type mismatch"), said.has("authclass type"):
		return because(crm.NeedsAccess, codeTokenKind,
			"the grant is of the wrong kind; this call needs a location's grant with scope "+op.scope)
	case said.has("scope"):
		return because(crm.NeedsAccess, codeScopeMissing, "the grant lacks scope "+op.scope)
	}
	return because(crm.NeedsReconnect, codeTokenInvalid, "GoHighLevel no longer takes the token")
}

func forbidden(op *operation, said refusal) *crm.Error {
	switch {
	case said.has("scope"), said.has("authclass"):
		return because(crm.NeedsAccess, codeScopeMissing, "the grant lacks scope "+op.scope)
	case said.has("location"):
		return because(crm.NeedsAccess, codeLocationForbidden, "the grant does not cover this location")
	}
	return because(crm.NeedsAccess, codeForbidden, "the grant does not allow this call, which needs scope "+op.scope)
}

// refused sorts what is wrong with a request that arrived: the record is gone, is there twice, breaks a rule, or the
// request itself is malformed.
func refused(op *operation, status int, said refusal) *crm.Error {
	changes := op.effect != reads
	switch {
	case changes && (said.existingID != "" || said.has("duplicate") && said.has("contact")):
		failure := because(crm.Duplicate, codeDuplicateContact, "the location holds this contact already")
		failure.ExistingID, failure.Fields = said.existingID, said.matchingField
		return failure
	case status == http.StatusBadRequest && said.missing(op) != "":
		return gone(said.missing(op))
	case status == http.StatusConflict:
		return because(crm.Busy, codeLocked, "the record is being changed by somebody else")
	}
	failure := because(crm.Invalid, codeBadRequest, "GoHighLevel does not take this request")
	switch {
	case said.has("should not exist"):
		failure = because(crm.Invalid, codeUnknownProperty, "GoHighLevel does not take these properties here")
	case said.hasWrongType():
		failure = because(crm.Invalid, codeWrongType, "these properties have the wrong type")
	case changes && said.has("slot") && said.has("available"):
		failure = because(crm.Rejected, codeSlotTaken, "the calendar has no free slot at this time")
	case changes && len(said.fields) > 0:
		failure = because(crm.Rejected, codeValueRefused, "GoHighLevel does not take the values of these properties")
	case changes:
		failure = because(crm.Rejected, codeRefused, "GoHighLevel refuses this record")
	}
	failure.Fields = said.fields
	return failure
}

// wrongType is the text of HighLevel's validator about a JSON type; about a value it says "must be a valid …",
// "must be an email".
var wrongType = regexp.MustCompile(`must be (an? )?(string|number|integer|boolean|object|array)\b`)

func (r refusal) hasWrongType() bool { return wrongType.MatchString(r.text) }

// missing recognises HighLevel's way of saying that a record does not exist, a 400, and returns what is missing; "" where
// it says no such thing. A request with a body can be refused over other things that are not found (a user, a custom
// field), so there the text must name the record.
func (r refusal) missing(op *operation) string {
	switch {
	case !r.has("not found"):
		return ""
	case op.within != "" && r.lacks(op.within):
		return op.within
	case op.about == "":
		return ""
	case op.effect == reads || slices.Contains(deletions, op) || r.lacks(op.about):
		return op.about
	}
	return ""
}

// lacks tells whether the text says of a thing, by name, that it is not found.
func (r refusal) lacks(thing string) bool {
	if thing == "appointment" && r.lacks("event") {
		return true
	}
	return r.has(thing+" with id") || r.has(thing+" not found")
}
