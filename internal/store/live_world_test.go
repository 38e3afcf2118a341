package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// newLiveStore is newStore with a connection that is kept in step.
func newLiveStore(t testing.TB) (*store.Store, *pgx.Conn) {
	t.Helper()
	s, conn := newStore(t)
	exec(t, conn, `UPDATE connections SET state = 'active', live_since = now()`)
	return s, conn
}

func exec(t require.TestingT, conn *pgx.Conn, sql string, args ...any) {
	_, err := conn.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

func number(t require.TestingT, conn *pgx.Conn, sql string, args ...any) int {
	var n int
	require.NoError(t, conn.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

func ghl(ids ...string) (marks []record.Mark) {
	for _, id := range ids {
		marks = append(marks, record.Mark{Side: record.GoHighLevel, RecordID: id})
	}
	return marks
}

func sf(ids ...string) (marks []record.Mark) {
	for _, id := range ids {
		marks = append(marks, record.Mark{Side: record.Salesforce, RecordID: id})
	}
	return marks
}

func mark(t require.TestingT, s *store.Store, marks ...record.Mark) (ring bool) {
	ring, err := s.MarkChanged(context.Background(), acme, record.Contact, marks)
	require.NoError(t, err)
	return ring
}

func plan(t require.TestingT, s *store.Store, most int, busy ...int64) record.ChangesPlan {
	p, err := s.PlanChanges(context.Background(), acme, record.Kinds[1:], most, busy)
	require.NoError(t, err)
	return p
}

func claimLink(t require.TestingT, s *store.Store, link int64, owner string) record.Claimed {
	c, ok, err := s.ClaimLink(context.Background(), acme, link, owner, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return c
}

// sync lets an owner bring a link to an outcome.
func sync1(t require.TestingT, s *store.Store, o record.Outcome) {
	c := claimLink(t, s, o.LinkID, fmt.Sprintf("sync/%d", o.LinkID))
	require.NoError(t, s.Commit(context.Background(), c.Token, origin, []record.Outcome{o}))
}

// half makes a link of one record, which is not pending.
func half(t require.TestingT, s *store.Store, side record.Side, id string) int64 {
	l, err := s.EnsureLink(context.Background(), acme, record.Contact, side, id)
	require.NoError(t, err)
	return l.ID
}

// pair makes a link of two records that are in step.
func pair(t require.TestingT, s *store.Store, ghl, sf string) int64 {
	id := half(t, s, record.GoHighLevel, ghl)
	sync1(t, s, record.Outcome{LinkID: id, State: record.LinkInStep, SalesforceID: sf, Base: []byte("base")})
	return id
}

func linkOf(t require.TestingT, s *store.Store, side record.Side, id string) *record.Link {
	l, err := s.FindLink(context.Background(), acme, record.Contact, side, id)
	require.NoError(t, err)
	return l
}

func isPending(t require.TestingT, s *store.Store, link int64) bool {
	pending, _, err := s.LinkStanding(context.Background(), acme, record.Contact, link)
	require.NoError(t, err)
	return pending
}

func openReviews(t require.TestingT, s *store.Store) []record.Review {
	all, err := s.Reviews(context.Background(), acme, store.ReviewFilter{})
	require.NoError(t, err)
	return all
}
