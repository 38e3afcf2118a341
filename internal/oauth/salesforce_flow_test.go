package oauth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// org is a Salesforce org with the app that a credential belongs to.
func org(t *testing.T, options salesforcetest.Options) (*salesforcetest.Fake, Credential) {
	t.Helper()
	fake := salesforcetest.New(options)
	server := httptest.NewServer(fake.Handler())
	t.Cleanup(server.Close)
	authURL, tokenURL, err := SalesforceEndpoints(server.URL)
	require.NoError(t, err)
	return fake, Credential{
		Side: record.Salesforce, Flow: AuthorizationCode, AuthURL: authURL, TokenURL: tokenURL,
		ClientID: salesforcetest.DefaultClientID, ClientSecret: salesforcetest.DefaultClientSecret,
	}
}

// apiStatus calls the org's data API with a token.
func apiStatus(t *testing.T, token crm.Token) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, token.InstanceURL+"/services/data/v65.0/limits", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token.Access)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestAnOrgIsConnectedAndRenewedWithAndWithoutRotation(t *testing.T) {
	for _, rotating := range []bool{false, true} {
		fake, c := org(t, salesforcetest.Options{RotateRefreshTokens: rotating})
		c = consent(t, c)
		require.Equal(t, fake.OrgID(), c.OrgID)
		require.Equal(t, fake.APIUserID(), c.UserID)
		require.Equal(t, http.StatusOK, apiStatus(t, c.token()))

		store := newMemoryStore(t, c)
		sources := []*TokenSource{source(store, c.Side), source(store, c.Side), source(store, c.Side)}
		refused := c.AccessToken
		for round := range 3 {
			var group sync.WaitGroup
			for i := range 30 {
				group.Go(func() {
					if _, err := sources[i%len(sources)].Refresh(t.Context(), refused); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			token, err := sources[0].Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, apiStatus(t, token))
			refused = token.Access
			require.Equal(t, round+2, store.get(t).Generation)
		}
		require.Equal(t, rotating, store.get(t).RefreshToken != c.RefreshToken)
	}
}

func TestARotatedTokenLostWithItsAnswerEndsInReconnect(t *testing.T) {
	fake, c := org(t, salesforcetest.Options{RotateRefreshTokens: true})
	store := newMemoryStore(t, consent(t, c))
	refused := store.get(t).AccessToken
	s := source(store, c.Side)
	fake.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Path: salesforceTokenPath, Count: 1}})
	_, err := s.Refresh(t.Context(), refused)
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	require.Equal(t, StateActive, store.get(t).State, "nobody knows yet that the grant is lost")
	for range 3 {
		_, err = s.Refresh(t.Context(), refused)
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	}
	require.Equal(t, StateReconnect, store.get(t).State)

	store.put(t, consent(t, c))
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, apiStatus(t, token))
}

func TestACodeIsWorthlessWithoutItsVerifier(t *testing.T) {
	_, c := org(t, salesforcetest.Options{})
	state := NewState()
	loopback, arrived := waiting(t, state)
	c.RedirectURL = loopback.RedirectURL()
	response, err := http.Get(AuthorizeURL(c, state, NewVerifier()))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	got := <-arrived
	require.NoError(t, got.err)
	_, err = Exchange(t.Context(), anywhere, c, got.code, NewVerifier())
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
}

func TestAnOrgIsConnectedByClientCredentials(t *testing.T) {
	_, c := org(t, salesforcetest.Options{ClientCredentialsUser: salesforcetest.DefaultUser})
	c.Flow = ClientCredentials
	c, err := Acquire(t.Context(), anywhere, c)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, apiStatus(t, c.token()))
	token, err := source(newMemoryStore(t, c), c.Side).Refresh(t.Context(), c.AccessToken)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, apiStatus(t, token))
}

func TestAnOrgIsConnectedByASignedAssertion(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	_, c := org(t, salesforcetest.Options{JWTPublicKey: &key.PublicKey})
	c.Flow, c.Username, c.ClientSecret = JWTBearer, salesforcetest.DefaultUser, ""
	c.PrivateKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	minted, err := Acquire(t.Context(), anywhere, c)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, apiStatus(t, minted.token()))
	token, err := source(newMemoryStore(t, minted), c.Side).Refresh(t.Context(), minted.AccessToken)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, apiStatus(t, token))

	c.Username = "stranger@acme.example"
	_, err = Acquire(t.Context(), anywhere, c)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.NotContains(t, err.Error(), "stranger")
}
