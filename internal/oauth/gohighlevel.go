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

const (
	gohighlevelToken         = "POST /oauth/token"
	gohighlevelLocationToken = "POST /oauth/locationToken"
	// locationTokenVersion goes to locationToken alone: the token endpoint itself answers in another shape when it
	// sees a Version header.
	locationTokenVersion = "2021-07-28"
	// agencyLife is taken for an agency's token that names no life.
	agencyLife = time.Hour
	// agencyMargin is how long an agency's token must still live to be worth exchanging.
	agencyMargin = time.Minute
)

// exchangeGoHighLevel turns an authorisation code into a location's tokens, by way of the agency's if the whole agency
// was granted.
func (e endpoint) exchangeGoHighLevel(ctx context.Context, c Credential, code string) (Credential, error) {
	now := e.now()
	a, err := e.exchangeCode(ctx, &c, gohighlevelToken, code)
	if err != nil {
		return Credential{}, err
	}
	c.AgencyAccessToken, c.RefreshToken = "", ""
	c, g, err := c.grantedByGoHighLevel(a, now)
	if err != nil {
		return Credential{}, err
	}
	if c.RefreshToken == "" {
		return Credential{}, gohighlevelError(gohighlevelToken, crm.NeedsAccess, "the grant cannot be renewed, for it has no refresh token: "+connectAgain)
	}
	if c.AgencyAccessToken == "" {
		if c.LocationID == "" {
			return Credential{}, gohighlevelError(gohighlevelToken, crm.NeedsAccess, "the grant names no location: "+connectAgain)
		}
		return c, nil
	}
	if c.LocationID == "" {
		if len(g.approved) != 1 {
			return Credential{}, gohighlevelError(gohighlevelToken, crm.NeedsAccess,
				"the app was installed for a whole agency: say which location this side is, and connect again")
		}
		c.LocationID = g.approved[0]
	}
	c, _, err = e.exchangeLocation(ctx, c)
	return c, err
}

// renewGoHighLevel takes one step towards a new access token. An agency's renewal has two, and they are apart so that
// what the first spends is replaced in the store before the second begins; the last one raises the generation.
func (e endpoint) renewGoHighLevel(ctx context.Context, c Credential) (Credential, error) {
	if c.AgencyAccessToken != "" && e.now().Add(agencyMargin).Before(c.AgencyExpiresAt) {
		renewed, stale, err := e.exchangeLocation(ctx, c)
		if stale {
			c.AgencyExpiresAt = time.Time{}
			return c, nil
		}
		return renewed, err
	}
	if c.RefreshToken == "" {
		return Credential{}, gohighlevelError(gohighlevelToken, crm.NeedsReconnect, "there is no refresh token: "+connectAgain)
	}
	now := e.now()
	a, err := e.spendRefreshToken(ctx, &c, gohighlevelToken)
	if err != nil || gatewayFailed(a) {
		// The token may be spent already, its successor lost on the way. For some seconds the vendor gives the same
		// answer again.
		a, err = e.spendRefreshToken(ctx, &c, gohighlevelToken)
	}
	if err != nil {
		return Credential{}, err
	}
	renewed, _, err := c.grantedByGoHighLevel(a, now)
	return renewed, err
}

// gatewayFailed tells whether the answer is that of a gateway, which does not say what became of the request.
func gatewayFailed(a *answer) bool {
	return a.status == http.StatusBadGateway || a.status == http.StatusGatewayTimeout
}

// grantedByGoHighLevel returns the credential with what the token endpoint granted: a location's tokens, or an
// agency's, which still need exchanging.
func (c Credential) grantedByGoHighLevel(a *answer, now time.Time) (Credential, grant, error) {
	g, err := decodeGrant(a.body)
	if err != nil || !a.ok() {
		return Credential{}, grant{}, classify(record.GoHighLevel, gohighlevelToken, a, gohighlevelRules)
	}
	if g.company != "" {
		c.CompanyID = g.company
	}
	if g.user != "" {
		c.UserID = g.user
	}
	wasAgency := c.AgencyAccessToken != ""
	if g.userType == "Company" || (g.userType == "" && g.location == "" && wasAgency) {
		life := g.life
		if life == 0 {
			life = agencyLife
		}
		c.AgencyAccessToken, c.AgencyExpiresAt = g.access, now.Add(life)
		if g.refresh != "" {
			c.RefreshToken = g.refresh
		}
		return c, g, nil
	}
	if g.location != "" && c.LocationID != "" && g.location != c.LocationID {
		return Credential{}, grant{}, gohighlevelError(gohighlevelToken, crm.NeedsReconnect,
			"the grant is for another location than this side's: choose the right one and "+connectAgain)
	}
	if g.location != "" {
		c.LocationID = g.location
	}
	c.AgencyAccessToken, c.AgencyExpiresAt = "", time.Time{}
	return c.granted(g, now), g, nil
}

// exchangeLocation turns the agency's access token into its location's. It tells when the agency's token is stale.
func (e endpoint) exchangeLocation(ctx context.Context, c Credential) (exchanged Credential, stale bool, err error) {
	now := e.now()
	form := url.Values{"companyId": {c.CompanyID}, "locationId": {c.LocationID}}
	a, err := e.call(ctx, c.Side, gohighlevelLocationToken, func(ctx context.Context, client *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, locationTokenURL(c.TokenURL), strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.AgencyAccessToken)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept", "application/json")
		request.Header.Set("Version", locationTokenVersion)
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	if err != nil {
		return Credential{}, false, err
	}
	g, err := decodeGrant(a.body)
	if err != nil || !a.ok() {
		refused := classify(record.GoHighLevel, gohighlevelLocationToken, a, gohighlevelLocationRules)
		return Credential{}, refused.Kind == crm.NeedsReconnect, refused
	}
	if g.location != "" && g.location != c.LocationID {
		return Credential{}, false, gohighlevelError(gohighlevelLocationToken, crm.NeedsAccess, "the vendor answered for another location")
	}
	g.refresh = "" // the agency's stays in force
	return c.granted(g, now), false, nil
}

var gohighlevelLocationRules = []rule{
	{words: "location is not active", kind: crm.NeedsAccess,
		reason: "the location is paused: the grant works again as soon as the location is active"},
	{words: "scope", kind: crm.NeedsAccess, reason: "the app may not obtain tokens of the agency's locations: it needs the scope oauth.write, and to be connected with --scope oauth.write"},
	{words: "invalid token", kind: crm.NeedsReconnect, reason: "the agency's token is refused: " + connectAgain},
	{words: "invalid jwt", kind: crm.NeedsReconnect, reason: "the agency's token is refused: " + connectAgain},
	{words: "token is invalid", kind: crm.NeedsReconnect, reason: "the agency's token is refused: " + connectAgain},
	{words: "", kind: crm.NeedsAccess, reason: "the agency gives no token for this location: install the app in the location"},
}

// locationTokenURL is next to the token endpoint.
func locationTokenURL(tokenURL string) string {
	return strings.TrimSuffix(tokenURL, "/token") + "/locationToken"
}

func gohighlevelError(operation string, kind crm.Kind, reason string) *crm.Error {
	return &crm.Error{Side: record.GoHighLevel, Operation: operation, Kind: kind, Reason: reason}
}
