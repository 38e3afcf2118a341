package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// replaying takes up runs one by one.
type replaying struct {
	app      *app
	temporal client.Client
	dryRun   bool
	chosen   map[string]bool // the workflow ids to replay
}

// all replays the newest runs of the ids. It stops early only where Temporal does not answer any more, or the context
// ends; what was done until then is returned too.
func (r *replaying) all(ctx context.Context, ids []string) (done []replayedRun, stopped error) {
	started := false
	for i, id := range ids {
		one := r.one(ctx, id)
		if ctx.Err() != nil {
			return done, fmt.Errorf("stopped after %d of %d runs: %w", i, len(ids), ctx.Err())
		}
		one.print(r.app)
		done = append(done, one)
		started = started || one.NewRunID != ""
		if unanswered(one.err) {
			return done, fmt.Errorf("stopped after %d of %d runs: %w", i+1, len(ids), one.err)
		}
	}
	if started {
		r.app.warnWithoutWorker(ctx, r.temporal)
	}
	return done, nil
}

// one replays the newest run of an id.
func (r *replaying) one(ctx context.Context, id string) replayedRun {
	out := replayedRun{WorkflowID: id, DryRun: r.dryRun}
	newest, err := r.temporal.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return out.failed(err)
	}
	info := newest.GetWorkflowExecutionInfo()
	out.RunID = info.GetExecution().GetRunId()
	if out.Why = skipReason(id, info.GetStatus()); out.Why != "" {
		out.Action = replaySkip
		return out
	}
	if attribute(info, workflows.Scenario.GetName()) == "" {
		out.Action, out.Why = replaySkip, "it is none of Tandem's runs"
		return out
	}
	parent, err := r.parentOf(ctx, info)
	if err != nil {
		return out.failed(err)
	}
	if out.Why = leftToParent(id, parent); out.Why != "" {
		out.Action = replaySkip
		return out
	}
	events, err := readHistory(ctx, r.temporal, id, out.RunID)
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return out.failed(err)
	}
	if err := r.app.legible(events); err != nil {
		return out.failed(err)
	}
	plan := planReplay(events, r.app.replayHistory)
	// A reset would end a run that a change has started meanwhile, and SyncChanges, which waits for that one, would never
	// hear of it. Starting anew leaves it alone.
	if kind, _, _ := strings.Cut(id, "/"); plan.action == replayReset && slices.Contains(record.Kinds, record.Kind(kind)) {
		plan.action = replayStart
	}
	out.Action, out.Why = plan.action, plan.why
	if r.dryRun {
		return out
	}
	if plan.action == replayReset {
		out.NewRunID, err = r.reset(ctx, id, out.RunID, plan.resetTo)
		if err == nil {
			return out
		}
		if !refused(err) {
			return out.failed(err)
		}
		out.Action, out.Why = replayStart, "the reset was refused: "+err.Error()
	}
	out.NewRunID, err = r.start(ctx, id, out.RunID, plan.began)
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) {
		out.Action, out.Why, out.NewRunID = replaySkip, "somebody else has started it meanwhile", ""
		return out
	}
	if err != nil {
		return out.failed(err)
	}
	return out
}

// parentOf returns how the parent of a run stands; a parent that Temporal has forgotten is none.
func (r *replaying) parentOf(ctx context.Context, info *workflow.WorkflowExecutionInfo) (parentRun, error) {
	began := info.GetParentExecution()
	if began.GetWorkflowId() == "" {
		return parentRun{}, nil
	}
	newest, err := r.temporal.DescribeWorkflowExecution(ctx, began.GetWorkflowId(), "")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return parentRun{}, nil
	}
	if err != nil {
		return parentRun{}, err
	}
	now := newest.GetWorkflowExecutionInfo()
	return parentRun{
		id:         began.GetWorkflowId(),
		isNewer:    now.GetExecution().GetRunId() != began.GetRunId(),
		willReplay: r.chosen[began.GetWorkflowId()] && unsuccessful(now.GetStatus()),
	}, nil
}

func (r replayedRun) failed(err error) replayedRun {
	r.Action, r.Why, r.NewRunID, r.err = replayFail, explain(err), "", err
	return r
}

// replayRequest makes repeated requests to replay the same run one.
func replayRequest(runID string) string { return "replay/" + runID }

// reset takes a run up again from its first workflow task.
func (r *replaying) reset(ctx context.Context, id, runID string, to int64) (newRunID string, err error) {
	answer, err := r.temporal.WorkflowService().ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: r.app.namespace(), WorkflowExecution: &common.WorkflowExecution{WorkflowId: id, RunId: runID},
		Reason: "starter replay", WorkflowTaskFinishEventId: to, RequestId: replayRequest(runID), Identity: "starter",
	})
	return answer.GetRunId(), err
}

// start begins a run anew, with the input of the one before as its history holds it, or else as its id tells it.
func (r *replaying) start(ctx context.Context, id, runID string, began *history.HistoryEvent) (newRunID string, err error) {
	if began == nil {
		connection, scenario, workflow, in, err := inputOf(id)
		if err != nil {
			return "", err
		}
		run, err := r.app.startRun(ctx, r.temporal, id, scenario, connection, "Replayed by its id", workflow, in)
		if err != nil {
			return "", err
		}
		return run.GetRunID(), nil
	}
	was := began.GetWorkflowExecutionStartedEventAttributes()
	queue := was.GetTaskQueue().GetName()
	if queue == "" {
		queue = workflows.TaskQueue
	}
	answer, err := r.temporal.WorkflowService().StartWorkflowExecution(ctx, &workflowservice.StartWorkflowExecutionRequest{
		Namespace: r.app.namespace(), WorkflowId: id, WorkflowType: was.GetWorkflowType(), TaskQueue: &taskqueue.TaskQueue{Name: queue},
		Input: inputPayloads(began), Header: was.GetHeader(), Memo: was.GetMemo(), SearchAttributes: was.GetSearchAttributes(),
		UserMetadata: began.GetUserMetadata(), RetryPolicy: was.GetRetryPolicy(), Priority: was.GetPriority(),
		WorkflowRunTimeout: was.GetWorkflowRunTimeout(), WorkflowTaskTimeout: was.GetWorkflowTaskTimeout(),
		WorkflowIdReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIdConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		RequestId:                replayRequest(runID), Identity: "starter",
	})
	return answer.GetRunId(), err
}

// readHistory reads the whole history of a run, of the newest when no run is named.
func readHistory(ctx context.Context, temporal client.Client, id, runID string) ([]*history.HistoryEvent, error) {
	var events []*history.HistoryEvent
	iterator := temporal.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iterator.HasNext() {
		event, err := iterator.Next()
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// refused tells whether Temporal will not carry out a request, now or later, so that another way is called for.
func refused(err error) bool {
	var invalid *serviceerror.InvalidArgument
	var state *serviceerror.FailedPrecondition
	var gone *serviceerror.NotFound
	return errors.As(err, &invalid) || errors.As(err, &state) || errors.As(err, &gone)
}

// unanswered tells whether asking for the next run is vain too.
func unanswered(err error) bool {
	var unavailable *serviceerror.Unavailable
	var deadline *serviceerror.DeadlineExceeded
	var denied *serviceerror.PermissionDenied
	return errors.As(err, &unavailable) || errors.As(err, &deadline) || errors.As(err, &denied)
}
