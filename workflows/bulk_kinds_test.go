package workflows

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestTasksGoInBulkAndWhatIsHandedOverGetsATaskSyncEach(t *testing.T) {
	env := newEnv(t)
	left := 2*batchSize + 7
	var told []activities.SyncRecordsInput
	env.OnActivity(records.SyncRecords, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.SyncRecordsInput) (activities.SyncRecordsResult, error) {
			told = append(told, in)
			n := min(left, in.Size)
			left -= n
			return activities.SyncRecordsResult{Claimed: n}, nil
		})
	over := []int64{4, 9}
	env.OnActivity(contacts.ListRecordLane, mock.Anything, activities.RecordLaneInput{Connection: "acme", Kind: record.Task, Limit: batchSize}).Return(
		func(context.Context, activities.RecordLaneInput) ([]int64, error) { return over, nil })
	var synced []int64
	env.OnWorkflow(TaskSync, mock.Anything, mock.Anything).Return(
		func(_ workflow.Context, in RecordSyncInput) (RecordSyncResult, error) {
			synced = append(synced, in.LinkID)
			same(t, "on whose behalf", in.Origin, "epoch")
			return RecordSyncResult{LinkID: in.LinkID}, nil
		})
	env.ExecuteWorkflow(BulkSync, BulkSyncInput{
		Connection: "acme", Kind: record.Task, Epoch: "epoch-1", Origin: "epoch", Total: left, Lanes: 1, Matched: true,
	})
	var out BulkSyncResult
	succeeded(t, env, &out)
	same(t, "result", out, BulkSyncResult{Done: 2*batchSize + 7})
	same(t, "batches", len(told), 3)
	same(t, "what a batch is told", told[0], activities.SyncRecordsInput{
		Connection: "acme", Kind: record.Task, Batch: "default-test-workflow-id/1", Size: batchSize, Origin: "epoch", Matched: true,
	})
	same(t, "runs of their own", len(synced), len(over))
	same(t, "progress", progressOf(t, env).Kinds, []KindCounter{{What: "task", Done: 2*batchSize + 7, Total: 2*batchSize + 7}})
}

func TestManyPendingTasksGoInBulkUnderTheirKind(t *testing.T) {
	o := newOffice(1, 2)
	o.most, o.bulkKind = 0, record.Note
	var found []string
	env := o.work(t, changes, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, ctx workflow.Context, _ converter.EncodedValues) {
			kind, _ := workflow.GetTypedSearchAttributes(ctx).GetKeyword(Kind)
			found = append(found, info.WorkflowExecution.ID, kind)
		})
	})
	succeeded(t, env, nil)
	same(t, "bulk runs", o.bulks, []BulkSyncInput{
		{Connection: "acme", Kind: record.Note, Epoch: "-0", Origin: "bulk/acme/note/-0", Total: 2, Lanes: 1, LeavesSingle: true},
	})
	same(t, "the run is found by its kind", found, []string{"bulk/acme/note/-0", "note"})
}

func TestEveryKindAndNoOtherCanBeSyncedInBulk(t *testing.T) {
	for _, kind := range record.Kinds {
		same(t, string(kind), BulkSyncInput{Connection: "acme", Kind: kind, Epoch: "e"}.Validate(), nil)
	}
	for _, kind := range []record.Kind{"", "opportunity"} {
		if (BulkSyncInput{Connection: "acme", Kind: kind, Epoch: "e"}).Validate() == nil {
			t.Errorf("kind %q is taken", kind)
		}
	}
}

func TestWhatIsToBeDecidedAnewGoesOnWithTheNextKindOnceOneIsDone(t *testing.T) {
	in := DecideAnew("acme", []record.Kind{record.Contact, record.Task, record.Note}, 2)
	same(t, "id", BulkSyncID(in.Connection, in.Kind, in.Epoch), "bulk/acme/contact/rules-v2")
	counts := []int{3, 5, 2}
	for i, kind := range []record.Kind{record.Contact, record.Task, record.Note} {
		same(t, "whose turn it is", in.Kind, kind)
		env := newEnv(t)
		said := kind
		if kind == record.Contact {
			said = ""
		}
		env.OnActivity(contacts.MarkAllContacts, mock.Anything, activities.MarkAllContactsInput{Connection: "acme", Kind: said, Size: markSize}).Return(
			activities.MarkAllContactsResult{Marked: counts[i]}, nil).Once()
		var claimed atomic.Bool // by one of several batches at once
		sync := func(context.Context, activities.SyncRecordsInput) (activities.SyncRecordsResult, error) {
			if claimed.Swap(true) {
				return activities.SyncRecordsResult{}, nil
			}
			return activities.SyncRecordsResult{Claimed: counts[i]}, nil
		}
		if kind == record.Contact {
			env.OnActivity(contacts.SyncContacts, mock.Anything, mock.Anything).Return(sync)
		} else {
			env.OnActivity(records.SyncRecords, mock.Anything, mock.Anything).Return(sync)
		}
		env.OnActivity(contacts.ListRecordLane, mock.Anything, activities.RecordLaneInput{Connection: "acme", Kind: said, Limit: batchSize}).Return(
			func(context.Context, activities.RecordLaneInput) ([]int64, error) { return nil, nil })
		env.ExecuteWorkflow(BulkSync, in)
		if kind == record.Note {
			var out BulkSyncResult
			succeeded(t, env, &out)
			same(t, "all of it", out, BulkSyncResult{Done: 10})
			return
		}
		in = continued(t, env)
		same(t, "what is left", len(in.Next), 1-i)
		same(t, "it is marked first", in.MarkAll && in.Marked == 0 && in.Total == 0 && in.Stays, true)
	}
}
