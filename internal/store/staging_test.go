package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

func TestReadingGoesOnWhereItStopped(t *testing.T) {
	s, _ := newStore(t)
	k := stageKey(acme, record.GoHighLevel, "e1")
	state, err := s.BeginStaging(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, record.StageState{}, state)

	first := record.StageState{Cursor: "c1", Count: 1}
	require.NoError(t, s.StagePage(t.Context(), k, "", []record.Staged{person(record.GoHighLevel, "a", 1)}, first))
	state, err = s.BeginStaging(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, first, state)

	last := record.StageState{Done: true, Count: 2}
	require.NoError(t, s.StagePage(t.Context(), k, "c1", []record.Staged{person(record.GoHighLevel, "b", 2)}, last))
	state, err = s.BeginStaging(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, last, state)
}

func TestAPageThatWasStagedAlreadyChangesNothing(t *testing.T) {
	s, conn := newStore(t)
	k := stageKey(acme, record.GoHighLevel, "e1")
	_, err := s.BeginStaging(t.Context(), k)
	require.NoError(t, err)
	page := []record.Staged{person(record.GoHighLevel, "a", 1)}
	require.NoError(t, s.StagePage(t.Context(), k, "", page, record.StageState{Cursor: "c1", Count: 1}))
	late := []record.Staged{person(record.GoHighLevel, "a", 2), person(record.GoHighLevel, "late", 3)}
	require.NoError(t, s.StagePage(t.Context(), k, "", late, record.StageState{Cursor: "c9", Count: 9}))

	state, err := s.BeginStaging(t.Context(), k)
	require.NoError(t, err)
	require.Equal(t, record.StageState{Cursor: "c1", Count: 1}, state)
	var keys [][]int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT array_agg(email_keys) FROM staged`).Scan(&keys))
	require.Equal(t, [][]int64{{1}}, keys)
}

func TestOfARecordReadTwiceTheLaterReadingCounts(t *testing.T) {
	s, _ := newStore(t)
	again := person(record.GoHighLevel, "a", 7)
	again.Body, again.ModifiedAt = []byte("later"), time.Unix(1_760_000_000, 0).UTC()
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.GoHighLevel, "b", 2), again)
	require.Equal(t, record.MatchCounts{OnlyGoHighLevel: 2, Pending: 2}, match(t, s, acme, "e1"))

	work, err := s.Links(t.Context(), acme, record.Contact, 0, 10)
	require.NoError(t, err)
	require.Nil(t, work[0].Salesforce)
	got := work[0].GoHighLevel
	got.ModifiedAt, got.ReadAt = got.ModifiedAt.UTC(), got.ReadAt.UTC()
	again.LinkID, again.Keys.External, again.Keys.PhoneNames = work[0].Link.ID, []int64{}, []int64{}
	require.Equal(t, again, *got)
}

func TestANewEpochForgetsWhatEarlierOnesStagedOfThatSideOnly(t *testing.T) {
	s, conn := newStore(t)
	stage(t, s, acme, "e1", person(record.GoHighLevel, "a", 1), person(record.Salesforce, "b", 1))
	state, err := s.BeginStaging(t.Context(), stageKey(acme, record.GoHighLevel, "e2"))
	require.NoError(t, err)
	require.Equal(t, record.StageState{}, state)
	var left []string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT array_agg(record_id) FROM staged`).Scan(&left))
	require.Equal(t, []string{"b"}, left)
}

func TestAReadingThatWasReplacedIsFenced(t *testing.T) {
	s, _ := newStore(t)
	old := stageKey(acme, record.GoHighLevel, "e1")
	_, err := s.BeginStaging(t.Context(), old)
	require.NoError(t, err)
	_, err = s.BeginStaging(t.Context(), stageKey(acme, record.GoHighLevel, "e2"))
	require.NoError(t, err)
	err = s.StagePage(t.Context(), old, "", []record.Staged{person(record.GoHighLevel, "a", 1)}, record.StageState{Done: true})
	require.ErrorIs(t, err, record.ErrFenced)
}

func TestUnstageForgetsRecordsButNotLinks(t *testing.T) {
	s, conn := newStore(t)
	couples(t, s, acme, "e1", 3)
	require.NoError(t, s.Unstage(t.Context(), acme, record.Contact))
	require.NoError(t, s.Unstage(t.Context(), acme, record.Contact))
	var staged int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM staged`).Scan(&staged))
	require.Zero(t, staged)
	require.Len(t, links(t, s, acme), 3)
	c := claim(t, s, "o", 10)
	require.Len(t, c.Work, 3)
	require.Nil(t, c.Work[0].GoHighLevel)
}

func TestSidesThatWereNotReadToTheEndAreNotMatched(t *testing.T) {
	s, _ := newStore(t)
	request := record.MatchRequest{Connection: acme, Kind: record.Contact, Epoch: "e1", Tiers: allTiers}
	for _, side := range record.Sides {
		_, err := s.Match(t.Context(), request)
		require.ErrorIs(t, err, record.ErrNotRead)
		k := stageKey(acme, side, "e1")
		_, err = s.BeginStaging(t.Context(), k)
		require.NoError(t, err)
		_, err = s.Match(t.Context(), request)
		require.ErrorIs(t, err, record.ErrNotRead)
		require.NoError(t, s.StagePage(t.Context(), k, "", nil, record.StageState{Done: true}))
	}
	_, err := s.Match(t.Context(), request)
	require.NoError(t, err)
}
