package store_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// maintained is a live store that maintenance looks after.
type maintained struct {
	t    *testing.T
	s    *store.Store
	conn *pgx.Conn
}

func newMaintained(t *testing.T) *maintained {
	t.Helper()
	s, conn := newLiveStore(t)
	return &maintained{t, s, conn}
}

// over makes a link of a record whose other half was deleted like itself, so long ago.
func (m *maintained) over(id string, ago time.Duration) int64 {
	m.t.Helper()
	link := pair(m.t, m.s, id, "003"+id)
	exec(m.t, m.conn, `UPDATE links SET state = 6, synced_at = clock_timestamp() - $2::interval WHERE id = $1`, link, ago)
	return link
}

func TestALinkToNothingThatAnythingIsConcernedWithStays(t *testing.T) {
	m := newMaintained(t)
	for name, concern := range map[string]string{
		"it is pending":                `INSERT INTO pending (link_id, connection, kind) SELECT id, connection, kind FROM links WHERE id = $1`,
		"a create of it is open":       `INSERT INTO intents (link_id, connection, kind, side) SELECT id, connection, kind, 1 FROM links WHERE id = $1`,
		"its GoHighLevel is announced": `INSERT INTO announced (connection, kind, side, record_id, only_linked) SELECT connection, kind, 1, gohighlevel_id, false FROM links WHERE id = $1`,
		"its Salesforce is announced":  `INSERT INTO announced (connection, kind, side, record_id, only_linked) SELECT connection, kind, 2, salesforce_id, false FROM links WHERE id = $1`,
		"it is in step":                `UPDATE links SET state = 2 WHERE id = $1`,
		"it is parted":                 `UPDATE links SET state = 7 WHERE id = $1`,
		"it is young":                  `UPDATE links SET synced_at = clock_timestamp() WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			link := m.over(name, 2*time.Hour)
			exec(t, m.conn, concern, link)
			count, ids, err := m.s.LinksToNothing(t.Context(), acme, record.Contact, time.Now().Add(-time.Hour), 10)
			require.NoError(t, err)
			require.Zero(t, count)
			require.Empty(t, ids)
			removed, held, err := m.s.RemoveLinks(t.Context(), record.RemovalRequest{
				Connection: acme, Kind: record.Contact, Before: time.Now().Add(-time.Hour), Most: 10,
			})
			require.NoError(t, err)
			require.Zero(t, removed+held)
		})
	}
}

func TestLinksToNothingGoABatchAtATimeAndOnlyUpToTheGuard(t *testing.T) {
	m := newMaintained(t)
	for _, id := range []string{"a", "b", "c"} {
		m.over(id, 2*time.Hour)
	}
	request := record.RemovalRequest{
		Connection: acme, Kind: record.Contact, Before: time.Now().Add(-time.Hour), Most: 2, Guard: &record.DeletionGuard{Count: 2},
	}
	removed, held, err := m.s.RemoveLinks(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, [2]int{0, 3}, [2]int{removed, held})
	request.Guard.Share = 1 // of the linked ones
	for _, want := range []int{2, 1, 0} {
		removed, held, err = m.s.RemoveLinks(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, [2]int{want, 0}, [2]int{removed, held})
	}
	require.Zero(t, number(t, m.conn, `SELECT count(*) FROM links`))
}

func TestTheLookForOrphansGoesRoundInSlices(t *testing.T) {
	m := newMaintained(t)
	var all []int64
	for _, id := range []string{"t1", "t2", "t3"} {
		link, err := m.s.EnsureLink(t.Context(), acme, record.Task, record.GoHighLevel, id)
		require.NoError(t, err)
		exec(t, m.conn, `UPDATE links SET state = 2 WHERE id = $1`, link.ID)
		exec(t, m.conn, `INSERT INTO contact_of (link_id, connection, kind, gohighlevel_id) SELECT id, connection, kind, 'nobody' FROM links WHERE id = $1`, link.ID)
		all = append(all, link.ID)
	}
	exec(t, m.conn, `UPDATE contact_of SET gohighlevel_id = '', salesforce_id = '003ada' WHERE link_id = $1`, all[1])
	pair(t, m.s, "ada", "003ada")
	orphans, looked, next, err := m.s.Orphans(t.Context(), acme, record.Task, 2)
	require.NoError(t, err)
	require.Equal(t, []int64{all[0]}, orphans, "the second one's contact is in step")
	require.Equal(t, [2]int64{2, all[1]}, [2]int64{int64(looked), next})
	require.NoError(t, m.s.WakeOrphans(t.Context(), acme, record.Task, orphans, next))
	require.Equal(t, 1, number(t, m.conn, `SELECT count(*) FROM pending WHERE link_id = $1`, all[0]))
	orphans, _, next, err = m.s.Orphans(t.Context(), acme, record.Task, 2)
	require.NoError(t, err)
	require.Equal(t, []int64{all[2]}, orphans)
	require.Zero(t, next, "the round is over")

	exec(t, m.conn, `DELETE FROM contact_of`)
	require.NoError(t, m.s.WakeOrphans(t.Context(), acme, record.Task, nil, 0))
	orphans, _, _, err = m.s.Orphans(t.Context(), acme, record.Task, 10)
	require.NoError(t, err)
	require.Empty(t, orphans, "nobody has said whose they are")
}

func TestConnectionsAreMaintainedTheLongestAgoFirstAndOnlyConnectedOnes(t *testing.T) {
	m := newMaintained(t)
	for _, id := range []string{"fresh", "gone", "never"} {
		addConnection(t, m.s, id)
	}
	exec(t, m.conn, `UPDATE connections SET state = 'uninstalled' WHERE id = 'gone'`)
	for _, id := range []string{acme, "fresh"} {
		begun, ok, err := m.s.BeginMaintenance(t.Context(), id, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, m.s.EndMaintenance(t.Context(), begun, record.MaintenanceReport{Connection: id, At: begun.Began}))
	}
	due, err := m.s.DueMaintenance(t.Context(), 0, 1, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"never", acme, "fresh"}, due)
	begun, ok, err := m.s.BeginMaintenance(t.Context(), acme, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, acme, begun.Last.Connection)
	due, err = m.s.DueMaintenance(t.Context(), 0, 1, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"never", "fresh"}, due, "one is under way")
}
