package gohighleveltest

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *caller) authorise(query string) answer {
	c.t.Helper()
	return c.do("GET", "/v2/oauth/chooselocation?response_type=code&client_id="+DefaultClientID+"&"+query, nil)
}

func (c *caller) code(scopes string) string {
	c.t.Helper()
	a := c.authorise("redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1&state=s1&scope=" + url.QueryEscape(scopes))
	require.Equal(c.t, 302, a.status, a.raw)
	to, err := url.Parse(a.header.Get("Location"))
	require.NoError(c.t, err)
	require.Equal(c.t, "s1", to.Query().Get("state"))
	require.Equal(c.t, "1", to.Query().Get("x"))
	return to.Query().Get("code")
}

func (c *caller) exchange(code string, more ...string) answer {
	c.t.Helper()
	fields := map[string]string{
		"client_id": DefaultClientID, "client_secret": DefaultClientSecret, "grant_type": "authorization_code", "code": code,
	}
	for i := 0; i < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	return c.form("/oauth/token", fields)
}

func TestAuthorisingGivesATokenForTheLocation(t *testing.T) {
	c := start(t, Options{})
	code := c.code("contacts.readonly contacts.write")
	a := c.exchange(code)
	require.Equal(t, 200, a.status, a.raw)
	require.Equal(t, "Bearer", a.body["token_type"])
	require.EqualValues(t, 86399, a.body["expires_in"])
	require.Equal(t, "contacts.readonly contacts.write", a.body["scope"])
	require.Equal(t, "Location", a.body["userType"])
	require.Equal(t, c.fake.LocationID(), a.body["locationId"])
	require.Equal(t, c.fake.CompanyID(), a.body["companyId"])
	require.NotEmpty(t, a.body["userId"])
	require.Equal(t, 2, strings.Count(a.body["access_token"].(string), "."))
	c.token = a.body["access_token"].(string)
	require.Equal(t, 200, c.search(object{}).status)

	a = c.exchange(code)
	require.Equal(t, 401, a.status)
	require.Equal(t, object{"error": "UnAuthorized!", "error_description": "Authorization code not found"}, a.body)
}

func TestAuthorisingRefusesWhatIsNotRegistered(t *testing.T) {
	c := start(t, Options{RedirectURIs: []string{"https://app.example.com/cb"}})
	c.want(400, "GET", "/oauth/chooselocation?response_type=code&client_id=other&redirect_uri=https://app.example.com/cb&scope=x", nil)
	require.Equal(t, 400, c.authorise("redirect_uri=https://evil.example.com/cb&scope=x").status)
	require.Equal(t, 400, c.authorise("redirect_uri=https://app.example.com/cb").status)
	require.Equal(t, 302, c.authorise("redirect_uri=https://app.example.com/cb&scope=x").status)
}

func TestTheTokenEndpointSaysWhatIsWrong(t *testing.T) {
	c := start(t, Options{})
	a := c.form("/oauth/token", map[string]string{"client_id": "x", "client_secret": "y"})
	require.Equal(t, 422, a.status)
	require.Equal(t, "grant_type must be a valid enum value; grant_type should not be empty", a.message())
	a = c.form("/oauth/token", map[string]string{"client_id": "x", "client_secret": "y", "grant_type": "refresh_token"})
	require.Equal(t, 401, a.status)
	a = c.want(422, "POST", "/oauth/token", object{"client_id": DefaultClientID, "client_secret": DefaultClientSecret, "grant_type": "refresh_token"})
	require.Contains(t, a.message(), "client_id must be a string", "the older form takes no JSON")
}

func TestVersionV3ChangesTheTokenEndpoint(t *testing.T) {
	c := start(t, Options{})
	_, refresh := c.fake.GrantToken()
	c.version = "v3"
	a := c.refresh(refresh)
	require.Equal(t, 422, a.status)
	require.Contains(t, a.message(), "clientId must be a string")
	a = c.want(200, "POST", "/oauth/token", object{
		"clientId": DefaultClientID, "clientSecret": DefaultClientSecret, "grantType": "refresh_token", "refreshToken": refresh,
	})
	require.NotContains(t, a.body, "access_token")
	require.NotEmpty(t, a.body["accessToken"])
	require.NotEmpty(t, a.body["refreshToken"])
	require.EqualValues(t, 86399, a.body["expiresIn"])
}

func TestARefreshTokenWorksOnceButForTheGrace(t *testing.T) {
	c := start(t, Options{})
	_, refresh := c.fake.GrantToken("contacts.readonly")
	one := c.refresh(refresh)
	require.Equal(t, 200, one.status, one.raw)
	require.NotEqual(t, refresh, one.body["refresh_token"])
	c.clock.advance(30 * time.Second)
	again := c.refresh(refresh)
	require.Equal(t, one.body, again.body)
	c.clock.advance(time.Second)
	spent := c.refresh(refresh)
	require.Equal(t, 400, spent.status)
	require.Equal(t, "invalid_grant", spent.body["error"])
	require.Equal(t, "Invalid grant: refresh token is invalid", spent.message())
	require.Equal(t, 200, c.refresh(one.body["refresh_token"].(string)).status)
	require.Equal(t, 400, c.refresh("nonsense").status)
}

func TestAnAccessTokenExpires(t *testing.T) {
	c := start(t, Options{AccessTokenTTL: time.Hour})
	require.Equal(t, 200, c.search(object{}).status)
	c.clock.advance(time.Hour)
	a := c.search(object{})
	require.Equal(t, 401, a.status)
	require.Equal(t, "Invalid JWT", a.message())
	require.Equal(t, "Unauthorized", a.body["error"])
	c.token = "a.b.c"
	require.Equal(t, "Invalid token: access token is invalid", c.search(object{}).message())
	c.token, _ = c.fake.GrantToken()
	require.Equal(t, 200, c.search(object{}).status)
	c.fake.ExpireAccessTokens()
	require.Equal(t, 401, c.search(object{}).status)
}

func TestARevokedGrantIsGoneForGood(t *testing.T) {
	c := start(t, Options{})
	access, refresh := c.fake.GrantToken()
	c.token = access
	c.fake.RevokeGrant()
	a := c.search(object{})
	require.Equal(t, 401, a.status)
	require.Equal(t, "Invalid token: access token is invalid", a.message())
	require.Equal(t, "invalid_grant", c.refresh(refresh).body["error"])
	c.token, _ = c.fake.GrantToken()
	require.Equal(t, 200, c.search(object{}).status)
}

func TestAPausedLocationKeepsItsRefreshToken(t *testing.T) {
	c := start(t, Options{})
	_, refresh := c.fake.GrantToken()
	c.fake.PauseLocation(true)
	a := c.refresh(refresh)
	require.Equal(t, 400, a.status)
	require.Equal(t, "Location is not active", a.message())
	c.fake.PauseLocation(false)
	require.Equal(t, 200, c.refresh(refresh).status)
}

func TestEachOperationWantsItsScope(t *testing.T) {
	c := start(t, Options{})
	c.token, _ = c.fake.GrantToken("contacts.readonly")
	require.Equal(t, 200, c.search(object{}).status)
	location := "/locations/" + c.fake.LocationID()
	for _, x := range [][2]string{
		{"POST", "/contacts/"}, {"PUT", "/contacts/x"}, {"DELETE", "/contacts/x"}, {"GET", location}, {"GET", location + "/tags"},
		{"GET", location + "/customFields"}, {"GET", "/users/?locationId=" + c.fake.LocationID()},
	} {
		a := c.want(401, x[0], x[1], object{})
		require.Equal(t, "The token is not authorized for this scope.", a.message(), x)
	}
}

func TestTheVersionHeaderIsChecked(t *testing.T) {
	c := start(t, Options{})
	for version, message := range map[string]string{"": "version header was not found.", "2020-01-01": "version header is invalid"} {
		c.version = version
		a := c.search(object{})
		require.Equal(t, 401, a.status)
		require.Equal(t, message, a.message())
	}
	for _, version := range []string{"2021-07-28", "2021-04-15", "2023-02-21", "v3"} {
		c.version = version
		require.Equal(t, 200, c.search(object{}).status)
	}
	require.Contains(t, c.do("DELETE", "/contacts/"+c.fake.Create(Contact{}), nil).body, "succeeded")
}

func TestAnAgencyTokenMustBeExchanged(t *testing.T) {
	c := start(t, Options{})
	location := c.token
	a := c.exchange(c.code(strings.Join(AllScopes, " ")), "user_type", "Company")
	require.Equal(t, "Company", a.body["userType"])
	require.NotContains(t, a.body, "locationId")
	c.token = a.body["access_token"].(string)
	a = c.search(object{})
	require.Equal(t, 401, a.status)
	require.Contains(t, a.message(), "This authClass type is not allowed to access this scope")

	appID, _, _ := strings.Cut(DefaultClientID, "-")
	list := c.want(200, "GET", "/oauth/installedLocations?companyId="+c.fake.CompanyID()+"&appId="+appID, nil)
	require.Equal(t, c.fake.LocationID(), list.body["locations"].([]any)[0].(object)["_id"])
	a = c.form("/oauth/locationToken", map[string]string{"companyId": c.fake.CompanyID(), "locationId": c.fake.LocationID()})
	require.Equal(t, 200, a.status, a.raw)
	require.NotContains(t, a.body, "refresh_token")
	c.token = a.body["access_token"].(string)
	require.Equal(t, 200, c.search(object{}).status)

	c.token = location
	require.Equal(t, "Token's user type mismatch!",
		c.form("/oauth/locationToken", map[string]string{"companyId": "x", "locationId": "y"}).message())
	c.want(404, "GET", "/oauth/installed-locations", nil)
}

func TestAnotherLocationIsForbidden(t *testing.T) {
	c := start(t, Options{})
	for _, a := range []answer{
		c.want(403, "GET", "/locations/other", nil),
		c.want(403, "GET", "/locations/other/customFields", nil),
		c.want(403, "GET", "/contacts/?locationId=other", nil),
		c.want(403, "POST", "/contacts/", object{"locationId": "other"}),
		c.want(403, "POST", "/contacts/upsert", object{"locationId": "other"}),
		c.want(403, "GET", "/users/?locationId=other", nil),
	} {
		require.Equal(t, "The token does not have access to this location.", a.message())
	}
}

func TestAPrivateTokenNeedsNoGrant(t *testing.T) {
	c := start(t, Options{PrivateToken: "pit-5b2f"})
	c.token = "pit-5b2f"
	require.Equal(t, 200, c.search(object{}).status)
	c.fake.RevokeGrant()
	require.Equal(t, 200, c.search(object{}).status)
}
