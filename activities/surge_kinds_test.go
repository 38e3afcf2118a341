package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestAWaveOfDeletedTasksGetsARunInWhichItWaits(t *testing.T) {
	w := newWorld(t, setting{rules: allKinds, editRules: func(r string) string {
		return strings.Replace(r, "tasks:\n", "tasks:\n  deletions: {surge: {count: 1, share: 0%, window: 1h}}\n", 1)
	}})
	g, _ := w.couple("Lovelace", "ada@example.com")
	var tasks []record.Link
	for i := range 3 {
		tasks = append(tasks, w.taskSync(w.addTask(g, fmt.Sprintf("Send contract %d", i), time.Date(2031, 6, 2+i, 15, 0, 0, 0, time.UTC)), g))
	}
	for _, task := range tasks {
		require.NoError(t, w.sf.Delete("Task", task.SalesforceID))
	}
	for _, task := range tasks {
		in := workflows.RecordSyncInput{Connection: acme, LinkID: task.ID}
		env := w.run(workflows.RecordSyncID(record.Task, in))
		env.ExecuteWorkflow(workflows.TaskSync, in)
		require.NoError(t, env.GetWorkflowError())
	}
	waves := w.reviews()
	require.Len(t, waves, 1)
	require.Equal(t, record.Task, waves[0].Kind)
	require.Equal(t, record.ReviewDeletionWave, waves[0].Reason)
	require.Equal(t, []int64{waves[0].ID}, w.plan().Reviews)
	require.Len(t, do[record.ReviewRuns](w, w.onReviews().ListReviewRuns, activities.ListReviewRunsInput{Connection: acme, Limit: 10}).Unattended, 1)
}
