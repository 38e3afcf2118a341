package store_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

var benchLinks = flag.Int("links", 50_000, "how many contacts each side holds in the benchmarks")

const idLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func randomID(r *rand.Rand, prefix string, length int) string {
	b := []byte(prefix)
	for len(b) < length {
		b = append(b, idLetters[r.IntN(len(idLetters))])
	}
	return string(b)
}

// stageMany reads n contacts of each side, of which the other side holds share.
func stageMany(b *testing.B, s *store.Store, epoch string, n int, share float64) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, 2))
	body := make([]byte, 600)
	for side, sideName := range record.Sides {
		k := stageKey(acme, sideName, epoch)
		_, err := s.BeginStaging(ctx, k)
		require.NoError(b, err)
		from := ""
		const pageSize = 2000
		for first := 0; first < n; first += pageSize {
			var page []record.Staged
			for i := first; i < min(first+pageSize, n); i++ {
				id := randomID(r, "", 20)
				if sideName == record.Salesforce {
					id = fmt.Sprintf("0035g%010dAAA", i*7)
				}
				person := int64(i) * 1_000_003
				if float64(i) >= share*float64(n) {
					person += int64(side + 1)
				}
				page = append(page, record.Staged{
					Side: sideName, ID: id, Body: body, ReadAt: time.Now(),
					Keys: record.MatchKeys{
						External: []int64{person + 100}, Emails: []int64{person + 200}, PhoneNames: []int64{person + 300},
						FirstName: 7,
					},
				})
			}
			next := record.StageState{Cursor: fmt.Sprint(first + pageSize), Done: first+pageSize >= n, Count: first + len(page)}
			require.NoError(b, s.StagePage(ctx, k, from, page, next))
			from = next.Cursor
		}
	}
}

func matchBy(b *testing.B, s *store.Store, tiers ...record.MatchTier) record.MatchCounts {
	counts, err := s.Match(context.Background(), record.MatchRequest{
		Connection: acme, Kind: record.Contact, Epoch: "bench", Tiers: tiers,
	})
	require.NoError(b, err)
	return counts
}

func BenchmarkMatch(b *testing.B) {
	for range b.N {
		b.StopTimer()
		s, _ := newStore(b)
		started := time.Now()
		stageMany(b, s, "bench", *benchLinks, 0.8)
		b.ReportMetric(float64(2**benchLinks)/time.Since(started).Seconds(), "staged/s")
		b.StartTimer()
		started = time.Now()
		// No external id meets: every tier has to look at what the ones before it left.
		matchBy(b, s, allTiers...)
		b.ReportMetric(float64(2**benchLinks)/time.Since(started).Seconds(), "matched/s")
	}
}

// BenchmarkBytesPerLink measures what links take at rest once they are all synced: as the vacuum that runs by itself
// leaves them, and after a full one.
func BenchmarkBytesPerLink(b *testing.B) {
	for range b.N {
		s, conn := newStore(b)
		stageMany(b, s, "bench", *benchLinks, 1)
		matchBy(b, s, record.MatchEmail)
		syncAll(b, s, conn)
		for _, vacuum := range []struct{ sql, name string }{
			{"VACUUM links", "bytes/link"}, {"VACUUM FULL links", "bytes/link-after-full-vacuum"},
		} {
			_, err := conn.Exec(context.Background(), vacuum.sql)
			require.NoError(b, err)
			f, err := s.Figures(context.Background())
			require.NoError(b, err)
			b.ReportMetric(f.BytesPerLink, vacuum.name)
		}
	}
}

// syncAll commits everything that is pending, with a vacuum after every fiftieth, as a server does by itself.
func syncAll(b *testing.B, s *store.Store, conn *pgx.Conn) {
	r := rand.New(rand.NewPCG(3, 4))
	committed := 0
	var claiming, committing, slowest time.Duration
	batches := 0
	for {
		started := time.Now()
		c := claim(b, s, "bench", 200)
		took := time.Since(started)
		if len(c.Work) == 0 {
			break
		}
		claiming, slowest = claiming+took, max(slowest, took)
		batches++
		var outcomes []record.Outcome
		for _, w := range c.Work {
			base := make([]byte, 150)
			for i := range base {
				base[i] = byte(r.Uint32())
			}
			outcomes = append(outcomes, record.Outcome{LinkID: w.Link.ID, State: record.LinkInStep, Base: base})
		}
		started = time.Now()
		require.NoError(b, s.Commit(context.Background(), c.Token, origin, outcomes))
		committing += time.Since(started)
		before := committed / (*benchLinks/50 + 1)
		committed += len(outcomes)
		if committed/(*benchLinks/50+1) != before {
			_, err := conn.Exec(context.Background(), "VACUUM links, pending")
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(claiming.Milliseconds())/float64(batches), "ms/claim")
	b.ReportMetric(float64(slowest.Milliseconds()), "ms/slowest-claim")
	b.ReportMetric(float64(committing.Milliseconds())/float64(batches), "ms/commit")
}
