package activities_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/record"
)

// tryBulk executes one attempt at the current batch of a kind.
func (w *world) tryBulk(kind record.Kind, matched bool) (activities.SyncRecordsResult, error) {
	w.t.Helper()
	encoded, err := w.try(onRecords.SyncRecords, activities.SyncRecordsInput{
		Connection: acme, Kind: kind, Batch: fmt.Sprintf("batch-%d", w.batches), Size: 200, Origin: "bulk", Matched: matched,
	})
	var out activities.SyncRecordsResult
	if err == nil {
		require.NoError(w.t, encoded.Get(&out))
		w.batches++
	}
	return out, err
}

// bulk syncs what is pending of a kind in the bulk lane until nothing is, however often an attempt fails for now, as Temporal
// would.
func (w *world) bulk(kind record.Kind) {
	w.t.Helper()
	w.persistWith(func() (activities.SyncRecordsResult, error) { return w.tryBulk(kind, false) })
}

// hearInBulk syncs what is announced of a kind in the bulk lane.
func (w *world) hearInBulk(kind record.Kind, marks ...record.Mark) {
	w.t.Helper()
	w.announceOf(kind, marks...)
	w.plan()
	w.bulk(kind)
}

// overTo returns the links of a kind that wait in the record lane.
func (w *world) overTo(kind record.Kind) []int64 {
	w.t.Helper()
	return do[[]int64](w, onContacts.ListRecordLane, activities.RecordLaneInput{Connection: acme, Kind: kind, Limit: 1000})
}

// linksOf returns all links of a kind.
func (w *world) linksOf(kind record.Kind) (out []record.Link) {
	w.t.Helper()
	work, err := w.store.Links(w.t.Context(), acme, kind, 0, 10_000)
	require.NoError(w.t, err)
	for _, one := range work {
		out = append(out, one.Link)
	}
	return out
}

// pairsOf sees to it that all links of a kind are in step, with both halves and their contacts, and nothing is left open; it
// returns them.
func (w *world) pairsOf(kind record.Kind, n int) []record.Link {
	w.t.Helper()
	links := w.linksOf(kind)
	require.Len(w.t, links, n)
	for _, l := range links {
		require.Equal(w.t, record.LinkInStep, l.State, "problem %q", l.Problem)
		require.NotEmpty(w.t, l.GoHighLevelID)
		require.NotEmpty(w.t, l.SalesforceID)
		require.NotEmpty(w.t, l.GoHighLevelContact)
		require.NotEmpty(w.t, l.SalesforceContact)
		require.Nil(w.t, l.Intent)
	}
	require.Empty(w.t, w.pending())
	return links
}

// todos are tasks of GoHighLevel contacts, dealt out in turn, and their marks.
func (w *world) todos(n int, contacts ...string) (marks []record.Mark) {
	w.t.Helper()
	tasks := make([]gohighleveltest.Task, n)
	for i := range tasks {
		tasks[i] = gohighleveltest.Task{ContactID: contacts[i%len(contacts)], Title: fmt.Sprintf("Send offer %03d", i), Body: "by letter", DueDate: due}
	}
	ids, err := w.ghl.LoadTasks(tasks)
	require.NoError(w.t, err)
	for i, id := range ids {
		marks = append(marks, of(tasks[i].ContactID, inGoHighLevel(id)))
	}
	return marks
}

// callbacks are tasks of Salesforce contacts, likewise.
func (w *world) callbacks(n int, contacts ...string) (marks []record.Mark) {
	w.t.Helper()
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = taskRow(contacts[i%len(contacts)], fmt.Sprintf("Call back %03d", i))
	}
	for i, id := range w.sf.Load("Task", rows) {
		marks = append(marks, of(contacts[i%len(contacts)], inSalesforce(id)))
	}
	return marks
}

// halves are the marks of both halves of links.
func halves(links []record.Link) (marks []record.Mark) {
	for _, l := range links {
		marks = append(marks, of(l.GoHighLevelContact, inGoHighLevel(l.GoHighLevelID)), of(l.SalesforceContact, inSalesforce(l.SalesforceID)))
	}
	return marks
}

// calls counts the requests that each side got since the statistics were reset.
func (w *world) calls() map[string]int {
	out := map[string]int{}
	for operation, n := range w.ghl.Stats().ByOperation {
		out["ghl "+operation] = n
	}
	for operation, byStatus := range w.sf.Stats().Requests {
		for _, n := range byStatus {
			out["sf "+operation] += n
		}
	}
	return out
}

func (w *world) resetStats() {
	w.ghl.ResetStats()
	w.sf.ResetStats()
}

// changed is how many records of any kind were changed through the two APIs since the statistics were reset.
func (w *world) changed() int {
	g, s := w.ghl.Stats(), w.sf.Stats()
	n := g.Created + g.Updated + g.Deleted + s.Creates + s.Updates + s.Deletes
	for _, c := range []gohighleveltest.Changes{g.Tasks, g.Notes, g.Appointments} {
		n += c.Created + c.Updated + c.Deleted
	}
	return n
}

func TestTasksOfEitherSideArriveInBulkAtTheFewestCalls(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, sf := w.clusterOf(10)
	marks := append(w.todos(320, ghl...), w.callbacks(310, sf...)...)
	w.resetStats()
	w.hearInBulk(record.Task, marks...)
	require.Empty(t, w.overTo(record.Task))
	calls := w.calls()
	links := w.pairsOf(record.Task, 630)
	require.Len(t, w.ghl.Tasks(), 630)
	require.Len(t, w.live("Task"), 630)

	require.Equal(t, 320, calls["ghl GET /contacts/{contactId}/tasks/{taskId}"], "%v", calls)
	require.Equal(t, 310, calls["ghl POST /contacts/{contactId}/tasks"])
	batches := 4
	require.LessOrEqual(t, calls["ghl GET /contacts/{contactId}/tasks"], batches*len(ghl), "once for each contact of a batch")
	require.LessOrEqual(t, calls["sf PATCH /composite/sobjects/{object}/{field}"], batches)
	require.LessOrEqual(t, calls["sf POST /composite/sobjects/{object}"], batches, "what was written is read back at once")
	require.LessOrEqual(t, calls["sf GET /queryAll"], 2*batches+1, "what is there, and what the contacts have already")

	// Nothing of it comes back as a change.
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
	w.pairsOf(record.Task, 630)
}

func TestEditsOfTasksTravelInBulkByTheEndpointThatTheyNeed(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(3)
	w.hearInBulk(record.Task, w.todos(9, ghl...)...)
	links := w.pairsOf(record.Task, 9)
	for i, l := range links {
		switch i % 3 {
		case 0:
			require.NoError(t, w.ghl.EditTask(l.GoHighLevelID, map[string]any{"title": fmt.Sprint("Send contract ", i)}))
		case 1:
			require.NoError(t, w.sf.Edit("Task", l.SalesforceID, map[string]any{"Status": "Completed"}))
		case 2:
			require.NoError(t, w.sf.Edit("Task", l.SalesforceID, map[string]any{"Subject": fmt.Sprint("Call ", i)}))
			require.NoError(t, w.ghl.EditTask(l.GoHighLevelID, map[string]any{"body": "by courier"}))
		}
	}
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	w.pairsOf(record.Task, 9)
	calls := w.calls()
	require.Equal(t, 3, calls["ghl PUT /contacts/{contactId}/tasks/{taskId}/completed"], "%v", calls)
	require.Equal(t, 3, calls["ghl PUT /contacts/{contactId}/tasks/{taskId}"])
	require.Equal(t, 1, calls["sf PATCH /composite/sobjects"])
	for i, l := range links {
		task, _ := w.ghl.Task(l.GoHighLevelID)
		row, _ := w.sf.Get("Task", l.SalesforceID)
		require.Equal(t, i%3 == 1, task.Completed)
		require.Equal(t, task.Title, row["Subject"])
		if i%3 == 2 {
			require.Equal(t, "by courier", row["Description"])
		}
		require.NotEmpty(t, w.journal(l.ID))
	}
	w.resetStats()
	w.hearInBulk(record.Task, halves(links)...)
	require.Zero(t, w.changed())
}

func TestOneTaskThatIsRefusedIsHandedOverAndTheOthersOfItsCallAreDone(t *testing.T) {
	for _, noMarkers := range []bool{false, true} {
		t.Run(fmt.Sprintf("without markers %v", noMarkers), func(t *testing.T) {
			s := setting{rules: allKinds}
			s.rules.NoMarkers = noMarkers
			w := newWorld(t, s)
			ghl, _ := w.clusterOf(2)
			w.sf.AddValidationRule("Task", "Such are not kept here.", func(row map[string]any) bool { return row["Subject"] == "Send offer 007" })
			w.hearInBulk(record.Task, w.todos(20, ghl...)...)
			over := w.overTo(record.Task)
			require.Len(t, over, 1)
			require.Len(t, w.live("Task"), 19)
			for _, l := range w.linksOf(record.Task) {
				require.Nil(t, l.Intent, "what was refused is not under way")
				require.Equal(t, l.ID == over[0], l.SalesforceID == "")
			}
		})
	}
}

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

func TestWhatWasMatchedIsNotLookedForAgain(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(2)
	w.announceOf(record.Task, w.todos(4, ghl...)...)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE pending SET changed_at = now() - interval '1 hour'`)
	require.NoError(t, err)
	w.stageTasks()
	w.resetStats()
	_, err = w.tryBulk(record.Task, true)
	require.NoError(t, err)
	w.pairsOf(record.Task, 4)
	require.Equal(t, map[string]int{"sf PATCH /composite/sobjects/{object}/{field}": 1, "sf POST /composite/sobjects/{object}": 1}, w.calls())
}

// stageTasks reads GoHighLevel's tasks into the ledger.
func (w *world) stageTasks() {
	w.t.Helper()
	key := record.StageKey{Connection: acme, Kind: record.Task, Side: record.GoHighLevel, Epoch: fmt.Sprint("s", w.batches)}
	_, err := w.store.BeginStaging(w.t.Context(), key)
	require.NoError(w.t, err)
	c := w.connection()
	var page []record.Staged
	for _, task := range w.ghl.Tasks() {
		doc, err := c.GoHighLevel.GetTask(w.t.Context(), task.ContactID, task.ID)
		require.NoError(w.t, err)
		r, err := c.Kinds[record.Task].FromGoHighLevel(doc, false)
		require.NoError(w.t, err)
		page = append(page, record.Staged{Side: record.GoHighLevel, ID: r.ID, Body: w.sealStaged(r), ReadAt: time.Now()})
	}
	require.NoError(w.t, w.store.StagePage(w.t.Context(), key, "", page, record.StageState{Done: true, Count: len(page)}))
}

func (w *world) sealStaged(r record.Record) []byte {
	w.t.Helper()
	plain, err := json.Marshal(r)
	require.NoError(w.t, err)
	sealed, err := w.connection().Cipher.Seal(r.Side, "staged", plain)
	require.NoError(w.t, err)
	return sealed
}

func TestWhatAPersonChangesBetweenTheReadingAndTheWritingOfATaskIsNotOverwritten(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(1)
	w.hearInBulk(record.Task, w.todos(1, ghl...)...)
	link := w.pairsOf(record.Task, 1)[0]
	require.NoError(t, w.ghl.EditTask(link.GoHighLevelID, map[string]any{"title": "Send the contract"}))
	w.announceOf(record.Task, halves([]record.Link{link})...)
	w.plan()
	for _, sql := range []string{`UPDATE pending SET changed_at = now() - interval '1 hour'`, `UPDATE links SET synced_at = now() - interval '1 hour'`} {
		_, err := w.db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	w.stageTasks()
	require.NoError(t, w.ghl.EditTask(link.GoHighLevelID, map[string]any{"title": "Send the bill"}))
	w.bulk(record.Task)
	row, _ := w.sf.Get("Task", link.SalesforceID)
	require.Equal(t, "Send the bill", row["Subject"])
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

// lossy lets the answers to some calls get lost once they are carried out, as where a worker is killed at that moment: each
// attempt goes on in another one, and what was begun has grown old.
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

func TestAKindThatIsNotSyncedIsRefusedInBulk(t *testing.T) {
	w := newWorld(t, setting{})
	_, err := w.tryBulk(record.Task, false)
	require.Equal(t, crm.Invalid, kindOf(t, err))
}

func TestAPausedConnectionSyncsNoTasks(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds})
	ghl, _ := w.clusterOf(1)
	w.announceOf(record.Task, w.todos(2, ghl...)...)
	w.plan()
	_, err := w.db.Exec(t.Context(), `UPDATE connections SET state = $1`, record.ConnectionPaused)
	require.NoError(t, err)
	w.anotherWorker()
	out, err := w.tryBulk(record.Task, false)
	require.NoError(t, err)
	require.NotNil(t, out.Pause)
	require.Empty(t, w.live("Task"))
	require.Len(t, w.pending(), 2)
}
