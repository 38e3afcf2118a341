package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
)

// Sweep polls one shard of the connections for changes that no webhook told of, once. A Schedule starts it.
func Sweep(ctx workflow.Context, in SweepInput) (activities.SweepShardResult, error) {
	var out activities.SweepShardResult
	if err := in.Validate(); err != nil {
		return out, invalidInput(err)
	}
	ctx = activities.InLane(ctx, crm.LaneMaintenance)
	err := workflow.ExecuteActivity(sweepCall(ctx, fmt.Sprintf("Poll what is due in shard %d of %d", in.Shard, in.Shards)),
		sweeps.SweepShard, activities.SweepShardInput{Shard: in.Shard, Shards: in.Shards}).Get(ctx, &out)
	return out, err
}
