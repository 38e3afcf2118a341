package oauth

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func oauthError(code, description string) string {
	return fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, description)
}

func TestRefusalsOfTheTokenEndpoints(t *testing.T) {
	for _, test := range []struct {
		side       record.Side
		status     int
		body       string
		kind       crm.Kind
		disconnect bool
	}{
		{record.GoHighLevel, 400, `{"statusCode":400,"message":"Invalid grant: refresh token is invalid","traceId":"t-1"}`, crm.NeedsReconnect, true},
		{record.GoHighLevel, 400, oauthError("invalid_grant", "This refresh token is invalid"), crm.NeedsReconnect, true},
		{record.GoHighLevel, 401, `{"error":{"code":"invalid_grant","message":"spent"}}`, crm.NeedsReconnect, true},
		{record.GoHighLevel, 400, `{"statusCode":400,"message":"Location is not active"}`, crm.NeedsAccess, false},
		{record.GoHighLevel, 400, `{"statusCode":400,"message":["Location is not active"]}`, crm.NeedsAccess, false},
		{record.GoHighLevel, 401, oauthError("UnAuthorized!", "Invalid client credentials!"), crm.NeedsAccess, false},
		{record.GoHighLevel, 422, `{"statusCode":422,"message":["property x should not exist"]}`, crm.NeedsAccess, false},
		{record.GoHighLevel, 404, `Cannot POST /oauth/token`, crm.NeedsAccess, false},
		{record.GoHighLevel, 429, ``, crm.RateLimited, false},
		{record.GoHighLevel, 500, `{"message":"Invalid grant: refresh token is invalid"}`, crm.Unavailable, false},
		{record.GoHighLevel, 503, `<html>`, crm.Unavailable, false},
		{record.GoHighLevel, 200, `<html>maintenance</html>`, crm.Unavailable, false},
		{record.GoHighLevel, 302, ``, crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("invalid_grant", "expired access/refresh token"), crm.NeedsReconnect, true},
		{record.Salesforce, 400, oauthError("invalid_grant", "inactive user"), crm.NeedsReconnect, true},
		{record.Salesforce, 400, oauthError("inactive_user", "user is inactive"), crm.NeedsReconnect, true},
		{record.Salesforce, 400, oauthError("invalid_grant", "user hasn't approved this consumer"), crm.NeedsReconnect, true},
		{record.Salesforce, 400, oauthError("invalid_grant", "expired authorization code"), crm.NeedsReconnect, true},
		{record.Salesforce, 400, oauthError("invalid_grant", "token request is already being processed"), crm.Busy, false},
		{record.Salesforce, 400, oauthError("invalid_grant", "ip restricted or invalid login hours"), crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("invalid_grant", "inactive org"), crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("invalid_client", "invalid client credentials"), crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("invalid_client_id", "client identifier invalid"), crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("invalid_client", "app must be installed into org"), crm.NeedsAccess, false},
		{record.Salesforce, 400, oauthError("unsupported_grant_type", "grant type not supported"), crm.Invalid, false},
		{record.Salesforce, 400, oauthError("unknown_error", "retry your request"), crm.Unavailable, false},
		{record.Salesforce, 200, oauthError("server_error", "oops"), crm.Unavailable, false},
		{record.Salesforce, 420, ``, crm.Unavailable, false},
		{record.Salesforce, 406, ``, crm.Unavailable, false},
		{record.Salesforce, 400, oauthError("something_new", "hm"), crm.NeedsAccess, false},
		{record.Salesforce, 400, `[{"errorCode":"X","message":"array"}]`, crm.NeedsAccess, false},
		{record.Salesforce, 500, oauthError("invalid_grant", "expired access/refresh token"), crm.Unavailable, false},
	} {
		t.Run(fmt.Sprintf("%s %d %s", test.side, test.status, test.body), func(t *testing.T) {
			v := newVendor(t)
			v.respond = refusing(test.status, test.body)
			c := v.salesforce()
			if test.side == record.GoHighLevel {
				c = v.gohighlevel()
			}
			store := newMemoryStore(t, c)
			_, err := source(store, test.side).Refresh(t.Context(), "access-1")
			require.Equal(t, test.kind, crm.KindOf(err), "%v", err)
			var failure *crm.Error
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.status, failure.Status)
			require.Equal(t, c.operation(), failure.Operation)
			stored := store.get(t)
			require.Equal(t, test.disconnect, stored.State == StateReconnect)
			require.Equal(t, "refresh-1", stored.RefreshToken)
		})
	}
}

func TestARefusalNamesTheVendorsIdentifiersOnly(t *testing.T) {
	v := newVendor(t)
	v.respond = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "7")
		refuse(w, http.StatusTooManyRequests, `{"error":"slow_down","message":"token refresh-1 of jane@acme.example","traceId":"0c52e980-41f6-4be7-8c4e-32332bd1b0be"}`)
		return true
	}
	_, err := source(newMemoryStore(t, v.gohighlevel()), record.GoHighLevel).Refresh(t.Context(), "access-1")
	var failure *crm.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, 7*time.Second, failure.RetryAfter)
	require.Equal(t, "0c52e980-41f6-4be7-8c4e-32332bd1b0be", failure.TraceID)
	require.Equal(t, "slow_down", failure.Code)
	require.NotContains(t, err.Error(), "refresh-1")
	require.NotContains(t, err.Error(), "jane")
	require.Empty(t, printable("refresh token of jane@acme.example"))
	require.Empty(t, printable(strings.Repeat("a", 65)))
}

func TestSecretsFollowNoRedirectAndAnEndlessAnswerIsCut(t *testing.T) {
	elsewhere := newVendor(t)
	v := newVendor(t)
	v.respond = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, elsewhere.URL+"/oauth/token", http.StatusTemporaryRedirect)
		return true
	}
	_, err := source(newMemoryStore(t, v.gohighlevel()), record.GoHighLevel).Refresh(t.Context(), "access-1")
	require.Equal(t, crm.NeedsAccess, crm.KindOf(err))
	require.ErrorContains(t, err, "redirects")
	require.Zero(t, elsewhere.count())

	endless := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(forever{})}, nil
	})}
	_, err = source(newMemoryStore(t, v.salesforce()), record.Salesforce, WithHTTPClient(endless)).Refresh(t.Context(), "access-1")
	require.Equal(t, crm.Unavailable, crm.KindOf(err))
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestSecretsGoToTheVendorsTokenEndpointOnlyUnlessTheCallerSaysOtherwise(t *testing.T) {
	v := newVendor(t)
	for _, c := range []Credential{v.gohighlevel(), v.salesforce()} {
		_, err := NewTokenSource(newMemoryStore(t, c), "acme", c.Side).Refresh(t.Context(), c.AccessToken)
		require.Equal(t, crm.NeedsAccess, crm.KindOf(err), "%v", err)
		require.ErrorContains(t, err, "TANDEM_ALLOW_HOSTS")
	}
}
