package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

func TestPeopleLiveWithTandemByTheStarter(t *testing.T) {
	h := newHouse(t)
	text, err := os.ReadFile(h.rules)
	require.NoError(t, err)
	h.writeRules(t, strings.Replace(string(text), "  fields:\n", "  fields:\n    city: {salesforce: MailingCity, conflict: ask}\n", 1))
	added := h.add(t, "")
	require.Equal(t, exitDone, added.code, added.err)
	t.Run("without a worker the journal is all that is known", h.explainsWithoutAWorker)
	t.Run("what a note asked for is explained, though no link holds it", h.explainsWhatANoteAskedFor)
	h.startWorker(t)
	require.Equal(t, exitDone, h.run(t, "start onboarding acme --wait").code)
	h.execute(t, `UPDATE connections SET live_since = now()`)
	t.Run("a conflict is shown, explained and decided", h.decidesAConflict)
	t.Run("many are decided at once, also where no run waits any more", h.decidesMany)
	t.Run("shells complete what waits", h.completes)
	t.Run("rules are weighed, applied and reconciled", h.appliesRules)
	t.Run("a connection is maintained", h.maintains)
	t.Run("a connection is paused, resumed, disconnected and connected again", h.changesState)
}

// execute changes the ledger behind everybody's back.
func (h *house) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.State.DatabaseURL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

// pairs returns the links that hold both records.
func (h *house) pairs(t *testing.T) []record.Link {
	t.Helper()
	work, err := h.Store.Links(t.Context(), "acme", record.Contact, 0, 1000)
	require.NoError(t, err)
	var out []record.Link
	for _, w := range work {
		if w.Link.GoHighLevelID != "" && w.Link.SalesforceID != "" {
			out = append(out, w.Link)
		}
	}
	return out
}

// conflict lets both sides change a contact's city, and waits until the contact waits for a person.
func (h *house) conflict(t *testing.T, link record.Link) listedReview {
	t.Helper()
	require.NoError(t, h.Sandbox.GoHighLevel.Edit(link.GoHighLevelID, map[string]any{"city": "Shelbyville"}))
	require.NoError(t, h.Sandbox.Salesforce.Edit("Contact", link.SalesforceID, map[string]any{"MailingCity": "Springfield"}))
	started := h.run(t, "start contact-sync acme --link %d", link.ID)
	require.Equal(t, exitDone, started.code, started.err)
	var found listedReview
	require.Eventually(t, func() bool {
		var list []listedReview
		h.mustRun(t, &list, "reviews list acme --reason conflict")
		for _, r := range list {
			if r.Links[0].Link == link.ID {
				found = r
				return true
			}
		}
		return false
	}, 30*time.Second, 50*time.Millisecond)
	return found
}

// settles waits until a review is decided in the ledger.
func (h *house) settles(t *testing.T, id int64) record.Review {
	t.Helper()
	var r record.Review
	require.Eventually(t, func() bool {
		var err error
		r, err = h.Store.GetReview(t.Context(), "acme", id)
		require.NoError(t, err)
		return !r.Open()
	}, 30*time.Second, 50*time.Millisecond)
	return r
}

func (h *house) cityInSalesforce(t *testing.T, link record.Link) any {
	t.Helper()
	for _, row := range h.Sandbox.Salesforce.All("Contact") {
		if row["Id"] == link.SalesforceID {
			return row["MailingCity"]
		}
	}
	return nil
}

func (h *house) explainsWithoutAWorker(t *testing.T) {
	link, err := h.Store.EnsureLink(t.Context(), "acme", record.Contact, record.GoHighLevel, "nobodyAtAll000000000")
	require.NoError(t, err)
	got := h.run(t, "explain acme %d", link.ID)
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, "needs a running worker")
	require.Contains(t, got.out, "Tandem wrote nothing of it yet")
	h.execute(t, `DELETE FROM links`)
	require.Equal(t, exitNotFound, h.run(t, "explain acme %d", link.ID).code)
	require.Equal(t, exitNotFound, h.run(t, "explain acme nobodyAtAll000000000").code)
	require.Equal(t, exitNotFound, h.run(t, "reviews show acme 4711").code)
	require.Equal(t, exitNotFound, h.run(t, "reviews list nobody").code)
}

func (h *house) decidesAConflict(t *testing.T) {
	link := h.pairs(t)[0]
	review := h.conflict(t, link)
	require.Equal(t, []record.Field{record.City}, review.Fields)
	require.Equal(t, record.Choices(record.ReviewConflict), review.Choices)
	require.NotNil(t, review.DueAt)

	shown := h.run(t, "reviews show acme %d", review.ID)
	require.Equal(t, exitDone, shown.code, shown.err)
	for _, text := range []string{"Both sides changed city", `"Shelbyville"`, `"Springfield"`, link.GoHighLevelID, link.SalesforceID, "city=salesforce", "If nobody decides"} {
		require.Contains(t, shown.out, text)
	}
	var now explained
	h.mustRun(t, &now, "explain acme %s city", link.GoHighLevelID)
	require.Equal(t, link.ID, now.Link)
	require.Len(t, now.Fields, 1)
	require.Equal(t, activities.ValueChanged, now.Fields[0].GHL.Standing)
	require.Equal(t, record.Value{"Springfield"}, now.Fields[0].SF.Value)
	require.Len(t, now.Reviews, 1)

	wrong := h.run(t, "reviews decide acme %d --choose delete --by Ann", review.ID)
	require.Equal(t, exitUsage, wrong.code)
	require.Contains(t, wrong.err, "salesforce, gohighlevel")
	wrong = h.run(t, "reviews decide acme %d --choose salesforce --field phone=gohighlevel --by Ann", review.ID)
	require.Equal(t, exitUsage, wrong.code)
	require.Contains(t, wrong.err, "phone is not contested")
	decided := h.run(t, "reviews decide acme %d --choose salesforce --field city=gohighlevel --by Ann", review.ID)
	require.Equal(t, exitDone, decided.code, decided.err)
	require.Contains(t, decided.out, "decided")
	require.Equal(t, "Ann", h.settles(t, review.ID).DecidedBy)
	require.Equal(t, "Shelbyville", h.cityInSalesforce(t, link))

	again := h.run(t, "reviews decide acme %d --choose salesforce --by Bob", review.ID)
	require.Equal(t, exitDone, again.code, again.err)
	require.Contains(t, again.out, "by Ann: salesforce")
	otherwise := h.run(t, "reviews decide acme %d --choose gohighlevel --by Bob", review.ID)
	require.Equal(t, exitFailed, otherwise.code)
	require.Contains(t, otherwise.err, "by Ann: salesforce")

	h.mustRun(t, &now, "explain acme %s city", link.SalesforceID)
	writes := now.Fields[0].Writes
	last := writes[len(writes)-1]
	require.Equal(t, reconcile.CauseVerdict, last.Cause)
	require.Equal(t, record.Salesforce, last.Side)
	require.Equal(t, record.Value{"Springfield"}, last.Before)
	require.Equal(t, record.Value{"Shelbyville"}, last.After)
	require.Equal(t, fmt.Sprintf("contact/acme/%d", link.ID), last.Origin)
	require.NotEmpty(t, last.RunID)
	table := h.run(t, "explain acme %d", link.ID)
	for _, text := range []string{"by a person's decision the value before lost", "written to Salesforce (update)", "IN SALESFORCE", "both, conflict: ask", "Ann"} {
		require.Contains(t, table.out, text)
	}
	unknown := h.run(t, "explain acme %d shoe_size", link.ID)
	require.Equal(t, exitUsage, unknown.code)
	require.Contains(t, unknown.err, "city")
	listed := h.run(t, "reviews list --decided")
	require.Contains(t, listed.out, "Ann")
}

func (h *house) decidesMany(t *testing.T) {
	pairs := h.pairs(t)[1:4]
	var reviews []listedReview
	for _, link := range pairs {
		reviews = append(reviews, h.conflict(t, link))
	}
	// The second one's run is gone: it is started again with the decision.
	require.NoError(t, h.temporal.TerminateWorkflow(t.Context(), reviews[1].WorkflowID, "", "as if by mistake"))
	unsure := h.run(t, "reviews decide acme --all --reason conflict --choose gohighlevel --by Ann")
	require.Equal(t, exitUsage, unsure.code)
	require.Contains(t, unsure.err, "--yes")
	require.Contains(t, unsure.err, "GoHighLevel's values win")
	var done []decidedReview
	h.mustRun(t, &done, "reviews decide acme --all --reason conflict --choose gohighlevel --by Ann --yes")
	require.Len(t, done, 3)
	for i, r := range reviews {
		require.Equal(t, nowDecided, done[i].Result, done[i].Why)
		require.Equal(t, record.ChooseGoHighLevel, h.settles(t, r.ID).Choice)
		require.Equal(t, "Shelbyville", h.cityInSalesforce(t, pairs[i]))
	}
	none := h.run(t, "reviews decide acme --all --reason conflict --choose gohighlevel --by Ann --yes")
	require.Equal(t, exitDone, none.code)
	require.Contains(t, none.err, "no such reviews")
	mixed := h.run(t, "reviews decide acme %d %d --choose salesforce --by Bob --yes", reviews[0].ID, reviews[1].ID)
	require.Equal(t, exitFailed, mixed.code)
	require.Contains(t, mixed.err, fmt.Sprintf("review %d", reviews[0].ID))
	require.Contains(t, mixed.err, fmt.Sprintf("review %d", reviews[1].ID))
}

// complete asks as a shell does; the last word is what it is to complete.
func (h *house) complete(t *testing.T, words ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &errOut, func(name string) (string, bool) {
		return h.State.DatabaseURL, name == "TANDEM_DATABASE_URL"
	})
	require.Equal(t, exitDone, execute(t.Context(), a, append([]string{"__complete"}, words...)), errOut.String())
	return out.String()
}

func (h *house) completes(t *testing.T) {
	review := h.conflict(t, h.pairs(t)[4])
	id := fmt.Sprint(review.ID)
	require.Contains(t, h.complete(t, "status", ""), "acme\tactive")
	require.Contains(t, h.complete(t, "connections", "pause", ""), "acme")
	require.Contains(t, h.complete(t, "reviews", "show", "acme", ""), id+"\tconflict")
	require.Contains(t, h.complete(t, "reviews", "decide", "acme", ""), id+"\tconflict")
	require.NotContains(t, h.complete(t, "reviews", "decide", "acme", id, ""), id+"\t")
	choices := h.complete(t, "reviews", "decide", "acme", id, "--choose", "")
	require.Contains(t, choices, "gohighlevel\n")
	require.NotContains(t, choices, "delete\n")
	require.Contains(t, h.complete(t, "reviews", "list", "--reason", ""), "deletion_wave")
	require.Contains(t, h.complete(t, "explain", "acme", "1", ""), "city")
	require.Equal(t, exitDone, h.run(t, "reviews decide acme %s --choose gohighlevel --by Ann", id).code)
	h.settles(t, review.ID)
}

func (h *house) appliesRules(t *testing.T) {
	before, err := os.ReadFile(h.rules)
	require.NoError(t, err)
	h.writeRules(t, strings.Replace(string(before), "  fields:\n", "  filter: 'city != \"Shelbyville\"'\n  fields:\n", 1))
	var found activities.RulesDifference
	h.mustRun(t, &found, "connections apply %s --plan --sample 2", h.rules)
	require.Equal(t, 9, found.Looked)
	require.Equal(t, 5, found.Differing)
	require.Len(t, found.Samples, 2)
	shown := h.run(t, "connections apply %s --plan", h.rules)
	require.Equal(t, exitDone, shown.code, shown.err)
	for _, text := range []string{"+   filter:", "left out by the filter", "Of 9 links"} {
		require.Contains(t, shown.out, text)
	}
	row, err := h.Store.GetConnection(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, 1, row.RulesVersion, "a plan stores nothing")

	unsure := h.run(t, "connections apply %s", h.rules)
	require.Equal(t, exitUsage, unsure.code)
	require.Contains(t, unsure.err, "--yes")
	applied := h.run(t, "connections apply %s --yes", h.rules)
	require.Equal(t, exitDone, applied.code, applied.err)
	require.Contains(t, applied.out, "version 1 -> 2")
	again := h.run(t, "connections apply %s", h.rules)
	require.Equal(t, exitDone, again.code, again.err)
	require.Contains(t, again.out, "in force already, as version 2")

	reconciled := h.run(t, "connections apply %s --reconcile --yes", h.rules)
	require.Equal(t, exitDone, reconciled.code, reconciled.err)
	id := workflows.BulkSyncID("acme", record.Contact, "rules-v2")
	require.Contains(t, reconciled.out, "starter watch "+id)
	require.Equal(t, exitDone, h.run(t, "watch %s", id).code)
	var all []connectionStatus
	h.mustRun(t, &all, "status acme")
	require.Equal(t, 5, all[0].Links[record.LinkExcluded])
	require.Zero(t, all[0].Pending)

	h.writeRules(t, strings.Replace(string(before), h.Sandbox.GoHighLevel.LocationID(), "Another00Location000", 1))
	other := h.run(t, "connections apply %s --yes", h.rules)
	require.Equal(t, exitUsage, other.code)
	require.Contains(t, other.err, "Another00Location000")
	h.writeRules(t, string(before))
}

func (h *house) changesState(t *testing.T) {
	var state map[string]string
	h.mustRun(t, &state, "connections pause acme")
	require.Equal(t, map[string]string{"connection": "acme", "was": record.ConnectionActive, "state": record.ConnectionPaused}, state)
	require.Contains(t, h.run(t, "connections pause acme").out, "paused already")
	require.Contains(t, h.run(t, "status acme").out, "starter connections resume acme")
	h.execute(t, `UPDATE links SET state = 3, problem = 'conflict' WHERE id = (SELECT min(link_ids[1]) FROM reviews)`)
	h.execute(t, `UPDATE reviews SET decided_at = NULL WHERE link_ids[1] = (SELECT min(link_ids[1]) FROM reviews)`)
	require.Equal(t, exitPerson, h.run(t, "reviews decide acme --all --reason conflict --choose salesforce --by Ann").code, "nothing is written while it is paused")
	refused := h.run(t, "start sync acme")
	require.Equal(t, exitPerson, refused.code)
	require.Contains(t, refused.err, "is paused")
	require.Equal(t, exitPerson, h.run(t, "connections apply %s --reconcile --yes", h.rules).code)

	link := h.pairs(t)[0]
	_, err := h.Store.MarkChanged(t.Context(), "acme", record.Contact, []record.Mark{{Side: record.GoHighLevel, RecordID: link.GoHighLevelID}})
	require.NoError(t, err)
	var all []connectionStatus
	h.mustRun(t, &all, "status")
	require.Equal(t, 1, all[0].Announced)
	require.Equal(t, 1, all[0].Pending)
	resumed := h.run(t, "connections resume acme")
	require.Equal(t, exitDone, resumed.code, resumed.err)
	require.Eventually(t, func() bool {
		h.mustRun(t, &all, "status acme")
		return all[0].Pending == 0
	}, 30*time.Second, 50*time.Millisecond)
	require.NotEmpty(t, h.run(t, "runs --scenario sync-changes").out)
	woken := h.run(t, "start sync acme")
	require.Equal(t, exitDone, woken.code, woken.err)
	require.Contains(t, woken.out, "starter watch sync/acme")

	require.Equal(t, exitUsage, h.run(t, "connections disconnect acme").code)
	h.mustRun(t, &state, "connections disconnect acme --yes")
	require.Equal(t, record.ConnectionDisconnected, state["state"])
	for _, line := range []string{"connections resume acme", "connections pause acme", "start sync acme"} {
		require.Equal(t, exitPerson, h.run(t, "%s", line).code, line)
	}
	require.Contains(t, h.run(t, "connections resume acme").err, "starter connect salesforce acme")
	gone := h.run(t, "explain acme %d", link.ID)
	require.Equal(t, exitDone, gone.code, gone.err)
	require.Contains(t, gone.out, "the connection is disconnected")
	again := h.add(t, "--reconnect salesforce,gohighlevel")
	require.Equal(t, exitDone, again.code, again.err)
	require.Contains(t, again.err, "connected again")
	require.Contains(t, again.err, "What changed meanwhile is being synced")
	require.Equal(t, exitDone, h.run(t, "start sync acme").code)
	for _, line := range []string{"connections pause nobody", "connections resume nobody", "connections disconnect nobody --yes", "start sync nobody"} {
		require.Equal(t, exitNotFound, h.run(t, "%s", line).code, line)
	}
}
