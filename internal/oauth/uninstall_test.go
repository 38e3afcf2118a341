package oauth

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

const uninstallPath = "/marketplace/app/66f1c0de4be1a2b3c4d5e6f7/installations"

// installed is a location whose app was granted the scope to uninstall itself.
func installed(t *testing.T, options gohighleveltest.Options) (*gohighleveltest.Fake, string, Credential) {
	t.Helper()
	fake, base, c := location(t, options)
	c.Scopes = append(DefaultScopes(record.GoHighLevel), uninstallScope)
	return fake, base, consent(t, c)
}

func uninstalls(fake *gohighleveltest.Fake) int {
	return fake.Stats().ByOperation[gohighlevelUninstall]
}

func TestAnAppThatMayIsUninstalledFromItsLocationOnce(t *testing.T) {
	fake, base, c := installed(t, gohighleveltest.Options{})
	requireLocationOpens(t, base, c.LocationID, c.AccessToken)
	store := newMemoryStore(t, c)
	for range 2 { // the second attempt finds what the first one kept
		require.Equal(t, Revocation{Revoked: true}, revoked(t, store, c.Side))
		require.Equal(t, http.StatusUnauthorized, locationStatus(t, base, c.LocationID, c.AccessToken))
		require.Equal(t, 1, uninstalls(fake))
	}
	_, err := source(newMemoryStore(t, c), c.Side).Refresh(t.Context(), c.AccessToken)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err), "the refresh token is worth nothing either")
}

func TestASpentAccessTokenIsRenewedAndStoredToUninstallBy(t *testing.T) {
	fake, base, c := installed(t, gohighleveltest.Options{})
	fake.ExpireAccessTokens()
	store := newMemoryStore(t, c)
	require.Equal(t, Revocation{Revoked: true}, revoked(t, store, c.Side))
	require.Equal(t, 2, uninstalls(fake))
	events := store.journal.list()
	require.Len(t, events, 2, "the tokens are stored before they are used, and forgotten after: %v", events)
	require.NotEqual(t, "stored "+c.AccessToken, events[0])
	require.Equal(t, "stored ", events[1])
	require.Equal(t, http.StatusUnauthorized, locationStatus(t, base, c.LocationID, c.AccessToken))
}

func TestAGrantThatIsGoneCountsAsRevokedAndAPersonLooksAfterTheApp(t *testing.T) {
	for name, end := range map[string]func(fake *gohighleveltest.Fake, store *memoryStore, c Credential){
		"by a person": func(fake *gohighleveltest.Fake, _ *memoryStore, _ Credential) { fake.Uninstall() },
		"by an attempt that was not told of its success": func(fake *gohighleveltest.Fake, store *memoryStore, c Credential) {
			fake.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Path: "/marketplace/", Count: 1}})
			_, err := Revoke(t.Context(), anywhere, store, "acme", c.Side)
			require.Equal(t, crm.Unavailable, crm.KindOf(err))
		},
		"by an attempt that ended before it was noted": func(_ *gohighleveltest.Fake, store *memoryStore, c Credential) {
			store.failSaves = 1
			_, err := Revoke(t.Context(), anywhere, store, "acme", c.Side)
			require.ErrorIs(t, err, errStoreDown)
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake, _, c := installed(t, gohighleveltest.Options{})
			store := newMemoryStore(t, c)
			end(fake, store, c)
			for range 2 {
				require.Equal(t, Revocation{Revoked: true, ByHand: lookByHand}, revoked(t, store, c.Side))
			}
		})
	}
}

func TestALocationThatLeavesAnAgencyLeavesTheOthersConnected(t *testing.T) {
	fake, base, c := location(t, gohighleveltest.Options{Siblings: []string{"loc-2"}})
	c.AgencyAccessToken, c.RefreshToken = fake.GrantCompanyToken()
	c.AgencyExpiresAt = time.Now().Add(time.Hour)
	c.GrantedScopes = gohighleveltest.AllScopes
	other := c
	other.LocationID = "loc-2"
	stays := newMemoryStore(t, other)
	before, err := source(stays, other.Side).Token(t.Context())
	require.NoError(t, err)

	leaves := newMemoryStore(t, c)
	token, err := source(leaves, c.Side).Token(t.Context())
	require.NoError(t, err)
	c = leaves.get(t)
	requireLocationOpens(t, base, c.LocationID, c.AccessToken)
	require.Equal(t, Revocation{Revoked: true, ByHand: agencyByHand}, revoked(t, leaves, c.Side))
	require.Equal(t, http.StatusUnauthorized, locationStatus(t, base, c.LocationID, c.AccessToken))
	_, err = source(newMemoryStore(t, c), c.Side).Refresh(t.Context(), token.Access)
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err), "the agency gives no token for it any more")
	require.Equal(t, Revocation{Revoked: true, ByHand: lookByHand}, revoked(t, newMemoryStore(t, c), c.Side))

	now := func() time.Time { return time.Now().Add(2 * time.Hour) } // the agency's token is to be renewed as well
	after, err := source(stays, other.Side, WithClock(now)).Refresh(t.Context(), before.Access)
	require.NoError(t, err)
	require.NotEqual(t, before.Access, after.Access)
	require.NotEqual(t, other.RefreshToken, stays.get(t).RefreshToken)
}

func TestWhatAnAppMayNotUninstallIsLeftToAPersonByName(t *testing.T) {
	v := newVendor(t)
	c := v.gohighlevel()
	c.GrantedScopes = DefaultScopes(c.Side)
	require.Equal(t, Revocation{ByHand: uninstallByHand}, revoked(t, newMemoryStore(t, c), c.Side))
	require.Equal(t, uninstallByHand, ByHand(&c))
	c.Flow, c.PrivateToken, c.GrantedScopes = PrivateToken, "pit-1", []string{uninstallScope}
	require.Equal(t, Revocation{ByHand: deleteByHand}, revoked(t, newMemoryStore(t, c), c.Side))
	require.Equal(t, deleteByHand, ByHand(&c))
	require.Zero(t, v.count())
}

// mayUninstall is a credential of the vendor's whose app was granted the scope.
func (v *vendor) mayUninstall() Credential {
	c := v.gohighlevel()
	c.ClientID, c.GrantedScopes = gohighleveltest.DefaultClientID, []string{uninstallScope}
	return c
}

func TestWhateverTheVendorAnswersAnUninstallingHasAnEnd(t *testing.T) {
	const stale = `{"statusCode":401,"message":"Invalid JWT"}`
	for _, x := range []struct {
		status int
		body   string
		want   Revocation // but for the words of Refused
		kind   crm.Kind
		calls  int
	}{
		{status: http.StatusOK, body: `{"success":true}`, want: Revocation{Revoked: true}, calls: 1},
		{status: http.StatusCreated, body: ``, want: Revocation{Revoked: true}, calls: 1},
		{status: http.StatusNoContent, body: ``, want: Revocation{Revoked: true}, calls: 1},
		{status: http.StatusOK, body: `{"success":false}`, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 200"}, calls: 1},
		{status: http.StatusNotFound, body: `{"message":"App is not installed in this location"}`, want: Revocation{Revoked: true, ByHand: lookByHand}, calls: 1},
		{status: http.StatusUnprocessableEntity, body: `{"message":["The app is already uninstalled"]}`, want: Revocation{Revoked: true, ByHand: lookByHand}, calls: 1},
		{status: http.StatusNotFound, body: `{"message":"Cannot DELETE"}`, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 404"}, calls: 1},
		{status: http.StatusUnprocessableEntity, body: `{"message":["companyId should not be empty"]}`, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 422"}, calls: 1},
		{status: http.StatusBadRequest, body: `nonsense`, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 400"}, calls: 1},
		{status: http.StatusForbidden, body: `{"message":"Forbidden resource"}`, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 403"}, calls: 1},
		{status: http.StatusUnauthorized, body: `{"message":"The token is not authorized for this scope."}`, want: Revocation{ByHand: uninstallByHand, Refused: uninstallScope}, calls: 1},
		{status: http.StatusFound, body: ``, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 302"}, calls: 1},
		{status: http.StatusUnauthorized, body: stale, want: Revocation{ByHand: uninstallByHand, Refused: "HTTP 401"}, calls: 3},
		{status: http.StatusServiceUnavailable, body: ``, kind: crm.Unavailable, calls: 1},
		{status: http.StatusTooManyRequests, body: ``, kind: crm.RateLimited, calls: 1},
	} {
		v := newVendor(t)
		v.shape = func(grant map[string]any) { grant["scope"] = uninstallScope }
		v.respond = func(call int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/oauth/token" {
				return false
			}
			w.Header().Set("Location", v.URL+"/elsewhere")
			return refusing(x.status, x.body)(call, w, r)
		}
		store := newMemoryStore(t, v.mayUninstall())
		got, err := Revoke(t.Context(), anywhere, store, "acme", record.GoHighLevel)
		require.Equal(t, x.kind, crm.KindOf(err), "%d %s: %v", x.status, x.body, err)
		require.Contains(t, got.Refused, x.want.Refused, "%+v", got)
		require.Equal(t, x.want.Refused == "", got.Refused == "", got.Refused)
		got.Refused = x.want.Refused
		require.Equal(t, x.want, got, "%d %s", x.status, x.body)
		require.Equal(t, x.calls, v.count(), "%d %s", x.status, x.body)
		require.False(t, slices.Contains(v.paths, "/elsewhere"))
		require.Equal(t, got.Revoked, store.get(t).AccessToken == "", "what may be needed again is kept")
	}
}

func TestUninstallingNamesTheLocationAndNeverTheAgency(t *testing.T) {
	var sent []*http.Request
	var bodies []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body := make([]byte, r.ContentLength)
		_, err := r.Body.Read(body)
		require.NoError(t, err)
		sent, bodies = append(sent, r), append(bodies, string(body))
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
	})}
	c := newVendor(t).mayUninstall()
	c.AgencyAccessToken, c.AgencyExpiresAt = "access-agency", time.Now().Add(time.Hour)
	got, err := Revoke(t.Context(), client, newMemoryStore(t, c), "acme", c.Side)
	require.NoError(t, err)
	require.True(t, got.Revoked)
	require.Len(t, sent, 1)
	require.Equal(t, http.MethodDelete, sent[0].Method)
	require.Equal(t, uninstallPath, sent[0].URL.Path)
	require.Equal(t, "Bearer access-1", sent[0].Header.Get("Authorization"))
	require.JSONEq(t, `{"locationId":"loc-1","reason":"The connection was erased."}`, bodies[0])
}

func TestATokenIsNotTakenElsewhereToUninstall(t *testing.T) {
	v := newVendor(t)
	c := v.mayUninstall()
	got, err := Revoke(t.Context(), nil, newMemoryStore(t, c), "acme", c.Side) // the default client reaches the vendor's hosts alone
	require.NoError(t, err)
	require.Equal(t, uninstallByHand, got.ByHand)
	require.Contains(t, got.Refused, "none of GoHighLevel's hosts")
	require.Zero(t, v.count())
}

func TestAPausedLocationsAppIsLeftToAPerson(t *testing.T) {
	fake, _, c := installed(t, gohighleveltest.Options{})
	fake.ExpireAccessTokens()
	fake.PauseLocation(true)
	got := revoked(t, newMemoryStore(t, c), c.Side)
	require.False(t, got.Revoked)
	require.Equal(t, uninstallByHand, got.ByHand)
	require.Contains(t, got.Refused, "paused")
}
