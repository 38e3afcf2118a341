package workflows

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
)

func TestABulkSyncEndsWhereItsConnectionIsPausedAndLeavesTheRestPending(t *testing.T) {
	b := newBacklog(5 * batchSize)
	b.handedOver = []int64{7}
	b.rests = []bool{false, true, true, true}
	var out BulkSyncResult
	succeeded(t, b.run(t, bulkInput, nil), &out)
	same(t, "result", out, BulkSyncResult{Done: batchSize})
	same(t, "pending", b.pending, 4*batchSize)
	same(t, "runs of single contacts", len(b.synced), 0)
}

func TestABulkSyncThatStaysGoesOnWhenItsConnectionIsActiveAgain(t *testing.T) {
	b := newBacklog(10)
	for range 3 * activities.BulkLanes {
		b.rests = append(b.rests, true)
	}
	in := bulkInput
	in.Stays = true
	var during Progress
	var waits []time.Duration
	env := b.run(t, in, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { waits = append(waits, d) })
		env.RegisterDelayedCallback(func() { during = progressOf(t, env) }, 10*time.Second)
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 10})
	slices.Sort(waits)
	same(t, "waits", slices.Compact(waits), []time.Duration{20 * time.Second, 40 * time.Second, 80 * time.Second})
	same(t, "what it says meanwhile", during.Paused, "The connection is paused; `starter connections resume` lets it go on")
	same(t, "what it says in the end", progressOf(t, env).Paused, "")
}
