package devstack_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

// onLine calls do with every line of progress.
type onLine func(line string)

func (f onLine) Write(b []byte) (int, error) {
	f(string(b))
	return len(b), nil
}

func TestOfTwoBuildersOneWaitsAndACancelledBuildLeavesNothingBehind(t *testing.T) {
	t.Setenv("TEMPORAL_CLI", "")
	cache := t.TempDir()
	t.Setenv("TANDEM_CACHE", cache)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()

	second := make(chan error, 1)
	path, err := devstack.EnsureTemporal(ctx, onLine(func(line string) {
		if !strings.HasPrefix(line, "Building Temporal (") {
			return
		}
		go func() {
			_, err := devstack.EnsureTemporal(ctx, onLine(func(line string) {
				if strings.HasPrefix(line, "Another process is building Temporal") {
					cancel()
				}
			}))
			second <- err
		}()
	}))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, path)
	require.ErrorIs(t, <-second, context.Canceled)

	left, err := filepath.Glob(filepath.Join(cache, "*"))
	require.NoError(t, err)
	require.Len(t, left, 1, "only the lock file: %v", left)
	info, err := os.Stat(left[0])
	require.NoError(t, err)
	require.Zero(t, info.Size())
}
