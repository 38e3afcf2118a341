package devstack_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

func TestASecondStackOnTheSameDataIsRefusedByNameAndAddress(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "where", "needed")
	lock, err := devstack.TakeLock(dir)
	require.NoError(t, err)
	defer lock.Release()
	require.NoError(t, lock.WriteState(devstack.State{
		TemporalAddress: "127.0.0.1:7233",
		UIAddress:       "http://127.0.0.1:8233",
		DatabaseURL:     "postgres://tandem:the-password@127.0.0.1:5432/tandem",
	}))

	_, err = devstack.TakeLock(dir)
	var held *devstack.HeldError
	require.ErrorAs(t, err, &held)
	require.Equal(t, os.Getpid(), held.State.PID)
	require.ErrorContains(t, err, "127.0.0.1:7233")
	require.ErrorContains(t, err, "http://127.0.0.1:8233")
	require.ErrorContains(t, err, "127.0.0.1:5432")
	require.NotContains(t, err.Error(), "the-password")
}

func TestARunningStackIsFoundByItsState(t *testing.T) {
	dir := t.TempDir()
	_, err := devstack.ReadState(dir)
	require.ErrorIs(t, err, devstack.ErrNotRunning)

	lock, err := devstack.TakeLock(dir)
	require.NoError(t, err)
	require.NoError(t, lock.WriteState(devstack.State{DatabaseURL: "postgres://x", WorkerPID: 42}))
	got, err := devstack.ReadState(dir)
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), got.PID)
	require.Equal(t, "postgres://x", got.DatabaseURL)
	require.Equal(t, 42, got.WorkerPID)
	require.False(t, got.StartedAt.IsZero())

	info, err := os.Stat(filepath.Join(dir, "state.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the state holds the database's password")

	lock.Release()
	lock.Release()
	_, err = devstack.ReadState(dir)
	require.ErrorIs(t, err, devstack.ErrNotRunning)
	again, err := devstack.TakeLock(dir)
	require.NoError(t, err)
	again.Release()
}

func TestTheStateOfAKilledStackIsNotTakenForARunningOne(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lock"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"pid": 1, "temporalAddress": "127.0.0.1:1"}`), 0o600))
	_, err := devstack.ReadState(dir)
	require.ErrorIs(t, err, devstack.ErrNotRunning)
	lock, err := devstack.TakeLock(dir)
	require.NoError(t, err)
	lock.Release()
}
