package workflows

import (
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestABulkSyncEndsWhereItsConnectionIsPausedAndLeavesTheRestPending(t *testing.T) {
	b := newBacklog(5 * batchSize)
	b.handedOver = []int64{7}
	b.rests = []string{"", record.ConnectionPaused, record.ConnectionPaused, record.ConnectionPaused}
	var out BulkSyncResult
	succeeded(t, b.run(t, bulkInput, nil), &out)
	same(t, "result", out, BulkSyncResult{Done: batchSize})
	same(t, "pending", b.pending, 4*batchSize)
	same(t, "runs of single contacts", len(b.synced), 0)
}

func TestABulkSyncThatStaysGoesOnWhenItsConnectionIsActiveAgain(t *testing.T) {
	b := newBacklog(10)
	b.rests = []string{record.ConnectionPaused, record.ConnectionPaused, record.ConnectionPaused, record.ConnectionPaused}
	in := bulkInput
	in.Stays = true
	var during Progress
	env := b.run(t, in, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { during = progressOf(t, env) }, 30*time.Second)
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 10})
	same(t, "what it says meanwhile", during.Paused, "The connection is paused")
	same(t, "what it says in the end", progressOf(t, env).Paused, "")
}
