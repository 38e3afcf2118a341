package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestABatchStopsWhereItsConnectionIsPausedAndGivesBackTheRest(t *testing.T) {
	const many = 150
	w := newWorld(t, setting{})
	for i := range many {
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	in := activities.SyncRecordsInput{Connection: acme, Batch: "one", Size: 200, Origin: "live"}
	turn := func(state string) { require.NoError(t, w.store.SetConnectionState(t.Context(), acme, state)) }
	turn(record.ConnectionPaused)
	idle := do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in)
	require.NotNil(t, idle.Pause)
	require.Empty(t, idle.Pause.Side)
	require.Zero(t, idle.Claimed)
	require.Zero(t, w.ghl.Count())

	turn(record.ConnectionActive)
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultLatency, Path: "/contacts/", Latency: 50 * time.Millisecond}})
	paused := make(chan struct{})
	go func() {
		defer close(paused)
		assert.Eventually(t, func() bool { return w.ghl.Count() > 0 }, time.Minute, time.Millisecond)
		turn(record.ConnectionPaused)
	}()
	out := do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in)
	<-paused
	require.NotNil(t, out.Pause)
	require.Empty(t, out.Pause.Side)
	require.Equal(t, w.ghl.Count(), out.Claimed, "what was begun is done, and noted")
	require.Less(t, out.Claimed, many)

	turn(record.ConnectionActive)
	in.Batch = "two"
	rest := do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in)
	require.Equal(t, many, out.Claimed+rest.Claimed)
	require.Equal(t, many, w.ghl.Count())
}

func TestAContactWhoseConnectionEndsMeanwhileIsLetGoOfAndStaysPending(t *testing.T) {
	w := newWorld(t, setting{})
	id := w.addSalesforce(row("Hopperfield", "grace@example.com"))
	w.match()
	link := w.linkOf(record.Salesforce, id)
	claim := do[activities.RecordClaim](w, onContacts.ClaimContact, activities.ClaimRecordInput{Connection: acme, LinkID: link.ID})
	require.NoError(t, w.store.SetConnectionState(t.Context(), acme, record.ConnectionUninstalled))
	_, err := w.try(onContacts.CommitContact, activities.CommitRecordInput{Claim: claim, State: record.LinkFailed, Problem: "NeedsReconnect"})
	require.Equal(t, crm.NeedsReconnect, kindOf(t, err))
	pending, _, err := w.store.LinkStanding(t.Context(), acme, record.Contact, link.ID)
	require.NoError(t, err)
	require.True(t, pending)
	_, free, err := w.store.ClaimLink(t.Context(), acme, link.ID, "another", time.Minute)
	require.NoError(t, err)
	require.True(t, free)
}
