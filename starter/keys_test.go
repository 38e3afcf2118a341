package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/workflows"
)

type listedKeys struct {
	Keys      []listedKey
	Processes []listedProcess
}

func (l listedKeys) states() (states []string) {
	for _, k := range l.Keys {
		states = append(states, k.State)
	}
	return states
}

// follows lets the house's worker follow the keyset, as a worker process does, until the test or stop ends it.
func (h *house) follows(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() { assembly.FollowKeys(ctx, h.Store, h.Vault, zap.NewNop()) })
	stop = func() { cancel(); ended.Wait() }
	t.Cleanup(stop)
	require.Eventually(t, func() bool {
		holders, err := h.Store.KeyHolders(t.Context())
		return err == nil && len(holders) == 1
	}, 30*time.Second, 20*time.Millisecond)
	return stop
}

func (h *house) rotates(t *testing.T) {
	h.startWorker(t)
	stop := h.follows(t)
	// A run that failed for good, from before the rotation, beside those that were replayed.
	run, err := h.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: "contact/acme/999999", TaskQueue: workflows.TaskQueue, TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioContactSync, "acme"),
	}, workflows.ContactSync, workflows.RecordSyncInput{Connection: "acme", LinkID: 999_999}) // there is no such link
	require.NoError(t, err)
	require.Error(t, run.Get(t.Context(), nil))
	var before, after listedKeys
	h.mustRun(t, &before, "keys list")
	require.Equal(t, []string{keySeals}, before.states())
	require.Positive(t, before.Keys[0].Tables["journal"])
	require.EqualValues(t, 2, before.Keys[0].Tables["credentials"])
	require.Len(t, before.Processes, 1)
	old := before.Keys[0].Key

	var out keysAccount
	h.mustRun(t, &out, "keys rotate --prepare")
	standby := out.Added
	require.Equal(t, old, out.Seals)
	h.mustRun(t, &after, "keys list")
	require.Equal(t, []string{keySeals, keyStandby}, after.states())

	rotated := h.run(t, "keys rotate")
	require.Equal(t, exitDone, rotated.code, rotated.err)
	require.Contains(t, rotated.out, "seals from now on")
	require.NotContains(t, rotated.out, "is added", "the key on standby is taken up")
	h.mustRun(t, &after, "keys list")
	require.Equal(t, []string{keyOpens, keySeals}, after.states())
	require.Equal(t, standby, after.Keys[1].Key)
	require.Zero(t, after.Keys[0].Values)
	require.Equal(t, before.Keys[0].Tables, after.Keys[1].Tables)
	require.Contains(t, h.run(t, "keys list").out, "All running workers (1) work with this keyset.")

	refused := h.run(t, "keys retire")
	require.Equal(t, exitPerson, refused.code, refused.out)
	require.Contains(t, refused.err, "1 failed, to be replayed no more", "one that was replayed counts no more")
	h.mustRun(t, &out, "keys retire --despite-runs")
	require.Equal(t, []uint32{old}, out.Retired)
	require.Equal(t, standby, out.Seals)
	h.mustRun(t, &after, "keys list")
	require.Equal(t, []string{keyRetired, keySeals}, after.states())
	require.Contains(t, h.run(t, "keys retire").out, "no older key")
	var one workflows.RecordSyncResult
	h.mustRun(t, &one, "start contact-sync acme --link %d --wait", 1)
	require.EqualValues(t, "in_step", one.State)
	stop()
}

func (h *house) waitsForWorkers(t *testing.T) {
	// A worker whose keyset does not change, as one in the environment.
	content, err := os.ReadFile(h.State.KeysetFile)
	require.NoError(t, err)
	fixed, err := vault.Load(vault.Source{Value: string(content)})
	require.NoError(t, err)
	require.NoError(t, h.Store.HoldKeys(t.Context(), "slow", fixed.Keys()))
	refused := h.run(t, "keys rotate --wait 1ms")
	require.Equal(t, exitPerson, refused.code)
	require.Contains(t, refused.err, "slow")
	var listed listedKeys
	h.mustRun(t, &listed, "keys list")
	require.Equal(t, []string{keyRetired, keySeals, keyStandby}, listed.states(), "nobody seals under a key that somebody does not know")

	next := filepath.Join(t.TempDir(), "next.json")
	require.NoError(t, h.Store.ReleaseKeys(t.Context(), "slow"))
	written := h.run(t, "keys rotate --out %s", next)
	require.Equal(t, exitDone, written.code, written.err)
	require.Contains(t, written.out, next)
	h.mustRun(t, &listed, "keys list")
	require.Equal(t, []string{keyRetired, keySeals, keyStandby}, listed.states(), "the keyset in use stays as it is")
	moved, err := vault.Load(vault.Source{File: next})
	require.NoError(t, err)
	require.Equal(t, listed.Keys[2].Key, moved.Primary())

	conn, err := pgx.Connect(t.Context(), h.State.DatabaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var ours bool
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT pg_try_advisory_lock(x'7A4C'::int, 0)`).Scan(&ours))
	require.True(t, ours)
	busy := h.run(t, "keys rotate")
	require.Equal(t, exitFailed, busy.code)
	require.Contains(t, busy.err, "somebody else")
}

func (h *house) makesKeysets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyset.json")
	made := h.run(t, "keys new %s", path)
	require.Equal(t, exitDone, made.code, made.err)
	_, err := vault.Load(vault.Source{File: path})
	require.NoError(t, err)
	again := h.run(t, "keys new %s", path)
	require.Equal(t, exitFailed, again.code)
	require.Contains(t, again.err, "never overwritten")
}

func (h *house) erases(t *testing.T) {
	h.startWorker(t)
	var one workflows.RecordSyncResult
	h.mustRun(t, &one, "start contact-sync acme --link %d --wait", 1)
	connected := h.run(t, "connect gohighlevel acme --scope oauth.write")
	require.Equal(t, exitDone, connected.code, connected.err)
	connected = h.run(t, "connect gohighlevel acme") // asks for it again
	require.Equal(t, exitDone, connected.code, connected.err)
	require.Regexp(t, `GoHighLevel +scope +oauth\.write +yes +uninstalling the app when the connection is erased \(optional\)`, connected.out)
	require.NotContains(t, connected.out, "more than needed")
	credentials := h.Store.Credentials(h.Vault)
	sf, err := credentials.LoadCredential(t.Context(), "acme", record.Salesforce)
	require.NoError(t, err)
	ghl, err := credentials.LoadCredential(t.Context(), "acme", record.GoHighLevel)
	require.NoError(t, err)
	h.erasesAnotherOfTheLocation(t)
	refused := h.run(t, "disconnect acme --erase")
	require.Equal(t, exitUsage, refused.code)
	require.Contains(t, refused.err, "--yes")
	require.Equal(t, exitUsage, h.run(t, "disconnect acme --without-revoking --yes").code)
	started := h.run(t, "start maintenance acme")
	require.Equal(t, exitDone, started.code, started.err)

	// A side does not answer: nothing is destroyed that it takes to revoke, and the connection is as good as gone.
	h.Sandbox.GoHighLevel.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault503, Path: "/marketplace/", Count: 1}})
	unanswered := h.run(t, "disconnect acme --erase --yes")
	require.Equal(t, exitFailed, unanswered.code, unanswered.out)
	require.Contains(t, unanswered.err, "the same command goes on")
	still, err := credentials.LoadCredential(t.Context(), "acme", record.GoHighLevel)
	require.NoError(t, err)
	require.Equal(t, ghl.AccessToken, still.AccessToken)
	h.Sandbox.Salesforce.SetFaults([]salesforcetest.Fault{{Kind: "503", Path: "revoke"}})
	interrupted := h.run(t, "disconnect acme --erase --yes")
	require.Equal(t, exitFailed, interrupted.code, interrupted.out)
	require.Contains(t, interrupted.err, "the same command goes on")
	_, err = credentials.LoadCredential(t.Context(), "acme", record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, 2, h.uninstalls(), "GoHighLevel did answer now")
	for _, line := range []string{"connections resume acme", "connections disconnect acme --yes", "connections apply " + h.rules} {
		told := h.run(t, "%s", line)
		require.Equal(t, exitPerson, told.code, line)
		require.Contains(t, told.err, "starter disconnect acme --erase", line)
	}
	require.Equal(t, exitPerson, h.add(t, "--reconnect salesforce,gohighlevel").code)
	h.Sandbox.Salesforce.SetFaults(nil)

	var account erasure
	h.mustRun(t, &account, "connections disconnect acme --erase --yes")
	require.True(t, account.Erased)
	require.Equal(t, record.ConnectionErasing, account.Was)
	require.Equal(t, []endedAccess{{Side: record.GoHighLevel, Revoked: true}, {Side: record.Salesforce, Revoked: true}}, account.Access)
	require.Equal(t, 2, h.uninstalls(), "it is known to be gone already")
	before := map[string]int64{}
	for _, table := range account.Tables {
		require.Zero(t, table.After, table.Table)
		before[table.Table] = table.Before
	}
	require.EqualValues(t, 9, before["links"])
	require.Positive(t, before["journal"])
	for address, token := range map[string]string{
		sf.InstanceURL + "/services/data/v65.0/limits":          sf.AccessToken,
		h.State.GoHighLevelURL + "/locations/" + ghl.LocationID: ghl.AccessToken,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Version", "2021-07-28")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode, address)
	}

	require.Equal(t, exitNotFound, h.run(t, "disconnect acme --erase --yes").code)
	_, err = credentials.LoadCredential(t.Context(), "acme", record.Salesforce)
	require.Error(t, err, "what was granted is gone with it")
	require.Equal(t, exitDone, h.add(t, "").code, "it may be made again, and is another one")
	var shown struct{ Status connectionStatus }
	h.mustRun(t, &shown, "connections show acme")
	require.Zero(t, shown.Status.Linked)
	ready := h.run(t, "connections check acme")
	require.Equal(t, exitDone, ready.code, "the worker opens the new one: %s", ready.err)
	require.True(t, strings.HasPrefix(shown.Status.State, record.ConnectionActive))

	left := h.run(t, "disconnect acme --erase --without-revoking --yes -o json")
	require.Equal(t, exitPerson, left.code, left.err)
	require.NoError(t, json.Unmarshal([]byte(left.out), &account), left.out)
	require.Equal(t, oauth.ByHand(&oauth.Credential{Side: record.GoHighLevel}), account.Access[0].ByHand)
	require.Contains(t, account.Access[1].Problem, "left to a person")
}

// erasesAnotherOfTheLocation erases a connection of which the app stays installed, as acme works by it, and goes on to.
func (h *house) erasesAnotherOfTheLocation(t *testing.T) {
	beside := *h
	beside.rules = filepath.Join(t.TempDir(), "globex.yaml")
	beside.writeRules(t, string(h.Sandbox.Rules(sandbox.RulesOptions{Connection: "globex", GoHighLevelURL: h.State.GoHighLevelURL})))
	added := beside.add(t, "--gohighlevel-scope oauth.write")
	require.Equal(t, exitDone, added.code, added.err)
	var account erasure
	h.mustRun(t, &account, "disconnect globex --erase --yes")
	require.True(t, account.Erased)
	require.False(t, account.Access[0].Revoked)
	require.Contains(t, account.Access[0].ByHand, "connection acme works in the same location")
	require.Zero(t, h.uninstalls())
	ready := h.run(t, "connections check acme")
	require.Equal(t, exitDone, ready.code, ready.err)
}

func (h *house) uninstalls() int {
	return h.Sandbox.GoHighLevel.Stats().ByOperation["DELETE /marketplace/app/{appId}/installations"]
}
