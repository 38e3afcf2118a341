package devstack_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

func TestTheDataDirectoryIsChosenByTheEnvironmentThenByTheUser(t *testing.T) {
	t.Setenv("TANDEM_DATA", "/srv/chosen")
	t.Setenv("XDG_STATE_HOME", "/srv/state")
	got, err := devstack.DefaultDataDir()
	require.NoError(t, err)
	require.Equal(t, "/srv/chosen", got)

	t.Setenv("TANDEM_DATA", "")
	got, err = devstack.DefaultDataDir()
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		require.Equal(t, "/var/lib/tandem", got)
		return
	}
	require.Equal(t, "/srv/state/tandem", got)

	home := t.TempDir()
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", home)
	got, err = devstack.DefaultDataDir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(home, ".local", "state", "tandem"), got)
}

func TestTheCacheDirectoryIsChosenByTheEnvironmentAndNeedsNoHome(t *testing.T) {
	t.Setenv("TANDEM_CACHE", filepath.Join(t.TempDir(), "chosen"))
	got, err := devstack.CacheDir()
	require.NoError(t, err)
	require.Equal(t, os.Getenv("TANDEM_CACHE"), got)

	t.Setenv("TANDEM_CACHE", "")
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("TMPDIR", t.TempDir())
	got, err = devstack.CacheDir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(os.TempDir(), "tandem-cache"), got)
}

func TestACacheDirectoryOthersCanWriteToIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o777))
	t.Setenv("TANDEM_CACHE", dir)
	_, err := devstack.CacheDir()
	require.ErrorContains(t, err, "is writable for others")
}

func TestTheBuildIgnoresSettingsThatChangeWhatIsBuiltAndNeedsNoHome(t *testing.T) {
	env := devstack.BuildEnv([]string{"PATH=/bin", "GOFLAGS=-mod=vendor", "GOOS=plan9", "GOWORK=/x/go.work"}, "/cache")
	require.Contains(t, env, "PATH=/bin")
	require.Contains(t, env, "GOWORK=off")
	require.Contains(t, env, "GOCACHE=/cache/go-build")
	require.Contains(t, env, "GOPATH=/cache/go")
	require.NotContains(t, env, "GOFLAGS=-mod=vendor")
	require.NotContains(t, env, "GOOS=plan9")

	env = devstack.BuildEnv([]string{"HOME=" + t.TempDir()}, "/cache")
	require.False(t, slices.ContainsFunc(env, func(kv string) bool { return kv == "GOPATH=/cache/go" }))
}

func TestATemporaryDataDirectoryLetsPostgresPass(t *testing.T) {
	dir, err := devstack.NewTempDataDir()
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o711), info.Mode().Perm())
}
