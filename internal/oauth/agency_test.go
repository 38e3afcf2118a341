package oauth

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// newAgency is a vendor that grants whole agencies. Its location tokens are location-access-<call>.
func newAgency(t *testing.T) *vendor {
	v := newVendor(t)
	v.shape = func(grant map[string]any) {
		grant["userType"], grant["approvedLocations"] = "Company", []string{"loc-1"}
		delete(grant, "locationId")
	}
	v.respond = answerLocationToken
	return v
}

func answerLocationToken(_ int, w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/oauth/locationToken" {
		return false
	}
	agency := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Header.Get("Version") != "2021-07-28" || r.PostForm.Get("companyId") != "com-1" || agency == "access-stale" {
		refuse(w, http.StatusUnauthorized, `{"statusCode":401,"message":"Invalid token: access token is invalid"}`)
		return true
	}
	refuse(w, http.StatusCreated, `{"access_token":"location-of-`+agency+`","expires_in":86399,"locationId":"`+
		r.PostForm.Get("locationId")+`","scope":"contacts.readonly"}`)
	return true
}

func TestAnAgencysGrantIsExchangedForTheWantedLocations(t *testing.T) {
	v := newAgency(t)
	c := v.gohighlevel()
	c.AccessToken, c.RefreshToken, c.CompanyID = "", "", ""
	c, err := Exchange(t.Context(), anywhere, c, "code", "")
	require.NoError(t, err)
	require.Equal(t, "location-of-access-2", c.AccessToken)
	require.Equal(t, "access-2", c.AgencyAccessToken)
	require.Equal(t, "refresh-2", c.RefreshToken, "the agency's refresh token stays in force")
	require.Equal(t, "com-1", c.CompanyID)
	require.Equal(t, []string{"/oauth/token", "/oauth/locationToken"}, v.paths)
	require.Empty(t, v.header[0].Values("Version"))
}

func TestAnAgencysOnlyLocationNeedsNoNaming(t *testing.T) {
	v := newAgency(t)
	c := v.gohighlevel()
	c.LocationID = ""
	c, err := Exchange(t.Context(), anywhere, c, "code", "")
	require.NoError(t, err)
	require.Equal(t, "loc-1", c.LocationID)

	shape := v.shape
	v.shape = func(grant map[string]any) {
		shape(grant)
		grant["approvedLocations"] = []string{"loc-1", "loc-2"}
	}
	c.LocationID = ""
	_, err = Exchange(t.Context(), anywhere, c, "code", "")
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	require.ErrorContains(t, err, "say which location")
}

func TestAnAgencysTokenIsExchangedAgainWhileItLives(t *testing.T) {
	v := newAgency(t)
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := v.gohighlevel()
	c.AgencyAccessToken, c.AgencyExpiresAt = "access-agency", now.Add(time.Hour)
	store := newMemoryStore(t, c)
	token, err := source(store, record.GoHighLevel, WithClock(func() time.Time { return now })).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "location-of-access-agency", token.Access)
	require.Equal(t, "refresh-1", store.get(t).RefreshToken)
	require.Equal(t, []string{"/oauth/locationToken"}, v.paths)
}

func TestAnAgencysRenewalStoresTheAgencysTokensFirst(t *testing.T) {
	v := newAgency(t)
	c := v.gohighlevel()
	c.AgencyAccessToken, c.AgencyExpiresAt = "access-old", time.Now().Add(-time.Hour)
	store := newMemoryStore(t, c)
	down := true
	v.respond = func(call int, w http.ResponseWriter, r *http.Request) bool {
		if down && r.URL.Path == "/oauth/locationToken" {
			refuse(w, http.StatusServiceUnavailable, "")
			return true
		}
		return answerLocationToken(call, w, r)
	}
	s := source(store, record.GoHighLevel)
	_, err := s.Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
	stored := store.get(t)
	require.Equal(t, "refresh-2", stored.RefreshToken)
	require.Equal(t, "access-1", stored.AccessToken)

	down = false
	token, err := s.Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "location-of-access-2", token.Access)
	require.Equal(t, []string{"/oauth/token", "/oauth/locationToken", "/oauth/locationToken"}, v.paths)
}

func TestAStaleAgencyTokenIsRenewedFirst(t *testing.T) {
	v := newAgency(t)
	c := v.gohighlevel()
	c.AgencyAccessToken, c.AgencyExpiresAt = "access-stale", time.Now().Add(time.Hour)
	store := newMemoryStore(t, c)
	token, err := source(store, record.GoHighLevel).Refresh(t.Context(), "access-1")
	require.NoError(t, err)
	require.Equal(t, "location-of-access-2", token.Access)
	require.Equal(t, []string{"/oauth/locationToken", "/oauth/token", "/oauth/locationToken"}, v.paths)
	require.Equal(t, StateActive, store.get(t).State)
}

func TestAnAgencyWhoseTokensAreNeverTakenEnds(t *testing.T) {
	v := newAgency(t)
	v.respond = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/oauth/locationToken" {
			refuse(w, http.StatusUnauthorized, `{"message":"Invalid JWT"}`)
		}
		return r.URL.Path == "/oauth/locationToken"
	}
	c := v.gohighlevel()
	c.AgencyAccessToken, c.AgencyExpiresAt = "access-stale", time.Now().Add(time.Hour)
	_, err := source(newMemoryStore(t, c), record.GoHighLevel).Refresh(t.Context(), "access-1")
	require.Error(t, err)
	require.LessOrEqual(t, v.count(), renewSteps)
}

func TestALocationOutsideTheAgencysGrantNeedsAccess(t *testing.T) {
	v := newAgency(t)
	for _, body := range []string{
		`{"statusCode":403,"message":"The token does not have access to this location."}`,
		`{"statusCode":401,"message":"The token is not authorized for this scope."}`,
	} {
		v.respond = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/oauth/locationToken" {
				refuse(w, http.StatusUnauthorized, body)
			}
			return r.URL.Path == "/oauth/locationToken"
		}
		_, err := Exchange(t.Context(), anywhere, v.gohighlevel(), "code", "")
		require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
		require.ErrorContains(t, err, "POST /oauth/locationToken")
	}
}
