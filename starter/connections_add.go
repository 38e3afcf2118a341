package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// The environment variables of secrets that must not stand on a command line.
const (
	envGoHighLevelSecret = "TANDEM_GOHIGHLEVEL_CLIENT_SECRET"
	envSalesforceSecret  = "TANDEM_SALESFORCE_CLIENT_SECRET"
)

type addOptions struct {
	ghlClientID, ghlTokenFile, ghlAuthURL, ghlTokenURL string
	ghlRedirectURL                                     string
	ghlScopes                                          []string // beyond those that the rules need
	sfClientID, sfHost, sfFlow, sfUsername, sfKeyFile  string
	listen                                             string
	reconnect                                          []string
}

func newConnectionsAdd(a *app) *cobra.Command {
	var o addOptions
	c := &cobra.Command{
		Use:   "add <rules.yaml>",
		Short: "Add a connection, or update one: check its rules, and authorise both sides",
		Long: `Checks the rules file, naming every problem with its line, and then authorises both sides. Secrets come from the environment
(` + envGoHighLevelSecret + `, ` + envSalesforceSecret + `), a file or standard input, never from an argument.

GoHighLevel: a marketplace app (--gohighlevel-client-id, opens the browser) or a private integration token of the location
(--gohighlevel-token-file, - for standard input). Salesforce: the web flow with PKCE (opens the browser), client credentials, or
a JWT.

What is granted is kept, and the connection is checked at once, as by starter connections check: until a check passes nothing
is synced.

For a connection that exists, the rules become its next version, and only the sides named by --reconnect are authorised again.`,
		Example: `  starter connections add acme.yaml --gohighlevel-token-file token.txt --salesforce-client-id 3MVG9...
  starter connections add acme.yaml --gohighlevel-client-id 66f1...-m1x2 --salesforce-client-id 3MVG9... \
      --salesforce-flow client-credentials --salesforce-login-host acme.my.salesforce.com
  starter connections add acme.yaml --reconnect salesforce --salesforce-client-id 3MVG9...`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error { return runAdd(c.Context(), a, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.ghlClientID, "gohighlevel-client-id", "", "client id of the marketplace app")
	f.StringVar(&o.ghlTokenFile, "gohighlevel-token-file", "", "file with a private integration token; - for standard input")
	f.StringVar(&o.ghlAuthURL, "gohighlevel-auth-url", "", "authorisation page (default: HighLevel's)")
	f.StringVar(&o.ghlTokenURL, "gohighlevel-token-url", "", "token endpoint (default: HighLevel's)")
	f.StringVar(&o.ghlRedirectURL, "gohighlevel-redirect-url", "", "registered https redirect that leads to --listen (HighLevel refuses http)")
	f.StringSliceVar(&o.ghlScopes, "gohighlevel-scope", nil, scopeUsage)
	f.StringVar(&o.sfClientID, "salesforce-client-id", "", "consumer key of the external client app")
	f.StringVar(&o.sfHost, "salesforce-login-host", "login.salesforce.com", "login host: login.salesforce.com, test.salesforce.com or the org's My Domain")
	f.StringVar(&o.sfFlow, "salesforce-flow", "web", "web, client-credentials or jwt")
	f.StringVar(&o.sfUsername, "salesforce-username", "", "user of the jwt flow")
	f.StringVar(&o.sfKeyFile, "salesforce-key-file", "", "PEM private key of the jwt flow")
	f.StringVar(&o.listen, "listen", "", listenUsage)
	f.StringSliceVar(&o.reconnect, "reconnect", nil, "sides to authorise again: gohighlevel, salesforce")
	return c
}

func runAdd(ctx context.Context, a *app, path string, o addOptions) error {
	loaded, err := readRules(path)
	if err != nil {
		return err
	}
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	keys, err := a.keys(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, loaded.Connection)
	if row.State == record.ConnectionErasing {
		return needsPerson{connectAgain(row.ID, row.State)}
	}
	exists := err == nil
	if err != nil && !errors.Is(err, record.ErrNoConnection) {
		return err
	}
	sides := map[record.Side]bool{record.GoHighLevel: !exists, record.Salesforce: !exists}
	for _, side := range o.reconnect {
		if _, known := sides[record.Side(side)]; !known {
			return usageError{fmt.Errorf("--reconnect %q: use gohighlevel or salesforce", side)}
		}
		sides[record.Side(side)] = true
	}
	wanted, err := o.credentials(a, loaded, sides)
	if err != nil {
		return usageError{err}
	}
	granted, err := a.grants(ctx, loaded, wanted, o.listen)
	if err != nil {
		return err
	}
	if err := addConnection(ctx, s, keys, loaded, exists); err != nil {
		return err
	}
	if err := keepGrants(ctx, s, s.Credentials(keys), loaded.Connection, granted); err != nil {
		return err
	}
	a.say("Connection %s is stored.", loaded.Connection)
	if len(granted) == 0 {
		return nil
	}
	return a.probe(ctx, s, loaded.Connection, granted)
}

// grants has every side of a connection authorised, and holds that what was granted is what the rules name.
func (a *app) grants(ctx context.Context, loaded *rules.Rules, wanted []oauth.Credential, listen string) ([]oauth.Credential, error) {
	granted := make([]oauth.Credential, 0, len(wanted))
	for _, c := range wanted {
		g, err := a.authorise(ctx, loaded.Connection, c, listen)
		if err != nil {
			return nil, fmt.Errorf("authorise %s: %w", c.Side, err)
		}
		granted = append(granted, g)
	}
	if err := matchesRules(loaded, granted); err != nil {
		return nil, needsPerson{err}
	}
	return granted, nil
}

// credentials makes what is to be authorised of the options; every problem is named at once.
func (o addOptions) credentials(a *app, loaded *rules.Rules, sides map[record.Side]bool) ([]oauth.Credential, error) {
	var out []oauth.Credential
	var problems []error
	if sides[record.GoHighLevel] {
		c, err := o.goHighLevel(a, loaded)
		out, problems = append(out, c), append(problems, err)
	}
	if sides[record.Salesforce] {
		c, err := o.salesforce(a)
		out, problems = append(out, c), append(problems, err)
	}
	return out, errors.Join(problems...)
}

func (o addOptions) goHighLevel(a *app, loaded *rules.Rules) (oauth.Credential, error) {
	c := oauth.Credential{
		Side: record.GoHighLevel, Flow: oauth.AuthorizationCode, ClientID: o.ghlClientID, AuthURL: o.ghlAuthURL,
		TokenURL: o.ghlTokenURL, RedirectURL: o.ghlRedirectURL, LocationID: loaded.GoHighLevel.Location,
		Scopes: scopesOf(loaded, record.GoHighLevel),
	}
	if base := loaded.GoHighLevel.BaseURL; base != "" {
		if c.AuthURL == "" {
			c.AuthURL = base + "/v2/oauth/chooselocation"
		}
		if c.TokenURL == "" {
			c.TokenURL = base + "/oauth/token"
		}
	}
	switch {
	case o.ghlTokenFile != "" && o.ghlClientID != "":
		return c, errors.New("give --gohighlevel-client-id or --gohighlevel-token-file, not both")
	case o.ghlTokenFile != "" && len(o.ghlScopes) > 0:
		return c, errors.New("a private integration token has the scopes that it was made with: tick them there, and leave the scopes to ask for out")
	case o.ghlTokenFile != "":
		token, err := a.readSecret(o.ghlTokenFile)
		c.Flow, c.PrivateToken = oauth.PrivateToken, token
		return c, err
	case o.ghlClientID == "":
		return c, errors.New("for GoHighLevel, give --gohighlevel-client-id, or --gohighlevel-token-file for a private integration token")
	}
	var problems []error
	if c.ClientSecret, _ = a.lookup(envGoHighLevelSecret); c.ClientSecret == "" {
		problems = append(problems, fmt.Errorf("for GoHighLevel, set %s to the app's client secret", envGoHighLevelSecret))
	}
	if public, _ := a.lookup(platform.EnvPublicURL); c.RedirectURL == "" && (public == "" || o.listen != "") && !strings.HasPrefix(c.AuthURL, "http://") {
		problems = append(problems, fmt.Errorf("HighLevel redirects to https addresses alone: set %s, where it leads to the workers, or give both --listen "+
			"and the app's redirect URL that leads there (--redirect-url, or --gohighlevel-redirect-url of `starter connections add`)", platform.EnvPublicURL))
	}
	return o.withScopes(c), errors.Join(problems...)
}

func (o addOptions) salesforce(a *app) (oauth.Credential, error) {
	c := oauth.Credential{Side: record.Salesforce, ClientID: o.sfClientID, Username: o.sfUsername}
	var problems []error
	if o.sfClientID == "" {
		problems = append(problems, errors.New("for Salesforce, give --salesforce-client-id, the consumer key of your external client app"))
	}
	var err error
	if c.AuthURL, c.TokenURL, err = oauth.SalesforceEndpoints(o.sfHost); err != nil {
		problems = append(problems, err)
	}
	c.ClientSecret, _ = a.lookup(envSalesforceSecret)
	switch o.sfFlow {
	case "web":
		c.Flow = oauth.AuthorizationCode
	case "client-credentials":
		c.Flow = oauth.ClientCredentials
		if c.ClientSecret == "" {
			problems = append(problems, fmt.Errorf("for Salesforce, set %s to the app's consumer secret", envSalesforceSecret))
		}
	case "jwt":
		c.Flow = oauth.JWTBearer
		if o.sfUsername == "" || o.sfKeyFile == "" {
			problems = append(problems, errors.New("the Salesforce jwt flow needs --salesforce-username and --salesforce-key-file"))
			break
		}
		if c.PrivateKeyPEM, err = a.readSecret(o.sfKeyFile); err != nil {
			problems = append(problems, err)
		}
	default:
		problems = append(problems, fmt.Errorf("--salesforce-flow %q: use web, client-credentials or jwt", o.sfFlow))
	}
	return c, errors.Join(problems...)
}

// readSecret reads a secret from a file, or from standard input for "-".
func (a *app) readSecret(path string) (string, error) {
	const limit = 64 << 10
	source := a.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer func() { _ = file.Close() }() // nothing was written
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(source), limit))
	return strings.TrimSpace(string(text)), err
}

// matchesRules holds that the grants are for the location and the org that the rules name.
func matchesRules(loaded *rules.Rules, granted []oauth.Credential) error {
	var problems []error
	for _, g := range granted {
		if g.Side == record.GoHighLevel && g.LocationID != "" && g.LocationID != loaded.GoHighLevel.Location {
			problems = append(problems, fmt.Errorf("access was granted for location %s, but the rules name %s", g.LocationID, loaded.GoHighLevel.Location))
		}
		if g.Side == record.Salesforce && g.OrgID != "" && !sameOrg(g.OrgID, loaded.Salesforce.Org) {
			problems = append(problems, fmt.Errorf("access was granted for org %s, but the rules name %s", g.OrgID, loaded.Salesforce.Org))
		}
	}
	return errors.Join(problems...)
}

// sameOrg compares ids of 15 or 18 characters; the last three of the longer form only repeat the case of the others.
func sameOrg(a, b string) bool {
	return len(a) >= 15 && len(b) >= 15 && a[:15] == b[:15]
}

// addConnection stores a connection's rules. A new one is held back until a check of it passes.
func addConnection(ctx context.Context, s *store.Store, keys *vault.Vault, loaded *rules.Rules, exists bool) error {
	if exists {
		_, err := storeRules(ctx, s, loaded)
		return err
	}
	key, err := vault.NewFingerprintKey()
	if err != nil {
		return err
	}
	sealed, err := keys.Seal(vault.Scope{Connection: loaded.Connection, Purpose: assembly.FingerprintPurpose}, key)
	if err != nil {
		return err
	}
	_, err = s.AddConnection(ctx, store.Connection{
		ID: loaded.Connection, Rules: loaded.Text, State: record.ConnectionUnchecked,
		Location: loaded.GoHighLevel.Location, FingerprintKey: sealed,
	})
	return err
}
