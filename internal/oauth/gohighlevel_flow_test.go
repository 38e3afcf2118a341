package oauth

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

// location is a GoHighLevel location with the app that a credential belongs to.
func location(t *testing.T, options gohighleveltest.Options) (*gohighleveltest.Fake, string, Credential) {
	t.Helper()
	fake := gohighleveltest.New(options)
	server := httptest.NewServer(fake.Handler())
	t.Cleanup(server.Close)
	return fake, server.URL, Credential{
		Side: record.GoHighLevel, ClientID: gohighleveltest.DefaultClientID, ClientSecret: gohighleveltest.DefaultClientSecret,
		AuthURL: server.URL + "/v2/oauth/chooselocation", TokenURL: server.URL + "/oauth/token", State: StateActive,
		Flow: AuthorizationCode, LocationID: fake.LocationID(), CompanyID: fake.CompanyID(),
	}
}

// consent walks through an authorisation as a browser does.
func consent(t *testing.T, c Credential) Credential {
	t.Helper()
	state, verifier := NewState(), NewVerifier()
	loopback, err := Listen("")
	require.NoError(t, err)
	c.RedirectURL = loopback.RedirectURL()
	arrived := make(chan arrival, 1)
	go func() {
		code, err := loopback.Wait(t.Context(), state)
		arrived <- arrival{code, err}
	}()
	response, err := http.Get(AuthorizeURL(c, state, verifier))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	got := <-arrived
	require.NoError(t, got.err)
	c, err = Exchange(t.Context(), anywhere, c, got.code, verifier)
	require.NoError(t, err)
	return c
}

// locationStatus is what the location's API answers to a token.
func locationStatus(t *testing.T, base, locationID, access string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/locations/"+locationID, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+access)
	request.Header.Set("Version", "2021-07-28")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func requireLocationOpens(t *testing.T, base, locationID, access string) {
	t.Helper()
	require.Equal(t, http.StatusOK, locationStatus(t, base, locationID, access))
}

func TestALocationIsConnectedRenewedAndDisconnected(t *testing.T) {
	fake, base, c := location(t, gohighleveltest.Options{})
	c.LocationID = ""
	c = consent(t, c)
	require.Equal(t, fake.LocationID(), c.LocationID)
	require.Equal(t, DefaultScopes(record.GoHighLevel), c.GrantedScopes)
	requireLocationOpens(t, base, c.LocationID, c.AccessToken)

	store := newMemoryStore(t, c)
	s := source(store, record.GoHighLevel)
	fake.ExpireAccessTokens()
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			if _, err := s.Refresh(t.Context(), c.AccessToken); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	requireLocationOpens(t, base, c.LocationID, token.Access)
	require.Equal(t, 2, store.get(t).Generation)

	fake.RevokeGrant()
	_, err = s.Refresh(t.Context(), token.Access)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Equal(t, StateReconnect, store.get(t).State)

	store.put(t, consent(t, c))
	token, err = s.Token(t.Context())
	require.NoError(t, err)
	requireLocationOpens(t, base, c.LocationID, token.Access)
}

func TestAnAnswerCutOffIsHadAgainWithinTheGrace(t *testing.T) {
	fake, base, c := location(t, gohighleveltest.Options{})
	c.AccessToken, c.RefreshToken = fake.GrantToken()
	store := newMemoryStore(t, c)
	fake.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Path: "/oauth/token", Count: 1}})
	token, err := source(store, record.GoHighLevel).Refresh(t.Context(), c.AccessToken)
	require.NoError(t, err)
	require.NotEqual(t, c.AccessToken, token.Access)
	requireLocationOpens(t, base, c.LocationID, token.Access)
	require.NotEqual(t, c.RefreshToken, store.get(t).RefreshToken)
}

func TestAWorkerThatDiesBeforeTheCommitIsForgivenWithinTheGraceOnly(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		later time.Duration
		kind  crm.Kind
	}{{20 * time.Second, ""}, {31 * time.Second, crm.NeedsReconnect}} {
		at := now
		fake, _, c := location(t, gohighleveltest.Options{Clock: func() time.Time { return at }})
		c.AccessToken, c.RefreshToken = fake.GrantToken()
		store := newMemoryStore(t, c)
		store.failSaves = renewSteps
		_, err := source(store, record.GoHighLevel).Refresh(t.Context(), c.AccessToken)
		require.Equal(t, crm.Unavailable, crm.KindOf(err))
		at = now.Add(test.later)
		_, err = source(store, record.GoHighLevel).Refresh(t.Context(), c.AccessToken)
		require.Equal(t, test.kind, crm.KindOf(err))
	}
}

func TestAPausedLocationWorksAgainOnceItIsActive(t *testing.T) {
	fake, base, c := location(t, gohighleveltest.Options{})
	c.AccessToken, c.RefreshToken = fake.GrantToken()
	s := source(newMemoryStore(t, c), record.GoHighLevel)
	fake.PauseLocation(true)
	_, err := s.Refresh(t.Context(), c.AccessToken)
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	fake.PauseLocation(false)
	token, err := s.Refresh(t.Context(), c.AccessToken)
	require.NoError(t, err)
	requireLocationOpens(t, base, c.LocationID, token.Access)
}

func TestAnAgencysGrantOpensItsLocation(t *testing.T) {
	fake, base, c := location(t, gohighleveltest.Options{})
	c.AgencyAccessToken, c.RefreshToken = fake.GrantCompanyToken()
	store := newMemoryStore(t, c)
	s := source(store, record.GoHighLevel)
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	requireLocationOpens(t, base, c.LocationID, token.Access)

	fake.ExpireAccessTokens()
	next, err := s.Refresh(t.Context(), token.Access)
	require.NoError(t, err)
	require.NotEqual(t, token.Access, next.Access)
	requireLocationOpens(t, base, c.LocationID, next.Access)
	require.NotEqual(t, c.RefreshToken, store.get(t).RefreshToken)
}

func TestAPrivateIntegrationTokenOpensItsLocation(t *testing.T) {
	_, base, c := location(t, gohighleveltest.Options{PrivateToken: "pit-0001"})
	c.Flow, c.PrivateToken = PrivateToken, "pit-0001"
	c, err := Acquire(t.Context(), anywhere, c)
	require.NoError(t, err)
	token, err := source(newMemoryStore(t, c), record.GoHighLevel).Token(t.Context())
	require.NoError(t, err)
	requireLocationOpens(t, base, c.LocationID, token.Access)
}
