package workflows

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAContactThatChangedOnBothSidesIsWrittenToBoth(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{
		GoHighLevelFields: []record.Field{record.City, record.Tags}, SalesforceFields: []record.Field{record.Phone},
		GoHighLevel: activities.Sealed("doc"), AddTags: activities.Sealed("new"), RemoveTags: activities.Sealed("old"),
		Salesforce: activities.Sealed("row"),
	}
	env := w.sync(t, nil)
	var out RecordSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, RecordSyncResult{
		LinkID: linkID, GoHighLevelID: ghlID, SalesforceID: sfID, State: record.LinkInStep,
		Updated: []record.Side{record.Salesforce, record.GoHighLevel},
		Fields:  map[string]string{"city": "gohighlevel", "tags": "gohighlevel", "phone": "salesforce"},
	})
	done := w.read()
	same(t, "claim", done[0], "claim")
	slices.Sort(done[1:3]) // both sides are read at once
	same(t, "calls", done[1:], []string{
		"read gohighlevel", "read salesforce", "decide", "update salesforce", "update gohighlevel",
		"add tags " + ghlID, "remove tags " + ghlID, "commit",
	})
	same(t, "commit", w.lastCommit(t), activities.CommitRecordInput{
		Claim: w.link, Origin: "epoch", State: record.LinkInStep, Plan: activities.Sealed("plan"),
		Done:    []record.Side{record.Salesforce, record.GoHighLevel},
		Wrote:   []record.Operation{record.Update, record.Update},
		WroteTo: []record.Side{record.Salesforce, record.GoHighLevel}, GoHighLevel: activities.Sealed("stored"),
	})
}

func TestWhereOnlyTagsChangedTheContactItselfIsNotWritten(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{GoHighLevelFields: []record.Field{record.Tags}, AddTags: activities.Sealed("new")}
	succeeded(t, w.sync(t, nil), nil)
	same(t, "updates", w.count("update gohighlevel"), 0)
	same(t, "added tags", w.count("add tags "+ghlID), 1)
	same(t, "removed tags", w.count("remove tags "+ghlID), 0)
}

func TestAContactInStepIsOnlyCommitted(t *testing.T) {
	w := newWorld()
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "state", out.State, record.LinkInStep)
	if len(out.Updated) > 0 || len(w.lastCommit(t).Wrote) > 0 {
		t.Errorf("something was written: %+v", out)
	}
}

func TestAContactOutsideTheFilterIsExcludedAndNotWritten(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{Excluded: true, SalesforceFields: []record.Field{record.Phone}}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "state", out.State, record.LinkExcluded)
	same(t, "updates", w.count("update salesforce"), 0)
	same(t, "base", len(w.lastCommit(t).Plan), 0)
}

func TestContestedFieldsAreForAPersonAndTheOthersAreWritten(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{
		Contested: []record.Field{record.Phone}, SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row"),
	}
	commit := w.waits(t)
	same(t, "state", commit.State, record.LinkInReview)
	same(t, "problem", commit.Problem, record.ReviewConflict)
	same(t, "contested", commit.Fields, []record.Field{record.Phone})
	same(t, "updates", w.count("update salesforce"), 1)
	if len(commit.Plan) == 0 {
		t.Error("what was agreed besides the conflict is not remembered")
	}
}

func TestFieldsThatBothSidesKeepRewritingAreForAPersonAndNothingIsWritten(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{
		Alternating: []record.Field{record.City}, SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row"),
	}
	commit := w.waits(t)
	same(t, "state", commit.State, record.LinkInReview)
	same(t, "problem", commit.Problem, record.ReviewPingPong)
	same(t, "alternating", commit.Fields, []record.Field{record.City})
	same(t, "updates", w.count("update salesforce"), 0)
	same(t, "base", len(commit.Plan), 0)
}

func TestWhatAVendorRefusesForGoodFailsTheRunWithItsType(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{SalesforceFields: []record.Field{record.Email}, Salesforce: activities.Sealed("row")}
	w.errs["update salesforce"] = []error{refusal(record.Salesforce, crm.Rejected)}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "Rejected") })
	err := failed(t, env, "Rejected")
	var p activities.Problem
	if detail := err.Details(&p); detail != nil || p.Code != "CODE_OF_Rejected" || p.Side != record.Salesforce {
		t.Errorf("the error's detail is %+v (%v)", p, detail)
	}
	same(t, "attempts", w.count("update salesforce"), 1)
	commit := w.lastCommit(t)
	same(t, "state", commit.State, record.LinkFailed)
	same(t, "problem", commit.Problem, "Rejected")
	same(t, "base", len(commit.Plan), 0)
}

func TestAFailureAfterOneSideWasWrittenKeepsWhatWasWritten(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{
		SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row"),
		GoHighLevelFields: []record.Field{record.Phone}, GoHighLevel: activities.Sealed("doc"),
	}
	w.errs["update gohighlevel"] = []error{refusal(record.GoHighLevel, crm.Rejected)}
	failed(t, w.sync(t, nil), "Rejected")
	commit := w.lastCommit(t)
	same(t, "state", commit.State, record.LinkFailed)
	same(t, "written to", commit.WroteTo, []record.Side{record.Salesforce})
	same(t, "plan", commit.Plan, activities.Sealed("plan"))
	same(t, "is all of the plan", !commit.Partial, false)
}

func TestAnAddressThatIsTakenWaitsForAPerson(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{
		SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row"),
		GoHighLevelFields: []record.Field{record.Email}, GoHighLevel: activities.Sealed("doc"),
	}
	w.errs["update gohighlevel"] = []error{refusal(record.GoHighLevel, crm.Duplicate)}
	commit := w.waits(t)
	same(t, "state", commit.State, record.LinkInReview)
	same(t, "problem", commit.Problem, record.ReviewIdentity)
	same(t, "side", commit.Side, record.GoHighLevel)
	same(t, "written to", commit.WroteTo, []record.Side{record.Salesforce})
	same(t, "is all of the plan", !commit.Partial, false)
}

func TestAVendorThatIsDownIsWaitedFor(t *testing.T) {
	w := newWorld()
	down := refusal(record.GoHighLevel, crm.Unavailable)
	w.errs["read gohighlevel"] = []error{down, down, down, down, down, down, down, down}
	succeeded(t, w.sync(t, nil), nil)
	same(t, "attempts", w.count("read gohighlevel"), 9)
}

// Each attempt at a write goes by what both sides hold then, and a write that is refused for long costs little history.
func TestAWriteThatFailsForNowIsDecidedAnewEachTime(t *testing.T) {
	w := newWorld()
	w.both = activities.RecordDecision{SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row")}
	down, limited := refusal(record.Salesforce, crm.Unavailable), refusal(record.Salesforce, crm.RateLimited)
	w.errs["update salesforce"] = []error{down, limited, down}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "state", out.State, record.LinkInStep)
	for _, step := range []string{"claim", "read gohighlevel", "read salesforce", "decide", "update salesforce"} {
		same(t, step+"s", w.count(step), 4)
	}
	var writes []int
	for i, commit := range w.commits() {
		writes = append(writes, len(commit.Wrote))
		same(t, "is tried again", commit.Again, i < 3)
		same(t, "is all of the plan", !commit.Partial, i == 3)
	}
	same(t, "what may have been carried out", writes, []int{1, 0, 1, 1})
	total := time.Duration(0)
	for n := 1; total < 24*time.Hour; n++ {
		total += setbackPause(n)
		if n > 120 {
			t.Fatalf("a day of setbacks takes over %d attempts", n)
		}
	}
}

func TestAContactThatAnotherRunHoldsIsWaitedFor(t *testing.T) {
	w := newWorld()
	held := temporal.NewApplicationErrorWithOptions("another run works on this contact", activities.TypeClaimed, temporal.ApplicationErrorOptions{})
	w.errs["claim"] = []error{held, held, held}
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "claims", w.count("claim"), 4)
	same(t, "state", out.State, record.LinkInStep)
}

// A claim is good for some minutes. When a vendor is down for longer, another run may take the contact over, and nothing
// that this one tries under its old claim can succeed.
func TestARunWhoseClaimWasTakenOverStartsOver(t *testing.T) {
	for _, step := range []string{"commit", "settle"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld()
			w.both = activities.RecordDecision{SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row")}
			if step == "settle" {
				w = only(record.GoHighLevel)
			}
			w.errs[step] = []error{activities.Translate(record.ErrFenced)}
			var out RecordSyncResult
			succeeded(t, w.sync(t, nil), &out)
			same(t, "state", out.State, record.LinkInStep)
			same(t, "claims", w.count("claim"), 2)
			same(t, step+"s", w.count(step), 2)
			same(t, "commits", len(w.commits()), 1)
			same(t, "writes under the claim that holds", len(w.lastCommit(t).Wrote), 1)
		})
	}
}

func TestACancelledRunLetsGoOfTheContact(t *testing.T) {
	w := only(record.Salesforce)
	w.errs["create gohighlevel"] = []error{refusal(record.GoHighLevel, crm.Ambiguous)}
	env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(env.CancelWorkflow, settlePause(0)/2)
	})
	var canceled *temporal.CanceledError
	if err := env.GetWorkflowError(); !errors.As(err, &canceled) {
		t.Errorf("the run ended with %v, want it cancelled", err)
	}
	same(t, "state", w.lastCommit(t).State, record.LinkFailed)
	same(t, "creates", w.count("create gohighlevel"), 1)
}

func TestInvalidInputNamesAllProblemsAndTouchesNothing(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(ContactSync, RecordSyncInput{LinkID: 1, Side: record.Salesforce})
	err := failed(t, env, TypeInvalidInput)
	for _, want := range []string{"connection is missing", "not by both"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	env.AssertActivityNotCalled(t, "ClaimContact", mock.Anything, mock.Anything)
}
