package workflows

import (
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestATimelineIsReadByOneActivityAndReturnedSealed(t *testing.T) {
	env := newEnv(t)
	env.OnActivity(records.ReadTimeline, mock.Anything, activities.TimelineInput{Connection: "acme", LinkID: 7}).
		Return(activities.Sealed("sealed"), nil).Once()
	env.ExecuteWorkflow(Timeline, TimelineInput{Connection: "acme", LinkID: 7})
	var out activities.Sealed
	succeeded(t, env, &out)
	same(t, "timeline", string(out), "sealed")
}

func TestATimelineOfNobodyFailsWithItsKind(t *testing.T) {
	env := newEnv(t)
	env.OnActivity(records.ReadTimeline, mock.Anything, mock.Anything).Return(nil, refusal(record.GoHighLevel, crm.NotFound))
	env.ExecuteWorkflow(Timeline, TimelineInput{Connection: "acme", LinkID: 7})
	failed(t, env, string(crm.NotFound))
}

func TestATimelineWithoutAContactIsInvalid(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(Timeline, TimelineInput{Connection: "acme"})
	failed(t, env, TypeInvalidInput)
}

func TestAnExplanationNamesItsKindUnlessItIsAContact(t *testing.T) {
	for _, kind := range []record.Kind{"", record.Task} {
		env := newEnv(t)
		env.OnActivity(contacts.ExplainContact, mock.Anything, activities.ExplainContactInput{Connection: "acme", Kind: kind, LinkID: 7}).
			Return(activities.Sealed("sealed"), nil).Once()
		env.ExecuteWorkflow(Explain, ExplainInput{Connection: "acme", Kind: kind, LinkID: 7})
		succeeded(t, env, nil)
	}
}
