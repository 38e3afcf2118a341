package workflows

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestMaintenanceLooksAfterItsShardAndTellsRunsWhoseReviewIsOver(t *testing.T) {
	env := newEnv(t)
	calls := 0
	env.OnActivity(maintenance.MaintainShard, mock.Anything, activities.MaintainShardInput{Shard: 2, Shards: 4}).Return(
		func(ctx context.Context, _ activities.MaintainShardInput) (activities.MaintenanceResult, error) {
			same(t, "lane", crm.LaneOf(ctx), crm.LaneMaintenance)
			if calls++; calls < 3 {
				return activities.MaintenanceResult{}, refusal(record.Salesforce, crm.Unavailable)
			}
			return activities.MaintenanceResult{
				Maintained: 7, Troubled: 1, Totals: []record.MaintenanceCounts{{Part: record.MaintainRecords, Looked: 90, Marked: 2}},
				Over: []string{"review/acme/1", "review/acme/2"},
			}, nil
		})
	var told diary
	env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, "", SignalChanged, mock.Anything).Return(
		func(_, id, _, _ string, _ any) error {
			told.note(id)
			return errors.New("it has ended")
		})
	env.OnActivity(verifying.DueVerifications, mock.Anything, activities.DueVerificationsInput{Shard: 2, Shards: 4, Limit: verifiedAtOnce}).
		Return([]string{"acme", "bolt"}, nil)
	env.OnWorkflow(Verify, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in VerifyInput) (record.Certificate, error) {
		told.note("verify " + in.Connection)
		same(t, "kinds and repair", in, VerifyInput{Connection: in.Connection})
		return record.Certificate{}, nil
	}).After(time.Hour) // it outlives the run
	env.ExecuteWorkflow(Maintenance, MaintenanceInput{Shard: 2, Shards: 4})
	var out activities.MaintenanceResult
	succeeded(t, env, &out)
	same(t, "maintained", out.Maintained, 7)
	same(t, "attempts", calls, 3)
	same(t, "comparisons", told.count("verify acme")+told.count("verify bolt"), 2)
	same(t, "told", told.count("review/acme/1")+told.count("review/acme/2"), 2)
}

func TestAPersonsMaintenanceIsOfOneConnectionAndFailsForGoodWhereThereIsNone(t *testing.T) {
	in := activities.MaintainConnectionInput{Connection: "acme", DryRun: true, Confirm: true}
	report := record.MaintenanceReport{Connection: "acme", DryRun: true, Parts: []record.MaintenanceCounts{}}
	env := newEnv(t)
	env.OnActivity(maintenance.MaintainConnection, mock.Anything, in).Return(activities.MaintenanceResult{Maintained: 1, Report: &report}, nil)
	env.ExecuteWorkflow(Maintenance, MaintenanceInput{Connection: "acme", DryRun: true, Confirm: true})
	var out activities.MaintenanceResult
	succeeded(t, env, &out)
	same(t, "report", *out.Report, report)

	env = newEnv(t)
	env.OnActivity(maintenance.MaintainConnection, mock.Anything, mock.Anything).Return(activities.MaintenanceResult{}, refusal("", crm.Invalid))
	marked(env, "Invalid")
	env.ExecuteWorkflow(Maintenance, MaintenanceInput{Connection: "acme"})
	failed(t, env, "Invalid")
}

func TestMaintenanceOfNothingIsInvalid(t *testing.T) {
	for _, in := range []MaintenanceInput{{}, {Shards: 4, DryRun: true}, {Connection: "acme", Shards: 4}} {
		env := newEnv(t)
		env.ExecuteWorkflow(Maintenance, in)
		failed(t, env, TypeInvalidInput)
	}
}
