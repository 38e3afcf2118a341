package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func (w *world) state() string {
	w.t.Helper()
	row, err := w.store.GetConnection(w.t.Context(), acme)
	require.NoError(w.t, err)
	return row.State
}

func TestAConnectionIsHeldBackUntilACheckFindsNothingMissing(t *testing.T) {
	w := newWorld(t, setting{})
	w.onboard()
	require.NoError(t, w.store.HoldBack(t.Context(), acme))
	w.sf.HideField("Contact."+sandbox.PlanField, true)
	require.NotEmpty(t, w.checked().Problems)
	require.Equal(t, record.ConnectionUnchecked, w.state())
	require.False(t, do[activities.ChangesPlan](w, onContacts.PlanChanges, activities.PlanChangesInput{Connection: acme}).Live, "nothing is synced")

	w.sf.HideField("Contact."+sandbox.PlanField, false)
	require.Empty(t, w.checked().Problems)
	require.Equal(t, record.ConnectionActive, w.state())
	require.Empty(t, w.checked().Problems, "a second check changes nothing")
	require.Equal(t, record.ConnectionActive, w.state())
}

func TestBulkWorkRestsWhileTheConnectionIsHeldBack(t *testing.T) {
	w := newWorld(t, setting{})
	require.NoError(t, w.store.HoldBack(t.Context(), acme))
	out := do[activities.StageRecordsResult](w, onContacts.StageContacts,
		activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "e"})
	require.NotNil(t, out.Pause)
	require.True(t, out.Pause.Unchecked)
}
