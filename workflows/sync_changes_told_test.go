package workflows

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func TestAContactThatWaitsForAPersonHoldsNobodyUp(t *testing.T) {
	o := newOffice()
	for link := range int64(2 * recordLanes) {
		o.mark(link + 1)
		o.waits[link+1] = true
	}
	o.most = 2 * recordLanes
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "contacts", len(o.synced), 2*recordLanes)
}

func TestAContactWhoseRunIsOpenIsToldAndNotLoopedOn(t *testing.T) {
	o := newOffice(1, 2)
	o.waits[1], o.answers, o.slow[2] = true, 100, time.Hour
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(1)
			env.SignalWorkflow(SignalRing, nil)
		}, 30*time.Minute)
	})
	succeeded(t, env, nil)
	same(t, "runs", o.runs(), map[string]int{"start 1": 1, "start 2": 1, "told 1": 1})
	same(t, "looks", o.count("plan"), 5) // at first, once 1 waits, at the ring, once 1 was told, and once 2 is done
}

func TestAContactThatWasToldIsToldAgainOnlyAfterANewRing(t *testing.T) {
	for _, rings := range []bool{true, false} {
		t.Run(fmt.Sprintf("rings: %v", rings), func(t *testing.T) {
			o := newOffice(1, 2)
			o.waits[1], o.answers, o.slow[2], o.slow[3] = true, 100, time.Hour, time.Hour
			env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
				env.RegisterDelayedCallback(func() {
					o.mark(1, 3)
					env.SignalWorkflow(SignalRing, nil)
				}, 30*time.Minute)
				// By now the run of 1 has been told and has looked, and 3 is under way.
				env.RegisterDelayedCallback(func() {
					o.mark(1)
					if rings {
						env.SignalWorkflow(SignalRing, nil)
					}
				}, 90*time.Minute)
			})
			succeeded(t, env, nil)
			same(t, "runs of 1", o.count("start 1"), 1)
			same(t, "times that it was told", o.count("told 1"), map[bool]int{true: 2, false: 1}[rings])
		})
	}
}

func TestAContactWhoseOpenRunCannotBeToldIsTriedAgain(t *testing.T) {
	o := newOffice(1, 2)
	o.waits[1], o.answers, o.slow[2] = true, 100, time.Hour
	deaf := &deaf{left: tries - 1}
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{deaf}})
		env.RegisterDelayedCallback(func() {
			o.mark(1)
			env.SignalWorkflow(SignalRing, nil)
		}, 30*time.Minute)
	})
	succeeded(t, env, nil)
	same(t, "failures left", deaf.left, 0)
	same(t, "runs", o.runs(), map[string]int{"start 1": 1, "start 2": 1, "told 1": 1})
}

// deaf lets the next signals to other runs fail, as when those have just ended.
type deaf struct {
	interceptor.WorkerInterceptorBase
	left int
}

func (d *deaf) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &deafInbound{interceptor.WorkflowInboundInterceptorBase{Next: next}, d}
}

type deafInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	*deaf
}

func (i *deafInbound) Init(out interceptor.WorkflowOutboundInterceptor) error {
	return i.Next.Init(&deafOutbound{interceptor.WorkflowOutboundInterceptorBase{Next: out}, i.deaf})
}

type deafOutbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	*deaf
}

func (o *deafOutbound) SignalExternalWorkflow(ctx workflow.Context, id, run, name string, arg any) workflow.Future {
	if name != SignalChanged || o.left == 0 {
		return o.Next.SignalExternalWorkflow(ctx, id, run, name, arg)
	}
	o.left--
	failure, settable := workflow.NewFuture(ctx)
	settable.SetError(errors.New("no such run"))
	return failure
}

func TestALongSyncContinuesAsANewRunThatKnowsWhoWasTold(t *testing.T) {
	for _, rang := range []bool{false, true} {
		t.Run(fmt.Sprintf("rang meanwhile: %v", rang), func(t *testing.T) {
			o := newOffice(1)
			in := changes
			in.Told = map[int64]bool{7: true}
			env := o.work(t, in, func(env *testsuite.TestWorkflowEnvironment) {
				env.RegisterDelayedCallback(func() {
					env.SetContinueAsNewSuggested(true)
					if rang {
						env.SignalWorkflow(SignalRing, nil)
					}
				}, o.takes/2)
			})
			var next *workflow.ContinueAsNewError
			if err := env.GetWorkflowError(); !errors.As(err, &next) {
				t.Fatalf("the run ended with %v, want it continued as a new one", err)
			}
			var carried SyncChangesInput
			if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &carried); err != nil {
				t.Fatal(err)
			}
			same(t, "connection", carried.Connection, "acme")
			same(t, "round", carried.Round, 1)
			same(t, "7 counts as told", carried.Told[7], !rang)
		})
	}
}

func TestWhoWasToldByAnEarlierRunIsLeftAlone(t *testing.T) {
	o := newOffice(7)
	in := changes
	in.Told = map[int64]bool{7: true}
	succeeded(t, o.work(t, in, nil), nil)
	same(t, "calls", o.read(), []string{"plan"})
}
