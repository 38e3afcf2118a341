package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
)

// Two owners may both believe that they hold a link, where the lease of one has run out: what counts is that only one of
// them can commit. Each commit adds its token to the base that its claim saw: none may be lost.
func TestALinkIsNeverCommittedByTwoOwnersOfTheSameClaim(t *testing.T) {
	s, conn := newLiveStore(t)
	const n, workers, rounds = 6, 6, 25
	for i := range n {
		half(t, s, record.GoHighLevel, fmt.Sprintf("g%d", i))
	}
	all := links(t, s, acme)
	var allIDs []int64
	for _, l := range all {
		allIDs = append(allIDs, l.ID)
	}
	require.NoError(t, s.MarkPending(t.Context(), acme, record.Contact, allIDs))
	var mu sync.Mutex
	commits := map[int64]int{}
	var group errgroup.Group
	for w := range workers {
		group.Go(func() error {
			ctx := context.Background()
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range rounds {
				owner := fmt.Sprintf("%d/%d", w, i)
				lease := time.Hour
				if r.IntN(3) == 0 {
					lease = time.Microsecond
				}
				var c record.Claimed
				var err error
				if r.IntN(2) == 0 {
					c, err = s.Claim(ctx, record.ClaimRequest{Connection: acme, Kind: record.Contact, Owner: owner, Limit: 2, Lease: lease})
				} else {
					c, _, err = s.ClaimLink(ctx, acme, allIDs[r.IntN(n)], owner, lease)
				}
				if err != nil {
					return err
				}
				if len(c.Work) == 0 {
					continue
				}
				if r.IntN(3) == 0 {
					if _, err := s.MarkChanged(ctx, acme, record.Contact, ghl(fmt.Sprintf("g%d", r.IntN(n)))); err != nil {
						return err
					}
					if _, err := s.PlanChanges(ctx, acme, record.Kinds[1:], 3, nil); err != nil {
						return err
					}
				}
				if r.IntN(4) == 0 {
					if err := s.HandOver(ctx, c.Token, ids(c)); err != nil && !errors.Is(err, record.ErrFenced) {
						return err
					}
					continue
				}
				var outcomes []record.Outcome
				for _, work := range c.Work {
					outcomes = append(outcomes, record.Outcome{
						LinkID: work.Link.ID, State: record.LinkInStep, Again: r.IntN(2) == 0,
						Base: fmt.Appendf(work.Link.Base, "%d,", c.Token),
					})
				}
				err = s.Commit(ctx, c.Token, origin, outcomes)
				if errors.Is(err, record.ErrFenced) {
					continue
				}
				if err != nil {
					return err
				}
				mu.Lock()
				for _, o := range outcomes {
					commits[o.LinkID]++
				}
				mu.Unlock()
				if err := s.MarkPending(ctx, acme, record.Contact, allIDs); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	total := 0
	for _, l := range links(t, s, acme) {
		require.Equal(t, commits[l.ID], bytes.Count(l.Base, []byte(",")), "link %d", l.ID)
		total += commits[l.ID]
	}
	require.NotZero(t, total)
	require.Zero(t, number(t, conn, `SELECT count(*) FROM pending WHERE claimed_mark > marked`))
}
