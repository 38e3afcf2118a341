package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// people work in an org whose every change becomes visible late, while sweeps fail now and then and are taken over by
// other workers.
type people struct {
	*world
	clock  *clock
	random *rand.Rand
	alive  []string
	// changed and marked tell when each record was changed and marked last.
	changed, marked map[string]time.Time
}

const late = 90 * time.Second

func (p *people) pick() string { return p.alive[p.random.IntN(len(p.alive))] }

func (p *people) lose(id string) {
	p.alive = slices.DeleteFunc(p.alive, func(a string) bool { return a == id })
}

func (p *people) change() {
	id := p.pick()
	switch n := p.random.IntN(20); {
	case n < 4:
		id = p.sf.Create("Contact", map[string]any{"LastName": "New"})
		p.alive = append(p.alive, id)
		_, err := p.store.EnsureLink(p.t.Context(), acme, record.Contact, record.Salesforce, id)
		require.NoError(p.t, err)
	case n < 6:
		require.NoError(p.t, p.sf.Delete("Contact", id))
		p.lose(id)
	case n < 7:
		require.NoError(p.t, p.sf.Delete("Contact", id))
		require.NoError(p.t, p.sf.Purge("Contact", id))
		p.lose(id)
	case n < 8:
		winner := p.pick()
		if winner == id {
			return
		}
		require.NoError(p.t, p.sf.Merge(winner, id))
		p.lose(id)
		p.changed[winner] = p.clock.now()
	default:
		require.NoError(p.t, p.sf.Edit("Contact", id, map[string]any{"FirstName": fmt.Sprint(p.random.IntN(3))}))
	}
	p.changed[id] = p.clock.now()
}

func (p *people) look() {
	if p.random.IntN(10) == 0 {
		p.anotherWorker()
	}
	p.due()
	do[activities.SweepShardResult](p.world, onSweeps.SweepShard, shard)
	for _, id := range ids(p.takeAnnounced(), record.Salesforce) {
		p.marked[id] = p.clock.now()
	}
}

func TestNoChangeInSalesforceIsEverLost(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			w, c := orgAt(t, salesforcetest.Options{VisibilityLag: late, Seed: seed})
			p := &people{
				world: w, clock: c, random: rand.New(rand.NewPCG(seed, 5)), changed: map[string]time.Time{}, marked: map[string]time.Time{},
			}
			for range 40 {
				p.alive = append(p.alive, w.addSalesforce(row("Old", "")))
			}
			c.pass(2 * late)
			w.match()
			w.sweepFrom(c.now())
			w.sf.SetFaults([]salesforcetest.Fault{{Kind: "500", Rate: 0.1, Path: "/query"}, {Kind: "cut_after", Rate: 0.05, Path: "/Contact/"}})
			for range 150 {
				switch p.random.IntN(4) {
				case 0:
					p.look()
				case 1:
					c.pass(time.Duration(p.random.IntN(60)) * time.Second)
				default:
					p.change()
				}
			}
			w.sf.SetFaults(nil)
			c.pass(10 * time.Minute)
			p.look()
			for id, at := range p.changed {
				require.False(t, p.marked[id].Before(at), "record %s was changed at %s and marked last at %s", id, at, p.marked[id])
			}
			p.look()
			require.Empty(t, w.troubles())
			clear(p.marked)
			p.look()
			require.Empty(t, p.marked, "once nobody works any more, nothing is marked any more")
		})
	}
}
