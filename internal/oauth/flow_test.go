package oauth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestGoHighLevelsAuthorisationAddress(t *testing.T) {
	address := AuthorizeURL(Credential{
		Side: record.GoHighLevel, ClientID: "app-1", ClientSecret: "secret", RedirectURL: "https://sync.example/oauth/callback",
	}, "state-1", "verifier")
	require.NotContains(t, address, "+")
	require.NotContains(t, address, "secret")
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	require.Equal(t, "https://marketplace.gohighlevel.com/v2/oauth/chooselocation", parsed.Scheme+"://"+parsed.Host+parsed.Path)
	require.Equal(t, url.Values{
		"response_type": {"code"}, "client_id": {"app-1"}, "state": {"state-1"},
		"redirect_uri": {"https://sync.example/oauth/callback"}, "scope": {strings.Join(DefaultScopes(record.GoHighLevel), " ")},
	}, parsed.Query())

	private := AuthorizeURL(Credential{Side: record.GoHighLevel, AuthURL: "https://white.label/oauth?version_id=v1", ClientID: "a"}, "s", "")
	parsed, err = url.Parse(private)
	require.NoError(t, err)
	require.Equal(t, "v1", parsed.Query().Get("version_id"))
	require.Equal(t, "a", parsed.Query().Get("client_id"))
}

func TestSalesforcesAuthorisationAddressAlwaysCarriesAChallenge(t *testing.T) {
	authURL, tokenURL, err := SalesforceEndpoints("acme.my.salesforce.com")
	require.NoError(t, err)
	require.Equal(t, "https://acme.my.salesforce.com/services/oauth2/token", tokenURL)
	verifier := NewVerifier()
	parsed, err := url.Parse(AuthorizeURL(Credential{Side: record.Salesforce, ClientID: "3MVG9", AuthURL: authURL}, NewState(), verifier))
	require.NoError(t, err)
	require.Equal(t, "acme.my.salesforce.com", parsed.Host)
	require.Equal(t, "/services/oauth2/authorize", parsed.Path)
	sum := sha256.Sum256([]byte(verifier))
	require.Equal(t, base64.RawURLEncoding.EncodeToString(sum[:]), parsed.Query().Get("code_challenge"))
	require.Equal(t, "S256", parsed.Query().Get("code_challenge_method"))
	require.Equal(t, "api refresh_token", parsed.Query().Get("scope"))
	require.NotEqual(t, NewState(), NewState())

	for _, host := range []string{"", "ftp://acme", "https://user:pw@acme", "https://"} {
		_, _, err := SalesforceEndpoints(host)
		require.Error(t, err, host)
	}
}

func TestACodeBecomesAGoHighLevelCredential(t *testing.T) {
	v := newVendor(t)
	c := Credential{
		Side: record.GoHighLevel, ClientID: "app-1", ClientSecret: "secret-client", TokenURL: v.URL + "/oauth/token",
		RedirectURL: "https://sync.example/cb",
	}
	before := time.Now()
	c, err := Exchange(t.Context(), anywhere, c, "code-1", "unused")
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {"code-1"}, "client_id": {"app-1"}, "client_secret": {"secret-client"},
		"redirect_uri": {"https://sync.example/cb"},
	}, v.forms[0])
	require.Empty(t, v.header[0].Values("Version"))
	require.Equal(t, []string{"access-2", "refresh-2", "loc-1", "com-1", StateActive},
		[]string{c.AccessToken, c.RefreshToken, c.LocationID, c.CompanyID, c.State})
	require.Equal(t, AuthorizationCode, c.Flow)
	require.Equal(t, []string{"contacts.readonly", "api"}, c.GrantedScopes)
	require.Equal(t, 86399*time.Second, c.ExpiresAt.Sub(c.IssuedAt))
	require.False(t, c.IssuedAt.Before(before))
	require.Equal(t, 1, c.Generation)
}

func TestACodeBecomesASalesforceCredential(t *testing.T) {
	v := newVendor(t)
	c := Credential{
		Side: record.Salesforce, ClientID: "3MVG9", ClientSecret: "secret-client", TokenURL: v.URL + salesforceTokenPath,
		RedirectURL: "https://sync.example/cb",
	}
	verifier := NewVerifier()
	c, err := Exchange(t.Context(), anywhere, c, "code-1", verifier)
	require.NoError(t, err)
	require.Equal(t, verifier, v.forms[0].Get("code_verifier"))
	require.Equal(t, "secret-client", v.forms[0].Get("client_secret"))
	require.Empty(t, v.header[0].Get("Authorization"))
	require.Equal(t, []string{"access-2", "refresh-2", testOrg, testUser, "https://acme.my.salesforce.com"},
		[]string{c.AccessToken, c.RefreshToken, c.OrgID, c.UserID, c.InstanceURL})
	require.True(t, c.IssuedAt.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
	require.True(t, c.ExpiresAt.IsZero())

	c.ClientSecret = ""
	_, err = Exchange(t.Context(), anywhere, c, "code-2", verifier)
	require.NoError(t, err)
	require.NotContains(t, v.forms[1], "client_secret", "a public client sends no secret")
}

func TestAGrantThatCannotServeIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		credential func(*vendor) Credential
		shape      func(map[string]any)
		kind       crm.Kind
	}{
		"no refresh token, Salesforce":  {(*vendor).salesforce, func(g map[string]any) { delete(g, "refresh_token") }, crm.NeedsAccess},
		"no refresh token, GoHighLevel": {(*vendor).gohighlevel, func(g map[string]any) { delete(g, "refresh_token") }, crm.NeedsAccess},
		"another location":              {(*vendor).gohighlevel, func(g map[string]any) { g["locationId"] = "loc-2" }, crm.NeedsReconnect},
		"another org": {(*vendor).salesforce, func(g map[string]any) {
			g["id"] = "https://login.salesforce.com/id/00Dxx0000009999EAY/" + testUser
			delete(g, "signature")
		}, crm.NeedsReconnect},
		"a wrong signature": {(*vendor).salesforce, func(g map[string]any) { g["signature"] = "AAAA" }, crm.NeedsReconnect},
		"a forged identity": {(*vendor).salesforce, func(g map[string]any) {
			g["id"] = "https://login.salesforce.com/id/" + testOrg + "/005xx000009999UAAS"
		}, crm.NeedsReconnect},
		"no instance": {(*vendor).salesforce, func(g map[string]any) { delete(g, "instance_url") }, crm.NeedsAccess},
		"an instance that is no web address": {(*vendor).salesforce,
			func(g map[string]any) { g["instance_url"] = "file:///etc" }, crm.NeedsAccess},
		"no access token": {(*vendor).salesforce, func(g map[string]any) { g["access_token"] = "" }, crm.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t)
			v.shape = test.shape
			c, err := Exchange(t.Context(), anywhere, test.credential(v), "code", NewVerifier())
			require.Equal(t, test.kind, crm.KindOf(err), "%v", err)
			require.Equal(t, Credential{}, c)
		})
	}
}

func TestSalesforceKeepsTheOldRefreshTokenWhenItGivesNoNewOne(t *testing.T) {
	v := newVendor(t)
	v.shape = func(grant map[string]any) { delete(grant, "refresh_token") }
	store := newMemoryStore(t, v.salesforce())
	token, err := source(store, record.Salesforce).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, crm.Token{Access: "access-2", InstanceURL: "https://acme.my.salesforce.com"}, token)
	require.Equal(t, "refresh-1", store.get(t).RefreshToken)
}

func TestAForgedRenewalEndsInReconnect(t *testing.T) {
	v := newVendor(t)
	v.shape = func(grant map[string]any) { grant["issued_at"] = "1" }
	store := newMemoryStore(t, v.salesforce())
	_, err := source(store, record.Salesforce).Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Equal(t, StateReconnect, store.get(t).State)
	require.Equal(t, "access-1", store.get(t).AccessToken)
}

func TestClientCredentialsMintATokenAndMintItAnew(t *testing.T) {
	v := newVendor(t)
	v.shape = func(grant map[string]any) { delete(grant, "refresh_token") }
	c := Credential{
		Side: record.Salesforce, Flow: ClientCredentials, ClientID: "3MVG9", ClientSecret: "secret-client",
		TokenURL: v.URL + salesforceTokenPath,
	}
	c, err := Acquire(t.Context(), anywhere, c)
	require.NoError(t, err)
	require.Equal(t, "access-2", c.AccessToken)
	require.Equal(t, testOrg, c.OrgID)
	token, err := source(newMemoryStore(t, c), record.Salesforce).Refresh(t.Context(), c.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "access-3", token.Access)
	for _, form := range v.forms {
		require.Equal(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {"3MVG9"}, "client_secret": {"secret-client"}}, form)
	}
}

func TestAMintedCredentialIsTriedAgainOnceItsUserIsApproved(t *testing.T) {
	v := newVendor(t)
	c := v.salesforce()
	c.Flow, c.RefreshToken = ClientCredentials, ""
	store := newMemoryStore(t, c)
	s := source(store, record.Salesforce)
	v.respond = refusing(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}`)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Equal(t, StateActive, store.get(t).State)
	v.respond = nil
	token, err := s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "access-2", token.Access)
}

func TestASignedAssertionMintsAToken(t *testing.T) {
	v := newVendor(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	c := Credential{
		Side: record.Salesforce, Flow: JWTBearer, ClientID: "3MVG9", Username: "sync@acme.example", TokenURL: v.URL + salesforceTokenPath,
		PrivateKeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	}
	minted, err := Acquire(t.Context(), anywhere, c)
	require.NoError(t, err)
	require.Equal(t, "access-2", minted.AccessToken)
	require.Equal(t, jwtBearerGrant, v.forms[0].Get("grant_type"))
	require.Len(t, v.forms[0], 2)
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(v.forms[0].Get("assertion"), claims,
		func(*jwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired())
	require.NoError(t, err)
	require.Equal(t, "3MVG9", claims["iss"])
	require.Equal(t, "sync@acme.example", claims["sub"])
	require.Equal(t, salesforceLogin, claims["aud"])

	for tokenURL, audience := range map[string]string{
		"https://test.salesforce.com/services/oauth2/token":                 salesforceTestLogin,
		"https://acme--uat.sandbox.my.salesforce.com/services/oauth2/token": salesforceTestLogin,
		"https://acme.my.salesforce.com/services/oauth2/token":              salesforceLogin,
	} {
		c.TokenURL = tokenURL
		signed, err := c.assertion(time.Now())
		require.NoError(t, err)
		_, _, err = jwt.NewParser().ParseUnverified(signed, claims)
		require.NoError(t, err)
		require.Equal(t, audience, claims["aud"])
		expires, err := claims.GetExpirationTime()
		require.NoError(t, err)
		require.LessOrEqual(t, time.Until(expires.Time), 3*time.Minute)
	}

	c.PrivateKeyPEM = "not a key"
	_, err = Acquire(t.Context(), anywhere, c)
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	require.NotContains(t, err.Error(), "not a key")
}

func TestAPrivateTokenIsAcquiredWithoutACall(t *testing.T) {
	c, err := Acquire(t.Context(), &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("the vendor was called")
		return nil, http.ErrNotSupported
	})}, Credential{Side: record.GoHighLevel, Flow: PrivateToken, PrivateToken: "pit-1", LocationID: "loc-1"})
	require.NoError(t, err)
	require.Equal(t, StateActive, c.State)
}

func TestAnIncompleteCredentialSaysWhatIsMissing(t *testing.T) {
	for want, c := range map[string]Credential{
		"the private integration token is missing": {Side: record.GoHighLevel, Flow: PrivateToken, LocationID: "l"},
		"characters that no token has":             {Side: record.GoHighLevel, Flow: PrivateToken, LocationID: "l", PrivateToken: "pit\n"},
		"the location id is missing":               {Side: record.GoHighLevel, Flow: PrivateToken, PrivateToken: "pit"},
		"does not know this flow":                  {Side: record.GoHighLevel, Flow: JWTBearer},
		"My Domain":                                {Side: record.Salesforce, Flow: ClientCredentials, ClientID: "a", ClientSecret: "b"},
		"the client secret is missing":             {Side: record.Salesforce, Flow: ClientCredentials, ClientID: "a"},
		"the user name is missing":                 {Side: record.Salesforce, Flow: JWTBearer, ClientID: "a"},
		"consent":                                  {Side: record.Salesforce, Flow: AuthorizationCode, ClientID: "a"},
		"https://":                                 {Side: record.Salesforce, Flow: JWTBearer, ClientID: "a", Username: "u", PrivateKeyPEM: "k", TokenURL: "http://acme.example/token"},
	} {
		_, err := Acquire(t.Context(), anywhere, c)
		require.Equal(t, crm.Invalid, crm.KindOf(err))
		require.ErrorContains(t, err, want)
	}
	_, err := Exchange(t.Context(), anywhere, Credential{Side: record.GoHighLevel, ClientID: "a"}, "code", "")
	require.ErrorContains(t, err, "the client secret is missing")
}
