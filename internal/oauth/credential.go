// Package oauth obtains and renews the tokens of both CRMs: the authorisation flows, and a token source that refreshes
// once, cluster-wide.
package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Flow names how a credential obtains its tokens. The values are stored: never rename one.
type Flow string

// The flows. GoHighLevel knows AuthorizationCode and PrivateToken; Salesforce all but PrivateToken.
const (
	AuthorizationCode Flow = "authorization_code"
	PrivateToken      Flow = "private_token"
	ClientCredentials Flow = "client_credentials"
	JWTBearer         Flow = "jwt_bearer"
)

// The states of a credential. The values are stored: never rename one.
const (
	// StateActive: the credential can be used and renewed.
	StateActive = "active"
	// StateReconnect: the grant is gone; nothing is sent with it any more until a person connects the side again.
	StateReconnect = "reconnect"
)

// Credential is everything that one side of a connection needs to obtain tokens, and the tokens themselves. Printing, logging
// and encoding it shows no secret, on its own or deep in another value; only Encode holds them, for a store to seal. A type
// that keeps one in an unexported field must format itself, for fmt reads such fields without asking them.
type Credential struct {
	Side record.Side `json:"side"`
	Flow Flow        `json:"flow"`

	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	// AuthURL and TokenURL are the vendor's endpoints; empty means the vendor's default. AuthURL may carry a query,
	// such as the version_id of a private GoHighLevel app.
	AuthURL     string   `json:"auth_url,omitempty"`
	TokenURL    string   `json:"token_url,omitempty"`
	RedirectURL string   `json:"redirect_url,omitempty"`
	Scopes      []string `json:"scopes,omitempty"` // asked for; empty means DefaultScopes

	// PrivateToken is a GoHighLevel private integration token (flow private_token).
	PrivateToken string `json:"private_token,omitempty"`
	// Username, Audience and PrivateKeyPEM make the assertion of flow jwt_bearer. Audience may be empty for the
	// Salesforce login host that fits TokenURL.
	Username      string `json:"username,omitempty"`
	Audience      string `json:"audience,omitempty"`
	PrivateKeyPEM string `json:"private_key_pem,omitempty"`

	// LocationID and CompanyID are GoHighLevel's. A LocationID set before Exchange is the location that is wanted.
	LocationID string `json:"location_id,omitempty"`
	CompanyID  string `json:"company_id,omitempty"`

	AccessToken  string `json:"access_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	// AgencyAccessToken is set where GoHighLevel granted a whole agency: RefreshToken then renews it, and AccessToken,
	// the location's, is exchanged for it.
	AgencyAccessToken string    `json:"agency_access_token,omitempty"`
	AgencyExpiresAt   time.Time `json:"agency_expires_at,omitzero"`
	// InstanceURL is where Salesforce's data calls go.
	InstanceURL string `json:"instance_url,omitempty"`
	// OrgID and UserID name the org and the user that act in Salesforce; UserID also GoHighLevel's installer.
	OrgID         string    `json:"org_id,omitempty"`
	UserID        string    `json:"user_id,omitempty"`
	GrantedScopes []string  `json:"granted_scopes,omitempty"`
	IssuedAt      time.Time `json:"issued_at,omitzero"`
	ExpiresAt     time.Time `json:"expires_at,omitzero"` // zero when the vendor does not say
	State         string    `json:"state,omitempty"`
	// Generation counts the tokens obtained with this credential.
	Generation int `json:"generation"`
	// Refusal says why the vendor gave no token when it was asked last; nil where it did. It is no secret: a store keeps it
	// beside what it seals.
	Refusal *Refusal `json:"-"`
}

// Refusal is why a vendor gives no token.
type Refusal struct {
	// State is record.RefusalReconnect or record.RefusalSuspended.
	State string
	// Reason says what is the matter and what a person does about it, in Tandem's own words.
	Reason string
}

// DefaultScopes returns the scopes that a sync of contacts, tasks, notes and appointments needs on the side, for whoever does
// not know the rules that say which of them are needed.
func DefaultScopes(side record.Side) []string {
	if side == record.GoHighLevel {
		return []string{
			"contacts.readonly", "contacts.write", "locations.readonly", "locations/customFields.readonly",
			"locations/tasks.readonly", "users.readonly", "calendars.readonly", "calendars/events.readonly",
			"calendars/events.write",
		}
	}
	return []string{"api", "refresh_token"}
}

// The vendors' default endpoints.
const (
	gohighlevelAuthURL  = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation"
	gohighlevelTokenURL = "https://services.leadconnectorhq.com" + gohighlevelTokenPath
	salesforceLogin     = "https://login.salesforce.com"
	salesforceTestLogin = "https://test.salesforce.com"
	salesforceAuthPath  = "/services/oauth2/authorize"
	salesforceTokenPath = "/services/oauth2/token"

	gohighlevelTokenPath = "/oauth/token"
)

// SalesforceEndpoints returns the AuthURL and TokenURL of a Salesforce login host, which is given as a host name or as
// an address: login.salesforce.com, test.salesforce.com or the org's own My Domain.
func SalesforceEndpoints(host string) (authURL, tokenURL string, err error) {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	base, err := url.Parse(host)
	if err != nil || base.Host == "" || base.User != nil || (base.Scheme != "https" && base.Scheme != "http") {
		return "", "", fmt.Errorf("oauth: the Salesforce login host must be a host name, as acme.my.salesforce.com")
	}
	origin := base.Scheme + "://" + base.Host
	return origin + salesforceAuthPath, origin + salesforceTokenPath, nil
}

// completed returns the credential with the vendor's defaults where it leaves something open.
func (c Credential) completed() Credential {
	authURL, tokenURL := gohighlevelAuthURL, gohighlevelTokenURL
	if c.Side == record.Salesforce {
		authURL, tokenURL = salesforceLogin+salesforceAuthPath, salesforceLogin+salesforceTokenPath
	}
	if c.AuthURL == "" {
		c.AuthURL = authURL
	}
	if c.TokenURL == "" {
		c.TokenURL = tokenURL
	}
	if len(c.Scopes) == 0 {
		c.Scopes = DefaultScopes(c.Side)
	}
	return c
}

// bearer returns the token that calls are made with, "" when there is none yet.
func (c *Credential) bearer() string {
	if c.Flow == PrivateToken {
		return c.PrivateToken
	}
	return c.AccessToken
}

func (c *Credential) token() crm.Token {
	return crm.Token{Access: c.bearer(), InstanceURL: c.InstanceURL}
}

// String describes the credential without any secret.
func (c Credential) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s credential (%s, %s, generation %d", c.Side, c.Flow, c.State, c.Generation)
	for _, part := range []struct{ name, value string }{
		{"location", c.LocationID}, {"company", c.CompanyID}, {"org", c.OrgID}, {"user", c.UserID},
	} {
		if part.value != "" {
			fmt.Fprintf(&b, ", %s %s", part.name, part.value)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// GoString describes the credential without any secret.
func (c Credential) GoString() string { return c.String() }

// Format prints String for every verb, since verbs other than those for text would print the fields.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// Encode returns the credential with all its secrets, to be sealed and nothing else.
func (c Credential) Encode() ([]byte, error) { return json.Marshal(encoded(c)) }

// DecodeCredential is the opposite of Encode. Its error quotes nothing.
func DecodeCredential(plain []byte) (*Credential, error) {
	var c encoded
	if json.Unmarshal(plain, &c) != nil {
		return nil, errors.New("oauth: a credential is not in the form that this build knows")
	}
	out := Credential(c)
	return &out, nil
}

// encoded is a credential that is encoded as it is.
type encoded Credential

// MarshalText encodes String: a credential is not encoded by accident.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText refuses: what MarshalText encodes is no credential.
func (c *Credential) UnmarshalText([]byte) error {
	return errors.New("oauth: a credential is decoded by DecodeCredential")
}

// LogValue describes the credential to slog without any secret.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalLogObject describes the credential to zap without any secret.
func (c Credential) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("side", string(c.Side))
	enc.AddString("flow", string(c.Flow))
	enc.AddString("state", c.State)
	enc.AddInt("generation", c.Generation)
	enc.AddString("location_id", c.LocationID)
	enc.AddString("company_id", c.CompanyID)
	enc.AddString("org_id", c.OrgID)
	enc.AddString("user_id", c.UserID)
	enc.AddTime("expires_at", c.ExpiresAt)
	return nil
}
