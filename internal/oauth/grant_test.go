package oauth

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAGrantIsReadHoweverItsDetailsAreSpelt(t *testing.T) {
	for body, want := range map[string]grant{
		`{"access_token":"a","expires_in":86399.5}`:                        {access: "a", life: 86399500 * time.Millisecond},
		`{"access_token":"a","expires_in":"60"}`:                           {access: "a", life: time.Minute},
		`{"access_token":"a","expires_in":-1,"refresh_token":null}`:        {access: "a"},
		`{"access_token":"a","expires_in":1e300}`:                          {access: "a"},
		`{"access_token":"a","expires_in":{"odd":1},"scope":["x"]}`:        {access: "a"},
		`{"accessToken":"a","refreshToken":"r","expiresIn":1}`:             {access: "a", refresh: "r", life: time.Second},
		`{"access_token":"a","approvedLocations":["x",1,null,{}],"id":7}`:  {access: "a", approved: []string{"x", "1"}, identity: "7"},
		`{"access_token":"a","issued_at":1795455586000,"locationId":null}`: {access: "a", issuedAt: "1795455586000"},
	} {
		got, err := decodeGrant([]byte(body))
		require.NoError(t, err, body)
		if want.scopes == nil {
			want.scopes = []string{}
		}
		require.Equal(t, want, got, body)
	}
	for _, body := range []string{``, `[]`, `null`, `{}`, `{"access_token":""}`, `{"access_token":"a b"}`, `{"access_token":"a\r\nX: y"}`,
		`{"access_token":["a"]}`, `{"access_token":"a","refresh_token":"r\u0000"}`} {
		_, err := decodeGrant([]byte(body))
		require.ErrorIs(t, err, errUnreadableGrant, body)
	}
}

func FuzzTokenResponse(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"00D!AR","refresh_token":"5Aep","signature":"0Cm=","instance_url":"https://a.my.salesforce.com",` +
			`"id":"https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001SwiUAAS","issued_at":"1795455586000"}`,
		`{"access_token":"a","expires_in":86399,"userType":"Company","approvedLocations":["loc"],"companyId":"c"}`,
		`{"error":"invalid_grant","error_description":"expired access/refresh token"}`,
		`{"statusCode":422,"message":["x"],"error":{"code":"a","message":"b"}}`, `<html>`, `[]`, `null`, `"x"`, `{"access_token":1e9}`,
	} {
		f.Add(200, body)
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			t.Skip()
		}
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})}
		for _, c := range []Credential{
			{Side: record.GoHighLevel, Flow: AuthorizationCode, ClientID: "i", ClientSecret: "s3cret-client"},
			{Side: record.Salesforce, Flow: AuthorizationCode, ClientID: "i", ClientSecret: "s3cret-client"},
		} {
			c.State, c.AccessToken, c.RefreshToken, c.InstanceURL = StateActive, "s3cret-access", "s3cret-refresh", "https://old.example"
			store := newMemoryStore(t, c)
			token, err := source(store, c.Side, WithHTTPClient(client)).Refresh(t.Context(), c.AccessToken)
			stored := store.get(t)
			if err != nil {
				require.NotEmpty(t, crm.KindOf(err))
				require.NotContains(t, err.Error(), "s3cret")
				require.Equal(t, "s3cret-access", stored.AccessToken)
				continue
			}
			require.True(t, status < 300)
			require.True(t, sendable(token.Access))
			require.True(t, strings.HasPrefix(token.InstanceURL, "https://"), "bearer tokens go nowhere in the clear")
			require.Equal(t, token.Access, stored.AccessToken)
			require.NotEmpty(t, stored.RefreshToken)
		}
	})
}

func FuzzDecodeRefusal(f *testing.F) {
	f.Add([]byte(`{"error":{"code":"X","message":"y"},"message":["a","b"],"traceId":"t"}`))
	f.Add([]byte(`{"error":"invalid_grant","error_description":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		said := decodeRefusal(body)
		require.Equal(t, said.code, printable(said.code))
		require.Equal(t, said.trace, printable(said.trace))
		require.Equal(t, said, decodeRefusal(bytes.Clone(body)))
	})
}
