package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
)

// CheckConnection tries everything that a connection's rules need on both sides. It writes nothing, save that it creates
// custom fields that are missing where it is asked to.
func CheckConnection(ctx workflow.Context, in CheckConnectionInput) (activities.AccessReport, error) {
	var report activities.AccessReport
	if err := needConnection(in.Connection); err != nil {
		return report, invalidInput(err)
	}
	var fixed activities.CreatedFields
	if in.Fix {
		err := workflow.ExecuteActivity(vendorCall(ctx, "Create custom fields that are missing"),
			contacts.CreateMissingFields, activities.CreateFieldsInput{Connection: in.Connection, PermissionSet: in.PermissionSet}).Get(ctx, &fixed)
		if err != nil {
			return report, err
		}
	}
	err := workflow.ExecuteActivity(vendorCall(ctx, "Check access and fields on both sides"),
		contacts.CheckAccess, activities.ConnectionInput{Connection: in.Connection}).Get(ctx, &report)
	report.Created, report.CreatedInSalesforce, report.Notes = fixed.Created, fixed.CreatedInSalesforce, append(report.Notes, fixed.Notes...)
	return report, err
}
