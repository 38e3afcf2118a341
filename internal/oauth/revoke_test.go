package oauth

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestARevokedGrantOpensTheOrgNoMore(t *testing.T) {
	_, c := org(t, salesforcetest.Options{})
	c = consent(t, c)
	require.Equal(t, http.StatusOK, apiStatus(t, c.token()))
	for range 2 { // what is gone already counts as revoked
		got, err := Revoke(t.Context(), anywhere, &c)
		require.NoError(t, err)
		require.Equal(t, Revocation{Revoked: true}, got)
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
	got, err := Revoke(t.Context(), anywhere, &c)
	require.NoError(t, err)
	require.True(t, got.Revoked)
	require.Contains(t, got.ByHand, "delete the app")
	require.Equal(t, []string{salesforceRevokePath}, v.paths)
	require.Equal(t, "access-1", v.forms[0].Get("token"))
	c.AccessToken = ""
	got, err = Revoke(t.Context(), anywhere, &c)
	require.NoError(t, err)
	require.True(t, got.Revoked)
	require.Equal(t, 1, v.count(), "there is nothing to send")
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
		c := v.salesforce()
		got, err := Revoke(t.Context(), anywhere, &c)
		require.Equal(t, x.kind, crm.KindOf(err), x.body)
		require.False(t, got.Revoked)
		require.NotContains(t, err.Error(), "refresh-1")
	}
	c := Credential{Side: record.Salesforce, Flow: AuthorizationCode, TokenURL: "https://login.example.com/else", RefreshToken: "refresh-1"}
	_, err := Revoke(t.Context(), anywhere, &c)
	require.Equal(t, crm.Invalid, crm.KindOf(err))
}

func TestWhatGoHighLevelsAPIDoesNotRevokeIsLeftToAPersonByName(t *testing.T) {
	v := newVendor(t)
	c := v.gohighlevel()
	got, err := Revoke(t.Context(), anywhere, &c)
	require.NoError(t, err)
	require.False(t, got.Revoked)
	require.Contains(t, got.ByHand, "uninstall")
	c.Flow = PrivateToken
	got, err = Revoke(t.Context(), anywhere, &c)
	require.NoError(t, err)
	require.Contains(t, got.ByHand, "Private Integrations")
	require.Zero(t, v.count())
}
