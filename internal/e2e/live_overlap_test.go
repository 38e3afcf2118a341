package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// watch looks at the writes to single contacts on their way into the fake GoHighLevel.
type watch struct {
	mu      sync.Mutex
	open    map[string]bool // contacts that are being written
	overlap []string        // contacts that were written twice at once
	writes  map[string]int
	begun   func(id string) // called, once it is set, when a write of a contact begins; not under the lock
}

func newWatch() *watch { return &watch{open: map[string]bool{}, writes: map[string]int{}} }

func (w *watch) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		id, single := strings.CutPrefix(r.URL.Path, "/contacts/")
		if !single || id == "" || r.Method != http.MethodPut {
			next.ServeHTTP(out, r)
			return
		}
		w.mu.Lock()
		if w.open[id] {
			w.overlap = append(w.overlap, id)
		}
		w.open[id] = true
		w.writes[id]++
		begun := w.begun
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.open[id] = false
		}()
		if begun != nil {
			begun(id)
		}
		next.ServeHTTP(out, r)
	})
}

// when lets something be done each time that the write of a contact begins.
func (w *watch) when(do func(id string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = do
}

func TestWhatChangesWhileItIsBeingSyncedIsSyncedAgainAndNeverTwiceAtOnce(t *testing.T) {
	w := newWatch()
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		sandbox.People{Both: 40, Seed: 71}, quick, func(o *stack.Options) {
			validate := o.WatchGoHighLevel
			o.WatchGoHighLevel = func(h http.Handler) http.Handler { return w.around(validate(h)) }
		})
	for range 2 {
		s.startWorker(t)
	}
	links := s.pairs(t, 40)

	s.Sandbox.GoHighLevel.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultLatency, Path: "/contacts/", Latency: 300 * time.Millisecond}})
	for _, c := range []struct {
		name  string
		links []record.Link
	}{{"OneByOne", links[:3]}, {"InBulk", links}} {
		t.Run(c.name, func(t *testing.T) {
			// Each contact is edited once more, on both sides, in the middle of its first write.
			byID, edited := map[string]record.Link{}, map[string]bool{}
			var mu sync.Mutex
			for _, l := range c.links {
				byID[l.GoHighLevelID] = l
			}
			w.when(func(id string) {
				mu.Lock()
				defer mu.Unlock()
				if l, one := byID[id]; one && !edited[id] {
					edited[id] = true
					s.changeSalesforce(t, l, map[string]any{"MailingCity": c.name + " second"})
					s.change(t, l, map[string]any{"address1": c.name + " Street"})
				}
			})
			for _, l := range c.links {
				s.changeSalesforce(t, l, map[string]any{"MailingCity": c.name + " first"})
			}
			s.eventually(t, func() bool {
				return !slices.ContainsFunc(c.links, func(l record.Link) bool {
					city, _ := s.city(t, l)
					row, _ := s.Sandbox.Salesforce.Get("Contact", l.SalesforceID)
					return city != c.name+" second" || row["MailingStreet"] != c.name+" Street"
				})
			})
			w.when(nil)
			mu.Lock()
			defer mu.Unlock()
			if len(edited) != len(c.links) {
				t.Errorf("%d of %d contacts were edited in the middle of a write", len(edited), len(c.links))
			}
		})
	}
	s.Sandbox.GoHighLevel.SetFaults(nil)
	s.quiet(t)
	s.mustAgree(t)
	t.Run("SweptByOneScheduleEach", func(t *testing.T) {
		want := []string{"maintenance/0", "maintenance/1", "maintenance/2", "maintenance/3", "sweep/0", "sweep/1", "sweep/2", "sweep/3"}
		if got := s.schedules(t); !slices.Equal(got, want) {
			t.Errorf("three workers made the schedules %v, want %v", got, want)
		}
		s.eventually(t, func() bool {
			return s.visible(t.Context(), fmt.Sprintf("Scenario = '%s'", workflows.ScenarioSweep)) > 0
		})
	})

	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.overlap) > 0 {
		t.Errorf("contacts were written twice at once: %v", w.overlap)
	}
	if len(w.writes) < len(links) {
		t.Errorf("only %d contacts were seen to be written", len(slices.Collect(maps.Keys(w.writes))))
	}
}

// schedules returns the ids of the Schedules that there are, in order.
func (s *system) schedules(t testing.TB) (ids []string) {
	t.Helper()
	// The list lags behind; that it grows no further is what the wait is for.
	s.eventually(t, func() bool {
		before := ids
		ids = listSchedules(t.Context(), s.temporal)
		return len(ids) >= 8 && slices.Equal(ids, before)
	})
	return ids
}

func listSchedules(ctx context.Context, c client.Client) (ids []string) {
	all, err := c.ScheduleClient().List(ctx, client.ScheduleListOptions{})
	if err != nil {
		return nil
	}
	for all.HasNext() {
		one, err := all.Next()
		if err != nil {
			return nil
		}
		ids = append(ids, one.ID)
	}
	slices.Sort(ids)
	return ids
}
