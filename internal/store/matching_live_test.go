package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestPartedLinksTakeNoPartInAMatching(t *testing.T) {
	s, _ := newLiveStore(t)
	alone := half(t, s, record.GoHighLevel, "a")
	sync1(t, s, record.Outcome{LinkID: alone, State: record.LinkParted, Problem: record.ProblemIgnored})
	whole := pair(t, s, "b", "00b")
	sync1(t, s, record.Outcome{LinkID: whole, State: record.LinkParted, Problem: record.ProblemKept})
	before := links(t, s, acme)
	out := person(record.GoHighLevel, "b", 2)
	out.Excluded = true
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1), out, person(record.Salesforce, "00b", 2))
	require.Equal(t, record.MatchCounts{OnlySalesforce: 1, Excluded: 2, Pending: 1}, match(t, s, acme, "e1"))
	require.Equal(t, before, links(t, s, acme)[:2])
	require.False(t, isPending(t, s, alone))
	require.False(t, isPending(t, s, whole))
	require.True(t, isPending(t, s, linkOf(t, s, record.Salesforce, "003").ID))
}

func TestADeletedHalfThatShowsUpAgainIsMatched(t *testing.T) {
	s, _ := newLiveStore(t)
	for _, id := range []string{"met", "alone"} {
		l := pair(t, s, id, "00"+id)
		sync1(t, s, record.Outcome{LinkID: l, State: record.LinkDeleted, Forget: record.Salesforce})
	}
	stage(t, s, acme, "e1", person(record.GoHighLevel, "met", 1), person(record.Salesforce, "003", 1), person(record.GoHighLevel, "alone", 2))
	require.Equal(t, record.MatchCounts{Linked: 1, OnlyGoHighLevel: 1, Pending: 2}, match(t, s, acme, "e1"))
	require.Equal(t, "003", linkOf(t, s, record.GoHighLevel, "met").SalesforceID)
	for _, l := range links(t, s, acme) {
		require.Equal(t, record.LinkNew, l.State)
		require.True(t, isPending(t, s, l.ID))
	}
}

func TestReviewsOfSingleLinksSurviveAMatchingWithTheirMarks(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	sync1(t, s, waits(id, record.ReviewConflict, record.Email))
	r := openReviews(t, s)[0]
	mark(t, s, ghl("a")...)
	plan(t, s, 10)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1))
	require.Equal(t, record.MatchCounts{InReview: 1}, match(t, s, acme, "e1"))
	require.True(t, isPending(t, s, id), "the run that waits goes on hearing of changes")
	open := openReviews(t, s)
	require.Len(t, open, 1)
	require.Equal(t, r.ID, open[0].ID)
}

func TestAWaveSurvivesAMatching(t *testing.T) {
	s, _ := newLiveStore(t)
	all := pairsOf(t, s, 2)
	note(t, s, record.Salesforce, upTo(1), all...)
	hold(t, s, all...)
	r := openReviews(t, s)[0]
	stage(t, s, acme, "e2", person(record.GoHighLevel, "ghl00000", 1), person(record.GoHighLevel, "ghl00001", 2))
	match(t, s, acme, "e2")
	require.Equal(t, r, openReviews(t, s)[0])
	require.NoError(t, decide(s, record.Verdict{ReviewID: r.ID, Choice: record.ChooseKeep}))
}

func TestAWholeLinkThatAVendorRefusedIsNotLeftInReviewWithoutOne(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	sync1(t, s, waits(id, record.ReviewDuplicateRefused))
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1))
	match(t, s, acme, "e1")
	if linkOf(t, s, record.GoHighLevel, "a").State == record.LinkInReview {
		require.Len(t, openReviews(t, s), 1, "it waits, and nobody can decide about it")
	}
}

func TestAChangeOfAHalfThatAMatchingJoinsBringsTheExcludedPairBack(t *testing.T) {
	s, _ := newLiveStore(t)
	half(t, s, record.GoHighLevel, "a")
	half(t, s, record.Salesforce, "003")
	out := person(record.Salesforce, "003", 1)
	out.Excluded = true
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), out)
	mark(t, s, sf("003")...)
	plan(t, s, 10)
	require.Equal(t, record.MatchCounts{Excluded: 1}, match(t, s, acme, "e1"))
	require.True(t, isPending(t, s, linkOf(t, s, record.Salesforce, "003").ID))
}

func TestAChangeOfARecordWhoseReviewAMatchingForgetsIsKept(t *testing.T) {
	s, conn, r := ambiguous(t)
	late := half(t, s, record.GoHighLevel, "late") // the reading misses it
	sync1(t, s, waits(late, record.ReviewDuplicateRefused))
	require.Len(t, openReviews(t, s), 2)
	out := person(record.GoHighLevel, "b", 2)
	out.Excluded = true
	stage(t, s, acme, "e2", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1), out)
	mark(t, s, ghl("a", "b", "late")...)
	require.Len(t, plan(t, s, 10).Record, 3)
	require.Equal(t, record.MatchCounts{Linked: 1, Excluded: 1, Pending: 1}, match(t, s, acme, "e2"))
	require.Empty(t, openReviews(t, s))

	tied := linkOf(t, s, record.GoHighLevel, "a")
	require.NotContains(t, []int64{r.Links[0].ID, r.Links[1].ID, r.Links[2].ID}, tied.ID)
	require.True(t, isPending(t, s, linkOf(t, s, record.GoHighLevel, "b").ID), "it may be back within the filter")
	require.Equal(t, 1, number(t, conn, `SELECT count(*) FROM announced WHERE record_id = 'late'`))
	require.Len(t, plan(t, s, 10).Record, 3)
	require.Nil(t, claimLink(t, s, tied.ID, "run").Work[0].GoHighLevel, "what was staged is older than the change")
}
