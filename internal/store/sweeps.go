package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// live is the condition under which a connection, as c, is kept in step.
const live = `c.state = '` + record.ConnectionActive + `' AND c.live_since IS NOT NULL`

// GoLive turns live sync on for a connection, unless it is on, and lets the polling of each side begin with what changed
// since the time given for it. What was polled already stays as it is. Safe to repeat.
func (s *Store) GoLive(ctx context.Context, connection string, kind record.Kind, since map[record.Side]time.Time) error {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			UPDATE connections SET live_since = clock_timestamp(), updated_at = now()
			WHERE number = $1 AND live_since IS NULL`, sc.number); err != nil {
			return err
		}
		for _, side := range record.Sides {
			code, err := sideCode(side)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `
				INSERT INTO sweeps AS s (connection, kind, side, swept_to, deleted_to) VALUES ($1, $2, $3, $4, $4)
				ON CONFLICT (connection, kind, side) DO UPDATE
				SET swept_to = coalesce(s.swept_to, excluded.swept_to), deleted_to = coalesce(s.deleted_to, excluded.deleted_to)`,
				sc.number, sc.kind, code, nilTime(since[side])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: go live: %w", err)
	}
	return nil
}

// DueSweeps returns up to n sides of live connections whose polling is due, the longest overdue first: of the connections
// whose number leaves the remainder shard when divided by shards.
func (s *Store) DueSweeps(ctx context.Context, shard, shards, n int) ([]record.SweepKey, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id, s.kind, s.side FROM sweeps s JOIN connections c ON c.number = s.connection
		WHERE c.number % $2 = $1 AND `+live+` AND s.next_at <= clock_timestamp()
		ORDER BY s.next_at LIMIT $3`, shard, shards, n)
	if err != nil {
		return nil, fmt.Errorf("store: list due sweeps: %w", err)
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.SweepKey, error) {
		var k record.SweepKey
		var kind, side int16
		err := row.Scan(&k.Connection, &kind, &side)
		k.Kind, k.Side = kindOf(kind), sideOf(side)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list due sweeps: %w", err)
	}
	return due, nil
}

// BeginSweep takes the lease on the polling of a side; ok is false where it is not due, which it is not while another
// lease runs, or where the connection is not live. A lease that is not held any longer than given lets the next one begin.
func (s *Store) BeginSweep(ctx context.Context, k record.SweepKey, lease time.Duration) (sweep record.Sweep, ok bool, err error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return record.Sweep{}, false, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		sweep, ok = record.Sweep{SweepKey: k, Readings: map[record.SweepReading]record.Reading{}}, false
		var succeeded, swept, deleted, compared *time.Time
		var every int64
		err := tx.QueryRow(ctx, `
			WITH now AS (SELECT clock_timestamp() AS at)
			UPDATE sweeps s SET last_at = now.at, next_at = now.at + $4::interval
			FROM connections c, now
			WHERE s.connection = $1 AND s.kind = $2 AND s.side = $3 AND c.number = s.connection AND `+live+` AND s.next_at <= now.at
			RETURNING s.last_at, s.succeeded_at, s.failures, s.every_ms, s.swept_to, s.deleted_to, s.compared_at, s.compared_after`,
			sc.number, sc.kind, side, lease).
			Scan(&sweep.Began, &succeeded, &sweep.Failures, &every, &swept, &deleted, &compared, &sweep.ComparedAfter)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		sweep.Every = time.Duration(every) * time.Millisecond
		sweep.SucceededAt, sweep.SweptTo, sweep.DeletedTo, sweep.ComparedAt = orZero(succeeded), orZero(swept), orZero(deleted), orZero(compared)
		return loadReadings(ctx, tx, sc, side, sweep.Readings)
	})
	if err != nil {
		return record.Sweep{}, false, fmt.Errorf("store: begin a sweep: %w", err)
	}
	return sweep, ok, nil
}

// sweepReadings are the purposes of the cursors that belong to sweeps.
var sweepReadings = []string{string(record.ReadChanges), string(record.ReadCensus), string(record.ReadRotation)}

func loadReadings(ctx context.Context, tx pgx.Tx, sc scope, side int16, into map[record.SweepReading]record.Reading) error {
	rows, err := tx.Query(ctx, `
		SELECT purpose, epoch, cursor FROM cursors WHERE connection = $1 AND kind = $2 AND side = $3 AND purpose = ANY($4)`,
		sc.number, sc.kind, side, sweepReadings)
	if err != nil {
		return err
	}
	var purpose, epoch, cursor string
	_, err = pgx.ForEachRow(rows, []any{&purpose, &epoch, &cursor}, func() error {
		at, err := time.Parse(time.RFC3339Nano, epoch)
		into[record.SweepReading(purpose)] = record.Reading{Epoch: at, Cursor: cursor}
		return err
	})
	return err
}

// HoldSweep prolongs a lease. It fails with record.ErrFenced where another one was taken.
func (s *Store) HoldSweep(ctx context.Context, sweep record.Sweep, lease time.Duration) error {
	sc, side, err := s.sweepScope(ctx, sweep.SweepKey)
	if err != nil {
		return err
	}
	tag, err := s.pool.Exec(ctx, `
		UPDATE sweeps SET next_at = clock_timestamp() + $5::interval
		WHERE connection = $1 AND kind = $2 AND side = $3 AND last_at = $4`,
		sc.number, sc.kind, side, sweep.Began, lease)
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("store: hold a sweep: %w", err)
	}
	return nil
}

// EndSweep ends a lease, and says when the next one may be taken: after a pass that is done, that long after it began. It
// fails with record.ErrFenced where another one was taken.
func (s *Store) EndSweep(ctx context.Context, sweep record.Sweep, end record.SweepEnd) error {
	sc, side, err := s.sweepScope(ctx, sweep.SweepKey)
	if err != nil {
		return err
	}
	failed, succeeded := end.Problem != "", end.Problem == "" && !end.Unfinished
	tag, err := s.pool.Exec(ctx, `
		UPDATE sweeps
		SET next_at = greatest(clock_timestamp(), CASE WHEN $9 THEN last_at ELSE clock_timestamp() END + $5::interval), every_ms = CASE WHEN $6::bigint > 0 THEN $6 ELSE every_ms END, problem = CASE WHEN $8 OR $9 THEN $7 ELSE problem END,
		    failures = CASE WHEN $8 AND $10 THEN 1 WHEN $8 THEN failures + 1 WHEN $9 THEN 0 ELSE failures END,
		    succeeded_at = CASE WHEN $9 THEN clock_timestamp() ELSE succeeded_at END
		WHERE connection = $1 AND kind = $2 AND side = $3 AND last_at = $4`,
		sc.number, sc.kind, side, sweep.Began, max(end.Next, 0), end.Every.Milliseconds(), end.Problem, failed, succeeded, end.Advanced)
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("store: end a sweep: %w", err)
	}
	return nil
}

func (s *Store) sweepScope(ctx context.Context, k record.SweepKey) (sc scope, side int16, err error) {
	if side, err = sideCode(k.Side); err != nil {
		return scope{}, 0, err
	}
	sc, err = s.scope(ctx, k.Connection, k.Kind)
	return sc, side, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
