package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhatASideRefusesIsSeenWithoutAKeyAndEndsWithAnotherGrant(t *testing.T) {
	s, db := newStore(t)
	credentials := s.Credentials(newVault(t))
	put := func() {
		for _, side := range record.Sides {
			require.NoError(t, credentials.PutCredential(t.Context(), acme, side, &oauth.Credential{Side: side, RefreshToken: "r1"}))
		}
	}
	put()
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, nil))
	refuse := func(state, reason string) {
		require.NoError(t, credentials.WithCredential(t.Context(), acme, record.Salesforce, func(c *oauth.Credential) (bool, error) {
			c.Refusal = &oauth.Refusal{State: state, Reason: reason}
			return true, nil
		}))
	}
	refusals := func() []record.Refusal {
		live, err := s.Live(t.Context(), acme)
		require.NoError(t, err)
		row, err := s.GetConnection(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, live.Refusals, row.Refusals)
		require.Equal(t, len(live.Refusals) == 0, live.On())
		return live.Refusals
	}
	require.Empty(t, refusals())
	refuse(record.RefusalSuspended, "the org is locked")
	first := refusals()
	require.Len(t, first, 1)
	require.Equal(t, record.Salesforce, first[0].Side)
	refuse(record.RefusalSuspended, "the org is locked still")
	again := refusals()
	require.Equal(t, first[0].Since, again[0].Since, "it is the same refusal")
	counts, err := s.CountRefusals(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[record.Side]map[string]int{record.GoHighLevel: {}, record.Salesforce: {record.RefusalSuspended: 1}}, counts)

	_, err = s.MarkChanged(t.Context(), acme, record.Contact, []record.Mark{{Side: record.Salesforce, RecordID: "003a"}})
	require.NoError(t, err)
	plan, err := s.PlanChanges(t.Context(), acme, nil, 10, nil)
	require.NoError(t, err)
	require.False(t, plan.Live)
	unanswered := func() []string {
		list, err := s.Unanswered(t.Context(), 0, 1, 0)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, unanswered())
	_, err = db.Exec(t.Context(), `UPDATE sweeps SET failures = 1, next_at = clock_timestamp() + interval '15 minutes'`)
	require.NoError(t, err)
	put()
	require.Empty(t, refusals())
	require.Equal(t, []string{acme}, unanswered(), "what was announced is kept")
	due, err := s.DueSweeps(t.Context(), 0, 1, 10)
	require.NoError(t, err)
	require.Len(t, due, 2, "what failed while it was refused is polled at once")
}

func TestAGrantThatIsPutInPlaceWhileTheOldOneIsBeingRefusedIsNotRefused(t *testing.T) {
	s, _ := newStore(t)
	credentials := s.Credentials(newVault(t))
	require.NoError(t, credentials.PutCredential(t.Context(), acme, record.Salesforce, &oauth.Credential{Side: record.Salesforce, RefreshToken: "old"}))
	put := make(chan error, 1)
	require.NoError(t, credentials.WithCredential(t.Context(), acme, record.Salesforce, func(c *oauth.Credential) (bool, error) {
		go func() {
			put <- credentials.PutCredential(context.Background(), acme, record.Salesforce, &oauth.Credential{Side: record.Salesforce, RefreshToken: "new"})
		}()
		c.Refusal = &oauth.Refusal{State: record.RefusalReconnect, Reason: "the grant is gone"}
		return true, nil
	}))
	select {
	case err := <-put:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "the new grant is never stored")
	}
	live, err := s.Live(t.Context(), acme)
	require.NoError(t, err)
	require.Empty(t, live.Refusals)
}
