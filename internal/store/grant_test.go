package store_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack/storetest"
	"github.com/tandem-sync/tandem/internal/store"
)

// asRole returns the address of a database as a role has it that Grant has given its rights.
func asRole(t *testing.T, name string) (address string, owner *store.Store) {
	t.Helper()
	address = storetest.New(t)
	owner, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(owner.Close)
	granted, err := storetest.Server().Role(t.Context(), name)
	require.NoError(t, err)
	for range 2 { // safe to repeat
		require.NoError(t, owner.Grant(t.Context(), name))
	}
	at, err := url.Parse(address)
	require.NoError(t, err)
	as, err := url.Parse(granted)
	require.NoError(t, err)
	at.User = as.User
	return at.String(), owner
}

func TestARoleThatOwnsNothingMatchesAndClaims(t *testing.T) {
	address, _ := asRole(t, "tandem_worker")
	s, err := store.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	require.NoError(t, s.CheckVersion(t.Context()))
	require.NoError(t, s.Migrate(t.Context()), "where nothing is left to do")
	addConnection(t, s, acme)
	couples(t, s, acme, "e1", 3000)
	require.Len(t, claim(t, s, "w1", 200).Work, 200)
}

func TestARoleThatOwnsNothingCanReadAndWriteRowsAndNothingElse(t *testing.T) {
	address, owner := asRole(t, "tandem_app")
	addConnection(t, owner, acme)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), `UPDATE connections SET state = state`)
	require.NoError(t, err)
	for _, statement := range []string{
		`CREATE TABLE more (n integer)`, `DROP TABLE journal`, `TRUNCATE journal`, `ALTER TABLE connections ADD more text`,
		`CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'`, `CREATE SCHEMA more`, `CREATE ROLE more`, `CREATE DATABASE more`,
		`DROP FUNCTION analyze_ledger(text)`, `CREATE INDEX more ON connections (state)`,
		`CREATE TRIGGER more BEFORE UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`, `DELETE FROM goose_db_version`,
		`SELECT * FROM pg_authid`, `COPY connections TO '/tmp/stolen'`, `COPY connections TO PROGRAM 'cat'`, `SELECT pg_read_file('PG_VERSION')`,
		`GRANT SELECT ON connections TO PUBLIC`, `ALTER ROLE tandem_app SUPERUSER`, `SET ROLE tandem`,
	} {
		_, err := conn.Exec(t.Context(), statement)
		var pg *pgconn.PgError
		// GRANT without the right to only warns, and gives nothing.
		if err == nil {
			require.Equal(t, "GRANT SELECT ON connections TO PUBLIC", statement)
			var readable bool
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT has_table_privilege('public', 'connections', 'SELECT')`).Scan(&readable))
			require.False(t, readable)
			continue
		}
		require.True(t, errors.As(err, &pg), "%s: %v", statement, err)
		require.Equal(t, "42501", pg.Code, "%s: %v", statement, err) // insufficient_privilege
	}
}

func TestMoreThanARoleNeedsIsTakenFromIt(t *testing.T) {
	address, owner := asRole(t, "tandem_tight")
	conn, err := pgx.Connect(t.Context(), byOwner(t, address))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), `GRANT ALL ON ALL TABLES IN SCHEMA public TO tandem_tight`)
	require.NoError(t, err)
	require.NoError(t, owner.Grant(t.Context(), "tandem_tight"))
	var truncates, migrates bool
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT has_table_privilege('tandem_tight', 'journal', 'TRUNCATE'),
		has_table_privilege('tandem_tight', 'goose_db_version', 'INSERT')`).Scan(&truncates, &migrates))
	require.False(t, truncates)
	require.False(t, migrates)
}

// byOwner returns a role's address with the owner in its place.
func byOwner(t *testing.T, address string) string {
	t.Helper()
	at, err := url.Parse(address)
	require.NoError(t, err)
	as, err := url.Parse(storetest.Server().URL())
	require.NoError(t, err)
	at.User = as.User
	return at.String()
}

func TestARoleThatIsNotThereIsReportedWithWhatToDo(t *testing.T) {
	s, _ := newStore(t)
	require.ErrorContains(t, s.Grant(t.Context(), `no"body`), `CREATE ROLE "no""body" LOGIN`)
	require.ErrorContains(t, s.Grant(t.Context(), "tandem"), "another one")
}
