package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// JoinHalves gives a link of the claim the record of a side, for which another link may have been made meanwhile: that
// one holds nothing else, and goes. It fails with record.ErrFenced where the claim is lost, with
// *record.AlreadyLinkedError where the other link holds more than the record, and with record.ErrHalfClaimed while the
// other link is being worked on and was made first; of two that look for each other, the one made first wins. Safe to
// repeat.
func (s *Store) JoinHalves(ctx context.Context, token, linkID int64, side record.Side, recordID string) error {
	if _, err := sideCode(side); err != nil {
		return err
	}
	err := s.inClaim(ctx, token, []int64{linkID}, func(tx pgx.Tx, sc scope) error {
		other, err := s.holder(ctx, tx, sc, side, recordID)
		if err != nil || other == linkID {
			return err
		}
		if other != 0 {
			if err := absorb(ctx, tx, sc, linkID, other, side, other < linkID); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `
			UPDATE links SET `+recordColumn[side]+` = $4 WHERE connection = $1 AND kind = $2 AND id = $3`,
			sc.number, sc.kind, linkID, recordID)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: join two halves: %w", err)
	}
	return nil
}

// holder returns the link that holds a record, 0 for none.
func (s *Store) holder(ctx context.Context, tx pgx.Tx, sc scope, side record.Side, recordID string) (id int64, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM links WHERE connection = $1 AND kind = $2 AND `+recordColumn[side]+` = $3`,
		sc.number, sc.kind, recordID).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// absorb takes a link away in favour of another one, if it is a mere half: it holds one record, and was never in step with
// anything, or is not any more because what it was in step with was withdrawn. Contacts that a filter leaves out stay. Its journal goes to the one that stays, and so does its mark: where it was pending, the one that stays is
// pending again, for what was read of the record may be older than the change. One whose own other half may be on its way, whatever it was before, is left alone, with
// record.ErrHalfClaimed; so, with yield, is one that somebody works on. Without, whoever works on it is fenced off.
func absorb(ctx context.Context, tx pgx.Tx, sc scope, into, other int64, side record.Side, yield bool) error {
	missing := recordColumn[side.Other()]
	// Locked before it is looked at: whoever marks it, or begins a create for it, at this moment is waited for and seen.
	_, err := tx.Exec(ctx, `SELECT FROM links WHERE connection = $1 AND kind = $2 AND id = $3 FOR UPDATE`, sc.number, sc.kind, other)
	if err != nil {
		return err
	}
	var lacking, half, creating, pending, claimed bool
	err = tx.QueryRow(ctx, `
		SELECT l.`+missing+` IS NULL AND l.state NOT IN (6, 7),
		       l.`+missing+` IS NULL
		         AND (l.base IS NULL AND (l.state IN (1, 3, 4) OR l.kind <> 1 AND l.state = 5) OR l.state = 5 AND l.problem = $4)
		         AND NOT EXISTS (SELECT FROM reviews r WHERE r.connection = $1 AND r.decided_at IS NULL AND r.link_ids @> ARRAY[l.id]
		                           AND cardinality(r.link_ids) > 1),
		       EXISTS (SELECT FROM intents i WHERE i.link_id = l.id), p.link_id IS NOT NULL,
		       coalesce(p.token IS NOT NULL AND p.claimed_until > clock_timestamp(), false)
		FROM links l LEFT JOIN pending p ON p.link_id = l.id
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = $3`, sc.number, sc.kind, other, record.ProblemWithdrawn).Scan(&lacking, &half, &creating, &pending, &claimed)
	switch {
	case err != nil:
		return err
	case lacking && creating:
		return record.ErrHalfClaimed
	case !half:
		return &record.AlreadyLinkedError{LinkID: into, Side: side, OtherID: other}
	case creating, claimed && yield:
		return record.ErrHalfClaimed
	}
	if pending {
		_, err := tx.Exec(ctx, `
			INSERT INTO pending AS p (link_id, connection, kind, changed_at)
			SELECT $2, connection, kind, changed_at FROM pending WHERE link_id = $1
			ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = greatest(p.changed_at, excluded.changed_at)`,
			other, into)
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE journal SET link_id = $2 WHERE connection = $1 AND link_id = $3`, sc.number, into, other); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM links WHERE connection = $1 AND kind = $2 AND id = $3`, sc.number, sc.kind, other)
	return err
}

// freeRecords makes the records that outcomes name free: a mere half that holds one of them goes, as where a record was
// announced before the create that made it could be recorded; whoever works on such a half is fenced off. It fails with
// record.ErrHalfClaimed while that half's own other half may be on its way, and with *record.AlreadyLinkedError where
// something else stands in the way.
func (c *outcomeColumns) freeRecords(ctx context.Context, tx pgx.Tx, sc scope) error {
	for {
		err := c.checkRecordsAreFree(ctx, tx, sc)
		var taken *record.AlreadyLinkedError
		if !errors.As(err, &taken) {
			return err
		}
		if err := absorb(ctx, tx, sc, taken.LinkID, taken.OtherID, taken.Side, false); err != nil {
			return err
		}
	}
}

// dropLinks removes the links of which no record is left. One that was marked again since the claim stays, to be looked
// at once more.
func dropLinks(ctx context.Context, tx pgx.Tx, sc scope, outcomes []record.Outcome) error {
	var ids []int64
	for _, o := range outcomes {
		if o.Drop {
			ids = append(ids, o.LinkID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.id = ANY($3)
		  AND NOT EXISTS (SELECT FROM pending p WHERE p.link_id = l.id)`, sc.number, sc.kind, ids)
	return err
}
