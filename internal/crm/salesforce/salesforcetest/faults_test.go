package salesforcetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultsStrikeAsOftenAsTheySay(t *testing.T) {
	b := newBench(t, Options{Seed: 3})
	path := v67 + "/sobjects/Contact"
	for kind, want := range map[string]struct {
		status int
		kind   string
	}{"429": {429, jsonType}, "500": {500, jsonType}, "503": {503, pageType}} {
		b.org.SetFaults([]Fault{{Kind: kind, Count: 1, Path: "POST " + path}})
		b.ok("GET", v67+"/limits", nil)
		a := b.do("POST", path, fields{"LastName": "A"})
		require.Equal(t, want.status, a.status)
		require.Equal(t, want.kind, a.header.Get("Content-Type"))
		require.Empty(t, a.header.Get("Retry-After"))
		before := b.org.Count("Contact")
		b.create(fields{"LastName": "A"})
		require.Equal(t, before+1, b.org.Count("Contact"))
	}
	b.org.SetFaults([]Fault{{Kind: "500", Rate: 0.5}})
	b.org.ResetStats()
	for range 100 {
		b.do("GET", v67+"/limits", nil)
	}
	failed := b.org.Stats().Requests["GET /limits"][500]
	require.Greater(t, failed, 30)
	require.Less(t, failed, 70)
	require.Panics(t, func() { b.org.SetFaults([]Fault{{Kind: "gremlins"}}) })
}

func TestACutConnectionDidOrDidNotChangeTheOrg(t *testing.T) {
	b := newBench(t, Options{})
	for kind, want := range map[string]int{"cut_before": 0, "cut_after": 1} {
		before := b.org.Count("Contact")
		b.org.SetFaults([]Fault{{Kind: kind, Count: 1}})
		_, err := b.try("POST", v67+"/sobjects/Contact", fields{"LastName": kind})
		require.Error(t, err)
		require.Equal(t, want, b.org.Count("Contact")-before, kind)
		b.ok("GET", v67+"/limits", nil)
	}
	require.Equal(t, 2, b.org.Stats().Requests["POST /sobjects/{object}"][0])
}

func TestACutTokenResponseLosesARotatedGrant(t *testing.T) {
	b := newBench(t, Options{RotateRefreshTokens: true})
	_, refresh := b.org.GrantToken()
	b.org.SetFaults([]Fault{{Kind: "cut_after", Count: 1, Path: "/services/oauth2/token"}})
	b.header.Set("Content-Type", "application/x-www-form-urlencoded")
	form := "grant_type=refresh_token&client_id=" + DefaultClientID + "&client_secret=" + DefaultClientSecret + "&refresh_token=" + refresh
	_, err := b.try("POST", "/services/oauth2/token", form)
	require.Error(t, err)
	require.Equal(t, "invalid_grant", oauthCode(t, b.do("POST", "/services/oauth2/token", form)))
}

func TestAnExpiredTokenFaultKillsTheSession(t *testing.T) {
	b := newBench(t, Options{})
	b.org.SetFaults([]Fault{{Kind: "expired_token", Count: 1}})
	require.Equal(t, "INVALID_SESSION_ID", b.do("GET", v67+"/limits", nil).code(t))
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	b.token, _ = b.org.GrantToken()
	b.ok("GET", v67+"/limits", nil)
}

func TestAFieldThatIsDroppedOrRewrittenOnSaveIsNotToldOf(t *testing.T) {
	b := newBench(t, Options{})
	id := b.create(fields{"LastName": "Lovelace", "Title": "Countess"})
	b.org.SetFaults([]Fault{{Kind: "drop_field", Field: "LastName", Count: 1}, {Kind: "rewrite_field", Field: "Title", Value: "n/a", Path: "PATCH"}})
	path := v67 + "/sobjects/Contact/" + id
	require.Equal(t, 204, b.do("PATCH", path, fields{"LastName": "King", "Title": "Dame", "FirstName": "Ada"}).status)
	got, _ := b.org.Get("Contact", id)
	require.Equal(t, []any{"Lovelace", "n/a", "Ada"}, []any{got["LastName"], got["Title"], got["FirstName"]})
	require.Equal(t, 204, b.do("PATCH", path, fields{"LastName": "King"}).status)
	require.NoError(t, b.org.Edit("Contact", id, map[string]any{"Title": "Dame"}))
	got, _ = b.org.Get("Contact", id)
	require.Equal(t, []any{"King", "Dame"}, []any{got["LastName"], got["Title"]}, "it was to be dropped once, and a person is let alone")
}
