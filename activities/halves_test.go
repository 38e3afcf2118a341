package activities_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// newcomers are worlds that differ in what keeps a person from being created twice.
func newcomers(t *testing.T, test func(t *testing.T, s setting)) {
	for _, duplicates := range []bool{false, true} {
		for _, noMarkers := range []bool{false, true} {
			t.Run(fmt.Sprintf("duplicates allowed %v without markers %v", duplicates, noMarkers), func(t *testing.T) {
				test(t, setting{
					Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: duplicates}},
					rules:   sandbox.RulesOptions{NoMarkers: noMarkers},
				})
			})
		}
	}
}

// bothMake has the same person made on both sides at the same moment.
func (w *world) bothMake() (g, s string) {
	g = w.ghl.Create(contact("Lovelace", "ada@example.com"))
	s = w.sf.Create("Contact", with(row("Lovelace", "Ada@Example.com"), "MailingCity", "York"))
	return g, s
}

// areOne sees to it that two halves are one contact that nobody made twice.
func (w *world) areOne(g, s string) {
	w.t.Helper()
	require.Equal(w.t, [2]int{1, 1}, w.counts())
	require.Len(w.t, w.links(), 1)
	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(w.t, s, link.SalesforceID)
	require.Equal(w.t, record.LinkInStep, link.State, "problem %q", link.Problem)
	require.Nil(w.t, link.Intent)
	require.Equal(w.t, "York", w.contact(g).City)
	require.Empty(w.t, w.reviews())
	require.Empty(w.t, w.pending())
}

func TestTwoHalvesOfOnePersonBecomeOneWhicheverIsSyncedFirst(t *testing.T) {
	newcomers(t, func(t *testing.T, s setting) {
		for _, first := range record.Sides {
			t.Run(string(first)+" first", func(t *testing.T) {
				w := newWorld(t, s)
				w.goLive()
				g, sf := w.bothMake()
				marks := map[record.Side]record.Mark{record.GoHighLevel: inGoHighLevel(g), record.Salesforce: inSalesforce(sf)}
				// Links are made in the order in which they are heard of.
				w.announce(marks[first])
				w.plan()
				w.announce(marks[first.Other()])
				w.plan()
				links := w.pending()
				require.Len(t, links, 2)
				w.contactSync(links[0])
				if left := w.pending(); len(left) > 0 {
					w.contactSync(left[0])
				}
				w.areOne(g, sf)
			})
			t.Run(string(first)+" last", func(t *testing.T) {
				w := newWorld(t, s)
				w.goLive()
				g, sf := w.bothMake()
				w.announce(inGoHighLevel(g), inSalesforce(sf))
				w.plan()
				link := w.linkOf(first.Other(), map[record.Side]string{record.GoHighLevel: g, record.Salesforce: sf}[first.Other()])
				w.contactSync(link.ID)
				w.hear(recordLane)
				w.areOne(g, sf)
			})
		}
		t.Run("in bulk", func(t *testing.T) {
			w := newWorld(t, s)
			w.goLive()
			g, sf := w.bothMake()
			w.hear(bulkLane, inGoHighLevel(g), inSalesforce(sf))
			w.areOne(g, sf)
		})
	})
}

func TestTwoHalvesThatLookForEachOtherAtTheSameMomentBecomeOne(t *testing.T) {
	newcomers(t, func(t *testing.T, s setting) {
		w := newWorld(t, s)
		w.goLive()
		g, sf := w.bothMake()
		w.announce(inGoHighLevel(g), inSalesforce(sf))
		w.plan()
		links := w.pending()
		require.Len(t, links, 2)
		var runs, looking sync.WaitGroup
		looking.Add(len(links))
		won := make(chan struct{})
		failures := make([]error, len(links))
		for i, link := range links {
			env := w.contactRun(workflows.RecordSyncInput{Connection: acme, LinkID: link})
			meet := sync.OnceFunc(func() {
				looking.Done()
				looking.Wait()
			})
			env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
				if info.ActivityType.Name != "SettleContact" {
					return
				}
				meet()
				if info.Attempt > 1 && i > 0 {
					<-won // time is skipped in here, so that a second is too short for the other one to go on
				}
			})
			runs.Go(func() {
				env.ExecuteWorkflow(workflows.ContactSync, workflows.RecordSyncInput{Connection: acme, LinkID: link})
				failures[i] = env.GetWorkflowError()
				if i == 0 {
					close(won)
				}
			})
		}
		runs.Wait()
		require.NoError(t, failures[0])
		require.NoError(t, failures[1])
		w.areOne(g, sf)
	})
}

func TestNewcomersWhomTheOtherSideHoldsAlreadyAreLinkedAndNotDoubled(t *testing.T) {
	newcomers(t, func(t *testing.T, s setting) {
		w := newWorld(t, s)
		w.goLive()
		var marks []record.Mark
		for i := range 6 {
			last, email := fmt.Sprintf("Personson-%03d", i), fmt.Sprintf("person%03d@example.com", i)
			if i%3 != 0 { // the other side holds two of three, and nobody has said so
				if i%2 == 0 {
					w.addGoHighLevel(contact(last, email))
				} else {
					w.addSalesforce(row(last, email))
				}
			}
			if i%2 == 0 {
				marks = append(marks, inSalesforce(w.sf.Create("Contact", row(last, email))))
			} else {
				marks = append(marks, inGoHighLevel(w.ghl.Create(contact(last, email))))
			}
		}
		w.announce(marks...)
		w.plan()
		w.persist()
		require.Len(t, w.handedOver(), 4)
		w.runHandedOver()
		w.oneEach(6)
		w.silent(bulkLane, marks...)
	})
}

func TestTwoNewcomersOfOneAddressInOneBatchAreNotBothCreated(t *testing.T) {
	w := newWorld(t, setting{Options: sandbox.Options{GoHighLevel: gohighleveltest.Options{AllowDuplicateContact: true}}})
	w.goLive()
	one, two := w.ghl.Create(contact("Lovelace", "ada@example.com")), w.ghl.Create(contact("Lovelace", "ada@example.com"))
	w.hear(bulkLane, inGoHighLevel(one), inGoHighLevel(two))
	require.Equal(t, 1, w.sf.Count("Contact"))
	states := map[record.LinkState]int{}
	for _, link := range w.links() {
		states[link.State]++
	}
	require.Equal(t, map[record.LinkState]int{record.LinkInStep: 1, record.LinkInReview: 1}, states)
}

func TestAPersonIsFoundByNumberAndLastNameToo(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		for name, address := range map[string]struct{ ghl, sf string }{
			"who has no address":                           {},
			"whose address is known on one side only":      {ghl: "ada@example.com"},
			"whose address was changed before they met":    {ghl: "ada@example.com", sf: "countess@example.com"},
			"whose address differs in nothing that counts": {ghl: "ada@example.com", sf: "ADA@example.com"},
		} {
			for _, first := range record.Sides {
				t.Run(name+", "+string(first)+" first", func(t *testing.T) {
					w := newWorld(t, setting{})
					w.goLive()
					c := contact("Lovelace", address.ghl)
					c.Phone = "+12025550143"
					g := w.ghl.Create(c)
					s := w.sf.Create("Contact", with(with(row("Lovelace", address.sf), "Phone", "(202) 555-0143"), "MailingCity", "York"))
					if first == record.GoHighLevel {
						w.hear(by, inGoHighLevel(g))
						w.hear(by, inSalesforce(s))
					} else {
						w.hear(by, inSalesforce(s))
						w.hear(by, inGoHighLevel(g))
					}
					w.areOne(g, s)
				})
			}
		}
	})
}

func TestAHalfThatIsAboutToGetItsOtherOneIsNotJoinedWithAThirdRecord(t *testing.T) {
	var w *world
	var joined error
	var token, first int64
	var g string
	w = newWorld(t, setting{betweenSalesforce: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/composite/sobjects/") {
				joined = w.store.JoinHalves(r.Context(), token, first, record.GoHighLevel, g)
			}
			next.ServeHTTP(rw, r)
		})
	}})
	w.goLive()
	w.announce(inSalesforce(w.sf.Create("Contact", row("Lovelace", "ada@example.com"))))
	first = w.plan().Record[0]
	claimed, ok, err := w.store.ClaimLink(t.Context(), acme, first, "contact/acme/another-run", time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	token = claimed.Token
	g = w.ghl.Create(contact("King", "ada.king@example.com"))
	w.announce(inGoHighLevel(g))
	w.plan()
	w.sync()
	require.ErrorIs(t, joined, record.ErrHalfClaimed)
	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(t, record.LinkInStep, link.State)
	require.Equal(t, "King", w.row(link.SalesforceID)["LastName"])
	require.Nil(t, link.Intent)
}
