package workflows

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestCheckConnectionReportsWhatIsMissingOnceTheVendorsAnswer(t *testing.T) {
	env := newEnv(t)
	calls := 0
	env.OnActivity(contacts.CheckAccess, mock.Anything, activities.ConnectionInput{Connection: "acme"}).Return(
		func(context.Context, activities.ConnectionInput) (activities.AccessReport, error) {
			if calls++; calls < 3 {
				return activities.AccessReport{}, refusal(record.Salesforce, crm.Unavailable)
			}
			return activities.AccessReport{Problems: []string{"no such field"}, IndexLag: 3}, nil
		})
	env.ExecuteWorkflow(CheckConnection, CheckConnectionInput{Connection: "acme"})
	var out activities.AccessReport
	succeeded(t, env, &out)
	same(t, "report", out, activities.AccessReport{Problems: []string{"no such field"}, IndexLag: 3})
	same(t, "attempts", calls, 3)
}

func TestACheckWithoutAConnectionIsInvalid(t *testing.T) {
	env := newEnv(t)
	env.ExecuteWorkflow(CheckConnection, CheckConnectionInput{})
	failed(t, env, TypeInvalidInput)
}

func TestACheckCreatesWhatIsMissingOnlyWhereItIsAskedTo(t *testing.T) {
	for _, fix := range []bool{false, true} {
		env := newEnv(t)
		created := 0
		env.OnActivity(contacts.CreateMissingFields, mock.Anything, mock.Anything).Maybe().Return(
			func(_ context.Context, in activities.CreateFieldsInput) (activities.CreatedFields, error) {
				same(t, "input", in, activities.CreateFieldsInput{Connection: "acme", PermissionSet: "Tandem"})
				created++
				return activities.CreatedFields{Created: []string{"contact.plan"}, Notes: []string{"left"}}, nil
			})
		env.OnActivity(contacts.CheckAccess, mock.Anything, mock.Anything).Return(activities.AccessReport{Notes: []string{"seen"}}, nil)
		env.ExecuteWorkflow(CheckConnection, CheckConnectionInput{Connection: "acme", Fix: fix, PermissionSet: "Tandem"})
		var out activities.AccessReport
		succeeded(t, env, &out)
		want := activities.AccessReport{Notes: []string{"seen"}}
		if fix {
			want = activities.AccessReport{Created: []string{"contact.plan"}, Notes: []string{"seen", "left"}}
		}
		same(t, "report", out, want)
		same(t, "creations", created, map[bool]int{false: 0, true: 1}[fix])
	}
}
