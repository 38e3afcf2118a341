package devstack_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/devstack"
)

// temporalCLI returns the Temporal CLI, building it the first time.
func temporalCLI(t *testing.T) string {
	t.Helper()
	path, err := devstack.EnsureTemporal(t.Context(), os.Stderr)
	require.NoError(t, err)
	return path
}

func startTemporal(t *testing.T, o devstack.TemporalOptions) *devstack.Temporal {
	t.Helper()
	o.Binary = temporalCLI(t)
	s, err := devstack.StartTemporal(testContext(t), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop(context.Background()))
		requireGone(t, s.PID())
	})
	return s
}

func dial(t *testing.T, s *devstack.Temporal) client.Client {
	t.Helper()
	c, err := client.DialContext(testContext(t), client.Options{
		HostPort:  s.Address(),
		Namespace: devstack.Namespace,
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// startWorkflow starts a workflow that nobody works on, which therefore stays open.
func startWorkflow(t *testing.T, s *devstack.Temporal, id string) {
	t.Helper()
	_, err := dial(t, s).ExecuteWorkflow(testContext(t), client.StartWorkflowOptions{
		ID:        id,
		TaskQueue: "nobody",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("ConnectionId").ValueSet("acme"),
			temporal.NewSearchAttributeKeyKeyword("ProblemKind").ValueSet("NeedsAccess"),
		),
	}, "Waiting")
	require.NoError(t, err)
}

func requireOpen(t *testing.T, s *devstack.Temporal, id string) {
	t.Helper()
	d, err := dial(t, s).DescribeWorkflowExecution(testContext(t), id, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, d.GetWorkflowExecutionInfo().GetStatus())
}

func TestTemporalKeepsItsWorkflowsOverARestartAndAKill(t *testing.T) {
	s := startTemporal(t, devstack.TemporalOptions{DataDir: t.TempDir()})
	first, address, ui := s.PID(), s.Address(), s.UIAddress()
	startWorkflow(t, s, "before-the-restart")

	require.NoError(t, s.Restart(testContext(t)))
	requireGone(t, first)
	require.Equal(t, address, s.Address())
	require.Equal(t, ui, s.UIAddress())
	requireOpen(t, s, "before-the-restart")

	second := s.PID()
	startWorkflow(t, s, "before-the-kill")
	require.NoError(t, s.Kill())
	requireGone(t, second)
	<-s.Done()
	require.NoError(t, s.Restart(testContext(t)))
	requireOpen(t, s, "before-the-restart")
	requireOpen(t, s, "before-the-kill")
}

func TestTemporalServesItsWebUIOnLoopbackOnly(t *testing.T) {
	s := startTemporal(t, devstack.TemporalOptions{DataDir: t.TempDir()})
	resp, err := http.Get(s.UIAddress() + "/namespaces/default/workflows")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, string(body), "<html")
	host, _, err := net.SplitHostPort(s.Address())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)
}

func TestWorkflowsAreFoundByTandemsSearchAttributes(t *testing.T) {
	s := startTemporal(t, devstack.TemporalOptions{DataDir: t.TempDir(), Headless: true})
	require.Empty(t, s.UIAddress())
	startWorkflow(t, s, "find-me")
	c := dial(t, s)
	require.Eventually(t, func() bool {
		found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: `ConnectionId = "acme" AND ProblemKind = "NeedsAccess"`,
		})
		return err == nil && len(found.GetExecutions()) == 1
	}, 30*time.Second, 50*time.Millisecond)
}

func TestSearchAttributesAreAddedToADatabaseThatLacksThem(t *testing.T) {
	dir := t.TempDir()
	s := startTemporal(t, devstack.TemporalOptions{
		DataDir: dir, Headless: true, SearchAttributes: map[string]string{"Earlier": "Int"},
	})
	require.NoError(t, s.Stop(testContext(t)))

	s = startTemporal(t, devstack.TemporalOptions{DataDir: dir, Headless: true})
	listed, err := dial(t, s).OperatorService().ListSearchAttributes(testContext(t),
		&operatorservice.ListSearchAttributesRequest{Namespace: devstack.Namespace})
	require.NoError(t, err)
	require.Equal(t, enumspb.INDEXED_VALUE_TYPE_INT, listed.GetCustomAttributes()["Earlier"])
	for name := range devstack.SearchAttributes() {
		require.Equal(t, enumspb.INDEXED_VALUE_TYPE_KEYWORD, listed.GetCustomAttributes()[name], name)
	}
	startWorkflow(t, s, "uses-them-at-once")
}

func TestASearchAttributeOfAnotherTypeIsReported(t *testing.T) {
	dir := t.TempDir()
	s := startTemporal(t, devstack.TemporalOptions{
		DataDir: dir, Headless: true, SearchAttributes: map[string]string{"Kind": "Int"},
	})
	require.NoError(t, s.Stop(testContext(t)))
	_, err := devstack.StartTemporal(testContext(t), devstack.TemporalOptions{Binary: temporalCLI(t), DataDir: dir, Headless: true})
	require.ErrorContains(t, err, "search attribute Kind is a Int in this database, not a Keyword")
}

func TestASecondTemporalOnTheSameDataIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := startTemporal(t, devstack.TemporalOptions{DataDir: dir, Headless: true})
	_, err := devstack.StartTemporal(testContext(t), devstack.TemporalOptions{Binary: temporalCLI(t), DataDir: dir, Headless: true})
	require.ErrorContains(t, err, "another process runs temporal on ")
	require.True(t, running(s.PID()))
}

func TestATakenPortIsReportedWithTemporalsOwnWords(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, err = devstack.StartTemporal(testContext(t), devstack.TemporalOptions{
		Binary: temporalCLI(t), DataDir: t.TempDir(), Headless: true, Port: l.Addr().(*net.TCPAddr).Port,
	})
	require.ErrorContains(t, err, "address already in use")
}

func TestAnUnknownSettingIsReportedWithTemporalsOwnWords(t *testing.T) {
	_, err := devstack.StartTemporal(testContext(t), devstack.TemporalOptions{
		Binary: temporalCLI(t), DataDir: t.TempDir(), Headless: true,
		DynamicConfig: map[string]string{"matching.enableFairness": "{not json"},
	})
	require.ErrorContains(t, err, "its last lines:")
}

func TestAServerLeftBehindByAKilledSupervisorIsStoppedFirst(t *testing.T) {
	dir := t.TempDir()
	s := startTemporal(t, devstack.TemporalOptions{DataDir: dir, Headless: true})
	left := s.PID()
	require.NoError(t, s.Abandon())
	require.True(t, running(left))
	again := startTemporal(t, devstack.TemporalOptions{DataDir: dir, Headless: true})
	requireGone(t, left)
	require.NotEqual(t, left, again.PID())
}

func TestTemporalCLIFromTheEnvironmentIsPreferredAndChecked(t *testing.T) {
	given := filepath.Join(t.TempDir(), "temporal")
	require.NoError(t, os.WriteFile(given, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	t.Setenv("TEMPORAL_CLI", given)
	path, err := devstack.EnsureTemporal(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, given, path)
	_, err = devstack.StartTemporal(testContext(t), devstack.TemporalOptions{Binary: path, DataDir: t.TempDir()})
	require.ErrorContains(t, err, "is not a Temporal CLI that runs here")

	t.Setenv("TEMPORAL_CLI", filepath.Join(t.TempDir(), "missing"))
	_, err = devstack.EnsureTemporal(t.Context(), nil)
	require.ErrorContains(t, err, "TEMPORAL_CLI")
}
