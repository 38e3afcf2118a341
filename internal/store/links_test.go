package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestLinksAreFoundByTheirRecords(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "e1", 3)
	want := links(t, s, acme)[1]
	got, err := s.FindLink(t.Context(), acme, record.Contact, record.Salesforce, want.SalesforceID)
	require.NoError(t, err)
	require.Equal(t, want, *got)
	got, err = s.FindLink(t.Context(), acme, record.Contact, record.GoHighLevel, want.SalesforceID)
	require.NoError(t, err)
	require.Nil(t, got)

	found, err := s.LinkedRecords(t.Context(), acme, record.Contact, record.GoHighLevel, []string{want.GoHighLevelID, "unknown"})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{want.GoHighLevelID: want.ID}, found)
}

func TestLinksArePagedByTheirIDsWithinTheirConnection(t *testing.T) {
	s, _ := newStore(t)
	addConnection(t, s, "other")
	couples(t, s, acme, "e1", 5)
	couples(t, s, "other", "e1", 5)
	var seen []int64
	after := int64(0)
	for {
		page, err := s.Links(t.Context(), acme, record.Contact, after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, w := range page {
			require.NotNil(t, w.GoHighLevel)
			require.NotNil(t, w.Salesforce)
			seen = append(seen, w.Link.ID)
		}
		after = seen[len(seen)-1]
	}
	require.Len(t, seen, 5)
	require.IsIncreasing(t, seen)
}

func TestARecordGetsOneLinkHoweverManyAskForIt(t *testing.T) {
	s, _ := newStore(t)
	var group errgroup.Group
	got := make([]record.Link, 20)
	for i := range got {
		group.Go(func() (err error) {
			got[i], err = s.EnsureLink(context.Background(), acme, record.Contact, record.Salesforce, "003")
			return err
		})
	}
	require.NoError(t, group.Wait())
	for _, l := range got {
		require.Equal(t, got[0], l)
	}
	require.Equal(t, []record.Link{
		{ID: got[0].ID, Connection: acme, Kind: record.Contact, SalesforceID: "003", State: record.LinkNew},
	}, links(t, s, acme))
	require.Empty(t, claim(t, s, "o", 10).Work)
}

func TestReviewsListGroupsAndSingleLinks(t *testing.T) {
	s, _ := newStore(t)
	stage(t, s, acme, "e1",
		person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 1), person(record.Salesforce, "003c", 1),
		person(record.GoHighLevel, "d", 2))
	counts := match(t, s, acme, "e1")
	require.Equal(t, record.MatchCounts{OnlyGoHighLevel: 1, InReview: 3, Pending: 1}, counts)
	c := claim(t, s, "o", 10)
	require.NoError(t, s.Commit(t.Context(), c.Token, origin, []record.Outcome{
		{
			LinkID: ids(c)[0], State: record.LinkInReview, Problem: record.ReviewDuplicateRefused,
			Waits: &record.Question{WorkflowID: "contact/acme/4", DecideAfter: time.Hour},
		},
	}))

	reviews, err := s.Reviews(t.Context(), acme, store.ReviewFilter{})
	require.NoError(t, err)
	require.Len(t, reviews, 2)
	require.Equal(t, record.ReviewAmbiguousMatch, reviews[0].Reason)
	require.NotZero(t, reviews[0].ID)
	require.Len(t, reviews[0].Links, 3)
	require.Equal(t, record.ReviewDuplicateRefused, reviews[1].Reason)
	require.Equal(t, "contact/acme/4", reviews[1].WorkflowID)
	require.Equal(t, time.Hour, reviews[1].DueAt.Sub(reviews[1].CreatedAt))
	require.Equal(t, "d", reviews[1].Links[0].GoHighLevelID)
}

func TestLinksAreFoundByManyRecordsAtOnce(t *testing.T) {
	s, _ := newLiveStore(t)
	mark(t, s, ghl("ada", "grace")...)
	plan(t, s, 10)
	found, err := s.FindLinks(t.Context(), acme, record.Contact, record.GoHighLevel, []string{"grace", "nobody", "ada"})
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, *linkOf(t, s, record.GoHighLevel, "ada"), found["ada"])
	found, err = s.FindLinks(t.Context(), acme, record.Contact, record.Salesforce, []string{"ada"})
	require.NoError(t, err)
	require.Empty(t, found)
}
