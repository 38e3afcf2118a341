package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// PlanRules tells, without writing anything, how many links other rules would decide otherwise than the rules in force. It
// continues as a new run when its history grows long.
func PlanRules(ctx workflow.Context, in PlanRulesInput) (activities.RulesDifference, error) {
	if err := in.Validate(); err != nil {
		return activities.RulesDifference{}, invalidInput(err)
	}
	var allowances map[record.Side]activities.Allowance
	err := workflow.SetQueryHandler(ctx, QueryProgress, func() (Progress, error) {
		return Progress{
			Phase: "compare rules", Allowances: allowances,
			Kinds: []KindCounter{{What: "links decided twice", Done: in.Found.Looked, Total: max(in.Total, in.Found.Looked)}},
		}, nil
	})
	if err != nil {
		return activities.RulesDifference{}, err
	}
	for {
		var out activities.PlanRulesResult
		err := workflow.ExecuteActivity(bulkCall(ctx, fmt.Sprintf("Decide %s under both rules", count(batchSize, "link"))), contacts.PlanRules,
			activities.PlanRulesInput{
				Connection: in.Connection, Rules: in.Rules, After: in.After, Size: batchSize, Samples: in.Samples - len(in.Found.Samples),
			}).Get(ctx, &out)
		if err != nil {
			return activities.RulesDifference{}, permanent(ctx, err)
		}
		in.Found.Add(out.Found, in.Samples)
		allowances = out.Allowances
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("| links | of | compared | differing |\n|---|---|---|---|\n| %d | %d | %d | %d |\n",
			in.Found.Looked, max(in.Total, in.Found.Looked), in.Found.Compared, in.Found.Differing))
		if out.Last == 0 {
			return in.Found, nil
		}
		in.After = out.Last
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return activities.RulesDifference{}, workflow.NewContinueAsNewError(ctx, PlanRules, in)
		}
	}
}
