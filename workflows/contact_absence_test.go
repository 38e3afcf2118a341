package workflows

import (
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// without is a contact whose record is not to be found on a side.
func without(side record.Side, absence activities.Absence) *world {
	w := newWorld()
	w.asks = true
	w.holds[side] = false
	w.absence = absence
	return w
}

// otherID is the id of the half that is left, by the side where the record is gone.
var otherID = map[record.Side]string{record.GoHighLevel: sfID, record.Salesforce: ghlID}

// eachSide runs a test for a record that is gone in GoHighLevel, and for one that is gone in Salesforce.
func eachSide(t *testing.T, test func(*testing.T, record.Side)) {
	t.Helper()
	for _, side := range record.Sides {
		t.Run("gone in "+string(side), func(t *testing.T) { test(t, side) })
	}
}

func TestARecordThatIsGoneWithoutProofIsForAPerson(t *testing.T) {
	eachSide(t, func(t *testing.T, side record.Side) {
		w := without(side, activities.Absence{Action: activities.AbsenceReview, Review: record.ReviewGone})
		commit := w.waits(t)
		same(t, "state", commit.State, record.LinkInReview)
		same(t, "problem", commit.Problem, record.ReviewGone)
		same(t, "side", commit.Side, side)
		same(t, "decisions", w.count("decide"), 0)
		same(t, "what was written", commit.Wrote, nil)
	})
}

func TestOneOfAWaveOfDeletionsDoesNotWaitInItsOwnRun(t *testing.T) {
	w := without(record.Salesforce, activities.Absence{Action: activities.AbsenceReview, Review: record.ReviewDeletionWave})
	w.waves = true
	var out RecordSyncResult
	succeeded(t, w.sync(t, nil), &out)
	same(t, "state", out.State, record.LinkInReview)
	same(t, "problem", out.Problem, record.ReviewDeletionWave)
	same(t, "commits", len(w.commits()), 1)
}

func TestWhereARecordWasMergedTheSurvivorTakesItsPlace(t *testing.T) {
	eachSide(t, func(t *testing.T, side record.Side) {
		w := without(side, activities.Absence{Action: activities.AbsenceRejoin, RecordID: survivorID})
		w.both = activities.RecordDecision{SalesforceFields: []record.Field{record.City}, Salesforce: activities.Sealed("row")}
		var out RecordSyncResult
		succeeded(t, w.sync(t, nil), &out)
		same(t, "state", out.State, record.LinkInStep)
		same(t, "readings", w.count("read "+string(side)), 2)
		same(t, "updates", w.count("update salesforce"), 1)
		commit := w.lastCommit(t)
		same(t, "committed record", map[record.Side]string{
			record.GoHighLevel: commit.Claim.GoHighLevelID, record.Salesforce: commit.Claim.SalesforceID,
		}, map[record.Side]string{side: survivorID, side.Other(): otherID[side]})
	})
}

func TestASurvivorThatContradictsTheOtherHalfIsAboutTheConflictAndNotAboutTheMerge(t *testing.T) {
	w := without(record.Salesforce, activities.Absence{Action: activities.AbsenceRejoin, RecordID: survivorID})
	w.both = activities.RecordDecision{Contested: []record.Field{record.Phone}}
	commit := w.waits(t)
	same(t, "problem", commit.Problem, record.ReviewConflict)
	same(t, "side", commit.Side, record.Side(""))
	same(t, "record", commit.Claim.SalesforceID, survivorID)
}

func TestADeletionThatIsFollowedDeletesTheOtherHalf(t *testing.T) {
	eachSide(t, func(t *testing.T, side record.Side) {
		w := without(side, activities.Absence{Action: activities.AbsenceDelete, Plan: activities.Sealed("deletion")})
		var out RecordSyncResult
		succeeded(t, w.sync(t, nil), &out)
		same(t, "state", out.State, record.LinkDeleted)
		same(t, "deletions", w.count("delete "+string(side.Other())+" "+otherID[side]), 1)
		commit := w.lastCommit(t)
		same(t, "record to forget", commit.Forget, side.Other())
		same(t, "written", commit.Wrote, []record.Operation{record.Delete})
		same(t, "written to", commit.WroteTo, []record.Side{side.Other()})
		same(t, "plan", commit.Plan, activities.Sealed("deletion"))
		same(t, "dropped", commit.Drop, false)
	})
}

func TestADeletionThatIsRefusedFailsTheRunAndForgetsNothing(t *testing.T) {
	w := without(record.Salesforce, activities.Absence{Action: activities.AbsenceDelete, Plan: activities.Sealed("deletion")})
	w.fail("delete gohighlevel "+ghlID, refusal(record.GoHighLevel, crm.NeedsAccess))
	failed(t, w.sync(t, nil), string(crm.NeedsAccess))
	commit := w.lastCommit(t)
	same(t, "state", commit.State, record.LinkFailed)
	same(t, "record to forget", commit.Forget, record.Side(""))
	same(t, "written", commit.Wrote, nil)
	same(t, "base", len(commit.Plan), 0)
}

func TestADeletionThatIsIgnoredLeavesTheOtherHalfAlone(t *testing.T) {
	eachSide(t, func(t *testing.T, side record.Side) {
		w := without(side, activities.Absence{Action: activities.AbsenceKeep})
		succeeded(t, w.sync(t, nil), nil)
		commit := w.lastCommit(t)
		same(t, "state", commit.State, record.LinkParted)
		same(t, "problem", commit.Problem, record.ProblemKept)
		same(t, "written", commit.Wrote, nil)
		same(t, "base", len(commit.Plan), 0)
	})
}

func TestADeletionThatIsMarkedLeavesAMarkOnTheOtherHalf(t *testing.T) {
	mark := activities.Absence{Action: activities.AbsenceMark, Write: activities.Sealed("mark"), Plan: activities.Sealed("marking")}
	for side, call := range map[record.Side]string{record.Salesforce: "add tags " + ghlID, record.GoHighLevel: "update salesforce"} {
		t.Run("gone in "+string(side), func(t *testing.T) {
			w := without(side, mark)
			succeeded(t, w.sync(t, nil), nil)
			same(t, "marks", w.count(call), 1)
			commit := w.lastCommit(t)
			same(t, "state", commit.State, record.LinkParted)
			same(t, "problem", commit.Problem, record.ProblemKept)
			same(t, "written", commit.Wrote, []record.Operation{record.Update})
			same(t, "written to", commit.WroteTo, []record.Side{side.Other()})
			same(t, "plan", commit.Plan, activities.Sealed("marking"))
		})
	}
	t.Run("where the rules have no mark", func(t *testing.T) {
		w := without(record.GoHighLevel, activities.Absence{Action: activities.AbsenceMark, Plan: activities.Sealed("nothing")})
		succeeded(t, w.sync(t, nil), nil)
		same(t, "marks", w.count("update salesforce"), 0)
		commit := w.lastCommit(t)
		same(t, "state", commit.State, record.LinkParted)
		same(t, "written", commit.Wrote, nil)
		same(t, "base", len(commit.Plan), 0)
	})
}

func TestARecordWhoseOtherHalfWasEditedSinceIsCreatedAgain(t *testing.T) {
	eachSide(t, func(t *testing.T, side record.Side) {
		w := without(side, activities.Absence{Action: activities.AbsenceRestore})
		var out RecordSyncResult
		succeeded(t, w.sync(t, nil), &out)
		same(t, "created", out.Created, side)
		same(t, "state", out.State, record.LinkInStep)
		done := w.read()
		same(t, "calls after the reading", done[3:], []string{"absence", "decide", "settle", "create " + string(side), "commit"})
		commit := w.lastCommit(t)
		same(t, "record", commit.Claim.GoHighLevelID+" "+commit.Claim.SalesforceID, ghlID+" "+sfID)
		same(t, "side", commit.Side, record.Side(""))
		same(t, "written", commit.Wrote, []record.Operation{record.Create})
	})
}

func TestAContactOfWhichNothingIsLeftIsOver(t *testing.T) {
	for _, drop := range []bool{true, false} {
		w := without(record.Salesforce, activities.Absence{Action: activities.AbsenceOver, Drop: drop})
		w.holds[record.GoHighLevel] = false
		var out RecordSyncResult
		succeeded(t, w.sync(t, nil), &out)
		same(t, "state", out.State, record.LinkDeleted)
		commit := w.lastCommit(t)
		same(t, "dropped", commit.Drop, drop)
		same(t, "record to forget", commit.Forget, record.Side(""))
		same(t, "written", commit.Wrote, nil)
	}
}

func TestWhatAPersonDecidesAboutADeletionIsDone(t *testing.T) {
	for _, c := range []struct {
		choice   record.Choice
		state    record.LinkState
		call     string
		verdicts []string
	}{
		{record.ChooseKeep, record.LinkParted, "", []string{"absence: keep by ada", "commit: keep by ada"}},
		{record.ChooseDelete, record.LinkDeleted, "delete gohighlevel " + ghlID, []string{"absence: delete by ada", "commit: delete by ada"}},
		{record.ChooseRestore, record.LinkInStep, "create salesforce", []string{
			"absence: restore by ada", "decide: restore by ada", "settle: restore by ada", "commit: restore by ada",
		}},
	} {
		t.Run(string(c.choice), func(t *testing.T) {
			w := without(record.Salesforce, activities.Absence{Action: activities.AbsenceReview, Review: record.ReviewDeletion})
			var got *answer
			verdict := record.Verdict{ReviewID: 1, Choice: c.choice, By: "ada"}
			env := w.sync(t, func(env *testsuite.TestWorkflowEnvironment) { got = decide(env, time.Hour, "u-1", verdict) })
			var out RecordSyncResult
			succeeded(t, env, &out)
			got.taken(t, verdict)
			same(t, "state", out.State, c.state)
			same(t, "verdicts", w.verdicts, c.verdicts)
			if c.call != "" {
				same(t, c.call, w.count(c.call), 1)
			}
		})
	}
}

func TestADeletionIsLookedIntoUntilItIsClear(t *testing.T) {
	w := without(record.GoHighLevel, activities.Absence{Action: activities.AbsenceKeep})
	busy := refusal(record.GoHighLevel, crm.Busy)
	w.fail("absence", busy, busy, busy)
	succeeded(t, w.sync(t, nil), nil)
	same(t, "attempts", w.count("absence"), 4)
	same(t, "state", w.lastCommit(t).State, record.LinkParted)
}
