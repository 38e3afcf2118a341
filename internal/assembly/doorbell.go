package assembly

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/workflows"
)

// Doorbell wakes SyncChanges runs on Temporal.
type Doorbell struct{ Temporal client.Client }

var _ activities.Doorbell = Doorbell{}

// Ring is one SignalWithStart.
func (d Doorbell) Ring(ctx context.Context, connection string) error {
	// Whoever rings, the run is not in the caller's lane: it brings changes to the other side.
	ctx = crm.WithLane(ctx, crm.LaneLive)
	_, err := d.Temporal.SignalWithStartWorkflow(ctx, workflows.SyncChangesID(connection), workflows.SignalRing, nil,
		client.StartWorkflowOptions{
			TaskQueue: workflows.TaskQueue, StaticSummary: "Sync what has changed",
			TypedSearchAttributes: workflows.SearchAttributes(workflows.ScenarioSyncChanges, connection),
		}, workflows.SyncChanges, workflows.SyncChangesInput{Connection: connection})
	if err != nil {
		return fmt.Errorf("wake %s: %w", workflows.SyncChangesID(connection), err)
	}
	return nil
}
