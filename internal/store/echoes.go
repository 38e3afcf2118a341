package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Echoes returns up to n records of a side that were announced, and that a sync has brought into step within a time: what
// was announced of them may be no more than what that sync wrote. The latest come first. Those that are pending are left
// out, and those that are said to be deleted.
func (s *Store) Echoes(ctx context.Context, k record.SweepKey, within time.Duration, n int) ([]record.Echo, error) {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT a.record_id, a.at, l.id, l.base, l.synced_at FROM announced a
		JOIN links l ON l.connection = a.connection AND l.kind = a.kind AND l.`+recordColumn[k.Side]+` = a.record_id
		WHERE a.connection = $1 AND a.kind = $2 AND a.side = $3 AND NOT a.only_linked
		  AND l.state = $4 AND l.synced_at > clock_timestamp() - $5::interval
		  AND NOT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id)
		ORDER BY l.synced_at DESC LIMIT $6`,
		sc.number, sc.kind, side, stateCodes[record.LinkInStep], within, n)
	if err != nil {
		return nil, fmt.Errorf("store: look for echoes: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (record.Echo, error) {
		e := record.Echo{Known: record.KnownRecord{State: record.LinkInStep}}
		err := row.Scan(&e.Known.RecordID, &e.AnnouncedAt, &e.Known.LinkID, &e.Known.Base, &e.Known.SyncedAt)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: look for echoes: %w", err)
	}
	return list, nil
}

// DropEchoes forgets announcements, but for those that were made again since. Safe to repeat.
func (s *Store) DropEchoes(ctx context.Context, k record.SweepKey, echoes []record.Echo) error {
	sc, side, err := s.sweepScope(ctx, k)
	if err != nil || len(echoes) == 0 {
		return err
	}
	ids, at := make([]string, len(echoes)), make([]time.Time, len(echoes))
	for i, e := range echoes {
		ids[i], at[i] = e.Known.RecordID, e.AnnouncedAt
	}
	_, err = s.pool.Exec(ctx, `
		DELETE FROM announced a USING unnest($4::text[], $5::timestamptz[]) AS e (id, at)
		WHERE a.connection = $1 AND a.kind = $2 AND a.side = $3 AND a.record_id = e.id AND a.at = e.at`,
		sc.number, sc.kind, side, ids, at)
	if err != nil {
		return fmt.Errorf("store: forget echoes: %w", err)
	}
	return nil
}
