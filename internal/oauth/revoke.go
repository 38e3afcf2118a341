package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Revocation is what became of a grant.
type Revocation struct {
	// Revoked: the vendor takes the tokens no more.
	Revoked bool
	// ByHand is what a person has left to do in the vendor's pages; "" where that is nothing.
	ByHand string
}

const (
	salesforceRevokePath = "/services/oauth2/revoke"
	salesforceRevoke     = "POST " + salesforceRevokePath

	// GoHighLevel's API uninstalls an app only for a token with the scope oauth.write, which no sync needs; of an agency's
	// grant it would end the access of all its locations.
	uninstallByHand = "in the location, open Settings > Integrations (or App Marketplace > Installed Apps), choose the app, and uninstall it"
	deleteByHand    = "in the location, open Settings > Private Integrations, and delete the token: it works until then"
	forbidByHand    = "the app can log in to the org again: in Setup, open External Client Apps (or App Manager), and delete the app, or take it away from the integration user"
)

// Revoke ends a credential's grant at its vendor, as far as the vendor's API does that, and says what is left to a person. A
// grant that is gone already counts as revoked. Client may be nil for the default; it follows no redirect. It fails with kind
// Unavailable or RateLimited where it should be tried again. Safe to repeat.
func Revoke(ctx context.Context, client *http.Client, credential *Credential) (Revocation, error) {
	c := credential.completed()
	switch {
	case c.Side == record.GoHighLevel && c.Flow == PrivateToken:
		return Revocation{ByHand: deleteByHand}, nil
	case c.Side == record.GoHighLevel:
		return Revocation{ByHand: uninstallByHand}, nil
	}
	byHand := ""
	if c.Flow != AuthorizationCode {
		byHand = forbidByHand
	}
	// With the refresh token go all tokens that were obtained by it.
	token := c.RefreshToken
	if token == "" {
		token = c.AccessToken
	}
	if token == "" {
		return Revocation{Revoked: true, ByHand: byHand}, nil
	}
	host, ours := strings.CutSuffix(c.TokenURL, salesforceTokenPath)
	if !ours {
		return Revocation{}, &crm.Error{Side: c.Side, Operation: salesforceRevoke, Kind: crm.Invalid, Reason: "the token endpoint's address tells no address to revoke at"}
	}
	a, err := newEndpoint(client, time.Now).call(ctx, c.Side, salesforceRevoke, func(ctx context.Context, client *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, host+salesforceRevokePath, strings.NewReader(url.Values{"token": {token}}.Encode()))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	if err != nil {
		return Revocation{}, err
	}
	if a.ok() || (a.status == http.StatusBadRequest && goneAlready(decodeRefusal(a.body).code)) {
		return Revocation{Revoked: true, ByHand: byHand}, nil
	}
	return Revocation{}, classify(c.Side, salesforceRevoke, a, salesforceRules)
}

// goneAlready tells whether a refusal to revoke means that there is nothing to revoke.
func goneAlready(code string) bool {
	return code == "invalid_token" || code == "unsupported_token_type"
}
