package activities_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// surging is a world in which at most five deletions pass within an hour.
func surging() setting {
	return setting{editRules: contactsRules("  deletions: {gohighlevel: propagate, salesforce: propagate, surge: {count: 5, share: 0%, window: 1h}}\n")}
}

// wave deletes everybody on a side and syncs it; it returns the review in which the wave waits.
func (w *world) wave(side record.Side, by lane, ghl, sf []string) record.Review {
	w.t.Helper()
	var marks []record.Mark
	for i := range ghl {
		marks = append(marks, w.remove(side, ghl[i], sf[i]))
	}
	w.hear(by, marks...)
	all := w.reviews()
	require.Len(w.t, all, 1, "one question for the whole wave")
	require.Equal(w.t, record.ReviewDeletionWave, all[0].Reason)
	require.Equal(w.t, side, all[0].Side)
	return all[0]
}

// left is how many contacts the other side still holds.
func (w *world) left(side record.Side) int {
	if side == record.GoHighLevel {
		return w.sf.Count("Contact")
	}
	return w.ghl.Count()
}

// decideWave carries out a decision on a wave and syncs what follows.
func (w *world) decideWave(review record.Review, choice record.Choice, by lane) {
	w.t.Helper()
	rings := w.bell.count()
	in := activities.DecideReviewInput{Connection: acme, Verdict: record.Verdict{ReviewID: review.ID, Choice: choice, By: "a person"}}
	do[any](w, w.onReviews().DecideReview, in)
	do[any](w, w.onReviews().DecideReview, in) // an attempt whose answer was lost
	require.Greater(w.t, w.bell.count(), rings)
	w.hear(by)
	require.Empty(w.t, w.reviews())
}

func (w *world) onReviews() *activities.Reviews { return nil }

func waveSize(by lane) int {
	if by == bulkLane {
		return 60
	}
	return 12
}

func TestASurgeOfDeletionsIsHeldAndAskedAboutOnce(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		n := waveSize(by)
		w := newWorld(t, surging())
		ghl, sf := w.clusterOf(n)
		review := w.wave(side, by, ghl, sf)
		require.GreaterOrEqual(t, w.left(side), n-5, "no more than five pass")
		require.Len(t, review.Links, w.left(side), "all others wait")
		runs := do[record.ReviewRuns](w, w.onReviews().ListReviewRuns, activities.ListReviewRunsInput{Connection: acme, Limit: 10})
		require.Equal(t, []int64{review.ID}, runs.Unattended)
		require.Equal(t, []int64{review.ID}, w.plan().Reviews)
		waiting := do[*activities.Waiting](w, w.onReviews().AttendReview, activities.ReviewInput{Connection: acme, ReviewID: review.ID})
		require.Equal(t, record.ChooseKeep, waiting.Default.Choice)
		require.Positive(t, waiting.DecideIn)
		require.Empty(t, w.plan().Reviews)

		// Hearing of it again changes nothing.
		before := w.left(side)
		w.hear(by, gone(record.Mark{Side: side, RecordID: review.Links[0].RecordID(side)}))
		require.Equal(t, before, w.left(side))
		require.Len(t, w.reviews(), 1)
		require.Len(t, w.reviews()[0].Links, before)

		w.ghl.ResetStats()
		w.sf.ResetStats()
		w.decideWave(review, record.ChooseDelete, by)
		require.Zero(t, w.left(side))
		require.Equal(t, before, w.ghl.Stats().Deleted+w.sf.Stats().Deletes)
		if by == bulkLane && side == record.GoHighLevel {
			require.Equal(t, map[int]int{http.StatusOK: 1}, w.sf.Stats().Requests["DELETE /composite/sobjects"], "one call for all")
		}
		lost := map[string]bool{}
		for _, link := range w.links() {
			require.Equal(t, record.LinkDeleted, link.State)
			require.Len(t, w.journal(link.ID), 3, "each is journaled once")
			lost[w.lastWrite(link.ID, side.Other(), record.Email).Before.Text()] = true
		}
		for i := range n {
			require.True(t, lost[fmt.Sprintf("person%03d@example.com", i)], "what was deleted is in the journal")
		}
	})
}

func TestAWaveThatIsKeptPartsItsContacts(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, surging())
		ghl, sf := w.clusterOf(8)
		review := w.wave(side, by, ghl, sf)
		left := w.left(side)
		w.decideWave(review, record.ChooseKeep, by)
		require.Equal(t, left, w.left(side))
		for _, link := range review.Links {
			now := w.linkOf(side.Other(), link.RecordID(side.Other()))
			require.Equal(t, record.LinkParted, now.State)
			require.Equal(t, record.ProblemKept, now.Problem)
		}
	})
}

func TestAWaveThatIsRestoredIsMadeAgainAndJudgedAnewAfterwards(t *testing.T) {
	onEitherSide(t, func(t *testing.T, side record.Side, by lane) {
		w := newWorld(t, surging())
		ghl, sf := w.clusterOf(8)
		review := w.wave(side, by, ghl, sf)
		left := w.left(side)
		w.decideWave(review, record.ChooseRestore, by)
		require.Equal(t, [2]int{left, left}, w.counts())
		for _, link := range review.Links {
			require.Equal(t, record.LinkInStep, w.linkOf(side.Other(), link.RecordID(side.Other())).State)
		}

		// One more deletion is no wave any more once the hour is over, and nobody has decided about it.
		_, err := w.db.Exec(t.Context(), "UPDATE deletions SET at = at - interval '2 hours'")
		require.NoError(t, err)
		again := w.linkOf(side.Other(), review.Links[0].RecordID(side.Other()))
		w.hear(by, w.remove(side, again.GoHighLevelID, again.SalesforceID))
		require.Equal(t, [2]int{left - 1, left - 1}, w.counts())
		require.Empty(t, w.reviews())
	})
}

func TestAWaveThatIsUndoneByHandSettlesByItself(t *testing.T) {
	w := newWorld(t, surging())
	ghl, sf := w.clusterOf(8)
	review := w.wave(record.Salesforce, bulkLane, ghl, sf)
	var marks []record.Mark
	for _, link := range review.Links {
		require.NoError(t, w.sf.Undelete("Contact", link.SalesforceID))
		marks = append(marks, inSalesforce(link.SalesforceID))
	}
	w.hear(bulkLane, marks...)
	require.Empty(t, w.reviews())
	require.Equal(t, [2]int{8, 8}, w.counts())
	w.oneEach(8)
}

func TestAQuestionThatAWaveOvertakesIsAskedNoMoreByItself(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, setting{editRules: contactsRules("  deletions: {gohighlevel: ask, salesforce: ask, surge: {count: 1, share: 0%, window: 1h}}\n")})
		ghl, sf := w.clusterOf(3)
		w.hear(recordLane, w.remove(record.Salesforce, ghl[0], sf[0]))
		w.waits(w.linkOf(record.GoHighLevel, ghl[0]), record.ReviewDeletion)
		w.hear(by, w.remove(record.Salesforce, ghl[1], sf[1]), w.remove(record.Salesforce, ghl[2], sf[2]), inGoHighLevel(ghl[0]))
		all := w.reviews()
		require.Len(t, all, 1)
		require.Equal(t, record.ReviewDeletionWave, all[0].Reason)
		require.Len(t, all[0].Links, 3)
		w.decideWave(all[0], record.ChooseDelete, by)
		require.Equal(t, [2]int{0, 0}, w.counts())
	})
}

func TestAPersonDecidesAWaveInTheRunThatWaitsForIt(t *testing.T) {
	w := newWorld(t, surging())
	ghl, sf := w.clusterOf(8)
	review := w.wave(record.GoHighLevel, bulkLane, ghl, sf)
	left := w.left(record.GoHighLevel)
	in := workflows.ReviewInput{Connection: acme, ReviewID: review.ID}
	env := w.run(workflows.ReviewID(acme, review.ID))
	decide := func(choice record.Choice, refused bool) func() {
		return func() {
			v := record.Verdict{ReviewID: review.ID, Choice: choice, By: "a person"}
			env.UpdateWorkflow(workflows.UpdateDecide, string(choice), &testsuite.TestUpdateCallback{
				OnAccept:   func() { require.False(t, refused) },
				OnReject:   func(err error) { require.True(t, refused, "%v", err) },
				OnComplete: func(_ any, err error) { require.NoError(t, err) },
			}, v)
		}
	}
	env.RegisterDelayedCallback(decide(record.ChooseLink, true), time.Minute)
	env.RegisterDelayedCallback(decide(record.ChooseRestore, false), 4*24*time.Hour)
	env.ExecuteWorkflow(workflows.Review, in)
	require.NoError(t, env.GetWorkflowError())
	decided, err := w.store.GetReview(t.Context(), acme, review.ID)
	require.NoError(t, err)
	require.Equal(t, record.ChooseRestore, decided.Choice)
	require.Equal(t, "a person", decided.DecidedBy)
	require.False(t, decided.RemindedAt.IsZero(), "people were reminded after three days")
	w.hear(bulkLane)
	require.Equal(t, [2]int{left, left}, w.counts())
}
