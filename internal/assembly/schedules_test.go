package assembly_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/devstack"
)

func dial(t *testing.T) client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	binary, err := devstack.EnsureTemporal(ctx, os.Stderr)
	require.NoError(t, err)
	server, err := devstack.StartTemporal(ctx, devstack.TemporalOptions{Binary: binary, DataDir: t.TempDir(), Headless: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	c, err := client.DialContext(ctx, client.Options{
		HostPort: server.Address(), Namespace: devstack.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// scheduler encrypts nothing, as an earlier version did.
func scheduler(c client.Client) assembly.Scheduler {
	return assembly.Scheduler{Client: c, Converter: converter.GetDefaultDataConverter()}
}

// schedules returns the ids of all schedules, as far as visibility has come.
func schedules(t require.TestingT, c client.Client) []string {
	list, err := c.ScheduleClient().List(context.Background(), client.ScheduleListOptions{})
	require.NoError(t, err)
	var out []string
	for list.HasNext() {
		one, err := list.Next()
		require.NoError(t, err)
		out = append(out, one.ID)
	}
	slices.Sort(out)
	return out
}

func TestManyWorkersMakeOneScheduleForEachShard(t *testing.T) {
	c := dial(t)
	become := func(want ...string) {
		t.Helper()
		require.EventuallyWithT(t, func(t *assert.CollectT) { require.Equal(t, want, schedules(t, c)) }, 30*time.Second, 50*time.Millisecond)
	}
	var workers sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		workers.Go(func() { errs <- assembly.EnsureSweeps(t.Context(), scheduler(c), 3, time.Hour) })
	}
	workers.Wait()
	for range 8 {
		require.NoError(t, <-errs)
	}
	become("sweep/0", "sweep/1", "sweep/2")

	// A person pauses one; another setting changes the interval and the number of shards.
	handle := c.ScheduleClient().GetHandle(t.Context(), "sweep/0")
	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{Note: "the vendor is down"}))
	require.NoError(t, assembly.EnsureSweeps(t.Context(), scheduler(c), 2, 2*time.Hour))
	become("sweep/0", "sweep/1")
	is, err := handle.Describe(t.Context())
	require.NoError(t, err)
	require.True(t, is.Schedule.State.Paused)
	require.Equal(t, "the vendor is down", is.Schedule.State.Note)
	require.Equal(t, []client.ScheduleIntervalSpec{{Every: 2 * time.Hour}}, is.Schedule.Spec.Intervals)
	require.Equal(t, 12*time.Minute, is.Schedule.Spec.Jitter)
	require.Equal(t, enums.SCHEDULE_OVERLAP_POLICY_SKIP, is.Schedule.Policy.Overlap)
	require.Equal(t, 2*time.Hour, is.Schedule.Policy.CatchupWindow)

	updated := is.Info.LastUpdateAt
	require.NoError(t, assembly.EnsureSweeps(t.Context(), scheduler(c), 2, 2*time.Hour))
	is, err = handle.Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, updated, is.Info.LastUpdateAt, "what is as it should be is not touched")

	// Maintenance has Schedules of its own beside them.
	require.NoError(t, assembly.EnsureMaintenance(t.Context(), scheduler(c), 2, time.Hour))
	require.NoError(t, assembly.EnsureMaintenance(t.Context(), scheduler(c), 1, time.Hour))
	become("maintenance/0", "sweep/0", "sweep/1")
	is, err = c.ScheduleClient().GetHandle(t.Context(), "maintenance/0").Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, []client.ScheduleIntervalSpec{{Every: time.Hour}}, is.Schedule.Spec.Intervals)
	updated = is.Info.LastUpdateAt
	require.NoError(t, assembly.EnsureMaintenance(t.Context(), scheduler(c), 1, time.Hour))
	is, err = c.ScheduleClient().GetHandle(t.Context(), "maintenance/0").Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, updated, is.Info.LastUpdateAt)

	// What a version made that encrypted nothing is encrypted from now on, once.
	options := client.Options{Namespace: devstack.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}
	newCodec(t).Encrypt(&options)
	encrypting, err := client.NewClientFromExisting(c, options)
	require.NoError(t, err)
	t.Cleanup(encrypting.Close)
	last := is.Info.LastUpdateAt
	for range 2 {
		require.NoError(t, assembly.EnsureMaintenance(t.Context(), assembly.Scheduler{Client: encrypting, Converter: options.DataConverter}, 1, time.Hour))
		is, err = encrypting.ScheduleClient().GetHandle(t.Context(), "maintenance/0").Describe(t.Context())
		require.NoError(t, err)
		action := is.Schedule.Action.(*client.ScheduleWorkflowAction)
		require.True(t, codec.Encrypted(action.Args[0].(*common.Payload)))
		require.Equal(t, "Maintain shard 0 of 1", action.StaticSummary)
		if !last.Equal(updated) {
			require.Equal(t, last, is.Info.LastUpdateAt)
		}
		last = is.Info.LastUpdateAt
		require.NotEqual(t, updated, last)
	}
}

func TestSweepsThatMakeNoSenseAreRefused(t *testing.T) {
	require.Error(t, assembly.EnsureSweeps(t.Context(), assembly.Scheduler{}, 0, time.Minute))
	require.Error(t, assembly.EnsureSweeps(t.Context(), assembly.Scheduler{}, 4, 0))
	require.Error(t, assembly.EnsureMaintenance(t.Context(), assembly.Scheduler{}, 4, 0))
}
