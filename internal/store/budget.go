package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/budget"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// LeaseSlots grants up to n requests of a lane to a side, under an allowance of limit requests in any window, which all
// workers share. It returns how long from now each may be sent, ascending, or, where it grants none, when to ask again.
// What is granted is used up, whether it is used or not; the log behind it is exact, by the database's clock. See
// budget.Window.
func (s *Store) LeaseSlots(
	ctx context.Context, connection string, side record.Side, lane crm.Lane, n, limit int, window time.Duration,
) (delays []time.Duration, again time.Duration, err error) {
	if n <= 0 || limit <= 0 || window <= 0 || lane.Rank() < 0 {
		return nil, 0, errors.New("store: lease slots: the number, the limit and the window must be positive, and the lane known")
	}
	err = s.inWindow(ctx, connection, side, func(w *budget.Window, now int64) (changed bool) {
		slots, wait, changed := w.Lease(now, lane, n, limit, window, rand.Float64())
		delays, again = make([]time.Duration, len(slots)), time.Duration(wait)*time.Microsecond
		for i, at := range slots {
			delays[i] = time.Duration(at-now) * time.Microsecond
		}
		return changed
	})
	if err != nil {
		return nil, 0, fmt.Errorf("store: lease slots: %w", err)
	}
	return delays, again, nil
}

// PauseSlots notes that the vendor refused a request: no slot of the side is granted for sooner than d from now, unless
// a longer pause runs, and for a while fewer are. Repeated, it counts as one more refusal.
func (s *Store) PauseSlots(ctx context.Context, connection string, side record.Side, d time.Duration) error {
	err := s.inWindow(ctx, connection, side, func(w *budget.Window, now int64) bool {
		w.Refuse(now, d)
		return true
	})
	if err != nil {
		return fmt.Errorf("store: pause slots: %w", err)
	}
	return nil
}

// inWindow changes the allowance of a side under its lock, and stores it where that changed anything.
func (s *Store) inWindow(ctx context.Context, connection string, side record.Side, change func(w *budget.Window, now int64) bool) error {
	number, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	code, err := sideCode(side)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		w, now, err := lockWindow(ctx, tx, number, code)
		if err != nil || !change(&w, now) {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE budget_windows
			SET grants = $3, paused_until = $4, lanes_at = $5, lanes_waiting = $6, lanes_granted = $7, rate = $8, rate_at = $9
			WHERE connection = $1 AND side = $2`,
			number, code, w.Grants, w.PausedUntil, w.Asked, w.Waiting, w.Granted, w.Rate, w.RateAt)
		return err
	})
}

// lockWindow locks the row of a side's allowance, made where there is none, and reads the clock only then: waiting for
// the lock takes time.
func lockWindow(ctx context.Context, tx pgx.Tx, number int32, side int16) (w budget.Window, now int64, err error) {
	read := func() error {
		// What is materialised is there, locked, before the clock is read.
		return tx.QueryRow(ctx, `
			WITH b AS MATERIALIZED (SELECT * FROM budget_windows WHERE connection = $1 AND side = $2 FOR UPDATE)
			SELECT grants, paused_until, lanes_at, lanes_waiting, lanes_granted, rate, rate_at,
			       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM b`, number, side).
			Scan(&w.Grants, &w.PausedUntil, &w.Asked, &w.Waiting, &w.Granted, &w.Rate, &w.RateAt, &now)
	}
	if err = read(); errors.Is(err, pgx.ErrNoRows) {
		_, err = tx.Exec(ctx, `
			INSERT INTO budget_windows (connection, side) VALUES ($1, $2) ON CONFLICT (connection, side) DO NOTHING`,
			number, side)
		if err == nil {
			err = read()
		}
	}
	return w, now, err
}

// RecordDaily notes what the vendor said of its day's allowance; a limit that is not positive was not said.
func (s *Store) RecordDaily(ctx context.Context, connection string, side record.Side, limit, remaining int) error {
	number, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	code, err := sideCode(side)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, `
		INSERT INTO budget_windows AS b (connection, side, daily_limit, daily_remaining, daily_observed_at)
		VALUES ($1, $2, CASE WHEN $3::integer > 0 THEN $3::integer END, $4, clock_timestamp())
		ON CONFLICT (connection, side) DO UPDATE
		SET daily_limit = coalesce(excluded.daily_limit, b.daily_limit), daily_remaining = excluded.daily_remaining,
		    daily_observed_at = excluded.daily_observed_at`,
		number, code, limit, remaining)
	if err != nil {
		return fmt.Errorf("store: record the daily allowance: %w", err)
	}
	return nil
}

// Standing returns how the day's allowance of a side stands by what all workers know.
func (s *Store) Standing(ctx context.Context, connection string, side record.Side) (budget.Standing, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return budget.Standing{}, err
	}
	code, err := sideCode(side)
	if err != nil {
		return budget.Standing{}, err
	}
	var out budget.Standing
	var ago, paused float64 // seconds
	err = s.pool.QueryRow(ctx, `
		SELECT (SELECT coalesce(sum(calls), 0)::bigint FROM api_usage
		        WHERE connection = $1 AND side = $2 AND day = (clock_timestamp() AT TIME ZONE 'UTC')::date),
		       coalesce(b.daily_limit, -1), coalesce(b.daily_remaining, -1),
		       coalesce(extract(epoch FROM clock_timestamp() - b.daily_observed_at)::float8, -1),
		       greatest(0, coalesce(b.paused_until / 1000000.0 - extract(epoch FROM clock_timestamp()), 0))::float8
		FROM (SELECT) one LEFT JOIN budget_windows b ON b.connection = $1 AND b.side = $2`, number, code).
		Scan(&out.Used, &out.Limit, &out.Remaining, &ago, &paused)
	if err != nil {
		return budget.Standing{}, fmt.Errorf("store: read the daily allowance: %w", err)
	}
	out.Ago, out.Paused = time.Duration(ago*float64(time.Second)), time.Duration(paused*float64(time.Second))
	return out, nil
}
