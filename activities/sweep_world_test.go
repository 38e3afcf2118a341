package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

var shard = activities.SweepShardInput{Shard: 0, Shards: 1}

// sweepFrom turns live sync on, with everything changed since a time to be swept.
func (w *world) sweepFrom(since time.Time) {
	w.t.Helper()
	do[any](w, onSweeps.GoLive, activities.GoLiveInput{Connection: acme, Begun: since})
	require.Equal(w.t, []string{acme}, w.bell.rung)
	w.bell.rung = nil
}

// due makes both sides' polls due.
func (w *world) due() {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), `UPDATE sweeps SET next_at = clock_timestamp()`)
	require.NoError(w.t, err)
}

// sweep polls both sides until nothing more is due at once; nothing may fail.
func (w *world) sweep() activities.SweepShardResult {
	w.t.Helper()
	var sum activities.SweepShardResult
	w.due()
	for range 100 {
		out := do[activities.SweepShardResult](w, onSweeps.SweepShard, shard)
		require.Zero(w.t, out.Failed, "problems: %v", w.troubles())
		sum.Swept += out.Swept
		sum.Changes += out.Changes
		sum.Echoes += out.Echoes
		if out.Swept == 0 {
			return sum
		}
	}
	require.Fail(w.t, "the sweep does not come to an end")
	return sum
}

func (w *world) troubles() map[record.Side]string {
	w.t.Helper()
	out := map[record.Side]string{}
	fresh, err := w.store.Freshness(w.t.Context(), acme)
	require.NoError(w.t, err)
	for _, f := range fresh {
		if f.Problem != "" {
			out[f.Side] = f.Problem
		}
	}
	return out
}

// mark is one row of announced.
type mark struct {
	Side       record.Side
	ID         string
	OnlyLinked bool
}

// takeAnnounced returns what is announced, and forgets it, as the run that works on it would.
func (w *world) takeAnnounced() []mark {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `DELETE FROM announced RETURNING side, record_id, only_linked`)
	require.NoError(w.t, err)
	defer rows.Close()
	var out []mark
	for rows.Next() {
		var m mark
		var side int16
		require.NoError(w.t, rows.Scan(&side, &m.ID, &m.OnlyLinked))
		m.Side = record.Sides[side-1]
		out = append(out, m)
	}
	require.NoError(w.t, rows.Err())
	_, err = w.db.Exec(w.t.Context(), `DELETE FROM bells`)
	require.NoError(w.t, err)
	return out
}

// ids returns the announced records of a side.
func ids(marks []mark, side record.Side) []string {
	var out []string
	for _, m := range marks {
		if m.Side == side {
			out = append(out, m.ID)
		}
	}
	return out
}

// heard returns how many changes sweeps found first, by event.
func (w *world) heard(side record.Side) map[string]int {
	w.t.Helper()
	code := map[record.Side]int16{record.GoHighLevel: 1, record.Salesforce: 2}[side]
	rows, err := w.db.Query(w.t.Context(), `SELECT event, sum(swept)::int FROM heard WHERE side = $1 GROUP BY event`, code)
	require.NoError(w.t, err)
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var event string
		var n int
		require.NoError(w.t, rows.Scan(&event, &n))
		out[event] = n
	}
	require.NoError(w.t, rows.Err())
	return out
}

// sweptTo returns how far a side is known.
func (w *world) sweptTo(side record.Side) time.Time {
	w.t.Helper()
	code := map[record.Side]int16{record.GoHighLevel: 1, record.Salesforce: 2}[side]
	var at time.Time
	require.NoError(w.t, w.db.QueryRow(w.t.Context(), `SELECT swept_to FROM sweeps WHERE side = $1`, code).Scan(&at))
	return at
}

// inStep is a world with one pair that is in step, live, swept once, with nothing announced.
func inStep(t testing.TB, s setting) (w *world, ghl, sf string) {
	t.Helper()
	w = newWorld(t, s)
	ghl = w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	sf = w.addSalesforce(row("Lovelace", "ada@example.com"))
	begun := time.Now()
	w.onboard()
	require.Equal(t, record.LinkInStep, w.linkOf(record.GoHighLevel, ghl).State)
	w.sweepFrom(begun)
	w.sweep()
	require.Empty(t, w.takeAnnounced())
	return w, ghl, sf
}
