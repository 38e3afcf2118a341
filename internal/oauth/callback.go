package oauth

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// Answer is what a vendor's authorisation page sent back. It is worth a grant until the code is used: it is kept sealed, and
// printed nowhere.
type Answer struct {
	Code        string `json:"code,omitempty"`
	Error       string `json:"error,omitempty"`
	Description string `json:"description,omitempty"`
}

// String keeps the code out of whatever prints an answer.
func (a Answer) String() string { return "the answer of an authorisation page" }

// GoString is String.
func (a Answer) GoString() string { return a.String() }

// answerOf reads what the browser brought; ok is false where that is neither a code nor a reason.
func answerOf(query url.Values) (a Answer, ok bool) {
	a = Answer{Code: query.Get("code"), Error: query.Get("error"), Description: query.Get("error_description")}
	if a.Error != "" {
		a.Code = ""
	}
	return a, a.Code != "" || a.Error != ""
}

// outcome is the code, or that access was not granted, in words for a person.
func (a Answer) outcome() (code string, err error) {
	if a.Error != "" {
		return "", fmt.Errorf("oauth: access was not granted: %s", refusedInWords(a.Error, a.Description))
	}
	return a.Code, nil
}

// thanks tells the person at the browser that the answer arrived.
func thanks(w http.ResponseWriter, a Answer) {
	if a.Error != "" {
		page(w, http.StatusOK, "Access was not granted", refusedInWords(a.Error, a.Description)+". "+a.Description)
		return
	}
	page(w, http.StatusOK, "Connected", "Tandem has what it needs. You can close this window.")
}

func nothingArrived(w http.ResponseWriter) {
	page(w, http.StatusBadRequest, "Nothing arrived", "The authorisation page sent neither a code nor a reason.")
}

func onlyGet(w http.ResponseWriter) {
	page(w, http.StatusMethodNotAllowed, "Nothing to see", "This address takes the answer of an authorisation page.")
}

// refusals say what an authorisation page's refusals mean, by their code and by words of their description.
var refusals = []struct{ code, words, meaning string }{
	{"", "app must be installed into org", "the app is not installed in the org: an administrator must install it and allow it for you"},
	{"oauth_approval_error_generic", "", "the org does not allow the app: an administrator must install it and allow it for you"},
	{"access_denied", "", "you, or your administrator, declined"},
	{"invalid_client_id", "", "the client id is unknown: check it, and the login host"},
	{"invalid_client", "", "the client id is unknown or the app is blocked: check both, and the login host"},
	{"redirect_uri_mismatch", "", "the redirect address is not one of the app's callback addresses"},
	{"invalid_scope", "", "the app does not have the scopes that were asked for"},
	{"error.noversionid", "", "the app's address lacks its version_id: take the address from the app's settings"},
	{"temporarily_unavailable", "", "the authorisation page is out of order: try again later"},
	{"server_error", "", "the authorisation page is out of order: try again later"},
}

// refusedInWords says what an authorisation page's refusal means.
func refusedInWords(code, description string) string {
	description = strings.ToLower(description)
	for _, known := range refusals {
		if (known.code == "" || strings.EqualFold(code, known.code)) && strings.Contains(description, known.words) {
			return known.meaning
		}
	}
	if code = printable(code); code != "" {
		return "the authorisation page answered " + code
	}
	return "the authorisation page gave an unknown reason"
}

func page(w http.ResponseWriter, status int, title, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tandem: %[1]s</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:18vh auto;padding:0 1em}</style></head>
<body><h1>%[1]s</h1><p>%[2]s</p></body></html>
`, html.EscapeString(title), html.EscapeString(text))
}
