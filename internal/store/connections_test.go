package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

func TestAConnectionIsKeptAsItWasAdded(t *testing.T) {
	s, _ := newStore(t)
	added, err := s.AddConnection(t.Context(), store.Connection{
		ID: "north-1", Rules: "a: 1\n", State: "new", Location: "locNorth", FingerprintKey: []byte{1, 2, 3},
	})
	require.NoError(t, err)
	require.Equal(t, 1, added.RulesVersion)
	got, err := s.GetConnection(t.Context(), "north-1")
	require.NoError(t, err)
	require.Equal(t, added, got)
	require.Equal(t, []byte{1, 2, 3}, got.FingerprintKey)
	require.Equal(t, "locNorth", got.Location)
	all, err := s.ListConnections(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)

	_, err = s.AddConnection(t.Context(), added)
	require.ErrorIs(t, err, store.ErrConnectionExists)
	_, err = s.GetConnection(t.Context(), "nowhere")
	require.ErrorIs(t, err, record.ErrNoConnection)
	require.NoError(t, s.SetConnectionState(t.Context(), "north-1", "live"))
	require.ErrorIs(t, s.SetConnectionState(t.Context(), "nowhere", "live"), record.ErrNoConnection)
}

func TestAConnectionIDIsASlug(t *testing.T) {
	s, _ := newStore(t)
	for _, id := range []string{"", "North", "a/b", "-a", "a b"} {
		_, err := s.AddConnection(t.Context(), store.Connection{ID: id, State: "new", FingerprintKey: []byte{1}})
		require.ErrorContains(t, err, "lower-case", id)
	}
}

func TestEveryVersionOfTheRulesIsKept(t *testing.T) {
	s, _ := newStore(t)
	version, err := s.UpdateRules(t.Context(), acme, "second", "loc2")
	require.NoError(t, err)
	require.Equal(t, 2, version)
	version, err = s.UpdateRules(t.Context(), acme, "second", "loc2")
	require.NoError(t, err)
	require.Equal(t, 2, version, "the same rules make no new version")
	for version, want := range map[int]string{1: "fields: {}\n", 2: "second"} {
		rules, err := s.Rules(t.Context(), acme, version)
		require.NoError(t, err)
		require.Equal(t, want, rules)
	}
	_, err = s.UpdateRules(t.Context(), "nowhere", "x", "loc")
	require.ErrorIs(t, err, record.ErrNoConnection)
}

func TestAConnectionFollowsTheLocationOfItsRules(t *testing.T) {
	s, _ := newStore(t)
	for _, step := range []struct{ rules, location string }{{"second", "loc2"}, {"second", "loc3"}, {"third", ""}, {"third", "loc4"}} {
		_, err := s.UpdateRules(t.Context(), acme, step.rules, step.location)
		require.NoError(t, err)
		got, err := s.GetConnection(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, step.location, got.Location)
	}
}

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	keyset, err := vault.Generate()
	require.NoError(t, err)
	v, err := vault.Load(vault.Source{Value: string(keyset)})
	require.NoError(t, err)
	return v
}

func TestACredentialIsSealedAndOpensOnlyInItsPlace(t *testing.T) {
	s, conn := newStore(t)
	c := s.Credentials(newVault(t))
	_, err := c.LoadCredential(t.Context(), acme, record.GoHighLevel)
	require.ErrorIs(t, err, oauth.ErrNoCredential)
	want := &oauth.Credential{Side: record.GoHighLevel, Flow: oauth.PrivateToken, PrivateToken: "secret", Generation: 3}
	require.NoError(t, c.PutCredential(t.Context(), acme, record.GoHighLevel, want))
	got, err := c.LoadCredential(t.Context(), acme, record.GoHighLevel)
	require.NoError(t, err)
	require.Equal(t, want, got)

	var sealed []byte
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT sealed FROM credentials`).Scan(&sealed))
	require.NotContains(t, string(sealed), "secret")
	_, err = conn.Exec(t.Context(), `UPDATE credentials SET side = 2`)
	require.NoError(t, err)
	_, err = c.LoadCredential(t.Context(), acme, record.Salesforce)
	require.ErrorIs(t, err, vault.ErrDoesNotOpen)
}

func TestOneAtATimeChangesACredential(t *testing.T) {
	s, _ := newStore(t)
	c := s.Credentials(newVault(t))
	require.NoError(t, c.PutCredential(t.Context(), acme, record.Salesforce, &oauth.Credential{Side: record.Salesforce}))
	var group errgroup.Group
	for range 20 {
		group.Go(func() error {
			return c.WithCredential(context.Background(), acme, record.Salesforce, func(k *oauth.Credential) (bool, error) {
				k.Generation++
				return true, nil
			})
		})
	}
	require.NoError(t, group.Wait())
	got, err := c.LoadCredential(t.Context(), acme, record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, 20, got.Generation)
}

func TestACredentialStaysAsItWasUnlessItIsToBeSaved(t *testing.T) {
	s, _ := newStore(t)
	c := s.Credentials(newVault(t))
	require.NoError(t, c.PutCredential(t.Context(), acme, record.Salesforce, &oauth.Credential{AccessToken: "old"}))
	refused := errors.New("refused")
	for _, result := range []error{nil, refused} {
		err := c.WithCredential(t.Context(), acme, record.Salesforce, func(k *oauth.Credential) (bool, error) {
			k.AccessToken = "new"
			return result != nil, result
		})
		require.ErrorIs(t, err, result)
	}
	got, err := c.LoadCredential(t.Context(), acme, record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, "old", got.AccessToken)
	err = c.WithCredential(t.Context(), acme, record.GoHighLevel, func(*oauth.Credential) (bool, error) { return true, nil })
	require.ErrorIs(t, err, oauth.ErrNoCredential)
}

func TestARefreshedCredentialIsKeptEvenWhenTheCallerGivesUp(t *testing.T) {
	s, _ := newStore(t)
	c := s.Credentials(newVault(t))
	require.NoError(t, c.PutCredential(t.Context(), acme, record.Salesforce, &oauth.Credential{RefreshToken: "spent"}))
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, c.WithCredential(ctx, acme, record.Salesforce, func(k *oauth.Credential) (bool, error) {
		k.RefreshToken = "next"
		cancel()
		return true, nil
	}))
	got, err := c.LoadCredential(t.Context(), acme, record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, "next", got.RefreshToken)
}
