package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// judges decide reviews as people do.
type judges struct {
	*system
	random *rand.Rand
	taken  map[int64][]record.Choice // by link
	made   map[string]int            // by reason and choice
}

// decideAll decides every open review once, and tells how many there were.
func (j *judges) decideAll(t *testing.T) int {
	t.Helper()
	open, err := j.Store.Reviews(t.Context(), connection, store.ReviewFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range open {
		v := record.Verdict{ReviewID: r.ID, Choice: j.choose(r), By: "a person"}
		err := j.decide(t.Context(), r, v)
		var refused *temporal.ApplicationError
		switch {
		case err == nil:
			j.made[r.Reason+": "+string(v.Choice)]++
			for _, l := range r.Links {
				j.taken[l.ID] = append(j.taken[l.ID], v.Choice)
			}
		case errors.As(err, &refused) && refused.Type() == workflows.TypeDecided:
			t.Logf("review %d (%s) had settled by itself", r.ID, r.Reason)
		default:
			t.Errorf("review %d (%s) of %+v, which waits in %q, takes no %s: %v", r.ID, r.Reason, r.Links, r.WorkflowID, v.Choice, err)
		}
	}
	return len(open)
}

// choose draws one of the allowed choices. A pair that a person would have to look up is never named, and whoever was told
// once that two contacts are different people is left alone the next time.
func (j *judges) choose(r record.Review) record.Choice {
	allowed := slices.DeleteFunc(slices.Clone(record.Choices(r.Reason)), func(c record.Choice) bool {
		if c == record.ChooseLink {
			return true
		}
		return c == record.ChooseSeparate && slices.ContainsFunc(r.Links, func(l record.Link) bool {
			return slices.Contains(j.taken[l.ID], record.ChooseSeparate)
		})
	})
	return allowed[j.random.IntN(len(allowed))]
}

// decide sends a decision to the run that waits for it, and starts that run where it is not open.
func (j *judges) decide(ctx context.Context, r record.Review, v record.Verdict) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	options := client.StartWorkflowOptions{
		ID: workflows.ReviewID(connection, r.ID), TaskQueue: workflows.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    workflows.SearchAttributes(workflows.ScenarioReview, connection),
	}
	start := func() client.WithStartWorkflowOperation {
		return j.temporal.NewWithStartWorkflowOperation(options, workflows.Review, workflows.ReviewInput{Connection: connection, ReviewID: r.ID})
	}
	if single(r) {
		in := workflows.RecordSyncInput{Connection: connection, LinkID: r.Links[0].ID}
		options.ID, options.TypedSearchAttributes = workflows.RecordSyncID(r.Kind, in), workflows.SearchAttributes(workflows.SyncScenarios[r.Kind], connection)
		start = func() client.WithStartWorkflowOperation {
			return j.temporal.NewWithStartWorkflowOperation(options, workflows.RecordSyncs[r.Kind], in)
		}
	}
	update, err := j.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start(),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: workflows.UpdateDecide, WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{v},
		},
	})
	if err != nil {
		return err
	}
	return update.Get(ctx, nil)
}

// single tells whether a review waits in the run of its one record.
func single(r record.Review) bool {
	switch r.Reason {
	case record.ReviewDeletionWave, record.ReviewAmbiguousMatch:
		return false
	case record.ReviewNamesakes, record.ReviewDuplicateRefused:
		return len(r.Links) == 1 && r.WorkflowID == workflows.RecordSyncID(r.Kind, workflows.RecordSyncInput{Connection: connection, LinkID: r.Links[0].ID})
	}
	return true
}
