package workflows

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestASweepPollsItsShardAndTriesAgainWhereTheLedgerFails(t *testing.T) {
	env := newEnv(t)
	calls := 0
	env.OnActivity(sweeps.SweepShard, mock.Anything, activities.SweepShardInput{Shard: 2, Shards: 4}).Return(
		func(context.Context, activities.SweepShardInput) (activities.SweepShardResult, error) {
			if calls++; calls < 3 {
				return activities.SweepShardResult{}, refusal(record.Salesforce, crm.Unavailable)
			}
			return activities.SweepShardResult{Swept: 7, Failed: 1, Changes: 12}, nil
		})
	env.ExecuteWorkflow(Sweep, SweepInput{Shard: 2, Shards: 4})
	var out activities.SweepShardResult
	succeeded(t, env, &out)
	same(t, "result", out, activities.SweepShardResult{Swept: 7, Failed: 1, Changes: 12})
	same(t, "attempts", calls, 3)
}

func TestASweepOfNoShardIsInvalid(t *testing.T) {
	for _, in := range []SweepInput{{}, {Shard: 4, Shards: 4}, {Shard: -1, Shards: 4}} {
		env := newEnv(t)
		env.ExecuteWorkflow(Sweep, in)
		failed(t, env, TypeInvalidInput)
	}
}
