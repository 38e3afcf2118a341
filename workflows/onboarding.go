package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// Onboarding pairs a location with an org: it checks access and scopes before anything is written, matches and links
// what both sides hold, brings each side what it lacks, and then compares everything. Run again, it writes nothing that
// is in step already.
func Onboarding(ctx workflow.Context, in OnboardingInput) (OnboardingResult, error) {
	o := &onboarding{in: in}
	ctx = activities.InLane(ctx, crm.LaneBackfill)
	if err := o.setup(ctx); err != nil {
		return OnboardingResult{}, err
	}
	if err := o.run(ctx); err != nil {
		return OnboardingResult{}, permanent(ctx, err)
	}
	return o.result, nil
}

type onboarding struct {
	in     OnboardingInput
	epoch  string // names this onboarding in the ledger and the journal
	begun  time.Time
	access activities.AccessReport // what the check found
	read   map[record.Side]*KindCounter
	match  record.MatchCounts
	phase  string
	child  string
	// verified and toVerify are the progress of the comparison.
	verified, toVerify int
	allowances         map[record.Side]activities.Allowance
	paused             string // what it waits for, "" while it works
	result             OnboardingResult
}

func (o *onboarding) setup(ctx workflow.Context) error {
	if err := o.in.Validate(); err != nil {
		return invalidInput(err)
	}
	// A run that is reset to its beginning must read both sides anew, and one that is reset to its middle must go on with
	// what it read: the time of the first workflow task tells the two apart.
	o.epoch = fmt.Sprintf("%s@%d", workflow.GetInfo(ctx).OriginalRunID, workflow.Now(ctx).UnixMilli())
	o.begun = workflow.Now(ctx)
	o.result.Connection = o.in.Connection
	o.read = map[record.Side]*KindCounter{}
	o.enter(ctx, "check access")
	return workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) { return o.progress(), nil })
}

func (o *onboarding) progress() Progress {
	p := Progress{Phase: o.phase, Child: o.child, Allowances: o.allowances, Paused: o.paused}
	for _, side := range record.Sides {
		if counter := o.read[side]; counter != nil {
			p.Kinds = append(p.Kinds, *counter)
		}
	}
	if o.toVerify > 0 {
		p.Kinds = append(p.Kinds, KindCounter{What: "links verified", Done: o.verified, Total: o.toVerify})
	}
	return p
}

func (o *onboarding) enter(ctx workflow.Context, phase string) {
	o.phase = phase
	md := fmt.Sprintf("**%s**\n\n| | done | of |\n|---|---|---|\n", phase)
	for _, k := range o.progress().Kinds {
		md += fmt.Sprintf("| %s | %d | %d |\n", k.What, k.Done, max(k.Total, k.Done))
	}
	if o.paused != "" {
		md += "\n" + o.paused + "\n"
	}
	if o.child != "" {
		md += fmt.Sprintf("\n[%s](/namespaces/{namespace}/workflows/%s)\n", o.child, strings.ReplaceAll(o.child, "/", "%2F"))
	}
	workflow.SetCurrentDetails(ctx, md)
}

// waitOut sleeps for as long as an allowance is used up.
func (o *onboarding) waitOut(ctx workflow.Context, p *activities.Pause, looks *int) error {
	return waitOut(ctx, p, looks, func(note string) { o.paused = note; o.enter(ctx, o.phase) })
}

func (o *onboarding) run(ctx workflow.Context) error {
	if err := o.check(ctx); err != nil {
		return err
	}
	if err := o.stageAndMatch(ctx, o.epoch, false); err != nil {
		return err
	}
	o.result.Contacts.GoHighLevel = o.read[record.GoHighLevel].Done
	o.result.Contacts.Salesforce = o.read[record.Salesforce].Done
	pending := o.match.Pending
	for pass := 1; ; pass++ {
		if err := o.backfill(ctx, record.Contact, pass, pending); err != nil {
			return err
		}
		var err error
		if pending, err = o.verify(ctx, pass); err != nil {
			return err
		}
		if pending == 0 || pass == passes {
			break
		}
	}
	o.result.Verify.Drift, o.result.Contacts.Drift = pending, pending
	if err := o.kinds(ctx); err != nil {
		return err
	}
	if liveSync(ctx) {
		if err := o.reviews(ctx); err != nil {
			return err
		}
		if err := o.goLive(ctx); err != nil {
			return err
		}
	}
	return o.account(ctx)
}

// check stops the onboarding before the first write where something is missing, and names all of it.
func (o *onboarding) check(ctx workflow.Context) error {
	err := workflow.ExecuteActivity(vendorCall(ctx, "Check access and fields on both sides"), contacts.CheckAccess,
		activities.ConnectionInput{Connection: o.in.Connection}).Get(ctx, &o.access)
	if err != nil {
		return err
	}
	if len(o.access.Problems) > 0 {
		return needsAccess("nothing was written: " + strings.Join(o.access.Problems, "; "))
	}
	return nil
}

// stageAndMatch reads both sides in full, at the same time, and links what belongs together.
func (o *onboarding) stageAndMatch(ctx workflow.Context, epoch string, newOnly bool) error {
	o.enter(ctx, "read both sides")
	sides := workflow.NewWaitGroup(ctx)
	var failure error
	for _, side := range record.Sides {
		o.read[side] = &KindCounter{What: "read from " + string(side), Total: -1}
		sides.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer sides.Done()
			if err := o.stage(ctx, side, epoch); err != nil {
				failure = err
			}
		})
	}
	sides.Wait(ctx)
	if failure != nil {
		return failure
	}
	o.enter(ctx, "match")
	return workflow.ExecuteActivity(bulkCall(ctx, "Match both sides' contacts"), contacts.MatchContacts,
		activities.MatchContactsInput{Connection: o.in.Connection, Epoch: epoch, NewOnly: newOnly}).Get(ctx, &o.match)
}

func (o *onboarding) stage(ctx workflow.Context, side record.Side, epoch string) error {
	return o.stageSide(ctx, side, func() (out activities.StageRecordsResult, err error) {
		err = workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Read contacts from %s", side)), contacts.StageContacts,
			activities.StageContactsInput{Connection: o.in.Connection, Side: side, Epoch: epoch}).Get(ctx, &out)
		return out, err
	})
}

// stageSide lets a side be read until it is read to its end.
func (o *onboarding) stageSide(ctx workflow.Context, side record.Side, read func() (activities.StageRecordsResult, error)) error {
	for looks := 0; ; {
		out, err := read()
		if err != nil {
			return err
		}
		o.read[side].Done = max(o.read[side].Done, out.Read)
		o.read[side].Total = max(o.read[side].Total, out.Total)
		o.allowances = out.Allowances
		if out.Done {
			o.read[side].Total = out.Read
		}
		o.enter(ctx, o.phase)
		if out.Done {
			return nil
		}
		if out.Pause != nil {
			if err := o.waitOut(ctx, out.Pause, &looks); err != nil {
				return err
			}
		}
	}
}

// reviews gives what the matching could not place a run each, in which it waits for a person, and tells the runs of an
// earlier matching that theirs is over.
func (o *onboarding) reviews(ctx workflow.Context) error {
	begun, told := map[int64]bool{}, map[string]bool{}
	for {
		// Those that were begun or told may still be listed, before what is new.
		limit := reviewsAtOnce + max(len(begun), len(told))
		var runs record.ReviewRuns
		err := workflow.ExecuteActivity(ledgerCall(ctx, "List what waits for a person"), reviews.ListReviewRuns,
			activities.ListReviewRunsInput{Connection: o.in.Connection, Limit: limit}).Get(ctx, &runs)
		if err != nil {
			return err
		}
		for _, id := range runs.Over {
			if !told[id] {
				told[id] = true
				// One that has ended already need not be told.
				_ = workflow.SignalExternalWorkflow(ctx, id, "", SignalChanged, nil).Get(ctx, nil)
			}
		}
		n, err := attendReviews(ctx, o.in.Connection, runs.Unattended, begun)
		if err != nil || n == 0 && len(runs.Over) < limit {
			return err
		}
	}
}

// goLive turns live sync on. What changed on either side since the onboarding began to read is found by the sweeps.
func (o *onboarding) goLive(ctx workflow.Context) error {
	return workflow.ExecuteActivity(ledgerCall(ctx, "Turn live sync on"), sweeps.GoLive,
		activities.GoLiveInput{Connection: o.in.Connection, Begun: o.begun, Kinds: o.access.Kinds}).Get(ctx, nil)
}

// backfill syncs every pending link of a kind, in a run of its own.
func (o *onboarding) backfill(ctx workflow.Context, kind record.Kind, pass, pending int) error {
	epoch := fmt.Sprintf("%s-%d", o.epoch, pass)
	o.child = BulkSyncID(o.in.Connection, kind, epoch)
	o.result.BulkRuns = append(o.result.BulkRuns, o.child)
	phase := "backfill"
	if kind != record.Contact {
		phase = fmt.Sprintf("backfill %ss", kind)
	}
	o.enter(ctx, phase)
	var out BulkSyncResult
	err := workflow.ExecuteChildWorkflow(
		child(ctx, o.child, ScenarioBulkSync, o.in.Connection, fmt.Sprintf("Sync %s, pass %d", count(pending, string(kind)), pass)),
		BulkSync, BulkSyncInput{
			Connection: o.in.Connection, Kind: kind, Epoch: epoch, Origin: o.epoch, Total: pending, Stays: true, Matched: kind != record.Contact,
		}).Get(ctx, &out)
	o.child = ""
	return err
}

// verify reads both sides once more, compares every link, and returns how many differ and are pending again.
func (o *onboarding) verify(ctx workflow.Context, pass int) (differing int, err error) {
	ctx = activities.InLane(ctx, crm.LaneVerify)
	if pass == 1 {
		if err := o.letIndexCatchUp(ctx); err != nil {
			return 0, err
		}
		if err := o.stageAndMatch(ctx, o.epoch+"/verify", true); err != nil {
			return 0, err
		}
	}
	o.enter(ctx, "verify")
	o.result.Verify, o.verified = VerifyAccount{}, 0
	o.toVerify = o.match.Linked + o.match.OnlyGoHighLevel + o.match.OnlySalesforce + o.match.InReview + o.match.Excluded
	looks := 0
	for after := int64(0); ; {
		var out activities.VerifyContactsResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Compare %s", count(verifySize, "link"))), contacts.VerifyContacts,
			activities.VerifyContactsInput{Connection: o.in.Connection, After: after, Size: verifySize}).Get(ctx, &out)
		if err != nil {
			return 0, err
		}
		if out.Pause != nil {
			if err := o.waitOut(ctx, out.Pause, &looks); err != nil {
				return 0, err
			}
			continue
		}
		v := &o.result.Verify
		v.InStep += out.InStep
		v.InReview += out.InReview
		v.Failed += out.Failed
		v.Excluded += out.Excluded
		v.Parted += out.Parted
		differing += out.Differing
		o.verified += out.InStep + out.InReview + out.Failed + out.Excluded + out.Parted + out.Differing
		o.allowances = out.Allowances
		o.enter(ctx, o.phase)
		if out.Last == 0 {
			return differing, nil
		}
		after = out.Last
	}
}

// letIndexCatchUp waits until GoHighLevel's search shows what was written.
func (o *onboarding) letIndexCatchUp(ctx workflow.Context) error {
	o.enter(ctx, "let the search index catch up")
	lag := time.Duration(o.access.IndexLag * float64(time.Second))
	return workflow.NewTimerWithOptions(ctx, lag, workflow.TimerOptions{Summary: "GoHighLevel's search index lags behind writes"}).Get(ctx, nil)
}

// account counts what the ledger holds, and forgets what was staged.
func (o *onboarding) account(ctx workflow.Context) error {
	var counts record.Counts
	err := workflow.ExecuteActivity(ledgerCall(ctx, "Count links and writes"), contacts.CountContacts,
		activities.CountContactsInput{Connection: o.in.Connection, Origin: o.epoch}).Get(ctx, &counts)
	if err != nil {
		return err
	}
	o.result.Contacts.count(counts)
	o.enter(ctx, "done")
	return workflow.ExecuteActivity(ledgerCall(ctx, "Forget what was staged"), contacts.UnstageContacts,
		activities.ConnectionInput{Connection: o.in.Connection}).Get(ctx, nil)
}

// count takes in what the ledger holds of the kind.
func (a *KindAccount) count(c record.Counts) {
	a.Linked = c.Linked
	a.CreatedInGoHighLevel, a.CreatedInSalesforce = c.Created[record.GoHighLevel], c.Created[record.Salesforce]
	a.UpdatedInGoHighLevel, a.UpdatedInSalesforce = c.Updated[record.GoHighLevel], c.Updated[record.Salesforce]
	a.InReview, a.Failed, a.Excluded = c.States[record.LinkInReview], c.States[record.LinkFailed], c.States[record.LinkExcluded]
}
