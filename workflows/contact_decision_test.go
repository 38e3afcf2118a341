package workflows

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// contested is a contact whose phone both sides changed, and whose city goes through.
func contested() *world {
	w := newWorld()
	w.asks = true
	w.both = activities.RecordDecision{
		Contested: []record.Field{record.Phone}, SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row"),
	}
	return w
}

// toSalesforce is a verdict on the first review of a contact.
var toSalesforce = record.Verdict{ReviewID: 1, Choice: record.ChooseGoHighLevel, By: "ada"}

func TestADecisionIsCarriedOutByAnotherPass(t *testing.T) {
	w := contested()
	var got *answer
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		got = decide(env, time.Hour, "u-1", toSalesforce)
	})
	var out RecordSyncResult
	succeeded(t, env, &out)
	got.taken(t, toSalesforce)
	same(t, "state", out.State, record.LinkInStep)
	same(t, "problem", out.Problem, "")
	same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview, record.LinkInStep})
	same(t, "passes", w.count("claim"), 2)
	same(t, "readings", w.count("read salesforce"), 2)
	same(t, "fields", out.Fields, map[string]string{"city": "salesforce", "phone": "salesforce"})
}

func TestADecisionOnACreateReachesTheLookUp(t *testing.T) {
	w := only(record.GoHighLevel)
	w.asks, w.settled = true, activities.SettledRecord{Review: record.ReviewAmbiguousMatch}
	verdict := record.Verdict{ReviewID: 1, Choice: record.ChooseLink, GoHighLevelID: ghlID, SalesforceID: sfID, By: "ada"}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		decide(env, time.Hour, "u-1", verdict)
		env.RegisterDelayedCallback(func() { w.put(record.Salesforce) }, time.Hour) // what the verdict names is found
	})
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "state", out.State, record.LinkInStep)
	same(t, "Salesforce's id", out.SalesforceID, sfID)
	same(t, "verdicts", w.verdicts, []string{"decide: link by ada", "settle: link by ada", "decide: link by ada", "commit: link by ada"})
}

func TestAContactThatIsToBeIgnoredIsPartedWithoutReadingIt(t *testing.T) {
	t.Run("by a decision now", func(t *testing.T) {
		w := newWorld()
		w.asks = true
		w.both = activities.RecordDecision{Alternating: []record.Field{record.City}}
		env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
			decide(env, time.Hour, "u-1", record.Verdict{ReviewID: 1, Choice: record.ChooseIgnore, By: "ada"})
		})
		var out RecordSyncResult
		succeeded(t, env, &out)
		same(t, "state", out.State, record.LinkParted)
		same(t, "problem", out.Problem, record.ProblemIgnored)
		same(t, "readings", w.count("read gohighlevel"), 1)
		same(t, "verdict", w.lastCommit(t).Verdict.Choice, record.ChooseIgnore)
	})
	t.Run("by one before", func(t *testing.T) {
		w := newWorld()
		w.link.Ignored = true
		succeeded(t, w.sync(t, nil), nil)
		same(t, "calls", w.read(), []string{"claim", "commit"})
		commit := w.lastCommit(t)
		same(t, "state", commit.State, record.LinkParted)
		same(t, "problem", commit.Problem, record.ProblemIgnored)
	})
}

func TestADecisionThatDoesNotFitIsRefusedWithoutATrace(t *testing.T) {
	for _, c := range []struct {
		what    string
		verdict record.Verdict
		kind    string
		says    string
	}{
		{"no review", record.Verdict{Choice: record.ChooseSalesforce, By: "ada"}, TypeInvalidVerdict, "names its review"},
		{"no choice", record.Verdict{ReviewID: 1, By: "ada"}, TypeInvalidVerdict, "a choice"},
		{"nobody", record.Verdict{ReviewID: 1, Choice: record.ChooseSalesforce}, TypeInvalidVerdict, "who made it"},
		{"another review", record.Verdict{ReviewID: 9, Choice: record.ChooseSalesforce, By: "ada"}, TypeDecided, "settled by itself"},
		{"a choice of other reviews", record.Verdict{ReviewID: 1, Choice: record.ChooseDelete, By: "ada"}, TypeInvalidVerdict, "salesforce, gohighlevel"},
		{"a field that is not contested", record.Verdict{
			ReviewID: 1, Choice: record.ChooseSalesforce, Fields: map[record.Field]record.Side{record.City: record.Salesforce}, By: "ada",
		}, TypeInvalidVerdict, "city is not contested"},
		{"a pair", record.Verdict{ReviewID: 1, Choice: record.ChooseSalesforce, SalesforceID: "003", By: "ada"}, TypeInvalidVerdict, "only with link"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := contested()
			var got, right *answer
			env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
				got = decide(env, time.Hour, "wrong", c.verdict)
				right = decide(env, 2*time.Hour, "right", toSalesforce)
			})
			succeeded(t, env, nil)
			if err := got.refused(t, c.kind, true); !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
			right.taken(t, toSalesforce)
			same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
		})
	}
}

func TestSingleFieldsAreDecidedOtherwise(t *testing.T) {
	w := contested()
	w.both.Contested = []record.Field{record.Phone, record.Email}
	verdict := toSalesforce
	verdict.Fields = map[record.Field]record.Side{record.Email: record.Salesforce}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { decide(env, time.Hour, "u-1", verdict) })
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "fields", out.Fields, map[string]string{"city": "salesforce", "phone": "salesforce", "email": "gohighlevel"})
}

func TestTheSameDecisionTwiceIsTakenOnce(t *testing.T) {
	for _, c := range []struct {
		what          string
		first, second time.Duration
	}{
		{"while it waits", time.Hour, time.Hour},
		{"while it is carried out", time.Hour, time.Hour + 30*time.Second},
		{"before it is known what is asked", 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := contested()
			var first, second *answer
			again := toSalesforce
			again.By = "grace"
			env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
				// The second pass meets a vendor that is down for a minute.
				env.RegisterDelayedCallback(func() {
					down := refusal(record.Salesforce, crm.Unavailable)
					w.fail("read salesforce", slices.Repeat([]error{down}, 7)...)
				}, time.Minute)
				first, second = decide(env, c.first, "u-1", toSalesforce), decide(env, c.second, "u-2", again)
			})
			succeeded(t, env, nil)
			first.taken(t, toSalesforce)
			second.taken(t, toSalesforce)
			same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
			same(t, "passes", w.count("claim"), 2)
		})
	}
}

func TestAnotherDecisionOnWhatIsDecidedIsRefused(t *testing.T) {
	w := contested()
	other := record.Verdict{ReviewID: 1, Choice: record.ChooseSalesforce, By: "grace"}
	var late *answer
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		decide(env, time.Hour, "u-1", toSalesforce)
		late = decide(env, time.Hour, "u-2", other)
	})
	succeeded(t, env, nil)
	late.refused(t, TypeDecided, false)
	same(t, "state", w.lastCommit(t).State, record.LinkInStep)
	same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
}

func TestADecisionThatStartsTheRunIsTakenOnceItAsks(t *testing.T) {
	w := contested()
	var got *answer
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { got = decide(env, 0, "u-1", toSalesforce) })
	succeeded(t, env, nil)
	got.taken(t, toSalesforce)
	same(t, "states", w.states(), []record.LinkState{record.LinkInReview, record.LinkInStep})
}

func TestADecisionThatStartsARunThatAsksNothingIsRefused(t *testing.T) {
	for what, prepare := range map[string]func(*world){
		"in step":  func(w *world) { w.both.Contested = nil },
		"failed":   func(w *world) { w.errs["claim"] = []error{refusal("", crm.NeedsReconnect)} },
		"answered": func(w *world) { w.asks = false },
	} {
		t.Run(what, func(t *testing.T) {
			w := contested()
			prepare(w)
			var got *answer
			w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { got = decide(env, 0, "u-1", toSalesforce) })
			got.refused(t, TypeDecided, false)
			same(t, "verdicts", w.verdicts, nil)
		})
	}
}

func TestADecisionInTimeForestallsReminderAndDeadline(t *testing.T) {
	w := contested()
	w.remindIn, w.decideIn = 72*time.Hour, 14*24*time.Hour
	var canceled int
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		decide(env, time.Hour, "u-1", toSalesforce)
		env.SetOnTimerCanceledListener(func(string) { canceled++ })
	})
	succeeded(t, env, nil)
	same(t, "reminders", w.count("remind of acme's review 1"), 0)
	same(t, "timers left behind", canceled, 1)
	same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
}

func TestAVerdictOutlivesAClaimThatWasTakenOver(t *testing.T) {
	w := contested()
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { w.fail("commit", activities.Translate(record.ErrFenced)) }, time.Minute)
		decide(env, time.Hour, "u-1", toSalesforce)
	})
	succeeded(t, env, nil)
	same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "decide: gohighlevel by ada", "commit: gohighlevel by ada"})
	same(t, "state", w.lastCommit(t).State, record.LinkInStep)
}

func TestADecisionIsCarriedOutOnceThoughTheContactChangesMeanwhile(t *testing.T) {
	w := contested()
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { w.changesDuring(1) }, time.Minute)
		decide(env, time.Hour, "u-1", toSalesforce)
	})
	succeeded(t, env, nil)
	same(t, "verdicts", w.verdicts, []string{"decide: gohighlevel by ada", "commit: gohighlevel by ada"})
	same(t, "passes", w.count("claim"), 3)
}

func TestAContactThatWaitsTogetherWithOthersIsNotTouched(t *testing.T) {
	w := newWorld()
	w.link.Held = record.ReviewAmbiguousMatch
	env := w.sync(t, nil)
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "state", out.State, record.LinkInReview)
	same(t, "problem", out.Problem, record.ReviewAmbiguousMatch)
	same(t, "calls", w.read(), []string{"claim", "commit"})
}
