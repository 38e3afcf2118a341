package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// estate is a location and an org to be paired, as the activities of an Onboarding meet them.
type estate struct {
	diary
	state  sync.Mutex
	access activities.AccessReport
	// pages is how many calls it takes to read a side.
	pages map[record.Side]int
	reads map[string]int // calls so far, by epoch and side
	match record.MatchCounts
	// differing is what each pass's comparison finds; slices is in how many pieces it compares.
	differing []int
	slices    int
	passes    int
	counts    record.Counts
	bulk      []BulkSyncInput
	bulkErr   error
	lanes     map[string]crm.Lane // of each activity and child run, by name
	pauses    map[string]int      // how often an activity is stopped by a used-up day
	stageErr  error
	// unattended are the reviews that no run waits for, over the runs whose review is over; slow leaves the former listed
	// though they were given a run.
	unattended []int64
	slow       bool
	over       []string
	listErr    error
}

func newEstate() *estate {
	return &estate{
		access: activities.AccessReport{IndexLag: 60},
		pages:  map[record.Side]int{record.GoHighLevel: 3, record.Salesforce: 1}, reads: map[string]int{},
		match:     record.MatchCounts{Linked: 60, OnlyGoHighLevel: 20, OnlySalesforce: 10, InReview: 6, Excluded: 4, Pending: 90},
		differing: []int{0}, slices: 1, lanes: map[string]crm.Lane{}, pauses: map[string]int{},
		counts: record.Counts{
			Linked:  90,
			States:  map[record.LinkState]int{record.LinkInStep: 88, record.LinkInReview: 6, record.LinkFailed: 2, record.LinkExcluded: 4},
			Created: map[record.Side]int{record.GoHighLevel: 10, record.Salesforce: 20},
			Updated: map[record.Side]int{record.GoHighLevel: 3, record.Salesforce: 5},
		},
	}
}

func (e *estate) serve(env *testsuite.TestWorkflowEnvironment) {
	env.OnActivity(contacts.CheckAccess, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.ConnectionInput) (activities.AccessReport, error) {
			e.note("check access")
			return e.access, nil
		}).Maybe()
	env.OnActivity(contacts.StageContacts, mock.Anything, mock.Anything).Return(
		func(ctx context.Context, in activities.StageContactsInput) (activities.StageContactsResult, error) {
			e.state.Lock()
			defer e.state.Unlock()
			if p := e.paused(ctx, "read "+in.Epoch); p != nil {
				return activities.StageContactsResult{Pause: p}, nil
			}
			e.note("read " + string(in.Side))
			if e.stageErr != nil && in.Side == record.Salesforce {
				return activities.StageContactsResult{}, e.stageErr
			}
			key := in.Epoch + " " + string(in.Side)
			e.reads[key]++
			n := e.reads[key]
			return activities.StageContactsResult{Read: 40 * n, Total: -1, Done: n >= e.pages[in.Side]}, nil
		}).Maybe()
	env.OnActivity(contacts.MatchContacts, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.MatchContactsInput) (record.MatchCounts, error) {
			e.note(fmt.Sprintf("match, new only: %v", in.NewOnly))
			return e.match, nil
		}).Maybe()
	env.OnActivity(contacts.VerifyContacts, mock.Anything, mock.Anything).Return(
		func(ctx context.Context, in activities.VerifyContactsInput) (activities.VerifyContactsResult, error) {
			e.state.Lock()
			defer e.state.Unlock()
			if p := e.paused(ctx, "compare"); p != nil {
				return activities.VerifyContactsResult{Pause: p}, nil
			}
			e.note(fmt.Sprintf("compare after %d", in.After))
			slice := int(in.After)/in.Size + 1
			if slice < e.slices {
				return activities.VerifyContactsResult{Last: in.After + int64(in.Size), InStep: in.Size}, nil
			}
			d := e.differing[min(e.passes, len(e.differing)-1)]
			e.passes++
			return activities.VerifyContactsResult{InStep: 88 - d, InReview: 6, Failed: 2, Excluded: 4, Differing: d}, nil
		}).Maybe()
	env.OnActivity(contacts.CountContacts, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.CountContactsInput) (record.Counts, error) {
			e.note("count for " + in.Origin)
			return e.counts, nil
		}).Maybe()
	env.OnActivity(contacts.UnstageContacts, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.ConnectionInput) error {
			e.note("unstage")
			return nil
		}).Maybe()
	env.OnActivity(sweeps.GoLive, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.GoLiveInput) error {
			e.note("go live")
			if in.Begun.IsZero() {
				return errors.New("nobody says from when on to sweep")
			}
			return nil
		}).Maybe()
	env.OnActivity(reviews.ListReviewRuns, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.ListReviewRunsInput) (record.ReviewRuns, error) {
			e.note("list reviews of " + in.Connection)
			e.state.Lock()
			defer e.state.Unlock()
			return record.ReviewRuns{
				Unattended: slices.Clone(e.unattended[:min(in.Limit, len(e.unattended))]),
				Over:       slices.Clone(e.over[:min(in.Limit, len(e.over))]),
			}, e.listErr
		}).Maybe()
	env.OnWorkflow(Review, mock.Anything, mock.Anything).Return(
		func(_ workflow.Context, in ReviewInput) (record.Verdict, error) {
			e.note(fmt.Sprintf("review %d", in.ReviewID))
			e.state.Lock()
			defer e.state.Unlock()
			if !e.slow {
				e.unattended = slices.DeleteFunc(e.unattended, func(r int64) bool { return r == in.ReviewID })
			}
			return record.Verdict{}, nil
		}).Maybe()
	env.OnWorkflow(BulkSync, mock.Anything, mock.Anything).Return(
		func(ctx workflow.Context, in BulkSyncInput) (BulkSyncResult, error) {
			e.note("bulk sync")
			e.state.Lock()
			defer e.state.Unlock()
			e.lanes["bulk sync"] = activities.LaneOf(ctx)
			e.bulk = append(e.bulk, in)
			return BulkSyncResult{Done: in.Total}, e.bulkErr
		}).After(10 * time.Minute).Maybe()
}

// paused is the next pause of an activity, nil for none.
func (e *estate) paused(ctx context.Context, name string) *activities.Pause {
	e.lanes[name] = crm.LaneOf(ctx)
	if e.pauses[name] == 0 {
		return nil
	}
	e.pauses[name]--
	return &activities.Pause{Side: record.Salesforce, For: 15 * time.Minute, Lane: crm.LaneOf(ctx)}
}

func (e *estate) onboard(t *testing.T, prepare func(*testsuite.TestWorkflowEnvironment)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	env := newEnv(t)
	e.serve(env)
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow(Onboarding, OnboardingInput{Connection: "acme"})
	return env
}

// epoch names an onboarding by the run that was first started, to which the test environment gives no id, and by when
// it began to work.
const epoch = "@1795485000000"

func TestOnboardingReadsMatchesBackfillsAndVerifies(t *testing.T) {
	e := newEstate()
	var waits []time.Duration
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { waits = append(waits, d) })
	})
	var out OnboardingResult
	succeeded(t, env, &out)
	done := e.read()
	slices.Sort(done[1:5])  // both sides are read at once,
	slices.Sort(done[7:11]) // and again to verify
	reads := []string{"read gohighlevel", "read gohighlevel", "read gohighlevel", "read salesforce"}
	same(t, "calls", done, slices.Concat(
		[]string{"check access"}, reads, []string{"match, new only: false", "bulk sync"},
		reads, []string{"match, new only: true", "compare after 0", "list reviews of acme", "go live", "count for " + epoch, "unstage"},
	))
	same(t, "bulk sync", e.bulk, []BulkSyncInput{{Connection: "acme", Kind: record.Contact, Epoch: epoch + "-1", Origin: epoch, Total: 90, Stays: true}})
	if !slices.Contains(waits, time.Minute) {
		t.Errorf("the search index was not waited for: %v", waits)
	}
	same(t, "result", out, OnboardingResult{
		Connection: "acme",
		Contacts: KindAccount{
			GoHighLevel: 120, Salesforce: 40, Linked: 90, CreatedInGoHighLevel: 10, CreatedInSalesforce: 20,
			UpdatedInGoHighLevel: 3, UpdatedInSalesforce: 5, InReview: 6, Failed: 2, Excluded: 4,
		},
		Verify:   VerifyAccount{InStep: 88, InReview: 6, Failed: 2, Excluded: 4},
		BulkRuns: []string{"bulk/acme/contact/" + epoch + "-1"},
	})
	same(t, "phase in the end", progressOf(t, env).Phase, "done")
}

func TestMissingAccessStopsAnOnboardingBeforeAnythingElse(t *testing.T) {
	e := newEstate()
	e.access.Problems = []string{"Salesforce: no field Plan__c", "GoHighLevel: the token lacks contacts.write"}
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "NeedsAccess") })
	err := failed(t, env, "NeedsAccess")
	for _, want := range append(e.access.Problems, "nothing was written") {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	var p activities.Problem
	if detail := err.Details(&p); detail != nil || p.Class != crm.Person {
		t.Errorf("the error's detail is %+v (%v)", p, detail)
	}
	same(t, "calls", e.read(), []string{"check access"})
}

func TestWhatDiffersIsSyncedAgainUntilNothingDoes(t *testing.T) {
	e := newEstate()
	e.differing = []int{7, 0}
	var out OnboardingResult
	succeeded(t, e.onboard(t, nil), &out)
	same(t, "comparisons", e.passes, 2)
	var totals []int
	var epochs []string
	for _, in := range e.bulk {
		totals, epochs = append(totals, in.Total), append(epochs, in.Epoch)
	}
	same(t, "contacts to sync", totals, []int{90, 7})
	same(t, "epochs", epochs, []string{epoch + "-1", epoch + "-2"})
	same(t, "bulk runs", len(out.BulkRuns), 2)
	same(t, "verified", out.Verify, VerifyAccount{InStep: 88, InReview: 6, Failed: 2, Excluded: 4})
	same(t, "matches to verify", e.count("match, new only: true"), 1)
}

func TestWhatStillDiffersAfterTheLastPassIsDrift(t *testing.T) {
	e := newEstate()
	e.differing = []int{9, 5, 2, 1}
	var out OnboardingResult
	succeeded(t, e.onboard(t, nil), &out)
	same(t, "bulk runs", len(out.BulkRuns), passes)
	same(t, "comparisons", e.passes, passes)
	same(t, "verified", out.Verify, VerifyAccount{InStep: 86, InReview: 6, Failed: 2, Excluded: 4, Drift: 2})
}

func TestAComparisonInSlicesCountsEveryLinkOnce(t *testing.T) {
	e := newEstate()
	e.slices, e.differing = 3, []int{1, 0}
	var out OnboardingResult
	succeeded(t, e.onboard(t, nil), &out)
	for pass := range 2 {
		from := slices.Index(e.read(), "compare after 0") + pass*4
		if pass == 0 {
			same(t, "slices", e.read()[from:from+3], []string{"compare after 0", "compare after 1000", "compare after 2000"})
		}
	}
	same(t, "verified", out.Verify, VerifyAccount{InStep: 2*verifySize + 88, InReview: 6, Failed: 2, Excluded: 4})
}

func TestAFailedReadingFailsTheOnboardingWithItsType(t *testing.T) {
	e := newEstate()
	e.stageErr = refusal(record.Salesforce, crm.NeedsReconnect)
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "NeedsReconnect") })
	failed(t, env, "NeedsReconnect")
	same(t, "matches", e.count("match, new only: false"), 0)
}

func TestAFailedBulkSyncFailsTheOnboardingWithItsType(t *testing.T) {
	e := newEstate()
	e.bulkErr = temporal.NewNonRetryableApplicationError("gone", "NeedsReconnect", nil, activities.Problem{Kind: crm.NeedsReconnect})
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "NeedsReconnect") })
	var p activities.Problem
	if err := failed(t, env, "NeedsReconnect").Details(&p); err != nil || p.Kind != crm.NeedsReconnect {
		t.Errorf("the error's detail is %+v (%v)", p, err)
	}
	same(t, "comparisons", e.passes, 0)
}

func TestAnOnboardingTellsHowFarItHasCome(t *testing.T) {
	e := newEstate()
	e.differing = []int{3, 0}
	seen := map[string]Progress{}
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
		for _, at := range []time.Duration{5 * time.Minute, 10*time.Minute + 30*time.Second, 15 * time.Minute} {
			env.RegisterDelayedCallback(func() {
				p := progressOf(t, env)
				seen[fmt.Sprint(at)] = p
			}, at)
		}
	})
	succeeded(t, env, nil)
	read := []KindCounter{
		{What: "read from gohighlevel", Done: 120, Total: 120}, {What: "read from salesforce", Done: 40, Total: 40},
	}
	same(t, "first pass", seen["5m0s"], Progress{Phase: "backfill", Kinds: read, Child: "bulk/acme/contact/" + epoch + "-1"})
	same(t, "waiting", seen["10m30s"], Progress{Phase: "let the search index catch up", Kinds: read})
	verified := append(slices.Clone(read), KindCounter{What: "links verified", Done: 100, Total: 100})
	same(t, "second pass", seen["15m0s"], Progress{Phase: "backfill", Kinds: verified, Child: "bulk/acme/contact/" + epoch + "-2"})
}

func TestAnOnboardingCallsInTheBackfillLaneAndComparesInTheVerifyLane(t *testing.T) {
	e := newEstate()
	succeeded(t, e.onboard(t, nil), nil)
	same(t, "lanes", e.lanes, map[string]crm.Lane{
		"read " + epoch: crm.LaneBackfill, "bulk sync": crm.LaneBackfill,
		"read " + epoch + "/verify": crm.LaneVerify, "compare": crm.LaneVerify,
	})
}

func TestAnOnboardingWaitsOutAUsedUpDayAndGoesOnWhereItStopped(t *testing.T) {
	e := newEstate()
	e.slices = 2
	e.pauses = map[string]int{"read " + epoch: 3, "compare": 2}
	notes := map[string]bool{}
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
		for at := time.Minute; at < 2*time.Hour; at += 5 * time.Minute {
			env.RegisterDelayedCallback(func() { notes[progressOf(t, env).Paused] = true }, at)
		}
	})
	var out OnboardingResult
	succeeded(t, env, &out)
	same(t, "verified", out.Verify, VerifyAccount{InStep: verifySize + 88, InReview: 6, Failed: 2, Excluded: 4})
	same(t, "read", out.Contacts.GoHighLevel, 120)
	if !notes["Salesforce's daily allowance: backfill goes on at 02:05 UTC"] {
		t.Errorf("it said %v", notes)
	}
}

func TestAnOnboardingWithoutAConnectionIsInvalid(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(Onboarding, OnboardingInput{})
	failed(t, env, TypeInvalidInput)
}
