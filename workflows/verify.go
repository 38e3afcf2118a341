package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Verify reads both sides of a connection in whole, compares every link, and sorts every difference: known to be in flight,
// held for a person, left out, refused, or drift. Its result, which is kept, is a certificate of counts. With Repair, drift
// is synced like any change, and compared once more. Onboarding must not run beside it: both stage what they read.
func Verify(ctx workflow.Context, in VerifyInput) (record.Certificate, error) {
	v := &verification{in: in, read: map[record.Side]*KindCounter{}}
	ctx = activities.InLane(ctx, crm.LaneVerify)
	err := v.setup(ctx)
	if err == nil {
		err = v.run(ctx)
	}
	switch {
	case err != nil:
		return record.Certificate{}, permanent(ctx, err)
	case v.cut:
		in.State = v.state
		return record.Certificate{}, workflow.NewContinueAsNewError(ctx, Verify, in)
	}
	return v.result, nil
}

type verification struct {
	in    VerifyInput
	state *VerifyState
	// cut tells that the run is to continue as a new one.
	cut        bool
	phase      string
	read       map[record.Side]*KindCounter
	compared   KindCounter
	allowances map[record.Side]activities.Allowance
	paused     string // what it waits for, "" while it works
	result     record.Certificate
}

func (v *verification) setup(ctx workflow.Context) error {
	if err := v.in.Validate(); err != nil {
		return invalidInput(err)
	}
	err := workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return v.progress(), nil })
	if err != nil {
		return err
	}
	if v.state = v.in.State; v.state != nil {
		return nil
	}
	v.enter(ctx, "begin")
	var plan activities.VerifyPlan
	err = workflow.ExecuteActivity(ledgerCall(ctx, "See what there is to compare"), verifying.PlanVerification,
		activities.ConnectionInput{Connection: v.in.Connection}).Get(ctx, &plan)
	if err != nil {
		return err
	}
	v.state = &VerifyState{
		// As with an onboarding, a run that is reset to its beginning must read both sides anew.
		Epoch: fmt.Sprintf("%s@%d", workflow.GetInfo(ctx).OriginalRunID, workflow.Now(ctx).UnixMilli()),
		Begun: workflow.Now(ctx).UTC(), RulesVersion: plan.RulesVersion, Live: plan.Live,
	}
	for _, kind := range plan.Kinds {
		if len(v.in.Kinds) == 0 || slices.Contains(v.in.Kinds, kind) {
			v.state.Kinds = append(v.state.Kinds, kind)
		}
	}
	for _, kind := range v.in.Kinds {
		if !slices.Contains(plan.Kinds, kind) {
			return invalidInput(fmt.Errorf("the rules of connection %s do not sync %ss", v.in.Connection, kind))
		}
	}
	return nil
}

func (v *verification) progress() Progress {
	p := Progress{Phase: v.phase, Allowances: v.allowances, Paused: v.paused}
	for _, side := range record.Sides {
		if counter := v.read[side]; counter != nil {
			p.Kinds = append(p.Kinds, *counter)
		}
	}
	if v.compared.What != "" {
		p.Kinds = append(p.Kinds, v.compared)
	}
	return p
}

// enter shows the phase and all that was counted.
func (v *verification) enter(ctx workflow.Context, phase string) {
	v.phase = phase
	md := fmt.Sprintf("**%s**\n\n| | done | of |\n|---|---|---|\n", phase)
	for _, k := range v.progress().Kinds {
		md += fmt.Sprintf("| %s | %d | %d |\n", k.What, k.Done, max(k.Total, k.Done))
	}
	if v.state != nil && len(v.state.Done) > 0 {
		md += "\n| | in step | in flight | held | excluded | failed | parted | drift | repaired |\n|---|---|---|---|---|---|---|---|---|\n"
		for _, k := range v.state.Done {
			md += fmt.Sprintf("| %ss | %d | %d | %d | %d | %d | %d | %d | %d |\n",
				k.Kind, k.InStep, k.InFlight, k.Held, k.Excluded, k.Failed, k.Parted, k.Drift, k.Repaired)
		}
	}
	if v.paused != "" {
		md += "\n" + v.paused + "\n"
	}
	workflow.SetCurrentDetails(ctx, md)
}

// waitOut sleeps for as long as an allowance is used up.
func (v *verification) waitOut(ctx workflow.Context, p *activities.Pause, looks *int) error {
	return waitOut(ctx, p, looks, func(note string) { v.paused = note; v.enter(ctx, v.phase) })
}

func (v *verification) run(ctx workflow.Context) error {
	for len(v.state.Done) < len(v.state.Kinds) {
		kind := v.state.Kinds[len(v.state.Done)]
		if err := v.readSides(ctx, kind); err != nil || v.cut {
			return err
		}
		if err := v.compare(ctx, kind, v.in.Repair); err != nil || v.cut {
			return err
		}
		v.state.Done = append(v.state.Done, v.state.Part)
		v.state.Part, v.state.After = record.KindCertificate{}, 0
	}
	if v.in.Repair && v.state.Live {
		if err := v.repair(ctx); err != nil {
			return err
		}
	}
	return v.certify(ctx)
}

// readSides reads both sides of a kind in full, at the same time. A run that continues another reads nothing twice.
func (v *verification) readSides(ctx workflow.Context, kind record.Kind) error {
	v.compared = KindCounter{}
	v.enter(ctx, fmt.Sprintf("read %ss", kind))
	sides := workflow.NewWaitGroup(ctx)
	var failure error
	for _, side := range record.Sides {
		v.read[side] = &KindCounter{What: fmt.Sprintf("%ss read from %s", kind, side), Total: -1}
		sides.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer sides.Done()
			if err := v.readSide(ctx, kind, side); err != nil {
				failure = err
			}
		})
	}
	sides.Wait(ctx)
	v.state.Part.Kind = kind
	v.state.Part.GoHighLevel, v.state.Part.Salesforce = v.read[record.GoHighLevel].Done, v.read[record.Salesforce].Done
	return failure
}

func (v *verification) readSide(ctx workflow.Context, kind record.Kind, side record.Side) error {
	for looks := 0; ; {
		var out activities.StageRecordsResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Read %ss from %s", kind, side)), records.StageRecords,
			activities.StageRecordsInput{Connection: v.in.Connection, Kind: kind, Side: side, Epoch: v.state.Epoch}).Get(ctx, &out)
		if err != nil {
			return err
		}
		counter := v.read[side]
		counter.Done, counter.Total = max(counter.Done, out.Read), max(counter.Total, out.Total)
		if len(out.Allowances) > 0 {
			v.allowances = out.Allowances
		}
		if out.Done {
			counter.Total = out.Read
		}
		v.enter(ctx, v.phase)
		if out.Done || v.suggested(ctx) {
			return nil
		}
		if out.Pause != nil {
			if err := v.waitOut(ctx, out.Pause, &looks); err != nil {
				return err
			}
		}
	}
}

// suggested tells whether the history has grown so long that the run is to continue as a new one.
func (v *verification) suggested(ctx workflow.Context) bool {
	v.cut = v.cut || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
	return v.cut
}

// compare compares the links of a kind from where it has come to, and then what no link holds.
func (v *verification) compare(ctx workflow.Context, kind record.Kind, repair bool) error {
	part := &v.state.Part
	v.read = map[record.Side]*KindCounter{}
	v.compared = KindCounter{What: fmt.Sprintf("%ss compared", kind), Done: part.Total(), Total: -1}
	v.enter(ctx, fmt.Sprintf("compare %ss", kind))
	for looks := 0; ; {
		var out activities.VerifyRecordsResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Compare %s of %ss", count(verifySize, "link"), kind)), verifying.VerifyRecords,
			activities.VerifyRecordsInput{
				Connection: v.in.Connection, Kind: kind, After: v.state.After, Size: verifySize, Repair: repair, Fingerprint: part.Fingerprint,
			}).Get(ctx, &out)
		if err != nil {
			return err
		}
		if out.Pause != nil {
			if err := v.waitOut(ctx, out.Pause, &looks); err != nil {
				return err
			}
			continue
		}
		v.counted(ctx, out.Verified, out.Allowances)
		part.Fingerprint = out.Fingerprint
		if out.Last == 0 {
			break
		}
		if v.state.After = out.Last; v.suggested(ctx) {
			return nil
		}
	}
	for _, side := range record.Sides {
		if err := v.unlinked(ctx, kind, side, repair); err != nil {
			return err
		}
	}
	return nil
}

// unlinked compares what was read of a side and no link holds.
func (v *verification) unlinked(ctx workflow.Context, kind record.Kind, side record.Side, repair bool) error {
	looks := 0
	for after := ""; ; {
		var out activities.VerifyUnlinkedResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Look for %ss in %s that nobody knows", kind, side)), verifying.VerifyUnlinked,
			activities.VerifyUnlinkedInput{Connection: v.in.Connection, Kind: kind, Side: side, After: after, Size: verifySize, Repair: repair}).Get(ctx, &out)
		if err != nil {
			return err
		}
		if out.Pause != nil {
			if err := v.waitOut(ctx, out.Pause, &looks); err != nil {
				return err
			}
			continue
		}
		v.counted(ctx, out.Verified, out.Allowances)
		if after = out.Last; after == "" {
			return nil
		}
	}
}

func (v *verification) counted(ctx workflow.Context, n record.Verified, allowances map[record.Side]activities.Allowance) {
	v.state.Part.Add(n)
	v.compared.Done, v.allowances = v.state.Part.Total(), allowances
	v.enter(ctx, v.phase)
}
