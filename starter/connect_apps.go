package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// The environment variables of secrets that must not stand on a command line.
const (
	envGoHighLevelSecret = "TANDEM_GOHIGHLEVEL_CLIENT_SECRET"
	envSalesforceSecret  = "TANDEM_SALESFORCE_CLIENT_SECRET"
)

// appOptions say by which app, or token, a side is connected.
type appOptions struct {
	both bool // one command connects both sides: each flag carries its side's name

	ghlClientID, ghlTokenFile, ghlAuthURL, ghlTokenURL, ghlRedirectURL string
	ghlScopes                                                          []string // beyond those that the rules need
	sfClientID, sfHost, sfFlow, sfUsername, sfKeyFile                  string
	listen                                                             string
}

// flag is how a flag of a side is written.
func (o appOptions) flag(side record.Side, name string) string { return "--" + o.named(side, name) }

func (o appOptions) named(side record.Side, name string) string {
	if o.both {
		return string(side) + "-" + name
	}
	return name
}

func (o *appOptions) goHighLevelFlags(f *pflag.FlagSet) {
	text := func(into *string, name, usage string) {
		f.StringVar(into, o.named(record.GoHighLevel, name), "", usage)
	}
	text(&o.ghlClientID, "client-id", "client id of the marketplace app"+o.elseAsBefore())
	text(&o.ghlTokenFile, "token-file", "file with a private integration token; - for standard input")
	text(&o.ghlAuthURL, "auth-url", "authorisation page, with the version_id of a private app (default: HighLevel's)")
	text(&o.ghlTokenURL, "token-url", "token endpoint (default: HighLevel's)")
	text(&o.ghlRedirectURL, "redirect-url", "registered https redirect that leads to --listen (HighLevel refuses http)")
	f.StringSliceVar(&o.ghlScopes, o.named(record.GoHighLevel, "scope"), nil, "scope of the app to ask for beyond those that the rules need: "+
		rules.UninstallScope+" to uninstall it when the connection is erased, or to have an agency's grant exchanged; "+
		rules.CustomFieldsScope+" for check --fix")
}

func (o *appOptions) salesforceFlags(f *pflag.FlagSet) {
	text := func(into *string, name, preset, usage string) {
		f.StringVar(into, o.named(record.Salesforce, name), preset, usage)
	}
	text(&o.sfClientID, "client-id", "", "consumer key of the external client app"+o.elseAsBefore())
	text(&o.sfHost, "login-host", "login.salesforce.com", "login host: login.salesforce.com, test.salesforce.com or the org's My Domain")
	text(&o.sfFlow, "flow", "web", "web, client-credentials or jwt")
	text(&o.sfUsername, "username", "", "user of the jwt flow")
	text(&o.sfKeyFile, "key-file", "", "PEM private key of the jwt flow")
}

func (o *appOptions) elseAsBefore() string {
	if o.both {
		return ""
	}
	return " (default: the one it is connected with)"
}

// credentials makes what is to be authorised of the options; every problem is named at once.
func (o appOptions) credentials(a *app, loaded *rules.Rules, sides map[record.Side]bool) ([]oauth.Credential, error) {
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

func (o appOptions) goHighLevel(a *app, loaded *rules.Rules) (oauth.Credential, error) {
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
		return c, fmt.Errorf("give %s or %s, not both", o.flag(c.Side, "client-id"), o.flag(c.Side, "token-file"))
	case o.ghlTokenFile != "" && len(o.ghlScopes) > 0:
		return c, fmt.Errorf("%s goes with an app: a private integration token has the scopes that it was made with", o.flag(c.Side, "scope"))
	case o.ghlTokenFile != "":
		token, err := a.readSecret(o.ghlTokenFile)
		c.Flow, c.PrivateToken = oauth.PrivateToken, token
		return c, err
	case o.ghlClientID == "":
		return c, fmt.Errorf("for GoHighLevel, give %s, or %s for a private integration token", o.flag(c.Side, "client-id"), o.flag(c.Side, "token-file"))
	}
	var problems []error
	if c.ClientSecret, _ = a.lookup(envGoHighLevelSecret); c.ClientSecret == "" {
		problems = append(problems, fmt.Errorf("for GoHighLevel, set %s to the app's client secret", envGoHighLevelSecret))
	}
	if public, _ := a.lookup(platform.EnvPublicURL); c.RedirectURL == "" && (public == "" || o.listen != "") && !strings.HasPrefix(c.AuthURL, "http://") {
		problems = append(problems, fmt.Errorf("HighLevel redirects to https addresses alone: set %s, where it leads to the workers, or give both --listen "+
			"and, by %s, the app's redirect URL that leads there", platform.EnvPublicURL, o.flag(c.Side, "redirect-url")))
	}
	return o.withScopes(c), errors.Join(problems...)
}

// withScopes returns a GoHighLevel credential that also asks for the scopes that the options name.
func (o appOptions) withScopes(c oauth.Credential) oauth.Credential {
	for _, scope := range o.ghlScopes {
		if !slices.Contains(c.Scopes, scope) {
			c.Scopes = append(c.Scopes, scope)
		}
	}
	return c
}

func (o appOptions) salesforce(a *app) (oauth.Credential, error) {
	c := oauth.Credential{Side: record.Salesforce, ClientID: o.sfClientID, Username: o.sfUsername}
	var problems []error
	if o.sfClientID == "" {
		problems = append(problems, fmt.Errorf("for Salesforce, give %s, the consumer key of your external client app", o.flag(c.Side, "client-id")))
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
			problems = append(problems, fmt.Errorf("the Salesforce jwt flow needs %s and %s", o.flag(c.Side, "username"), o.flag(c.Side, "key-file")))
			break
		}
		if c.PrivateKeyPEM, err = a.readSecret(o.sfKeyFile); err != nil {
			problems = append(problems, err)
		}
	default:
		problems = append(problems, fmt.Errorf("%s %q: use web, client-credentials or jwt", o.flag(c.Side, "flow"), o.sfFlow))
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
