package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

func TestEveryConnectionAndTheHouseHaveAPayloadKeyOfTheirOwn(t *testing.T) {
	s, conn := newStore(t)
	_, err := s.AddConnection(t.Context(), store.Connection{ID: "bare", State: "new", FingerprintKey: []byte{1}})
	require.NoError(t, err)
	keys := s.PayloadKeys(newVault(t))
	seen := map[int64]bool{}
	for _, connection := range []string{"", "acme", "bare"} {
		key, err := keys.PayloadKey(t.Context(), connection)
		require.NoError(t, err)
		sealed, err := key.Seal([]byte("x"))
		require.NoError(t, err)
		again, err := keys.PayloadKey(t.Context(), connection)
		require.NoError(t, err)
		_, err = again.Open(sealed)
		require.NoError(t, err, "it stays the same")
		require.False(t, seen[key.ID()])
		seen[key.ID()] = true
	}
	_, err = s.PayloadKeys(newVault(t)).PayloadKey(t.Context(), "acme")
	require.ErrorIs(t, err, vault.ErrDoesNotOpen, "another keyset")

	// Whoever can write to the database cannot give one connection's key to another.
	_, err = conn.Exec(t.Context(), `UPDATE payload_keys SET sealed = (SELECT sealed FROM payload_keys WHERE connection IS NULL)`)
	require.NoError(t, err)
	_, err = keys.PayloadKey(t.Context(), "acme")
	require.ErrorIs(t, err, vault.ErrDoesNotOpen)
}

func TestProcessesThatNeedAKeyFirstAtOnceAgreeOnOne(t *testing.T) {
	s, _ := newStore(t)
	keys := s.PayloadKeys(newVault(t))
	var group errgroup.Group
	made := make([]*vault.DataKey, 8)
	for i := range made {
		group.Go(func() (err error) {
			made[i], err = keys.PayloadKey(t.Context(), "acme")
			return err
		})
	}
	require.NoError(t, group.Wait())
	sealed, err := made[0].Seal([]byte("x"))
	require.NoError(t, err)
	for _, key := range made {
		_, err := key.Open(sealed)
		require.NoError(t, err)
	}
}

func TestAForgottenPayloadKeyIsGoneForGoodAndNobodyElses(t *testing.T) {
	s, conn := newStore(t)
	keys := s.PayloadKeys(newVault(t))
	_, err := keys.PayloadKey(t.Context(), "acme")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.ForgetConnectionKey(t.Context(), "acme"))
		_, err = keys.PayloadKey(t.Context(), "acme")
		require.ErrorIs(t, err, vault.ErrErased)
	}
	_, err = keys.PayloadKey(t.Context(), "")
	require.NoError(t, err)
	var left int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM payload_keys WHERE connection IS NOT NULL`).Scan(&left))
	require.Zero(t, left)

	_, err = keys.PayloadKey(t.Context(), "nobody")
	require.ErrorIs(t, err, vault.ErrErased)
	require.NoError(t, s.ForgetConnectionKey(t.Context(), "nobody"))
}
