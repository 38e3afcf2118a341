package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/record"
)

// keeper starts a ContactSync and keeps what it is told by it until the run has ended.
func keeper(ctx workflow.Context, in RecordSyncInput) (told []int64, err error) {
	workflow.Go(ctx, func(ctx workflow.Context) {
		var link int64
		for parked := workflow.GetSignalChannel(ctx, SignalParked); parked.Receive(ctx, &link); {
			told = append(told, link)
		}
	})
	err = workflow.ExecuteChildWorkflow(child(ctx, ContactSyncID(in), ScenarioContactSync, in.Connection, "a contact"), ContactSync, in).Get(ctx, nil)
	return told, err
}

// syncFor runs a ContactSync over the world on behalf of another run, and returns what that one was told.
func (w *world) syncFor(t *testing.T, prepare func(*testsuite.TestWorkflowEnvironment)) (told []int64) {
	t.Helper()
	env := newEnv(t)
	env.RegisterWorkflow(keeper)
	w.serve(env)
	prepare(env)
	env.ExecuteWorkflow(keeper, RecordSyncInput{Connection: "acme", LinkID: linkID})
	succeeded(t, env, &told)
	return told
}

const contactRun = "contact/acme/17"

func TestARunThatWaitsTellsSoOnceToWhoeverStartedIt(t *testing.T) {
	w := contested()
	got := &answer{}
	told := w.syncFor(t, func(env *testsuite.TestWorkflowEnvironment) {
		for _, at := range []time.Duration{time.Hour, 2 * time.Hour} {
			env.RegisterDelayedCallback(func() {
				if err := env.SignalWorkflowByID(contactRun, SignalChanged, nil); err != nil {
					t.Error(err)
				}
			}, at)
		}
		env.RegisterDelayedCallback(func() {
			if err := env.UpdateWorkflowByID(contactRun, UpdateDecide, "u-1", got.callbacks(), toSalesforce); err != nil {
				t.Error(err)
			}
		}, 3*time.Hour)
	})
	got.taken(t, toSalesforce)
	same(t, "passes", w.count("claim"), 4)
	same(t, "contacts that were said to wait", told, []int64{linkID})
	same(t, "state", w.lastCommit(t).State, record.LinkInStep)
}

func TestARunThatWaitsForNobodyTellsNobody(t *testing.T) {
	w := newWorld()
	told := w.syncFor(t, func(*testsuite.TestWorkflowEnvironment) {})
	same(t, "contacts that were said to wait", told, nil)
}

func TestAContactThatIsGoneBeforeItsTurnEndsTheRunThatWasStartedForItQuietly(t *testing.T) {
	w := newWorld()
	w.forget()
	told := w.syncFor(t, func(*testsuite.TestWorkflowEnvironment) {})
	same(t, "contacts that were said to wait", told, nil)
	same(t, "calls", w.read(), []string{"claim"})
}

// begin starts a ContactSync that outlives it.
func begin(ctx workflow.Context, in RecordSyncInput) error {
	return workflow.ExecuteChildWorkflow(child(ctx, ContactSyncID(in), ScenarioContactSync, in.Connection, "a contact"), ContactSync, in).
		GetChildWorkflowExecution().Get(ctx, nil)
}

func TestARunWaitsThoughWhoeverStartedItIsGone(t *testing.T) {
	w := contested()
	w.decideIn = time.Hour
	env := newEnv(t)
	env.RegisterWorkflow(begin)
	w.serve(env)
	env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, SignalParked, mock.Anything).Return(errors.New("no such run")).Maybe()
	env.ExecuteWorkflow(begin, RecordSyncInput{Connection: "acme", LinkID: linkID})
	succeeded(t, env, nil)
	same(t, "verdicts", w.verdicts, []string{"decide: salesforce by deadline", "commit: salesforce by deadline"})
}

func TestContactsThatWaitForAPersonDoNotHoldABulkSyncUp(t *testing.T) {
	b := newBacklog(0)
	o := newOffice() // whose contacts say that they wait, and do
	for link := range int64(2*recordLanes + 1) {
		b.handedOver = append(b.handedOver, link+1)
		o.waits[link+1] = link != 0
	}
	o.refused[1] = true
	env := newEnv(t)
	env.SetDetachedChildWait(false)
	b.serve(env)
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
		same(t, "connection", in.Connection, "acme")
		same(t, "on whose behalf", in.Origin, "epoch")
		return o.contact(ctx, in)
	}, workflow.RegisterOptions{Name: "ContactSync", DisableAlreadyRegisteredCheck: true})
	env.ExecuteWorkflow(BulkSync, bulkInput)
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Failed: 1})
	same(t, "contacts", len(o.synced), 2*recordLanes+1)
}
