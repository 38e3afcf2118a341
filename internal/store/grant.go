package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Grant gives a role that exists what workers and the command line need: to read and write rows of Tandem's tables, and
// nothing of how the tables are made. It takes away whatever more the role was granted on them. To be called by the tables'
// owner after each Migrate; safe to repeat.
func (s *Store) Grant(ctx context.Context, role string) error {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var exists, owner bool
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), $1 = current_user`, role).Scan(&exists, &owner)
		switch {
		case err != nil:
			return err
		case !exists:
			return fmt.Errorf("there is no role %q: make it first, as by CREATE ROLE %s LOGIN PASSWORD '...'", role, pgx.Identifier{role}.Sanitize())
		case owner:
			return errors.New("the role owns the tables itself: give the name of another one")
		}
		for _, what := range grants {
			rows, err := tx.Query(ctx, what.of)
			if err != nil {
				return err
			}
			names, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			for _, name := range names {
				to := pgx.Identifier{role}.Sanitize()
				if _, err := tx.Exec(ctx, `REVOKE ALL ON `+what.kind+` `+name+` FROM `+to); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `GRANT `+what.right+` ON `+what.kind+` `+name+` TO `+to); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: grant: %w", err)
	}
	return nil
}

// grants are what a role gets: a right on each of the things of a kind that a query names, quoted. Temporary tables are
// what matching works in.
var grants = []struct{ kind, right, of string }{
	{"DATABASE", "CONNECT, TEMPORARY", `SELECT quote_ident(current_database())`},
	{"SCHEMA", "USAGE", `SELECT quote_ident(current_schema())`},
	{"TABLE", "SELECT, INSERT, UPDATE, DELETE", `
		SELECT oid::regclass::text FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole AND relkind IN ('r', 'p')
		  AND relname <> 'goose_db_version'`},
	{"TABLE", "SELECT", `SELECT 'goose_db_version'`},
	{"SEQUENCE", "USAGE", `
		SELECT oid::regclass::text FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole AND relkind = 'S'`},
	{"FUNCTION", "EXECUTE", `
		SELECT oid::regprocedure::text FROM pg_proc
		WHERE pronamespace = current_schema()::regnamespace AND proowner = current_user::regrole`},
}
