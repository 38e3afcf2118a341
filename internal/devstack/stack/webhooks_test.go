package stack

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
)

// roleVariable makes this test program a worker that takes webhooks and does nothing else.
const roleVariable = "TANDEM_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "worker" {
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Getenv(envWebhookListen), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path != webhookPath || os.Getenv(envWebhookKeys) == "" {
			w.WriteHeader(http.StatusNotFound)
		}
	})))
	os.Exit(1)
}

// fakesOnly starts the part of a stack that needs neither Temporal nor Postgres.
func fakesOnly(t *testing.T, o Options) *Stack {
	t.Helper()
	o.DataDir, o.Out = t.TempDir(), io.Discard
	s := &Stack{Options: o}
	t.Cleanup(func() { require.NoError(t, s.Close(t.Context())) })
	lock, err := devstack.TakeLock(o.DataDir)
	require.NoError(t, err)
	s.lock = lock
	t.Cleanup(lock.Release)
	require.NoError(t, s.startSandbox(t.Context()))
	return s
}

func setting(env []string, name string) string {
	i := slices.IndexFunc(env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(env[i], name+"=")
}

func TestWebhooksReachTheWorkersThatLiveAndWaitForOneWhereNoneDoes(t *testing.T) {
	t.Setenv(roleVariable, "worker")
	program, err := os.Executable()
	require.NoError(t, err)
	// The tries last for most of a minute, in which even a slow machine starts a worker.
	faults := gohighleveltest.WebhookFaults{Retry: gohighleveltest.RetryNon2xx, Backoff: gohighleveltest.Duration(100 * time.Millisecond)}
	s := fakesOnly(t, Options{
		Ephemeral: true, WorkerPath: program,
		Sandbox: sandbox.Options{GoHighLevel: gohighleveltest.Options{WebhookFaults: faults}},
	})
	fake := s.Sandbox.GoHighLevel
	arrives := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool { return fake.WebhookStats().ByStatus[http.StatusOK] == n }, 30*time.Second, time.Millisecond)
	}
	id := fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	require.Eventually(t, func() bool { return fake.WebhookStats().ByStatus[http.StatusTooManyRequests] > 0 }, 30*time.Second, time.Millisecond)
	first, err := s.StartWorker(t.Context())
	require.NoError(t, err)
	arrives(1)
	_, err = s.StartWorker(t.Context())
	require.NoError(t, err)
	require.NoError(t, fake.Edit(id, map[string]any{"city": "Rome"}))
	arrives(2)
	require.NoError(t, first.Kill())
	require.NoError(t, fake.Edit(id, map[string]any{"city": "Pisa"}))
	arrives(3)
	state, err := devstack.ReadState(s.DataDir)
	require.NoError(t, err)
	require.Equal(t, s.State.WebhookURL, state.WebhookURL)
}

func TestEveryWorkerListensByItselfAndKnowsTheFakesKey(t *testing.T) {
	s := fakesOnly(t, Options{Ephemeral: true})
	seen := map[string]bool{}
	for range 3 {
		env, address, err := s.workerEnv(t.Context())
		require.NoError(t, err)
		require.Equal(t, address, setting(env, envWebhookListen))
		require.Equal(t, s.Sandbox.GoHighLevel.WebhookPublicKey(), setting(env, envWebhookKeys))
		require.Equal(t, "1s", setting(env, envSweepEvery))
		require.Empty(t, setting(env, envSweepShards))
		seen[address] = true
	}
	require.Len(t, seen, 3)
}

func TestAStackCanLeaveWebhooksOut(t *testing.T) {
	s := fakesOnly(t, Options{NoWebhooks: true, SweepEvery: 250 * time.Millisecond, SweepShards: 4})
	env, address, err := s.workerEnv(t.Context())
	require.NoError(t, err)
	require.Empty(t, address)
	require.Empty(t, setting(env, envWebhookListen))
	require.Equal(t, "250ms", setting(env, envSweepEvery))
	require.Equal(t, "4", setting(env, envSweepShards))
	require.Empty(t, s.State.WebhookURL)
	s.Sandbox.GoHighLevel.Create(gohighleveltest.Contact{FirstName: "Ada"})
	require.Zero(t, s.Sandbox.GoHighLevel.WebhookStats().Events)
}
