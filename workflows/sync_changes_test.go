package workflows

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

var changes = SyncChangesInput{Connection: "acme"}

func TestAFewPendingContactsGetARunEach(t *testing.T) {
	o := newOffice(3, 1, 2)
	var ids []string
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, _ converter.EncodedValues) {
			ids = append(ids, info.WorkflowExecution.ID)
		})
	})
	succeeded(t, env, nil)
	same(t, "passes", o.synced, map[int64]int{1: 1, 2: 1, 3: 1})
	same(t, "looks", o.count("plan"), 2)
	same(t, "bulk runs", len(o.bulks), 0)
	same(t, "runs", len(ids), 3)
	for _, id := range ids {
		if !strings.HasPrefix(id, "contact/acme/") {
			t.Errorf("a run is called %q", id)
		}
	}
}

func TestNoMoreContactsThanTheLaneTakesAreSyncedAtOnce(t *testing.T) {
	o := newOffice()
	o.most = 100
	for link := range int64(35) {
		o.mark(link + 1)
	}
	var running, most int
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnChildWorkflowStartedListener(func(*workflow.Info, workflow.Context, converter.EncodedValues) {
			running++
			most = max(most, running)
		})
		env.SetOnChildWorkflowCompletedListener(func(*workflow.Info, converter.EncodedValue, error) { running-- })
	})
	succeeded(t, env, nil)
	same(t, "contacts", len(o.synced), 35)
	same(t, "runs at once", most, recordLanes)
}

func TestManyPendingContactsGoInBulk(t *testing.T) {
	o := newOffice()
	for link := range int64(11) {
		o.mark(link + 1)
	}
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "passes of single contacts", o.synced, map[int64]int{})
	same(t, "calls", o.read(), []string{"plan", "bulk sync", "plan"})
	same(t, "bulk runs", o.bulks, []BulkSyncInput{
		{Connection: "acme", Kind: record.Contact, Epoch: "-0", Origin: "bulk/acme/contact/-0", Total: 11},
	})
}

func TestEachBulkRunHasANameOfItsOwn(t *testing.T) {
	o := newOffice(1, 2)
	o.most = 0
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(3)
			env.SignalWorkflow(SignalRing, nil)
		}, o.takes/2)
	})
	succeeded(t, env, nil)
	var epochs []string
	for _, in := range o.bulks {
		epochs = append(epochs, in.Epoch)
	}
	same(t, "epochs", epochs, []string{"-0", "-1"})
}

func TestWhereNothingIsPendingTheRunCompletes(t *testing.T) {
	o := newOffice()
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "calls", o.read(), []string{"plan"})
}

func TestAConnectionThatIsNotLiveIsLeftAlone(t *testing.T) {
	o := newOffice(1, 2)
	o.paused, o.reviews = true, []int64{4}
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "calls", o.read(), []string{"plan"})
	same(t, "pending", o.pending, []int64{1, 2})
}

func TestARingDuringTheWorkCausesAnotherLook(t *testing.T) {
	o := newOffice(1)
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(2)
			env.SignalWorkflow(SignalRing, nil)
		}, o.takes/2)
	})
	succeeded(t, env, nil)
	same(t, "passes", o.synced, map[int64]int{1: 1, 2: 1})
}

func TestARingDuringTheLastLookCausesAnotherOne(t *testing.T) {
	o := newOffice()
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		o.onPlan = func() {
			o.pending = []int64{9} // what was announced after the look had begun
			env.SignalWorkflow(SignalRing, nil)
		}
	})
	succeeded(t, env, nil)
	same(t, "passes", o.synced, map[int64]int{9: 1})
}

func TestAContactThatFailsDoesNotStopTheOthers(t *testing.T) {
	o := newOffice(1, 2, 3)
	o.refused[2] = true
	env := o.work(t, changes, nil)
	succeeded(t, env, nil)
	same(t, "passes", o.synced, map[int64]int{1: 1, 2: 1, 3: 1})
	details := detailsOf(t, env)
	for _, want := range []string{"| record lane | 3 |", "| failed | 1 |"} {
		if !strings.Contains(details, want) {
			t.Errorf("the details do not say %q: %s", want, details)
		}
	}
}

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
	same(t, "looks", o.count("plan"), 3)
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

func TestReviewsGetTheirRuns(t *testing.T) {
	o := newOffice(1)
	o.reviews = []int64{4, 8}
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "runs", o.runs(), map[string]int{"start 1": 1, "review 4": 1, "review 8": 1})
}

// A run may take a while until it has noted that it waits for the review.
func TestEveryReviewGetsItsRunThoughTheFirstAreSlowToAttend(t *testing.T) {
	o := newOffice()
	o.deaf = true
	for id := range int64(2*reviewsAtOnce + 5) {
		o.reviews = append(o.reviews, id+1)
	}
	succeeded(t, o.work(t, changes, nil), nil)
	runs := o.runs()
	same(t, "reviews with a run", len(runs), 2*reviewsAtOnce+5)
	for review, n := range runs {
		same(t, "runs of "+review, n, 1)
	}
}

func TestAReviewWhoseRunIsOpenIsNoFailure(t *testing.T) {
	o := newOffice(1)
	o.reviews, o.deaf = []int64{4, 8}, true
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: ReviewID("acme", 8)}) // that id is taken
	})
	succeeded(t, env, nil)
	same(t, "runs", o.runs(), map[string]int{"start 1": 1, "review 4": 1})
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

func TestAPlanThatFailsForGoodFailsTheRunWithItsType(t *testing.T) {
	o := newOffice(1)
	o.planErr = refusal("", crm.Invalid)
	failed(t, o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "Invalid") }), "Invalid")
}

func TestASyncWithoutAConnectionIsInvalid(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(SyncChanges, SyncChangesInput{})
	failed(t, env, TypeInvalidInput)
}

// detailsOf reads what a run shows of itself.
func detailsOf(t *testing.T, env *testsuite.TestWorkflowEnvironment) string {
	t.Helper()
	answer, err := env.QueryWorkflow("__temporal_workflow_metadata")
	if err != nil {
		t.Fatal(err)
	}
	var metadata sdk.WorkflowMetadata
	if err := answer.Get(&metadata); err != nil {
		t.Fatal(err)
	}
	return metadata.CurrentDetails
}
