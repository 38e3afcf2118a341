package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// JournalRow is one write as the journal keeps it.
type JournalRow struct {
	ID           int64
	LinkID       int64
	Kind         record.Kind
	At           time.Time
	Origin       string
	RunID        string
	RulesVersion int
	record.JournalEntry
}

// Journal returns the writes to a link's records, oldest first.
func (s *Store) Journal(ctx context.Context, connection string, linkID int64) ([]JournalRow, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT id, link_id, kind, at, origin, run_id, rules_version, side, operation, sealed
		FROM journal WHERE connection = $1 AND link_id = $2 ORDER BY id`, n, linkID)
	if err != nil {
		return nil, fmt.Errorf("store: read the journal: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (JournalRow, error) {
		var r JournalRow
		var kind, side, operation int16
		err := row.Scan(&r.ID, &r.LinkID, &kind, &r.At, &r.Origin, &r.RunID, &r.RulesVersion, &side, &operation, &r.Sealed)
		r.Kind, r.Side, r.Operation = kindOf(kind), sideOf(side), operations[operation]
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the journal: %w", err)
	}
	return list, nil
}

func writeJournal(ctx context.Context, tx pgx.Tx, sc scope, origin record.Origin, outcomes []record.Outcome) error {
	var links []int64
	var sides, ops []int16
	var sealed [][]byte
	for _, o := range outcomes {
		for _, e := range o.Journal {
			side, err := sideCode(e.Side)
			if err != nil {
				return err
			}
			op, err := operationCode(e.Operation)
			if err != nil {
				return err
			}
			links, sides, ops = append(links, o.LinkID), append(sides, side), append(ops, op)
			sealed = append(sealed, notNil(e.Sealed))
		}
	}
	if len(links) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO journal (connection, kind, origin, run_id, rules_version, link_id, side, operation, sealed)
		SELECT $1, $2, $3, $4, $5, j.link_id, j.side, j.operation, j.sealed
		FROM unnest($6::bigint[], $7::smallint[], $8::smallint[], $9::bytea[]) AS j (link_id, side, operation, sealed)`,
		sc.number, sc.kind, origin.Origin, origin.RunID, origin.RulesVersion, links, sides, ops, sealed)
	return err
}
