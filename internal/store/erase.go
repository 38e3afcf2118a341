package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// belongings are the tables that hold something of a connection, in the order in which they are erased: the access first,
// then what lets anybody who still works for the connection write anything (readings, claims, intents), then the rest. All
// name the connection in a column "connection" but connections itself, which goes last.
var belongings = []string{
	"credentials", "authorisations", "payload_keys", "cursors", "pending", "intents", "staged", "announced", "bells", "sweeps", "swept", "maintenance",
	"deletions", "contact_of", "links", "reviews", "note_task_items", "note_tasks", "journal",
	"certificates", "heard", "api_usage", "budget_windows", "connection_rules", "connections",
}

// erasedAtOnce bounds how many rows one statement of Erase deletes.
const erasedAtOnce = 10_000

// erasePasses is how often Erase goes over the tables, for what somebody wrote behind it.
const erasePasses = 5

// ErrNotErasing is what Erase fails with where BeginErasing was not called for the connection.
var ErrNotErasing = errors.New("the connection is not being erased")

// Held is how many rows of a table belong to a connection.
type Held struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// BeginErasing turns a connection to record.ConnectionErasing, from which it does not come back: nothing opens it any more,
// and no webhook finds it. It returns the connection's number, by which Holdings counts also once it is gone, and the state
// that it was in. It fails with record.ErrNoConnection. Safe to repeat.
func (s *Store) BeginErasing(ctx context.Context, id string) (number int, was string, err error) {
	err = s.pool.QueryRow(ctx, `
		UPDATE connections c SET state = $2, location = NULL, live_since = NULL, updated_at = now()
		FROM (SELECT number, state FROM connections WHERE id = $1 FOR UPDATE) o
		WHERE c.number = o.number RETURNING c.number, o.state`, id, record.ConnectionErasing).Scan(&number, &was)
	return number, was, connectionError(id, "begin to erase a connection", err)
}

// Holdings counts what is kept of the connection that has, or had, a number, table by table.
func (s *Store) Holdings(ctx context.Context, number int) ([]Held, error) {
	out := make([]Held, len(belongings))
	for i, table := range belongings {
		out[i].Table = table
		err := s.pool.QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE `+belongsBy(table)+` = $1`, number).Scan(&out[i].Rows)
		if err != nil {
			return nil, fmt.Errorf("store: count what is kept in %s: %w", table, err)
		}
	}
	return out, nil
}

// belongsBy is the column of a table that holds the connection's number.
func belongsBy(table string) string {
	if table == "connections" {
		return "number"
	}
	return "connection"
}

// Erase deletes all that is kept of a connection, in small statements, and returns what is left by a count afterwards, which
// is nothing in any table. Told is called as rows go. It fails with ErrNotErasing where BeginErasing did not come first.
// Where it is interrupted, the next one goes on.
func (s *Store) Erase(ctx context.Context, number int, told func(table string, rows int64)) (left []Held, err error) {
	var state string
	err = s.pool.QueryRow(ctx, `SELECT state FROM connections WHERE number = $1`, number).Scan(&state)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // what was written behind an earlier one may be there still
	case err != nil:
		return nil, fmt.Errorf("store: erase a connection: %w", err)
	case state != record.ConnectionErasing:
		return nil, fmt.Errorf("store: erase a connection: %w", ErrNotErasing)
	}
	for range erasePasses {
		for _, table := range belongings {
			if err := s.eraseFrom(ctx, table, number, told); err != nil {
				return nil, fmt.Errorf("store: erase from %s: %w", table, err)
			}
		}
		if left, err = s.Holdings(ctx, number); err != nil || Rows(left) == 0 {
			return left, err
		}
	}
	return left, nil
}

func (s *Store) eraseFrom(ctx context.Context, table string, number int, told func(table string, rows int64)) error {
	statement := fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s WHERE %[2]s = $1 LIMIT %[3]d))`,
		table, belongsBy(table), erasedAtOnce)
	for {
		var rows int64
		err := s.inTx(ctx, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, statement, number)
			rows = tag.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
		if rows == 0 {
			return nil
		}
		told(table, rows)
	}
}

// Rows is the sum over the tables.
func Rows(held []Held) (n int64) {
	for _, h := range held {
		n += h.Rows
	}
	return n
}
