package workflows

import (
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestPeopleAreRemindedOnceAndTheDefaultIsTakenAtTheDeadline(t *testing.T) {
	w := contested()
	w.remindIn, w.decideIn = 72*time.Hour, 14*24*time.Hour
	began := map[string]time.Duration{}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		start := env.Now()
		for what, at := range map[string]time.Duration{
			"before the reminder": 72*time.Hour - time.Minute, "before the deadline": 14*24*time.Hour - time.Minute,
		} {
			env.RegisterDelayedCallback(func() { began[what] = time.Duration(len(w.read())) }, at)
		}
		w.onRemind = func() { began["reminder"] = env.Now().Sub(start).Round(time.Hour) }
	})
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "reminders", w.count("remind of acme's review 1"), 1)
	same(t, "time of the reminder", began["reminder"], 72*time.Hour)
	same(t, "calls between reminder and deadline", began["before the deadline"]-began["before the reminder"], 1)
	same(t, "verdicts", w.verdicts, []string{"decide: salesforce by deadline", "commit: salesforce by deadline"})
	same(t, "state", out.State, record.LinkInStep)
	same(t, "fields", out.Fields, map[string]string{"city": "salesforce", "phone": "gohighlevel"})
}

func TestAChangeWakesAWaitingRunWhichEndsIfNothingIsAskedAnyMore(t *testing.T) {
	w := contested()
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			w.changeTo(activities.RecordDecision{})
			env.SignalWorkflow(SignalChanged, nil)
		}, time.Hour)
	})
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "state", out.State, record.LinkInStep)
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview, record.LinkInStep})
	same(t, "verdicts", w.verdicts, nil)
}

func TestAChangeThatLeavesTheQuestionOpenIsSyncedAndWaitedOn(t *testing.T) {
	w := contested()
	w.remindIn = 72 * time.Hour
	var got *answer
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		for _, at := range []time.Duration{time.Hour, 100 * time.Hour} {
			env.RegisterDelayedCallback(func() { env.SignalWorkflow(SignalChanged, nil) }, at)
		}
		got = decide(env, 200*time.Hour, "u-1", toSalesforce)
	})
	succeeded(t, env, nil)
	got.taken(t, toSalesforce)
	same(t, "passes", w.count("claim"), 4)
	same(t, "reminders", w.count("remind of acme's review 1"), 1)
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview, record.LinkInReview, record.LinkInReview, record.LinkInStep})
}

// The ledger tells of a change only up to the commit, and who tells the run does so once.
func TestAChangeThatComesJustBeforeTheWaitIsNotForgotten(t *testing.T) {
	for _, asks := range []bool{true, false} {
		w := contested()
		w.asks = asks
		env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
			w.onCommit = func() {
				w.onCommit = nil
				w.both.Contested = nil
				env.SignalWorkflow(SignalChanged, nil)
			}
		})
		succeeded(t, env, nil)
		same(t, "passes", w.count("claim"), 2)
		same(t, "state", w.lastCommit(t).State, record.LinkInStep)
	}
}

func TestAContactThatChangedWhileItWasSyncedIsSyncedAgain(t *testing.T) {
	w := newWorld()
	w.again = 2
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "passes", w.count("claim"), 3)
	same(t, "commits", len(w.commits()), 3)
	same(t, "state", out.State, record.LinkInStep)
}

func TestAContactThatChangedWhileItsSyncFailedIsSyncedAgain(t *testing.T) {
	w := newWorld()
	w.again = 1
	w.errs["decide"] = []error{refusal("", crm.Invalid)}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "states", w.states(), []record.LinkState{record.LinkFailed, record.LinkInStep})
	same(t, "state", out.State, record.LinkInStep)
}

func TestAWokenRunThatFailsRecordsItAndAnswersWhoeverDecides(t *testing.T) {
	w := contested()
	var got *answer
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		marked(env, "Rejected")
		env.RegisterDelayedCallback(func() {
			w.fail("update salesforce", refusal(record.Salesforce, crm.Rejected))
			env.SignalWorkflow(SignalChanged, nil)
		}, time.Hour)
		got = decide(env, time.Hour, "u-1", record.Verdict{ReviewID: 1, Choice: record.ChooseSalesforce, By: "ada"})
	})
	failed(t, env, "Rejected")
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview, record.LinkFailed})
	got.refused(t, TypeDecided, false)
}

func TestAReminderThatIsRefusedForGoodFailsTheRunAndLeavesTheContactInReview(t *testing.T) {
	w := contested()
	w.remindIn = time.Hour
	w.errs["remind of acme's review 1"] = []error{refusal("", crm.NeedsReconnect)}
	failed(t, w.sync(t, nil), "NeedsReconnect")
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview})
}

func TestAContactThatIsGoneOnceItsRunIsWokenEndsTheRunQuietly(t *testing.T) {
	w := contested()
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			w.forget()
			env.SignalWorkflow(SignalChanged, nil)
		}, time.Hour)
	})
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "link", out.LinkID, linkID)
	same(t, "commits", len(w.commits()), 1)
}

func TestARunThatIsStartedByHandForAnUnknownContactFails(t *testing.T) {
	w := newWorld()
	w.forget()
	failed(t, w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "NotFound") }), "NotFound")
	same(t, "calls", w.read(), []string{"claim"})
}

func TestARunThatBeganBeforeLiveSyncLeavesWhatIsGoneToAPerson(t *testing.T) {
	w := newWorld()
	w.holds[record.Salesforce] = false
	w.absence = activities.Absence{Action: activities.AbsenceDelete}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.OnGetVersion(changeLiveSync, workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	})
	succeeded(t, env, nil)
	same(t, "settlings", w.count("absence"), 0)
	same(t, "problem", w.lastCommit(t).Problem, record.ReviewGone)
}
