package workflows

import (
	"cmp"
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// BulkSync drains a connection's pending changes of one kind through the bulk lane, then gives what the bulk lane
// handed over a run each. A record that fails for good does not stop it. While the connection is paused it
// waits, or ends, as its input says. It continues as a new run when its history grows long, and for each further kind.
func BulkSync(ctx workflow.Context, in BulkSyncInput) (BulkSyncResult, error) {
	b := &bulkSync{in: in}
	if err := b.setup(ctx); err != nil {
		return BulkSyncResult{}, err
	}
	out, err := b.run(ctx)
	if err == nil && len(in.Next) > 0 && !b.rests {
		return BulkSyncResult{}, workflow.NewContinueAsNewError(ctx, BulkSync, b.in.next(out))
	}
	return out, err
}

type bulkSync struct {
	in         BulkSyncInput // with what is carried over
	drained    bool
	rests      bool // the connection is paused, and this run does not wait
	phase      string
	allowances map[record.Side]activities.Allowance
	lane       *recordLane
	paused     string // what it waits for, "" while it works
}

func (b *bulkSync) setup(ctx workflow.Context) error {
	if err := b.in.Validate(); err != nil {
		return invalidInput(err)
	}
	b.phase = "sync"
	if b.in.Tried == nil {
		b.in.Tried = map[int64]bool{}
	}
	b.lane = newRecordLane(ctx, b.in.Connection, b.in.Origin)
	b.describe(ctx)
	return workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return b.progress(), nil })
}

func (b *bulkSync) progress() Progress {
	return Progress{
		Phase: b.phase, Allowances: b.allowances, Paused: b.paused,
		Kinds: []KindCounter{{What: string(b.in.Kind), Done: b.in.Done, Total: max(b.in.Total, b.in.Done)}},
	}
}

func (b *bulkSync) describe(ctx workflow.Context) {
	details := fmt.Sprintf("| %s | done | of | failed |\n|---|---|---|---|\n| bulk lane | %d | %d | |\n| record lane | %d | | %d |\n",
		b.in.Kind, b.in.Done, max(b.in.Total, b.in.Done), len(b.in.Tried), b.in.Failed)
	if b.paused != "" {
		details += "\n" + b.paused + "\n"
	}
	workflow.SetCurrentDetails(ctx, details)
}

func (b *bulkSync) run(ctx workflow.Context) (BulkSyncResult, error) {
	if err := b.markAll(ctx); err != nil {
		return BulkSyncResult{}, permanent(ctx, err)
	}
	if err := b.drain(ctx); err != nil {
		return BulkSyncResult{}, permanent(ctx, err)
	}
	if !b.drained {
		return BulkSyncResult{}, workflow.NewContinueAsNewError(ctx, BulkSync, b.in)
	}
	if b.rests || b.in.LeavesSingle {
		return b.result(), nil
	}
	b.phase = "record lane"
	for {
		more, err := b.recordLane(ctx)
		if err != nil {
			return BulkSyncResult{}, permanent(ctx, err)
		}
		if !more {
			return b.result(), nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return BulkSyncResult{}, workflow.NewContinueAsNewError(ctx, BulkSync, b.in)
		}
	}
}

// result is what it came to, with the kinds before.
func (b *bulkSync) result() BulkSyncResult {
	return BulkSyncResult{Done: b.in.Before.Done + b.in.Done, Failed: b.in.Before.Failed + b.in.Failed}
}

// drain keeps a few batches under way until none is left, or until the run should continue as a new one.
func (b *bulkSync) drain(ctx workflow.Context) error {
	lanes := workflow.NewWaitGroup(ctx)
	var failure error
	for range cmp.Or(b.in.Lanes, activities.BulkLanes) {
		lanes.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer lanes.Done()
			for failure == nil && !b.drained && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
				if err := b.batch(ctx); err != nil {
					failure = err
				}
			}
		})
	}
	lanes.Wait(ctx)
	return failure
}

func (b *bulkSync) batch(ctx workflow.Context) error {
	b.in.Batches++
	name := fmt.Sprintf("%s/%d", workflow.GetInfo(ctx).WorkflowExecution.ID, b.in.Batches)
	for looks := 0; ; {
		out, err := b.attempt(ctx, name)
		if err != nil {
			return err
		}
		b.in.Done += out.Claimed
		b.allowances = out.Allowances
		b.rests = b.rests || isRest(out.Pause) && !b.in.Stays
		least := 1
		if b.in.Lanes > 0 {
			least = batchSize
		}
		b.drained = b.drained || b.rests || out.Claimed < least && out.Pause == nil
		b.describe(ctx)
		if out.Pause == nil || b.rests {
			return nil
		}
		// The same batch goes on where it stopped; or another one, in the next run: nobody holds anything of it.
		err = waitOut(ctx, out.Pause, &looks, func(note string) { b.paused = note; b.describe(ctx) })
		if err != nil || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return err
		}
	}
}

func (b *bulkSync) attempt(ctx workflow.Context, name string) (out activities.SyncRecordsResult, err error) {
	var sync any = contacts.SyncContacts
	if b.in.Kind != record.Contact {
		sync = records.SyncRecords
	}
	err = workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Batch %d of up to %s", b.in.Batches, count(batchSize, string(b.in.Kind)))),
		sync, activities.SyncRecordsInput{
			Connection: b.in.Connection, Kind: b.kindToSay(), Batch: name, Size: batchSize, Origin: b.in.Origin, Matched: b.in.Matched,
		}).Get(ctx, &out)
	return out, err
}

// kindToSay is the kind as activities are told it, which take none for contacts.
func (b *bulkSync) kindToSay() record.Kind {
	if b.in.Kind == record.Contact {
		return ""
	}
	return b.in.Kind
}

// recordLane gives each record that was handed over a run of its own, some at a time, and tells whether there may be more.
func (b *bulkSync) recordLane(ctx workflow.Context) (more bool, err error) {
	var links []int64
	err = workflow.ExecuteActivity(ledgerCall(ctx, "List what needs a run of its own"), contacts.ListRecordLane,
		activities.RecordLaneInput{Connection: b.in.Connection, Kind: b.kindToSay(), Limit: batchSize}).Get(ctx, &links)
	if err != nil {
		return false, err
	}
	links = slices.DeleteFunc(links, func(link int64) bool { return b.in.Tried[link] })
	for _, link := range links {
		b.in.Tried[link] = true
	}
	failed := b.in.Failed - b.lane.failed
	err = b.lane.sync(ctx, linkRefs(b.in.Kind, links), "handed over by the bulk lane", func(passed) {
		b.in.Failed = failed + b.lane.failed
		b.describe(ctx)
	})
	return len(links) > 0, err
}
