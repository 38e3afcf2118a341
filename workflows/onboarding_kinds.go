package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// notesLast puts kinds into the order in which an onboarding takes them: notes, which take a call per contact and may take days,
// hold up nothing else.
func notesLast(kinds []record.Kind) []record.Kind {
	kinds = slices.Clone(kinds)
	slices.SortStableFunc(kinds, func(x, y record.Kind) int {
		last := map[record.Kind]int{record.Note: 1}
		return last[x] - last[y]
	})
	return kinds
}

// kinds brings the tasks, appointments and notes into step that the rules sync, once their contacts are.
func (o *onboarding) kinds(ctx workflow.Context) error {
	o.toVerify = 0 // the contacts'
	for _, kind := range notesLast(o.access.Kinds) {
		account, err := o.kind(ctx, kind)
		if err != nil {
			return err
		}
		if o.result.Kinds == nil {
			o.result.Kinds = map[record.Kind]KindAccount{}
		}
		o.result.Kinds[kind] = account
	}
	return nil
}

func (o *onboarding) kind(ctx workflow.Context, kind record.Kind) (account KindAccount, err error) {
	if err := o.stageKind(ctx, kind, o.epoch); err != nil {
		return account, err
	}
	account.GoHighLevel, account.Salesforce = o.read[record.GoHighLevel].Done, o.read[record.Salesforce].Done
	o.enter(ctx, fmt.Sprintf("match %ss", kind))
	var match record.MatchCounts
	err = workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Match both sides' %ss", kind)), records.MatchRecords,
		activities.MatchRecordsInput{Connection: o.in.Connection, Kind: kind, Epoch: o.epoch}).Get(ctx, &match)
	if err != nil {
		return account, err
	}
	if match.Pending > 0 {
		if err := o.backfill(ctx, kind, 1, match.Pending); err != nil {
			return account, err
		}
	}
	drift := 0
	if kind != record.Note && comparingKinds(ctx) {
		if drift, err = o.compareKind(ctx, kind); err != nil {
			return account, err
		}
	}
	var counts record.Counts
	err = workflow.ExecuteActivity(ledgerCall(ctx, fmt.Sprintf("Count %ss and writes", kind)), records.CountRecords,
		activities.CountRecordsInput{Connection: o.in.Connection, Kind: kind, Origin: o.epoch}).Get(ctx, &counts)
	if err != nil {
		return account, err
	}
	account.count(counts)
	account.Drift = max(drift, counts.States[record.LinkNew])
	return account, workflow.ExecuteActivity(ledgerCall(ctx, "Forget what was staged"), records.UnstageRecords,
		activities.KindInput{Connection: o.in.Connection, Kind: kind}).Get(ctx, nil)
}

// compareKind reads both sides once more, compares every link, and returns how many differ, which are pending again for live
// sync. Notes, of which that takes a call per contact and one per text, are left to the next comparison that is due.
func (o *onboarding) compareKind(ctx workflow.Context, kind record.Kind) (drift int, err error) {
	ctx = activities.InLane(ctx, crm.LaneVerify)
	if err := o.letIndexCatchUp(ctx); err != nil {
		return 0, err
	}
	if err := o.stageKind(ctx, kind, o.epoch+"/verify"); err != nil {
		return 0, err
	}
	o.enter(ctx, fmt.Sprintf("verify %ss", kind))
	looks := 0
	for after := int64(0); ; {
		var out activities.VerifyRecordsResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Compare %s of %ss", count(verifySize, "link"), kind)), verifying.VerifyRecords,
			activities.VerifyRecordsInput{Connection: o.in.Connection, Kind: kind, After: after, Size: verifySize, Repair: true}).Get(ctx, &out)
		if err != nil {
			return 0, err
		}
		if out.Pause != nil {
			if err := o.waitOut(ctx, out.Pause, &looks); err != nil {
				return 0, err
			}
			continue
		}
		drift += out.Drift
		o.allowances = out.Allowances
		if after = out.Last; after == 0 {
			return drift, nil
		}
	}
}

// stageKind reads both sides in full, at the same time, under an epoch.
func (o *onboarding) stageKind(ctx workflow.Context, kind record.Kind, epoch string) error {
	o.enter(ctx, fmt.Sprintf("read %ss of both sides", kind))
	sides := workflow.NewWaitGroup(ctx)
	var failure error
	for _, side := range record.Sides {
		o.read[side] = &KindCounter{What: fmt.Sprintf("%ss read from %s", kind, side), Total: -1}
		sides.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer sides.Done()
			err := o.stageSide(ctx, side, func() (out activities.StageRecordsResult, err error) {
				err = workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Read %ss from %s", kind, side)), records.StageRecords,
					activities.StageRecordsInput{Connection: o.in.Connection, Kind: kind, Side: side, Epoch: epoch}).Get(ctx, &out)
				return out, err
			})
			if err != nil {
				failure = err
			}
		})
	}
	sides.Wait(ctx)
	return failure
}
