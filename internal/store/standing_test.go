package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

func stateOf(t *testing.T, s *store.Store) string {
	t.Helper()
	row, err := s.GetConnection(t.Context(), acme)
	require.NoError(t, err)
	return row.State
}

func TestAConnectionMovesOnlyFromWhereItMay(t *testing.T) {
	s, _ := newStore(t)
	all := []string{record.ConnectionActive, record.ConnectionPaused, record.ConnectionUninstalled, record.ConnectionDisconnected}
	for _, from := range all {
		for _, to := range all {
			for _, allowed := range all {
				require.NoError(t, s.SetConnectionState(t.Context(), acme, from))
				was, err := s.MoveConnection(t.Context(), acme, to, allowed)
				require.NoError(t, err)
				require.Equal(t, from, was)
				want := from
				if from == allowed {
					want = to
				}
				require.Equal(t, want, stateOf(t, s), "%s to %s, allowed from %s", from, to, allowed)
			}
		}
	}
	_, err := s.MoveConnection(t.Context(), "nobody", record.ConnectionActive, record.ConnectionPaused)
	require.ErrorIs(t, err, record.ErrNoConnection)
}

func TestADisconnectedConnectionHasNoCredentialsAndIsConnectedAgainByBoth(t *testing.T) {
	s, _ := newStore(t)
	keyset, err := vault.Generate()
	require.NoError(t, err)
	v, err := vault.Load(vault.Source{Value: string(keyset)})
	require.NoError(t, err)
	credentials := s.Credentials(v)
	put := func(side record.Side) {
		require.NoError(t, credentials.PutCredential(t.Context(), acme, side, &oauth.Credential{Side: side, AccessToken: "t"}))
	}
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	put(record.GoHighLevel)
	put(record.Salesforce)
	link, err := s.EnsureLink(t.Context(), acme, record.Contact, record.GoHighLevel, "g1")
	require.NoError(t, err)
	for _, want := range []string{record.ConnectionActive, record.ConnectionDisconnected} {
		was, err := s.Disconnect(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, want, was)
	}
	for _, side := range record.Sides {
		_, err := credentials.LoadCredential(t.Context(), acme, side)
		require.ErrorIs(t, err, oauth.ErrNoCredential)
	}
	kept, err := s.FindLink(t.Context(), acme, record.Contact, record.GoHighLevel, "g1")
	require.NoError(t, err)
	require.Equal(t, link.ID, kept.ID)
	_, err = s.Disconnect(t.Context(), "nobody")
	require.ErrorIs(t, err, record.ErrNoConnection)

	put(record.GoHighLevel)
	require.NoError(t, s.Reconnected(t.Context(), acme))
	require.Equal(t, record.ConnectionDisconnected, stateOf(t, s))
	put(record.Salesforce)
	require.NoError(t, s.Reconnected(t.Context(), acme))
	require.Equal(t, record.ConnectionUnchecked, stateOf(t, s))

	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.NoError(t, s.Reconnected(t.Context(), acme))
	require.Equal(t, record.ConnectionPaused, stateOf(t, s), "who paused it resumes it")
}

func TestAConnectionThatWasConnectedAgainWorksOnceACheckOfItAsItIsHasPassed(t *testing.T) {
	s, _ := newStore(t)
	asOf := func() time.Time {
		row, err := s.GetConnection(t.Context(), acme)
		require.NoError(t, err)
		return row.UpdatedAt
	}
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	before := asOf()
	require.NoError(t, s.HoldBack(t.Context(), acme))
	require.Equal(t, record.ConnectionUnchecked, stateOf(t, s))
	require.NoError(t, s.Checked(t.Context(), acme, before))
	require.Equal(t, record.ConnectionUnchecked, stateOf(t, s), "a check of what it was granted before says nothing")
	for range 2 {
		require.NoError(t, s.Checked(t.Context(), acme, asOf()))
		require.Equal(t, record.ConnectionActive, stateOf(t, s))
	}
}

func TestAPauseOutlastsAConnectingAndEndsInWhatTheCheckFound(t *testing.T) {
	s, _ := newStore(t)
	move := func(to, from string) {
		_, err := s.MoveConnection(t.Context(), acme, to, from)
		require.NoError(t, err)
	}
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.NoError(t, s.HoldBack(t.Context(), acme))
	require.Equal(t, record.ConnectionPaused, stateOf(t, s))
	move(record.ConnectionActive, record.ConnectionPaused)
	require.Equal(t, record.ConnectionUnchecked, stateOf(t, s))
	move(record.ConnectionPaused, record.ConnectionUnchecked)
	row, err := s.GetConnection(t.Context(), acme)
	require.NoError(t, err)
	require.NoError(t, s.Checked(t.Context(), acme, row.UpdatedAt))
	require.Equal(t, record.ConnectionPaused, stateOf(t, s))
	move(record.ConnectionActive, record.ConnectionPaused)
	require.Equal(t, record.ConnectionActive, stateOf(t, s))
}

func TestWhatIsAnnouncedIsCountedUntilItIsPending(t *testing.T) {
	s, _ := newStore(t)
	count := func() int {
		n, err := s.Announced(t.Context(), acme, record.Contact)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, count())
	_, err := s.MarkChanged(t.Context(), acme, record.Contact, []record.Mark{
		{Side: record.GoHighLevel, RecordID: "g1"}, {Side: record.Salesforce, RecordID: "s1"}, {Side: record.GoHighLevel, RecordID: "g1"},
	})
	require.NoError(t, err)
	require.Equal(t, 2, count())
}

func TestAllLinksThatRulesDecideAboutAreMarkedInSlices(t *testing.T) {
	s, db := newStore(t)
	for i, problem := range []string{"", "", record.ReviewConflict, record.ReviewNamesakes, "", "", "", ""} {
		id := string(rune('a' + i))
		link, err := s.EnsureLink(t.Context(), acme, record.Contact, record.GoHighLevel, id)
		require.NoError(t, err)
		state := []int{1, 2, 3, 3, 4, 5, 6, 7}[i] // new, in step, in review twice, failed, excluded, deleted, parted
		_, err = db.Exec(t.Context(), `UPDATE links SET state = $2, problem = $3 WHERE id = $1`, link.ID, state, problem)
		require.NoError(t, err)
	}
	for _, size := range []int{1, 3, 8, 100} {
		after, marked := int64(0), 0
		for range 20 {
			last, n, err := s.MarkAllPending(t.Context(), acme, record.Contact, after, size)
			require.NoError(t, err)
			marked += n
			if after = last; after == 0 {
				break
			}
		}
		require.Zero(t, after)
		require.Equal(t, 5, marked, "in slices of %d", size)
		pending, err := s.Pending(t.Context(), acme, record.Contact)
		require.NoError(t, err)
		require.Equal(t, 5, pending, "marking again adds nothing")
	}
}
