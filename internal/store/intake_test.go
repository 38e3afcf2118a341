package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// addLocated adds a connection of a location.
func addLocated(t testing.TB, s *store.Store, id, location, state string) {
	t.Helper()
	_, err := s.AddConnection(t.Context(), store.Connection{
		ID: id, Rules: "fields: {}\n", State: state, Location: location, FingerprintKey: []byte("sealed"),
	})
	require.NoError(t, err)
}

// webhook is an event of a contact; each n is another delivery.
func webhook(n int, location, event, contact string) record.Announced {
	a := record.Announced{
		Event: event, Location: location, Kind: record.Contact,
		Mark: record.Mark{Side: record.GoHighLevel, RecordID: contact, OnlyLinked: event == "ContactDelete"},
	}
	copy(a.Key[:], fmt.Sprintf("%016d", n))
	return a
}

func uninstalled(n int, location string) record.Announced {
	a := webhook(n, location, "AppUninstall", "")
	a.Uninstall = true
	return a
}

func take(t testing.TB, s *store.Store, batch ...record.Announced) record.Taken {
	t.Helper()
	taken, err := s.TakeWebhooks(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, taken.Fates, len(batch))
	return taken
}

// announced returns what lies announced for a connection, as "contact" or "contact (only linked)".
func announced(t testing.TB, conn *pgx.Conn, connection string) []string {
	t.Helper()
	rows, err := conn.Query(context.Background(), `
		SELECT record_id || CASE WHEN only_linked THEN ' (only linked)' ELSE '' END
		FROM announced JOIN connections ON number = connection WHERE id = $1 ORDER BY record_id`, connection)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return list
}

func silence(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	_, err := conn.Exec(context.Background(), `DELETE FROM bells`)
	require.NoError(t, err)
}

func TestAWebhookMarksItsRecordInEveryConnectionOfItsLocation(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	addLocated(t, s, "south", "loc1", record.ConnectionPaused)
	addLocated(t, s, "other", "loc2", record.ConnectionActive)
	taken := take(t, s, webhook(1, "loc1", "ContactCreate", "a"), webhook(2, "loc1", "ContactDelete", "b"))
	require.Equal(t, []record.Fate{record.FateNew, record.FateNew}, taken.Fates)
	require.ElementsMatch(t, []string{"north", "south"}, taken.Rang)
	for _, connection := range taken.Rang {
		require.Equal(t, []string{"a", "b (only linked)"}, announced(t, conn, connection))
	}
	require.Empty(t, announced(t, conn, "other"))
}

func TestAnotherDeliveryOfAWebhookHasNoEffect(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	first := webhook(1, "loc1", "ContactUpdate", "a")
	taken := take(t, s, first, first)
	require.Equal(t, []record.Fate{record.FateNew, record.FateAgain}, taken.Fates)
	_, err := conn.Exec(t.Context(), `DELETE FROM announced`)
	require.NoError(t, err)
	silence(t, conn)
	taken = take(t, s, first)
	require.Equal(t, []record.Fate{record.FateAgain}, taken.Fates)
	require.Empty(t, taken.Rang)
	require.Empty(t, announced(t, conn, "north"))
	heard, err := s.Heard(t.Context(), "north")
	require.NoError(t, err)
	require.Len(t, heard, 1)
	require.EqualValues(t, 1, heard[0].Announced)
}

func TestAWebhookOfALocationThatNobodyHasIsNotRemembered(t *testing.T) {
	s, conn := newStore(t)
	early := webhook(1, "loc1", "ContactUpdate", "a")
	require.Equal(t, []record.Fate{record.FateNowhere}, take(t, s, early).Fates)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	require.Equal(t, []record.Fate{record.FateNew}, take(t, s, early).Fates)
	require.Equal(t, []string{"a"}, announced(t, conn, "north"))
}

func TestABellRingsOnceUntilItIsSilentAgain(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	addLocated(t, s, "south", "loc2", record.ConnectionActive)
	require.Equal(t, []string{"north"}, take(t, s, webhook(1, "loc1", "ContactUpdate", "a"), webhook(2, "loc1", "ContactUpdate", "b")).Rang)
	require.Equal(t, []string{"south"}, take(t, s, webhook(3, "loc1", "ContactUpdate", "c"), webhook(4, "loc2", "ContactUpdate", "d")).Rang)
	ring, err := s.MarkChanged(t.Context(), "north", record.Contact, []record.Mark{{Side: record.Salesforce, RecordID: "e"}})
	require.NoError(t, err)
	require.False(t, ring)
	silence(t, conn)
	require.Equal(t, []string{"north"}, take(t, s, webhook(5, "loc1", "ContactUpdate", "a")).Rang)
}

func TestABellCannotBeClearedBetweenAMarkAndItsRing(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	take(t, s, webhook(1, "loc1", "ContactUpdate", "a"))
	// Whoever takes webhooks while the meter is held has written the marks and not yet committed.
	holder, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), `SELECT 1 FROM heard FOR UPDATE`)
	require.NoError(t, err)
	var group errgroup.Group
	group.Go(func() error {
		_, err := s.TakeWebhooks(context.Background(), []record.Announced{webhook(2, "loc1", "ContactUpdate", "b")})
		return err
	})
	other, err := pgx.Connect(t.Context(), conn.Config().ConnString())
	require.NoError(t, err)
	defer func() { _ = other.Close(context.Background()) }()
	require.Eventually(t, func() bool {
		var waits bool
		err := other.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
			AND wait_event_type = 'Lock' AND query LIKE '%INTO heard%')`).Scan(&waits)
		return err == nil && waits
	}, 20*time.Second, 5*time.Millisecond)
	_, err = other.Exec(t.Context(), `SET lock_timeout = '100ms'`)
	require.NoError(t, err)
	_, err = other.Exec(t.Context(), `DELETE FROM bells`)
	require.ErrorContains(t, err, "55P03", "the bell is held until its marks can be seen")
	require.NoError(t, holder.Rollback(t.Context()))
	require.NoError(t, group.Wait())
	_, err = other.Exec(t.Context(), `DELETE FROM bells`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, announced(t, other, "north"))
}

func TestAnUninstallTurnsOffWhatWorkedOrWasPausedOrHeldBack(t *testing.T) {
	s, _ := newStore(t)
	want := map[string]string{
		record.ConnectionActive: record.ConnectionUninstalled, record.ConnectionPaused: record.ConnectionUninstalled,
		record.ConnectionUnchecked:    record.ConnectionUninstalled,
		record.ConnectionDisconnected: record.ConnectionDisconnected, record.ConnectionUninstalled: record.ConnectionUninstalled,
	}
	for state := range want {
		addLocated(t, s, "c-"+state, "loc1", state)
	}
	addLocated(t, s, "elsewhere", "loc2", record.ConnectionActive)
	gone := uninstalled(1, "loc1")
	require.Equal(t, 3, take(t, s, gone).Uninstalled)
	for before, after := range want {
		c, err := s.GetConnection(t.Context(), "c-"+before)
		require.NoError(t, err)
		require.Equal(t, after, c.State)
	}
	c, err := s.GetConnection(t.Context(), "elsewhere")
	require.NoError(t, err)
	require.Equal(t, record.ConnectionActive, c.State)

	require.NoError(t, s.SetConnectionState(t.Context(), "c-active", record.ConnectionActive))
	require.Zero(t, take(t, s, gone).Uninstalled, "another delivery must not turn off what was connected again")
	require.Equal(t, 1, take(t, s, uninstalled(2, "loc1")).Uninstalled)
}

func TestManyTakersOfTheSameWebhooksLoseNothingAndTakeEachOnce(t *testing.T) {
	s, conn := newStore(t)
	const locations, events, takers = 4, 400, 8
	for i := range locations {
		addLocated(t, s, fmt.Sprintf("c%d", i), fmt.Sprintf("loc%d", i), record.ConnectionActive)
		addLocated(t, s, fmt.Sprintf("d%d", i), fmt.Sprintf("loc%d", i), record.ConnectionActive)
	}
	all := make([]record.Announced, events)
	for i := range all {
		all[i] = webhook(i, fmt.Sprintf("loc%d", i%locations), "ContactUpdate", fmt.Sprintf("contact%d", i/2))
	}
	var group errgroup.Group
	fresh, rang := make([]int, takers), make([][]string, takers)
	for n := range takers {
		group.Go(func() error {
			mine := slices.Clone(all)
			r := rand.New(rand.NewPCG(uint64(n), 7))
			r.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for batch := range slices.Chunk(mine, 37) {
				taken, err := s.TakeWebhooks(context.Background(), batch)
				if err != nil {
					return err
				}
				for _, fate := range taken.Fates {
					if fate == record.FateNew {
						fresh[n]++
					}
				}
				rang[n] = append(rang[n], taken.Rang...)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	total := 0
	for _, n := range fresh {
		total += n
	}
	require.Equal(t, events, total)
	require.Len(t, slices.Concat(rang...), 2*locations, "each bell rings once")
	for i := range locations {
		for _, id := range []string{fmt.Sprintf("c%d", i), fmt.Sprintf("d%d", i)} {
			heard, err := s.Heard(t.Context(), id)
			require.NoError(t, err)
			require.Len(t, heard, 1)
			require.EqualValues(t, events/locations, heard[0].Announced)
			require.Equal(t, record.GoHighLevel, heard[0].Side)
			require.Equal(t, "ContactUpdate", heard[0].Event)
			require.Len(t, announced(t, conn, id), events/locations)
		}
	}
}

func TestWebhooksAreForgottenAfterThirtyDays(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	old, young := webhook(1, "loc1", "ContactUpdate", "a"), webhook(2, "loc1", "ContactUpdate", "b")
	take(t, s, old, young)
	_, err := conn.Exec(t.Context(), `
		UPDATE webhooks SET at = at - CASE key WHEN $1 THEN interval '31 days' ELSE interval '29 days' END`, old.Key[:])
	require.NoError(t, err)
	n, err := s.PurgeWebhooks(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, []record.Fate{record.FateNew, record.FateAgain}, take(t, s, old, young).Fates)
}

func TestABatchThatFailsLeavesNothing(t *testing.T) {
	s, conn := newStore(t)
	addLocated(t, s, "north", "loc1", record.ConnectionActive)
	odd := webhook(2, "loc1", "ContactUpdate", "b")
	odd.Kind = "opportunity"
	taken, err := s.TakeWebhooks(t.Context(), []record.Announced{webhook(1, "loc1", "ContactUpdate", "a"), odd})
	require.Error(t, err)
	require.Empty(t, taken.Rang)
	require.Empty(t, announced(t, conn, "north"))
	require.Equal(t, []record.Fate{record.FateNew}, take(t, s, webhook(1, "loc1", "ContactUpdate", "a")).Fates)
}
