package activities_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestATaskThatIsThereAlreadyIsLinkedByTheRecordLane(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(2)
	marks := w.todos(6, ghl...)
	there := w.sf.Create("Task", with(taskRow(sf[0], "Send offer 000"), "Description", "by letter"))
	waits := w.sf.Create("Task", with(taskRow(sf[1], "Send offer 001"), "Description", "by letter"))
	w.hearInBulk(record.Task, append(marks, of(sf[1], inSalesforce(waits)))...)
	require.Len(t, w.overTo(record.Task), 3, "both halves of what both announced, and the one that is there")
	w.drain()
	w.pairsOf(record.Task, 6)
	require.Equal(t, there, w.linkOfKind(record.Task, record.GoHighLevel, marks[0].RecordID).SalesforceID)
	require.Equal(t, waits, w.linkOfKind(record.Task, record.GoHighLevel, marks[1].RecordID).SalesforceID)
	require.Len(t, w.live("Task"), 6)
	require.Len(t, w.ghl.Tasks(), 6)
}

// As where a poll is faster than the commit of the create that has made it.
func TestATaskThatCarriesTheIDOfAnotherOneIsItsOtherHalfWhateverItSays(t *testing.T) {
	inBothLanes(t, func(t *testing.T, by lane) {
		w := newWorld(t, setting{rules: allKinds})
		ghl, sf := w.clusterOf(1)
		id := w.todos(1, ghl...)[0].RecordID
		made := w.sf.Create("Task", with(taskRow(sf[0], "SEND OFFER"), sandbox.ExternalIDField, id))
		w.announceOf(record.Task, of(sf[0], inSalesforce(made)))
		w.plan()
		if by == bulkLane {
			w.bulk(record.Task)
		}
		w.drain()
		link := w.pairsOf(record.Task, 1)[0]
		require.Equal(t, [2]string{id, made}, [2]string{link.GoHighLevelID, link.SalesforceID})
		require.Len(t, w.ghl.Tasks(), 1)
	})
}

func TestTasksOfContactsThatAreNotInStepWaitInBulk(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	w.clusterOf(1)
	grace := w.ghl.Create(contact("Hopperfield", "grace@example.com"))
	marks := append(w.todos(3, grace), w.callbacks(2, w.sf.Create("Contact", row("Walker", "alice@example.com")))...)
	w.hearInBulk(record.Task, marks...)
	for _, l := range w.linksOf(record.Task) {
		require.Equal(t, [2]string{string(record.LinkExcluded), record.ProblemNoContact}, [2]string{string(l.State), l.Problem})
	}
	require.Empty(t, w.pending())
	w.announce(inGoHighLevel(grace))
	w.plan()
	w.persist()
	w.bulk(record.Task)
	require.Len(t, w.live("Task"), 5)
	require.Equal(t, record.LinkInStep, w.linkOfKind(record.Task, record.GoHighLevel, marks[0].RecordID).State)
}

func (w *world) lossy(kind record.Kind, attempts int) {
	w.t.Helper()
	for range attempts {
		out, err := w.tryBulk(kind, false)
		if err == nil && out.Claimed == 0 {
			return
		}
		w.ageIntents()
		w.anotherWorker()
	}
	require.Fail(w.t, "the bulk lane does not come to an end")
}

func TestHoweverCreatesOfTasksAreCutOffEachIsThereOnce(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		t.Run(fmt.Sprintf("without markers %v", noMarkers), func(t *testing.T) {
			s := setting{rules: allKinds}
			s.rules.NoMarkers = noMarkers
			w := newWorld(t, s)
			ghl, sf := w.clusterOf(3)
			w.announceOf(record.Task, append(w.todos(30, ghl...), w.callbacks(30, sf...)...)...)
			w.plan()
			w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter, Rate: 0.2, Path: "/contacts/"}})
			w.sf.SetFaults([]salesforcetest.Fault{{Kind: "cut_after", Count: 2, Path: "/composite/sobjects"}})
			w.lossy(record.Task, 60)
			w.ghl.SetFaults(nil)
			w.sf.SetFaults(nil)
			w.ageIntents()
			w.drain()
			w.pairsOf(record.Task, 60)
			require.Len(t, w.live("Task"), 60)
			require.Len(t, w.ghl.Tasks(), 60)
		})
	}
}

func TestAWorkerThatDiesBeforeItsCommitDoublesNothing(t *testing.T) {
	for _, side := range record.Sides {
		t.Run("having created in "+string(side), func(t *testing.T) {
			var dying atomic.Bool
			var w *world
			// The claim is lost between the call and the commit, as where another worker took the batch over.
			die := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
					next.ServeHTTP(out, r)
					creates := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tasks") ||
						r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/composite/sobjects/Task/")
					if creates && dying.Swap(false) {
						_, _ = w.db.Exec(r.Context(), `UPDATE pending SET token = nextval('claim_tokens')`)
					}
				})
			}
			w = newWorld(t, setting{rules: allKinds, between: die, betweenSalesforce: die})
			ghl, sf := w.clusterOf(2)
			if side == record.GoHighLevel {
				w.announceOf(record.Task, w.callbacks(10, sf...)...)
			} else {
				w.announceOf(record.Task, w.todos(10, ghl...)...)
			}
			w.plan()
			dying.Store(true)
			_, err := w.tryBulk(record.Task, false)
			require.Equal(t, activities.TypeFenced, string(kindOf(t, err)))
			w.anotherWorker()
			w.ageIntents()
			w.bulk(record.Task)
			w.ageIntents()
			w.drain()
			w.pairsOf(record.Task, 10)
			require.Len(t, w.live("Task"), 10)
			require.Len(t, w.ghl.Tasks(), 10)
		})
	}
}

func TestWhatSalesforceMakesOfATaskReachesGoHighLevel(t *testing.T) {
	var w *world
	trigger := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(out, r)
			if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/composite/sobjects/Task/") {
				return
			}
			for _, row := range w.sf.All("Task") {
				if row["Subject"] == "Send offer 001" {
					require.NoError(t, w.sf.Edit("Task", row["Id"].(string), map[string]any{"Subject": "SEND OFFER 001"}))
				}
			}
		})
	}
	w = newWorld(t, setting{rules: allKinds, betweenSalesforce: trigger})
	ghl, _ := w.clusterOf(1)
	marks := w.todos(3, ghl...)
	w.hearInBulk(record.Task, marks...)
	links := w.pairsOf(record.Task, 3)
	task, _ := w.ghl.Task(marks[1].RecordID)
	require.Equal(t, "SEND OFFER 001", task.Title)
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
}

func TestOwnersWhomSalesforceChoseInBulkAreNoEdits(t *testing.T) {
	w, ada := swept(t, setting{}, record.Task)
	marks := w.todos(3, ada.ghl)
	w.hearInBulk(record.Task, marks...)
	w.nothingNew()
	for _, m := range marks {
		require.NoError(t, w.ghl.DeleteTask(m.RecordID))
	}
	for i := range marks {
		marks[i] = gone(marks[i])
	}
	w.hearInBulk(record.Task, marks...)
	require.Len(t, w.overTo(record.Task), 3, "what is not to be found is followed one by one")
	w.drain()
	require.Empty(t, w.live("Task"), "nobody has edited them, so that they go")
}

func TestTasksThatWaitForAPersonAreNotTouchedInBulk(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, editRules: kindRules(record.Task, "  fields: {title: {conflict: ask}}\n")})
	ghl, _ := w.clusterOf(1)
	w.hearInBulk(record.Task, w.todos(2, ghl...)...)
	links := w.pairsOf(record.Task, 2)
	require.NoError(t, w.ghl.EditTask(links[0].GoHighLevelID, map[string]any{"title": "Send the contract"}))
	require.NoError(t, w.sf.Edit("Task", links[0].SalesforceID, map[string]any{"Subject": "Send the bill"}))
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
	require.Equal(t, []int64{links[0].ID}, w.overTo(record.Task))
	w.drain()
	w.waits(w.linkOfKind(record.Task, record.GoHighLevel, links[0].GoHighLevelID), record.ReviewConflict)
}
