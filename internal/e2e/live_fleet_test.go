package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/store"
)

// fleet is how many workers share one connection, and theirs the limit that they share.
const (
	fleet       = 30
	theirBurst  = 100
	theirWindow = 3 * time.Second
)

func TestThirtyWorkersShareOneAllowanceAndOneRefresh(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{Burst: theirBurst, BurstWindow: theirWindow}})
	s.Sandbox.Fill(sandbox.People{Both: 10, Seed: 41})
	s.connect(t, func(r *sandbox.RulesOptions) { r.Requests, r.Window = theirBurst, theirWindow })
	workers := s.fleet(t)
	var ids, rows []string
	for c := range s.Sandbox.GoHighLevel.All() {
		ids = append(ids, c.ID)
	}
	for _, row := range s.Sandbox.Salesforce.All("Contact") {
		id, _ := row["Id"].(string)
		rows = append(rows, id)
	}
	// together lets every worker do something at the same time.
	together := func(t *testing.T, do func(worker int, c *activities.Connection) error) {
		t.Helper()
		var all sync.WaitGroup
		for i, c := range workers {
			all.Go(func() {
				if err := do(i, c); err != nil {
					t.Errorf("worker %d: %v", i, err)
				}
			})
		}
		all.Wait()
	}

	t.Run("TheVendorsLimitIsNeverExceededWhateverTheLanes", func(t *testing.T) {
		const each = 6
		together(t, func(worker int, c *activities.Connection) error {
			for call := range each {
				ctx := crm.WithLane(t.Context(), crm.Lanes[(worker+call)%len(crm.Lanes)])
				var err error
				if call%3 == 0 {
					_, err = c.GoHighLevel.SearchContacts(ctx, crm.ContactSearch{PageLimit: 100})
				} else {
					_, err = c.GoHighLevel.GetContact(ctx, ids[(worker+call)%len(ids)])
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		stats := s.Sandbox.GoHighLevel.Stats()
		if stats.Requests < fleet*each {
			t.Errorf("only %d requests arrived", stats.Requests)
		}
		if refused := stats.ByStatus[http.StatusTooManyRequests]; refused != 0 {
			t.Errorf("the vendor refused %d requests", refused)
		}
		t.Logf("%d requests, at most %d within a window of %s", stats.Requests, stats.MaxInWindow, theirWindow)
		if stats.MaxInWindow > theirBurst {
			t.Errorf("%d requests arrived within a window, %d are allowed", stats.MaxInWindow, theirBurst)
		}
	})

	t.Run("TokensThatExpireForAllAtOnceAreRefreshedOncePerSide", func(t *testing.T) {
		ghl, sf := s.Sandbox.GoHighLevel.Stats().TokenRequests, s.Sandbox.Salesforce.Stats().Tokens
		s.Sandbox.GoHighLevel.ExpireAccessTokens()
		s.Sandbox.Salesforce.ExpireSessions()
		together(t, func(worker int, c *activities.Connection) error {
			if _, err := c.GoHighLevel.GetContact(t.Context(), ids[worker%len(ids)]); err != nil {
				return err
			}
			_, err := c.Salesforce.RetrieveRecords(t.Context(), "Contact", []string{rows[worker%len(rows)]}, []string{"Id"})
			return err
		})
		if n := s.Sandbox.GoHighLevel.Stats().TokenRequests - ghl; n != 1 {
			t.Errorf("GoHighLevel was asked for tokens %d times", n)
		}
		if n := s.Sandbox.Salesforce.Stats().Tokens - sf; n != 1 {
			t.Errorf("Salesforce issued %d tokens", n)
		}
	})
}

// fleet opens the connection as so many worker processes do, each with a store, budgets and tokens of its own.
func (s *system) fleet(t *testing.T) []*activities.Connection {
	t.Helper()
	// Postgres has room for so many connections of so few each.
	at, err := url.Parse(s.State.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	query.Set("pool_max_conns", "2")
	at.RawQuery = query.Encode()
	opened := make([]*activities.Connection, fleet)
	var all sync.WaitGroup
	for i := range opened {
		all.Go(func() {
			ledger, err := store.Open(t.Context(), at.String())
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(ledger.Close)
			if opened[i], err = assembly.NewConnections(ledger, s.Vault, devstack.Fakes()).Open(t.Context(), connection); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if slices.Contains(opened, nil) {
		t.FailNow()
	}
	return opened
}
