package workflows

import (
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
)

func TestAContactThatTakesLongHoldsNobodyUp(t *testing.T) {
	o := newOffice(1)
	o.slow[1] = 24 * time.Hour
	var after time.Duration
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(2)
			env.SignalWorkflow(SignalRing, nil)
		}, time.Hour)
		env.RegisterDelayedCallback(func() { after = time.Duration(o.synced[2]) }, time.Hour+o.takes+2*lookAgain)
	})
	succeeded(t, env, nil)
	same(t, "times that the other was synced soon after the ring", after, 1)
	same(t, "passes", o.synced, map[int64]int{1: 1, 2: 1})
}

func TestHoweverManyContactsTakeLongTheOthersGetTheirTurn(t *testing.T) {
	o := newOffice()
	o.most = 5 * recordLanes
	for link := range int64(3 * recordLanes) {
		o.mark(link + 1)
		o.slow[link+1] = 24 * time.Hour
	}
	o.mark(100)
	done := false
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { done = o.synced[100] == 1 }, time.Hour)
	})
	succeeded(t, env, nil)
	same(t, "the other is done within the hour", done, true)
	same(t, "contacts", len(o.synced), 3*recordLanes+1)
}

func TestARunInBulkThatTakesLongHoldsNobodyUp(t *testing.T) {
	o := newOffice()
	for link := range int64(20) {
		o.mark(link + 1)
	}
	o.inBulk = 24 * time.Hour
	done := 0
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.mark(100)
			env.SignalWorkflow(SignalRing, nil)
		}, time.Hour)
		env.RegisterDelayedCallback(func() { done = o.synced[100] }, time.Hour+o.takes+2*lookAgainInBulk)
	})
	succeeded(t, env, nil)
	same(t, "times that the one was synced soon after the ring", done, 1)
	same(t, "runs in bulk", len(o.bulks), 1)
}

func TestWhatTheBulkLaneHandsOverIsSyncedBesideIt(t *testing.T) {
	o := newOffice()
	for link := range int64(20) {
		o.mark(link + 1)
	}
	o.handedOver = []int64{7}
	succeeded(t, o.work(t, changes, nil), nil)
	same(t, "calls", o.read(), []string{"plan", "bulk sync", "start 7", "plan"})
}

func TestTheSameContactIsNotBegunTwiceWhileItsRunIsFresh(t *testing.T) {
	o := newOffice(1, 2)
	o.slow[1] = longRun - 2*lookAgain
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		for i := range 4 {
			env.RegisterDelayedCallback(func() {
				o.mark(1)
				o.held[1] = false // as before its run has claimed it
				env.SignalWorkflow(SignalRing, nil)
			}, time.Duration(i)*5*time.Second+time.Second)
		}
	})
	succeeded(t, env, nil)
	same(t, "runs of 1", o.count("start 1"), 1)
	same(t, "times that it was told", o.count("told 1"), 0)
}

func TestARunThatGotLostIsBegunAnew(t *testing.T) {
	o := newOffice(1)
	o.slow[1] = 24 * time.Hour // its end is never heard of
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			o.held[1] = false
			env.SignalWorkflow(SignalRing, nil)
		}, time.Hour)
	})
	succeeded(t, env, nil)
	if details := detailsOf(t, env); !strings.Contains(details, "| record lane | 2 |") {
		t.Errorf("it was not begun twice: %s", details)
	}
}
