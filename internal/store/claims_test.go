package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
)

func inStep(ids ...int64) []record.Outcome {
	var out []record.Outcome
	for _, id := range ids {
		out = append(out, record.Outcome{LinkID: id, State: record.LinkInStep, Base: []byte("base")})
	}
	return out
}

func TestManyOwnersNeverHoldTheSameLink(t *testing.T) {
	s, _ := newStore(t)
	const n = 600
	couples(t, s, acme, "e1", n)
	var mu sync.Mutex
	taken := map[int64]string{}
	var group errgroup.Group
	for owner := range 30 {
		group.Go(func() error {
			for batch := 0; ; batch++ {
				name := fmt.Sprintf("%d/%d", owner, batch)
				c, err := s.Claim(context.Background(), record.ClaimRequest{
					Connection: acme, Kind: record.Contact, Owner: name, Limit: 7, Lease: time.Hour,
				})
				if err != nil || len(c.Work) == 0 {
					return err
				}
				mu.Lock()
				for _, id := range ids(c) {
					if other, twice := taken[id]; twice {
						err = fmt.Errorf("link %d was claimed by %s and %s", id, other, name)
					}
					taken[id] = name
				}
				mu.Unlock()
				if err == nil && batch%2 == 0 {
					err = s.Commit(context.Background(), c.Token, origin, inStep(ids(c)...))
				}
				if err != nil {
					return err
				}
			}
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, taken, n)
}

func TestAnOwnerGetsItsOwnClaimAgainUnderANewToken(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 10)
	first := claim(t, s, "batch", 4)
	require.Equal(t, 10, first.Left)
	require.NoError(t, s.Commit(t.Context(), first.Token, origin, inStep(ids(first)[0])))

	again := claim(t, s, "batch", 4)
	require.Equal(t, ids(first)[1:], ids(again), "what it has not committed, and nothing else")
	require.Greater(t, again.Token, first.Token)
	require.Equal(t, 6, again.Left)

	require.ErrorIs(t, s.Commit(t.Context(), first.Token, origin, inStep(ids(again)...)), record.ErrFenced)
	_, err := s.RecordIntents(t.Context(), first.Token, record.Salesforce, creates(again))
	require.ErrorIs(t, err, record.ErrFenced)
	require.ErrorIs(t, s.ClearIntents(t.Context(), first.Token, ids(again)), record.ErrFenced)
	require.ErrorIs(t, s.HandOver(t.Context(), first.Token, ids(again)), record.ErrFenced)
	require.NoError(t, s.Commit(t.Context(), again.Token, origin, inStep(ids(again)...)))
	require.Len(t, claim(t, s, "batch", 4).Work, 4, "once all is committed, the owner gets new links")
}

func TestAClaimCarriesBothRecordsOfALink(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 1)
	c := claim(t, s, "o", 5)
	require.Len(t, c.Work, 1)
	w := c.Work[0]
	require.Equal(t, record.LinkNew, w.Link.State)
	require.Equal(t, "ghl00000", w.Link.GoHighLevelID)
	require.Equal(t, "sealed ghl00000", string(w.GoHighLevel.Body))
	require.Equal(t, "sealed 00300000", string(w.Salesforce.Body))
	require.Equal(t, w.Link.ID, w.Salesforce.LinkID)
}

func TestALeaseThatRanOutIsTakenOverAndFencesItsOwner(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "e1", 3)
	slow := claim(t, s, "slow", 10)
	require.Empty(t, claim(t, s, "fast", 10).Work)
	_, err := conn.Exec(t.Context(), `UPDATE pending SET claimed_until = now() - interval '1 second'`)
	require.NoError(t, err)

	fast := claim(t, s, "fast", 2)
	require.Len(t, fast.Work, 2)
	require.Equal(t, 3, fast.Left)
	require.ErrorIs(t, s.Commit(t.Context(), slow.Token, origin, inStep(ids(slow)...)), record.ErrFenced)
	require.Equal(t, record.LinkNew, links(t, s, acme)[0].State, "nothing of a fenced commit stays")
	require.NoError(t, s.Commit(t.Context(), fast.Token, origin, inStep(ids(fast)...)))
}

func TestALeaseThatRanOutStillCommitsWhileNobodyTookOver(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "e1", 1)
	c := claim(t, s, "slow", 10)
	_, err := conn.Exec(t.Context(), `UPDATE pending SET claimed_until = now() - interval '1 second'`)
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(ids(c)...)))
}

func TestLinksHandedOverWaitInTheRecordLane(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 3)
	c := claim(t, s, "bulk", 2)
	require.NoError(t, s.HandOver(t.Context(), c.Token, ids(c)))
	require.NoError(t, s.HandOver(t.Context(), c.Token, ids(c)), "handing over twice is harmless")
	require.ErrorIs(t, s.Commit(t.Context(), c.Token, origin, inStep(ids(c)...)), record.ErrFenced)

	waiting, err := s.HandedOver(t.Context(), acme, record.Contact, 10)
	require.NoError(t, err)
	require.ElementsMatch(t, ids(c), waiting)
	require.Len(t, claim(t, s, "next", 10).Work, 1, "the bulk lane leaves them alone")

	mine, ok, err := s.ClaimLink(t.Context(), acme, waiting[0], "contact/1", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	left, err := s.HandedOver(t.Context(), acme, record.Contact, 10)
	require.NoError(t, err)
	require.Equal(t, waiting[1:], left)

	again := inStep(waiting[0])
	again[0].Again = true
	require.NoError(t, s.Commit(t.Context(), mine.Token, origin, again))
	require.Equal(t, waiting[:1], ids(claim(t, s, "after", 10)), "once its run ends, the bulk lane may have it")
}

func TestOneLinkIsHeldByOneOwner(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "e1", 1)
	id := links(t, s, acme)[0].ID
	bulk := claim(t, s, "bulk", 10)
	_, ok, err := s.ClaimLink(t.Context(), acme, id, "contact/1", time.Hour)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, s.Commit(t.Context(), bulk.Token, origin, inStep(id)))

	first, ok, err := s.ClaimLink(t.Context(), acme, id, "contact/1", time.Hour)
	require.NoError(t, err)
	require.True(t, ok, "a link that is not pending can be claimed, too")
	require.Nil(t, first.Work[0].GoHighLevel, "what was staged before the commit is stale")
	again, ok, err := s.ClaimLink(t.Context(), acme, id, "contact/1", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.Greater(t, again.Token, first.Token)
	require.Empty(t, claim(t, s, "bulk2", 10).Work)

	_, err = conn.Exec(t.Context(), `UPDATE pending SET claimed_until = now() - interval '1 second'`)
	require.NoError(t, err)
	require.Equal(t, []int64{id}, ids(claim(t, s, "bulk3", 10)), "a run that died leaves its link to the bulk lane")
	require.ErrorIs(t, s.Commit(t.Context(), again.Token, origin, inStep(id)), record.ErrFenced)
}

func TestAnUnknownLinkCannotBeClaimed(t *testing.T) {
	s, _ := newStore(t)
	addConnection(t, s, "other")
	couples(t, s, "other", "e1", 1)
	for _, id := range []int64{links(t, s, "other")[0].ID, 99_999} {
		_, _, err := s.ClaimLink(t.Context(), acme, id, "o", time.Hour)
		require.ErrorIs(t, err, record.ErrNoLink)
	}
}

func TestAMarkSinceTheClaimKeepsTheLinkPending(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 2)
	c := claim(t, s, "o", 10)
	marked := ids(c)[:1]
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, append(marked, 99_999)))
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, marked))
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(ids(c)...)))

	next := claim(t, s, "o", 10)
	require.Equal(t, marked, ids(next))
	require.NoError(t, s.Commit(t.Context(), next.Token, origin, inStep(marked...)))
	require.Empty(t, claim(t, s, "o", 10).Work)
}

func TestAChangeSinceTheReadingWithholdsTheStagedCopy(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "e1", 2)
	changed := links(t, s, acme)[0].ID
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, []int64{changed}))
	for _, w := range claim(t, s, "o", 10).Work {
		require.Equal(t, w.Link.ID == changed, w.GoHighLevel == nil)
		require.Equal(t, w.Link.ID == changed, w.Salesforce == nil)
	}

	_, err := conn.Exec(t.Context(), `UPDATE pending SET changed_at = now() - interval '2 minutes'`)
	require.NoError(t, err)
	for _, w := range claim(t, s, "o", 10).Work {
		require.NotNil(t, w.GoHighLevel, "what was read after the change shows it")
	}
}

func TestAnIntentStaysOpenUntilItIsSettledOrCleared(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 2))
	match(t, s, acme, "e1")
	c := claim(t, s, "o", 10)
	earlier, err := s.RecordIntents(t.Context(), c.Token, record.Salesforce, creates(c))
	require.NoError(t, err)
	require.Empty(t, earlier)

	c = claim(t, s, "o", 10)
	first := c.Work[0].Link.Intent
	require.NotNil(t, first)
	require.Equal(t, record.Salesforce, first.Side)
	earlier, err = s.RecordIntents(t.Context(), c.Token, record.Salesforce, creates(c))
	require.NoError(t, err)
	require.Len(t, earlier, 2)
	require.Equal(t, *first, earlier[c.Work[0].Link.ID])
	require.NoError(t, s.ClearIntents(t.Context(), c.Token, ids(c)[:1]))
	require.NoError(t, s.ClearIntents(t.Context(), c.Token, ids(c)[:1]))

	now := links(t, s, acme)
	require.Nil(t, now[0].Intent)
	require.Equal(t, earlier[now[1].ID], *now[1].Intent, "a second attempt keeps the time of the first")
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{
		{LinkID: now[1].ID, State: record.LinkInStep, SalesforceID: "003b", Base: []byte("base")},
	}))
	require.Nil(t, links(t, s, acme)[1].Intent)
}

// What was sent first may have been carried out, and what both sides agree on then is what was sent first.
func TestAnOpenIntentKeepsWhatItsFirstAttemptWasAboutUntilThatIsKnownToHaveMadeNothing(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1))
	match(t, s, acme, "e1")
	c := claim(t, s, "o", 10)
	for _, attempt := range []struct {
		side  record.Side
		base  string
		anew  bool
		kept  string
		known string
	}{
		{record.Salesforce, "first", false, "first", ""},
		{record.Salesforce, "second", false, "first", "first"},
		{record.Salesforce, "third", true, "third", "first"},
		{record.GoHighLevel, "fourth", false, "fourth", "third"},
	} {
		earlier, err := s.RecordIntents(t.Context(), c.Token, attempt.side, []record.Begun{{LinkID: ids(c)[0], Base: []byte(attempt.base), Anew: attempt.anew}})
		require.NoError(t, err)
		require.Equal(t, attempt.known, string(earlier[ids(c)[0]].Base))
		require.Equal(t, attempt.kept, string(links(t, s, acme)[0].Intent.Base))
	}
}

func TestAClaimNeedsAnOwnerALimitAndALease(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.Claim(t.Context(), record.ClaimRequest{Connection: acme, Kind: record.Contact, Limit: 1, Lease: time.Hour})
	require.Error(t, err)
	_, err = s.Claim(t.Context(), record.ClaimRequest{Connection: "nowhere", Kind: record.Contact, Owner: "o", Limit: 1, Lease: 1})
	require.ErrorIs(t, err, record.ErrNoConnection)
}

func TestBatchesSpreadOverThePagesAndTogetherTakeEverything(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 100)
	var all []int64
	for i := range 10 {
		c := claim(t, s, fmt.Sprint(i), 10)
		require.Len(t, c.Work, 10)
		require.True(t, slices.IsSorted(ids(c)))
		all = append(all, ids(c)...)
	}
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 100)
}

func TestAnOpenCreateIsSeenByYoungerLinksOfTheSameContactAlone(t *testing.T) {
	s, _ := newLiveStore(t)
	tell(t, s, record.Task, belongs(record.GoHighLevel, "t1", "ada"))
	tell(t, s, record.Task, belongs(record.GoHighLevel, "t2", "ada"))
	tell(t, s, record.Task, belongs(record.GoHighLevel, "t3", "grace"))
	older, younger, others := kindLink(t, s, record.Task, record.GoHighLevel, "t1"), kindLink(t, s, record.Task, record.GoHighLevel, "t2"),
		kindLink(t, s, record.Task, record.GoHighLevel, "t3")
	older.SalesforceContact, younger.SalesforceContact, others.SalesforceContact = "003a", "003a", "003g"
	beside := func(side record.Side) []int64 {
		t.Helper()
		found, err := s.IntentsBeside(t.Context(), acme, record.Task, side, []record.Link{older, younger, others})
		require.NoError(t, err)
		return slices.Sorted(maps.Keys(found))
	}
	require.Empty(t, beside(record.Salesforce))
	c := claimLink(t, s, older.ID, "sync")
	_, err := s.RecordIntents(t.Context(), c.Token, record.Salesforce, []record.Begun{{LinkID: older.ID, ContactID: "003a"}})
	require.NoError(t, err)
	require.Equal(t, []int64{younger.ID}, beside(record.Salesforce))
	require.Empty(t, beside(record.GoHighLevel))
	require.NoError(t, s.ClearIntents(t.Context(), c.Token, []int64{older.ID}))
	require.Empty(t, beside(record.Salesforce))
}
