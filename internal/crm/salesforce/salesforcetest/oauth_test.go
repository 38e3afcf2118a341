package salesforcetest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const callback = "https://sync.example/callback?tenant=7"

// form posts to an OAuth endpoint.
func (b *bench) form(endpoint string, pairs ...string) answer {
	b.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	b.header.Set("Content-Type", "application/x-www-form-urlencoded")
	defer b.header.Del("Content-Type")
	return b.do("POST", "/services/oauth2/"+endpoint, values.Encode())
}

func (b *bench) client(pairs ...string) []string {
	return append([]string{"client_id", DefaultClientID, "client_secret", DefaultClientSecret}, pairs...)
}

func (b *bench) authorize(change url.Values) answer {
	values := url.Values{"response_type": {"code"}, "client_id": {DefaultClientID}, "redirect_uri": {callback}, "scope": {"api refresh_token"}, "state": {"s&1"}}
	for k, v := range change {
		values[k] = v
	}
	return b.do("GET", "/services/oauth2/authorize?"+values.Encode(), nil)
}

func back(t *testing.T, a answer) url.Values {
	t.Helper()
	require.Equal(t, 302, a.status, a.text)
	u, err := url.Parse(a.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "7", u.Query().Get("tenant"))
	require.Equal(t, "s&1", u.Query().Get("state"))
	return u.Query()
}

const verifier = "0123456789012345678901234567890123456789-._~abc"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (b *bench) code() string {
	return back(b.T, b.authorize(url.Values{"code_challenge": {challenge()}, "code_challenge_method": {"S256"}})).Get("code")
}

func oauthCode(t *testing.T, a answer) string {
	t.Helper()
	require.Equal(t, 400, a.status, a.text)
	code, _ := a.object(t)["error"].(string)
	return code
}

func TestTheWebServerFlowGivesTokensThatWork(t *testing.T) {
	b := newBench(t, Options{RedirectURIs: []string{callback}})
	redeem := b.client("grant_type", "authorization_code", "code", b.code(), "redirect_uri", callback, "code_verifier", verifier)
	a := b.form("token", redeem...)
	require.Equal(t, 200, a.status, a.text)
	got := a.object(t)
	require.NotContains(t, got, "expires_in")
	require.Equal(t, "Bearer", got["token_type"])
	require.Equal(t, b.server.URL, got["instance_url"])
	require.Equal(t, "1795453200250", got["issued_at"])
	require.Equal(t, "api refresh_token", got["scope"])
	identity := got["id"].(string)
	require.True(t, strings.HasSuffix(identity, "/id/"+b.org.OrgID()+"/"+b.org.APIUserID()))
	mac := hmac.New(sha256.New, []byte(DefaultClientSecret))
	mac.Write([]byte(identity + got["issued_at"].(string)))
	require.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)), got["signature"])

	b.token = got["access_token"].(string)
	require.True(t, strings.HasPrefix(b.token, b.org.OrgID()[:15]+"!"))
	b.ok("GET", v67+"/limits", nil)
	require.Equal(t, DefaultUser, b.ok("GET", strings.TrimPrefix(identity, b.server.URL), nil).object(t)["username"])
	require.Equal(t, b.org.APIUserID(), b.ok("GET", "/services/oauth2/userinfo", nil).object(t)["user_id"])
	require.Equal(t, "invalid_grant", oauthCode(t, b.form("token", redeem...)), "a code works once")
	refreshed := b.form("token", b.client("grant_type", "refresh_token", "refresh_token", got["refresh_token"].(string))...).object(t)
	require.NotContains(t, refreshed, "refresh_token", "without rotation the token stays")
}

func TestAuthorizeRefusesOnAPageOrInTheRedirect(t *testing.T) {
	b := newBench(t, Options{RedirectURIs: []string{callback}})
	for _, wrong := range []url.Values{{"client_id": {"x"}}, {"redirect_uri": {callback + "&more"}}, {"redirect_uri": {"/relative"}}} {
		a := b.authorize(wrong)
		require.Equal(t, 400, a.status)
		require.Empty(t, a.header.Get("Location"), "a redirect that is not the app's must not be followed")
	}
	require.Equal(t, "unsupported_response_type", back(t, b.authorize(url.Values{"response_type": {"token"}})).Get("error"))
	require.Equal(t, "invalid_scope", back(t, b.authorize(url.Values{"scope": {"api everything"}})).Get("error"))
	for _, wrong := range []url.Values{
		{"code_challenge": {"short"}, "code_challenge_method": {"S256"}}, {"code_challenge": {challenge()}, "code_challenge_method": {"plain"}},
	} {
		require.Equal(t, "invalid_request", back(t, b.authorize(wrong)).Get("error"))
	}
}

func TestACodeIsRedeemedOnlyByWhoAskedForIt(t *testing.T) {
	b := newBench(t, Options{})
	for name, one := range map[string]struct {
		pairs []string
		want  string
	}{
		"wrong verifier":   {b.client("code_verifier", strings.Repeat("x", 43), "redirect_uri", callback), "invalid_grant"},
		"missing verifier": {b.client("redirect_uri", callback), "invalid_grant"},
		"other redirect":   {b.client("code_verifier", verifier, "redirect_uri", "https://evil.example/"), "redirect_uri_mismatch"},
		"wrong secret":     {[]string{"client_id", DefaultClientID, "client_secret", "x", "code_verifier", verifier, "redirect_uri", callback}, "invalid_client"},
		"no secret":        {[]string{"client_id", DefaultClientID, "code_verifier", verifier, "redirect_uri", callback}, "invalid_client"},
		"other client":     {[]string{"client_id", "x", "code_verifier", verifier, "redirect_uri", callback}, "invalid_client_id"},
	} {
		pairs := append([]string{"grant_type", "authorization_code", "code", b.code()}, one.pairs...)
		require.Equal(t, one.want, oauthCode(t, b.form("token", pairs...)), name)
	}
	code := b.code()
	b.clock.advance(16 * time.Minute)
	late := b.form("token", b.client("grant_type", "authorization_code", "code", code, "code_verifier", verifier, "redirect_uri", callback)...)
	require.Equal(t, "invalid_grant", oauthCode(t, late))
	require.Equal(t, "unsupported_grant_type", oauthCode(t, b.form("token", b.client("grant_type", "password")...)))
}

func TestWithoutTheScopeThereIsNoRefreshToken(t *testing.T) {
	b := newBench(t, Options{})
	code := back(t, b.authorize(url.Values{"scope": {"api"}})).Get("code")
	got := b.form("token", b.client("grant_type", "authorization_code", "code", code, "redirect_uri", callback)...).object(t)
	require.NotContains(t, got, "refresh_token")
	require.NotEmpty(t, got["access_token"])
}

func TestAPublicClientMustNotSendASecret(t *testing.T) {
	b := newBench(t, Options{ClientID: "public"})
	_, refresh := b.org.GrantToken()
	require.Equal(t, 200, b.form("token", "grant_type", "refresh_token", "client_id", "public", "refresh_token", refresh).status)
	require.Equal(t, "invalid_client", oauthCode(t, b.form("token", "grant_type", "refresh_token", "client_id", "public", "client_secret", "x", "refresh_token", refresh)))
}

func TestReusingARotatedRefreshTokenRevokesTheGrant(t *testing.T) {
	b := newBench(t, Options{RotateRefreshTokens: true})
	_, first := b.org.GrantToken()
	use := func(token string) answer {
		return b.form("token", b.client("grant_type", "refresh_token", "refresh_token", token)...)
	}
	got := use(first).object(t)
	second := got["refresh_token"].(string)
	require.NotEqual(t, first, second)
	b.token = got["access_token"].(string)
	b.ok("GET", v67+"/limits", nil)
	require.Equal(t, "invalid_grant", oauthCode(t, use(first)))
	require.Equal(t, "INVALID_SESSION_ID", b.do("GET", v67+"/limits", nil).code(t), "all access tokens die")
	require.Equal(t, "invalid_grant", oauthCode(t, use(second)), "the live refresh token dies too")
}

func TestASixthGrantRevokesTheOldest(t *testing.T) {
	b := newBench(t, Options{})
	for range 4 {
		b.org.GrantToken()
	}
	b.ok("GET", v67+"/limits", nil)
	b.org.GrantToken()
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
}

func TestARevokedGrantAndARevokedTokenStopWorking(t *testing.T) {
	b := newBench(t, Options{})
	access, refresh := b.org.GrantToken()
	require.Equal(t, 200, b.form("revoke", "token", access).status)
	b.token = access
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	again := b.client("grant_type", "refresh_token", "refresh_token", refresh)
	b.token = b.form("token", again...).object(t)["access_token"].(string)
	require.Equal(t, true, b.form("introspect", b.client("token", b.token)...).object(t)["active"])
	require.Equal(t, 200, b.form("revoke", "token", refresh).status)
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	require.Equal(t, false, b.form("introspect", b.client("token", b.token)...).object(t)["active"])
	require.Equal(t, "invalid_grant", oauthCode(t, b.form("token", again...)))
	require.Equal(t, "invalid_token", oauthCode(t, b.form("revoke", "token", "x")))

	b.token, refresh = b.org.GrantToken()
	b.org.RevokeGrant()
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	require.Equal(t, "invalid_grant", oauthCode(t, b.form("token", b.client("grant_type", "refresh_token", "refresh_token", refresh)...)))
}

func TestASessionExpiresAndIsRefreshed(t *testing.T) {
	b := newBench(t, Options{SessionTTL: time.Hour})
	var refresh string
	b.token, refresh = b.org.GrantToken()
	b.clock.advance(59 * time.Minute)
	b.ok("GET", v67+"/limits", nil)
	b.clock.advance(time.Minute)
	a := b.do("GET", v67+"/limits", nil)
	require.Equal(t, 401, a.status)
	require.JSONEq(t, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`, a.text)
	require.Equal(t, "Bad_OAuth_Token", b.do("GET", "/services/oauth2/userinfo", nil).text)
	b.token = b.form("token", b.client("grant_type", "refresh_token", "refresh_token", refresh)...).object(t)["access_token"].(string)
	b.ok("GET", v67+"/limits", nil)
}

func TestClientCredentialsNeedAnExecutionUser(t *testing.T) {
	b := newBench(t, Options{})
	require.Equal(t, "invalid_grant", oauthCode(t, b.form("token", b.client("grant_type", "client_credentials")...)))
	b = newBench(t, Options{ClientCredentialsUser: DefaultUser})
	got := b.form("token", b.client("grant_type", "client_credentials")...).object(t)
	require.NotContains(t, got, "refresh_token")
	b.token = got["access_token"].(string)
	b.ok("GET", v67+"/limits", nil)
}

func TestAJWTAssertionIsCheckedPartByPart(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	b := newBench(t, Options{JWTPublicKey: &key.PublicKey})
	sign := func(algorithm string, change fields) string {
		claims := fields{"iss": DefaultClientID, "sub": DefaultUser, "aud": "https://login.salesforce.com", "exp": b.clock.now().Add(3 * time.Minute).Unix()}
		for k, v := range change {
			claims[k] = v
		}
		signed := base64.RawURLEncoding.EncodeToString(marshal(fields{"alg": algorithm})) + "." + base64.RawURLEncoding.EncodeToString(marshal(claims))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	use := func(assertion string) answer { return b.form("token", "grant_type", jwtGrant, "assertion", assertion) }
	got := use(sign("RS256", nil)).object(t)
	require.NotContains(t, got, "refresh_token")
	b.token = got["access_token"].(string)
	b.ok("GET", v67+"/limits", nil)
	for name, assertion := range map[string]string{
		"no signature":     strings.TrimRight(sign("RS256", nil), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
		"other algorithm":  sign("none", nil),
		"other audience":   sign("RS256", fields{"aud": "https://evil.example"}),
		"expired":          sign("RS256", fields{"exp": b.clock.now().Unix()}),
		"too far ahead":    sign("RS256", fields{"exp": b.clock.now().Add(time.Hour).Unix()}),
		"another user":     sign("RS256", fields{"sub": "sam.seller@tandem.example"}),
		"nonsense":         "a.b",
		"tampered payload": strings.Replace(sign("RS256", nil), ".", ".e", 1),
	} {
		require.Equal(t, "invalid_grant", oauthCode(t, use(assertion)), name)
	}
	require.Equal(t, "invalid_client_id", oauthCode(t, use(sign("RS256", fields{"iss": "x"}))))
}

func TestAnHTTPBasicHeaderAuthenticatesTheApp(t *testing.T) {
	b := newBench(t, Options{})
	_, refresh := b.org.GrantToken()
	r, err := http.NewRequest("POST", b.server.URL+"/services/oauth2/token", strings.NewReader(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}.Encode()))
	require.NoError(t, err)
	r.SetBasicAuth(DefaultClientID, DefaultClientSecret)
	w, err := b.server.Client().Do(r)
	require.NoError(t, err)
	defer w.Body.Close()
	require.Equal(t, 200, w.StatusCode)
}
