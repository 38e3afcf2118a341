package activities

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/crm"
)

// patiently does something n times, several at once, and once more what failed only for now: one call in twenty that
// fails must not make the rest be done again.
func patiently(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	left := make([]int, n)
	for i := range left {
		left[i] = i
	}
	for round := 1; ; round++ {
		failed := make([]error, n)
		var group errgroup.Group
		group.SetLimit(goHighLevelWriters)
		for _, i := range left {
			group.Go(func() error {
				if failed[i] = ctx.Err(); failed[i] == nil {
					failed[i] = do(ctx, i)
				}
				return nil
			})
		}
		_ = group.Wait() // each failure is kept by itself
		again := left[:0]
		var failure error
		for _, i := range left {
			if failed[i] == nil {
				continue
			}
			if failure = failed[i]; round == readings || ctx.Err() != nil || crm.KindOf(failure).Class() != crm.Retry {
				return failure
			}
			again = append(again, i)
		}
		if left = again; len(left) == 0 {
			return nil
		}
	}
}
