package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// byMatching is who decides the reviews of an earlier matching: their records are matched anew.
const byMatching = "matching"

// ReviewFilter says which reviews to list. The zero value lists all open ones.
type ReviewFilter struct {
	ID      int64  // 0 for any
	Reason  string // "" for any
	LinkID  int64  // 0 for any
	Decided bool   // those that are decided instead, newest first
	After   int64  // only ids above this one
	Limit   int    // 0 for all
	alone   bool   // only those of one single link
}

const reviewColumns = `
	r.id, r.kind, r.reason, r.link_ids, r.fields, r.side, r.workflow_id, r.created_at, r.reminded_at, r.due_at,
	r.decided_at, r.choice, r.decided_by`

// reviewRow is a row of reviews with the nulls that it may hold.
type reviewRow struct {
	review             record.Review
	kind, side         int16
	links              []int64
	fields             []string
	reminded, due, end *time.Time
	choice             string
}

func (r *reviewRow) targets() []any {
	return []any{
		&r.review.ID, &r.kind, &r.review.Reason, &r.links, &r.fields, &r.side, &r.review.WorkflowID, &r.review.CreatedAt,
		&r.reminded, &r.due, &r.end, &r.choice, &r.review.DecidedBy,
	}
}

func (r *reviewRow) value(connection string) record.Review {
	out := r.review
	out.Connection, out.Kind, out.Choice = connection, kindOf(r.kind), record.Choice(r.choice)
	if r.side != 0 {
		out.Side = sideOf(r.side)
	}
	for _, f := range r.fields {
		out.Fields = append(out.Fields, record.Field(f))
	}
	for from, to := range map[*time.Time]*time.Time{r.reminded: &out.RemindedAt, r.due: &out.DueAt, r.end: &out.DecidedAt} {
		if from != nil {
			*to = *from
		}
	}
	return out
}

// Reviews returns a connection's reviews with their links, oldest first. An open review lists only the links that are
// still in review; one none of whose links is so any more has settled by itself and is not listed.
func (s *Store) Reviews(ctx context.Context, connection string, f ReviewFilter) ([]record.Review, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	order, undecided := `r.id`, !f.Decided
	if f.Decided {
		order = `r.decided_at DESC, r.id`
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+reviewColumns+` FROM reviews r
		WHERE r.connection = $1 AND r.kind = ANY($2) AND (r.decided_at IS NULL) = $3 AND ($4 = 0 OR r.id = $4)
		  AND ($5 = '' OR r.reason = $5) AND ($6 = 0 OR r.link_ids @> ARRAY[$6::bigint]) AND r.id > $7
		  AND (NOT $9 OR cardinality(r.link_ids) = 1)
		  AND (NOT $3 OR EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = r.kind AND l.id = ANY(r.link_ids) AND l.state = 3))
		ORDER BY `+order+` LIMIT nullif($8, 0)`, n, allKinds, undecided, f.ID, f.Reason, f.LinkID, f.After, f.Limit, f.alone)
	if err != nil {
		return nil, fmt.Errorf("store: list reviews: %w", err)
	}
	var all []reviewRow
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (reviewRow, error) {
		var r reviewRow
		err := row.Scan(r.targets()...)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list reviews: %w", err)
	}
	out := make([]record.Review, 0, len(all))
	var ids []int64
	for i := range all {
		out = append(out, all[i].value(connection))
		ids = append(ids, all[i].links...)
	}
	links, err := s.linksByID(ctx, connection, n, ids)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for _, id := range all[i].links {
			if l, ok := links[id]; ok && (f.Decided || l.State == record.LinkInReview) {
				out[i].Links = append(out[i].Links, l)
			}
		}
	}
	return out, nil
}

// GetReview returns a review, decided or not, with all links it is about that are still there. It fails with
// record.ErrNoReview.
func (s *Store) GetReview(ctx context.Context, connection string, id int64) (record.Review, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return record.Review{}, err
	}
	var r reviewRow
	err = s.pool.QueryRow(ctx, `SELECT `+reviewColumns+` FROM reviews r WHERE r.connection = $1 AND r.id = $2`, n, id).Scan(r.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return record.Review{}, fmt.Errorf("store: %w: %d", record.ErrNoReview, id)
	}
	if err != nil {
		return record.Review{}, fmt.Errorf("store: read a review: %w", err)
	}
	out := r.value(connection)
	links, err := s.linksByID(ctx, connection, n, r.links)
	for _, id := range r.links {
		if l, ok := links[id]; ok {
			out.Links = append(out.Links, l)
		}
	}
	return out, err
}

func (s *Store) linksByID(ctx context.Context, connection string, number int32, ids []int64) (map[int64]record.Link, error) {
	out := map[int64]record.Link{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.connection = $1 AND l.kind = ANY($2) AND l.id = ANY($3)`, number, allKinds, ids)
	if err != nil {
		return nil, fmt.Errorf("store: read links: %w", err)
	}
	var r linkRow
	_, err = pgx.ForEachRow(rows, r.targets(), func() error {
		l := r.link(connection)
		out[l.ID] = l
		r.base = nil // the next row must not write into the array of this one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: read links: %w", err)
	}
	return out, nil
}

// HeldBy returns the reason of the open review in which a link waits together with others to be told who belongs together;
// "" where it does not.
func (s *Store) HeldBy(ctx context.Context, connection string, linkID int64) (reason string, err error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return "", err
	}
	err = s.pool.QueryRow(ctx, `
		SELECT reason FROM reviews
		WHERE connection = $1 AND decided_at IS NULL AND cardinality(link_ids) > 1 AND link_ids @> ARRAY[$2::bigint] AND reason <> $3
		LIMIT 1`, n, linkID, record.ReviewDeletionWave).Scan(&reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: look for a review: %w", err)
	}
	return reason, nil
}

// AttendReview notes in which run a review of several links waits, and when its default is taken, counted from its
// opening; 0 for never. Safe to repeat.
func (s *Store) AttendReview(ctx context.Context, connection string, id int64, workflowID string, decideAfter time.Duration) error {
	return s.changeReview(ctx, connection, id, `
		UPDATE reviews SET workflow_id = $3, due_at = CASE WHEN $4::interval > '0' THEN created_at + $4::interval END
		WHERE connection = $1 AND id = $2 AND decided_at IS NULL`, workflowID, decideAfter)
}

// RemindReview notes that people were reminded of a review. Safe to repeat.
func (s *Store) RemindReview(ctx context.Context, connection string, id int64) error {
	return s.changeReview(ctx, connection, id, `
		UPDATE reviews SET reminded_at = coalesce(reminded_at, clock_timestamp()) WHERE connection = $1 AND id = $2`)
}

func (s *Store) changeReview(ctx context.Context, connection string, id int64, sql string, args ...any) error {
	n, err := s.number(ctx, connection)
	if err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, sql, append([]any{n, id}, args...)...); err != nil {
		return fmt.Errorf("store: change a review: %w", err)
	}
	return nil
}

// ReviewRuns returns up to n open reviews of a kind that no run waits for yet, or whose run must have got lost, and the runs
// of those that a matching decided; of all kinds where kind is "".
func (s *Store) ReviewRuns(ctx context.Context, connection string, kind record.Kind, n int) (out record.ReviewRuns, err error) {
	number, err := s.number(ctx, connection)
	if err != nil {
		return out, err
	}
	of := allKinds
	if kind != "" {
		code, err := kindCode(kind)
		if err != nil {
			return out, err
		}
		of = []int16{code}
	}
	rows, err := s.pool.Query(ctx, `
		SELECT r.id FROM reviews r
		WHERE r.connection = $1 AND r.kind = ANY($2) AND r.decided_at IS NULL
		  AND (r.workflow_id = '' OR `+overdue+` AND (cardinality(r.link_ids) > 1 OR r.reason = $4))
		  AND EXISTS (SELECT FROM links l WHERE l.connection = $1 AND l.kind = r.kind AND l.id = ANY(r.link_ids) AND l.state = 3)
		ORDER BY r.id LIMIT $3`, number, of, n, record.ReviewDeletionWave)
	if out.Unattended, err = collectIDs(rows, err); err != nil {
		return out, fmt.Errorf("store: list reviews without a run: %w", err)
	}
	rows, err = s.pool.Query(ctx, `
		SELECT workflow_id FROM reviews
		WHERE connection = $1 AND kind = ANY($2) AND decided_by = $3 AND workflow_id <> '' AND decided_at > clock_timestamp() - interval '1 day'
		ORDER BY id LIMIT $4`, number, of, byMatching, n)
	if err == nil {
		out.Over, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return out, fmt.Errorf("store: list the runs of decided reviews: %w", err)
	}
	return out, nil
}
