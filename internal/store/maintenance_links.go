package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Orphans returns, of the next n links of a kind after the last ones, those that are in step and wait for nothing although
// their contact, as both sides named it last, is not: its link is gone, deleted or parted, or has one half. Next is the link
// to go on after, 0 once a round is over. Whose contact nobody has named is none.
func (s *Store) Orphans(ctx context.Context, connection string, kind record.Kind, n int) (orphans []int64, looked int, next int64, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, 0, 0, err
	}
	after, _, err := s.round(ctx, sc, 0, roundOfOrphans)
	if err != nil {
		return nil, 0, 0, err
	}
	err = s.pool.QueryRow(ctx, `
		WITH next AS MATERIALIZED (
			SELECT l.id, l.state FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.id > $3 ORDER BY l.id LIMIT $4)
		SELECT count(*), coalesce(max(l.id), 0), coalesce(array_agg(l.id ORDER BY l.id) FILTER (WHERE `+orphaned+`), '{}')
		FROM next l LEFT JOIN contact_of o ON o.link_id = l.id`, sc.number, sc.kind, after, n).Scan(&looked, &next, &orphans)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("store: list orphans: %w", err)
	}
	if looked < n {
		next = 0
	}
	return orphans, looked, next, nil
}

// orphaned is the condition under which a link, as l with its contacts as o, is in step although its contact is not.
const orphaned = `l.state = 2 AND o.link_id IS NOT NULL
	AND NOT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id)
	AND NOT EXISTS (SELECT FROM links c WHERE c.connection = $1 AND c.kind = 1 AND c.gohighlevel_id = nullif(o.gohighlevel_id, '')
	                   AND c.salesforce_id IS NOT NULL AND c.state NOT IN (6, 7))
	AND NOT EXISTS (SELECT FROM links c WHERE c.connection = $1 AND c.kind = 1 AND c.salesforce_id = nullif(o.salesforce_id, '')
	                   AND c.gohighlevel_id IS NOT NULL AND c.state NOT IN (6, 7))`

// WakeOrphans makes links pending, notes how far the look for orphans has come, and rings the connection's bell where there
// are any. Safe to repeat.
func (s *Store) WakeOrphans(ctx context.Context, connection string, kind record.Kind, orphans []int64, next int64) error {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if len(orphans) > 0 {
			if err := makePending(ctx, tx, sc, orphans); err != nil {
				return err
			}
		}
		return setRound(ctx, tx, sc, 0, roundOfOrphans, next)
	})
	if err != nil {
		return fmt.Errorf("store: wake orphans: %w", err)
	}
	return nil
}

// toNothing is the condition under which a link, as l, is to nothing any more and nobody is concerned with it: both records
// are proven to be deleted, since before $3.
const toNothing = `l.connection = $1 AND l.kind = $2 AND l.state = 6 AND l.synced_at < $3
	AND NOT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id)
	AND NOT EXISTS (SELECT FROM intents i WHERE i.link_id = l.id)
	AND NOT EXISTS (SELECT FROM reviews r JOIN links w ON w.connection = $1 AND w.kind = $2 AND w.id = ANY(r.link_ids) AND w.state = 3
	                 WHERE r.link_ids @> ARRAY[l.id] AND r.connection = $1 AND r.decided_at IS NULL)
	AND NOT EXISTS (SELECT FROM announced a WHERE a.connection = $1 AND a.kind = $2 AND a.side = 1 AND a.record_id = l.gohighlevel_id)
	AND NOT EXISTS (SELECT FROM announced a WHERE a.connection = $1 AND a.kind = $2 AND a.side = 2 AND a.record_id = l.salesforce_id)`

// LinksToNothing counts the links of a kind whose records have been proven, before a time, to be deleted on both sides, and
// returns some of them.
func (s *Store) LinksToNothing(ctx context.Context, connection string, kind record.Kind, before time.Time, some int) (count int, ids []int64, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return 0, nil, err
	}
	err = s.pool.QueryRow(ctx, `
		WITH l AS MATERIALIZED (SELECT l.id FROM links l WHERE `+toNothing+`)
		SELECT (SELECT count(*) FROM l), ARRAY(SELECT id FROM l ORDER BY id LIMIT $4)`,
		sc.number, sc.kind, before, some).Scan(&count, &ids)
	if err != nil {
		return 0, nil, fmt.Errorf("store: list links to nothing: %w", err)
	}
	return count, ids, nil
}

// RemoveLinks forgets links that LinksToNothing counts. Where there are more than the guard lets pass, it removes none and
// tells how many are held back. The journal keeps what was written to their records. Safe to repeat.
func (s *Store) RemoveLinks(ctx context.Context, r record.RemovalRequest) (removed, heldBack int, err error) {
	sc, err := s.scope(ctx, r.Connection, r.Kind)
	if err != nil {
		return 0, 0, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		removed, heldBack = 0, 0
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		if r.Guard != nil {
			var count, linked int
			err := tx.QueryRow(ctx, `
				SELECT (SELECT count(*) FROM links l WHERE `+toNothing+`),
				       (SELECT count(*) FROM links l WHERE l.connection = $1 AND l.kind = $2
				           AND l.gohighlevel_id IS NOT NULL AND l.salesforce_id IS NOT NULL)`,
				sc.number, sc.kind, r.Before).Scan(&count, &linked)
			if err != nil {
				return err
			}
			if float64(count) > max(float64(r.Guard.Count), r.Guard.Share*float64(linked)) {
				heldBack = count
				return nil
			}
		}
		tag, err := tx.Exec(ctx, `
			DELETE FROM links WHERE connection = $1 AND kind = $2
			   AND id = ANY (ARRAY(SELECT l.id FROM links l WHERE `+toNothing+` ORDER BY l.id LIMIT $4 FOR UPDATE))`,
			sc.number, sc.kind, r.Before, r.Most)
		removed = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("store: remove links to nothing: %w", err)
	}
	return removed, heldBack, nil
}

// Overdue returns up to n open reviews whose deadline passed so long ago that a run which waits for it would have decided.
func (s *Store) Overdue(ctx context.Context, connection string, n int) ([]record.Overdue, error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT r.id, r.kind, CASE WHEN cardinality(r.link_ids) = 1 AND r.reason <> $3 THEN r.link_ids[1] ELSE 0 END FROM reviews r
		WHERE r.connection = $1 AND r.decided_at IS NULL AND `+overdue+`
		  AND EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = r.kind AND l.id = ANY(r.link_ids) AND l.state = 3)
		ORDER BY r.due_at, r.id LIMIT $2`, number, n, record.ReviewDeletionWave)
	var out []record.Overdue
	if err == nil {
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o record.Overdue, err error) {
			var kind int16
			err = row.Scan(&o.ReviewID, &kind, &o.LinkID)
			o.Kind = kindOf(kind)
			return o, err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("store: list overdue reviews: %w", err)
	}
	return out, nil
}

// overdue is the condition under which the run of a review, as r, must have got lost.
const overdue = `r.due_at < clock_timestamp() - interval '1 hour'`

// RouseReviews lets overdue reviews be looked at again: links that wait by themselves become pending, so that their run is
// told or begun anew, and the bell is rung, upon which reviews of several links get a run (see ReviewRuns). Safe to repeat.
func (s *Store) RouseReviews(ctx context.Context, connection string, reviews []record.Overdue) error {
	number, err := s.number(ctx, connection)
	if err != nil || len(reviews) == 0 {
		return err
	}
	links := map[int16][]int64{}
	for _, r := range reviews {
		code, err := kindCode(r.Kind)
		if err != nil {
			return err
		}
		if r.LinkID != 0 {
			links[code] = append(links[code], r.LinkID)
		}
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		for _, kind := range allKinds {
			if err := makePending(ctx, tx, scope{number: number, kind: kind}, links[kind]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: rouse overdue reviews: %w", err)
	}
	return nil
}

// CloseReviews ends up to n open reviews of links of which none is left, and returns how many, with the runs that wait for
// them. With dry it only counts. Safe to repeat.
func (s *Store) CloseReviews(ctx context.Context, connection string, n int, dry bool) (closed int, runs []string, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return 0, nil, err
	}
	const over = `
		SELECT r.id FROM reviews r
		WHERE r.connection = $1 AND r.decided_at IS NULL
		  AND NOT EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = r.kind AND l.id = ANY(r.link_ids))
		ORDER BY r.id LIMIT $2`
	if dry {
		err = s.pool.QueryRow(ctx, `SELECT count(*) FROM (`+over+`) r`, number, n).Scan(&closed)
	} else {
		var rows pgx.Rows
		rows, err = s.pool.Query(ctx, `
			UPDATE reviews SET decided_at = clock_timestamp(), decided_by = $3 WHERE id = ANY (ARRAY(`+over+`)) AND decided_at IS NULL
			RETURNING workflow_id`, number, n, byMaintenance)
		var workflow string
		if err == nil {
			_, err = pgx.ForEachRow(rows, []any{&workflow}, func() error {
				if closed++; workflow != "" {
					runs = append(runs, workflow)
				}
				return nil
			})
		}
	}
	if err != nil {
		return 0, nil, fmt.Errorf("store: close reviews: %w", err)
	}
	return closed, runs, nil
}

// byMaintenance is who ends the reviews of links that are gone.
const byMaintenance = "maintenance"
