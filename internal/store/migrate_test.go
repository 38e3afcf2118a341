package store_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/devstack/storetest"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestProcessesThatMigrateAtOnceTakeTurns(t *testing.T) {
	address := storetest.Empty(t)
	var group errgroup.Group
	for range 3 {
		group.Go(func() error {
			s, err := store.Open(context.Background(), address)
			if err != nil {
				return err
			}
			defer s.Close()
			return s.Migrate(context.Background())
		})
	}
	require.NoError(t, group.Wait())
	s, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	require.NoError(t, s.CheckVersion(t.Context()))
	require.NoError(t, s.Migrate(t.Context()), "migrating again changes nothing")
}

func TestASchemaOfAnotherVersionIsReportedWithWhatToDo(t *testing.T) {
	address := storetest.Empty(t)
	s, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	version, err := s.Version(t.Context())
	require.NoError(t, err)
	require.Zero(t, version)
	err = s.CheckVersion(t.Context())
	require.ErrorIs(t, err, store.ErrSchema)
	require.ErrorContains(t, err, "run `starter migrate`")

	require.NoError(t, s.Migrate(t.Context()))
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	require.NoError(t, err)
	err = s.CheckVersion(t.Context())
	require.ErrorIs(t, err, store.ErrSchema)
	require.ErrorContains(t, err, "newer")
}

func TestAnAddressThatCannotBeUsedIsReportedWithoutItsPassword(t *testing.T) {
	for _, address := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@[::1/x"} {
		_, err := store.Open(t.Context(), address)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
