package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// chore makes a staged task of a contact that says what the key stands for, and carries ids.
func chore(side record.Side, id, contact string, content int64, external ...int64) record.Staged {
	return record.Staged{
		Side: side, ID: id, Contact: contact, Body: []byte("sealed " + id), ReadAt: time.Unix(1_750_000_000, 0).UTC(),
		Keys: record.MatchKeys{Contents: []int64{content, content}, External: external},
	}
}

// chores stages tasks and matches them under rules that make tasks on both sides.
func chores(t *testing.T, s *store.Store, epoch string, tasks ...record.Staged) record.MatchCounts {
	t.Helper()
	for _, side := range record.Sides {
		var page []record.Staged
		for _, r := range tasks {
			if r.Side == side {
				page = append(page, r)
			}
		}
		k := record.StageKey{Connection: acme, Kind: record.Task, Side: side, Epoch: epoch}
		_, err := s.BeginStaging(t.Context(), k)
		require.NoError(t, err)
		require.NoError(t, s.StagePage(t.Context(), k, "", page, record.StageState{Cursor: "end", Done: true, Count: len(page)}))
	}
	request := record.MatchRequest{Connection: acme, Kind: record.Task, Epoch: epoch, Creates: record.Sides}
	counts, err := s.Match(t.Context(), request)
	require.NoError(t, err)
	again, err := s.Match(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, counts, again, "an epoch is matched once")
	return counts
}

func taskLink(t *testing.T, s *store.Store, side record.Side, id string) record.Link {
	t.Helper()
	link, err := s.FindLink(t.Context(), acme, record.Task, side, id)
	require.NoError(t, err)
	require.NotNil(t, link)
	return *link
}

func TestTasksAreMatchedByTheIdThatTheyCarryBeforeWhatTheySay(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "c1", 1)
	const idOfG = 71
	counts := chores(t, s, "t1",
		chore(record.GoHighLevel, "g1", "ghl00000", 5, idOfG), chore(record.Salesforce, "s1", "00300000", 5),
		chore(record.Salesforce, "s2", "00300000", 6, idOfG))
	require.Equal(t, record.MatchCounts{Linked: 1, OnlySalesforce: 1, Pending: 2}, counts)
	require.Equal(t, "s2", taskLink(t, s, record.GoHighLevel, "g1").SalesforceID)
}

func TestTwoHalvesThatWereMadeApartBecomeOneLink(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "c1", 1)
	g, err := s.EnsureLink(t.Context(), acme, record.Task, record.GoHighLevel, "g1")
	require.NoError(t, err)
	_, err = s.EnsureLink(t.Context(), acme, record.Task, record.Salesforce, "s1")
	require.NoError(t, err)
	counts := chores(t, s, "t1", chore(record.GoHighLevel, "g1", "ghl00000", 5), chore(record.Salesforce, "s1", "00300000", 5))
	require.Equal(t, record.MatchCounts{Linked: 1, Pending: 1}, counts)
	link := taskLink(t, s, record.Salesforce, "s1")
	require.Equal(t, g.ID, link.ID)
	require.Equal(t, "ghl00000", link.GoHighLevelContact)
	require.Equal(t, "00300000", link.SalesforceContact)
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM links WHERE kind = 2`).Scan(&n))
	require.Equal(t, 1, n)
}

func TestATaskThatWaitsForAPersonIsLeftToThatPerson(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "c1", 1)
	held, err := s.EnsureLink(t.Context(), acme, record.Task, record.GoHighLevel, "g1")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE links SET state = 3, problem = 'duplicate_refused' WHERE id = $1`, held.ID)
	require.NoError(t, err)
	counts := chores(t, s, "t1", chore(record.GoHighLevel, "g1", "ghl00000", 5), chore(record.Salesforce, "s1", "00300000", 5))
	require.Equal(t, record.MatchCounts{OnlySalesforce: 1, InReview: 1, Pending: 1}, counts)
	require.Equal(t, record.LinkInReview, taskLink(t, s, record.GoHighLevel, "g1").State)
}

func TestWhatTheRulesLeaveOutTakesItsOtherHalfAlong(t *testing.T) {
	s, _ := newStore(t)
	couples(t, s, acme, "c1", 1)
	old := chore(record.Salesforce, "s1", "00300000", 5)
	old.Excluded = true
	alone := chore(record.GoHighLevel, "g2", "ghl00000", 6)
	alone.Excluded = true
	require.Equal(t, record.MatchCounts{Excluded: 2}, chores(t, s, "t1", chore(record.GoHighLevel, "g1", "ghl00000", 5), old, alone))
	link := taskLink(t, s, record.GoHighLevel, "g1")
	require.Equal(t, record.LinkExcluded, link.State)
	require.Equal(t, "s1", link.SalesforceID)
}

func TestTheLastHundredCertificatesAreKept(t *testing.T) {
	s, _ := newStore(t)
	for i := range 103 {
		kept, err := s.KeepCertificate(t.Context(), record.Certificate{Connection: acme, RunID: fmt.Sprintf("run-%03d", i), Drift: i})
		require.NoError(t, err)
		require.Equal(t, i, kept.Drift)
	}
	all, err := s.Certificates(t.Context(), acme, 1000)
	require.NoError(t, err)
	require.Len(t, all, 100)
	require.Equal(t, "run-102", all[0].RunID)
	require.Equal(t, "run-003", all[99].RunID)
	again, err := s.KeepCertificate(t.Context(), record.Certificate{Connection: acme, RunID: "run-102", Drift: 7})
	require.NoError(t, err)
	require.Equal(t, 102, again.Drift, "a run's certificate is kept once")
}
