package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestAConnectionOpensInTheStateThatItIsInNow(t *testing.T) {
	w := newWorld(t, setting{})
	require.Equal(t, record.ConnectionActive, w.connection().State)
	require.NoError(t, w.store.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.Equal(t, record.ConnectionPaused, w.connection().State)
	for _, state := range []string{record.ConnectionUninstalled, record.ConnectionDisconnected} {
		require.NoError(t, w.store.SetConnectionState(t.Context(), acme, state))
		_, err := w.connections.Open(t.Context(), acme)
		require.Equal(t, crm.NeedsReconnect, crm.KindOf(err))
	}
}

func TestEverythingThatIsKeptInStepCanBeMarked(t *testing.T) {
	w := newWorld(t, setting{})
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		w.addGoHighLevel(contact("Lovelace", email))
	}
	w.onboard()
	after, marked := int64(0), 0
	for range 10 {
		out := do[activities.MarkAllContactsResult](w, onContacts.MarkAllContacts, activities.MarkAllContactsInput{Connection: acme, After: after, Size: 2})
		marked += out.Marked
		if after = out.Last; after == 0 {
			break
		}
	}
	require.Zero(t, after)
	require.Equal(t, 3, marked)
	require.Equal(t, 3, do[record.Counts](w, onContacts.CountContacts, countInput).Pending)
	w.sync()
	w.settled()
}
