package workflows

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
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

func TestOnceAllIsInStepThereIsNoOtherLook(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*office)
		looks  int
	}{
		"all that was pending is in step": {func(*office) {}, 1},
		"one has failed":                  {func(o *office) { o.refused[2] = true }, 2},
		"one waits for a person":          {func(o *office) { o.waits[2] = true }, 2},
		"more may be pending":             {func(o *office) { o.whole = false }, 2},
		"a review was given its run":      {func(o *office) { o.reviews = []int64{4} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(1, 2)
			o.whole = true
			c.change(o)
			succeeded(t, o.work(t, changes, nil), nil)
			same(t, "looks", o.count("plan"), c.looks)
		})
	}
}

func TestARingDuringTheWorkCausesAnotherLookThoughAllIsInStep(t *testing.T) {
	o := newOffice(1)
	o.whole = true
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(2)
			env.SignalWorkflow(SignalRing, nil)
		}, o.takes/2)
	})
	succeeded(t, env, nil)
	same(t, "passes", o.synced, map[int64]int{1: 1, 2: 1})
	same(t, "looks", o.count("plan"), 2)
}

func TestChangesGatherOnlyWhileMoreKeepComing(t *testing.T) {
	for _, rings := range []bool{true, false} {
		o := newOffice(1, 2)
		o.most, o.gather = 0, time.Hour
		var env *testsuite.TestWorkflowEnvironment
		var began, ended time.Time
		env = o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
			began = env.Now()
			env.RegisterDelayedCallback(func() {
				if rings {
					env.SignalWorkflow(SignalRing, nil)
				}
			}, o.takes/2)
		})
		succeeded(t, env, nil)
		ended = env.Now()
		same(t, "gathered", ended.Sub(began) > time.Hour, rings)
	}
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
		{Connection: "acme", Kind: record.Contact, Epoch: "-0", Origin: "bulk/acme/contact/-0", Total: 11, Lanes: 1, LeavesSingle: true},
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
	epochs := map[string]bool{}
	for _, in := range o.bulks {
		epochs[in.Epoch] = true
	}
	same(t, "runs", len(o.bulks), 2)
	same(t, "names", len(epochs), 2)
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
