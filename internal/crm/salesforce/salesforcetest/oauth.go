package salesforcetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oauthError is an error of the OAuth endpoints, which is an object and not a list.
func oauthError(code, description string) *reply {
	return jsonReply(http.StatusBadRequest, marshal(map[string]string{"error": code, "error_description": description}))
}

const (
	codeLives = 15 * time.Minute
	pageType  = "text/html; charset=UTF-8"
)

var (
	challengeSyntax = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	verifierSyntax  = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
)

// oauth answers what lies below /services/oauth2/.
func (f *Fake) oauth(r *http.Request, origin, endpoint string, body []byte) *reply {
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		if parsed, err := url.ParseQuery(string(body)); err == nil {
			for name, values := range parsed {
				form[name] = values
			}
		}
	}
	switch endpoint {
	case "authorize":
		return f.authorize(form)
	case "token":
		if r.Method != http.MethodPost {
			return oauthError("invalid_request", "must use HTTP POST")
		}
		if id, secret, ok := r.BasicAuth(); ok {
			form.Set("client_id", id)
			form.Set("client_secret", secret)
		}
		return f.token(form, origin)
	case "revoke":
		return f.revokeToken(form.Get("token"))
	case "introspect":
		if id, secret, ok := r.BasicAuth(); ok {
			form.Set("client_id", id)
			form.Set("client_secret", secret)
		}
		return f.introspect(form)
	case "userinfo":
		return f.userinfo(r, origin)
	}
	return notFound().reply()
}

// authorize lets the user consent at once and sends the browser back with a code.
func (f *Fake) authorize(form url.Values) *reply {
	page := func(code, description string) *reply {
		text := "error=" + code + "&error_description=" + description
		return &reply{status: 400, kind: pageType, body: []byte("<html><body>" + html.EscapeString(text) + "</body></html>")}
	}
	if form.Get("client_id") != f.options.ClientID {
		return page("invalid_client_id", "client identifier invalid")
	}
	redirect := form.Get("redirect_uri")
	target, err := url.Parse(redirect)
	if err != nil || !target.IsAbs() || len(f.options.RedirectURIs) > 0 && !slices.Contains(f.options.RedirectURIs, redirect) {
		return page("redirect_uri_mismatch", "redirect_uri must match configuration")
	}
	answer := func(values url.Values) *reply {
		if state := form.Get("state"); state != "" {
			values.Set("state", state)
		}
		query := target.Query()
		for name, v := range values {
			query[name] = v
		}
		back := *target
		back.RawQuery = query.Encode()
		return &reply{status: http.StatusFound, header: map[string]string{"Location": back.String()}}
	}
	refuse := func(code, description string) *reply {
		return answer(url.Values{"error": {code}, "error_description": {description}})
	}
	if form.Get("response_type") != "code" {
		return refuse("unsupported_response_type", "response type not supported")
	}
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	if challenge != "" && (!challengeSyntax.MatchString(challenge) || method != "S256") {
		return refuse("invalid_request", "invalid code challenge")
	}
	scope := form.Get("scope")
	for s := range strings.FieldsSeq(scope) {
		switch s {
		case "api", "refresh_token", "offline_access", "openid", "id", "profile", "email", "full", "web":
		default:
			return refuse("invalid_scope", "the requested scope is invalid, unknown, or malformed")
		}
	}
	if scope == "" {
		scope = "refresh_token api"
	}
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	given := "aPrx" + f.auth.secret(60) + "=="
	f.auth.Codes[given] = code{User: f.apiUser, Scope: scope, Redirect: redirect, Challenge: challenge, Issued: f.now()}
	return answer(url.Values{"code": {given}})
}

// token answers POST /services/oauth2/token.
func (f *Fake) token(form url.Values, origin string) *reply {
	grantType := form.Get("grant_type")
	if grantType != jwtGrant {
		if failure := f.checkClient(form, grantType == "client_credentials"); failure != nil {
			return failure
		}
	}
	switch grantType {
	case "authorization_code":
		return f.redeem(form, origin)
	case "refresh_token":
		return f.refresh(form, origin)
	case "client_credentials":
		user, ok := f.userNamed(f.options.ClientCredentialsUser)
		if f.options.ClientCredentialsUser == "" || !ok {
			return oauthError("invalid_grant", "no client credentials user enabled")
		}
		return f.issue(user, "api", false, origin)
	case jwtGrant:
		return f.bearer(form.Get("assertion"), origin)
	}
	return oauthError("unsupported_grant_type", "grant type not supported")
}

// checkClient authenticates the app. A public client has no secret, and must not send one.
func (f *Fake) checkClient(form url.Values, confidentialOnly bool) *reply {
	if form.Get("client_id") != f.options.ClientID {
		return oauthError("invalid_client_id", "client identifier invalid")
	}
	secret := form.Get("client_secret")
	if subtle.ConstantTimeCompare([]byte(secret), []byte(f.options.ClientSecret)) != 1 || confidentialOnly && secret == "" {
		return oauthError("invalid_client", "invalid client credentials")
	}
	return nil
}

func (f *Fake) redeem(form url.Values, origin string) *reply {
	f.auth.mu.Lock()
	given, ok := f.auth.Codes[form.Get("code")]
	delete(f.auth.Codes, form.Get("code"))
	f.auth.mu.Unlock()
	verifier := form.Get("code_verifier")
	switch {
	case !ok:
		return oauthError("invalid_grant", "invalid authorization code")
	case f.now().Sub(given.Issued) > codeLives:
		return oauthError("invalid_grant", "expired authorization code")
	case form.Get("redirect_uri") != given.Redirect:
		return oauthError("redirect_uri_mismatch", "redirect_uri must match configuration")
	case given.Challenge != "" && verifier == "":
		return oauthError("invalid_grant", "code verifier missing")
	case given.Challenge == "" && verifier != "":
		return oauthError("invalid_grant", "code challenge missing")
	case given.Challenge != "":
		sum := sha256.Sum256([]byte(verifier))
		if !verifierSyntax.MatchString(verifier) || base64.RawURLEncoding.EncodeToString(sum[:]) != given.Challenge {
			return oauthError("invalid_grant", "invalid code verifier")
		}
	}
	return f.issue(given.User, given.Scope, hasRefresh(given.Scope), origin)
}

// issue makes a new grant and answers with its tokens.
func (f *Fake) issue(user uint32, scope string, refreshable bool, origin string) *reply {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	access, refresh := f.open(user, scope, refreshable)
	return f.tokenReply(user, scope, access, refresh, origin)
}

func (f *Fake) refresh(form url.Values, origin string) *reply {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	expired := oauthError("invalid_grant", "expired access/refresh token")
	given := form.Get("refresh_token")
	id, known := f.auth.Refreshes[given]
	if !known {
		return expired
	}
	g := f.auth.Grants[id]
	if g.Revoked {
		return expired
	}
	if g.Refresh != given {
		f.revoke(g)
		return expired
	}
	rotated := ""
	if f.options.RotateRefreshTokens {
		rotated = "5Aep861" + f.auth.secret(64)
		g.Refresh = rotated
		f.auth.Refreshes[rotated] = g.ID
	}
	return f.tokenReply(g.User, g.Scope, f.openSession(g), rotated, origin)
}

// tokenReply writes a token response. It has no expires_in, and issued_at is a string. The caller holds the lock.
func (f *Fake) tokenReply(user uint32, scope, access, refresh, origin string) *reply {
	f.stats.mu.Lock()
	f.stats.Tokens++
	f.stats.mu.Unlock()
	issued := strconv.FormatInt(f.now().UnixMilli(), 10)
	identity := origin + f.identityPath(user)
	mac := hmac.New(sha256.New, []byte(f.options.ClientSecret))
	mac.Write([]byte(identity + issued))
	instance := f.options.InstanceURL
	if instance == "" {
		instance = origin
	}
	out := map[string]string{
		"access_token": access, "signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "scope": scope,
		"instance_url": instance, "id": identity, "token_type": "Bearer", "issued_at": issued,
	}
	if refresh != "" {
		out["refresh_token"] = refresh
	}
	r := json200(marshal(out))
	r.header = map[string]string{"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
	return r
}

func (f *Fake) revokeToken(token string) *reply {
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	if id, ok := f.auth.Refreshes[token]; ok && !f.auth.Grants[id].Revoked {
		f.revoke(f.auth.Grants[id])
		return &reply{status: 200}
	}
	if _, ok := f.auth.Sessions[token]; ok {
		delete(f.auth.Sessions, token)
		return &reply{status: 200}
	}
	return oauthError("invalid_token", "invalid token")
}

func (f *Fake) introspect(form url.Values) *reply {
	if failure := f.checkClient(form, false); failure != nil {
		return failure
	}
	token := form.Get("token")
	if s, ok := f.session(token); ok {
		return json200(marshal(map[string]any{
			"active": true, "scope": s.Scope, "client_id": f.options.ClientID, "token_type": "access_token",
			"username": f.username(s.User), "sub": f.identityPath(s.User), "iat": s.Issued.Unix(), "nbf": s.Issued.Unix(),
		}))
	}
	f.auth.mu.Lock()
	defer f.auth.mu.Unlock()
	if id, ok := f.auth.Refreshes[token]; ok {
		if g := f.auth.Grants[id]; !g.Revoked && g.Refresh == token {
			return json200(marshal(map[string]any{"active": true, "scope": g.Scope, "client_id": f.options.ClientID, "token_type": "refresh_token"}))
		}
	}
	return json200([]byte(`{"active":false}`))
}

func (f *Fake) identityPath(user uint32) string {
	return fmt.Sprintf("/id/%s/%s", f.orgID, f.table("User").id(user))
}
