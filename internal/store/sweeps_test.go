package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var (
	ghlSweep = record.SweepKey{Connection: acme, Kind: record.Contact, Side: record.GoHighLevel}
	sfSweep  = record.SweepKey{Connection: acme, Kind: record.Contact, Side: record.Salesforce}
	begun    = time.Date(2026, 11, 23, 17, 2, 11, 0, time.UTC)
)

// newSweptStore is newStore with "acme" live.
func newSweptStore(t testing.TB) (*store.Store, *pgx.Conn) {
	t.Helper()
	s, conn := newStore(t)
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, map[record.Side]time.Time{
		record.GoHighLevel: begun, record.Salesforce: begun,
	}))
	return s, conn
}

func beginSweep(t testing.TB, s *store.Store, k record.SweepKey) record.Sweep {
	t.Helper()
	sweep, ok, err := s.BeginSweep(t.Context(), k, time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	return sweep
}

func TestOnlyLiveConnectionsAreDue(t *testing.T) {
	s, _ := newStore(t)
	due := func() []record.SweepKey {
		got, err := s.DueSweeps(t.Context(), 0, 1, 10)
		require.NoError(t, err)
		return got
	}
	require.Empty(t, due())
	since := map[record.Side]time.Time{record.GoHighLevel: begun}
	require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, since))
	require.Empty(t, due(), "its state is not active")
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionActive))
	require.ElementsMatch(t, []record.SweepKey{ghlSweep, sfSweep}, due())
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.Empty(t, due())
	_, ok, err := s.BeginSweep(t.Context(), sfSweep, time.Hour)
	require.NoError(t, err)
	require.False(t, ok)
}

// Schedules fire at fixed times: counted from the end of a pass, every second one would be missed.
func TestAPassThatIsDoneIsDueAgainByWhenItBegan(t *testing.T) {
	s, conn := newSweptStore(t)
	next := func() (after time.Duration) {
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT next_at - last_at FROM sweeps WHERE kind = 1 AND side = 2`).Scan(&after))
		return after
	}
	sweep := beginSweep(t, s, sfSweep)
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Next: time.Hour, Every: time.Hour}))
	require.Equal(t, time.Hour, next())

	_, err := conn.Exec(t.Context(), `UPDATE sweeps SET next_at = clock_timestamp()`)
	require.NoError(t, err)
	sweep = beginSweep(t, s, sfSweep)
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Problem: "Unavailable", Next: time.Hour}))
	require.Greater(t, next(), time.Hour, "what failed is left alone from then on")
}

func TestEachConnectionIsDueInOneShard(t *testing.T) {
	s, _ := newSweptStore(t)
	for i := range 6 {
		id := fmt.Sprintf("tenant-%d", i)
		addConnection(t, s, id)
		require.NoError(t, s.SetConnectionState(t.Context(), id, record.ConnectionActive))
		require.NoError(t, s.GoLive(t.Context(), id, record.Contact, nil))
	}
	seen := map[record.SweepKey]int{}
	for shard := range 3 {
		due, err := s.DueSweeps(t.Context(), shard, 3, 100)
		require.NoError(t, err)
		for _, k := range due {
			seen[k]++
		}
	}
	require.Len(t, seen, 14)
	for k, n := range seen {
		require.Equal(t, 1, n, "%v", k)
	}
}

func TestGoingLiveAgainKeepsWhatIsKnown(t *testing.T) {
	s, conn := newSweptStore(t)
	sweep := beginSweep(t, s, sfSweep)
	require.Equal(t, begun, sweep.SweptTo.UTC())
	require.Equal(t, begun, sweep.DeletedTo.UTC())
	later := begun.Add(time.Hour)
	_, err := s.SweptPage(t.Context(), sweep, record.SweptPage{SweptTo: later})
	require.NoError(t, err)
	require.NoError(t, s.GoLive(t.Context(), acme, record.Contact, map[record.Side]time.Time{record.Salesforce: begun.Add(time.Minute)}))
	exec(t, conn, `UPDATE sweeps SET next_at = clock_timestamp()`)
	require.Equal(t, later, beginSweep(t, s, sfSweep).SweptTo.UTC())
}

func TestALeaseKeepsASideToOneSweep(t *testing.T) {
	s, conn := newSweptStore(t)
	first := beginSweep(t, s, sfSweep)
	_, ok, err := s.BeginSweep(t.Context(), sfSweep, time.Hour)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, s.HoldSweep(t.Context(), first, time.Hour))
	beginSweep(t, s, ghlSweep) // the other side is another matter

	exec(t, conn, `UPDATE sweeps SET next_at = clock_timestamp()`) // the lease has run out
	second := beginSweep(t, s, sfSweep)
	page := record.SweptPage{Marks: []record.Mark{{Side: record.Salesforce, RecordID: "003a"}}, SweptTo: begun.Add(time.Hour)}
	_, err = s.SweptPage(t.Context(), first, page)
	require.ErrorIs(t, err, record.ErrFenced)
	require.ErrorIs(t, s.HoldSweep(t.Context(), first, time.Hour), record.ErrFenced)
	require.ErrorIs(t, s.EndSweep(t.Context(), first, record.SweepEnd{}), record.ErrFenced)
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM announced`).Scan(&n))
	require.Zero(t, n, "a page of a lease that was lost leaves nothing")
	_, err = s.SweptPage(t.Context(), second, page)
	require.NoError(t, err)
}

func TestAPageRingsTheBellOnceAndRemembersHowFarItCame(t *testing.T) {
	s, conn := newSweptStore(t)
	sweep := beginSweep(t, s, sfSweep)
	page := record.SweptPage{
		Marks:    []record.Mark{{Side: record.Salesforce, RecordID: "003a"}, {Side: record.Salesforce, RecordID: "003b", OnlyLinked: true}},
		Seen:     []record.Seen{{RecordID: "003a", Stamp: begun, Fingerprint: 1}, {RecordID: "003a", Stamp: begun.Add(time.Second), Fingerprint: 2}},
		Heard:    map[string]int{"update": 2},
		Readings: map[record.SweepReading]record.Reading{record.ReadChanges: {Epoch: begun, Cursor: "at 003b"}},
	}
	for _, want := range []bool{true, false} {
		ring, err := s.SweptPage(t.Context(), sweep, page)
		require.NoError(t, err)
		require.Equal(t, want, ring)
	}
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Unfinished: true}))
	next := beginSweep(t, s, sfSweep)
	require.Equal(t, begun, next.Readings[record.ReadChanges].Epoch.UTC())
	require.Equal(t, "at 003b", next.Readings[record.ReadChanges].Cursor)

	known, err := s.Known(t.Context(), sfSweep, []string{"003a", "003b", "003b"})
	require.NoError(t, err)
	require.Len(t, known, 2)
	require.True(t, known["003a"].Announced)
	require.Equal(t, int64(2), known["003a"].Seen.Fingerprint, "of two sightings the later counts")
	require.Empty(t, known["003b"].Seen.RecordID)
	var heard int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT swept FROM heard WHERE event = 'update' AND side = 2`).Scan(&heard))
	require.Equal(t, 4, heard)

	_, err = s.SweptPage(t.Context(), next, record.SweptPage{
		SweptTo: begun.Add(-time.Hour), ForgetBefore: begun.Add(time.Minute),
		Readings: map[record.SweepReading]record.Reading{record.ReadChanges: {}},
	})
	require.NoError(t, err)
	require.NoError(t, s.EndSweep(t.Context(), next, record.SweepEnd{}))
	last := beginSweep(t, s, sfSweep)
	require.Equal(t, begun, last.SweptTo.UTC(), "what is known stays known")
	require.Empty(t, last.Readings)
	known, err = s.Known(t.Context(), sfSweep, []string{"003a"})
	require.NoError(t, err)
	require.Empty(t, known["003a"].Seen.RecordID)
}

func TestWhatIsKnownOfRecordsTellsTheirLinks(t *testing.T) {
	s, conn := newSweptStore(t)
	couples(t, s, acme, "e1", 3)
	exec(t, conn, `UPDATE links SET state = 2, base = '\x01', synced_at = $1 WHERE salesforce_id = '00300001'`, begun)
	exec(t, conn, `DELETE FROM pending p USING links l WHERE l.id = p.link_id AND l.salesforce_id = '00300001'`)
	known, err := s.Known(t.Context(), sfSweep, []string{"00300000", "00300001", "none"})
	require.NoError(t, err)
	require.True(t, known["00300000"].Pending)
	require.Equal(t, record.LinkNew, known["00300000"].State)
	k := known["00300001"]
	require.NotZero(t, k.LinkID)
	require.False(t, k.Pending)
	require.Equal(t, record.LinkInStep, k.State)
	require.Equal(t, []byte{1}, k.Base)
	require.Equal(t, begun, k.SyncedAt.UTC())
	require.Zero(t, known["none"].LinkID)

	require.Equal(t, "none", known["none"].RecordID)
	exec(t, conn, `UPDATE links SET state = 6 WHERE salesforce_id = '00300000'`)
	open, err := s.OpenRecords(t.Context(), sfSweep, "", 10)
	require.NoError(t, err)
	require.Len(t, open, 2, "a deleted link is not open")
	require.Equal(t, []string{"00300001", "00300002"}, []string{open[0].RecordID, open[1].RecordID})
	open, err = s.OpenRecords(t.Context(), sfSweep, "00300001", 10)
	require.NoError(t, err)
	require.Len(t, open, 1)
	links, err := s.OpenLinks(t.Context(), ghlSweep, 0, 1)
	require.NoError(t, err)
	require.Len(t, links, 1)
	links, err = s.OpenLinks(t.Context(), ghlSweep, links[0].LinkID, 10)
	require.NoError(t, err)
	require.Len(t, links, 1)
	n, err := s.CountOpen(t.Context(), ghlSweep)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestFreshnessTellsOfTheLastSuccessAndOfFailuresSince(t *testing.T) {
	s, conn := newSweptStore(t)
	of := func(side record.Side) record.Freshness {
		list, err := s.Freshness(t.Context(), acme)
		require.NoError(t, err)
		require.Len(t, list, 2)
		for _, f := range list {
			if f.Side == side {
				return f
			}
		}
		panic("unreachable")
	}
	require.Zero(t, of(record.Salesforce).SucceededAt)
	sweep := beginSweep(t, s, sfSweep)
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Next: time.Minute, Every: time.Minute}))
	fresh := of(record.Salesforce)
	require.NotZero(t, fresh.SucceededAt)
	require.Equal(t, time.Minute, fresh.Every)
	for i := range 2 {
		exec(t, conn, `UPDATE sweeps SET next_at = clock_timestamp(), succeeded_at = succeeded_at - interval '1 hour'`)
		sweep = beginSweep(t, s, sfSweep)
		require.Equal(t, i, sweep.Failures)
		require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Problem: "Unavailable", Next: time.Minute}))
	}
	fresh = of(record.Salesforce)
	require.Equal(t, 2, fresh.Failures)
	require.Equal(t, "Unavailable", fresh.Problem)
	require.Equal(t, time.Minute, fresh.Every, "a failure does not change the interval")
	require.GreaterOrEqual(t, fresh.Age, 2*time.Hour)
	ages, err := s.ConnectionAges(t.Context())
	require.NoError(t, err)
	require.Len(t, ages, 1)
	require.Equal(t, acme, ages[0].Connection)
	require.GreaterOrEqual(t, ages[0].Age, 2*time.Hour, "the least fresh side counts")

	exec(t, conn, `UPDATE sweeps SET next_at = clock_timestamp()`)
	sweep = beginSweep(t, s, sfSweep)
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Unfinished: true}))
	require.Equal(t, "Unavailable", of(record.Salesforce).Problem, "what is not finished has not succeeded")
	sweep = beginSweep(t, s, sfSweep)
	require.NoError(t, s.EndSweep(t.Context(), sweep, record.SweepEnd{Next: time.Minute}))
	require.Empty(t, of(record.Salesforce).Problem)
	require.Zero(t, of(record.Salesforce).Failures)
}

func TestAChangeThatWaitsWithoutAnybodyWorkingIsUnanswered(t *testing.T) {
	s, conn := newSweptStore(t)
	couples(t, s, acme, "e1", 1)
	exec(t, conn, `DELETE FROM pending`)
	link := links(t, s, acme)[0].ID
	unanswered := func() []string {
		got, err := s.Unanswered(t.Context(), 0, 1, 10*time.Second)
		require.NoError(t, err)
		return got
	}
	require.Empty(t, unanswered())
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, []int64{link}))
	require.Empty(t, unanswered(), "it has only just begun to wait")
	exec(t, conn, `UPDATE pending SET changed_at = changed_at - interval '1 minute'`)
	require.Equal(t, []string{acme}, unanswered())
	_, ok, err := s.ClaimLink(t.Context(), acme, link, "somebody", time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	require.Empty(t, unanswered())
	exec(t, conn, `UPDATE pending SET claimed_until = clock_timestamp() - interval '1 minute'`)
	require.Equal(t, []string{acme}, unanswered(), "whoever worked on it is gone")
	require.NoError(t, s.SetConnectionState(t.Context(), acme, record.ConnectionPaused))
	require.Empty(t, unanswered())
}
