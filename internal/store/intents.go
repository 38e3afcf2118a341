package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// RecordIntents notes that creates on a side are about to begin, for links of the claim. It returns, by link, the intents that
// had been open before, which must be settled before anything is created; such an intent keeps the time of the first
// attempt. It fails with record.ErrFenced.
func (s *Store) RecordIntents(
	ctx context.Context, token int64, side record.Side, creates []record.Begun,
) (earlier map[int64]record.Intent, err error) {
	code, err := sideCode(side)
	if err != nil {
		return nil, err
	}
	linkIDs, contacts := make([]int64, len(creates)), make([]string, len(creates))
	bases, anew := make([][]byte, len(creates)), []int64{}
	for i, b := range creates {
		if linkIDs[i], contacts[i], bases[i] = b.LinkID, b.ContactID, b.Base; b.Anew {
			anew = append(anew, b.LinkID)
		}
	}
	err = s.inClaim(ctx, token, linkIDs, func(tx pgx.Tx, sc scope) error {
		earlier = map[int64]record.Intent{}
		rows, err := tx.Query(ctx, `
			SELECT link_id, side, at, base FROM intents WHERE link_id = ANY($1)`, linkIDs)
		if err != nil {
			return err
		}
		var id int64
		var open int16
		var at time.Time
		var base []byte
		if _, err := pgx.ForEachRow(rows, []any{&id, &open, &at, &base}, func() error {
			earlier[id] = record.Intent{Side: sideOf(open), At: at, Base: slices.Clone(base)}
			return nil
		}); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO intents AS i (link_id, connection, kind, side, contact, base)
			SELECT DISTINCT ON (id) id, $2::integer, $3::smallint, $4::smallint, contact, base
			FROM unnest($1::bigint[], $5::text[], $6::bytea[]) AS u (id, contact, base)
			ON CONFLICT (link_id) DO UPDATE SET side = excluded.side, contact = excluded.contact,
			    base = CASE WHEN i.side <> excluded.side OR i.link_id = ANY($7) THEN excluded.base ELSE i.base END,
			    at = CASE WHEN i.side <> excluded.side THEN excluded.at ELSE i.at END`,
			linkIDs, sc.number, sc.kind, code, contacts, bases, anew)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: record intents: %w", err)
	}
	return earlier, nil
}

// OpenIntents tells whether creates on a side are open that began before a time.
func (s *Store) OpenIntents(ctx context.Context, connection string, kind record.Kind, side record.Side, before time.Time) (open bool, err error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return false, err
	}
	code, err := sideCode(side)
	if err != nil {
		return false, err
	}
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM intents WHERE connection = $1 AND kind = $2 AND side = $3 AND at < $4)`,
		sc.number, sc.kind, code, before).Scan(&open)
	if err != nil {
		return false, fmt.Errorf("store: look for open intents: %w", err)
	}
	return open, nil
}

// IntentsBeside returns, of links of what belongs to contacts, when the first create began that is open on a side for an
// older link and the same contact of that side. Links beside which none is open are left out.
func (s *Store) IntentsBeside(ctx context.Context, connection string, kind record.Kind, side record.Side, links []record.Link) (map[int64]time.Time, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return nil, err
	}
	code, err := sideCode(side)
	if err != nil {
		return nil, err
	}
	ids, contacts := make([]int64, len(links)), make([]string, len(links))
	for i, l := range links {
		ids[i], contacts[i] = l.ID, l.ContactID(side)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT l.id, min(i.at) FROM unnest($4::bigint[], $5::text[]) AS l (id, contact)
		JOIN intents i ON i.contact = l.contact AND i.link_id < l.id
		WHERE i.connection = $1 AND i.kind = $2 AND i.side = $3 AND i.contact <> ''
		GROUP BY l.id`, sc.number, sc.kind, code, ids, contacts)
	out := map[int64]time.Time{}
	if err == nil {
		var id int64
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
			out[id] = at
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("store: look for open intents: %w", err)
	}
	return out, nil
}

// ClearIntents notes that the creates were not carried out after all. It fails with record.ErrFenced.
func (s *Store) ClearIntents(ctx context.Context, token int64, linkIDs []int64) error {
	err := s.inClaim(ctx, token, linkIDs, func(tx pgx.Tx, _ scope) error {
		_, err := tx.Exec(ctx, `DELETE FROM intents WHERE link_id = ANY($1)`, linkIDs)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: clear intents: %w", err)
	}
	return nil
}
