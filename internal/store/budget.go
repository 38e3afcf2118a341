package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// slotMargin is added to every window: it absorbs what the way to a worker, and from there to the vendor, varies.
const slotMargin = 50 * time.Millisecond

// LeaseSlots grants the next n requests to a side, under an allowance of limit requests in any window, which all
// workers share. It returns how long from now each may be sent, ascending. What is granted is used up, whether it is
// used or not; the log behind it is exact, by the database's clock.
func (s *Store) LeaseSlots(
	ctx context.Context, connection string, side record.Side, n, limit int, window time.Duration,
) ([]time.Duration, error) {
	if n <= 0 || limit <= 0 || window <= 0 {
		return nil, errors.New("store: lease slots: the number, the limit and the window must be positive")
	}
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	code, err := sideCode(side)
	if err != nil {
		return nil, err
	}
	var delays []time.Duration
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		grants, pausedUntil, now, err := lockWindow(ctx, tx, number, code)
		if err != nil {
			return err
		}
		period := (window + slotMargin).Microseconds()
		delays = make([]time.Duration, 0, n)
		for range n {
			at := max(now, pausedUntil)
			if len(grants) > 0 {
				at = max(at, grants[len(grants)-1])
			}
			if len(grants) >= limit {
				at = max(at, grants[len(grants)-limit]+period)
			}
			grants = append(grants, at)
			delays = append(delays, time.Duration(at-now)*time.Microsecond)
		}
		grants = grants[max(0, len(grants)-limit):]
		_, err = tx.Exec(ctx, `UPDATE budget_windows SET grants = $3 WHERE connection = $1 AND side = $2`,
			number, code, grants)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: lease slots: %w", err)
	}
	return delays, nil
}

// PauseSlots lets no further slot of a side be granted for sooner than d from now. A longer pause stays.
func (s *Store) PauseSlots(ctx context.Context, connection string, side record.Side, d time.Duration) error {
	number, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	code, err := sideCode(side)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		_, pausedUntil, now, err := lockWindow(ctx, tx, number, code)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE budget_windows SET paused_until = $3 WHERE connection = $1 AND side = $2`,
			number, code, max(pausedUntil, now+d.Microseconds()))
		return err
	})
	if err != nil {
		return fmt.Errorf("store: pause slots: %w", err)
	}
	return nil
}

// RecordDailyRemaining notes what the vendor said is left of the day's allowance.
func (s *Store) RecordDailyRemaining(ctx context.Context, connection string, side record.Side, remaining int) error {
	number, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	code, err := sideCode(side)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `
		INSERT INTO budget_windows (connection, side, daily_remaining, daily_observed_at)
		VALUES ($1, $2, $3, clock_timestamp())
		ON CONFLICT (connection, side) DO UPDATE
		SET daily_remaining = excluded.daily_remaining, daily_observed_at = excluded.daily_observed_at`,
		number, code, remaining)
	if err != nil {
		return fmt.Errorf("store: record the daily allowance: %w", err)
	}
	return nil
}

// DailyRemaining returns what the vendor said last is left of the day's allowance, and when; the time is zero when it
// never said.
func (s *Store) DailyRemaining(ctx context.Context, connection string, side record.Side) (remaining int, at time.Time, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return 0, time.Time{}, err
	}
	code, err := sideCode(side)
	if err != nil {
		return 0, time.Time{}, err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT daily_remaining, daily_observed_at FROM budget_windows
		WHERE connection = $1 AND side = $2 AND daily_observed_at IS NOT NULL`, number, code).Scan(&remaining, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("store: read the daily allowance: %w", err)
	}
	return remaining, at, nil
}

// lockWindow locks the row of a side's allowance, made where there is none, and reads the clock only then: waiting for
// the lock takes time.
func lockWindow(ctx context.Context, tx pgx.Tx, number int32, side int16) (grants []int64, pausedUntil, now int64, err error) {
	const read = `SELECT grants, paused_until FROM budget_windows WHERE connection = $1 AND side = $2 FOR UPDATE`
	err = tx.QueryRow(ctx, read, number, side).Scan(&grants, &pausedUntil)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = tx.Exec(ctx, `
			INSERT INTO budget_windows (connection, side) VALUES ($1, $2) ON CONFLICT (connection, side) DO NOTHING`,
			number, side)
		if err == nil {
			err = tx.QueryRow(ctx, read, number, side).Scan(&grants, &pausedUntil)
		}
	}
	if err != nil {
		return nil, 0, 0, err
	}
	err = tx.QueryRow(ctx, `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`).Scan(&now)
	return grants, pausedUntil, now, err
}
