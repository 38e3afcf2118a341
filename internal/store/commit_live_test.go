package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// commitTwice commits an outcome for a claim of its link, twice.
func commitTwice(t *testing.T, s *store.Store, o record.Outcome) {
	t.Helper()
	c := claimLink(t, s, o.LinkID, "run")
	o.Journal = []record.JournalEntry{{Side: record.Salesforce, Operation: record.Update, Sealed: []byte("x")}}
	before, err := s.Journal(t.Context(), acme, o.LinkID)
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{o}))
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{o}), "committing twice is harmless")
	after, err := s.Journal(t.Context(), acme, o.LinkID)
	require.NoError(t, err)
	require.Len(t, after, len(before)+1)
}

func TestARecordThatIsGoneIsTakenOffItsLink(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	commitTwice(t, s, record.Outcome{LinkID: id, State: record.LinkDeleted, Forget: record.Salesforce})
	l := linkOf(t, s, record.GoHighLevel, "a")
	require.Equal(t, record.LinkDeleted, l.State)
	require.Empty(t, l.SalesforceID)
	require.Equal(t, "base", string(l.Base))
	require.NotEqual(t, id, half(t, s, record.Salesforce, "003"), "the record is free for another link")
}

func TestALinkThatHoldsNothingAnyMoreIsDropped(t *testing.T) {
	s, _ := newLiveStore(t)
	id := half(t, s, record.GoHighLevel, "a")
	commitTwice(t, s, record.Outcome{LinkID: id, State: record.LinkDeleted, Drop: true})
	require.Empty(t, links(t, s, acme))

	again := half(t, s, record.GoHighLevel, "b")
	c := claimLink(t, s, again, "run")
	mark(t, s, ghl("b")...)
	plan(t, s, 10)
	o := []record.Outcome{{LinkID: again, State: record.LinkDeleted, Drop: true}}
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, o))
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, o), "committing twice is harmless")
	require.True(t, isPending(t, s, again), "what was marked since is looked at once more")
}

func TestAMarkThatArrivesWhileItsLinkIsDroppedIsNotLost(t *testing.T) {
	s, conn := newLiveStore(t)
	for i := range 30 {
		ctx := context.Background()
		g := fmt.Sprintf("g%d", i)
		id := half(t, s, record.GoHighLevel, g)
		c := claimLink(t, s, id, "run")
		var group errgroup.Group
		group.Go(func() error {
			return s.Commit(ctx, c.Token, origin, []record.Outcome{{LinkID: id, State: record.LinkDeleted, Drop: true}})
		})
		group.Go(func() error {
			if _, err := s.MarkChanged(ctx, acme, record.Contact, ghl(g)); err != nil {
				return err
			}
			_, err := s.PlanChanges(ctx, acme, record.Kinds[1:], 10, nil)
			return err
		})
		require.NoError(t, group.Wait())
		l := linkOf(t, s, record.GoHighLevel, g)
		require.NotNil(t, l)
		require.True(t, isPending(t, s, l.ID))
		exec(t, conn, `DELETE FROM pending`)
	}
}

// The link is there when links are made for what is announced, and gone when they become pending.
func TestAMarkWhoseLinkIsDroppedWhileItIsTurnedIntoAPendingChangeIsNotLost(t *testing.T) {
	s, conn := newLiveStore(t)
	id := half(t, s, record.GoHighLevel, "g")
	c := claimLink(t, s, id, "run")
	_, err := s.MarkChanged(t.Context(), acme, record.Contact, ghl("g"))
	require.NoError(t, err)
	exec(t, conn, `CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$`)
	exec(t, conn, `CREATE TRIGGER held AFTER INSERT ON links FOR EACH STATEMENT EXECUTE FUNCTION held()`)
	exec(t, conn, `SELECT pg_advisory_lock(42)`)
	planned := make(chan error, 1)
	go func() {
		_, err := s.PlanChanges(t.Context(), acme, record.Kinds[1:], 10, nil)
		planned <- err
	}()
	require.Eventually(t, func() bool {
		var waiting bool
		return conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)`).Scan(&waiting) == nil && waiting
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{{LinkID: id, State: record.LinkDeleted, Drop: true}}))
	require.Nil(t, linkOf(t, s, record.GoHighLevel, "g"))
	exec(t, conn, `SELECT pg_advisory_unlock(42)`)
	require.NoError(t, <-planned)
	again := linkOf(t, s, record.GoHighLevel, "g")
	require.NotNil(t, again)
	require.True(t, isPending(t, s, again.ID))
}

func waits(id int64, reason string, fields ...record.Field) record.Outcome {
	return record.Outcome{LinkID: id, State: record.LinkInReview, Problem: reason, Waits: &record.Question{
		Fields: fields, WorkflowID: fmt.Sprintf("contact/%d", id), DecideAfter: 48 * time.Hour,
	}}
}

func TestAReviewOpensIsUpdatedAndClosesWithTheOutcomesOfItsLink(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	commitTwice(t, s, waits(id, record.ReviewConflict, record.Email))
	open := openReviews(t, s)
	require.Len(t, open, 1)
	r := open[0]
	require.Equal(t, record.ReviewConflict, r.Reason)
	require.Equal(t, []record.Field{record.Email}, r.Fields)
	require.Equal(t, fmt.Sprintf("contact/%d", id), r.WorkflowID)
	require.Equal(t, 48*time.Hour, r.DueAt.Sub(r.CreatedAt))
	require.Empty(t, r.Side)

	more := waits(id, record.ReviewConflict, record.Email, record.Phone)
	more.Waits.DecideAfter = time.Hour
	commitTwice(t, s, more)
	open = openReviews(t, s)
	require.Len(t, open, 1)
	require.Equal(t, r.ID, open[0].ID, "the same link and reason is the same review")
	require.Equal(t, []record.Field{record.Email, record.Phone}, open[0].Fields)
	require.Equal(t, r.DueAt, open[0].DueAt, "its deadline does not move")

	gone := waits(id, record.ReviewDeletion)
	gone.Waits.Side, gone.Waits.DecideAfter = record.Salesforce, 0
	commitTwice(t, s, gone)
	open = openReviews(t, s)
	require.Len(t, open, 1, "what it waited for before is over")
	require.Equal(t, record.ReviewDeletion, open[0].Reason)
	require.Equal(t, record.Salesforce, open[0].Side)
	require.Zero(t, open[0].DueAt)

	commitTwice(t, s, inStep(id)[0])
	require.Empty(t, openReviews(t, s))
	over, err := s.GetReview(t.Context(), acme, open[0].ID)
	require.NoError(t, err)
	require.False(t, over.Open())
	require.Empty(t, over.Choice, "it settled by itself")
}

func TestTheVerdictThatAnOutcomeCarriesOutIsKept(t *testing.T) {
	s, _ := newLiveStore(t)
	id := pair(t, s, "a", "003")
	commitTwice(t, s, waits(id, record.ReviewConflict, record.Email))
	r := openReviews(t, s)[0]
	o := inStep(id)[0]
	o.Base = []byte("newer")
	o.Verdict = &record.Verdict{ReviewID: r.ID, Choice: record.ChooseSalesforce, By: "ann"}
	commitTwice(t, s, o)
	decided, err := s.GetReview(t.Context(), acme, r.ID)
	require.NoError(t, err)
	require.Equal(t, record.ChooseSalesforce, decided.Choice)
	require.Equal(t, "ann", decided.DecidedBy)

	// One that meets the next conflict at once opens the next review.
	commitTwice(t, s, waits(id, record.ReviewConflict, record.Email))
	r = openReviews(t, s)[0]
	next := waits(id, record.ReviewConflict, record.Phone)
	next.Verdict = &record.Verdict{ReviewID: r.ID, Choice: record.ChooseGoHighLevel, By: "bob"}
	commitTwice(t, s, next)
	open := openReviews(t, s)
	require.Len(t, open, 1)
	require.NotEqual(t, r.ID, open[0].ID)
	require.Equal(t, []record.Field{record.Phone}, open[0].Fields)
}

func TestACommitThatFailsLeavesReviewsAsTheyWere(t *testing.T) {
	s, _ := newLiveStore(t)
	a, b := pair(t, s, "a", "003"), pair(t, s, "b", "004")
	ca := claimLink(t, s, a, "run")
	o := waits(a, record.ReviewConflict, record.Email)
	o.SalesforceID = "004"
	var linked *record.AlreadyLinkedError
	require.ErrorAs(t, s.Commit(t.Context(), ca.Token, origin, []record.Outcome{o}), &linked)
	require.Equal(t, b, linked.OtherID)
	o.SalesforceID = ""
	notMine := record.Outcome{LinkID: b, State: record.LinkFailed, Problem: "Rejected"}
	require.ErrorIs(t, s.Commit(t.Context(), ca.Token, origin, []record.Outcome{o, notMine}), record.ErrFenced)
	require.Empty(t, openReviews(t, s))
}

func TestLinkStandingTellsOnlyOfTheLinksOwnReview(t *testing.T) {
	s, _ := newLiveStore(t)
	_, _, err := s.LinkStanding(t.Context(), acme, record.Contact, 99)
	require.ErrorIs(t, err, record.ErrNoLink)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 1))
	match(t, s, acme, "e1")
	a, b := linkOf(t, s, record.GoHighLevel, "a").ID, linkOf(t, s, record.GoHighLevel, "b").ID
	sync1(t, s, record.Outcome{LinkID: b, State: record.LinkInStep, SalesforceID: "003", Base: []byte("base")})
	pending, review, err := s.LinkStanding(t.Context(), acme, record.Contact, a)
	require.NoError(t, err)
	require.False(t, pending)
	require.Nil(t, review, "the review of several is not its own, though it is the last that waits in it")

	sync1(t, s, waits(b, record.ReviewConflict, record.Email))
	mark(t, s, ghl("b")...)
	plan(t, s, 10)
	pending, review, err = s.LinkStanding(t.Context(), acme, record.Contact, b)
	require.NoError(t, err)
	require.True(t, pending)
	require.Equal(t, record.ReviewConflict, review.Reason)
}

func TestRecentUpdatesCountFromWhenAPersonLetThemGoOn(t *testing.T) {
	s, conn := newLiveStore(t)
	id, quiet := pair(t, s, "a", "003"), pair(t, s, "b", "004")
	write := func(o record.Outcome, ops ...record.Operation) {
		for _, op := range ops {
			o.Journal = append(o.Journal, record.JournalEntry{Side: record.Salesforce, Operation: op, Sealed: []byte("x")})
		}
		sync1(t, s, o)
	}
	recent := func() map[int64]int {
		got, err := s.RecentUpdates(t.Context(), acme, []int64{id, quiet}, time.Hour)
		require.NoError(t, err)
		return got
	}
	write(inStep(id)[0], record.Update)
	exec(t, conn, `UPDATE journal SET at = at - interval '2 hours'`)
	require.Empty(t, recent(), "too long ago")
	write(inStep(id)[0], record.Update, record.Update, record.Create, record.Delete)
	require.Equal(t, map[int64]int{id: 2}, recent())
	write(waits(id, record.ReviewConflict))
	write(inStep(id)[0], record.Update)
	require.Equal(t, map[int64]int{id: 3}, recent(), "a review of another reason changes nothing")
	write(waits(id, record.ReviewPingPong, record.Email))
	require.Equal(t, map[int64]int{id: 3}, recent())
	o := inStep(id)[0]
	o.Verdict = &record.Verdict{ReviewID: openReviews(t, s)[0].ID, Choice: record.ChooseResume, By: "ann"}
	write(o)
	require.Empty(t, recent())
	write(inStep(id)[0], record.Update)
	require.Equal(t, map[int64]int{id: 1}, recent())
}
