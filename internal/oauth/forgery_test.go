package oauth

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
)

func TestATokenIsOnlyEverSentToAHostOfSalesforces(t *testing.T) {
	const login = "https://login.salesforce.com/services/oauth2/token"
	for instance, want := range map[string]string{
		"https://acme.my.salesforce.com":              "https://acme.my.salesforce.com",
		"https://acme--dev.sandbox.my.salesforce.com": "https://acme--dev.sandbox.my.salesforce.com",
		"https://na139.salesforce.com/":               "https://na139.salesforce.com",
		"http://acme.my.salesforce.com":               "",
		"https://acme.my.salesforce.com.evil.example": "",
		"https://evilsalesforce.com":                  "",
		"https://evil.example/acme.my.salesforce.com": "",
		"https://acme.my.salesforce.com@evil.example": "",
		"https://acme.my.salesforce.com:8443":         "",
		"https://127.0.0.1":                           "",
		"javascript://acme.my.salesforce.com":         "",
		"":                                            "",
	} {
		require.Equal(t, want, originOf(instance, login), instance)
	}
	const fake = "http://127.0.0.1:9/services/oauth2/token"
	require.Equal(t, "http://127.0.0.1:9", originOf("http://127.0.0.1:9", fake), "a fake on this machine")
	for _, elsewhere := range []string{"http://127.0.0.2:9", "https://acme.my.salesforce.com.evil.example", "http://evil.example"} {
		require.Empty(t, originOf(elsewhere, fake), elsewhere)
	}
}

func TestAForgedGrantIsNotTaken(t *testing.T) {
	for name, forge := range map[string]func(map[string]any){
		"another org than was signed": func(g map[string]any) {
			g["id"] = "https://login.salesforce.com/id/00Dxx0000001gPMEAY/" + testUser
		},
		"a signature of another's":   func(g map[string]any) { g["signature"] = "Zm9yZ2Vk" },
		"no signature":               func(g map[string]any) { delete(g, "signature") },
		"no identity":                func(g map[string]any) { delete(g, "id") },
		"an instance without a host": func(g map[string]any) { g["instance_url"] = "https://" },
		"a password in the instance": func(g map[string]any) { g["instance_url"] = "https://acme.my.salesforce.com@evil.example" },
	} {
		v := newVendor(t)
		v.shape = forge
		c := v.salesforce()
		c.OrgID, c.UserID = "", ""
		got, err := Exchange(t.Context(), anywhere, c, "code-1", NewVerifier())
		require.Contains(t, []crm.Kind{crm.NeedsReconnect, crm.NeedsAccess}, crm.KindOf(err), name)
		require.Zero(t, got, name)
	}
	v := newVendor(t)
	c := v.salesforce()
	got, err := Exchange(t.Context(), anywhere, c, "code-1", NewVerifier())
	require.NoError(t, err)
	require.Equal(t, testOrg, got.OrgID)
}

func TestASecretIsNotSentToALoginHostThatIsNotSalesforces(t *testing.T) {
	for _, host := range []string{"login.salesforce.com.evil.example", "evil.example", "saIesforce.com"} {
		authURL, tokenURL, err := SalesforceEndpoints(host)
		require.NoError(t, err)
		c := Credential{Side: "salesforce", ClientID: "app", ClientSecret: "secret", AuthURL: authURL, TokenURL: tokenURL}
		_, err = Exchange(t.Context(), anywhere, c, "code", NewVerifier())
		require.Equal(t, crm.Invalid, crm.KindOf(err), host)
		require.ErrorContains(t, err, "not one of Salesforce's own")
		_, err = Authorize(t.Context(), anywhere, c, "", func(string) error {
			t.Error("a page was shown that may ask for a password")
			return nil
		})
		require.Equal(t, crm.Invalid, crm.KindOf(err), host)
	}
}

func TestACodeThatWasExchangedIsWorthNothingMore(t *testing.T) {
	_, c := org(t, salesforcetest.Options{})
	state, verifier := NewState(), NewVerifier()
	loopback, arrived := waiting(t, state)
	c.RedirectURL = loopback.RedirectURL()
	response, err := http.Get(AuthorizeURL(c, state, verifier))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	got := <-arrived
	require.NoError(t, got.err)
	_, err = Exchange(t.Context(), anywhere, c, got.code, verifier)
	require.NoError(t, err)
	replayed, err := Exchange(t.Context(), anywhere, c, got.code, verifier)
	require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	require.Zero(t, replayed)
}
