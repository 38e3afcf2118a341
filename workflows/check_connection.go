package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
)

// CheckConnection tries everything that a connection's rules need on both sides, without writing anything.
func CheckConnection(ctx workflow.Context, in CheckConnectionInput) (activities.AccessReport, error) {
	var report activities.AccessReport
	if err := needConnection(in.Connection); err != nil {
		return report, invalidInput(err)
	}
	err := workflow.ExecuteActivity(vendorCall(ctx, "Check access and fields on both sides"),
		contacts.CheckAccess, activities.ConnectionInput{Connection: in.Connection}).Get(ctx, &report)
	return report, err
}
