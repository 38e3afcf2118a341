package workflows

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func excluded(n int) []activities.DifferenceCount {
	return []activities.DifferenceCount{{FieldDifference: activities.FieldDifference{Kind: activities.NowExcluded}, Links: n}}
}

// threeSlices answers PlanRules for three slices of links, each with one that differs.
func threeSlices(d *diary) func(context.Context, activities.PlanRulesInput) (activities.PlanRulesResult, error) {
	return func(_ context.Context, in activities.PlanRulesInput) (activities.PlanRulesResult, error) {
		d.note("plan")
		out := activities.PlanRulesResult{Last: in.After + 10, Found: activities.RulesDifference{
			Looked: 10, Compared: 9, Differing: 1, Counts: excluded(1),
		}}
		if in.Samples > 0 {
			out.Found.Samples = []activities.DifferenceSample{{LinkID: in.After + 1}}
		}
		if in.After == 20 {
			out.Last = 0
		}
		return out, nil
	}
}

func TestRulesAreComparedLinkByLinkToTheEnd(t *testing.T) {
	env := newEnv(t)
	d := &diary{}
	env.OnActivity(contacts.PlanRules, mock.Anything, mock.Anything).Return(threeSlices(d))
	env.ExecuteWorkflow(PlanRules, PlanRulesInput{Connection: "acme", Rules: "text", Samples: 2, Total: 25})
	var out activities.RulesDifference
	succeeded(t, env, &out)
	same(t, "what differs", out, activities.RulesDifference{
		Looked: 30, Compared: 27, Differing: 3, Counts: excluded(3),
		Samples: []activities.DifferenceSample{{LinkID: 1}, {LinkID: 11}},
	})
	same(t, "slices", d.count("plan"), 3)
	same(t, "progress", progressOf(t, env).Kinds, []KindCounter{{What: "links decided twice", Done: 30, Total: 30}})
}

func TestAComparisonOfRulesGoesOnInANewRunWithWhatItFound(t *testing.T) {
	env := newEnv(t)
	env.SetContinueAsNewSuggested(true)
	env.OnActivity(contacts.PlanRules, mock.Anything, mock.Anything).Return(threeSlices(&diary{}))
	env.ExecuteWorkflow(PlanRules, PlanRulesInput{Connection: "acme", Rules: "text", Samples: 1})
	var next *workflow.ContinueAsNewError
	if err := env.GetWorkflowError(); !errors.As(err, &next) {
		t.Fatalf("the run ended with %v, want it to continue", err)
	}
	same(t, "workflow", next.WorkflowType.Name, "PlanRules")
}

func TestRulesThatDoNotLoadFailTheComparison(t *testing.T) {
	env := newEnv(t)
	marked(env, string(crm.Invalid))
	env.OnActivity(contacts.PlanRules, mock.Anything, mock.Anything).Return(activities.PlanRulesResult{}, refusal("", crm.Invalid))
	env.ExecuteWorkflow(PlanRules, PlanRulesInput{Connection: "acme", Rules: "text"})
	failed(t, env, string(crm.Invalid))
}

func TestExplainReturnsWhatTheWorkerSealed(t *testing.T) {
	env := newEnv(t)
	env.OnActivity(contacts.ExplainContact, mock.Anything, activities.ExplainContactInput{Connection: "acme", LinkID: 7}).
		Return(activities.Sealed("sealed"), nil)
	env.ExecuteWorkflow(Explain, ExplainInput{Connection: "acme", LinkID: 7})
	var out activities.Sealed
	succeeded(t, env, &out)
	same(t, "explanation", string(out), "sealed")
}

func TestExplainOfALinkThatIsNotThereFailsForGood(t *testing.T) {
	env := newEnv(t)
	marked(env, string(crm.NotFound))
	env.OnActivity(contacts.ExplainContact, mock.Anything, mock.Anything).Return(nil, refusal("", crm.NotFound))
	env.ExecuteWorkflow(Explain, ExplainInput{Connection: "acme", LinkID: 7})
	failed(t, env, string(crm.NotFound))
}

func TestInputsOfPeoplesRunsAreCheckedFirst(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(Explain, ExplainInput{Connection: "acme"})
	failed(t, env, TypeInvalidInput)
	env = newEnv(t)
	env.ExecuteWorkflow(PlanRules, PlanRulesInput{Samples: -1})
	failed(t, env, TypeInvalidInput)
}

func TestABulkSyncThatIsToDecideAllAnewMarksAllFirst(t *testing.T) {
	env := newEnv(t)
	d := &diary{}
	env.OnActivity(contacts.MarkAllContacts, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.MarkAllContactsInput) (activities.MarkAllContactsResult, error) {
			d.note("mark")
			if in.After == 0 {
				return activities.MarkAllContactsResult{Last: 2000, Marked: 1900}, nil
			}
			same(t, "slice", in, activities.MarkAllContactsInput{Connection: "acme", After: 2000, Size: markSize})
			return activities.MarkAllContactsResult{Marked: 7}, nil
		})
	env.OnActivity(contacts.SyncContacts, mock.Anything, mock.Anything).Return(
		func(context.Context, activities.SyncRecordsInput) (activities.SyncRecordsResult, error) {
			d.note("sync")
			return activities.SyncRecordsResult{}, nil
		})
	env.OnActivity(contacts.ListRecordLane, mock.Anything, mock.Anything).Return([]int64{}, nil)
	origin := RulesOrigin(3)
	env.ExecuteWorkflow(BulkSync, BulkSyncInput{Connection: "acme", Kind: record.Contact, Epoch: origin, Origin: origin, MarkAll: true})
	succeeded(t, env, nil)
	same(t, "what was done first", d.read()[:2], []string{"mark", "mark"})
	same(t, "marks", d.count("mark"), 2)
	same(t, "total", progressOf(t, env).Kinds[0].Total, 1907)
}
