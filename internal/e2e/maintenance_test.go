package e2e

import (
	"fmt"
	"testing"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestAScheduledMaintenanceFindsADeletionThatNothingToldOf(t *testing.T) {
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}},
		func(o *stack.Options) { o.NoWebhooks, o.SweepShards = true, 1 })
	s.Sandbox.Fill(sandbox.People{Both: 3, Seed: 5})
	s.connect(t, func(r *sandbox.RulesOptions) {
		r.IndexLag, r.Extra, r.Kinds = 300*time.Millisecond, quick, []record.Kind{record.Task}
	})
	s.startWorker(t)
	s.onboard(t)
	ada := s.pair(t, 0)
	id, err := s.Sandbox.GoHighLevel.CreateTask(gohighleveltest.Task{
		ContactID: ada.GoHighLevelID, Title: "Send the offer", DueDate: time.Date(2026, 12, 4, 9, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the task is in Salesforce", func() bool { return s.tasksOf(ada)["Send the offer"] != nil })
	s.quiet(t)

	// No poll tells of the deletion, as where a location has more tasks than one poll comes to.
	schedules := s.temporal.ScheduleClient()
	if err := schedules.GetHandle(t.Context(), workflows.SweepID(0)).Pause(t.Context(), client.SchedulePauseOptions{}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "no poll is under way", func() bool {
		return s.visible(t.Context(), fmt.Sprintf("Scenario = '%s' AND ExecutionStatus = 'Running'", workflows.ScenarioSweep)) == 0
	})
	if err := s.Sandbox.GoHighLevel.DeleteTask(id); err != nil {
		t.Fatal(err)
	}
	if err := schedules.GetHandle(t.Context(), workflows.MaintenanceShardID(0)).Trigger(t.Context(), client.ScheduleTriggerOptions{}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the deletion reaches Salesforce", func() bool { return len(s.tasksOf(ada)) == 0 })
	// It was maintenance that found it, and says so.
	s.becomes(t, "the report tells of one mark", func() bool {
		report, _, err := s.Store.LastMaintenance(t.Context(), connection)
		if err != nil || report == nil {
			return false
		}
		for _, part := range report.Parts {
			if part.Part == record.MaintainRecords {
				return part.Marked == 1
			}
		}
		return false
	})
}

// recordMaintenance records the maintenance of a shard, and one by hand.
func (r *recorder) recordMaintenance(t *testing.T) {
	all := r.execute(t, "maintenance/0", workflows.SearchAttributes(workflows.ScenarioMaintenance, connection),
		workflows.Maintenance, workflows.MaintenanceInput{Shard: 0, Shards: 1})
	r.record(t, all, "Maintenance", "of-a-shard", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	one := r.execute(t, workflows.MaintenanceID(connection), workflows.SearchAttributes(workflows.ScenarioMaintenance, connection),
		workflows.Maintenance, workflows.MaintenanceInput{Connection: connection, DryRun: true})
	r.record(t, one, "Maintenance", "dry-run", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}
