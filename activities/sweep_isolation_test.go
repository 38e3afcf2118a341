package activities_test

import (
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

func TestAConnectionThatCannotBeOpenedHoldsUpNoOther(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	_, err := w.store.AddConnection(t.Context(), store.Connection{
		ID: "broken", Rules: "these: are no rules", State: record.ConnectionActive, FingerprintKey: []byte("sealed"),
	})
	require.NoError(t, err)
	do[any](w, onSweeps.GoLive, activities.GoLiveInput{Connection: "broken", Begun: time.Now()})
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"FirstName": "Augusta"}))
	w.due()
	out := do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
	require.Equal(t, 4, out.Swept)
	require.Equal(t, 2, out.Failed, "both sides of the broken one")
	require.Equal(t, []mark{{record.Salesforce, sf, false}}, w.takeAnnounced())
	fresh, err := w.store.Freshness(t.Context(), "broken")
	require.NoError(t, err)
	for _, f := range fresh {
		require.Equal(t, "Invalid", f.Problem)
		require.Equal(t, 1, f.Failures)
	}
}

func TestAGrantThatWasRevokedIsNamed(t *testing.T) {
	w, _, _ := inStep(t, setting{})
	w.sf.RevokeGrant()
	w.due()
	require.Equal(t, 1, do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Failed)
	require.Equal(t, map[record.Side]string{record.Salesforce: "NeedsReconnect"}, w.troubles())
}

func TestAHiccupWhileAConnectionIsOpenedKeepsNobodyAwayForLong(t *testing.T) {
	w, _, _ := inStep(t, setting{})
	w.sweep()
	w.anotherWorker() // it has nothing open yet
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault500, Rate: 1}})
	w.due()
	require.Equal(t, 2, do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Failed)
	rows, err := w.db.Query(t.Context(), `SELECT extract(epoch FROM next_at - last_at), every_ms FROM sweeps`)
	require.NoError(t, err)
	defer rows.Close()
	var wait, interval float64
	tag, err := pgx.ForEachRow(rows, []any{&wait, &interval}, func() error {
		require.LessOrEqual(t, wait*1000, 1.2*max(interval, 1000), "the first failure waits for one interval")
		return nil
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, tag.RowsAffected())
}

func TestSweepsAtTheSameTimePollEachSideOnce(t *testing.T) {
	w, _, sf := inStep(t, setting{})
	require.NoError(t, w.sf.Edit("Contact", sf, map[string]any{"FirstName": "Augusta"}))
	w.due()
	w.sf.ResetStats()
	results := make(chan activities.SweepShardResult, 8)
	var runs sync.WaitGroup
	for range 8 {
		env := w.env() // one is not for concurrent use
		runs.Go(func() {
			encoded, err := env.ExecuteActivity(onSweeps.SweepShard, shard)
			var out activities.SweepShardResult
			if err == nil {
				err = encoded.Get(&out)
			}
			if err != nil {
				t.Error(err)
			}
			results <- out
		})
	}
	runs.Wait()
	close(results)
	swept := 0
	for out := range results {
		swept += out.Swept
		require.Zero(t, out.Failed)
	}
	require.Equal(t, 2, swept)
	require.Len(t, w.takeAnnounced(), 1)
	require.Equal(t, 1, w.sf.Stats().Requests["GET /queryAll"][200])
}

func TestASweepThatFailsLateRepeatsNothingThatIsStored(t *testing.T) {
	w, c := orgAt(t, salesforcetest.Options{})
	w.sweepFrom(c.now())
	for range 2100 {
		w.sf.Create("Contact", map[string]any{"LastName": "Row"})
	}
	c.pass(time.Minute)
	w.connection()
	w.due()
	// The first page is stored, and the next cannot be read.
	w.bell.heard = sync.OnceFunc(func() { w.sf.SetFaults([]salesforcetest.Fault{{Kind: "500"}}) })
	require.Equal(t, 1, do[activities.SweepShardResult](w, onSweeps.SweepShard, shard).Failed)
	require.Len(t, w.takeAnnounced(), 2000)
	w.sf.SetFaults(nil)
	w.bell.heard = nil
	w.sweep()
	require.Len(t, w.takeAnnounced(), 100)
}
