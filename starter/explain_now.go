package main

import (
	"context"
	"errors"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

const (
	// explainPatience is how long a person waits for what both sides hold.
	explainPatience = 10 * time.Second
	// explainLife is when a run is given up that nobody waits for any more.
	explainLife = time.Minute
)

// standing asks a worker how a link stands on both sides. Where that cannot be known, unread says why, in words.
func (a *app) standing(ctx context.Context, row store.Connection, kind record.Kind, link int64) (now *activities.Explanation, unread string, err error) {
	keys, err := a.keys(ctx)
	if err != nil {
		return nil, "", err
	}
	if !record.Connected(row.State) {
		return nil, "What both sides hold now is not known: the connection is " + row.State + ".", nil
	}
	temporal, err := a.dial(ctx)
	if err != nil {
		return nil, "What both sides hold now is not known: Temporal does not answer.", nil
	}
	if a.needsWorker(ctx, temporal) != nil {
		return nil, "What both sides hold now needs a running worker.", nil
	}
	asking, cancel := context.WithTimeout(ctx, explainPatience)
	defer cancel()
	run, err := temporal.ExecuteWorkflow(crm.WithLane(asking, crm.LaneHuman), client.StartWorkflowOptions{
		ID: workflows.ExplainID(row.ID, link), TaskQueue: workflows.TaskQueue, StaticSummary: "Explain a " + string(kind) + " to a person",
		TypedSearchAttributes:    workflows.SearchAttributesOf(kind, workflows.ScenarioExplain, row.ID),
		WorkflowExecutionTimeout: explainLife, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.Explain, workflows.ExplainInput{Connection: row.ID, Kind: kind, LinkID: link})
	var sealed activities.Sealed
	if err == nil {
		err = run.Get(asking, &sealed)
	}
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil && (asking.Err() != nil || errors.Is(err, context.DeadlineExceeded)):
		return nil, "What both sides hold now could not be read in time; it needs a running worker, and CRMs that answer.", nil
	case err != nil:
		return nil, "What both sides hold now could not be read: " + explain(err), nil
	}
	opened, err := activities.OpenExplanation(assembly.NewCipher(keys, row.ID), sealed)
	return &opened, "", err
}
