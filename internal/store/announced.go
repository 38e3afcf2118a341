package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// MarkChanged notes that records may have changed, and rings the connection's bell. Ring tells that the bell was silent
// before: then whoever called must wake the connection's SyncChanges. Marks coalesce per record; a mark that concerns
// linked records only is widened by one that does not, never the other way round. Safe to repeat.
func (s *Store) MarkChanged(ctx context.Context, connection string, kind record.Kind, marks []record.Mark) (ring bool, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil || len(marks) == 0 {
		return false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		ring, err = announce(ctx, tx, sc, marks)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: mark changed: %w", err)
	}
	return ring, nil
}

// announce does what MarkChanged does, within a transaction.
func announce(ctx context.Context, tx pgx.Tx, sc scope, marks []record.Mark) (ring bool, err error) {
	sides, ids, only := make([]int16, len(marks)), make([]string, len(marks)), make([]bool, len(marks))
	for i, m := range marks {
		if sides[i], err = sideCode(m.Side); err != nil {
			return false, err
		}
		ids[i], only[i] = m.RecordID, m.OnlyLinked
	}
	// In the order of the key: transactions that mark the same records must not wait for each other in a circle.
	_, err = tx.Exec(ctx, `
		INSERT INTO announced AS a (connection, kind, side, record_id, only_linked)
		SELECT $1, $2, m.side, m.id, bool_and(m.only_linked)
		FROM unnest($3::smallint[], $4::text[], $5::boolean[]) AS m (side, id, only_linked)
		GROUP BY m.side, m.id ORDER BY m.side, m.id
		ON CONFLICT (connection, kind, side, record_id) DO UPDATE
		SET only_linked = a.only_linked AND excluded.only_linked, at = excluded.at`, sc.number, sc.kind, sides, ids, only)
	if err != nil {
		return false, err
	}
	return ringBell(ctx, tx, sc.number)
}

// ringBell tells whether the bell was silent. It holds the bell until the transaction ends: whoever silences it meanwhile
// waits, and then sees what was announced.
func ringBell(ctx context.Context, tx pgx.Tx, connection int32) (rang bool, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO bells AS b (connection) VALUES ($1)
		ON CONFLICT (connection) DO UPDATE SET rung_at = b.rung_at RETURNING xmax = 0`, connection).Scan(&rang)
	return rang, err
}
