package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

func newConnectCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "connect",
		Short: "Connect one side of a connection, or connect it again",
		Long: `Authorises one side of a connection that is stored, keeps what is granted, and then checks the connection as starter
connections check does: until a check passes, nothing is synced, and what changes meanwhile is kept. Without a client id or a
token it uses the app that the side is connected with.

What the vendor's page answers comes to this machine, or with TANDEM_PUBLIC_URL set as at the workers, to them: then the app's
redirect address is /oauth/callback below it, and the browser may be on any machine.

Secrets come from the environment, a file or standard input, never from an argument.`,
		Example: "  starter connect gohighlevel acme\n  starter connect salesforce acme",
	}
	c.AddCommand(newConnectGoHighLevel(a), newConnectSalesforce(a))
	return c
}

func newConnectGoHighLevel(a *app) *cobra.Command {
	var o appOptions
	c := &cobra.Command{
		Use:   "gohighlevel <connection>",
		Short: "Connect the GoHighLevel side by a marketplace app or a private integration token",
		Long: `Connects the GoHighLevel side: by a marketplace app (--client-id, and its secret in ` + envGoHighLevelSecret + `), which
opens the browser, or by a private integration token of the location (--token-file, - for standard input). An app that is
installed for an agency is exchanged for the location that the rules name.`,
		Example: `  starter connect gohighlevel acme
  starter connect gohighlevel acme --client-id 66f1...-m1x2 --redirect-url https://tandem.example/oauth/callback --listen 127.0.0.1:8765
  starter connect gohighlevel acme --scope oauth.write
  starter connect gohighlevel acme --token-file token.txt`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := onlyWithAnApp(c, "auth-url", "token-url", "redirect-url"); err != nil {
				return err
			}
			return runConnect(c.Context(), a, args[0], record.GoHighLevel, o, o.ghlClientID == "" && o.ghlTokenFile == "")
		},
	}
	f := c.Flags()
	o.goHighLevelFlags(f)
	f.StringVar(&o.listen, "listen", "", listenUsage)
	return c
}

func newConnectSalesforce(a *app) *cobra.Command {
	var o appOptions
	c := &cobra.Command{
		Use:   "salesforce <connection>",
		Short: "Connect the Salesforce side by the web flow, client credentials or a JWT",
		Long: `Connects the Salesforce side by an external client app (--client-id, and its secret in ` + envSalesforceSecret + `): by
the web flow with PKCE, which opens the browser, by client credentials, or by a signed JWT.`,
		Example: `  starter connect salesforce acme
  starter connect salesforce acme --client-id 3MVG9... --login-host test.salesforce.com
  starter connect salesforce acme --client-id 3MVG9... --flow client-credentials --login-host acme.my.salesforce.com`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := onlyWithAnApp(c, "login-host", "flow", "username", "key-file"); err != nil {
				return err
			}
			return runConnect(c.Context(), a, args[0], record.Salesforce, o, o.sfClientID == "")
		},
	}
	f := c.Flags()
	o.salesforceFlags(f)
	f.StringVar(&o.listen, "listen", "", listenUsage)
	return c
}

// onlyWithAnApp refuses flags about an app where none is named: the app that the side is connected with has its own.
func onlyWithAnApp(c *cobra.Command, flags ...string) error {
	if c.Flags().Changed("client-id") {
		return nil
	}
	var problems []error
	for _, name := range flags {
		if c.Flags().Changed(name) {
			problems = append(problems, usageError{fmt.Errorf("--%s goes with --client-id, which says which app is meant", name)})
		}
	}
	return errors.Join(problems...)
}

// runConnect authorises a side: by the app that it is connected with, or by the one that the options name.
func runConnect(ctx context.Context, a *app, id string, side record.Side, o appOptions, asBefore bool) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	row, err := s.GetConnection(ctx, id)
	if err != nil {
		return noConnection(err, id)
	}
	if row.State == record.ConnectionErasing {
		return needsPerson{connectAgain(id, row.State)}
	}
	loaded, err := rules.Parse(id, []byte(row.Rules))
	if err != nil {
		return err
	}
	keys, err := a.keys(ctx)
	if err != nil {
		return err
	}
	credentials := s.Credentials(keys)
	var wanted []oauth.Credential
	if asBefore {
		before, err := credentials.LoadCredential(ctx, id, side)
		if errors.Is(err, oauth.ErrNoCredential) {
			return usageError{fmt.Errorf("%s of %s is connected by no app yet: see `starter connect %s --help`", sideName(side), id, side)}
		}
		if err != nil {
			return err
		}
		if before.Flow == oauth.PrivateToken {
			return usageError{fmt.Errorf("%s of %s is connected by a private integration token: give the new one by --token-file", sideName(side), id)}
		}
		wanted = append(wanted, o.withScopes(appOf(before, loaded)))
	} else if wanted, err = o.credentials(a, loaded, map[record.Side]bool{side: true}); err != nil {
		return usageError{err}
	}
	granted, err := a.grants(ctx, loaded, wanted, o.listen)
	if err != nil {
		return err
	}
	if err := keepGrants(ctx, s, credentials, id, granted); err != nil {
		return err
	}
	return a.probe(ctx, s, id, granted)
}

// appOf is the app of a credential without anything that it was granted. It asks for what the rules need, and to uninstall
// itself where it asked for that before.
func appOf(c *oauth.Credential, loaded *rules.Rules) oauth.Credential {
	app := oauth.Credential{
		Side: c.Side, Flow: c.Flow, ClientID: c.ClientID, ClientSecret: c.ClientSecret, AuthURL: c.AuthURL, TokenURL: c.TokenURL,
		RedirectURL: c.RedirectURL, Username: c.Username, Audience: c.Audience, PrivateKeyPEM: c.PrivateKeyPEM,
	}
	if redirect, err := url.Parse(app.RedirectURL); err == nil && redirect.Scheme == "http" {
		app.RedirectURL = "" // a port of this machine that was free at the time
	}
	if app.Side == record.GoHighLevel {
		app.LocationID, app.Scopes = loaded.GoHighLevel.Location, scopesOf(loaded, record.GoHighLevel)
		if slices.Contains(c.Scopes, rules.UninstallScope) {
			app.Scopes = append(app.Scopes, rules.UninstallScope)
		}
	}
	return app
}
