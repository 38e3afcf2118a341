package workflows

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// serveKinds answers for the kinds beside contacts, of which match says how many are to be synced.
func (e *estate) serveKinds(env *testsuite.TestWorkflowEnvironment, match map[record.Kind]int) {
	env.OnActivity(records.StageRecords, mock.Anything, mock.Anything).Return(
		func(ctx context.Context, in activities.StageRecordsInput) (activities.StageRecordsResult, error) {
			e.state.Lock()
			defer e.state.Unlock()
			if p := e.paused(ctx, "read "+string(in.Kind)); p != nil {
				return activities.StageRecordsResult{Pause: p, Read: 5}, nil
			}
			e.note("read " + string(in.Kind) + " of " + string(in.Side))
			return activities.StageRecordsResult{Read: 10, Total: -1, Done: true}, nil
		}).Maybe()
	env.OnActivity(records.MatchRecords, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.MatchRecordsInput) (record.MatchCounts, error) {
			e.note("match " + string(in.Kind))
			return record.MatchCounts{Pending: match[in.Kind]}, nil
		}).Maybe()
	env.OnActivity(records.CountRecords, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.CountRecordsInput) (record.Counts, error) {
			e.note("count " + string(in.Kind) + " for " + in.Origin)
			return record.Counts{Linked: 9, States: map[record.LinkState]int{record.LinkInStep: 9, record.LinkExcluded: 1}}, nil
		}).Maybe()
	env.OnActivity(verifying.VerifyRecords, mock.Anything, mock.Anything).Return(
		func(ctx context.Context, in activities.VerifyRecordsInput) (activities.VerifyRecordsResult, error) {
			e.state.Lock()
			defer e.state.Unlock()
			if p := e.paused(ctx, "compare "+string(in.Kind)); p != nil {
				return activities.VerifyRecordsResult{Pause: p}, nil
			}
			e.note("compare " + string(in.Kind))
			if !in.Repair {
				e.note("and leave what differs")
			}
			if in.Kind == record.Task && in.After == 0 {
				return activities.VerifyRecordsResult{Last: 7, Verified: record.Verified{InStep: 6, Drift: 1}}, nil
			}
			return activities.VerifyRecordsResult{Verified: record.Verified{InStep: 3}}, nil
		}).Maybe()
	env.OnActivity(records.UnstageRecords, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.KindInput) error {
			e.note("unstage " + string(in.Kind))
			return nil
		}).Maybe()
}

func TestAnOnboardingTakesTheOtherKindsOnceTheirContactsAreInStepAndNotesLast(t *testing.T) {
	e := newEstate()
	e.access.Kinds = []record.Kind{record.Task, record.Note, record.Appointment}
	e.pauses["read note"], e.pauses["compare task"] = 2, 1
	var out OnboardingResult
	succeeded(t, e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
		e.serveKinds(env, map[record.Kind]int{record.Task: 30, record.Note: 20})
	}), &out)
	var order []string
	for _, line := range e.read() {
		if strings.HasPrefix(line, "match") || strings.HasPrefix(line, "bulk") || strings.HasPrefix(line, "count") || strings.HasPrefix(line, "unstage") || strings.HasPrefix(line, "compare") || strings.HasPrefix(line, "and") || line == "go live" {
			order = append(order, line)
		}
	}
	same(t, "order", order, []string{
		"match, new only: false", "bulk sync", "match, new only: true", "compare after 0",
		"match task", "bulk sync", "compare task", "compare task", "count task for " + epoch, "unstage task",
		"match appointment", "compare appointment", "count appointment for " + epoch, "unstage appointment",
		"match note", "bulk sync", "count note for " + epoch, "unstage note",
		"go live", "count for " + epoch, "unstage",
	})
	same(t, "the lane of a comparison", e.lanes["compare task"], crm.LaneVerify)
	var synced []record.Kind
	for _, in := range e.bulk {
		synced = append(synced, in.Kind)
		same(t, "origin", in.Origin, epoch)
	}
	same(t, "bulk runs", synced, []record.Kind{record.Contact, record.Task, record.Note})
	same(t, "accounts", out.Kinds, map[record.Kind]KindAccount{
		record.Task:        {GoHighLevel: 10, Salesforce: 10, Linked: 9, Excluded: 1, Drift: 1},
		record.Note:        {GoHighLevel: 10, Salesforce: 10, Linked: 9, Excluded: 1},
		record.Appointment: {GoHighLevel: 10, Salesforce: 10, Linked: 9, Excluded: 1},
	})
	if !slices.Contains(out.BulkRuns, "bulk/acme/note/"+epoch+"-1") {
		t.Errorf("the runs do not name that of the notes: %v", out.BulkRuns)
	}
}
