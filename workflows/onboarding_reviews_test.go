package workflows

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestAnOnboardingGivesReviewsTheirRunsAndTellsThoseWhoseReviewIsOver(t *testing.T) {
	for _, slow := range []bool{false, true} {
		t.Run(fmt.Sprintf("slow to attend: %v", slow), func(t *testing.T) {
			e := newEstate()
			e.slow = slow
			const n = 2*reviewsAtOnce + 5
			for id := range int64(n) {
				e.unattended = append(e.unattended, id+1)
				e.over = append(e.over, fmt.Sprintf("review/acme/%d", 900+id))
			}
			var told diary
			env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
				env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, "", SignalChanged, mock.Anything).Return(
					func(_, id, _, _ string, _ any) error {
						told.note(id)
						if id == "review/acme/901" {
							return errors.New("it has ended")
						}
						return nil
					})
			})
			succeeded(t, env, nil)
			for id := range n {
				same(t, "runs of a review", e.count(fmt.Sprintf("review %d", id+1)), 1)
				same(t, "times that a run was told", told.count(fmt.Sprintf("review/acme/%d", 900+id)), 1)
			}
			done := e.read()
			same(t, "the end", done[len(done)-2:], []string{"count for " + epoch, "unstage"})
		})
	}
}

func TestReviewsThatCannotBeListedFailTheOnboardingWithItsType(t *testing.T) {
	e := newEstate()
	e.listErr = refusal("", crm.Invalid)
	failed(t, e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) { marked(env, "Invalid") }), "Invalid")
	same(t, "forgettings", e.count("unstage"), 0)
}

func TestAnOnboardingThatBeganBeforeLiveSyncEndsWithoutRunsForReviews(t *testing.T) {
	e := newEstate()
	e.unattended = []int64{1}
	env := e.onboard(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.OnGetVersion(changeLiveSync, workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	})
	succeeded(t, env, nil)
	same(t, "looks for reviews", e.count("list reviews of acme"), 0)
}
