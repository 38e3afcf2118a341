package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// NotesSince returns since when a connection's notes become tasks: since the rules were applied that were in force when it
// was asked for the first time. It never changes.
func (s *Store) NotesSince(ctx context.Context, connection string) (time.Time, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return time.Time{}, err
	}
	var since time.Time
	err = s.pool.QueryRow(ctx, `
		WITH first AS (
			UPDATE connections c SET note_tasks_since = r.applied_at FROM connection_rules r
			WHERE c.number = $1 AND c.note_tasks_since IS NULL AND r.connection = c.number AND r.version = c.rules_version
			RETURNING note_tasks_since)
		SELECT coalesce((SELECT note_tasks_since FROM first), (SELECT note_tasks_since FROM connections WHERE number = $1), clock_timestamp())`,
		n).Scan(&since)
	if err != nil {
		return time.Time{}, fmt.Errorf("store: since when notes become tasks: %w", err)
	}
	return since, nil
}

// UnheededNotes returns up to n notes that were marked since a run last took their marks in, but for busy ones.
func (s *Store) UnheededNotes(ctx context.Context, connection string, n int, busy []string) ([]string, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT note_id FROM note_tasks WHERE connection = $1 AND marked > heeded AND note_id <> ALL ($2) ORDER BY note_id LIMIT $3`,
		number, append([]string{}, busy...), n)
	var ids []string
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fmt.Errorf("store: list marked notes: %w", err)
	}
	return ids, nil
}

// MarkNotes notes that notes, or tasks that they became, may have changed, and rings the connection's bell. Ring tells that
// the bell was silent before: then whoever called must wake the connection's SyncChanges. Marks coalesce. Safe to repeat.
func (s *Store) MarkNotes(ctx context.Context, connection string, marks []record.NoteMark) (ring bool, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		ring, err = markNotes(ctx, tx, n, marks)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: mark notes: %w", err)
	}
	return ring, nil
}

// marked is what a mark does to a note that is known.
const marked = `marked = n.marked + 1, marked_at = clock_timestamp()`

func markNotes(ctx context.Context, tx pgx.Tx, connection int32, marks []record.NoteMark) (ring bool, err error) {
	var every, followed []string
	for _, m := range marks {
		if m.OnlyFollowed {
			followed = append(followed, m.NoteID)
		} else {
			every = append(every, m.NoteID)
		}
	}
	var changed int64
	if len(every) > 0 {
		tag, err := tx.Exec(ctx, `
			INSERT INTO note_tasks AS n (connection, note_id) SELECT DISTINCT $1::integer, id FROM unnest($2::text[]) AS u (id) ORDER BY id
			ON CONFLICT (connection, note_id) DO UPDATE SET `+marked, connection, every)
		if err != nil {
			return false, err
		}
		changed += tag.RowsAffected()
	}
	if len(followed) > 0 {
		tag, err := tx.Exec(ctx, `
			UPDATE note_tasks n SET `+marked+`
			WHERE n.connection = $1 AND n.note_id = ANY ($2) AND n.state IN (1, 2, 3)`, connection, followed)
		if err != nil {
			return false, err
		}
		changed += tag.RowsAffected()
	}
	if changed == 0 {
		return false, nil
	}
	tag, err := tx.Exec(ctx, ringBells, []int32{connection})
	return tag.RowsAffected() > 0, err
}

// stirNotes marks the notes that some GoHighLevel tasks come from.
func stirNotes(ctx context.Context, tx pgx.Tx, connection int32, taskIDs []string) error {
	if len(taskIDs) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE note_tasks n SET `+marked+` WHERE n.connection = $1 AND n.note_id IN (
			SELECT i.note_id FROM note_task_items i WHERE i.connection = $1 AND i.task_id = ANY ($2) AND i.state = 2)`,
		connection, taskIDs)
	return err
}
