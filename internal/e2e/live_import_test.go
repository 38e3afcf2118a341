package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/salesforce/salesforcetest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/workflows"
)

// imported is how many people the mass import brings.
const imported = 1000

func TestAMassImportIsSyncedInBulkAndSoAreTheRowsThatBecomeVisibleLate(t *testing.T) {
	s := live(t, sandbox.Options{
		GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond},
		Salesforce:  salesforcetest.Options{VisibilityLag: 3 * time.Second, VisibilityLagRate: 0.05, Seed: 21},
	}, sandbox.People{Both: 10, Seed: 21}, quick)
	s.quiet(t)
	s.Sandbox.GoHighLevel.ResetStats()
	// One transaction: all of them get the same SystemModstamp.
	stamps := map[any]bool{}
	for _, id := range s.Sandbox.Salesforce.Load("Contact", crowd(imported)) {
		row, _ := s.Sandbox.Salesforce.Get("Contact", id)
		stamps[row["SystemModstamp"]] = true
	}
	if len(stamps) != 1 {
		t.Fatalf("the import has %d different stamps, want one", len(stamps))
	}
	people := 10 + imported
	s.eventually(t, func() bool { return s.Sandbox.GoHighLevel.Count() == people })
	s.quiet(t)
	if n := s.mustAgree(t); n != people {
		t.Errorf("there are %d people, want %d", n, people)
	}
	if created := s.Sandbox.GoHighLevel.Stats().Created; created != imported {
		t.Errorf("%d contacts were created in GoHighLevel, want %d", created, imported)
	}
	if n := s.runs(t, workflows.ScenarioBulkSync, 0); n < 2 { // the onboarding has one of its own
		t.Errorf("there are %d bulk runs: the import did not go in bulk", n)
	}

	t.Run("AFewChangesGoARunEach", func(t *testing.T) {
		singles := s.runs(t, workflows.ScenarioContactSync, 0)
		const few = 3
		for i := range few {
			l := s.pair(t, i)
			if err := s.Sandbox.Salesforce.Edit("Contact", l.SalesforceID, map[string]any{"MailingCity": "Shelbyville"}); err != nil {
				t.Fatal(err)
			}
			s.eventually(t, func() bool { city, _ := s.city(t, l); return city == "Shelbyville" })
		}
		s.quiet(t)
		s.runs(t, workflows.ScenarioContactSync, singles+few)
	})
}

// runs counts the runs of a scenario, once there are at least so many.
func (s *system) runs(t testing.TB, scenario string, least int) (n int) {
	t.Helper()
	query := fmt.Sprintf("ConnectionId = '%s' AND Scenario = '%s'", connection, scenario)
	s.eventually(t, func() bool { // visibility lags behind
		n = s.visible(t.Context(), query)
		return n >= least
	})
	return n
}

// visible counts the runs that a visibility query finds, -1 where it cannot be answered now.
func (s *system) visible(ctx context.Context, query string) int {
	counted, err := s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: s.State.Namespace, Query: query})
	if err != nil {
		return -1
	}
	return int(counted.Count)
}

// crowd is people as an import brings them, none of whom anybody knows.
func crowd(n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = map[string]any{
			"FirstName": "Ida", "LastName": fmt.Sprintf("Imported %d", i), "Email": fmt.Sprintf("ida.%d@example.com", i),
			"Phone": fmt.Sprintf("+1313230%04d", i), "MailingCity": "Rome",
		}
	}
	return rows
}
