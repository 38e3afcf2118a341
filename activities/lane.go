package activities

import (
	"context"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/crm"
)

// laneHeader names the header that carries a run's lane. It is recorded in histories: never rename it.
const laneHeader = "tandem-lane"

// Propagators carry the lane of a run from whoever starts it, or from the workflow (InLane), to its activities, child
// runs and continuations, where the limiters of the clients read it. Every client of Temporal's and every worker of the
// house must have them.
func Propagators() []workflow.ContextPropagator { return []workflow.ContextPropagator{lanes{}} }

type workflowLaneKey struct{}

// InLane lets the API calls of the activities and child runs that are started under the context go in a lane, unless
// they choose another one themselves.
func InLane(ctx workflow.Context, lane crm.Lane) workflow.Context {
	if lane.Rank() < 0 {
		return ctx
	}
	return workflow.WithValue(ctx, workflowLaneKey{}, lane)
}

// LaneOf returns the lane that InLane, or whoever started the run, chose; crm.LaneLive where nobody did.
func LaneOf(ctx workflow.Context) crm.Lane {
	if lane, ok := ctx.Value(workflowLaneKey{}).(crm.Lane); ok {
		return lane
	}
	return crm.LaneLive
}

// lanes is the propagator. The header's payload is the lane's word itself, so that it is read with no converter, and a
// codec that seals payloads leaves it alone; there is no customer data in it. A word that this version does not know
// (a run that a newer one started) is ignored: such calls go in the default lane.
type lanes struct{}

func (lanes) Inject(ctx context.Context, w workflow.HeaderWriter) error {
	if crm.HasLane(ctx) {
		writeLane(w, crm.LaneOf(ctx))
	}
	return nil
}

func (lanes) InjectFromWorkflow(ctx workflow.Context, w workflow.HeaderWriter) error {
	if lane, ok := ctx.Value(workflowLaneKey{}).(crm.Lane); ok {
		writeLane(w, lane)
	}
	return nil
}

func (lanes) Extract(ctx context.Context, r workflow.HeaderReader) (context.Context, error) {
	return crm.WithLane(ctx, readLane(r)), nil
}

func (lanes) ExtractToWorkflow(ctx workflow.Context, r workflow.HeaderReader) (workflow.Context, error) {
	return InLane(ctx, readLane(r)), nil
}

func writeLane(w workflow.HeaderWriter, lane crm.Lane) {
	w.Set(laneHeader, &common.Payload{
		Metadata: map[string][]byte{"encoding": []byte("binary/plain")}, Data: []byte(lane),
	})
}

func readLane(r workflow.HeaderReader) crm.Lane {
	payload, ok := r.Get(laneHeader)
	if !ok {
		return ""
	}
	return crm.Lane(payload.GetData())
}
