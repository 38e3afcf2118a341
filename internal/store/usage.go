package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// UsageRow is how many API calls a lane made on a side in a day (UTC).
type UsageRow struct {
	Day   time.Time
	Side  record.Side
	Lane  string
	Calls int64
}

// AddUsage counts n API calls of a lane to the current day, and returns the day's calls of the side in all lanes. It
// is not safe to repeat: what is repeated is counted twice. Nothing to count just returns the day's calls.
func (s *Store) AddUsage(ctx context.Context, connection string, side record.Side, lane string, n int64) (today int64, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return 0, err
	}
	code, err := sideCode(side)
	if err != nil {
		return 0, err
	}
	if n > 0 {
		_, err = s.pool.Exec(ctx, `
			INSERT INTO api_usage AS u (connection, side, day, lane, calls)
			VALUES ($1, $2, (clock_timestamp() AT TIME ZONE 'UTC')::date, $3, $4)
			ON CONFLICT (connection, side, day, lane) DO UPDATE SET calls = u.calls + excluded.calls`, number, code, lane, n)
		if err != nil {
			return 0, fmt.Errorf("store: count API calls: %w", err)
		}
	}
	err = s.pool.QueryRow(ctx, `
		SELECT coalesce(sum(calls), 0)::bigint FROM api_usage
		WHERE connection = $1 AND side = $2 AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date`, number, code).Scan(&today)
	if err != nil {
		return 0, fmt.Errorf("store: count API calls: %w", err)
	}
	return today, nil
}

// Usage returns a connection's API calls, by day, side and lane.
func (s *Store) Usage(ctx context.Context, connection string) ([]UsageRow, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT day, side, lane, calls FROM api_usage WHERE connection = $1 ORDER BY day, side, lane`, number)
	if err != nil {
		return nil, fmt.Errorf("store: read API usage: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (UsageRow, error) {
		var u UsageRow
		var side int16
		err := row.Scan(&u.Day, &side, &u.Lane, &u.Calls)
		u.Side = sideOf(side)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read API usage: %w", err)
	}
	return list, nil
}
