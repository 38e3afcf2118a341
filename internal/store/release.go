package store

import (
	"context"
	"fmt"
)

// Release gives back what the owner still holds under the token, for whoever claims next, in the lane where it is. Intents stay
// open, to be settled by the next owner. Releasing twice is harmless; a token that holds nothing releases nothing.
func (s *Store) Release(ctx context.Context, owner string, token int64) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE pending SET token = NULL, claimed_by = NULL, claimed_mark = NULL, claimed_until = NULL
		WHERE claimed_by = $1 AND token = $2`, owner, token)
	if err != nil {
		return fmt.Errorf("store: release: %w", err)
	}
	return nil
}
