package assembly

import (
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

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// leastCatchup is how late a sweep may be made up for at least, after Temporal was down.
const leastCatchup = time.Minute

// scheduleAttempts is how often an update is tried that came between another worker's.
const scheduleAttempts = 5

// EnsureSweeps sees to it that there is one Schedule per shard that starts a Sweep every so often, and none of further
// shards. Any number of workers may do so at once. One that a person paused stays paused; what is as it should be is not
// touched.
func EnsureSweeps(ctx context.Context, c client.Client, shards int, every time.Duration) error {
	if shards < 1 || every <= 0 {
		return fmt.Errorf("%d shards swept every %s make no sense", shards, every)
	}
	for shard := range shards {
		if err := ensureSweep(ctx, c, workflows.SweepInput{Shard: shard, Shards: shards}, every); err != nil {
			return fmt.Errorf("schedule %s: %w", workflows.SweepID(shard), err)
		}
	}
	return removeSweeps(ctx, c, shards)
}

func ensureSweep(ctx context.Context, c client.Client, in workflows.SweepInput, every time.Duration) error {
	want := sweepSchedule(in, every)
	var err error
	for range scheduleAttempts {
		_, err = c.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: workflows.SweepID(in.Shard), Spec: *want.Spec, Action: want.Action, Overlap: want.Policy.Overlap,
			CatchupWindow: want.Policy.CatchupWindow, TypedSearchAttributes: sweepAttributes(),
		})
		if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			return err
		}
		err = c.ScheduleClient().GetHandle(ctx, workflows.SweepID(in.Shard)).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(is client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				if sameSweep(is.Description.Schedule, in, want) {
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

func sweepAttributes() temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		workflows.Kind.ValueSet(string(record.Contact)), workflows.Scenario.ValueSet(workflows.ScenarioSweep))
}

func sweepSchedule(in workflows.SweepInput, every time.Duration) client.Schedule {
	return client.Schedule{
		Spec: &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}, Jitter: every / 10},
		Action: &client.ScheduleWorkflowAction{
			ID: workflows.SweepID(in.Shard), Workflow: workflows.Sweep, Args: []any{in}, TaskQueue: workflows.TaskQueue,
			TypedSearchAttributes: sweepAttributes(), StaticSummary: fmt.Sprintf("Poll shard %d of %d for changes", in.Shard, in.Shards),
		},
		Policy: &client.SchedulePolicies{
			// What a sweep misses the next one finds: none is ever made up for.
			Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: max(every, leastCatchup),
		},
	}
}

// sameSweep tells whether a schedule does already what is wanted.
func sameSweep(is client.Schedule, in workflows.SweepInput, want client.Schedule) bool {
	action, ok := is.Action.(*client.ScheduleWorkflowAction)
	if !ok || is.Spec == nil || is.Policy == nil || len(action.Args) != 1 {
		return false
	}
	wanted := want.Action.(*client.ScheduleWorkflowAction)
	var arg workflows.SweepInput
	payload, ok := action.Args[0].(*commonpb.Payload)
	return ok && converter.GetDefaultDataConverter().FromPayload(payload, &arg) == nil && arg == in &&
		action.TaskQueue == wanted.TaskQueue && action.StaticSummary == wanted.StaticSummary &&
		reflect.DeepEqual(is.Spec.Intervals, want.Spec.Intervals) && is.Spec.Jitter == want.Spec.Jitter &&
		is.Policy.Overlap == want.Policy.Overlap && is.Policy.CatchupWindow == want.Policy.CatchupWindow
}

// removeSweeps deletes the schedules of shards from a number on, which an earlier setting left behind.
func removeSweeps(ctx context.Context, c client.Client, from int) error {
	all, err := c.ScheduleClient().List(ctx, client.ScheduleListOptions{})
	if err != nil {
		return fmt.Errorf("list schedules: %w", err)
	}
	for all.HasNext() {
		one, err := all.Next()
		if err != nil {
			return fmt.Errorf("list schedules: %w", err)
		}
		number, isSweep := strings.CutPrefix(one.ID, "sweep/")
		shard, err := strconv.Atoi(number)
		if !isSweep || err != nil || shard < from {
			continue
		}
		var gone *serviceerror.NotFound
		if err := c.ScheduleClient().GetHandle(ctx, one.ID).Delete(ctx); err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("delete schedule %s: %w", one.ID, err)
		}
	}
	return nil
}
