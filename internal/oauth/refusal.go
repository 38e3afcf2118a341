package oauth

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// connectAgain tells a person what to do about a grant that is gone.
const connectAgain = "connect this side again (starter connect)"

// refusal is what a token endpoint said when it gave no token.
type refusal struct {
	code  string // its error code, made safe to print
	text  string // everything that it said, in lower case: to look for words in, never to print
	trace string
}

// decodeRefusal reads an error response in any of the shapes in which the vendors send one. It takes anything.
func decodeRefusal(body []byte) refusal {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return refusal{}
	}
	code := textOf(object["error"])
	words := []string{code, textOf(object["error_description"]), textOf(object["message"])}
	var messages []string
	if json.Unmarshal(object["message"], &messages) == nil {
		words = append(words, messages...)
	}
	var nested map[string]json.RawMessage
	if json.Unmarshal(object["error"], &nested) == nil {
		code = textOf(nested["code"])
		words = append(words, code, textOf(nested["message"]))
	}
	return refusal{code: printable(code), text: strings.ToLower(strings.Join(words, "\n")), trace: traceable.FindString(textOf(object["traceId"]))}
}

// traceable is what a vendor's trace looks like; whatever else stands in its place is not repeated.
var traceable = regexp.MustCompile(`^[0-9a-fA-F][0-9a-fA-F-]{15,63}$`)

// printable returns an identifier of the vendor's, "" when it does not look like one.
func printable(identifier string) string {
	if len(identifier) > 64 {
		return ""
	}
	for _, r := range identifier {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.", r) {
			return ""
		}
	}
	return identifier
}

// rule says what a refusal means whose code and words fit; empty ones always do.
type rule struct {
	code, words string
	kind        crm.Kind
	reason      string
}

// classify makes the error of a response that gave no token. What the status says on its own goes first: whatever the
// body of a failing server says, the grant is not known to be gone. Of the rules the first that fits counts.
func classify(side record.Side, operation string, a *answer, rules []rule) *crm.Error {
	said := decodeRefusal(a.body)
	e := &crm.Error{Side: side, Operation: operation, Status: a.status, Code: said.code, TraceID: said.trace}
	switch {
	case a.status == http.StatusTooManyRequests:
		e.Kind, e.Reason = crm.RateLimited, "the token endpoint is asked too often"
		e.RetryAfter = retryAfter(a.header.Get("Retry-After"))
		return e
	case a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooEarly || a.status == 420:
		e.Kind, e.Reason = crm.Unavailable, "the token endpoint is down"
		return e
	case a.status >= 300 && a.status < 400:
		e.Kind, e.Reason = crm.NeedsAccess, "the token endpoint redirects elsewhere: check the login host of this side"
		return e
	}
	for _, r := range rules {
		if (r.code == "" || strings.EqualFold(r.code, said.code)) && strings.Contains(said.text, r.words) {
			e.Kind, e.Reason = r.kind, r.reason
			return e
		}
	}
	if a.ok() || a.status == http.StatusNotAcceptable {
		e.Kind, e.Reason = crm.Unavailable, "the token endpoint's answer could not be read"
		return e
	}
	e.Kind, e.Reason = crm.NeedsAccess, "the token endpoint refuses the request: check the app's registration and this side's settings"
	return e
}

// retryAfter reads a Retry-After header given in seconds.
func retryAfter(header string) time.Duration {
	value, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || value < 0 || value > 24*60*60 {
		return 0
	}
	return time.Duration(value) * time.Second
}

var gohighlevelRules = []rule{
	{words: "location is not active", kind: crm.NeedsAccess,
		reason: "the location is paused: the grant works again as soon as the location is active"},
	{code: "invalid_grant", kind: crm.NeedsReconnect, reason: "the grant is spent, expired or revoked: " + connectAgain},
	{words: "invalid grant", kind: crm.NeedsReconnect, reason: "the grant is spent, expired or revoked: " + connectAgain},
	{words: "refresh token is invalid", kind: crm.NeedsReconnect, reason: "the grant is spent, expired or revoked: " + connectAgain},
	{words: "refresh token is expired", kind: crm.NeedsReconnect, reason: "the grant is spent, expired or revoked: " + connectAgain},
	{words: "authorization code", kind: crm.NeedsReconnect, reason: "the authorisation code is spent or expired: " + connectAgain},
	{words: "client", kind: crm.NeedsAccess, reason: "the app's client id or secret is refused: check both in the app's settings"},
	{code: "unsupported_grant_type", kind: crm.Invalid, reason: "the token endpoint does not know this flow"},
}

var salesforceRules = []rule{
	{words: "token request is already being processed", kind: crm.Busy, reason: "another request renews this grant just now"},
	{words: "rate exceeded", kind: crm.RateLimited, reason: "the user logs in too often"},
	{code: "rate_limit_exceeded", kind: crm.RateLimited, reason: "the token endpoint is asked too often"},
	{code: "unknown_error", kind: crm.Unavailable, reason: "the token endpoint failed"},
	{code: "server_error", kind: crm.Unavailable, reason: "the token endpoint failed"},
	{words: "inactive org", kind: crm.NeedsAccess, reason: "the org is locked or closed: ask Salesforce, or remove the connection"},
	{code: "inactive_org", kind: crm.NeedsAccess, reason: "the org is locked or closed: ask Salesforce, or remove the connection"},
	{code: "unsupported_grant_type", kind: crm.Invalid, reason: "the token endpoint does not know this flow"},
	{words: "app must be installed into org", kind: crm.NeedsAccess,
		reason: "the app is not installed in the org: an administrator must install it and allow it for this user"},
	{code: "invalid_client", kind: crm.NeedsAccess, reason: "the app's client id or secret is refused: check both in the app's settings"},
	{code: "invalid_client_id", kind: crm.NeedsAccess, reason: "the app's client id is refused: check it, and that the app is in this org"},
	{words: "invalid client credentials", kind: crm.NeedsAccess, reason: "the app's client id or secret is refused: check both in the app's settings"},
	{code: "redirect_uri_mismatch", kind: crm.NeedsAccess, reason: "the redirect address is not one of the app's callback addresses"},
	{words: "ip restricted", kind: crm.NeedsAccess, reason: "the user's login hours or address ranges shut Tandem out: relax them for this app"},
	{words: "user hasn't approved this consumer", kind: crm.NeedsReconnect,
		reason: "the app is not approved for this user: approve it, then " + connectAgain},
	{words: "inactive user", kind: crm.NeedsReconnect, reason: "the user is inactive: activate it, then " + connectAgain},
	{words: "expired authorization code", kind: crm.NeedsReconnect, reason: "the authorisation code is spent or expired: " + connectAgain},
	{code: "inactive_user", kind: crm.NeedsReconnect, reason: "the user is inactive: activate it, then " + connectAgain},
	{code: "invalid_grant", kind: crm.NeedsReconnect, reason: "the grant is spent, expired or revoked: " + connectAgain},
}
