package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// freshAge is the age, in microseconds, of the last successful pass of a sweep s of a connection c.
const freshAge = `coalesce((extract(epoch FROM clock_timestamp() - coalesce(s.succeeded_at, c.live_since)) * 1000000)::bigint, 0)`

// Freshness returns how recently each side of a connection was polled, by kind and side; nothing for a connection that
// never went live.
func (s *Store) Freshness(ctx context.Context, connection string) ([]record.Freshness, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT s.kind, s.side, s.succeeded_at, s.swept_to, `+freshAge+`, s.next_at, s.every_ms, s.failures, s.problem
		FROM sweeps s JOIN connections c ON c.number = s.connection
		WHERE s.connection = $1 ORDER BY s.kind, s.side`, n)
	if err != nil {
		return nil, fmt.Errorf("store: read freshness: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Freshness, error) {
		var f record.Freshness
		var kind, side int16
		var succeeded, swept *time.Time
		var age, every int64
		err := row.Scan(&kind, &side, &succeeded, &swept, &age, &f.NextAt, &every, &f.Failures, &f.Problem)
		f.Kind, f.Side, f.SucceededAt = kindOf(kind), sideOf(side), orZero(succeeded)
		f.SweptTo = orZero(swept)
		f.Age, f.Every = max(0, time.Duration(age)*time.Microsecond), time.Duration(every)*time.Millisecond
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read freshness: %w", err)
	}
	return list, nil
}

// ConnectionAges returns, for each live connection, how long ago the last successful pass of its least fresh side was.
func (s *Store) ConnectionAges(ctx context.Context) ([]record.ConnectionAge, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id, c.rules_version, max(`+freshAge+`)
		FROM sweeps s JOIN connections c ON c.number = s.connection WHERE `+live+`
		GROUP BY c.id, c.rules_version ORDER BY c.id`)
	if err != nil {
		return nil, fmt.Errorf("store: read the connections' ages: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.ConnectionAge, error) {
		var a record.ConnectionAge
		var age int64
		err := row.Scan(&a.Connection, &a.RulesVersion, &age)
		a.Age = time.Duration(age) * time.Microsecond
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the connections' ages: %w", err)
	}
	return list, nil
}

// nobodys is the condition under which a pending link p of a connection c waits for too long without a holder. It is asked
// for each lane by itself, for which there are indexes.
const nobodys = `p.connection = c.number AND p.kind = ANY($4) AND p.token IS NULL
	AND coalesce(p.changed_at, '-infinity') < clock_timestamp() - $3::interval`

// Unanswered returns the live connections of a shard, as DueSweeps has them, in which something waits for a sync for longer
// than patience and nobody works on it: a change that was announced, a note that was marked, or a pending link that nobody holds.
// One that a side refuses is left in peace: nobody could work on it.
func (s *Store) Unanswered(ctx context.Context, shard, shards int, patience time.Duration) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.id FROM connections c
		WHERE c.number % $2 = $1 AND `+live+` AND NOT `+refused+` AND (
			EXISTS (SELECT FROM note_tasks n WHERE n.connection = c.number AND n.marked > n.heeded AND n.marked_at < clock_timestamp() - $3::interval)
			OR EXISTS (SELECT FROM announced a WHERE a.connection = c.number AND a.at < clock_timestamp() - $3::interval)
			OR EXISTS (SELECT FROM pending p WHERE p.lane = 0 AND `+nobodys+`)
			OR EXISTS (SELECT FROM pending p WHERE p.lane = 1 AND `+nobodys+`)
			OR EXISTS (
				SELECT FROM pending p
				WHERE p.connection = c.number AND p.kind = ANY($4) AND p.token IS NOT NULL
				  AND p.claimed_until < clock_timestamp() - $3::interval))
		ORDER BY c.number`, shard, shards, patience, allKinds)
	if err != nil {
		return nil, fmt.Errorf("store: list what is unanswered: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("store: list what is unanswered: %w", err)
	}
	return list, nil
}
