package gohighleveltest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// authorise is the vendor's page on which a person chooses a location. It agrees at once and sends the browser back.
func (f *Fake) authorise(c *call) reply {
	o, q := c.options, c.query
	redirect := q.Get("redirect_uri")
	target, err := url.Parse(redirect)
	switch {
	case q.Get("client_id") != o.ClientID:
		return f.fail(http.StatusBadRequest, "No integration found with the id: "+q.Get("client_id"))
	case err != nil || !target.IsAbs():
		return f.fail(http.StatusBadRequest, "Invalid redirect_uri")
	case len(o.RedirectURIs) > 0 && !slices.Contains(o.RedirectURIs, redirect):
		return f.fail(http.StatusBadRequest, "redirect_uri is not registered for this app")
	case q.Get("response_type") != "code":
		return f.fail(http.StatusBadRequest, "response_type must be code")
	case strings.TrimSpace(q.Get("scope")) == "":
		return f.fail(http.StatusBadRequest, "scope is missing")
	}
	f.grants.mu.Lock()
	id := f.ids.hex(40)
	f.grants.codes[id] = &code{Scopes: strings.Fields(q.Get("scope")), RedirectURI: redirect}
	f.grants.mu.Unlock()
	back := target.Query()
	back.Set("code", id)
	if q.Has("state") {
		back.Set("state", q.Get("state"))
	}
	target.RawQuery = back.Encode()
	return reply{status: http.StatusFound, to: target.String()}
}

// camel names the fields of the token endpoint under version v3.
var camel = map[string]string{
	"client_id": "clientId", "client_secret": "clientSecret", "grant_type": "grantType", "refresh_token": "refreshToken",
	"user_type": "userType", "redirect_uri": "redirectUri", "code": "code",
	"access_token": "accessToken", "token_type": "tokenType", "expires_in": "expiresIn",
}

var grantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}

// token is the token endpoint. Under version v3 it takes and returns camelCase.
func (f *Fake) token(c *call) reply {
	name := func(field string) string {
		if c.v3() {
			return camel[field]
		}
		return field
	}
	get := func(field string) string {
		s, _ := c.body[name(field)].(string)
		return s
	}
	if !c.v3() && !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		c.body = map[string]any{}
	}
	var problems []string
	for _, field := range []string{"client_id", "client_secret"} {
		if get(field) == "" {
			problems = append(problems, name(field)+" must be a string", name(field)+" should not be empty")
		}
	}
	if kind := get("grant_type"); !slices.Contains(grantTypes, kind) {
		problems = append(problems, name("grant_type")+" must be a valid enum value")
		if kind == "" {
			problems = append(problems, name("grant_type")+" should not be empty")
		}
	}
	if kind := get("user_type"); kind != "" && kind != userCompany && kind != userLocation {
		problems = append(problems, name("user_type")+" must be a valid enum value")
	}
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	if get("client_id") != c.options.ClientID || get("client_secret") != c.options.ClientSecret {
		return unauthorised("Invalid client credentials!")
	}
	switch get("grant_type") {
	case "authorization_code":
		return f.exchangeCode(c, get("code"), get("redirect_uri"), get("user_type"))
	case "refresh_token":
		return f.refresh(c, get("refresh_token"))
	default:
		return ok(http.StatusBadRequest, map[string]any{
			"statusCode": http.StatusBadRequest, "error": "unauthorized_client", "message": "client_credentials is not enabled for this app",
		})
	}
}

// unauthorised is the token endpoint's own form of error.
func unauthorised(description string) reply {
	return ok(http.StatusUnauthorized, map[string]any{"error": "UnAuthorized!", "error_description": description})
}

func (f *Fake) exchangeCode(c *call, id, redirect, userType string) reply {
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	code := f.grants.codes[id]
	if code == nil || redirect != "" && redirect != code.RedirectURI {
		return unauthorised("Authorization code not found")
	}
	if f.grants.paused {
		return f.fail(http.StatusBadRequest, locationNotActive)
	}
	delete(f.grants.codes, id)
	if userType == "" {
		userType = userLocation
	}
	g := f.newGrant(userType, code.Scopes)
	return f.tokenReply(c, g, f.issue(g))
}

// refresh spends a refresh token. Repeated within the grace it returns the same pair.
func (f *Fake) refresh(c *call, token string) reply {
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	now := f.clock()
	t := f.grants.refresh[token]
	if t == nil || t.grant.Revoked || now.After(t.expires) {
		return f.spentToken()
	}
	if t.result != nil {
		if now.Sub(t.spent) > c.options.RefreshGrace {
			return f.spentToken()
		}
		return f.tokenReply(c, t.grant, t.result)
	}
	if f.grants.paused {
		return f.fail(http.StatusBadRequest, locationNotActive)
	}
	t.spent, t.result = now, f.issue(t.grant)
	return f.tokenReply(c, t.grant, t.result)
}

func (f *Fake) spentToken() reply {
	return ok(http.StatusBadRequest, map[string]any{
		"statusCode": http.StatusBadRequest, "error": "invalid_grant", "error_description": invalidGrant, "message": invalidGrant,
		"traceId": f.traces.uuid(),
	})
}

func (f *Fake) tokenReply(c *call, g *grant, pair *issued) reply {
	out := map[string]any{
		"access_token": pair.Access, "token_type": "Bearer", "expires_in": pair.ExpiresIn, "refresh_token": pair.Refresh,
		"refreshTokenId": pair.RefreshID, "scope": strings.Join(g.Scopes, " "), "userType": g.UserType,
		"companyId": c.options.CompanyID, "userId": g.UserID, "isBulkInstallation": g.UserType == userCompany,
	}
	if g.UserType == userLocation {
		out["locationId"] = g.LocationID
	} else {
		out["approvedLocations"] = append([]string{c.options.LocationID}, c.options.Siblings...)
		out["installToFutureLocations"], out["approveAllLocations"] = false, false
	}
	return ok(http.StatusOK, camelCased(c, out))
}

func camelCased(c *call, fields map[string]any) map[string]any {
	if !c.v3() {
		return fields
	}
	out := maps.Clone(fields)
	for snake, name := range camel {
		if v, there := out[snake]; there && name != snake {
			delete(out, snake)
			out[name] = v
		}
	}
	return out
}

// locationToken gives a location's token for the agency's. It gives no refresh token.
func (f *Fake) locationToken(c *call) reply {
	company, _ := c.body["companyId"].(string)
	location, _ := c.body["locationId"].(string)
	var problems []string
	for _, field := range []string{"companyId", "locationId"} {
		if s, _ := c.body[field].(string); s == "" {
			problems = append(problems, field+" must be a string", field+" should not be empty")
		}
	}
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	f.grants.mu.Lock()
	defer f.grants.mu.Unlock()
	if company != c.options.CompanyID || !c.grant.opens(location, c.options) {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	if f.grants.paused {
		return f.fail(http.StatusBadRequest, locationNotActive)
	}
	g := f.newGrant(userLocation, c.grant.Scopes)
	g.UserID, g.LocationID = c.grant.UserID, location
	token := f.accessToken(g, f.clock())
	return ok(http.StatusOK, camelCased(c, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(c.options.AccessTokenTTL.Seconds()),
		"scope": strings.Join(g.Scopes, " "), "locationId": location, "userId": g.UserID,
		"appId": appID(c.options.ClientID), "versionId": appID(c.options.ClientID), "traceId": f.traces.uuid(),
	}))
}

// installedLocations lists the locations that installed the app.
func (f *Fake) installedLocations(c *call) reply {
	o, q := c.options, c.query
	var problems []string
	for _, field := range []string{"companyId", "appId"} {
		if q.Get(field) == "" {
			problems = append(problems, field+" must be a string", field+" should not be empty")
		}
	}
	if len(problems) > 0 {
		return f.invalid(problems...)
	}
	if q.Get("companyId") != o.CompanyID {
		return f.fail(http.StatusForbidden, wrongLocation)
	}
	locations := []map[string]any{}
	skip, _ := strconv.Atoi(q.Get("skip"))
	f.grants.mu.RLock()
	defer f.grants.mu.RUnlock()
	wanted := (q.Get("locationId") == "" || q.Get("locationId") == o.LocationID) && c.grant.opens(o.LocationID, o)
	named := strings.Contains(strings.ToLower(o.LocationName), strings.ToLower(q.Get("query")))
	if wanted && named && skip == 0 && q.Get("appId") == appID(o.ClientID) && q.Get("isInstalled") != "false" {
		locations = append(locations, map[string]any{
			"_id": o.LocationID, "name": o.LocationName, "address": "1 Main Street", "isInstalled": true, "versionId": appID(o.ClientID),
		})
	}
	if c.v3() {
		return ok(http.StatusOK, map[string]any{"items": locations, "pagination": map[string]any{"nextPageToken": nil}, "traceId": f.traces.uuid()})
	}
	return ok(http.StatusOK, map[string]any{"locations": locations, "count": len(locations), "installToFutureLocations": false})
}
