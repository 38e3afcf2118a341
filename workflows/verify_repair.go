package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// repair waits, for so long, until what has drifted is synced, and compares once more the kinds that it was in.
func (v *verification) repair(ctx workflow.Context) error {
	var kinds []record.Kind
	for _, k := range v.state.Done {
		if k.Drift > 0 {
			kinds = append(kinds, k.Kind)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	v.compared = KindCounter{}
	v.enter(ctx, "repair")
	until := workflow.Now(ctx).Add(repairPatience)
	for look := 0; ; look++ {
		var left int
		err := workflow.ExecuteActivity(ledgerCall(ctx, "Sync what has drifted"), verifying.RepairDrift,
			activities.RepairInput{Connection: v.in.Connection, Kinds: kinds}).Get(ctx, &left)
		if err != nil {
			return err
		}
		if left == 0 || !workflow.Now(ctx).Before(until) {
			break
		}
		timer := workflow.TimerOptions{Summary: count(left, "change") + " wait to be synced"}
		if err := workflow.NewTimerWithOptions(ctx, repairPause(look), timer).Get(ctx, nil); err != nil {
			return err
		}
	}
	for i, before := range v.state.Done {
		if before.Drift == 0 {
			continue
		}
		v.state.After = 0
		v.state.Part = record.KindCertificate{Kind: before.Kind, GoHighLevel: before.GoHighLevel, Salesforce: before.Salesforce}
		if err := v.compareWhole(ctx, before.Kind); err != nil {
			return err
		}
		v.state.Part.Repaired = repaired(before.Verified, v.state.Part.Verified)
		v.state.Done[i] = v.state.Part
	}
	return nil
}

// compareWhole compares a kind once more, to the end.
func (v *verification) compareWhole(ctx workflow.Context, kind record.Kind) error {
	for {
		if err := v.compare(ctx, kind, false); err != nil || !v.cut {
			return err
		}
		v.cut = false // what is behind it must not be repaired again: the history bears it
	}
}

// repaired counts what had drifted and is in step again: not what goes on being worked on, or went to a person or was
// refused instead.
func repaired(before, after record.Verified) int {
	n := before.Drift - after.Drift
	for _, more := range []int{after.InFlight - before.InFlight, after.Held - before.Held, after.Failed - before.Failed} {
		n -= max(more, 0)
	}
	return max(n, 0)
}

// certify keeps the certificate and forgets what was staged.
func (v *verification) certify(ctx workflow.Context) error {
	c := record.Certificate{
		Connection: v.in.Connection, RunID: workflow.GetInfo(ctx).WorkflowExecution.RunID, StartedAt: v.state.Begun,
		RulesVersion: v.state.RulesVersion, Kinds: v.state.Done,
	}
	for _, k := range c.Kinds {
		c.Drift += k.Drift
		c.Repaired += k.Repaired
	}
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Keep the certificate"), verifying.KeepCertificate, c).Get(ctx, &v.result)
	if err != nil {
		return err
	}
	for _, kind := range v.state.Kinds {
		err := workflow.ExecuteActivity(ledgerCall(ctx, fmt.Sprintf("Forget what was staged of %ss", kind)), records.UnstageRecords,
			activities.KindInput{Connection: v.in.Connection, Kind: kind}).Get(ctx, nil)
		if err != nil {
			return err
		}
	}
	v.compared = KindCounter{}
	v.enter(ctx, "done")
	return nil
}
