package oauth

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// revoked revokes a side's grant, which must not fail.
func revoked(t *testing.T, store Store, side record.Side) Revocation {
	t.Helper()
	got, err := Revoke(t.Context(), anywhere, store, "acme", side)
	require.NoError(t, err)
	return got
}

func TestARevokedGrantOpensTheOrgNoMore(t *testing.T) {
	_, c := org(t, salesforcetest.Options{})
	c = consent(t, c)
	require.Equal(t, http.StatusOK, apiStatus(t, c.token()))
	for range 2 { // what is gone already counts as revoked
		require.Equal(t, Revocation{Revoked: true}, revoked(t, newMemoryStore(t, c), c.Side))
		require.Equal(t, http.StatusUnauthorized, apiStatus(t, c.token()))
	}
	_, err := source(newMemoryStore(t, c), c.Side).Refresh(t.Context(), c.AccessToken)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
}

func TestASessionWithoutARefreshTokenIsRevokedAndTheAppLeftToAPerson(t *testing.T) {
	v := newVendor(t)
	v.respond = func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusOK); return true }
	c := v.salesforce()
	c.Flow, c.RefreshToken = ClientCredentials, ""
	store := newMemoryStore(t, c)
	for range 2 {
		got := revoked(t, store, c.Side)
		require.True(t, got.Revoked)
		require.Contains(t, got.ByHand, "delete the app")
		require.Equal(t, []string{salesforceRevokePath}, v.paths, "what was revoked is stored no more, and sent once")
		require.Equal(t, "access-1", v.forms[0].Get("token"))
		require.Empty(t, store.get(t).AccessToken)
	}
}

func TestAFailedRevocationSaysWhetherToTryAgain(t *testing.T) {
	for _, x := range []struct {
		status int
		body   string
		kind   crm.Kind
	}{
		{http.StatusServiceUnavailable, "", crm.Unavailable},
		{http.StatusTooManyRequests, "", crm.RateLimited},
		{http.StatusBadRequest, `{"error":"inactive_org"}`, crm.NeedsAccess},
		{http.StatusForbidden, `{"error":"other"}`, crm.NeedsAccess},
		{http.StatusFound, "", crm.NeedsAccess},
	} {
		v := newVendor(t)
		v.respond = refusing(x.status, x.body)
		store := newMemoryStore(t, v.salesforce())
		got, err := Revoke(t.Context(), anywhere, store, "acme", record.Salesforce)
		require.Equal(t, x.kind, crm.KindOf(err), x.body)
		require.False(t, got.Revoked)
		require.Equal(t, "refresh-1", store.get(t).RefreshToken)
		require.NotContains(t, err.Error(), "refresh-1")
	}
	c := Credential{Side: record.Salesforce, Flow: AuthorizationCode, TokenURL: "https://login.example.com/else", RefreshToken: "refresh-1"}
	_, err := Revoke(t.Context(), anywhere, newMemoryStore(t, c), "acme", c.Side)
	require.Equal(t, crm.Invalid, crm.KindOf(err))
	_, err = Revoke(t.Context(), anywhere, &memoryStore{}, "acme", c.Side)
	require.ErrorIs(t, err, ErrNoCredential)
}
