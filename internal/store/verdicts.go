package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// DecideReview carries out a verdict on a review of several links, in one transaction: it ties the pair that it names,
// parts what is to be left alone, and makes pending what is to be synced. Of a wave of deletions, each link keeps what was
// decided. The same verdict again changes nothing. It fails with record.ErrNoReview, and with record.ErrDecided where the
// review was decided otherwise or has settled by itself.
func (s *Store) DecideReview(ctx context.Context, connection string, v record.Verdict) error {
	n, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		sc := scope{number: n}
		err := tx.QueryRow(ctx, `SELECT kind FROM reviews WHERE connection = $1 AND id = $2`, n, v.ReviewID).Scan(&sc.kind)
		if errors.Is(err, pgx.ErrNoRows) {
			return record.ErrNoReview
		}
		if err != nil {
			return err
		}
		// Before the review's row: a matching locks both in this order, and would else be the one that has to give way.
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		var r reviewRow
		err = tx.QueryRow(ctx, `SELECT `+reviewColumns+` FROM reviews r WHERE r.connection = $1 AND r.id = $2 FOR UPDATE`, n, v.ReviewID).Scan(r.targets()...)
		if err != nil {
			return err
		}
		if r.end != nil {
			return decidedAlike(ctx, tx, sc, r, v)
		}
		if waits, err := stillWaits(ctx, tx, sc, r); err != nil || !waits {
			return cmp.Or(err, record.ErrDecided)
		}
		// The review first: what it holds back it must not hold back from its own decision.
		_, err = tx.Exec(ctx, `
			UPDATE reviews SET decided_at = clock_timestamp(), choice = $3, decided_by = $4 WHERE connection = $1 AND id = $2`,
			n, v.ReviewID, string(v.Choice), v.By)
		if err != nil {
			return err
		}
		return decideLinks(ctx, tx, sc, r, v)
	})
	if err != nil {
		return fmt.Errorf("store: decide a review: %w", err)
	}
	return nil
}

// decidedAlike fails with record.ErrDecided unless a review was decided as the verdict says, down to the pair.
func decidedAlike(ctx context.Context, tx pgx.Tx, sc scope, r reviewRow, v record.Verdict) error {
	if record.Choice(r.choice) != v.Choice {
		return record.ErrDecided
	}
	if v.Choice != record.ChooseLink {
		return nil
	}
	var tied bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM links WHERE connection = $1 AND kind = $2 AND id = ANY($3) AND gohighlevel_id = $4 AND salesforce_id = $5)`,
		sc.number, sc.kind, r.links, v.GoHighLevelID, v.SalesforceID).Scan(&tied)
	if err == nil && !tied {
		return record.ErrDecided
	}
	return err
}

// stillWaits tells whether any link of an open review is in review yet.
func stillWaits(ctx context.Context, tx pgx.Tx, sc scope, r reviewRow) (waits bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM links WHERE connection = $1 AND kind = $2 AND id = ANY($3) AND state = 3)`,
		sc.number, sc.kind, r.links).Scan(&waits)
	return waits, err
}

func decideLinks(ctx context.Context, tx pgx.Tx, sc scope, r reviewRow, v record.Verdict) error {
	if r.review.Reason == record.ReviewDeletionWave {
		_, err := tx.Exec(ctx, `UPDATE deletions SET choice = $3 WHERE connection = $1 AND link_id = ANY($2)`, sc.number, r.links, string(v.Choice))
		if err != nil {
			return err
		}
		return makePending(ctx, tx, sc, r.links)
	}
	links := r.links
	switch v.Choice {
	case record.ChooseIgnore:
		_, err := tx.Exec(ctx, `
			UPDATE links SET state = 7, problem = $4 WHERE connection = $1 AND kind = $2 AND id = ANY($3) AND state = 3`,
			sc.number, sc.kind, links, record.ProblemIgnored)
		return err
	case record.ChooseLink:
		if err := tie(ctx, tx, sc, links, v); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		UPDATE links SET state = 1, problem = '' WHERE connection = $1 AND kind = $2 AND id = ANY($3) AND state = 3`,
		sc.number, sc.kind, links)
	if err != nil {
		return err
	}
	return makePending(ctx, tx, sc, links)
}

// tie gives the link of one record the other one's record, and takes away the half that held it. It fails with
// record.ErrNoLink where one of them does not wait any more: it may have found another half meanwhile; and with
// record.ErrHalfClaimed where another half of one of them may be on its way.
func tie(ctx context.Context, tx pgx.Tx, sc scope, members []int64, v record.Verdict) error {
	find := func(side record.Side, id string) (link int64, err error) {
		err = tx.QueryRow(ctx, `
			SELECT id FROM links WHERE connection = $1 AND kind = $2 AND `+recordColumn[side]+` = $3 AND id = ANY($4)
			   AND `+recordColumn[side.Other()]+` IS NULL AND state = 3 FOR UPDATE`, sc.number, sc.kind, id, members).Scan(&link)
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, record.ErrNoLink
		}
		return link, err
	}
	keep, err := find(record.GoHighLevel, v.GoHighLevelID)
	if err != nil {
		return err
	}
	other, err := find(record.Salesforce, v.SalesforceID)
	if err != nil {
		return err
	}
	var creating bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM intents WHERE link_id = $1)`, keep).Scan(&creating); err != nil {
		return err
	}
	if creating {
		return record.ErrHalfClaimed
	}
	if err := absorb(ctx, tx, sc, keep, other, record.Salesforce, false); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE links SET salesforce_id = $4 WHERE connection = $1 AND kind = $2 AND id = $3`,
		sc.number, sc.kind, keep, v.SalesforceID)
	return err
}

// makePending makes links pending and rings the bell.
func makePending(ctx context.Context, tx pgx.Tx, sc scope, links []int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT id, connection, kind, clock_timestamp() FROM links
		WHERE connection = $1 AND kind = $2 AND id = ANY($3) ORDER BY id
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = excluded.changed_at`, sc.number, sc.kind, links)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, ringBells, []int32{sc.number})
	return err
}

// Separate returns which of the other links a person has declared to be somebody else than a link is.
func (s *Store) Separate(ctx context.Context, connection string, linkID int64, others []int64) (map[int64]bool, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT o.id FROM unnest($3::bigint[]) AS o (id) JOIN reviews r ON r.link_ids @> ARRAY[$2::bigint, o.id]
		WHERE r.connection = $1 AND r.choice = $4`, n, linkID, others, string(record.ChooseSeparate))
	ids, err := collectIDs(rows, err)
	if err != nil {
		return nil, fmt.Errorf("store: look up who is who: %w", err)
	}
	out := map[int64]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}
