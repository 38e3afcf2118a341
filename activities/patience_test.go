package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestWhatStillFailsAfterManyAttemptsIsHandedOver(t *testing.T) {
	w := newWorld(t, setting{})
	c := contact("Lovelace", "ada@example.com")
	c.City = "London"
	locked := w.addGoHighLevel(c)
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.addGoHighLevel(contact("Hopperfield", "grace@example.com"))
	w.match()
	w.sf.LockRow(s, time.Now().Add(time.Hour))

	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activities.ErrorInterceptor{}}})
	env.SetTestTimeout(time.Minute)
	workflows.RegisterActivities(env, w.connections, w.store, &w.bell)
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Second, MaximumAttempts: 20},
		})
		return workflow.ExecuteActivity(ctx, onContacts.SyncContacts,
			activities.SyncRecordsInput{Connection: acme, Batch: "b", Size: 200, Origin: "onboarding"}).Get(ctx, nil)
	})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 2, w.sf.Count("Contact"), "the others are done meanwhile")
	link := w.linkOf(record.GoHighLevel, locked)
	require.Equal(t, []int64{link.ID}, w.handedOver())
	require.Greater(t, w.sf.Stats().Requests["PATCH /composite/sobjects"][200], 3)
}

func TestAFilterThatHasNoResultForAContactStopsTheReadingAndSaysWhere(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string {
		return strings.Replace(r, "  fields:\n", "  filter: 'int(postal_code) > 0'\n  fields:\n", 1)
	}})
	c := contact("Lovelace", "ada@example.com")
	c.PostalCode = "W1 1AA"
	w.addGoHighLevel(c)
	_, err := w.try(onContacts.StageContacts, activities.StageContactsInput{Connection: acme, Side: record.GoHighLevel, Epoch: "e1"})
	require.Equal(t, crm.Invalid, kindOf(t, err))
	require.Contains(t, err.Error(), "contacts.filter")
	require.NotContains(t, err.Error(), "W1 1AA")
}

func TestABatchBelongsToItsOwnerUntilItsLeaseIsOver(t *testing.T) {
	w := newWorld(t, setting{})
	w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.match()
	in := activities.SyncRecordsInput{Connection: acme, Batch: "b", Size: 200, Origin: "onboarding"}
	w.ghl.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.Fault503, Path: "/contacts/"}})
	_, err := w.try(onContacts.SyncContacts, in)
	require.Equal(t, crm.Ambiguous, kindOf(t, err))
	w.ghl.SetFaults(nil)
	// Another owner finds nothing to claim while the lease runs; the same owner takes up where it stopped.
	in.Batch = "another"
	require.Zero(t, do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in).Claimed)
	require.Zero(t, w.ghl.Count())
	in.Batch = "b"
	require.Equal(t, 1, do[activities.SyncRecordsResult](w, onContacts.SyncContacts, in).Claimed)
	require.Equal(t, 1, w.ghl.Count())
}
