package codec

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	webUI  = "https://temporal.example.com"
	secret = "a-token-that-nobody-can-guess"
)

// asking is one request to a server, and what it is expected to be refused with.
type asking struct {
	method, path, body string
	header             map[string]string
}

// ask sends what the Web UI sends, after a change.
func ask(t *testing.T, s Server, payload *common.Payload, change func(a *asking)) *httptest.ResponseRecorder {
	t.Helper()
	body, err := protojson.Marshal(&common.Payloads{Payloads: []*common.Payload{payload}})
	require.NoError(t, err)
	a := asking{method: http.MethodPost, path: "/codec/decode?preserveStorageRefs=true", body: string(body), header: map[string]string{
		"Origin": webUI, "Authorization": "Bearer " + secret, "X-Namespace": "tandem", "Content-Type": "application/json",
	}}
	if change != nil {
		change(&a)
	}
	r := httptest.NewRequestWithContext(t.Context(), a.method, a.path, strings.NewReader(a.body))
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func (w *world) server() Server {
	return Server{Codec: w.Codec, Namespace: "tandem", Origins: []string{webUI}, Allow: Token(secret)}
}

func answered(t *testing.T, w *httptest.ResponseRecorder) *common.Payload {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var out common.Payloads
	require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &out))
	require.Len(t, out.Payloads, 1)
	return out.Payloads[0]
}

func TestTheWebUIOfWhoeverMaySeeGetsItDecrypted(t *testing.T) {
	w := newWorld(t, 0)
	got := ask(t, w.server(), w.encrypt(t, "acme", "Ada"), nil)
	require.JSONEq(t, `"Ada"`, string(answered(t, got).Data))
	require.Equal(t, webUI, got.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "no-store", got.Header().Get("Cache-Control"))
}

func TestABrowserIsToldBeforehandWhatItMaySend(t *testing.T) {
	w := newWorld(t, 0)
	got := ask(t, w.server(), &common.Payload{}, func(a *asking) { a.method = http.MethodOptions; delete(a.header, "Authorization") })
	require.Equal(t, http.StatusNoContent, got.Code)
	require.Equal(t, webUI, got.Header().Get("Access-Control-Allow-Origin"))
	for _, header := range []string{"Authorization", "Authorization-Extras", "X-Namespace", "Content-Type"} {
		require.Contains(t, got.Header().Get("Access-Control-Allow-Headers"), header)
	}
}

func TestNobodyElseGetsAnythingDecrypted(t *testing.T) {
	w := newWorld(t, 0)
	p := w.encrypt(t, "acme", "Ada")
	for what, c := range map[string]struct {
		change func(a *asking)
		code   int
	}{
		"without a token":           {func(a *asking) { delete(a.header, "Authorization") }, http.StatusUnauthorized},
		"with another token":        {func(a *asking) { a.header["Authorization"] = "Bearer " + secret + "x" }, http.StatusUnauthorized},
		"with a token of no scheme": {func(a *asking) { a.header["Authorization"] = secret }, http.StatusUnauthorized},
		"from another origin":       {func(a *asking) { a.header["Origin"] = "https://temporal.example.com.evil.example" }, http.StatusForbidden},
		"from no origin":            {func(a *asking) { a.header["Origin"] = "null" }, http.StatusForbidden},
		"beforehand, from another":  {func(a *asking) { a.method, a.header["Origin"] = http.MethodOptions, "https://evil.example" }, http.StatusForbidden},
		"of another namespace":      {func(a *asking) { a.header["X-Namespace"] = "default" }, http.StatusForbidden},
		"of no namespace":           {func(a *asking) { delete(a.header, "X-Namespace") }, http.StatusForbidden},
		"what is no JSON":           {func(a *asking) { a.body = "<" }, http.StatusBadRequest},
		"too much":                  {func(a *asking) { a.body = strings.Repeat(" ", maxBody+1) }, http.StatusRequestEntityTooLarge},
		"to be encrypted":           {func(a *asking) { a.path = "/codec/encode" }, http.StatusNotFound},
		"by another method":         {func(a *asking) { a.method = http.MethodGet }, http.StatusMethodNotAllowed},
	} {
		got := ask(t, w.server(), p, c.change)
		require.Equal(t, c.code, got.Code, what)
		require.NotContains(t, got.Body.String(), base64.StdEncoding.EncodeToString([]byte(`"Ada"`)), what)
		if got.Code == http.StatusForbidden && what != "of another namespace" && what != "of no namespace" {
			require.Empty(t, got.Header().Get("Access-Control-Allow-Origin"), what)
		}
	}
	require.Error(t, Token("")(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)), "no token is not a token")
}

func TestWhatStaysClosedIsShownAsItIs(t *testing.T) {
	w := newWorld(t, 0)
	p := w.encrypt(t, "acme", "Ada")
	w.forget("acme")
	require.Equal(t, p.Data, answered(t, ask(t, w.server(), p, nil)).Data)
	clear := &common.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`1`)}
	require.Equal(t, "1", string(answered(t, ask(t, w.server(), clear, nil)).Data))

	w.down = errDown
	require.Equal(t, http.StatusServiceUnavailable, ask(t, w.server(), p, nil).Code)
}

// issuer is an OpenID provider with one key.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	i := &issuer{key: key}
	mux := http.NewServeMux()
	answer := func(path string, of func() any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(of()) })
	}
	answer("/.well-known/openid-configuration", func() any {
		return map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t"}
	})
	answer("/keys", func() any {
		raw := base64.RawURLEncoding
		return map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig",
			"n": raw.EncodeToString(key.N.Bytes()), "e": raw.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}}
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(t *testing.T, change func(jwt.MapClaims)) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": i.URL, "aud": "temporal-ui", "sub": "ada", "exp": time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	require.NoError(t, err)
	return signed
}

func TestTokensOfTheIssuerForTheAudienceMaySee(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	allow := OIDC(i.URL, "temporal-ui", Claim{})
	for what, c := range map[string]struct {
		header, token string
		may           bool
	}{
		"the access token":           {"Authorization", "Bearer " + i.token(t, nil), true},
		"the ID token beside it":     {"Authorization-Extras", i.token(t, nil), true},
		"none":                       {"Authorization", "", false},
		"what is no token":           {"Authorization", "Bearer x", false},
		"one that has run out":       {"Authorization", "Bearer " + i.token(t, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }), false},
		"one for another audience":   {"Authorization", "Bearer " + i.token(t, func(c jwt.MapClaims) { c["aud"] = "mail" }), false},
		"another issuer's":           {"Authorization", "Bearer " + other.token(t, nil), false},
		"another's in the same name": {"Authorization", "Bearer " + other.token(t, func(c jwt.MapClaims) { c["iss"] = i.URL }), false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/codec/decode", &bytes.Buffer{})
		r.Header.Set(c.header, c.token)
		require.Equal(t, c.may, allow(r) == nil, what)
	}
}

func TestOfTheIssuersTokensThoseWithTheClaimMaySee(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	with := func(name string, value any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c[name] = value }
	}
	groups, roles, url := Claim{"groups", "support"}, Claim{"realm_access.roles", "support"}, Claim{"https://acme.example/roles", "support"}
	for what, c := range map[string]struct {
		claim Claim
		token string
		may   bool
	}{
		"in a list":                 {groups, i.token(t, with("groups", []string{"staff", "support"})), true},
		"alone":                     {groups, i.token(t, with("groups", "support")), true},
		"deep in a claim":           {roles, i.token(t, with("realm_access", map[string]any{"roles": []string{"support"}})), true},
		"under a name with dots":    {url, i.token(t, with("https://acme.example/roles", []string{"support"})), true},
		"not there":                 {groups, i.token(t, nil), false},
		"another":                   {groups, i.token(t, with("groups", []string{"staff"})), false},
		"only the beginning":        {groups, i.token(t, with("groups", []string{"supporters"})), false},
		"a part of a text":          {groups, i.token(t, with("groups", "staff support")), false},
		"in another case":           {groups, i.token(t, with("groups", "Support")), false},
		"a number":                  {Claim{"level", "7"}, i.token(t, with("level", 7)), false},
		"a list of lists":           {groups, i.token(t, with("groups", [][]string{{"support"}})), false},
		"deep where nothing is":     {roles, i.token(t, with("realm_access", "support")), false},
		"in a token of another's":   {groups, other.token(t, with("groups", "support")), false},
		"in one that has run out":   {groups, i.token(t, func(c jwt.MapClaims) { c["groups"], c["exp"] = "support", time.Now().Add(-time.Hour).Unix() }), false},
		"in one for another system": {groups, i.token(t, func(c jwt.MapClaims) { c["groups"], c["aud"] = "support", "mail" }), false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/codec/decode", &bytes.Buffer{})
		r.Header.Set("Authorization", "Bearer "+c.token)
		require.Equal(t, c.may, OIDC(i.URL, "temporal-ui", c.claim)(r) == nil, what)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/codec/decode", &bytes.Buffer{})
	r.Header.Set("Authorization", "Bearer "+i.token(t, nil))
	r.Header.Set("Authorization-Extras", i.token(t, with("groups", []string{"support"})))
	require.NoError(t, OIDC(i.URL, "temporal-ui", groups)(r), "the ID token says it")
}

func TestAnIssuerThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	w, i := newWorld(t, 0), newIssuer(t)
	s := w.server()
	s.Allow = OIDC(i.URL, "temporal-ui", Claim{})
	token := i.token(t, nil)
	answering := i.Config.Handler
	i.Config.Handler = http.NotFoundHandler()
	with := func(a *asking) { a.header["Authorization"] = "Bearer " + token }
	require.Equal(t, http.StatusServiceUnavailable, ask(t, s, w.encrypt(t, "acme", "Ada"), with).Code)
	i.Config.Handler = answering
	require.JSONEq(t, `"Ada"`, string(answered(t, ask(t, s, w.encrypt(t, "acme", "Ada"), with)).Data))
}
