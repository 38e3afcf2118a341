package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Revocation is what became of a grant.
type Revocation struct {
	// Revoked: the vendor takes the tokens no more.
	Revoked bool
	// ByHand is what a person has left to do in the vendor's pages; "" where that is nothing.
	ByHand string
	// Refused is why the vendor did not do what it was asked to, where ByHand does it as well; it holds no secret.
	Refused string
}

const (
	salesforceRevokePath = "/services/oauth2/revoke"
	salesforceRevoke     = "POST " + salesforceRevokePath

	deleteByHand = "in the location, open Settings > Private Integrations, and delete the token: it works until then"
	revokeByHand = "in Setup, open Connected Apps OAuth Usage, and revoke it"
	forbidByHand = "the app can log in to the org again: in Setup, open External Client Apps (or App Manager), and delete the app, or take it away from the integration user"
)

// ByHand says how a person ends the credential's grant in the vendor's pages, where Revoke is not to do it.
func ByHand(c *Credential) string {
	switch {
	case c.Side == record.Salesforce:
		return revokeByHand
	case c.Flow == PrivateToken:
		return deleteByHand
	}
	return uninstallByHand
}

// Revoke ends the grant of one side of a connection at its vendor, as far as the vendor's API does that, and says what is left
// to a person: Salesforce's by revoking it, GoHighLevel's by uninstalling the app from the location, where it was granted the
// scope for that. A grant that is gone already counts as revoked. What is revoked is stored no more. Client may be nil for
// the default; it follows no redirect. It fails with ErrNoCredential where there is none, and with kind Unavailable or
// RateLimited where it should be tried again. Safe to repeat.
func Revoke(ctx context.Context, client *http.Client, store Store, connection string, side record.Side) (Revocation, error) {
	source := NewTokenSource(store, connection, side, WithHTTPClient(client))
	for renewed := false; ; renewed = true {
		var got Revocation
		var token string
		err := store.WithCredential(ctx, connection, side, func(c *Credential) (bool, error) {
			var err error
			token = c.bearer()
			if got, err = source.endpoint.revoke(ctx, c.completed()); err != nil || !got.Revoked {
				return false, err
			}
			c.AccessToken, c.RefreshToken = "", ""
			return true, nil
		})
		if err == nil || side != record.GoHighLevel || crm.KindOf(err) != crm.NeedsReconnect {
			return got, err
		}
		if renewed {
			return leftToAPerson(err)
		}
		if _, err = source.Refresh(ctx, token); accessIsOver(err) {
			return Revocation{Revoked: true, ByHand: lookByHand}, nil
		}
		if err != nil {
			return leftToAPerson(err)
		}
	}
}

// revoke is one attempt at it, by the tokens that there are. What it fails with of kind NeedsReconnect is, of GoHighLevel's, a
// token to renew.
func (e endpoint) revoke(ctx context.Context, c Credential) (Revocation, error) {
	switch {
	case c.Side == record.Salesforce:
		return e.revokeSalesforce(ctx, c)
	case c.Flow == PrivateToken:
		return Revocation{ByHand: deleteByHand}, nil
	}
	return e.uninstall(ctx, c)
}

func (e endpoint) revokeSalesforce(ctx context.Context, c Credential) (Revocation, error) {
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
	a, err := e.call(ctx, c.Side, salesforceRevoke, func(ctx context.Context, client *http.Client) error {
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
