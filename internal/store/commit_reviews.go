package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// settleReviews opens the reviews that outcomes ask for, and ends the open ones of single links that wait no more.
func settleReviews(ctx context.Context, tx pgx.Tx, sc scope, outcomes []record.Outcome) error {
	var over []int64
	for _, o := range outcomes {
		if o.Verdict != nil {
			if err := carryOut(ctx, tx, sc, o); err != nil {
				return err
			}
		}
		if o.State == record.LinkInReview && o.Waits != nil {
			if err := openReview(ctx, tx, sc, o); err != nil {
				return err
			}
		} else {
			over = append(over, o.LinkID) // a wave asks about it from now on, if anybody does
		}
	}
	if len(over) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE reviews SET decided_at = clock_timestamp()
		WHERE connection = $1 AND kind = $2 AND decided_at IS NULL AND cardinality(link_ids) = 1 AND link_ids && $3
		  AND reason <> $4`, sc.number, sc.kind, over, record.ReviewDeletionWave)
	return err
}

// carryOut notes the verdict that an outcome has carried out.
func carryOut(ctx context.Context, tx pgx.Tx, sc scope, o record.Outcome) error {
	_, err := tx.Exec(ctx, `
		UPDATE reviews SET decided_at = clock_timestamp(), choice = $4, decided_by = $5
		WHERE connection = $1 AND kind = $2 AND id = $3 AND decided_at IS NULL`,
		sc.number, sc.kind, o.Verdict.ReviewID, string(o.Verdict.Choice), o.Verdict.By)
	return err
}

// openReview opens the review of one link, or brings the one that is open for the same reason up to date; what the link
// waited for before is over.
func openReview(ctx context.Context, tx pgx.Tx, sc scope, o record.Outcome) error {
	fields := make([]string, len(o.Waits.Fields))
	for i, f := range o.Waits.Fields {
		fields[i] = string(f)
	}
	side := int16(0)
	if o.Waits.Side != "" {
		var err error
		if side, err = sideCode(o.Waits.Side); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		UPDATE reviews SET decided_at = clock_timestamp()
		WHERE connection = $1 AND kind = $2 AND decided_at IS NULL AND link_ids = ARRAY[$3::bigint] AND reason <> $4
		  AND reason <> $5`,
		sc.number, sc.kind, o.LinkID, o.Problem, record.ReviewDeletionWave)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		UPDATE reviews SET fields = $5, side = $6, workflow_id = $7
		WHERE connection = $1 AND kind = $2 AND decided_at IS NULL AND link_ids = ARRAY[$3::bigint] AND reason = $4`,
		sc.number, sc.kind, o.LinkID, o.Problem, fields, side, o.Waits.WorkflowID)
	if err != nil || tag.RowsAffected() > 0 {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO reviews (connection, kind, reason, link_ids, fields, side, workflow_id, created_at, due_at)
		SELECT $1, $2, $4, ARRAY[$3::bigint], $5, $6, $7, t.now, CASE WHEN $8::interval > '0' THEN t.now + $8::interval END
		FROM (SELECT clock_timestamp() AS now) t`,
		sc.number, sc.kind, o.LinkID, o.Problem, fields, side, o.Waits.WorkflowID, o.Waits.DecideAfter)
	return err
}
