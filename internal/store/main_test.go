package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/devstack/storetest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var (
	_ activities.Ledger            = (*store.Store)(nil)
	_ activities.SweepLedger       = (*store.Store)(nil)
	_ activities.NoteLedger        = (*store.Store)(nil)
	_ activities.MaintenanceLedger = (*store.Store)(nil)
)

func TestMain(m *testing.M) { storetest.Main(m) }

// newStore returns a store on a database of the test's own, migrated, with the connection "acme".
func newStore(t testing.TB) (*store.Store, *pgx.Conn) {
	t.Helper()
	address := storetest.New(t)
	s, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	addConnection(t, s, acme)
	return s, conn
}

const acme = "acme"

func addConnection(t require.TestingT, s *store.Store, id string) {
	_, err := s.AddConnection(context.Background(), store.Connection{
		ID: id, Rules: "fields: {}\n", State: "new", FingerprintKey: []byte("sealed"),
	})
	require.NoError(t, err)
}

func stageKey(connection string, side record.Side, epoch string) record.StageKey {
	return record.StageKey{Connection: connection, Kind: record.Contact, Side: side, Epoch: epoch}
}

// stage reads both sides to the end under an epoch.
func stage(t require.TestingT, s *store.Store, connection, epoch string, records ...record.Staged) {
	ctx := context.Background()
	for _, side := range record.Sides {
		var page []record.Staged
		for _, r := range records {
			if r.Side == side {
				page = append(page, r)
			}
		}
		k := stageKey(connection, side, epoch)
		_, err := s.BeginStaging(ctx, k)
		require.NoError(t, err)
		require.NoError(t, s.StagePage(ctx, k, "", page, record.StageState{Cursor: "end", Done: true, Count: len(page)}))
	}
}

var allTiers = []record.MatchTier{record.MatchExternalID, record.MatchEmail, record.MatchPhoneAndName}

func match(t require.TestingT, s *store.Store, connection, epoch string) record.MatchCounts {
	counts, err := s.Match(context.Background(), record.MatchRequest{
		Connection: connection, Kind: record.Contact, Epoch: epoch, Tiers: allTiers,
	})
	require.NoError(t, err)
	return counts
}

// person makes a staged record whose e-mail address is the given key.
func person(side record.Side, id string, email int64) record.Staged {
	r := record.Staged{Side: side, ID: id, Body: []byte("sealed " + id), ReadAt: time.Unix(1_750_000_000, 0).UTC()}
	if email != 0 {
		r.Keys.Emails = []int64{email}
	}
	return r
}

// couples stages and matches n records on each side, the nth of one with the nth of the other.
func couples(t require.TestingT, s *store.Store, connection, epoch string, n int) {
	var records []record.Staged
	for i := range n {
		records = append(records,
			person(record.GoHighLevel, fmt.Sprintf("ghl%05d", i), int64(i+1)),
			person(record.Salesforce, fmt.Sprintf("003%05d", i), int64(i+1)))
	}
	stage(t, s, connection, epoch, records...)
	counts := match(t, s, connection, epoch)
	require.Equal(t, record.MatchCounts{Linked: n, Pending: n}, counts)
}

func links(t require.TestingT, s *store.Store, connection string) []record.Link {
	work, err := s.Links(context.Background(), connection, record.Contact, 0, 10_000)
	require.NoError(t, err)
	out := make([]record.Link, len(work))
	for i, w := range work {
		out[i] = w.Link
	}
	return out
}

func claim(t require.TestingT, s *store.Store, owner string, limit int) record.Claimed {
	c, err := s.Claim(context.Background(), record.ClaimRequest{
		Connection: acme, Kind: record.Contact, Owner: owner, Limit: limit, Lease: time.Hour,
	})
	require.NoError(t, err)
	return c
}

// creates is what is about to be created of a claim.
func creates(c record.Claimed) []record.Begun {
	var out []record.Begun
	for _, id := range ids(c) {
		out = append(out, record.Begun{LinkID: id})
	}
	return out
}

func ids(c record.Claimed) []int64 {
	var out []int64
	for _, w := range c.Work {
		out = append(out, w.Link.ID)
	}
	return out
}

var origin = record.Origin{Connection: acme, Kind: record.Contact, Origin: "e1", RunID: "run", RulesVersion: 1}
