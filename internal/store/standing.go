package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// MoveConnection changes a connection's state where it is one of those it may come from, and returns the state that it was
// in before, whether it was changed or not. One that no check has passed yet becomes record.ConnectionUnchecked instead of
// active. It fails with record.ErrNoConnection. Safe to repeat.
func (s *Store) MoveConnection(ctx context.Context, id, to string, from ...string) (was string, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		was, err = moveConnection(ctx, tx, id, to, from)
		return err
	})
	return was, connectionError(id, "move a connection", err)
}

// Disconnect turns a connection to record.ConnectionDisconnected and deletes the credentials of both sides, in one
// transaction. It returns the state that it was in before. Links, journal and what is pending stay. It waits for a token
// that is just being refreshed. It fails with record.ErrNoConnection. Safe to repeat.
func (s *Store) Disconnect(ctx context.Context, id string) (was string, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// The credentials first: waiting for one that is being refreshed, this must hold nothing that others need.
		_, err := tx.Exec(ctx, `DELETE FROM credentials WHERE connection = (SELECT number FROM connections WHERE id = $1)`, id)
		if err != nil {
			return err
		}
		all := []string{
			record.ConnectionActive, record.ConnectionPaused, record.ConnectionUnchecked, record.ConnectionUninstalled, record.ConnectionDisconnected,
		}
		was, err = moveConnection(ctx, tx, id, record.ConnectionDisconnected, all)
		return err
	})
	return was, connectionError(id, "disconnect", err)
}

// HoldBack turns a connection that works to record.ConnectionUnchecked, and has one that is paused become that once it is
// resumed. It comes before a grant is replaced: nothing is synced by one that no check has passed. Safe to repeat.
func (s *Store) HoldBack(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE connections SET unchecked = true, state = CASE state WHEN $2 THEN $3 ELSE state END, updated_at = clock_timestamp()
		WHERE id = $1 AND state <> $4`, id, record.ConnectionActive, record.ConnectionUnchecked, record.ConnectionErasing)
	if err != nil {
		return fmt.Errorf("store: hold a connection back: %w", err)
	}
	return nil
}

// Reconnected turns a connection that was uninstalled or disconnected to record.ConnectionUnchecked once there is a
// credential of both sides. Safe to repeat.
func (s *Store) Reconnected(ctx context.Context, id string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE connections c SET state = $2, unchecked = true, updated_at = clock_timestamp()
		WHERE c.id = $1 AND c.state = ANY($3) AND (SELECT count(*) FROM credentials WHERE connection = c.number) = 2`,
		id, record.ConnectionUnchecked, []string{record.ConnectionUninstalled, record.ConnectionDisconnected})
	if err != nil {
		return fmt.Errorf("store: reconnect: %w", err)
	}
	return nil
}

// Checked lets a connection that was held back work, after a check of it has passed: one that is paused once it is resumed.
// A check of a connection as it was before somebody changed its rules, its state or a grant has no effect: asOf is its
// UpdatedAt then. Safe to repeat.
func (s *Store) Checked(ctx context.Context, id string, asOf time.Time) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE connections SET unchecked = false, state = CASE state WHEN $3 THEN $4 ELSE state END, updated_at = clock_timestamp()
		WHERE id = $1 AND unchecked AND updated_at = $2`, id, asOf, record.ConnectionUnchecked, record.ConnectionActive)
	if err != nil {
		return fmt.Errorf("store: let a checked connection work: %w", err)
	}
	return nil
}

func moveConnection(ctx context.Context, tx pgx.Tx, id, to string, from []string) (was string, err error) {
	err = tx.QueryRow(ctx, `SELECT state FROM connections WHERE id = $1 FOR UPDATE`, id).Scan(&was)
	if err != nil || was == to || !slices.Contains(from, was) {
		return was, err
	}
	_, err = tx.Exec(ctx, `
		UPDATE connections SET state = CASE WHEN $2 = $3 AND unchecked THEN $4 ELSE $2 END, updated_at = now() WHERE id = $1`,
		id, to, record.ConnectionActive, record.ConnectionUnchecked)
	return was, err
}

func connectionError(id, what string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("store: %w: %q", record.ErrNoConnection, id)
	}
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

// Announced counts the records of a connection that were announced as changed and are not yet pending.
func (s *Store) Announced(ctx context.Context, connection string, kind record.Kind) (int, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return 0, err
	}
	var n int
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM announced WHERE connection = $1 AND kind = $2`, sc.number, sc.kind).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: count what is announced: %w", err)
	}
	return n, nil
}

// MarkAllPending makes pending, of the next n links after an id, those that are kept in step or could be: all but those that
// are deleted or parted, and those that wait for a person for another reason than a conflict. It returns the last link that
// it looked at, 0 once there are no more. It rings no bell. Safe to repeat.
func (s *Store) MarkAllPending(ctx context.Context, connection string, kind record.Kind, after int64, n int) (last int64, marked int, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return 0, 0, err
	}
	var looked int
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT count(*), coalesce(max(id), 0)
			FROM (SELECT id FROM links WHERE connection = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4) l`,
			sc.number, sc.kind, after, n).Scan(&looked, &last)
		if err != nil || looked == 0 {
			return err
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO pending AS p (link_id, connection, kind, changed_at)
			SELECT id, connection, kind, clock_timestamp() FROM links
			WHERE connection = $1 AND kind = $2 AND id > $3 AND id <= $4 AND (state IN (1, 2, 4, 5) OR state = 3 AND problem = $5)
			ORDER BY id
			ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = excluded.changed_at`,
			sc.number, sc.kind, after, last, record.ReviewConflict)
		marked = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("store: mark all pending: %w", err)
	}
	if looked < n {
		last = 0
	}
	return last, marked, nil
}
