package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// Review is what waits for one decision of a person.
type Review struct {
	ID     int64 // 0 for a single link that a sync put in review
	Kind   record.Kind
	Reason string        // a review reason of package record, or the link's problem
	Links  []record.Link // those that are still in review
	// CreatedAt is when it was found.
	CreatedAt time.Time
}

// Reviews returns what waits for a person in a connection: the groups that matching found, oldest first, then the
// links that a sync put in review by themselves.
func (s *Store) Reviews(ctx context.Context, connection string) ([]Review, error) {
	n, err := s.number(ctx, connection)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		WITH open AS (
			SELECT r.id, r.reason, r.created_at, m.link_id FROM reviews r CROSS JOIN unnest(r.link_ids) AS m (link_id)
			WHERE r.connection = $1 AND r.kind = ANY($2) AND r.decided_at IS NULL)
		SELECT coalesce(o.id, 0), coalesce(o.reason, l.problem), coalesce(o.created_at, l.synced_at, 'epoch'),
		       `+linkColumns+`
		FROM `+linkTables+` LEFT JOIN open o ON o.link_id = l.id
		WHERE l.connection = $1 AND l.kind = ANY($2) AND l.state = 3
		ORDER BY o.id NULLS LAST, l.id`, n, allKinds)
	if err != nil {
		return nil, fmt.Errorf("store: list reviews: %w", err)
	}
	var list []Review
	var review Review
	var link linkRow
	if _, err := pgx.ForEachRow(rows, append([]any{&review.ID, &review.Reason, &review.CreatedAt}, link.targets()...), func() error {
		if last := len(list) - 1; review.ID == 0 || last < 0 || list[last].ID != review.ID {
			review.Kind = kindOf(link.kind)
			list = append(list, review)
		}
		last := &list[len(list)-1]
		last.Links = append(last.Links, link.link(connection))
		link.base = nil // the next row must not write into the array of this one
		return nil
	}); err != nil {
		return nil, fmt.Errorf("store: list reviews: %w", err)
	}
	return list, nil
}
