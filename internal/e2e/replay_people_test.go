package e2e

import (
	"strings"
	"testing"

	enums "go.temporal.io/api/enums/v1"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// recordPeoplesRuns records what the starter runs for a person who waits for the answer.
func (r *recorder) recordPeoplesRuns(t *testing.T) {
	link := r.link(t, record.LinkInStep, 0)
	explained := r.execute(t, workflows.ExplainID(connection, link.ID), workflows.SearchAttributes(workflows.ScenarioExplain, connection),
		workflows.Explain, workflows.ExplainInput{Connection: connection, LinkID: link.ID})
	r.record(t, explained, "Explain", "both-sides", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
	r.recordTimeline(t, link)

	row, err := r.Store.GetConnection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	considered := strings.Replace(row.Rules, "  fields:\n", "  filter: 'city != \"Shelbyville\"'\n  fields:\n", 1)
	planned := r.execute(t, workflows.PlanRulesID(connection), workflows.SearchAttributes(workflows.ScenarioPlanRules, connection),
		workflows.PlanRules, workflows.PlanRulesInput{Connection: connection, Rules: considered, Samples: 3, Total: 64})
	r.record(t, planned, "PlanRules", "another-filter", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	r.turn(t, record.ConnectionActive) // while it is paused, bulk work waits
	origin := workflows.RulesOrigin(row.RulesVersion)
	reconciled := r.execute(t, workflows.BulkSyncID(connection, record.Contact, origin), workflows.SearchAttributes(workflows.ScenarioBulkSync, connection),
		workflows.BulkSync, workflows.BulkSyncInput{Connection: connection, Kind: record.Contact, Epoch: origin, Origin: origin, MarkAll: true})
	r.record(t, reconciled, "BulkSync", "all-decided-anew", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)

	in := workflows.DecideAnew(connection, record.Kinds, row.RulesVersion+1)
	every := r.execute(t, workflows.BulkSyncID(connection, in.Kind, in.Epoch), workflows.SearchAttributes(workflows.ScenarioBulkSync, connection), workflows.BulkSync, in)
	r.record(t, every, "BulkSync", "every-kind-decided-anew", enums.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
}

// recordTimeline records the reading of a contact's timeline. It reads whatever kinds are on.
func (r *recorder) recordTimeline(t *testing.T, contact record.Link) {
	t.Helper()
	read := r.execute(t, workflows.TimelineID(connection, contact.ID), workflows.SearchAttributes(workflows.ScenarioTimeline, connection),
		workflows.Timeline, workflows.TimelineInput{Connection: connection, LinkID: contact.ID})
	r.record(t, read, "Timeline", "of-a-contact", enums.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
}
