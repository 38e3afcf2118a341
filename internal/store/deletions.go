package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// NoteDeletions notes that the records of links on a side were proven to be deleted, and tells which of them may be
// followed by what the rules say. More than the guard lets pass within its window, or as long as the last wave is
// undecided, are held: they join one open review of the reason record.ReviewDeletionWave. What a person decided about a
// wave stays with its links. Safe to repeat: a deletion counts once.
func (s *Store) NoteDeletions(
	ctx context.Context, connection string, kind record.Kind, side record.Side, linkIDs []int64, guard record.DeletionGuard,
) (map[int64]record.DeletionLeave, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil || len(linkIDs) == 0 {
		return nil, err
	}
	code, err := sideCode(side)
	if err != nil {
		return nil, err
	}
	var leaves map[int64]record.DeletionLeave
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		leaves = map[int64]record.DeletionLeave{}
		// One at a time: two batches that each stay below the limit must not pass it together.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, deletionLock+int32(code), sc.number); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO deletions (link_id, connection, kind, side)
			SELECT l.id, l.connection, l.kind, $4 FROM links l
			WHERE l.connection = $1 AND l.kind = $2 AND l.id = ANY($3) ORDER BY l.id
			ON CONFLICT (link_id) DO UPDATE
			SET side = excluded.side, at = excluded.at, choice = '' WHERE deletions.side <> excluded.side`,
			sc.number, sc.kind, linkIDs, code)
		if err != nil {
			return err
		}
		held, err := surging(ctx, tx, sc, code, guard)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT link_id, choice FROM deletions WHERE link_id = ANY($1)`, linkIDs)
		if err != nil {
			return err
		}
		var id int64
		var choice string
		var wave []int64
		if _, err := pgx.ForEachRow(rows, []any{&id, &choice}, func() error {
			leave := record.DeletionLeave{Choice: record.Choice(choice), Held: held && choice == ""}
			if leaves[id] = leave; leave.Held {
				wave = append(wave, id)
			}
			return nil
		}); err != nil || len(wave) == 0 {
			return err
		}
		return extendWave(ctx, tx, sc, code, wave, guard.Window)
	})
	if err != nil {
		return nil, fmt.Errorf("store: note deletions: %w", err)
	}
	return leaves, nil
}

// deletionLock, plus the side, is the class of the advisory lock under which deletions of a connection are counted.
const deletionLock = 0x7A60

// surging tells whether the deletions of a side within the window are more than the guard lets pass, or a wave waits
// already. Those that a person has decided about do not count.
func surging(ctx context.Context, tx pgx.Tx, sc scope, side int16, guard record.DeletionGuard) (held bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM reviews r WHERE r.connection = $1 AND r.kind = $2 AND r.side = $3 AND r.reason = $4
		                 AND r.decided_at IS NULL
		                 AND EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.id = ANY(r.link_ids) AND l.state = 3))
		    OR (SELECT count(*) FROM deletions WHERE connection = $1 AND kind = $2 AND side = $3 AND choice = ''
		           AND at > clock_timestamp() - $5::interval)
		       > greatest($6::float8, $7::float8 * (
		           SELECT count(*) FROM links WHERE connection = $1 AND kind = $2
		              AND gohighlevel_id IS NOT NULL AND salesforce_id IS NOT NULL))`,
		sc.number, sc.kind, side, record.ReviewDeletionWave, guard.Window, float64(guard.Count), guard.Share).Scan(&held)
	return held, err
}

// extendWave adds links to the open review of a wave, or opens one. One that settled by itself before the window, as none
// of its links waits any more, is over: its deadline must not decide about what is deleted now.
func extendWave(ctx context.Context, tx pgx.Tx, sc scope, side int16, links []int64, window time.Duration) error {
	_, err := tx.Exec(ctx, `
		UPDATE reviews r SET decided_at = clock_timestamp()
		WHERE connection = $1 AND kind = $2 AND side = $3 AND reason = $4 AND decided_at IS NULL
		  AND created_at < clock_timestamp() - $5::interval
		  AND NOT EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.id = ANY(r.link_ids) AND l.state = 3)`,
		sc.number, sc.kind, side, record.ReviewDeletionWave, window)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		UPDATE reviews SET link_ids = (SELECT array_agg(DISTINCT id ORDER BY id) FROM unnest(link_ids || $5::bigint[]) AS u (id))
		WHERE connection = $1 AND kind = $2 AND side = $3 AND reason = $4 AND decided_at IS NULL`,
		sc.number, sc.kind, side, record.ReviewDeletionWave, links)
	if err != nil || tag.RowsAffected() > 0 {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO reviews (connection, kind, side, reason, link_ids, created_at) VALUES ($1, $2, $3, $4, $5, clock_timestamp())`,
		sc.number, sc.kind, side, record.ReviewDeletionWave, links)
	return err
}

// PruneDeletions forgets deletions that were noted longer ago than an age, which must exceed any window in which a surge is
// counted; those that wait for a person stay. Safe to repeat.
func (s *Store) PruneDeletions(ctx context.Context, age time.Duration) error {
	_, err := s.pool.Exec(ctx, `
		DELETE FROM deletions d WHERE d.at < clock_timestamp() - $1::interval
		  AND NOT EXISTS (SELECT FROM links l WHERE l.connection = d.connection AND l.kind = d.kind AND l.id = d.link_id AND l.state = 3)`, age)
	if err != nil {
		return fmt.Errorf("store: forget old deletions: %w", err)
	}
	return nil
}
