package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
)

// header is what a run is started with.
type header map[string]*common.Payload

func (h header) Set(key string, p *common.Payload) { h[key] = p }

// laneSeen is an activity that tells its lane.
func laneSeen(ctx context.Context) (crm.Lane, error) { return crm.LaneOf(ctx), nil }

// lanesSeen is a workflow that tells the lane of an activity of its own, and of one of a child that chose nothing.
func lanesSeen(ctx workflow.Context, lane crm.Lane, child bool) (seen []crm.Lane, err error) {
	ctx = activities.InLane(ctx, lane)
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var own crm.Lane
	if err := workflow.ExecuteActivity(ctx, laneSeen).Get(ctx, &own); err != nil || !child {
		return []crm.Lane{own}, err
	}
	err = workflow.ExecuteChildWorkflow(ctx, lanesSeen, "", false).Get(ctx, &seen)
	return append([]crm.Lane{own}, seen...), err
}

func TestALaneTravelsFromTheStartToActivitiesAndChildren(t *testing.T) {
	for _, c := range []struct {
		what            string
		started, chosen crm.Lane
		want            crm.Lane
	}{
		{"nobody chose", "", "", crm.LaneLive},
		{"whoever started it chose", crm.LaneHuman, "", crm.LaneHuman},
		{"the workflow chose", crm.LaneHuman, crm.LaneVerify, crm.LaneVerify},
		{"the workflow chose what is no lane", crm.LaneHuman, "fast", crm.LaneHuman},
	} {
		t.Run(c.what, func(t *testing.T) {
			h := header{}
			for _, p := range activities.Propagators() {
				require.NoError(t, p.Inject(crm.WithLane(t.Context(), c.started), h))
			}
			var suite testsuite.WorkflowTestSuite
			suite.SetContextPropagators(activities.Propagators())
			suite.SetHeader(&common.Header{Fields: h})
			env := suite.NewTestWorkflowEnvironment()
			env.RegisterWorkflow(lanesSeen)
			env.RegisterActivity(laneSeen)
			env.ExecuteWorkflow(lanesSeen, c.chosen, true)
			require.NoError(t, env.GetWorkflowError())
			var seen []crm.Lane
			require.NoError(t, env.GetWorkflowResult(&seen))
			require.Equal(t, []crm.Lane{c.want, c.want}, seen)
		})
	}
}

func TestALaneThatANewerVersionKnowsIsIgnored(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetContextPropagators(activities.Propagators())
	env.SetHeader(&common.Header{Fields: header{"tandem-lane": {Data: []byte("express")}}})
	env.RegisterActivity(laneSeen)
	out, err := env.ExecuteActivity(laneSeen)
	require.NoError(t, err)
	var seen crm.Lane
	require.NoError(t, out.Get(&seen))
	require.Equal(t, crm.LaneLive, seen)
}
