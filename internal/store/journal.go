package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

const journalColumns = `id, link_id, kind, at, origin, run_id, rules_version, side, operation, sealed`

// Journal returns the writes to a link's records that were made for the link, oldest first.
func (s *Store) Journal(ctx context.Context, connection string, linkID int64) ([]record.JournalRow, error) {
	return s.readJournal(ctx, connection, `SELECT `+journalColumns+` FROM journal WHERE connection = $1 AND link_id = $2 ORDER BY id`, linkID)
}

// History returns all writes to a link's records, oldest first: those made for the link, and those made to a record without
// regard to any, as to the tasks that a note becomes. The link's number is 0 where none holds the record.
func (s *Store) History(ctx context.Context, l record.Link) ([]record.JournalRow, error) {
	return s.readJournal(ctx, l.Connection, `
		SELECT `+journalColumns+` FROM journal WHERE connection = $1 AND link_id = $2 AND $2 <> 0
		UNION
		SELECT `+journalColumns+` FROM journal
		WHERE connection = $1 AND record_id = $3 AND $3 <> '' AND side = 1 AND kind = $5
		UNION
		SELECT `+journalColumns+` FROM journal
		WHERE connection = $1 AND record_id = $4 AND $4 <> '' AND side = 2 AND kind = $5
		ORDER BY id`, l.ID, l.GoHighLevelID, l.SalesforceID, kindCodes[l.Kind])
}

// WrittenAlone returns the kind and side of a record that the journal knows, though no link needs to hold it; "" where it
// does not.
func (s *Store) WrittenAlone(ctx context.Context, connection, recordID string) (record.Kind, record.Side, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return "", "", err
	}
	var kind, side int16
	err = s.pool.QueryRow(ctx, `SELECT kind, side FROM journal WHERE connection = $1 AND record_id = $2 ORDER BY id LIMIT 1`, n, recordID).Scan(&kind, &side)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("store: look for a record in the journal: %w", err)
	}
	return kindOf(kind), sideOf(side), nil
}

// readJournal reads rows of the connection, which is the statement's first argument.
func (s *Store) readJournal(ctx context.Context, connection, sql string, more ...any) ([]record.JournalRow, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, sql, append([]any{n}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("store: read the journal: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.JournalRow, error) {
		var r record.JournalRow
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

// NoteAhead notes, for links of the claim, what is about to be done and cannot be read afterwards. It fails with
// record.ErrFenced. What is repeated is journaled twice.
func (s *Store) NoteAhead(ctx context.Context, token int64, origin record.Origin, ahead map[int64]record.Ahead) error {
	var outcomes []record.Outcome
	var tried []int64
	var bases [][]byte
	links := slices.Sorted(maps.Keys(ahead))
	for _, link := range links {
		outcomes = append(outcomes, record.Outcome{LinkID: link, Journal: []record.JournalEntry{ahead[link].Journal}})
		if base := ahead[link].Base; base != nil {
			tried, bases = append(tried, link), append(bases, base)
		}
	}
	err := s.inClaim(ctx, token, links, func(tx pgx.Tx, sc scope) error {
		if len(tried) > 0 {
			_, err := tx.Exec(ctx, `
				UPDATE links l SET base = o.base FROM unnest($3::bigint[], $4::bytea[]) AS o (link_id, base)
				WHERE l.connection = $1 AND l.kind = $2 AND l.id = o.link_id AND l.id = ANY($3)`, sc.number, sc.kind, tried, bases)
			if err != nil {
				return err
			}
		}
		return writeJournal(ctx, tx, sc, origin, outcomes)
	})
	if err != nil {
		return fmt.Errorf("store: note ahead: %w", err)
	}
	return nil
}

// RecentUpdates counts the updates written to links since a time ago, or since a person last let them go on after a
// ping-pong, whichever is later. Links without any are absent.
func (s *Store) RecentUpdates(ctx context.Context, connection string, linkIDs []int64, within time.Duration) (map[int64]int, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT j.link_id, count(*) FROM journal j
		WHERE j.connection = $1 AND j.link_id = ANY($2) AND j.operation = 2 AND j.at > clock_timestamp() - $3::interval
		  AND NOT EXISTS (SELECT FROM reviews r WHERE r.connection = $1 AND r.link_ids @> ARRAY[j.link_id] AND r.reason = $4
		                    AND r.decided_at > j.at)
		GROUP BY j.link_id`, n, linkIDs, within, record.ReviewPingPong)
	if err != nil {
		return nil, fmt.Errorf("store: count recent updates: %w", err)
	}
	out := map[int64]int{}
	var id int64
	var count int
	if _, err := pgx.ForEachRow(rows, []any{&id, &count}, func() error {
		out[id] = count
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: count recent updates: %w", err)
	}
	return out, nil
}

// journalRecord writes an entry about a record, whether or not a link holds it.
func journalRecord(ctx context.Context, tx pgx.Tx, connection int32, e record.NoteEntry) error {
	kind, err := kindCode(e.Origin.Kind)
	if err != nil {
		return err
	}
	side, err := sideCode(e.Side)
	if err != nil {
		return err
	}
	op, err := operationCode(e.Operation)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO journal (connection, kind, origin, run_id, rules_version, link_id, record_id, side, operation, sealed)
		SELECT $1, $2, $3, $4, $5, coalesce((
			SELECT l.id FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.`+recordColumn[e.Side]+` = $6), 0), $6, $7, $8, $9`,
		connection, kind, e.Origin.Origin, e.Origin.RunID, e.Origin.RulesVersion, e.RecordID, side, op, notNil(e.Sealed))
	return err
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
