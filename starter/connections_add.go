package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

type addOptions struct {
	appOptions
	reconnect []string
}

func newConnectionsAdd(a *app) *cobra.Command {
	o := addOptions{appOptions: appOptions{both: true}}
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
	o.goHighLevelFlags(f)
	o.salesforceFlags(f)
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
