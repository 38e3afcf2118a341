package workflows

import (
	"go.temporal.io/sdk/worker"

	"github.com/tandem-sync/tandem/activities"
)

// Register makes the workflows known to a worker, a test environment or a replayer.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(Onboarding)
	r.RegisterWorkflow(BulkSync)
	r.RegisterWorkflow(ContactSync)
	r.RegisterWorkflow(CheckConnection)
}

// RegisterActivities makes the activities known to a worker or a test environment.
func RegisterActivities(r worker.ActivityRegistry, connections activities.Connections, ledger activities.Ledger) {
	r.RegisterActivity(&activities.GoHighLevel{Connections: connections})
	r.RegisterActivity(&activities.Salesforce{Connections: connections})
	r.RegisterActivity(&activities.Contacts{Connections: connections, Ledger: ledger})
}

// The activities by name, for ExecuteActivity.
var (
	goHighLevel *activities.GoHighLevel
	salesforce  *activities.Salesforce
	contacts    *activities.Contacts
)
