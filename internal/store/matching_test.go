package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// drawWorld draws what both sides hold: few records with few keys, so that they meet in every way.
func drawWorld(t *rapid.T, label string) []record.Staged {
	keys := func(upTo int64, label string) *rapid.Generator[[]int64] {
		return rapid.SliceOfN(rapid.Int64Range(1, upTo), 0, 2)
	}
	excludable := rapid.Bool().Draw(t, label+" has excluded records")
	var world []record.Staged
	for _, side := range record.Sides {
		for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 8), 0, 6, rapid.ID[int]).Draw(t, label+" "+string(side)) {
			name := fmt.Sprintf("%s %s %d", label, side, n)
			r := person(side, fmt.Sprintf("%s-%d", side, n), 0)
			r.Keys = record.MatchKeys{
				External:   keys(10, name).Draw(t, name+" external"),
				Emails:     keys(8, name).Draw(t, name+" emails"),
				PhoneNames: keys(6, name).Draw(t, name+" phones"),
				FirstName:  rapid.Int64Range(0, 2).Draw(t, name+" first name"),
			}
			r.Excluded = excludable && rapid.IntRange(0, 2).Draw(t, name+" excluded") == 0
			world = append(world, r)
		}
	}
	return world
}

// drawSyncing lets a bulk lane sync some of what is pending, in every way in which that can end.
func drawSyncing(t *rapid.T, s *store.Store, connection string) {
	ctx := context.Background()
	c, err := s.Claim(ctx, record.ClaimRequest{
		Connection: connection, Kind: record.Contact, Owner: "sync", Limit: 100, Lease: time.Hour,
	})
	require.NoError(t, err)
	for i, w := range c.Work {
		l := w.Link
		o := record.Outcome{LinkID: l.ID, State: record.LinkInStep, Base: []byte("base")}
		switch rapid.IntRange(0, 9).Draw(t, fmt.Sprintf("fate of %d", i)) {
		case 0:
			continue // stays claimed
		case 1:
			_, err := s.RecordIntents(ctx, c.Token, rapid.SampledFrom(record.Sides).Draw(t, "intent"), []record.Begun{{LinkID: l.ID}})
			require.NoError(t, err)
			continue
		case 2:
			o = record.Outcome{LinkID: l.ID, State: record.LinkFailed, Problem: "Rejected"}
		case 3:
			o = record.Outcome{LinkID: l.ID, State: record.LinkInReview, Problem: record.ReviewDuplicateRefused}
		case 4:
			o.Again = true
		case 7:
			o = record.Outcome{LinkID: l.ID, State: record.LinkParted, Problem: record.ProblemIgnored}
		case 8:
			o = record.Outcome{LinkID: l.ID, State: record.LinkDeleted}
			if l.GoHighLevelID != "" && l.SalesforceID != "" && rapid.Bool().Draw(t, "both halves are gone") {
				o.Forget = rapid.SampledFrom(record.Sides).Draw(t, "forgotten")
			}
		default: // what it lacks is created, under an id that may turn up in the next reading
			for _, side := range record.Sides {
				id := fmt.Sprintf("%s-%d", side, rapid.IntRange(1, 20).Draw(t, "created"))
				if taken, err := s.FindLink(ctx, connection, record.Contact, side, id); err != nil || taken != nil || l.RecordID(side) != "" {
					require.NoError(t, err)
				} else if side == record.GoHighLevel {
					o.GoHighLevelID = id
				} else {
					o.SalesforceID = id
				}
			}
		}
		require.NoError(t, s.Commit(ctx, c.Token, record.Origin{Connection: connection, Kind: record.Contact, Origin: "e", RunID: "r"},
			[]record.Outcome{o}))
	}
}

// drawPast gives some links a base or an open create, as attempts that died would leave them.
func drawPast(t *rapid.T, s *store.Store, conn *pgx.Conn, connection string) {
	for _, l := range links(t, s, connection) {
		set := rapid.SampledFrom([]string{
			"", "", `UPDATE links SET base = 'base' WHERE id = $1`,
			`INSERT INTO intents (link_id, connection, kind, side) SELECT id, connection, kind, 1 FROM links WHERE id = $1
			 ON CONFLICT DO NOTHING`,
		}).Draw(t, fmt.Sprintf("past of %d", l.ID))
		if set != "" {
			_, err := conn.Exec(context.Background(), set, l.ID)
			require.NoError(t, err)
		}
	}
}

func pendingLinks(t require.TestingT, conn *pgx.Conn, connection string) map[int64]bool {
	rows, err := conn.Query(context.Background(), `
		SELECT link_id FROM pending p JOIN connections c ON c.number = p.connection WHERE c.id = $1`, connection)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	set := map[int64]bool{}
	for _, id := range list {
		set[id] = true
	}
	return set
}

type linkFacts struct {
	GoHighLevelID, SalesforceID string
	State                       record.LinkState
	Problem                     string
}

func factsOf(l record.Link) linkFacts {
	return linkFacts{l.GoHighLevelID, l.SalesforceID, l.State, l.Problem}
}

func TestMatchComesToWhatTheModelComesTo(t *testing.T) {
	s, conn := newStore(t)
	worlds := 0
	rapid.Check(t, func(t *rapid.T) {
		worlds++
		connection := fmt.Sprintf("world-%d", worlds)
		addConnection(t, s, connection)
		tiers := rapid.Permutation(allTiers).Draw(t, "tiers")
		tiers = tiers[:rapid.IntRange(1, len(tiers)).Draw(t, "number of tiers")]
		for round := range rapid.IntRange(1, 3).Draw(t, "rounds") {
			epoch := fmt.Sprintf("e%d", round)
			world := drawWorld(t, epoch)

			before := map[int64]record.Link{}
			for _, l := range links(t, s, connection) {
				before[l.ID] = l
			}
			listed := map[int64]bool{}
			earlier, err := s.Reviews(context.Background(), connection, store.ReviewFilter{})
			require.NoError(t, err)
			for _, r := range earlier {
				for _, l := range r.Links {
					listed[l.ID] = r.ID != 0
				}
			}
			newOnly := rapid.Bool().Draw(t, epoch+" new only")
			model := runModel(world, before, listed, pendingLinks(t, conn, connection), tiers, newOnly)

			stage(t, s, connection, epoch, world...)
			request := record.MatchRequest{Connection: connection, Kind: record.Contact, Epoch: epoch, Tiers: tiers, NewOnly: newOnly}
			counts, err := s.Match(context.Background(), request)
			require.NoError(t, err)
			require.Equal(t, model.counts, counts)
			checkModel(t, s, conn, connection, model)

			drawSyncing(t, s, connection)
			drawPast(t, s, conn, connection)
			for _, l := range links(t, s, connection) {
				if rapid.IntRange(0, 3).Draw(t, "marked") == 0 {
					require.NoError(t, s.MarkPending(context.Background(), connection, record.Contact, []int64{l.ID}))
				}
			}
			again, err := s.Match(context.Background(), request)
			require.NoError(t, err)
			require.Equal(t, counts, again, "a repeated Match counts the same")
		}
	})
}

func checkModel(t *rapid.T, s *store.Store, conn *pgx.Conn, connection string, model *matchModel) {
	pending := pendingLinks(t, conn, connection)
	var fresh, wantFresh []linkFacts
	for _, l := range links(t, s, connection) {
		want, known := model.links[l.ID]
		if !known {
			fresh = append(fresh, factsOf(l))
			require.Equal(t, l.State == record.LinkNew, pending[l.ID], "a fresh link is pending when it is new")
			continue
		}
		require.Equal(t, factsOf(want), factsOf(l), "link %d", l.ID)
		require.Equal(t, want.Base, l.Base)
		require.Equal(t, want.Intent, l.Intent)
		require.Equal(t, model.pending[l.ID], pending[l.ID], "pending %d", l.ID)
		delete(model.links, l.ID)
	}
	require.Empty(t, model.links, "links that are missing")
	for _, l := range model.fresh {
		wantFresh = append(wantFresh, factsOf(l))
	}
	require.ElementsMatch(t, wantFresh, fresh)

	reviews, err := s.Reviews(context.Background(), connection, store.ReviewFilter{})
	require.NoError(t, err)
	var got []modelReview
	for _, r := range reviews {
		if r.ID == 0 {
			continue
		}
		g := modelReview{Reason: r.Reason}
		for _, l := range r.Links {
			for _, side := range record.Sides {
				if id := l.RecordID(side); id != "" {
					g.Records = append(g.Records, string(side)+":"+id)
				}
			}
		}
		slices.Sort(g.Records)
		got = append(got, g)
	}
	require.ElementsMatch(t, model.reviews, got)
}
