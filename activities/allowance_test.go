package activities_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// processes opens the world's connection as so many workers do that share nothing but the database.
func (w *world) processes(n int) []*activities.Connection {
	w.t.Helper()
	var out []*activities.Connection
	for range n {
		c, err := assembly.NewConnections(w.store, w.vault, devstack.Fakes()).Open(w.t.Context(), acme)
		require.NoError(w.t, err)
		out = append(out, c)
	}
	return out
}

func TestThirtyWorkersNeverExceedTheLimitInAnyLane(t *testing.T) {
	const burst, window, calls = 100, 2 * time.Second, 10
	w := newWorld(t, setting{
		Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{Burst: burst, BurstWindow: window}},
		rules:   sandbox.RulesOptions{Requests: burst, Window: window}, notDescribed: true,
	})
	id := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	var group errgroup.Group
	for i, c := range w.processes(30) {
		ctx := crm.WithLane(t.Context(), crm.Lanes[i%len(crm.Lanes)])
		for range calls {
			group.Go(func() error {
				_, err := c.GoHighLevel.GetContact(ctx, id)
				return err
			})
		}
	}
	require.NoError(t, group.Wait())
	require.GreaterOrEqual(t, w.ghl.Requests(), 30*calls)
	require.Zero(t, w.ghl.Stats().ByStatus[429])
	require.LessOrEqual(t, w.ghl.MaxInWindow(), burst)
}

func TestThirtyWorkersWhoseTokensExpireCostOneRefreshPerSide(t *testing.T) {
	w := newWorld(t, setting{notDescribed: true})
	id := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	all := w.processes(30)
	w.ghl.ResetStats()
	w.sf.ResetStats()
	w.ghl.ExpireAccessTokens()
	w.sf.ExpireSessions()
	var group errgroup.Group
	for _, c := range all {
		group.Go(func() error {
			_, err := c.GoHighLevel.GetContact(t.Context(), id)
			return err
		})
		group.Go(func() error {
			_, err := c.Salesforce.Query(t.Context(), "SELECT Id FROM Contact")
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, 1, w.ghl.Stats().TokenRequests)
	require.Equal(t, 1, w.sf.Stats().Tokens)
}

func TestAUsedUpDayIsAResultAndNotAnError(t *testing.T) {
	w := newWorld(t, setting{editRules: func(rules string) string { return strings.Replace(rules, "daily: 0", "daily: 10", 1) }})
	for i := range 30 {
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	pauses := func(p *activities.Pause) {
		t.Helper()
		require.NotNil(t, p)
		require.Equal(t, record.GoHighLevel, p.Side)
		require.Equal(t, crm.LaneLive, p.Lane)
		require.Positive(t, p.For)
		require.LessOrEqual(t, p.For, 15*time.Minute)
	}
	w.anotherWorker() // whose day begins anew: nothing is counted in the ledger here
	in := activities.SyncRecordsInput{Connection: acme, Batch: "one", Size: 200, Origin: "onboarding"}
	out := do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in)
	pauses(out.Pause)
	require.Equal(t, w.ghl.Count(), out.Claimed, "what it says is done is done")
	require.Positive(t, out.Claimed)
	pauses(do[activities.StageContactsResult](w, onContacts.StageContacts,
		activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "another"}).Pause)

	// What the batch had claimed and not done is there for one of another name, under rules that allow more.
	_, err := w.db.Exec(t.Context(), `UPDATE connections SET rules = replace(rules, 'daily: 10', 'daily: 0'), rules_version = rules_version + 1`)
	require.NoError(t, err)
	in.Batch = "two"
	rest := do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in)
	require.Nil(t, rest.Pause)
	require.Equal(t, 30, out.Claimed+rest.Claimed)
	require.Equal(t, 30, w.ghl.Count())
}

func TestOnlyALongWaitIsAPause(t *testing.T) {
	wait := func(d time.Duration) *crm.Error {
		return &crm.Error{Side: record.Salesforce, Kind: crm.RateLimited, RetryAfter: d}
	}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false}, {errors.New("another"), false}, {wait(30 * time.Second), false}, {wait(31 * time.Second), true},
		{fmt.Errorf("open: %w", wait(time.Hour)), true}, {activities.Translate(wait(time.Hour)), true},
		{activities.Translate(wait(time.Second)), false},
		{&crm.Error{Side: record.Salesforce, Kind: crm.Busy, RetryAfter: time.Hour}, false},
	} {
		side, until, ok := activities.Exhausted(c.err)
		require.Equal(t, c.want, ok, "%v", c.err)
		if ok {
			require.Equal(t, record.Salesforce, side)
			require.Greater(t, until, 30*time.Second)
		}
	}
}
