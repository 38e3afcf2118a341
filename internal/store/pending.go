package store

import (
	"context"
	"fmt"

	"github.com/tandem-sync/tandem/internal/record"
)

// Pending counts the links of a connection that wait for a sync, claimed or not, in both lanes.
func (s *Store) Pending(ctx context.Context, connection string, kind record.Kind) (int, error) {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return 0, err
	}
	var n int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM pending WHERE connection = $1 AND kind = $2`, sc.number, sc.kind).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: count what is pending: %w", err)
	}
	return n, nil
}
