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

func TestTwoHalvesThatMatchLaterBecomeOneLinkWithBothJournals(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 2))
	match(t, s, acme, "e1")
	c := claim(t, s, "o", 10)
	var outcomes []record.Outcome
	for _, w := range c.Work {
		outcomes = append(outcomes, record.Outcome{
			LinkID: w.Link.ID, State: record.LinkFailed, Problem: "Rejected",
			Journal: []record.JournalEntry{{Side: record.GoHighLevel, Operation: record.Update, Sealed: []byte("x")}},
		})
	}
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, outcomes))

	stage(t, s, acme, "e2", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "003", 1))
	require.Equal(t, record.MatchCounts{Linked: 1, Pending: 1}, match(t, s, acme, "e2"))
	require.Equal(t, []record.Link{{
		ID: ids(c)[0], Connection: acme, Kind: record.Contact, GoHighLevelID: "a", SalesforceID: "003", State: record.LinkNew,
	}}, links(t, s, acme))
	journal, err := s.Journal(t.Context(), acme, ids(c)[0])
	require.NoError(t, err)
	require.Len(t, journal, 2)
}

func TestAChainOfSharedKeysIsOneGroup(t *testing.T) {
	s, _ := newStore(t)
	// Each record shares one key with the next, from end to end, in an order that has nothing to do with the chain's.
	const n = 300
	var records []record.Staged
	for i := range n {
		r := person(record.Sides[i%2], fmt.Sprintf("%03d", (i*7919)%n), 0)
		r.Keys.Emails = []int64{int64(i), int64(i + 1)}
		records = append(records, r)
	}
	stage(t, s, acme, "e1", records...)
	require.Equal(t, record.MatchCounts{InReview: n}, match(t, s, acme, "e1"))
	reviews, err := s.Reviews(t.Context(), acme, store.ReviewFilter{})
	require.NoError(t, err)
	require.Len(t, reviews, 1)
	require.Len(t, reviews[0].Links, n)
}

func TestPeopleWhoShareAPhoneAndALastNameGoToReview(t *testing.T) {
	s, _ := newStore(t)
	namesake := func(side record.Side, id string, phone, first int64) record.Staged {
		r := person(side, id, 0)
		r.Keys.PhoneNames, r.Keys.FirstName = []int64{phone}, first
		return r
	}
	stage(t, s, acme, "e1",
		namesake(record.GoHighLevel, "ann", 1, 11), namesake(record.Salesforce, "bob", 1, 12),
		namesake(record.GoHighLevel, "cleo", 2, 13), namesake(record.Salesforce, "unnamed", 2, 0))
	require.Equal(t, record.MatchCounts{Linked: 1, InReview: 2, Pending: 1}, match(t, s, acme, "e1"))
	reviews, err := s.Reviews(t.Context(), acme, store.ReviewFilter{})
	require.NoError(t, err)
	require.Len(t, reviews, 1)
	require.Equal(t, record.ReviewNamesakes, reviews[0].Reason)
}

func TestARecordWhoseCounterpartIsExcludedIsNotCreatedAgain(t *testing.T) {
	s, _ := newStore(t)
	out := person(record.Salesforce, "003", 1)
	out.Excluded = true
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), out)
	require.Equal(t, record.MatchCounts{Excluded: 1}, match(t, s, acme, "e1"))
	all := links(t, s, acme)
	require.Len(t, all, 1)
	require.Equal(t, record.LinkExcluded, all[0].State)
	require.Equal(t, "003", all[0].SalesforceID)

	out.Excluded = false
	stage(t, s, acme, "e2", person(record.GoHighLevel, "a", 1), out)
	require.Equal(t, record.MatchCounts{Linked: 1, Pending: 1}, match(t, s, acme, "e2"), "the filter lets it in again")
}

func TestAChangeSinceTheReadingBringsAnExcludedLinkBack(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 2)
	c := claim(t, s, "o", 10)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, inStep(ids(c)...)))
	var records []record.Staged
	for _, l := range links(t, s, acme) {
		for _, side := range record.Sides {
			r := person(side, l.RecordID(side), l.ID)
			r.Excluded = true
			records = append(records, r)
		}
	}
	stage(t, s, acme, "e2", records...)
	changed := ids(c)[1:]
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, changed))
	require.Equal(t, record.MatchCounts{Excluded: 2}, match(t, s, acme, "e2"))
	require.Equal(t, changed, ids(claim(t, s, "o", 10)))
}

func TestUnknownTiersAreRefused(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.Match(t.Context(), record.MatchRequest{
		Connection: acme, Kind: record.Contact, Epoch: "e1", Tiers: []record.MatchTier{"guess"},
	})
	require.ErrorContains(t, err, "guess")
}

func TestMatchingAndSyncingAtOnceLeaveEveryRecordInOneLink(t *testing.T) {
	s, conn := newStore(t)
	ctx := t.Context()
	const n = 200
	couples(t, s, acme, "e1", n)
	var group errgroup.Group
	done, stop := context.WithCancel(ctx)
	group.Go(func() error {
		defer stop()
		for round := range 4 {
			epoch := fmt.Sprintf("again%d", round)
			var records []record.Staged
			for i := range n + 50 {
				records = append(records,
					person(record.GoHighLevel, fmt.Sprintf("ghl%05d", i), int64(i+1)),
					person(record.Salesforce, fmt.Sprintf("003%05d", i+round), int64(i+round+1)))
			}
			stage(t, s, acme, epoch, records...)
			match(t, s, acme, epoch)
		}
		return nil
	})
	for worker := range 4 {
		group.Go(func() error {
			for i := 0; done.Err() == nil; i++ {
				// Records turn up by themselves, as live sync finds them.
				if _, err := s.EnsureLink(ctx, acme, record.Contact, record.GoHighLevel, fmt.Sprintf("ghl%05d", n+(i*4+worker)%60)); err != nil {
					return err
				}
				c, err := s.Claim(ctx, record.ClaimRequest{
					Connection: acme, Kind: record.Contact, Owner: fmt.Sprintf("%d/%d", worker, i), Limit: 9, Lease: time.Hour,
				})
				if err != nil {
					return err
				}
				var taken *record.AlreadyLinkedError
				err = s.Commit(ctx, c.Token, origin, inStep(ids(c)...))
				if err != nil && !errors.Is(err, record.ErrFenced) && !errors.As(err, &taken) {
					return err
				}
				if err := s.MarkPending(ctx, acme, record.Contact, ids(c)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	var records, inLinks int
	require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM staged`).Scan(&records))
	require.NoError(t, conn.QueryRow(ctx, `
		SELECT count(*) FROM staged st JOIN links l ON l.connection = st.connection
		   AND st.record_id = CASE st.side WHEN 1 THEN l.gohighlevel_id ELSE l.salesforce_id END`).Scan(&inLinks))
	require.Equal(t, records, inLinks)
}
