package workflows

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

var revoked = record.Refusal{Side: record.Salesforce, State: record.RefusalReconnect, Reason: "the grant is revoked"}

func TestASyncOfAConnectionThatASideRefusesSaysSoAndLeavesWhatIsPending(t *testing.T) {
	o := newOffice(1, 2)
	o.refuses, o.reviews = []record.Refusal{revoked}, []int64{4}
	env := o.work(t, SyncChangesInput{Connection: "acme"}, nil)
	succeeded(t, env, nil)
	same(t, "runs", o.runs(), map[string]int{})
	same(t, "pending", o.pending, []int64{1, 2})
	for _, words := range []string{"Salesforce refuses the connection", "the grant is revoked", "`starter connect salesforce acme`", "is kept"} {
		if details := detailsOf(t, env); !strings.Contains(details, words) {
			t.Errorf("%q is not said: %s", words, details)
		}
	}
}

func TestABulkSyncThatStaysSaysWhichSideRefusesAndGoesOnAfterIt(t *testing.T) {
	b := newBacklog(10)
	b.refusal = &revoked
	for range 3 * activities.BulkLanes {
		b.rests = append(b.rests, true)
	}
	in := bulkInput
	in.Stays = true
	var during Progress
	env := b.run(t, in, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { during = progressOf(t, env) }, 10*time.Second)
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 10})
	same(t, "what it says meanwhile", during.Paused, "Salesforce refuses the connection (reconnect): the grant is revoked")
}
