package oauth

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// NewState returns a fresh, unguessable state for one authorisation.
func NewState() string { return rand.Text() }

// NewVerifier returns a fresh PKCE verifier for one authorisation.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizeURL returns the address at which a person grants access (flow authorization_code). The vendor returns state
// with the code; verifier is the PKCE verifier that Exchange needs again, which GoHighLevel does not use.
func AuthorizeURL(c Credential, state, verifier string) string {
	c = c.completed()
	var options []oauth2.AuthCodeOption
	if c.Side == record.Salesforce {
		options = append(options, oauth2.S256ChallengeOption(verifier))
	}
	// Query encoding writes a space as "+", which not every authorisation page takes for one.
	return strings.ReplaceAll(c.config().AuthCodeURL(state, options...), "+", "%20")
}

// Exchange turns an authorisation code into tokens and returns the credential with them, active. A GoHighLevel grant
// for a whole agency is exchanged for its location's, which the credential's LocationID names unless the agency
// approved but one. A nil client means one that reaches the vendor's own hosts only. It fails with *crm.Error. A code is good for one exchange.
func Exchange(ctx context.Context, client *http.Client, c Credential, code, verifier string) (Credential, error) {
	c = c.completed()
	c.Flow = AuthorizationCode
	if err := c.validate(); err != nil {
		return Credential{}, err
	}
	e := newEndpoint(client, time.Now)
	if c.Side == record.GoHighLevel {
		return ofFirst(e.exchangeGoHighLevel(ctx, c, code))
	}
	return ofFirst(e.exchangeSalesforce(ctx, c, code, verifier))
}

// Acquire makes a credential active that needs nobody's consent: it mints the first token of the flows
// client_credentials and jwt_bearer, and checks that a private_token is complete, without calling the vendor. A nil
// client means one that reaches Salesforce's own hosts only. It fails with *crm.Error. Safe to repeat.
func Acquire(ctx context.Context, client *http.Client, c Credential) (Credential, error) {
	c = c.completed()
	if err := c.validate(); err != nil {
		return Credential{}, err
	}
	switch c.Flow {
	case PrivateToken:
		c.State, c.IssuedAt = StateActive, time.Now()
		return c, nil
	case ClientCredentials, JWTBearer:
		return ofFirst(newEndpoint(client, time.Now).mintSalesforce(ctx, c))
	default:
		return Credential{}, c.invalid("this flow needs a person's consent")
	}
}

// ofFirst returns nothing of a credential that is not to be used.
func ofFirst(c Credential, err error) (Credential, error) {
	if err != nil {
		return Credential{}, err
	}
	return c, nil
}

// granted returns the credential with a new access token, and a new refresh token where there is one.
func (c Credential) granted(g grant, now time.Time) Credential {
	c.AccessToken = g.access
	if g.refresh != "" {
		c.RefreshToken = g.refresh
	}
	if len(g.scopes) > 0 {
		c.GrantedScopes = g.scopes
	}
	c.IssuedAt, c.ExpiresAt = now, time.Time{}
	if g.life > 0 {
		c.ExpiresAt = now.Add(g.life)
	}
	c.State = StateActive
	c.Generation++
	return c
}

// validate tells what the credential lacks for its flow.
func (c *Credential) validate() error {
	missing := func(name, value string) error {
		if value == "" {
			return c.invalid(name + " is missing")
		}
		return nil
	}
	var err error
	switch {
	case c.Side == record.GoHighLevel && c.Flow == AuthorizationCode:
		err = firstOf(missing("the client id", c.ClientID), missing("the client secret", c.ClientSecret))
	case c.Side == record.GoHighLevel && c.Flow == PrivateToken:
		err = firstOf(missing("the private integration token", c.PrivateToken), missing("the location id", c.LocationID))
		if err == nil && !sendable(c.PrivateToken) {
			err = c.invalid("the private integration token holds characters that no token has")
		}
	case c.Side == record.Salesforce && c.Flow == AuthorizationCode:
		err = missing("the client id", c.ClientID)
	case c.Side == record.Salesforce && c.Flow == ClientCredentials:
		err = firstOf(missing("the client id", c.ClientID), missing("the client secret", c.ClientSecret))
		if host := hostOf(c.TokenURL); err == nil && (host == "login.salesforce.com" || host == "test.salesforce.com") {
			err = c.invalid("flow client_credentials needs the org's own My Domain as its login host")
		}
	case c.Side == record.Salesforce && c.Flow == JWTBearer:
		err = firstOf(missing("the client id", c.ClientID), missing("the user name", c.Username), missing("the private key", c.PrivateKeyPEM))
	default:
		err = c.invalid("this side does not know this flow")
	}
	if err == nil && !privateEnough(c.TokenURL) {
		err = c.invalid("the token endpoint's address must begin with https://")
	}
	if err == nil && c.Side == record.Salesforce && strings.HasPrefix(c.TokenURL, "https://") && !salesforceHost(hostOf(c.TokenURL)) {
		err = c.invalid("the login host is not one of Salesforce's own, which end in .salesforce.com")
	}
	return err
}

// privateEnough tells whether secrets may be sent to an address: by https, or else to a host that cannot be outside,
// which is this machine or a container's bare name.
func privateEnough(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return false
	}
	host := parsed.Hostname()
	return parsed.Scheme == "https" ||
		parsed.Scheme == "http" && (host == "127.0.0.1" || host == "::1" || !strings.ContainsAny(host, ".:"))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Credential) operation() string {
	if c.Side == record.GoHighLevel {
		return gohighlevelToken
	}
	return salesforceToken
}

func (c *Credential) invalid(reason string) error {
	return &crm.Error{Side: c.Side, Operation: c.operation(), Kind: crm.Invalid, Reason: reason}
}
