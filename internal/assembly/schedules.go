package assembly

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	commonpb "go.temporal.io/api/common/v1"

	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// leastCatchup is how late a scheduled run may be made up for at least, after Temporal was down.
const leastCatchup = time.Minute

// scheduleAttempts is how often an update is tried that came between another worker's.
const scheduleAttempts = 5

// Scheduler is a client that makes Schedules, and the converter of what it hands to Temporal.
type Scheduler struct {
	client.Client
	Converter converter.DataConverter
}

// EnsureSweeps sees to it that there is one Schedule per shard that starts a Sweep every so often, and none of further
// shards. Any number of workers may do so at once. One that a person paused stays paused; what is as it should be is not
// touched.
func EnsureSweeps(ctx context.Context, c Scheduler, shards int, every time.Duration) error {
	return ensureShards(ctx, c, "sweep/", shards, every, sweepSchedule)
}

// EnsureMaintenance does as EnsureSweeps does, for Maintenance.
func EnsureMaintenance(ctx context.Context, c Scheduler, shards int, every time.Duration) error {
	return ensureShards(ctx, c, "maintenance/", shards, every, maintenanceSchedule)
}

func sweepSchedule(shard, shards int, every time.Duration) client.Schedule {
	return shardSchedule(workflows.SweepID(shard), workflows.Sweep, workflows.SweepInput{Shard: shard, Shards: shards}, every,
		workflows.ScenarioSweep, fmt.Sprintf("Poll shard %d of %d for changes", shard, shards))
}

func maintenanceSchedule(shard, shards int, every time.Duration) client.Schedule {
	return shardSchedule(workflows.MaintenanceShardID(shard), workflows.Maintenance, workflows.MaintenanceInput{Shard: shard, Shards: shards}, every,
		workflows.ScenarioMaintenance, fmt.Sprintf("Maintain shard %d of %d", shard, shards))
}

// ensureShards makes the schedules of all shards, whose ids are the prefix and a number, as of says.
func ensureShards(
	ctx context.Context, c Scheduler, prefix string, shards int, every time.Duration, of func(shard, shards int, every time.Duration) client.Schedule,
) error {
	if shards < 1 || every <= 0 {
		return fmt.Errorf("%d shards started every %s make no sense", shards, every)
	}
	for shard := range shards {
		want := of(shard, shards, every)
		if err := ensureSchedule(ctx, c, want); err != nil {
			return fmt.Errorf("schedule %s: %w", scheduled(want).ID, err)
		}
	}
	return removeShards(ctx, c.Client, prefix, shards)
}

// ensureSchedule makes a schedule whose id is that of the workflow that it starts, or changes the one that there is.
func ensureSchedule(ctx context.Context, c Scheduler, want client.Schedule) error {
	var err error
	action := scheduled(want)
	for range scheduleAttempts {
		_, err = c.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: action.ID, Spec: *want.Spec, Action: action, Overlap: want.Policy.Overlap,
			CatchupWindow: want.Policy.CatchupWindow, TypedSearchAttributes: action.TypedSearchAttributes,
		})
		if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			return err
		}
		err = c.ScheduleClient().GetHandle(ctx, action.ID).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(is client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				if c.same(is.Description.Schedule, want) {
					return nil, temporal.ErrSkipScheduleUpdate
				}
				updated := want
				updated.State = is.Description.Schedule.State
				return &client.ScheduleUpdate{Schedule: &updated}, nil
			},
		})
		var gone *serviceerror.NotFound
		var between *serviceerror.FailedPrecondition
		if !errors.As(err, &gone) && !errors.As(err, &between) {
			return err
		}
	}
	return err
}

// shardSchedule starts a workflow with an input, in the attributes of a scenario.
func shardSchedule(id string, workflow, in any, every time.Duration, scenario, summary string) client.Schedule {
	return client.Schedule{
		Spec: &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}, Jitter: every / 10},
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: workflow, Args: []any{in}, TaskQueue: workflows.TaskQueue, StaticSummary: summary,
			TypedSearchAttributes: temporal.NewSearchAttributes(
				workflows.Kind.ValueSet(string(record.Contact)), workflows.Scenario.ValueSet(scenario)),
		},
		Policy: &client.SchedulePolicies{
			// What one run misses the next one finds: none is ever made up for.
			Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: max(every, leastCatchup),
		},
	}
}

// scheduled is what a schedule that was made here starts.
func scheduled(s client.Schedule) *client.ScheduleWorkflowAction {
	return s.Action.(*client.ScheduleWorkflowAction)
}

// same tells whether a schedule does already what is wanted, with its input encrypted as it is to be.
func (c Scheduler) same(is, want client.Schedule) bool {
	action, ok := is.Action.(*client.ScheduleWorkflowAction)
	if !ok || is.Spec == nil || is.Policy == nil || len(action.Args) != 1 {
		return false
	}
	wanted := scheduled(want)
	arg, ok := action.Args[0].(*commonpb.Payload)
	return ok && c.sameInput(arg, wanted.Args[0]) &&
		action.TaskQueue == wanted.TaskQueue && action.StaticSummary == wanted.StaticSummary &&
		reflect.DeepEqual(is.Spec.Intervals, want.Spec.Intervals) && is.Spec.Jitter == want.Spec.Jitter &&
		is.Policy.Overlap == want.Policy.Overlap && is.Policy.CatchupWindow == want.Policy.CatchupWindow
}

func (c Scheduler) sameInput(is *commonpb.Payload, want any) bool {
	sealed, err := c.Converter.ToPayload(want)
	var now converter.RawValue
	if err != nil || codec.Encrypted(is) != codec.Encrypted(sealed) || c.Converter.FromPayload(is, &now) != nil {
		return false
	}
	input, err := converter.GetDefaultDataConverter().ToPayload(want)
	return err == nil && bytes.Equal(now.Payload().GetData(), input.GetData())
}

// removeShards deletes the schedules of shards from a number on, which an earlier setting left behind.
func removeShards(ctx context.Context, c client.Client, prefix string, from int) error {
	all, err := c.ScheduleClient().List(ctx, client.ScheduleListOptions{})
	if err != nil {
		return fmt.Errorf("list schedules: %w", err)
	}
	for all.HasNext() {
		one, err := all.Next()
		if err != nil {
			return fmt.Errorf("list schedules: %w", err)
		}
		number, ours := strings.CutPrefix(one.ID, prefix)
		shard, err := strconv.Atoi(number)
		if !ours || err != nil || shard < from {
			continue
		}
		var gone *serviceerror.NotFound
		if err := c.ScheduleClient().GetHandle(ctx, one.ID).Delete(ctx); err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("delete schedule %s: %w", one.ID, err)
		}
	}
	return nil
}
