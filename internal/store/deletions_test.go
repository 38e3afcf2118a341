package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func pairsOf(t *testing.T, s *store.Store, n int) (out []int64) {
	couples(t, s, acme, "e1", n)
	c := claim(t, s, "pairs", n)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(ids(c)...)))
	return ids(c)
}

func note(t require.TestingT, s *store.Store, side record.Side, guard record.DeletionGuard, links ...int64) (held int) {
	leaves, err := s.NoteDeletions(context.Background(), acme, record.Contact, side, links, guard)
	require.NoError(t, err)
	for _, id := range links {
		require.Contains(t, leaves, id)
		if leaves[id].Held {
			held++
		}
	}
	return held
}

// hold commits links as members of a wave.
func hold(t require.TestingT, s *store.Store, links ...int64) {
	for _, id := range links {
		sync1(t, s, record.Outcome{LinkID: id, State: record.LinkInReview, Problem: record.ReviewDeletionWave})
	}
}

func upTo(n int) record.DeletionGuard { return record.DeletionGuard{Count: n, Window: time.Hour} }

func TestAFewDeletionsPassAndCountOnce(t *testing.T) {
	s, _ := newLiveStore(t)
	all := pairsOf(t, s, 6)
	require.Zero(t, note(t, s, record.GoHighLevel, upTo(3), all[:3]...))
	require.Zero(t, note(t, s, record.GoHighLevel, upTo(3), all[:3]...), "a deletion counts once")
	require.Zero(t, note(t, s, record.Salesforce, upTo(3), all[3:]...), "each side counts for itself")
	require.Empty(t, openReviews(t, s))
	leaves, err := s.NoteDeletions(t.Context(), acme, record.Contact, record.GoHighLevel, nil, upTo(0))
	require.NoError(t, err)
	require.Empty(t, leaves)
	_, err = s.NoteDeletions(t.Context(), acme, record.Contact, "odd", all, upTo(0))
	require.Error(t, err)
}

func TestDeletionsCountWithinTheWindow(t *testing.T) {
	s, conn := newLiveStore(t)
	all := pairsOf(t, s, 6)
	require.Zero(t, note(t, s, record.GoHighLevel, upTo(3), all[:3]...))
	exec(t, conn, `UPDATE deletions SET at = at - interval '61 minutes'`)
	require.Zero(t, note(t, s, record.GoHighLevel, upTo(3), all[3:]...))
	exec(t, conn, `UPDATE deletions SET at = at + interval '2 minutes'`)
	require.Equal(t, 1, note(t, s, record.GoHighLevel, upTo(3), all[0]), "those of an hour's time are too many")
}

func TestTheLargerOfCountAndShareIsLetPass(t *testing.T) {
	s, _ := newLiveStore(t)
	all := pairsOf(t, s, 20)
	for range 30 { // halves are no linked contacts
		half(t, s, record.GoHighLevel, fmt.Sprint(time.Now().UnixNano()))
	}
	guard := record.DeletionGuard{Count: 1, Share: 0.25, Window: time.Hour}
	require.Zero(t, note(t, s, record.GoHighLevel, guard, all[:5]...))
	require.Equal(t, 1, note(t, s, record.GoHighLevel, guard, all[5]))
	require.Zero(t, note(t, s, record.Salesforce, record.DeletionGuard{Count: 7, Share: 0.05, Window: time.Hour}, all[10:17]...))
}

func TestAWaveIsHeldUntilItIsDecided(t *testing.T) {
	s, conn := newLiveStore(t)
	all := pairsOf(t, s, 8)
	require.Equal(t, 4, note(t, s, record.GoHighLevel, upTo(3), all[:4]...))
	require.Empty(t, openReviews(t, s), "a wave waits from when its links do")
	hold(t, s, all[:4]...)
	exec(t, conn, `UPDATE deletions SET at = at - interval '2 hours'`)
	require.Equal(t, 1, note(t, s, record.GoHighLevel, upTo(3), all[4]), "as long as it is undecided, nothing passes")
	hold(t, s, all[4])
	require.Zero(t, note(t, s, record.Salesforce, upTo(3), all[7]), "deletions of the other side pass")
	open := openReviews(t, s)
	require.Len(t, open, 1)
	require.Equal(t, record.ReviewDeletionWave, open[0].Reason)
	require.Equal(t, record.GoHighLevel, open[0].Side)
	require.Len(t, open[0].Links, 5)

	plan(t, s, 10)
	require.NoError(t, s.DecideReview(t.Context(), acme, record.Verdict{ReviewID: open[0].ID, Choice: record.ChooseDelete, By: "ann"}))
	require.Len(t, plan(t, s, 10).Record, 5, "what it concerns is synced anew")
	leaves, err := s.NoteDeletions(t.Context(), acme, record.Contact, record.GoHighLevel, all[:6], upTo(3))
	require.NoError(t, err)
	for _, id := range all[:5] {
		require.Equal(t, record.DeletionLeave{Choice: record.ChooseDelete}, leaves[id])
	}
	require.Equal(t, record.DeletionLeave{}, leaves[all[5]], "what was decided about does not count")
}

func TestWhatWasDecidedAboutAWaveStaysUntilTheLinkIsInStepAgain(t *testing.T) {
	s, _ := newLiveStore(t)
	all := pairsOf(t, s, 3)
	require.Equal(t, 3, note(t, s, record.GoHighLevel, upTo(1), all...))
	hold(t, s, all...)
	require.NoError(t, s.DecideReview(t.Context(), acme, record.Verdict{ReviewID: openReviews(t, s)[0].ID, Choice: record.ChooseRestore}))
	sync1(t, s, record.Outcome{LinkID: all[0], State: record.LinkFailed, Problem: "Rejected"})
	leaves, err := s.NoteDeletions(t.Context(), acme, record.Contact, record.GoHighLevel, all, upTo(1))
	require.NoError(t, err)
	require.Equal(t, record.ChooseRestore, leaves[all[0]].Choice)
	sync1(t, s, inStep(all[0])[0])
	leaves, err = s.NoteDeletions(t.Context(), acme, record.Contact, record.GoHighLevel, all, upTo(1))
	require.NoError(t, err)
	require.Equal(t, record.DeletionLeave{}, leaves[all[0]], "the next deletion is another one")
	require.Equal(t, record.ChooseRestore, leaves[all[1]].Choice)
	leaves, err = s.NoteDeletions(t.Context(), acme, record.Contact, record.Salesforce, all[1:2], upTo(1))
	require.NoError(t, err)
	require.Empty(t, leaves[all[1]].Choice, "and so is one of the other side")
}

func TestAWaveThatSettledByItselfIsNotTakenUpAgain(t *testing.T) {
	s, conn := newLiveStore(t)
	all := pairsOf(t, s, 4)
	require.Equal(t, 2, note(t, s, record.GoHighLevel, upTo(1), all[:2]...))
	hold(t, s, all[:2]...)
	first := openReviews(t, s)[0]
	require.NoError(t, s.AttendReview(t.Context(), acme, first.ID, "review/1", 24*time.Hour))
	for _, id := range all[:2] { // they were restored by hand
		sync1(t, s, inStep(id)[0])
	}
	require.Empty(t, openReviews(t, s))
	exec(t, conn, `UPDATE reviews SET created_at = created_at - interval '2 days'`)

	require.Equal(t, 2, note(t, s, record.GoHighLevel, upTo(1), all[2:]...))
	hold(t, s, all[2:]...)
	open := openReviews(t, s)
	require.Len(t, open, 1)
	require.NotEqual(t, first.ID, open[0].ID, "the deadline of the first would decide about the second")
	require.Len(t, open[0].Links, 2)
	old, err := s.GetReview(t.Context(), acme, first.ID)
	require.NoError(t, err)
	require.False(t, old.Open())
}

func TestBatchesThatNoteDeletionsAtOnceDoNotPassTheLimitTogether(t *testing.T) {
	s, _ := newLiveStore(t)
	const n, batch, limit = 60, 5, 20
	all := pairsOf(t, s, n)
	var mu sync.Mutex
	passed, held := 0, map[int64]bool{}
	var group errgroup.Group
	for from := 0; from < n; from += batch {
		group.Go(func() error {
			leaves, err := s.NoteDeletions(context.Background(), acme, record.Contact, record.GoHighLevel, all[from:from+batch], upTo(limit))
			mu.Lock()
			defer mu.Unlock()
			for id, l := range leaves {
				if l.Held {
					held[id] = true
				} else {
					passed++
				}
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, limit, passed)
	for id := range held {
		hold(t, s, id)
	}
	open := openReviews(t, s)
	require.Len(t, open, 1, "one review for all of it")
	require.Len(t, open[0].Links, n-limit)
}

func TestOldDeletionsAreForgottenUnlessTheyWaitForAPerson(t *testing.T) {
	s, conn := newLiveStore(t)
	all := pairsOf(t, s, 3)
	note(t, s, record.GoHighLevel, upTo(0), all...)
	hold(t, s, all[0])
	exec(t, conn, `UPDATE deletions SET at = at - interval '2 hours' WHERE link_id <> $1`, all[2])
	require.NoError(t, s.PruneDeletions(t.Context(), time.Hour))
	require.Equal(t, 2, number(t, conn, `SELECT count(*) FROM deletions`))
	require.Zero(t, number(t, conn, `SELECT count(*) FROM deletions WHERE link_id = $1`, all[1]))
}
