package activities_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestTokensThatExpireMidRunAreRefreshedOnce(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 30 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	w.ghl.ResetStats()
	w.sf.ResetStats()
	w.ghl.ExpireAccessTokens()
	w.sf.ExpireSessions()
	w.sync() // eight calls to GoHighLevel at once meet the expired token
	require.Equal(t, 60, w.ghl.Count())
	require.Equal(t, 60, w.sf.Count("Contact"))
	require.Equal(t, 1, w.ghl.Stats().TokenRequests)
	require.Equal(t, 1, w.sf.Stats().Tokens)
	w.settled()
}

func TestAGrantThatIsRevokedPausesTheBatchForAPerson(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 30 {
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	w.ghl.ResetStats()
	w.ghl.RevokeGrant()
	out, err := w.trySync()
	require.NoError(t, err)
	require.Equal(t, record.RefusalReconnect, out.Pause.Refusal.State)
	require.Zero(t, w.ghl.Count())
	require.LessOrEqual(t, w.ghl.Requests(), 16, "the batch must not try each of its contacts")
	require.Empty(t, w.handedOver(), "it is the connection that is broken, not each contact")
}

func TestAnAllowanceThatIsUsedUpStopsTheBatchUntilLater(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 60 {
		w.addSalesforce(row("Hopperfield", fmt.Sprintf("grace%d@example.com", i)))
	}
	w.match()
	w.ghl.ResetStats()
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault429, Path: "/contacts/"}})
	_, err := w.trySync()
	require.Equal(t, "RateLimited", string(kindOf(t, err)))
	require.LessOrEqual(t, w.ghl.Requests(), 25)
	require.Empty(t, w.handedOver())
	w.ghl.SetFaults(nil)
	w.persist()
	require.Equal(t, 60, w.ghl.Count())
}
