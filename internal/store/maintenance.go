package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// DueMaintenance returns up to n connections of a shard that are to be maintained, the one that was longest ago first: those
// whose number leaves the remainder shard when divided by shards, and that are connected.
func (s *Store) DueMaintenance(ctx context.Context, shard, shards, n int) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id FROM connections c LEFT JOIN maintenance m ON m.connection = c.number
		WHERE c.number % $2 = $1 AND c.state NOT IN ($4, $5, $6) AND coalesce(m.taken_until < clock_timestamp(), true)
		ORDER BY m.ended_at NULLS FIRST, c.number LIMIT $3`,
		shard, shards, n, record.ConnectionUninstalled, record.ConnectionDisconnected, record.ConnectionErasing)
	var out []string
	if err == nil {
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fmt.Errorf("store: list due maintenance: %w", err)
	}
	return out, nil
}

// BeginMaintenance takes the lease on a connection's maintenance; ok is false while another lease runs.
func (s *Store) BeginMaintenance(ctx context.Context, connection string, lease time.Duration) (m record.Maintenance, ok bool, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return m, false, err
	}
	m.Connection = connection
	var report []byte
	err = s.pool.QueryRow(ctx, `
		INSERT INTO maintenance AS m (connection, began_at, taken_until)
		SELECT $1, t.now, t.now + $2::interval FROM (SELECT clock_timestamp() AS now) t
		ON CONFLICT (connection) DO UPDATE SET began_at = excluded.began_at, taken_until = excluded.taken_until
		WHERE coalesce(m.taken_until < excluded.began_at, true)
		RETURNING began_at, report`, n, lease).Scan(&m.Began, &report)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, false, nil
	}
	if err == nil {
		m.Last, err = decodeReport(report)
	}
	if err != nil {
		return m, false, fmt.Errorf("store: begin maintenance: %w", err)
	}
	return m, true, nil
}

// EndMaintenance ends a lease and keeps the report in place of the last one. It fails with record.ErrFenced where another
// lease was taken.
func (s *Store) EndMaintenance(ctx context.Context, m record.Maintenance, report record.MaintenanceReport) error {
	n, err := s.number(ctx, m.Connection)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("store: end maintenance: %w", err)
	}
	tag, err := s.pool.Exec(ctx, `
		UPDATE maintenance SET taken_until = NULL, ended_at = clock_timestamp(), report = $3
		WHERE connection = $1 AND began_at = $2`, n, m.Began, encoded)
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("store: end maintenance: %w", err)
	}
	return nil
}

// LastMaintenance returns the report of a connection's last maintenance and the ledger's time; nil where there was none.
func (s *Store) LastMaintenance(ctx context.Context, connection string) (report *record.MaintenanceReport, now time.Time, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, now, err
	}
	var encoded []byte
	err = s.pool.QueryRow(ctx, `
		SELECT clock_timestamp(), (SELECT report FROM maintenance WHERE connection = $1)`, n).Scan(&now, &encoded)
	if err == nil {
		report, err = decodeReport(encoded)
	}
	if err != nil {
		return nil, now, fmt.Errorf("store: read the last maintenance: %w", err)
	}
	return report, now, nil
}

func decodeReport(encoded []byte) (*record.MaintenanceReport, error) {
	if encoded == nil {
		return nil, nil
	}
	var report record.MaintenanceReport
	if err := json.Unmarshal(encoded, &report); err != nil {
		return nil, err
	}
	return &report, nil
}

// The purposes of the cursors that belong to maintenance.
const (
	roundOfRecords = "maintain records"
	roundOfOrphans = "maintain orphans"
)

// Round returns how far maintenance has come in looking at the records of a side, link by link: the link after which it
// goes on, and when it looked last; zeros at the beginning.
func (s *Store) Round(ctx context.Context, k record.SweepKey) (after int64, at time.Time, err error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return 0, at, err
	}
	return s.round(ctx, sc, side, roundOfRecords)
}

func (s *Store) round(ctx context.Context, sc scope, side int16, purpose string) (after int64, at time.Time, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT cursor::bigint, begun_at FROM cursors WHERE connection = $1 AND kind = $2 AND side = $3 AND purpose = $4`,
		sc.number, sc.kind, side, purpose).Scan(&after, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, at, fmt.Errorf("store: read how far maintenance has come: %w", err)
	}
	return after, at, nil
}

func setRound(ctx context.Context, tx pgx.Tx, sc scope, side int16, purpose string, after int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO cursors (connection, kind, side, purpose, epoch, cursor) VALUES ($1, $2, $3, $4, '', $5::bigint::text)
		ON CONFLICT (connection, kind, side, purpose) DO UPDATE SET cursor = excluded.cursor, begun_at = excluded.begun_at`,
		sc.number, sc.kind, side, purpose, after)
	return err
}

// TurnRound notes how far maintenance has come, and marks what it found, in one transaction; ring is as of MarkChanged. Safe
// to repeat.
func (s *Store) TurnRound(ctx context.Context, k record.SweepKey, after int64, marks []record.Mark) (ring bool, err error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		ring = false
		if len(marks) > 0 {
			if ring, err = announce(ctx, tx, sc, marks); err != nil {
				return err
			}
		}
		return setRound(ctx, tx, sc, side, roundOfRecords, after)
	})
	if err != nil {
		return false, fmt.Errorf("store: note how far maintenance has come: %w", err)
	}
	return ring, nil
}

// OldEntries counts the entries of the journal that are older than an age, up to n: those whose link waits for a person
// stay.
func (s *Store) OldEntries(ctx context.Context, connection string, age time.Duration, n int) (count int, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return 0, err
	}
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM (`+oldEntries+`) j`, number, age, n).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("store: count old entries of the journal: %w", err)
	}
	return count, nil
}

// oldEntries are up to $3 entries of a connection that are older than $2.
const oldEntries = `
	SELECT j.id FROM journal j
	WHERE j.connection = $1 AND j.at < clock_timestamp() - $2::interval
	  AND NOT EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = j.kind AND l.id = j.link_id AND l.state = 3)
	LIMIT $3`

// PruneJournal removes up to n entries of the journal that are older than an age, and returns how many. Safe to repeat.
func (s *Store) PruneJournal(ctx context.Context, connection string, age time.Duration, n int) (removed int, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return 0, err
	}
	tag, err := s.pool.Exec(ctx, `DELETE FROM journal WHERE id = ANY (ARRAY(`+oldEntries+`))`, number, age, n)
	if err != nil {
		return 0, fmt.Errorf("store: remove old entries of the journal: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
