package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestALinkIsJoinedWithWhatHoldsItsOtherHalf(t *testing.T) {
	type world struct {
		s    *store.Store
		link int64 // of the GoHighLevel record "a"
		run  func(sql string, args ...any)
	}
	// Each makes what stands in the way of the Salesforce record "003", and returns its link.
	cases := map[string]struct {
		other func(t *testing.T, w world) int64
		want  func(t *testing.T, err error)
		older bool // the other link was made first
	}{
		"nothing": {other: func(*testing.T, world) int64 { return 0 }},
		"a half":  {other: func(t *testing.T, w world) int64 { return half(t, w.s, record.Salesforce, "003") }},
		"an older half": {older: true, other: func(t *testing.T, w world) int64 {
			return half(t, w.s, record.Salesforce, "003")
		}},
		"a half in review": {other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			sync1(t, w.s, record.Outcome{
				LinkID: id, State: record.LinkInReview, Problem: record.ReviewDuplicateRefused, Waits: &record.Question{WorkflowID: "w"},
			})
			return id
		}},
		"a half that failed": {other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			sync1(t, w.s, record.Outcome{LinkID: id, State: record.LinkFailed, Problem: "Rejected"})
			return id
		}},
		"a half whose claim ran out": {older: true, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			claimLink(t, w.s, id, "slow")
			w.run(`UPDATE pending SET claimed_until = now() - interval '1 second' WHERE link_id = $1`, id)
			return id
		}},
		"a younger half that is worked on": {other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			claimLink(t, w.s, id, "other run")
			return id
		}},
		"an older half that is worked on": {older: true, want: halfClaimed, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			claimLink(t, w.s, id, "other run")
			return id
		}},
		"a half whose other half is on its way": {want: halfClaimed, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			c := claimLink(t, w.s, id, "other run")
			_, err := w.s.RecordIntents(t.Context(), c.Token, record.GoHighLevel, []record.Begun{{LinkID: id}})
			require.NoError(t, err)
			w.run(`UPDATE pending SET claimed_until = now() - interval '1 second' WHERE link_id = $1`, id)
			return id
		}},
		"a half that was in step once and whose other half is made again": {want: halfClaimed, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			sync1(t, w.s, record.Outcome{LinkID: id, State: record.LinkInStep, Base: []byte("base")})
			c := claimLink(t, w.s, id, "other run")
			_, err := w.s.RecordIntents(t.Context(), c.Token, record.GoHighLevel, []record.Begun{{LinkID: id}})
			require.NoError(t, err)
			w.run(`UPDATE pending SET claimed_until = now() - interval '1 second' WHERE link_id = $1`, id)
			return id
		}},
		"a half that was in step once": {want: alreadyLinked, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			w.run(`UPDATE links SET base = 'base' WHERE id = $1`, id)
			return id
		}},
		"a half that is left alone": {want: alreadyLinked, other: func(t *testing.T, w world) int64 {
			id := half(t, w.s, record.Salesforce, "003")
			sync1(t, w.s, record.Outcome{LinkID: id, State: record.LinkParted, Problem: record.ProblemIgnored})
			return id
		}},
		"a whole link": {want: alreadyLinked, other: func(t *testing.T, w world) int64 { return pair(t, w.s, "b", "003") }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, conn := newLiveStore(t)
			w := world{s: s, run: func(sql string, args ...any) { exec(t, conn, sql, args...) }}
			var other int64
			if c.older {
				other = c.other(t, w)
			}
			w.link = half(t, s, record.GoHighLevel, "a")
			if !c.older {
				other = c.other(t, w)
			}
			before := links(t, s, acme)
			mine := claimLink(t, s, w.link, "mine")
			err := s.JoinHalves(t.Context(), mine.Token, w.link, record.Salesforce, "003")
			if c.want != nil {
				c.want(t, err)
				require.Equal(t, before, links(t, s, acme), "nothing has changed")
				return
			}
			require.NoError(t, err)
			require.NoError(t, s.JoinHalves(t.Context(), mine.Token, w.link, record.Salesforce, "003"), "joining twice is harmless")
			all := links(t, s, acme)
			require.Len(t, all, 1)
			require.Equal(t, w.link, all[0].ID)
			require.Equal(t, "a", all[0].GoHighLevelID)
			require.Equal(t, "003", all[0].SalesforceID)
			require.Empty(t, openReviews(t, s), "nobody waits for a link that is gone")
			require.NoError(t, s.Commit(t.Context(), mine.Token, origin, inStep(w.link)))
			if other != 0 {
				require.ErrorIs(t, s.HandOver(t.Context(), mine.Token-1, []int64{other}), record.ErrFenced)
			}
		})
	}
}

func halfClaimed(t *testing.T, err error) { require.ErrorIs(t, err, record.ErrHalfClaimed) }

func alreadyLinked(t *testing.T, err error) {
	var linked *record.AlreadyLinkedError
	require.ErrorAs(t, err, &linked)
	require.Equal(t, record.Salesforce, linked.Side)
}

func TestJoiningNeedsTheClaim(t *testing.T) {
	s, _ := newLiveStore(t)
	id := half(t, s, record.GoHighLevel, "a")
	require.ErrorIs(t, s.JoinHalves(t.Context(), 99, id, record.Salesforce, "003"), record.ErrFenced)
	c := claimLink(t, s, id, "mine")
	require.ErrorIs(t, s.JoinHalves(t.Context(), c.Token+1, id, record.Salesforce, "003"), record.ErrFenced)
	require.Error(t, s.JoinHalves(t.Context(), c.Token, id, "odd", "003"))
}

func TestTheJournalOfAHalfThatIsJoinedMovesToTheLinkThatStays(t *testing.T) {
	s, _ := newLiveStore(t)
	id := half(t, s, record.GoHighLevel, "a")
	other := half(t, s, record.Salesforce, "003")
	sync1(t, s, record.Outcome{LinkID: other, State: record.LinkFailed, Problem: "Rejected", Journal: []record.JournalEntry{
		{Side: record.Salesforce, Operation: record.Update, Sealed: []byte("x")},
	}})
	c := claimLink(t, s, id, "mine")
	require.NoError(t, s.JoinHalves(t.Context(), c.Token, id, record.Salesforce, "003"))
	rows, err := s.Journal(t.Context(), acme, id)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, id, rows[0].LinkID)
}

func TestAMarkOfAHalfThatIsJoinedIsKeptByTheLinkThatStays(t *testing.T) {
	join := map[string]func(t *testing.T, s *store.Store, c record.Claimed, link int64){
		"joined": func(t *testing.T, s *store.Store, c record.Claimed, link int64) {
			require.NoError(t, s.JoinHalves(t.Context(), c.Token, link, record.Salesforce, "003"))
			require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(link)))
		},
		"committed": func(t *testing.T, s *store.Store, c record.Claimed, link int64) {
			o := inStep(link)
			o[0].SalesforceID = "003"
			require.NoError(t, s.Commit(t.Context(), c.Token, origin, o))
			require.NoError(t, s.Commit(t.Context(), c.Token, origin, o), "committing twice is harmless")
		},
	}
	for name, do := range join {
		t.Run(name, func(t *testing.T) {
			s, _ := newLiveStore(t)
			id := half(t, s, record.GoHighLevel, "a")
			c := claimLink(t, s, id, "mine") // reads 003, which nobody has announced yet
			mark(t, s, sf("003")...)
			plan(t, s, 10)
			do(t, s, c, id)
			require.True(t, isPending(t, s, id), "what was read of 003 may be older than its change")
			require.Equal(t, []int64{id}, plan(t, s, 10).Record)

			quiet := half(t, s, record.GoHighLevel, "b")
			c = claimLink(t, s, quiet, "mine")
			half(t, s, record.Salesforce, "004")
			require.NoError(t, s.JoinHalves(t.Context(), c.Token, quiet, record.Salesforce, "004"))
			require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(quiet)))
			require.False(t, isPending(t, s, quiet), "a half that was not marked makes no work")
		})
	}
}

func TestAMarkThatArrivesWhileItsHalfIsJoinedIsNotLost(t *testing.T) {
	s, conn := newLiveStore(t)
	const n = 40
	for i := range n {
		ctx := context.Background()
		g, f := fmt.Sprintf("g%d", i), fmt.Sprintf("f%d", i)
		id := half(t, s, record.GoHighLevel, g)
		half(t, s, record.Salesforce, f)
		c := claimLink(t, s, id, "mine")
		var group errgroup.Group
		group.Go(func() error { return s.JoinHalves(ctx, c.Token, id, record.Salesforce, f) })
		group.Go(func() error {
			marks := sf(f)
			marks[0].OnlyLinked = i%2 == 0
			if _, err := s.MarkChanged(ctx, acme, record.Contact, marks); err != nil {
				return err
			}
			_, err := s.PlanChanges(ctx, acme, record.Kinds[1:], 10, nil)
			return err
		})
		require.NoError(t, group.Wait())
		require.NoError(t, s.Commit(ctx, c.Token, origin, inStep(id)))
		require.True(t, isPending(t, s, id))
		require.Zero(t, number(t, conn, `SELECT count(*) FROM announced`))
		exec(t, conn, `DELETE FROM pending`)
	}
	require.Len(t, links(t, s, acme), n)
}

func TestACreateThatBeginsWhileItsHalfIsJoinedIsNotForgotten(t *testing.T) {
	s, conn := newLiveStore(t)
	id := half(t, s, record.GoHighLevel, "a")
	other := half(t, s, record.Salesforce, "003")
	mine := claimLink(t, s, id, "mine")
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `
		INSERT INTO intents (link_id, connection, kind, side) SELECT id, connection, kind, 1 FROM links WHERE id = $1`, other)
	require.NoError(t, err)
	var group errgroup.Group
	group.Go(func() error {
		err := s.JoinHalves(context.Background(), mine.Token, id, record.Salesforce, "003")
		if !errors.Is(err, record.ErrHalfClaimed) {
			return fmt.Errorf("want ErrHalfClaimed, have %v", err)
		}
		return nil
	})
	<-waiting(t, conn)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, group.Wait())
	require.NotNil(t, linkOf(t, s, record.Salesforce, "003").Intent)
}

func TestHalvesThatLookForEachOtherAtOnceBecomeOneLink(t *testing.T) {
	s, conn := newLiveStore(t)
	const n = 25
	for i := range n {
		ctx := context.Background()
		g, f := fmt.Sprintf("g%d", i), fmt.Sprintf("f%d", i)
		first, second := half(t, s, record.GoHighLevel, g), half(t, s, record.Salesforce, f)
		sync := func(link int64, side record.Side, id string) error {
			for {
				c, ok, err := s.ClaimLink(ctx, acme, link, fmt.Sprintf("run/%d", link), time.Hour)
				if errors.Is(err, record.ErrNoLink) {
					return nil // it was joined to the other
				}
				if err != nil {
					return err
				}
				if !ok {
					continue // it went away at this moment
				}
				err = s.JoinHalves(ctx, c.Token, link, side, id)
				if err == nil {
					err = s.Commit(ctx, c.Token, origin, inStep(link))
				}
				var linked *record.AlreadyLinkedError
				switch {
				case errors.Is(err, record.ErrFenced), errors.Is(err, record.ErrHalfClaimed), errors.As(err, &linked):
					continue
				default:
					return err
				}
			}
		}
		var group errgroup.Group
		group.Go(func() error { return sync(first, record.Salesforce, f) })
		group.Go(func() error { return sync(second, record.GoHighLevel, g) })
		require.NoError(t, group.Wait())
		require.Equal(t, linkOf(t, s, record.GoHighLevel, g), linkOf(t, s, record.Salesforce, f))
	}
	require.Equal(t, n, number(t, conn, `SELECT count(*) FROM links WHERE gohighlevel_id IS NOT NULL AND salesforce_id IS NOT NULL`))
	require.Len(t, links(t, s, acme), n)
}
