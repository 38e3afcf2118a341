package activities_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
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

// stageTasks reads GoHighLevel's tasks into the ledger.

func (w *world) stageTasks() {
	w.t.Helper()
	c := w.connection()
	var all []record.Record
	for _, task := range w.ghl.Tasks() {
		doc, err := c.GoHighLevel.GetTask(w.t.Context(), task.ContactID, task.ID)
		require.NoError(w.t, err)
		r, err := c.Kinds[record.Task].FromGoHighLevel(doc, false)
		require.NoError(w.t, err)
		all = append(all, r)
	}
	w.stageAll(all...)
}

// stageAll puts records of one kind and side into the ledger as they were read.
func (w *world) stageAll(all ...record.Record) {
	w.t.Helper()
	key := record.StageKey{Connection: acme, Kind: all[0].Kind, Side: all[0].Side, Epoch: fmt.Sprint("s", w.batches)}
	_, err := w.store.BeginStaging(w.t.Context(), key)
	require.NoError(w.t, err)
	var page []record.Staged
	for _, r := range all {
		included, err := w.connection().Kinds[r.Kind].Included(r)
		require.NoError(w.t, err)
		page = append(page, record.Staged{Side: r.Side, ID: r.ID, Body: w.sealStaged(r), ReadAt: time.Now(), Excluded: !included})
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

// lossy lets the answers to some calls get lost once they are carried out, as where a worker is killed at that moment: each

// attempt goes on in another one, and what was begun has grown old.
