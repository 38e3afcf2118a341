package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// ambiguous makes a review of the GoHighLevel records a and b and the Salesforce record 003.
func ambiguous(t *testing.T) (*store.Store, *pgx.Conn, record.Review) {
	s, conn := newLiveStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 1), person(record.Salesforce, "003", 1))
	require.Equal(t, record.MatchCounts{InReview: 3}, match(t, s, acme, "e1"))
	open := openReviews(t, s)
	require.Len(t, open, 1)
	return s, conn, open[0]
}

func decide(s *store.Store, v record.Verdict) error {
	return s.DecideReview(context.Background(), acme, v)
}

func link(r record.Review, g, f string) record.Verdict {
	return record.Verdict{ReviewID: r.ID, Choice: record.ChooseLink, GoHighLevelID: g, SalesforceID: f, By: "ann"}
}

func TestAVerdictTiesThePairThatItNames(t *testing.T) {
	s, _, r := ambiguous(t)
	gone := linkOf(t, s, record.Salesforce, "003").ID
	sync1(t, s, record.Outcome{
		LinkID: gone, State: record.LinkInReview, Problem: record.ReviewAmbiguousMatch,
		Journal: []record.JournalEntry{{Side: record.Salesforce, Operation: record.Update, Sealed: []byte("x")}},
	})
	require.NoError(t, decide(s, link(r, "b", "003")))
	require.NoError(t, decide(s, link(r, "b", "003")), "the same again changes nothing")
	other := link(r, "a", "003")
	require.ErrorIs(t, decide(s, other), record.ErrDecided, "another pair is another verdict")
	require.ErrorIs(t, decide(s, record.Verdict{ReviewID: r.ID, Choice: record.ChooseSeparate}), record.ErrDecided)

	tied := linkOf(t, s, record.Salesforce, "003")
	require.Equal(t, "b", tied.GoHighLevelID)
	require.Equal(t, record.LinkNew, tied.State)
	require.Empty(t, tied.Problem)
	rows, err := s.Journal(t.Context(), acme, tied.ID)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Len(t, links(t, s, acme), 2)
	require.Len(t, plan(t, s, 10).Record, 2, "the one that was left over is synced for itself")
	decided, err := s.GetReview(t.Context(), acme, r.ID)
	require.NoError(t, err)
	require.Equal(t, record.ChooseLink, decided.Choice)
	require.Equal(t, "ann", decided.DecidedBy)
}

func TestAVerdictMayTellPeopleApart(t *testing.T) {
	s, _, r := ambiguous(t)
	v := record.Verdict{ReviewID: r.ID, Choice: record.ChooseSeparate, By: "ann"}
	require.NoError(t, decide(s, v))
	first := plan(t, s, 10).Record
	require.Len(t, first, 3)
	for _, l := range links(t, s, acme) {
		require.Equal(t, record.LinkNew, l.State)
	}
	for _, id := range first {
		sync1(t, s, inStep(id)[0])
	}
	require.NoError(t, decide(s, v))
	require.Empty(t, plan(t, s, 10).Record, "the same again changes nothing")
	separate, err := s.Separate(t.Context(), acme, first[0], []int64{first[1], first[2], 999})
	require.NoError(t, err)
	require.Equal(t, map[int64]bool{first[1]: true, first[2]: true}, separate)
}

func TestAVerdictMayLeaveContactsAlone(t *testing.T) {
	s, _, r := ambiguous(t)
	v := record.Verdict{ReviewID: r.ID, Choice: record.ChooseIgnore, By: "deadline"}
	require.NoError(t, decide(s, v))
	require.NoError(t, decide(s, v))
	for _, l := range links(t, s, acme) {
		require.Equal(t, record.LinkParted, l.State)
		require.Equal(t, record.ProblemIgnored, l.Problem)
	}
	require.Empty(t, plan(t, s, 10).Record)
	separate, err := s.Separate(t.Context(), acme, r.Links[0].ID, []int64{r.Links[1].ID})
	require.NoError(t, err)
	require.Empty(t, separate)
}

func TestAVerdictOnAReviewThatIsNotThereFails(t *testing.T) {
	s, _, r := ambiguous(t)
	require.ErrorIs(t, decide(s, record.Verdict{ReviewID: r.ID + 1, Choice: record.ChooseIgnore}), record.ErrNoReview)
	addConnection(t, s, "other")
	require.ErrorIs(t, s.DecideReview(t.Context(), "other", record.Verdict{ReviewID: r.ID, Choice: record.ChooseIgnore}), record.ErrNoReview)
}

func TestAVerdictOnAReviewThatSettledByItselfFails(t *testing.T) {
	s, _, r := ambiguous(t)
	for _, l := range r.Links {
		sync1(t, s, record.Outcome{LinkID: l.ID, State: record.LinkExcluded})
	}
	before := links(t, s, acme)
	for _, v := range []record.Verdict{
		link(r, "a", "003"), {ReviewID: r.ID, Choice: record.ChooseSeparate}, {ReviewID: r.ID, Choice: record.ChooseIgnore},
	} {
		require.ErrorIs(t, decide(s, v), record.ErrDecided)
	}
	require.Equal(t, before, links(t, s, acme))
	require.Empty(t, plan(t, s, 10).Record)
}

func TestAVerdictSparesMembersThatChangedMeanwhile(t *testing.T) {
	s, _, r := ambiguous(t)
	done := linkOf(t, s, record.GoHighLevel, "a").ID
	sync1(t, s, record.Outcome{LinkID: done, State: record.LinkInStep, SalesforceID: "004", Base: []byte("base")})
	require.ErrorIs(t, decide(s, link(r, "a", "003")), record.ErrNoLink, "it has found another half")
	require.Equal(t, "004", linkOf(t, s, record.GoHighLevel, "a").SalesforceID)
	require.Len(t, openReviews(t, s)[0].Links, 2)
	require.NoError(t, decide(s, record.Verdict{ReviewID: r.ID, Choice: record.ChooseIgnore}))
	require.Equal(t, record.LinkInStep, linkOf(t, s, record.GoHighLevel, "a").State)
	require.Equal(t, record.LinkParted, linkOf(t, s, record.GoHighLevel, "b").State)

	s, _, r = ambiguous(t)
	sync1(t, s, record.Outcome{LinkID: linkOf(t, s, record.GoHighLevel, "a").ID, State: record.LinkExcluded})
	require.ErrorIs(t, decide(s, link(r, "a", "003")), record.ErrNoLink, "it left the filter")
	require.NoError(t, decide(s, link(r, "b", "003")))
}

func TestAVerdictOnARecordWhoseCreateIsUnderWayWaits(t *testing.T) {
	s, _, r := ambiguous(t)
	busy := linkOf(t, s, record.Salesforce, "003").ID
	c := claimLink(t, s, busy, "run")
	_, err := s.RecordIntents(t.Context(), c.Token, record.GoHighLevel, []record.Begun{{LinkID: busy}})
	require.NoError(t, err)
	require.ErrorIs(t, decide(s, link(r, "a", "003")), record.ErrHalfClaimed)
	require.NoError(t, s.ClearIntents(t.Context(), c.Token, []int64{busy}))
	keep := linkOf(t, s, record.GoHighLevel, "a").ID
	ck := claimLink(t, s, keep, "run/2")
	_, err = s.RecordIntents(t.Context(), ck.Token, record.Salesforce, []record.Begun{{LinkID: keep}})
	require.NoError(t, err)
	require.ErrorIs(t, decide(s, link(r, "a", "003")), record.ErrHalfClaimed, "its half would be created, and tied to nothing")
	require.NoError(t, s.ClearIntents(t.Context(), ck.Token, []int64{keep}))
	require.NoError(t, decide(s, link(r, "a", "003")))
	require.ErrorIs(t, s.Commit(t.Context(), c.Token, origin, inStep(busy)), record.ErrFenced)
}

func TestEachChoiceAboutAWaveIsKeptByItsLinks(t *testing.T) {
	for _, choice := range record.Choices(record.ReviewDeletionWave) {
		t.Run(string(choice), func(t *testing.T) {
			s, _ := newLiveStore(t)
			all := pairsOf(t, s, 3)
			note(t, s, record.Salesforce, upTo(1), all...)
			hold(t, s, all[:2]...) // the third is still being synced
			v := record.Verdict{ReviewID: openReviews(t, s)[0].ID, Choice: choice, By: "ann"}
			require.NoError(t, decide(s, v))
			require.NoError(t, decide(s, v))
			leaves, err := s.NoteDeletions(t.Context(), acme, record.Contact, record.Salesforce, all, upTo(0))
			require.NoError(t, err)
			for _, id := range all {
				require.Equal(t, record.DeletionLeave{Choice: choice}, leaves[id])
				require.True(t, isPending(t, s, id))
			}
			v.Choice = record.ChooseIgnore
			require.ErrorIs(t, decide(s, v), record.ErrDecided)
		})
	}
}

func TestOfTwoVerdictsAtOnceOneIsCarriedOut(t *testing.T) {
	s, _, r := ambiguous(t)
	var errs [2]error
	var group errgroup.Group
	for i, v := range []record.Verdict{link(r, "a", "003"), link(r, "b", "003")} {
		group.Go(func() error { errs[i] = decide(s, v); return nil })
	}
	require.NoError(t, group.Wait())
	if errs[0] == nil {
		require.ErrorIs(t, errs[1], record.ErrDecided)
	} else {
		require.ErrorIs(t, errs[0], record.ErrDecided)
		require.NoError(t, errs[1])
	}
	require.Len(t, links(t, s, acme), 2)
}

func TestReviewsAreListedAsAsked(t *testing.T) {
	s, _, first := ambiguous(t)
	id := pair(t, s, "x", "00x")
	sync1(t, s, waits(id, record.ReviewConflict, record.Email))
	list := func(f store.ReviewFilter) (ids []int64) {
		all, err := s.Reviews(t.Context(), acme, f)
		require.NoError(t, err)
		for _, r := range all {
			ids = append(ids, r.ID)
		}
		return ids
	}
	second := list(store.ReviewFilter{Reason: record.ReviewConflict})[0]
	require.Equal(t, []int64{first.ID, second}, list(store.ReviewFilter{}))
	require.Equal(t, []int64{first.ID}, list(store.ReviewFilter{Limit: 1}))
	require.Equal(t, []int64{second}, list(store.ReviewFilter{After: first.ID}))
	require.Equal(t, []int64{second}, list(store.ReviewFilter{LinkID: id}))
	require.Equal(t, []int64{first.ID}, list(store.ReviewFilter{ID: first.ID}))
	require.Empty(t, list(store.ReviewFilter{ID: first.ID, Reason: record.ReviewConflict}))
	require.Empty(t, list(store.ReviewFilter{Decided: true}))

	require.NoError(t, decide(s, record.Verdict{ReviewID: first.ID, Choice: record.ChooseIgnore, By: "ann"}))
	sync1(t, s, inStep(id)[0])
	require.Empty(t, list(store.ReviewFilter{}))
	require.Equal(t, []int64{second, first.ID}, list(store.ReviewFilter{Decided: true}), "newest first")
	all, err := s.Reviews(t.Context(), acme, store.ReviewFilter{ID: first.ID, Decided: true})
	require.NoError(t, err)
	require.Len(t, all[0].Links, 3, "a decided one lists its links as they are")
	addConnection(t, s, "other")
	others, err := s.Reviews(t.Context(), "other", store.ReviewFilter{})
	require.NoError(t, err)
	require.Empty(t, others)
	_, err = s.GetReview(t.Context(), "other", first.ID)
	require.ErrorIs(t, err, record.ErrNoReview)
}

func TestAReviewIsAttendedAndItsDeadlineCountsFromItsOpening(t *testing.T) {
	s, conn, r := ambiguous(t)
	runs := func() record.ReviewRuns {
		runs, err := s.ReviewRuns(t.Context(), acme, record.Contact, 10)
		require.NoError(t, err)
		return runs
	}
	get := func() record.Review {
		r, err := s.GetReview(t.Context(), acme, r.ID)
		require.NoError(t, err)
		return r
	}
	require.Equal(t, []int64{r.ID}, runs().Unattended)
	for kind, want := range map[record.Kind]int{"": 1, record.Task: 0} {
		of, err := s.ReviewRuns(t.Context(), acme, kind, 10)
		require.NoError(t, err)
		require.Len(t, of.Unattended, want)
	}
	require.NoError(t, s.AttendReview(t.Context(), acme, r.ID, "review/1", 36*time.Hour))
	require.NoError(t, s.AttendReview(t.Context(), acme, r.ID, "review/1", 36*time.Hour))
	require.Empty(t, runs().Unattended)
	require.Equal(t, 36*time.Hour, get().DueAt.Sub(get().CreatedAt))
	require.Equal(t, "review/1", get().WorkflowID)
	require.NoError(t, s.AttendReview(t.Context(), acme, r.ID, "review/1", 0))
	require.Zero(t, get().DueAt)

	require.Zero(t, get().RemindedAt)
	require.NoError(t, s.RemindReview(t.Context(), acme, r.ID))
	at := get().RemindedAt
	require.NotZero(t, at)
	require.NoError(t, s.RemindReview(t.Context(), acme, r.ID))
	require.Equal(t, at, get().RemindedAt)

	stage(t, s, acme, "e2", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1))
	match(t, s, acme, "e2")
	require.Empty(t, runs().Unattended)
	require.Equal(t, []string{"review/1"}, runs().Over, "a matching has decided it")
	require.NoError(t, s.AttendReview(t.Context(), acme, r.ID, "review/2", time.Hour))
	require.Equal(t, "review/1", get().WorkflowID, "what is decided is attended no more")
	exec(t, conn, `UPDATE reviews SET decided_at = decided_at - interval '2 days'`)
	require.Empty(t, runs().Over)
}
