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
	r.RegisterWorkflow(TaskSync)
	r.RegisterWorkflow(NoteSync)
	r.RegisterWorkflow(AppointmentSync)
	r.RegisterWorkflow(CheckConnection)
	r.RegisterWorkflow(SyncChanges)
	r.RegisterWorkflow(Review)
	r.RegisterWorkflow(Sweep)
	r.RegisterWorkflow(Explain)
	r.RegisterWorkflow(Timeline)
	r.RegisterWorkflow(PlanRules)
	r.RegisterWorkflow(PlanOnboarding)
	r.RegisterWorkflow(NoteToTask)
	r.RegisterWorkflow(Maintenance)
	r.RegisterWorkflow(Verify)
}

// Ledger is all that the activities need to remember.
type Ledger interface {
	activities.Ledger
	activities.SweepLedger
	activities.NoteLedger
	activities.MaintenanceLedger
	activities.VerifyLedger
}

// RegisterActivities makes the activities known to a worker or a test environment.
func RegisterActivities(r worker.ActivityRegistry, connections activities.Connections, ledger Ledger, bell activities.Doorbell) {
	r.RegisterActivity(&activities.GoHighLevel{Connections: connections})
	r.RegisterActivity(&activities.Salesforce{Connections: connections})
	r.RegisterActivity(&activities.Contacts{Connections: connections, Ledger: ledger})
	r.RegisterActivity(&activities.Records{Connections: connections, Ledger: ledger})
	r.RegisterActivity(&activities.Verifications{Connections: connections, Ledger: ledger, Bell: bell})
	r.RegisterActivity(&activities.NoteTasks{Connections: connections, Ledger: ledger})
	r.RegisterActivity(&activities.Reviews{Connections: connections, Ledger: ledger, Bell: bell})
	r.RegisterActivity(&activities.Sweeps{Connections: connections, Ledger: ledger, Bell: bell})
	r.RegisterActivity(&activities.Maintenance{Connections: connections, Ledger: ledger, Bell: bell})
}

// The activities by name, for ExecuteActivity.
var (
	goHighLevel *activities.GoHighLevel
	salesforce  *activities.Salesforce
	contacts    *activities.Contacts
	records     *activities.Records
	reviews     *activities.Reviews
	sweeps      *activities.Sweeps
	noteTasks   *activities.NoteTasks
	maintenance *activities.Maintenance
	verifying   *activities.Verifications
)
