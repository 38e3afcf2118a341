package workflows

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestACreateIsSettledFirst(t *testing.T) {
	for _, c := range []struct {
		what   string
		on     record.Side // where the contact is
		create activities.RecordDecision
		call   string
	}{
		{"in GoHighLevel", record.Salesforce, activities.RecordDecision{GoHighLevel: activities.Sealed("doc")}, "create gohighlevel"},
		{"in Salesforce", record.GoHighLevel, activities.RecordDecision{Salesforce: activities.Sealed("row")}, "create salesforce"},
		{
			"in Salesforce by an external id", record.GoHighLevel,
			activities.RecordDecision{Salesforce: activities.Sealed("row"), SalesforceField: "GHL_Id__c", SalesforceValue: ghlID},
			"upsert salesforce",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := only(c.on)
			w.create = c.create
			var out RecordSyncResult
			succeeded(t, w.sync(t, nil), &out)
			same(t, "created", out.Created, c.on.Other())
			same(t, "ids", []string{out.GoHighLevelID, out.SalesforceID}, []string{ghlID, sfID})
			same(t, "calls", w.read(), []string{"claim", "read " + string(c.on), "decide", "settle", c.call, "commit"})
			commit := w.lastCommit(t)
			same(t, "committed ids", []string{commit.Claim.GoHighLevelID, commit.Claim.SalesforceID}, []string{ghlID, sfID})
			same(t, "written", commit.Wrote, []record.Operation{record.Create})
		})
	}
}

func TestACreateThatWasCutOffIsLookedForAndNotRepeated(t *testing.T) {
	for _, c := range []struct {
		what string
		err  error
	}{
		{"the connection died", refusal(record.GoHighLevel, crm.Ambiguous)},
		{"the worker was stopped in the middle", temporal.NewApplicationError("context canceled", "Error")},
		{"the worker died", temporal.NewTimeoutError(1, nil)},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := only(record.Salesforce)
			w.landed = true
			w.errs["create gohighlevel"] = []error{c.err}
			var waits []time.Duration
			env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
				env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { waits = append(waits, d) })
			})
			var out RecordSyncResult
			succeeded(t, env, &out)
			same(t, "creates", w.count("create gohighlevel"), 1)
			same(t, "look-ups", w.count("settle"), 2)
			same(t, "reads of the record found", w.count("read gohighlevel"), 1)
			same(t, "GoHighLevel's id", out.GoHighLevelID, ghlID)
			if !slices.Contains(waits, settlePause(0)) {
				t.Errorf("it did not wait before it looked again: %v", waits)
			}
		})
	}
}

func TestACreateThatDidNotLandIsTriedAgainAfterLooking(t *testing.T) {
	w := only(record.GoHighLevel)
	cut := refusal(record.Salesforce, crm.Ambiguous)
	w.errs["create salesforce"] = []error{cut, refusal(record.Salesforce, crm.RateLimited), cut}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "creates", w.count("create salesforce"), 4)
	same(t, "look-ups", w.count("settle"), 4)
	same(t, "written once", w.lastCommit(t).Wrote, []record.Operation{record.Create})
}

func TestAContactThatIsFoundIsReadAndBroughtIntoStep(t *testing.T) {
	w := only(record.GoHighLevel)
	w.put(record.Salesforce) // made by somebody else, and not linked
	w.both = activities.RecordDecision{SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row")}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "creates", w.count("create salesforce"), 0)
	same(t, "updates", w.count("update salesforce"), 1)
	same(t, "created", out.Created, record.Side(""))
	same(t, "Salesforce's id", w.lastCommit(t).Claim.SalesforceID, sfID)
}

func TestWhoCannotBeToldApartIsForAPerson(t *testing.T) {
	t.Run("the vendor refuses a duplicate", func(t *testing.T) {
		w := only(record.Salesforce)
		w.errs["create gohighlevel"] = []error{refusal(record.GoHighLevel, crm.Duplicate)}
		commit := w.waits(t)
		same(t, "state", commit.State, record.LinkInReview)
		same(t, "problem", commit.Problem, record.ReviewDuplicateRefused)
		same(t, "creates", w.count("create gohighlevel"), 1)
		same(t, "base", len(commit.Plan), 0)
	})
	t.Run("several look alike", func(t *testing.T) {
		w := only(record.Salesforce)
		w.settled = activities.SettledRecord{Review: record.ReviewAmbiguousMatch}
		same(t, "problem", w.waits(t).Problem, record.ReviewAmbiguousMatch)
		same(t, "creates", w.count("create gohighlevel"), 0)
	})
}

func TestACreateThatIsRefusedForGoodFailsTheRun(t *testing.T) {
	w := only(record.GoHighLevel)
	w.errs["create salesforce"] = []error{refusal(record.Salesforce, crm.Rejected)}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "Rejected") })
	failed(t, env, "Rejected")
	same(t, "creates", w.count("create salesforce"), 1)
	same(t, "state", w.lastCommit(t).State, record.LinkFailed)
}

func TestThePauseBeforeLookingAgainGrowsUpToAMinute(t *testing.T) {
	var got []time.Duration
	for _, attempt := range []int{0, 1, 2, 5, 6, 7, 1000} {
		got = append(got, settlePause(attempt))
	}
	same(t, "pauses", got, []time.Duration{
		time.Second, 2 * time.Second, 4 * time.Second, 32 * time.Second, time.Minute, time.Minute, time.Minute,
	})
}
