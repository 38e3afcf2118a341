package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	gohighlevelUninstall = "DELETE /marketplace/app/{appId}/installations"
	// uninstallVersion is the version whose description has the operation; later ones describe it alike.
	uninstallVersion = "2021-07-28"
	// uninstallScope lets a location's token take the app out of the location.
	uninstallScope = "oauth.write"

	uninstallByHand = "in the location, open Settings > Integrations (or App Marketplace > Installed Apps), choose the app, and uninstall it"
	// An end of the grant that the vendor did not confirm says nothing of the app.
	lookByHand   = "in the location, open Settings > Integrations (or App Marketplace > Installed Apps), and uninstall the app if it is listed still"
	agencyByHand = "the agency has the app still, for its other locations: uninstall it in the agency's view once none of them needs it"
)

// uninstall takes the app out of the credential's location. It sends the location's token and names the location, never the
// agency, whose token would take the app out of all its locations. What the vendor refuses is left to a person; it fails with
// kind NeedsReconnect where the token is refused, which a fresh one may not be. HighLevel describes the operation and none of
// its refusals, so that these are told apart by status and words, and in doubt a person looks.
func (e endpoint) uninstall(ctx context.Context, c Credential) (Revocation, error) {
	host, ours := strings.CutSuffix(c.TokenURL, gohighlevelTokenPath)
	switch {
	case c.AccessToken == "" && c.RefreshToken == "":
		return c.uninstalled(), nil
	case !ours || !c.mayUninstall():
		return Revocation{ByHand: uninstallByHand}, nil
	case c.AccessToken == "":
		return Revocation{}, gohighlevelError(gohighlevelUninstall, crm.NeedsReconnect, "there is no access token")
	}
	body, err := json.Marshal(map[string]string{"locationId": c.LocationID, "reason": "The connection was erased."})
	if err != nil {
		return Revocation{}, err
	}
	app, _, _ := strings.Cut(c.ClientID, "-")
	a, err := e.call(ctx, c.Side, gohighlevelUninstall, func(ctx context.Context, client *http.Client) error {
		address := host + "/marketplace/app/" + url.PathEscape(app) + "/installations"
		request, err := http.NewRequestWithContext(ctx, http.MethodDelete, address, strings.NewReader(string(body)))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+c.AccessToken)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json")
		request.Header.Set("Version", uninstallVersion)
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	if err != nil {
		return leftToAPerson(err)
	}
	if a.ok() && !denies(a.body) {
		return c.uninstalled(), nil
	}
	rules := uninstallRules
	if a.status == http.StatusUnauthorized {
		rules = slices.Concat(rules, []rule{{kind: crm.NeedsReconnect, reason: "the token is refused"}})
	}
	said := classify(c.Side, gohighlevelUninstall, a, slices.Concat(rules, []rule{{kind: crm.NeedsAccess, reason: "the app may not uninstall itself"}}))
	switch said.Kind {
	case crm.NotFound:
		return Revocation{Revoked: true, ByHand: lookByHand}, nil
	case crm.NeedsReconnect:
		return Revocation{}, said
	}
	return leftToAPerson(said)
}

var uninstallRules = []rule{
	{words: "not installed", kind: crm.NotFound},
	{words: "already uninstalled", kind: crm.NotFound},
	{words: "scope", kind: crm.NeedsAccess, reason: "the token lacks the scope " + uninstallScope},
	{words: "authclass", kind: crm.NeedsAccess, reason: "a token of this kind may not uninstall the app"},
}

// uninstalled is what there is to say once the app is gone from the location.
func (c *Credential) uninstalled() Revocation {
	out := Revocation{Revoked: true}
	if c.AgencyAccessToken != "" {
		out.ByHand = agencyByHand
	}
	return out
}

// mayUninstall goes by what was granted, or asked for where the vendor does not say what it granted.
func (c *Credential) mayUninstall() bool {
	scopes := c.GrantedScopes
	if len(scopes) == 0 {
		scopes = c.Scopes
	}
	return slices.Contains(scopes, uninstallScope)
}

// accessIsOver tells of a renewal, for a token that the vendor refused, whether it failed because there is no access to the
// location any more: the grant is gone, or an agency's does not reach to this location.
func accessIsOver(err error) bool {
	var said *crm.Error
	return errors.As(err, &said) &&
		(said.Kind == crm.NeedsReconnect || said.Operation == gohighlevelLocationToken && said.Status == http.StatusForbidden)
}

// leftToAPerson is what becomes of a refusal: it fails where it may pass.
func leftToAPerson(err error) (Revocation, error) {
	if class := crm.KindOf(err).Class(); class == crm.Retry || class == crm.Wait {
		return Revocation{}, err
	}
	return Revocation{ByHand: uninstallByHand, Refused: err.Error()}, nil
}

// denies tells whether the answer of a success says that it was none.
func denies(body []byte) bool {
	var said struct {
		Success *bool `json:"success"`
	}
	return json.Unmarshal(body, &said) == nil && said.Success != nil && !*said.Success
}
