package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	salesforceToken = "POST " + salesforceTokenPath
	// assertionLife is how long a JWT bearer assertion is good for; Salesforce takes three minutes at most.
	assertionLife  = 2 * time.Minute
	jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// exchangeSalesforce turns an authorisation code into tokens.
func (e endpoint) exchangeSalesforce(ctx context.Context, c Credential, code, verifier string) (Credential, error) {
	a, err := e.exchangeCode(ctx, &c, salesforceToken, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return Credential{}, err
	}
	c.RefreshToken, c.InstanceURL = "", ""
	c, err = c.grantedBySalesforce(a, e.now())
	if err != nil {
		return Credential{}, err
	}
	if g, _ := decodeGrant(a.body); c.ClientSecret != "" && g.signature == "" {
		return Credential{}, salesforceError(crm.NeedsReconnect, "the token response is not signed, so it does not prove which org it is for: "+connectAgain)
	}
	if c.RefreshToken == "" {
		return Credential{}, salesforceError(crm.NeedsAccess,
			"the grant cannot be renewed: allow the app the scope refresh_token (perform requests at any time), then "+connectAgain)
	}
	return c, c.complete()
}

// renewSalesforce spends the refresh token.
func (e endpoint) renewSalesforce(ctx context.Context, c Credential) (Credential, error) {
	if c.RefreshToken == "" {
		return Credential{}, salesforceError(crm.NeedsReconnect, "there is no refresh token: "+connectAgain)
	}
	a, err := e.spendRefreshToken(ctx, &c, salesforceToken)
	if err != nil {
		return Credential{}, err
	}
	return c.grantedBySalesforce(a, e.now())
}

// mintSalesforce obtains a token without a refresh token: by the client's credentials, or by a signed assertion.
func (e endpoint) mintSalesforce(ctx context.Context, c Credential) (Credential, error) {
	config := &clientcredentials.Config{TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInParams}
	if c.Flow == ClientCredentials {
		config.ClientID, config.ClientSecret = c.ClientID, c.ClientSecret
	} else {
		assertion, err := c.assertion(e.now())
		if err != nil {
			return Credential{}, err
		}
		config.EndpointParams = url.Values{"grant_type": {jwtBearerGrant}, "assertion": {assertion}}
	}
	a, err := e.call(ctx, c.Side, salesforceToken, func(ctx context.Context, _ *http.Client) error {
		_, err := config.Token(ctx)
		return err
	})
	if err != nil {
		return Credential{}, err
	}
	c, err = c.grantedBySalesforce(a, e.now())
	if err != nil {
		return Credential{}, err
	}
	return c, c.complete()
}

// assertion signs the claim to act as the user.
func (c *Credential) assertion(now time.Time) (string, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(c.PrivateKeyPEM))
	if err != nil {
		return "", salesforceError(crm.Invalid, "the private key is not an RSA key in PEM")
	}
	audience := c.Audience
	if audience == "" {
		audience = salesforceLogin
		if host := hostOf(c.TokenURL); host == "test.salesforce.com" || strings.HasSuffix(host, ".sandbox.my.salesforce.com") {
			audience = salesforceTestLogin
		}
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": c.ClientID, "sub": c.Username, "aud": audience, "exp": now.Add(assertionLife).Unix(),
	}).SignedString(key)
	if err != nil {
		return "", salesforceError(crm.Invalid, "the private key cannot sign")
	}
	return signed, nil
}

// grantedBySalesforce returns the credential with what the token endpoint granted.
func (c Credential) grantedBySalesforce(a *answer, now time.Time) (Credential, error) {
	g, err := decodeGrant(a.body)
	if err != nil || !a.ok() {
		return Credential{}, classify(record.Salesforce, salesforceToken, a, salesforceRules)
	}
	if c.ClientSecret != "" && g.signature != "" && !g.signedWith(c.ClientSecret) {
		return Credential{}, salesforceError(crm.NeedsReconnect, "the token response is not signed with the app's client secret: "+connectAgain)
	}
	org, user := identityOf(g.identity)
	if org != "" {
		if c.OrgID != "" && c.OrgID != org {
			return Credential{}, salesforceError(crm.NeedsReconnect, "the grant is for another org than this side's: "+connectAgain)
		}
		c.OrgID, c.UserID = org, user
	}
	if instance := originOf(g.instanceURL, c.TokenURL); instance != "" {
		c.InstanceURL = instance
	}
	c = c.granted(g, now)
	if millis, err := strconv.ParseInt(g.issuedAt, 10, 64); err == nil && millis > 0 {
		c.IssuedAt = time.UnixMilli(millis).UTC()
	}
	return c, nil
}

// complete tells whether a first grant names everything that later calls rely on.
func (c *Credential) complete() error {
	switch {
	case c.InstanceURL == "":
		return salesforceError(crm.NeedsAccess, "the token response names no instance that is one of Salesforce's own hosts: check the login host of this side")
	case c.OrgID == "":
		return salesforceError(crm.NeedsAccess, "the token response names no org: check the login host of this side")
	}
	return nil
}

// signedWith tells whether the response's signature is Salesforce's over the identity and the time of issue.
func (g *grant) signedWith(clientSecret string) bool {
	signature, err := base64.StdEncoding.DecodeString(g.signature)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(g.identity + g.issuedAt))
	return hmac.Equal(signature, mac.Sum(nil))
}

// identityOf reads the org and the user from an identity address, which ends in /id/<org>/<user>.
func identityOf(identity string) (org, user string) {
	parsed, err := url.Parse(identity)
	if err != nil {
		return "", ""
	}
	parts := strings.Split(strings.Trim(parsed.Path, "/"), "/")
	if len(parts) < 2 {
		return "", ""
	}
	org, user = parts[len(parts)-2], parts[len(parts)-1]
	if !isSalesforceID(org) || !isSalesforceID(user) {
		return "", ""
	}
	return org, user
}

func isSalesforceID(id string) bool {
	if len(id) != 18 && len(id) != 15 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

// originOf returns the scheme and host of an instance address, "" when bearer tokens must not be sent there: beside Salesforce's
// own hosts by https there is only the login host itself, where that speaks plain HTTP, as the fakes do on this machine.
func originOf(instanceURL, tokenURL string) string {
	instance, err := url.Parse(instanceURL)
	if err != nil || instance.Host == "" || instance.User != nil {
		return ""
	}
	private := strings.HasPrefix(tokenURL, "http://") && instance.Scheme == "http" && strings.EqualFold(instance.Hostname(), hostOf(tokenURL))
	if !private && !(instance.Scheme == "https" && instance.Port() == "" && salesforceHost(instance.Hostname())) {
		return ""
	}
	return instance.Scheme + "://" + instance.Host
}

// salesforceDomains are those under which Salesforce, and nobody else, hosts orgs and logins.
var salesforceDomains = []string{".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn"}

func salesforceHost(host string) bool {
	host = strings.ToLower(host)
	return slices.ContainsFunc(salesforceDomains, func(domain string) bool { return strings.HasSuffix(host, domain) })
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(parsed.Hostname())
}

func salesforceError(kind crm.Kind, reason string) *crm.Error {
	return &crm.Error{Side: record.Salesforce, Operation: salesforceToken, Kind: kind, Reason: reason}
}
