package workflows

import (
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// The option profiles, one per kind of work. These are the only durations of the package.

// fenced fails at once what works under a claim of the workflow's own: a claim that was lost does not come back by trying
// again. The bulk lane's activities claim anew by themselves.
var fenced = []string{activities.TypeFenced}

// vendorCall is one API call that is safe to repeat: retried for as long as the vendor is down, and soon where the worker
// died; what needs a person fails at once, by the error's own word.
func vendorCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout: 40 * time.Second,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, NonRetryableErrorTypes: fenced,
		},
	})
}

// vendorWrite is one API call that changes something: one attempt. By the next, what it was decided on may not be so any more,
// or the first may have been carried out, so that the workflow looks anew before it tries again. So it does where no worker
// takes it soon.
func vendorWrite(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		ScheduleToStartTimeout: 10 * time.Second,
		StartToCloseTimeout:    40 * time.Second,
		HeartbeatTimeout:       heartbeat,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// ledgerCall touches only the ledger.
func ledgerCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second, NonRetryableErrorTypes: fenced,
		},
	})
}

// claimCall takes a record for the run, and waits while another one works on it: not much longer than that does.
func claimCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 5 * time.Second, NonRetryableErrorTypes: fenced,
		},
	})
}

// personCall is a few API calls whose result a person waits for: soon, or not at all.
func personCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout:    20 * time.Second,
		ScheduleToCloseTimeout: 40 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2},
	})
}

// bulkCall is many API calls and ledger writes under a heartbeat. Its progress is in the ledger, so a retry goes on
// where the last attempt stopped.
func bulkCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
}

// sweepCall polls many connections under a heartbeat. What it found is in the ledger, so a retry polls only what is left,
// and before long the next run polls it anyway.
func sweepCall(ctx workflow.Context, summary string) workflow.Context {
	return with(ctx, summary, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Minute,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 20 * time.Second},
	})
}

func with(ctx workflow.Context, summary string, o workflow.ActivityOptions) workflow.Context {
	o.Summary = summary
	return workflow.WithActivityOptions(ctx, o)
}

// child is a run of its own that outlives its parent, so that it can be replayed by itself.
func child(ctx workflow.Context, id, scenario, connection, summary string) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            id,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: SearchAttributes(scenario, connection),
		StaticSummary:         summary,
	})
}

// ofKind lets a bulk run that is about to be started be found by the kind that it syncs.
func ofKind(ctx workflow.Context, kind record.Kind, connection string) workflow.Context {
	o := workflow.GetChildWorkflowOptions(ctx)
	o.TypedSearchAttributes = SearchAttributesOf(kind, ScenarioBulkSync, connection)
	return workflow.WithChildOptions(ctx, o)
}

// settlePause is how long a ContactSync waits before it settles a create that died.
func settlePause(attempt int) time.Duration {
	return min(time.Duration(1<<min(attempt, 6))*time.Second, time.Minute)
}

// setbackPause is how long a run waits before it decides a write anew that failed for the nth time.
func setbackPause(n int) time.Duration {
	return min(time.Second<<min(n-1, 10), 15*time.Minute)
}

// lostPause is how long a NoteToTask waits before it looks again whether the note's contact is in step.
func lostPause(lost int) time.Duration {
	return min(2*time.Second<<min(lost-1, 12), time.Hour)
}

// repairPause is how long a Verify waits before it looks again whether what has drifted is synced.
func repairPause(look int) time.Duration {
	return min(time.Second<<min(look, 5), 30*time.Second)
}

const (
	// repairPatience is how long a Verify waits at most until what has drifted is synced.
	repairPatience = 30 * time.Minute
	// partPause is how long a NoteSync waits before it looks whether a part of a note was created: by then a vendor's lists
	// show it.
	partPause = 40 * time.Second
	// lostLooks is how often it looks: over a day.
	lostLooks = 36
	// heartbeat is how long a worker may be silent about what it has under way.
	heartbeat = 10 * time.Second
	// batchSize is how many records one activity of the bulk lane takes.
	batchSize = 200
	// recordLanes is how many ContactSync runs a BulkSync has under way at once.
	recordLanes = 10
	// recordLanesAtMost bounds the ContactSync runs that a run has under way, with those that have been so for long.
	recordLanesAtMost = 200
	// longRun is how long a ContactSync takes that has to wait for a vendor.
	longRun = 30 * time.Second
	// lookAgain and lookAgainInBulk are how long a SyncChanges lets changes gather that come while others are under way.
	lookAgain       = time.Second
	lookAgainInBulk = 5 * time.Second
	// reviewsAtOnce is how many reviews of several links are given a run at once.
	reviewsAtOnce = 50
	// restLongest is how long a run waits at most until it looks again whether its connection is still paused.
	restLongest = 15 * time.Minute
	// markSize is how many links one activity marks.
	markSize = 2000
	// verifySize is how many links one activity compares.
	verifySize = 1000
	// verifiedAtOnce is how many comparisons one run of Maintenance starts at most; the others are due at the next.
	verifiedAtOnce = 20
	// passes is how often an onboarding syncs what the comparison found differing, before it calls it drift.
	passes = 3
)

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
