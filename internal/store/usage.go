package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// UsageRow is how many API calls a lane made on a side in a day (UTC).
type UsageRow struct {
	Day   time.Time
	Side  record.Side
	Lane  crm.Lane
	Calls int64
}

// AddUsage counts n API calls of a lane to the current day, and returns the day's calls of the side in all lanes. It
// is not safe to repeat: what is repeated is counted twice. Nothing to count just returns the day's calls.
func (s *Store) AddUsage(ctx context.Context, connection string, side record.Side, lane crm.Lane, n int64) (today int64, err error) {
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

// Allowance is how a side's API allowance stands, for people.
type Allowance struct {
	Side record.Side `json:"side"`
	// Today is how many calls each lane made today (UTC).
	Today map[crm.Lane]int64 `json:"today"`
	// DailyLimit and DailyRemaining are what the vendor said last of its day; -1 where it never did.
	DailyLimit     int `json:"daily_limit"`
	DailyRemaining int `json:"daily_remaining"`
	// SaidAt is when the vendor said it; zero when it never did.
	SaidAt time.Time `json:"said_at,omitzero"`
	// PausedUntil is until when the vendor asked to be left alone; zero when it does not.
	PausedUntil time.Time `json:"paused_until,omitzero"`
	// Rate is the share of the limit per window that refusals have left, 1 for all of it.
	Rate float64 `json:"rate"`
}

// Allowances returns how a connection's API allowances stand, in the order of record.Sides.
func (s *Store) Allowances(ctx context.Context, connection string) ([]Allowance, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT w.side, coalesce(b.daily_limit, -1), coalesce(b.daily_remaining, -1), b.daily_observed_at,
		       coalesce(b.paused_until, 0), coalesce(b.rate, 0), coalesce(b.rate_at, 0),
		       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
		       (SELECT coalesce(json_object_agg(u.lane, u.calls), '{}') FROM api_usage u
		        WHERE u.connection = $1 AND u.side = w.side AND u.day = (clock_timestamp() AT TIME ZONE 'UTC')::date)
		FROM unnest($2::smallint[]) AS w (side) LEFT JOIN budget_windows b ON b.connection = $1 AND b.side = w.side
		ORDER BY w.side`, number, []int16{codeGoHighLevel, codeSalesforce})
	if err != nil {
		return nil, fmt.Errorf("store: read the allowances: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Allowance, error) {
		var a Allowance
		var w budget.Window
		var side int16
		var said *time.Time
		var now int64
		err := row.Scan(&side, &a.DailyLimit, &a.DailyRemaining, &said, &w.PausedUntil, &w.Rate, &w.RateAt, &now, &a.Today)
		a.Side, a.Rate = sideOf(side), w.RateNow(now)
		if said != nil {
			a.SaidAt = *said
		}
		if w.PausedUntil > now {
			a.PausedUntil = time.UnixMicro(w.PausedUntil)
		}
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read the allowances: %w", err)
	}
	return list, nil
}
