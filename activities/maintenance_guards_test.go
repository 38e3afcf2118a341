package activities_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestADryRunSaysWhatItWouldDoAndChangesNothing(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id, kept := w.todo(ada.ghl, "Send the offer"), w.todo(ada.ghl, "Call back")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)), of(ada.ghl, inGoHighLevel(kept)))
	w.ended(1, 91*24*time.Hour)
	w.calmly() // lists the link
	require.NoError(t, w.ghl.DeleteTask(id))
	w.exec(`UPDATE contact_of SET gohighlevel_id = 'nobody', salesforce_id = 'nobody' WHERE link_id = $1`,
		w.linkOfKind(record.Task, record.GoHighLevel, kept).ID)
	w.exec(`INSERT INTO reviews (connection, kind, reason, link_ids) SELECT number, 1, 'gone', '{777}' FROM connections`)
	w.exec(`UPDATE journal SET at = at - interval '500 days'`)
	w.granted(record.Salesforce, func(c *oauth.Credential) { c.IssuedAt = time.Now().Add(-8 * 24 * time.Hour) })
	entries := w.number(`SELECT count(*) FROM journal`)
	require.Positive(t, entries)

	w.bell.rung = nil
	before := w.ledgerNow()
	report := w.maintain(activities.MaintainConnectionInput{DryRun: true})
	require.Equal(t, before, w.ledgerNow())
	require.Empty(t, w.bell.rung)
	require.True(t, report.DryRun)
	require.Equal(t, []record.MaintenanceCounts{
		{Part: record.MaintainTokens, Looked: 2, Renewed: 1},
		{Part: record.MaintainReviews, Looked: 1, Closed: 1},
		{Part: record.MaintainRecords, Looked: 5, Marked: 2}, // one by a contact who is nobody, which its sync finds out
		{Part: record.MaintainOrphans, Looked: 2, Marked: 1},
		{Part: record.MaintainLinks, Looked: 1, Removed: 1},
		{Part: record.MaintainJournal, Looked: entries, Removed: entries},
	}, report.Parts)
}

func TestAConnectionThatFailsTouchesNoOther(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.DeleteTask(id))
	_, err := w.store.AddConnection(t.Context(), store.Connection{
		ID: "broken", Rules: "contacts: [\n", State: record.ConnectionActive, FingerprintKey: []byte("none"),
	})
	require.NoError(t, err)
	out := do[activities.MaintenanceResult](w, onMaintenance.MaintainShard, activities.MaintainShardInput{Shards: 1})
	require.Equal(t, [2]int{2, 1}, [2]int{out.Maintained, out.Troubled})
	require.Len(t, w.takeAnnounced(), 1)
	report, _, err := w.store.LastMaintenance(t.Context(), "broken")
	require.NoError(t, err)
	require.NotEmpty(t, findings(report, record.FoundFailure))
}

func TestAPartThatFailsLeavesTheOthersToBeDone(t *testing.T) {
	var down atomic.Bool
	s := setting{notDescribed: true, betweenSalesforce: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if down.Load() {
				http.Error(rw, "down", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}}
	w, _ := timeline(t, s)
	w.ended(1, 91*24*time.Hour)
	down.Store(true)
	report := w.maintain(activities.MaintainConnectionInput{})
	require.Equal(t, string(crm.Unavailable), part(report, record.MaintainRecords).Problem)
	require.Len(t, findings(report, record.FoundFailure), 1)
	require.Len(t, findings(report, record.FoundRemovable), 1)
}

func TestAPausedConnectionIsOnlyTidied(t *testing.T) {
	w, ada := timeline(t, setting{}, record.Task)
	id := w.todo(ada.ghl, "Send the offer")
	w.hearOf(record.Task, of(ada.ghl, inGoHighLevel(id)))
	require.NoError(t, w.ghl.DeleteTask(id))
	w.exec(`UPDATE connections SET state = 'paused'`)
	w.ghl.ResetStats()
	report := w.calmly()
	require.Empty(t, w.takeAnnounced())
	require.Equal(t, record.MaintenanceCounts{}, part(report, record.MaintainRecords))
}

func TestOneMaintenanceOfAConnectionGoesOnAtATime(t *testing.T) {
	w, _ := timeline(t, setting{})
	taken, ok, err := w.store.BeginMaintenance(t.Context(), acme, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = w.try(onMaintenance.MaintainConnection, activities.MaintainConnectionInput{Connection: acme})
	require.Equal(t, crm.Busy, activities.KindOf(err))
	require.Zero(t, do[activities.MaintenanceResult](w, onMaintenance.MaintainShard, activities.MaintainShardInput{Shards: 1}).Maintained)
	w.exec(`UPDATE maintenance SET taken_until = clock_timestamp()`) // whoever held it is gone
	w.calmly()
	require.ErrorIs(t, w.store.EndMaintenance(t.Context(), taken, record.MaintenanceReport{}), record.ErrFenced)
}
