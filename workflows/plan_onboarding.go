package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
)

// PlanOnboarding tells, without writing anything, what an onboarding would take: what there is on both sides, how many API
// calls of each, which share of a day's allowance, and how long the vendors' limits make it take.
func PlanOnboarding(ctx workflow.Context, in OnboardingInput) (activities.OnboardingPlan, error) {
	var plan activities.OnboardingPlan
	if err := in.Validate(); err != nil {
		return plan, invalidInput(err)
	}
	err := workflow.ExecuteActivity(bulkCall(ctx, "Count what both sides hold"), contacts.PlanOnboarding,
		activities.ConnectionInput{Connection: in.Connection}).Get(ctx, &plan)
	return plan, permanent(ctx, err)
}
