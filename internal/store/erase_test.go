package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// tablesOf lists the tables that name a connection, by the catalogue.
func tablesOf(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped AND a.attname IN ('connection', 'connection_id')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return tables
}

func TestEveryTableThatNamesAConnectionIsErased(t *testing.T) {
	s, conn := newStore(t)
	held, err := s.Holdings(t.Context(), 1)
	require.NoError(t, err)
	var names []string
	for _, h := range held {
		names = append(names, h.Table)
	}
	require.ElementsMatch(t, append(tablesOf(t, conn), "connections"), names, "a new table that names a connection must be erased with it")
	require.Equal(t, "credentials", names[0], "the access goes first")
	require.Equal(t, "connections", names[len(names)-1], "what tells that an erasure is not over goes last")
	rest := []string{"webhooks", "goose_db_version", "key_holders", "key_reign"}
	rows, err := conn.Query(t.Context(), `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, append(rest, names...), all, "a table that names no connection is named here, once it is sure that it holds nothing of one")
}

// fill gives a connection at least one row in every table.
func fill(t *testing.T, s *store.Store, conn *pgx.Conn, connection string) (number int) {
	t.Helper()
	newRotating(t).furnish(t, s, conn, connection, 3)
	ctx := t.Context()
	require.NoError(t, conn.QueryRow(ctx, `SELECT number FROM connections WHERE id = $1`, connection).Scan(&number))
	for _, insert := range []string{
		`INSERT INTO links (connection, kind, state, gohighlevel_id) SELECT $1, 1, 1, 'g' || n FROM generate_series(1, 3) n`,
		`INSERT INTO pending (link_id, connection, kind) SELECT id, connection, kind FROM links WHERE connection = $1`,
		`INSERT INTO intents (link_id, connection, kind, side) SELECT id, connection, kind, 2 FROM links WHERE connection = $1`,
		`INSERT INTO deletions (link_id, connection, kind, side) SELECT id, connection, kind, 2 FROM links WHERE connection = $1`,
		`INSERT INTO contact_of (link_id, connection, kind) SELECT id, connection, kind FROM links WHERE connection = $1`,
		`INSERT INTO cursors (connection, kind, side, purpose, epoch) VALUES ($1, 1, 1, 'stage', 'e')`,
		`INSERT INTO reviews (connection, kind, reason, link_ids) VALUES ($1, 1, 'r', '{1}')`,
		`INSERT INTO api_usage (connection, side, day, lane, calls) VALUES ($1, 1, now(), 'live', 1)`,
		`INSERT INTO budget_windows (connection, side) VALUES ($1, 1)`,
		`INSERT INTO announced (connection, kind, side, only_linked, record_id) VALUES ($1, 1, 1, false, 'g1')`,
		`INSERT INTO bells (connection) VALUES ($1)`,
		`INSERT INTO heard (day, connection, kind, side, event) VALUES (now(), $1, 1, 1, 'e')`,
		`INSERT INTO sweeps (connection, kind, side) VALUES ($1, 1, 1)`,
		`INSERT INTO swept (stamp, fingerprint, connection, kind, side, record_id) VALUES (now(), 1, $1, 1, 1, 'g1')`,
		`INSERT INTO maintenance (connection) VALUES ($1)`,
		`INSERT INTO certificates (connection, run_id, body) VALUES ($1, 'r', '{}')`,
		`INSERT INTO note_task_items (connection, state, note_id, key) VALUES ($1, 1, 'n', 'k')`,
	} {
		_, err := conn.Exec(ctx, insert, number)
		require.NoError(t, err, insert)
	}
	held, err := s.Holdings(ctx, number)
	require.NoError(t, err)
	for _, h := range held {
		require.Positive(t, h.Rows, "nothing is in %s to be erased", h.Table)
	}
	return number
}

func nothing(string, int64) {}

func TestAnErasedConnectionLeavesNothingAndOthersAreNotTouched(t *testing.T) {
	s, conn := newStore(t)
	ctx := t.Context()
	number, other := fill(t, s, conn, "globex"), fill(t, s, conn, "hooli")
	before, err := s.Holdings(ctx, other)
	require.NoError(t, err)
	_, err = s.Erase(ctx, number, nothing)
	require.ErrorIs(t, err, store.ErrNotErasing)

	got, was, err := s.BeginErasing(ctx, "globex")
	require.NoError(t, err)
	require.Equal(t, number, got)
	require.Equal(t, record.ConnectionActive, was)
	_, was, err = s.BeginErasing(ctx, "globex")
	require.NoError(t, err)
	require.Equal(t, record.ConnectionErasing, was)
	left, err := s.Erase(ctx, number, nothing)
	require.NoError(t, err)
	require.Zero(t, store.Rows(left))
	require.Len(t, left, len(before))
	_, err = s.GetConnection(ctx, "globex")
	require.ErrorIs(t, err, record.ErrNoConnection)
	_, _, err = s.BeginErasing(ctx, "globex")
	require.ErrorIs(t, err, record.ErrNoConnection)
	after, err := s.Holdings(ctx, other)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestAnUninstallThatIsHeardOfWhileItsConnectionIsErasedTurnsNothingOff(t *testing.T) {
	s, _ := newStore(t)
	addLocated(t, s, "globex", "loc1", record.ConnectionActive)
	addLocated(t, s, "hooli", "loc2", record.ConnectionActive)
	number, _, err := s.BeginErasing(t.Context(), "globex")
	require.NoError(t, err)
	taken := take(t, s, uninstalled(1, "loc1"))
	require.Zero(t, taken.Uninstalled)
	require.Equal(t, record.FateNowhere, taken.Fates[0])
	for id, state := range map[string]string{"globex": record.ConnectionErasing, "hooli": record.ConnectionActive} {
		c, err := s.GetConnection(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, state, c.State, id)
	}
	left, err := s.Erase(t.Context(), number, nothing)
	require.NoError(t, err)
	require.Zero(t, store.Rows(left))
}

func TestAnErasureGoesOnWhereItWasInterrupted(t *testing.T) {
	s, conn := newStore(t)
	number := fill(t, s, conn, "globex")
	_, _, err := s.BeginErasing(t.Context(), "globex")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s.Erase(ctx, number, func(table string, _ int64) {
		if table == "links" {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	row, err := s.GetConnection(t.Context(), "globex")
	require.NoError(t, err)
	require.Equal(t, record.ConnectionErasing, row.State, "it is told until it is over")
	_, err = s.Credentials(newRotating(t).Vault).LoadCredential(t.Context(), "globex", record.Salesforce)
	require.ErrorIs(t, err, oauth.ErrNoCredential)
	left, err := s.Erase(t.Context(), number, nothing)
	require.NoError(t, err)
	require.Zero(t, store.Rows(left))
}

func TestWhatSomebodyWritesBehindAnErasureIsErasedAsWell(t *testing.T) {
	s, conn := newStore(t)
	number := fill(t, s, conn, "globex")
	_, _, err := s.BeginErasing(t.Context(), "globex")
	require.NoError(t, err)
	wrote := false
	left, err := s.Erase(t.Context(), number, func(table string, _ int64) {
		if table == "connections" && !wrote {
			wrote = true
			_, err := conn.Exec(t.Context(), `INSERT INTO links (connection, kind, state, gohighlevel_id) VALUES ($1, 1, 1, 'late')`, number)
			require.NoError(t, err)
		}
	})
	require.NoError(t, err)
	require.True(t, wrote)
	require.Zero(t, store.Rows(left))
}

func TestAConnectionThatIsBeingErasedIsNobodysBusinessAnyMore(t *testing.T) {
	s, conn := newStore(t)
	fill(t, s, conn, "globex")
	ctx := t.Context()
	_, err := conn.Exec(ctx, `UPDATE connections SET live_since = now() WHERE id = 'globex'`)
	require.NoError(t, err)
	due, err := s.DueMaintenance(ctx, 0, 1, 10)
	require.NoError(t, err)
	require.Contains(t, due, "globex")
	_, _, err = s.BeginErasing(ctx, "globex")
	require.NoError(t, err)
	due, err = s.DueMaintenance(ctx, 0, 1, 10)
	require.NoError(t, err)
	require.NotContains(t, due, "globex")
	for _, from := range []string{record.ConnectionActive, record.ConnectionPaused} {
		was, err := s.MoveConnection(ctx, "globex", from, record.ConnectionActive, record.ConnectionPaused, record.ConnectionUninstalled, record.ConnectionDisconnected)
		require.NoError(t, err)
		require.Equal(t, record.ConnectionErasing, was, "it does not come back")
	}
	require.NoError(t, s.HoldBack(ctx, "globex"))
	require.NoError(t, s.Reconnected(ctx, "globex"))
	row, err := s.GetConnection(ctx, "globex")
	require.NoError(t, err)
	require.Equal(t, record.ConnectionErasing, row.State)
	taken, err := s.TakeWebhooks(ctx, []record.Announced{{Location: "loc-globex", Key: [16]byte{1}}})
	require.NoError(t, err)
	require.Equal(t, []record.Fate{record.FateNowhere}, taken.Fates)
}

func TestAConnectionMayBeMadeAgainAfterItWasErased(t *testing.T) {
	s, conn := newStore(t)
	number := fill(t, s, conn, "globex")
	_, _, err := s.BeginErasing(t.Context(), "globex")
	require.NoError(t, err)
	_, err = s.Erase(t.Context(), number, nothing)
	require.NoError(t, err)
	again := fill(t, s, conn, "globex")
	require.NotEqual(t, number, again)
	held, err := s.Holdings(t.Context(), number)
	require.NoError(t, err)
	require.Zero(t, store.Rows(held))
	require.False(t, slices.ContainsFunc(held, func(h store.Held) bool { return h.Rows != 0 }))
}
