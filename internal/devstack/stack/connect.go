package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// Connect makes a connection between the two fakes: it stores the rules and authorises both sides by their OAuth code
// flows, as a person would, save that the fakes' pages grant at once.
func (s *Stack) Connect(ctx context.Context, connection string, rulesFile []byte) error {
	loaded, err := rules.Parse(connection, rulesFile)
	if err != nil {
		return err
	}
	key, err := vault.NewFingerprintKey()
	if err != nil {
		return err
	}
	sealed, err := s.Vault.Seal(vault.Scope{Connection: connection, Purpose: assembly.FingerprintPurpose}, key)
	if err != nil {
		return err
	}
	if _, err := s.Store.AddConnection(ctx, store.Connection{
		ID: connection, Rules: loaded.Text, State: record.ConnectionActive,
		Location: loaded.GoHighLevel.Location, FingerprintKey: sealed,
	}); err != nil {
		return err
	}
	return s.Authorize(ctx, connection)
}

// Authorize grants a connection access to both fakes, as a person does who connects it, or connects it again.
func (s *Stack) Authorize(ctx context.Context, connection string) error {
	for _, c := range s.Credentials() {
		granted, err := oauth.Authorize(ctx, outbound.Client(c.Side, devstack.Fakes()), c, "", browse)
		if err != nil {
			return fmt.Errorf("authorise %s: %w", c.Side, err)
		}
		if err := s.Store.Credentials(s.Vault).PutCredential(ctx, connection, c.Side, &granted); err != nil {
			return err
		}
	}
	return nil
}

// Credentials returns what the two fakes' apps are registered with.
func (s *Stack) Credentials() []oauth.Credential {
	return []oauth.Credential{
		{
			Side: record.GoHighLevel, Flow: oauth.AuthorizationCode, ClientID: gohighleveltest.DefaultClientID,
			ClientSecret: gohighleveltest.DefaultClientSecret, LocationID: s.Sandbox.GoHighLevel.LocationID(),
			AuthURL: s.State.GoHighLevelURL + "/v2/oauth/chooselocation", TokenURL: s.State.GoHighLevelURL + "/oauth/token",
		},
		{
			Side: record.Salesforce, Flow: oauth.AuthorizationCode, ClientID: salesforcetest.DefaultClientID,
			ClientSecret: salesforcetest.DefaultClientSecret,
			AuthURL:      s.State.SalesforceURL + "/services/oauth2/authorize", TokenURL: s.State.SalesforceURL + "/services/oauth2/token",
		},
	}
}

// browse opens a page and follows where it leads, as a browser does.
func browse(url string) error {
	client := &http.Client{Timeout: 20 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the authorisation ended with HTTP %d", response.StatusCode)
	}
	return nil
}
