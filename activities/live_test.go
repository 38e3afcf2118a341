package activities_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/workflows"
)

// contactsRules returns an edit of the rules file that adds to its section contacts.
func contactsRules(yaml string) func(string) string {
	return func(file string) string {
		return strings.Replace(file, "contacts:\n", "contacts:\n"+yaml, 1)
	}
}

// lane is one of the two ways by which changes are synced.
type lane string

const (
	recordLane lane = "record lane"
	bulkLane   lane = "bulk lane"
)

// inBothLanes runs a test once in each lane: both must lead to the same end.
func inBothLanes(t *testing.T, test func(t *testing.T, by lane)) {
	for _, by := range []lane{recordLane, bulkLane} {
		t.Run("by the "+string(by), func(t *testing.T) { test(t, by) })
	}
}

// goLive turns live sync on for what is onboarded.
func (w *world) goLive() {
	w.t.Helper()
	do[any](w, onContacts.UnstageContacts, unstageInput)
	_, err := w.db.Exec(w.t.Context(), "UPDATE connections SET live_since = clock_timestamp() WHERE id = $1", acme)
	require.NoError(w.t, err)
}

// couple returns one person whom both sides hold, in step and live.
func (w *world) couple(last, email string) (g, s string) {
	w.t.Helper()
	g, s = w.addGoHighLevel(contact(last, email)), w.addSalesforce(row(last, email))
	w.onboard()
	w.goLive()
	link := w.linkOf(record.GoHighLevel, g)
	require.Equal(w.t, s, link.SalesforceID)
	require.Equal(w.t, record.LinkInStep, link.State)
	return g, s
}

func inGoHighLevel(id string) record.Mark { return record.Mark{Side: record.GoHighLevel, RecordID: id} }
func inSalesforce(id string) record.Mark  { return record.Mark{Side: record.Salesforce, RecordID: id} }

// gone is the mark of a record that is said to be deleted.
func gone(m record.Mark) record.Mark {
	m.OnlyLinked = true
	return m
}

// announce notes that records may have changed, as a webhook or a sweep does.
func (w *world) announce(marks ...record.Mark) {
	w.t.Helper()
	_, err := w.store.MarkChanged(w.t.Context(), acme, record.Contact, marks)
	require.NoError(w.t, err)
}

func (w *world) plan() activities.ChangesPlan {
	w.t.Helper()
	return do[activities.ChangesPlan](w, onContacts.PlanChanges, activities.PlanChangesInput{Connection: acme})
}

// hear syncs what is announced until nothing is pending, but for what waits for a person.
func (w *world) hear(by lane, marks ...record.Mark) {
	w.t.Helper()
	w.announce(marks...)
	for range 200 {
		w.plan()
		if by == bulkLane {
			w.persist()
		}
		pending := w.pending()
		if len(pending) == 0 {
			return
		}
		w.contactSync(pending[0])
	}
	require.Fail(w.t, "the changes do not come to an end")
}

// pending returns the links that wait for a sync.
func (w *world) pending() (out []int64) {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), "SELECT link_id FROM pending ORDER BY link_id")
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(w.t, rows.Scan(&id))
		out = append(out, id)
	}
	require.NoError(w.t, rows.Err())
	return out
}

// contactRun is a place to run one contact's ContactSync in.
func (w *world) contactRun(in workflows.RecordSyncInput) *testsuite.TestWorkflowEnvironment {
	return w.run(workflows.ContactSyncID(in))
}

// run is a place to run a workflow in under an id, with the activities as a worker registers them.
func (w *world) run(id string) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.ErrorInterceptor{}}})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id})
	env.SetTestTimeout(time.Minute)
	workflows.Register(env)
	workflows.RegisterActivities(env, w.connections, w.store, &w.bell)
	return env
}

// quiet is a logger that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// tryContactSync runs a ContactSync; one that waits for a person is left where it waits, with nothing undone.
func (w *world) tryContactSync(in workflows.RecordSyncInput, prepare ...func(*testsuite.TestWorkflowEnvironment)) (workflows.RecordSyncResult, error) {
	w.t.Helper()
	return w.tryRecordSync(record.Contact, in, prepare...)
}

// tryRecordSync is tryContactSync for any kind.
func (w *world) tryRecordSync(kind record.Kind, in workflows.RecordSyncInput, prepare ...func(*testsuite.TestWorkflowEnvironment)) (workflows.RecordSyncResult, error) {
	w.t.Helper()
	env := w.run(workflows.RecordSyncID(kind, in))
	var exposed string
	env.SetOnActivityCompletedListener(func(_ *activity.Info, result converter.EncodedValue, err error) {
		var value any = err
		if err == nil && result != nil && result.HasValue() && result.Get(&value) != nil {
			return
		}
		if value != nil && exposed == "" {
			exposed = w.exposed(value)
		}
	})
	for _, p := range prepare {
		p(env)
	}
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	env.ExecuteWorkflow(workflows.RecordSyncs[kind], in)
	require.True(w.t, env.IsWorkflowCompleted())
	require.Empty(w.t, exposed, "a customer shows in an activity's result")
	var result workflows.RecordSyncResult
	err := env.GetWorkflowError()
	if err == nil {
		require.NoError(w.t, env.GetWorkflowResult(&result))
	}
	if temporal.IsCanceledError(err) {
		err = nil
	}
	return result, err
}

// contactSync runs one contact's ContactSync, which must not fail.
func (w *world) contactSync(link int64, prepare ...func(*testsuite.TestWorkflowEnvironment)) workflows.RecordSyncResult {
	w.t.Helper()
	out, err := w.tryContactSync(workflows.RecordSyncInput{Connection: acme, LinkID: link}, prepare...)
	require.NoError(w.t, err)
	return out
}

// decideContact lets the run of a contact that waits for a person go on by a verdict.
func (w *world) decideContact(link int64, v record.Verdict) workflows.RecordSyncResult {
	w.t.Helper()
	v.By = "a person"
	return w.contactSync(link, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() {
			v.ReviewID = w.openReview(link).ID
			env.UpdateWorkflow(workflows.UpdateDecide, "verdict", &testsuite.TestUpdateCallback{
				OnAccept: func() {},
				OnReject: func(err error) { require.NoError(w.t, err, "the verdict was rejected") },
				OnComplete: func(_ any, err error) {
					require.NoError(w.t, err, "the verdict was refused")
				},
			}, v)
		}, time.Minute)
	})
}

// runHandedOver gives what the bulk lane handed over a run each, as BulkSync does.
func (w *world) runHandedOver() {
	w.t.Helper()
	for _, link := range w.handedOver() {
		w.contactSync(link)
	}
}

// reviews returns the open reviews.
func (w *world) reviews() []record.Review {
	w.t.Helper()
	all, err := w.store.Reviews(w.t.Context(), acme, store.ReviewFilter{})
	require.NoError(w.t, err)
	return all
}

// openReview returns the one open review of a link.
func (w *world) openReview(link int64) record.Review {
	w.t.Helper()
	all, err := w.store.Reviews(w.t.Context(), acme, store.ReviewFilter{LinkID: link})
	require.NoError(w.t, err)
	require.Len(w.t, all, 1, "open reviews of the link")
	return all[0]
}

// waits sees to it that a link waits for a person, for a reason, and returns its review.
func (w *world) waits(link record.Link, reason string) record.Review {
	w.t.Helper()
	require.Equal(w.t, record.LinkInReview, link.State, "problem %q", link.Problem)
	require.Equal(w.t, reason, link.Problem)
	review := w.openReview(link.ID)
	require.Equal(w.t, reason, review.Reason)
	return review
}

// written is one field of one write in the journal, opened.
type written struct {
	side      record.Side
	operation record.Operation
	origin    string
	reconcile.Write
}

// journal returns what was written to a link's records, oldest first.
func (w *world) journal(link int64) (out []written) {
	w.t.Helper()
	rows, err := w.store.Journal(w.t.Context(), acme, link)
	require.NoError(w.t, err)
	return w.opened(rows)
}

// opened are the single writes of entries of the journal.
func (w *world) opened(rows []record.JournalRow) (out []written) {
	w.t.Helper()
	for _, r := range rows {
		plain, err := w.connection().Cipher.Open(r.Side, "journal", r.Sealed)
		require.NoError(w.t, err)
		var writes []reconcile.Write
		require.NoError(w.t, json.Unmarshal(plain, &writes))
		for _, one := range writes {
			out = append(out, written{r.Side, r.Operation, r.Origin, one})
		}
	}
	return out
}

// lastWrite returns the last write of a field to a side.
func (w *world) lastWrite(link int64, side record.Side, field record.Field) written {
	w.t.Helper()
	all := w.journal(link)
	for _, one := range slices.Backward(all) {
		if one.side == side && one.Field == field {
			return one
		}
	}
	require.Fail(w.t, "no such write in the journal")
	return written{}
}

// silent sees to it that syncing marks of everything writes nothing and leaves nothing behind.
func (w *world) silent(by lane, marks ...record.Mark) {
	w.t.Helper()
	w.ghl.ResetStats()
	w.sf.ResetStats()
	w.hear(by, marks...)
	require.Zero(w.t, w.writes(), "nothing was left to write")
	require.Empty(w.t, w.pending())
}

// clusterOf is n people whom both sides hold, in step and live, by their GoHighLevel and Salesforce ids.
func (w *world) clusterOf(n int) (ghl, sf []string) {
	w.t.Helper()
	for i := range n {
		last, email := fmt.Sprintf("Personson-%03d", i), fmt.Sprintf("person%03d@example.com", i)
		ghl = append(ghl, w.addGoHighLevel(contact(last, email)))
		sf = append(sf, w.addSalesforce(row(last, email)))
	}
	w.onboard()
	w.goLive()
	return ghl, sf
}
