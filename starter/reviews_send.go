package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// decisionPatience is how long a decision may take to be taken by the run that waits for it.
const decisionPatience = 30 * time.Second

// sendVerdict tells the run that waits for a review what was decided; where none waits, one is started with it. It returns
// once the run has taken the decision.
func sendVerdict(ctx context.Context, c client.Client, r record.Review, v record.Verdict) error {
	sending, cancel := context.WithTimeout(ctx, decisionPatience)
	defer cancel()
	update := client.UpdateWorkflowOptions{
		UpdateID: verdictID(v), UpdateName: workflows.UpdateDecide, Args: []any{v}, WaitForStage: client.WorkflowUpdateStageCompleted,
	}
	if r.WorkflowID != "" {
		update.WorkflowID = r.WorkflowID
		handle, err := c.UpdateWorkflow(sending, update)
		if err == nil {
			err = handle.Get(sending, nil)
		}
		var over *serviceerror.NotFound
		if !errors.As(err, &over) {
			return notTaken(ctx, err)
		}
		update.WorkflowID = ""
	}
	options, workflow, in := runOf(r)
	handle, err := c.UpdateWithStartWorkflow(crm.WithLane(sending, crm.LaneHuman), client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.NewWithStartWorkflowOperation(options, workflow, in), UpdateOptions: update,
	})
	if err == nil {
		err = handle.Get(sending, nil)
	}
	return notTaken(ctx, err)
}

// runOf is the run in which a review waits, or is to wait.
func runOf(r record.Review) (options client.StartWorkflowOptions, workflow, in any) {
	several := len(r.Links) != 1 || r.Reason == record.ReviewDeletionWave
	if id := workflows.ReviewID(r.Connection, r.ID); several || r.WorkflowID == id {
		options = client.StartWorkflowOptions{
			ID: id, StaticSummary: "Review of " + r.Reason,
			TypedSearchAttributes: workflows.SearchAttributesOf(kindOf(r), workflows.ScenarioReview, r.Connection),
		}
		workflow, in = workflows.Review, workflows.ReviewInput{Connection: r.Connection, ReviewID: r.ID}
	} else {
		input := workflows.RecordSyncInput{Connection: r.Connection, LinkID: r.Links[0].ID}
		options = client.StartWorkflowOptions{
			ID: workflows.RecordSyncID(kindOf(r), input), StaticSummary: titled(kindOf(r)) + ", decided by a person",
			TypedSearchAttributes: workflows.SearchAttributes(workflows.SyncScenarios[kindOf(r)], r.Connection),
		}
		workflow, in = workflows.RecordSyncs[kindOf(r)], input
	}
	options.TaskQueue = workflows.TaskQueue
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	return options, workflow, in
}

// verdictID makes the same decision, by whomever, one update.
func verdictID(v record.Verdict) string {
	v.By = ""
	content, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers always encode
	}
	sum := sha256.Sum256(content)
	return fmt.Sprintf("decide/%d/%s", v.ReviewID, hex.EncodeToString(sum[:8]))
}

// notTaken says what to do where no run took the decision in time.
func notTaken(ctx context.Context, err error) error {
	var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if ctx.Err() == nil && (errors.As(err, &late) || errors.Is(err, context.DeadlineExceeded)) {
		return fmt.Errorf("no run has taken the decision within %s; once a worker works, decide the same again, which is harmless", decisionPatience)
	}
	return err
}

// refusedAsDecided tells whether a run refused a decision because there is nothing left to decide.
func refusedAsDecided(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == workflows.TypeDecided
}

// needsWorker fails where nobody is there to take what is sent to a run.
func (a *app) needsWorker(ctx context.Context, c client.Client) error {
	queue, err := c.DescribeTaskQueue(ctx, workflows.TaskQueue, enums.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return err
	}
	if len(queue.Pollers) == 0 {
		return errors.New("no worker looks for work at the moment: start one, and try again; nothing was changed")
	}
	return nil
}
