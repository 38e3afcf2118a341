package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/workflows"
)

// kindRules are rules of the house that sync some kinds, with YAML at the end of the first of them.
func (h *house) kindRules(ends string, kinds ...record.Kind) string {
	return string(h.Sandbox.Rules(sandbox.RulesOptions{
		Connection: "acme", GoHighLevelURL: h.State.GoHighLevelURL, IndexLag: 10 * time.Millisecond, Kinds: kinds, Extra: ends,
	}))
}

func TestPeopleSeeTasksNotesAndAppointmentsByTheStarter(t *testing.T) {
	// What people do here must not be done by a poll first.
	h := newHouse(t, func(o *stack.Options) { o.SweepEvery = 24 * time.Hour })
	h.writeRules(t, h.kindRules("  fields:\n    title: {conflict: ask}\n", record.Note, record.Appointment, record.Task))
	added := h.add(t, "")
	require.Equal(t, exitDone, added.code, added.err)
	got := h.run(t, "timeline acme 1")
	require.Equal(t, exitNotFound, got.code, got.err)
	h.startWorker(t)
	t.Run("an onboarding is planned before it begins", h.plansAnOnboarding)
	require.Equal(t, exitDone, h.run(t, "start onboarding acme --wait").code)
	h.execute(t, `UPDATE connections SET live_since = now()`)
	checked := h.run(t, "connections check acme")
	require.Equal(t, exitDone, checked.code, checked.out+checked.err)
	t.Run("a task is synced, and the timeline tells where each entry lives", h.showsATimeline)
	t.Run("the status has a line for each kind", h.statusOfKinds)
	t.Run("a task that both sides changed is explained, reviewed and decided", h.decidesATask)
	t.Run("a task that failed is replayed", h.replaysATask)
	t.Run("both sides are verified, and certificates shown", h.verifies)
	t.Run("kinds that are off are named", h.namesKindsThatAreOff)
}

// addTask puts a task into GoHighLevel and syncs it by its own run.
func (h *house) addTask(t *testing.T, of record.Link, title string) record.Link {
	t.Helper()
	id, err := h.Sandbox.GoHighLevel.CreateTask(gohighleveltest.Task{
		ContactID: of.GoHighLevelID, Title: title, DueDate: time.Date(2031, 5, 12, 15, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	_, err = h.Store.MarkChanged(t.Context(), "acme", record.Task, []record.Mark{{Side: record.GoHighLevel, RecordID: id, ContactID: of.GoHighLevelID}})
	require.NoError(t, err)
	woken := h.run(t, "start sync acme --kind task")
	require.Equal(t, exitDone, woken.code, woken.err)
	require.Contains(t, woken.out, "for which 1 task waits")
	var link *record.Link
	require.Eventually(t, func() bool {
		link, err = h.Store.FindLink(t.Context(), "acme", record.Task, record.GoHighLevel, id)
		require.NoError(t, err)
		return link != nil && link.State == record.LinkInStep
	}, 30*time.Second, 50*time.Millisecond)
	return *link
}

func (h *house) plansAnOnboarding(t *testing.T) {
	got := h.run(t, "start onboarding acme --plan")
	require.Equal(t, exitDone, got.code, got.err)
	for _, text := range []string{"contacts", "tasks", "notes", "appointments", "PAIRS", "no limit", "`starter start onboarding acme --watch` begins"} {
		require.Contains(t, got.out, text)
	}
	for line := range strings.Lines(got.out) {
		require.LessOrEqual(t, len(strings.TrimSpace(line)), narrow, line)
	}
	var plan activities.OnboardingPlan
	h.mustRun(t, &plan, "start onboarding acme --plan")
	require.Len(t, plan.Kinds, len(record.Kinds))
	require.Equal(t, 7, plan.Kinds[0].Records[record.Salesforce].Count)
	none, err := h.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: `WorkflowType = "Onboarding"`})
	require.NoError(t, err)
	require.Zero(t, none.Count, "where nobody can be asked, nothing begins")
}

func (h *house) showsATimeline(t *testing.T) {
	contact := h.pairs(t)[0]
	task := h.addTask(t, contact, "Send the offer "+strings.Repeat("with everything that belongs to it ", 4))
	only := h.Sandbox.Salesforce.Create("Task", map[string]any{
		"WhoId": contact.SalesforceID, "Subject": "Call back", "ActivityDate": "2031-04-02", "Status": "Completed", "Priority": "Normal",
	})
	_, err := h.Sandbox.GoHighLevel.CreateNote(gohighleveltest.Note{ContactID: contact.GoHighLevelID, Body: "<p>Met at the fair</p><p>and again</p>"})
	require.NoError(t, err)
	calendar := h.Sandbox.GoHighLevel.AddCalendar(gohighleveltest.Calendar{Name: "Visits"})
	_, err = h.Sandbox.GoHighLevel.CreateAppointment(gohighleveltest.Appointment{
		CalendarID: calendar, ContactID: contact.GoHighLevelID, Title: "Viewing", StartTime: time.Date(2031, 4, 20, 9, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)

	var out shownTimeline
	h.mustRun(t, &out, "timeline acme salesforce:%s", contact.SalesforceID)
	require.Equal(t, contact.ID, out.Link)
	require.Equal(t, record.Kinds[1:], out.Kinds)
	var titles []string
	for _, e := range out.Entries {
		titles = append(titles, e.Title)
	}
	require.Equal(t, []string{"Met at the fair", "Call back", "Viewing"}, titles[:3], "in the order of their times")
	require.Len(t, out.Entries, 4)
	call, sent := out.Entries[1], out.Entries[3]
	require.Equal(t, record.Salesforce, call.Only)
	require.Equal(t, only, call.SalesforceID)
	require.Equal(t, "completed", call.Status)
	require.Contains(t, call.Why, "nothing has told of it yet")
	require.Equal(t, task.GoHighLevelID, sent.GoHighLevelID)
	require.Equal(t, task.SalesforceID, sent.SalesforceID)
	require.Equal(t, "2031-05-12", sent.Due)
	require.Empty(t, sent.Only)
	require.Empty(t, sent.Why)

	shown := h.run(t, "timeline acme %d", contact.ID)
	require.Equal(t, exitDone, shown.code, shown.err)
	for _, line := range strings.Split(shown.out, "\n") {
		require.LessOrEqual(t, len([]rune(line)), narrow, line)
	}
	for _, text := range []string{
		"2031-05-12        task         open", "Send the offer with everything", "…", "only in Salesforce " + only,
		fmt.Sprintf("GoHighLevel %s, Salesforce %s", task.GoHighLevelID, task.SalesforceID), "appointment  confirmed   Viewing",
	} {
		require.Contains(t, shown.out, text)
	}
	h.mustRun(t, &out, "timeline acme %d --kind appointment", contact.ID)
	require.Len(t, out.Entries, 1)
	wrong := h.run(t, "timeline acme %d", task.ID)
	require.Equal(t, exitUsage, wrong.code)
	require.Contains(t, wrong.err, "starter timeline acme "+contact.SalesforceID)
	require.Contains(t, h.complete(t, "timeline", "acme", ""), fmt.Sprintf("%d\tin_step", contact.ID))
}

func (h *house) statusOfKinds(t *testing.T) {
	var all []connectionStatus
	h.mustRun(t, &all, "status")
	require.Len(t, all, 4)
	for i, kind := range record.Kinds {
		require.Equal(t, kind, all[i].Kind)
	}
	require.Equal(t, 1, all[1].Linked)
	require.Equal(t, 1, all[1].Links[record.LinkInStep])
	require.Nil(t, all[1].CallsToday, "calls are the connection's")
	require.NotEmpty(t, all[0].CallsToday)
	table := h.run(t, "status acme")
	for _, text := range []string{"contact", "task", "note", "appointment"} {
		require.Contains(t, table.out, "acme        "+text)
	}
}

func (h *house) verifies(t *testing.T) {
	got := h.run(t, "verify show acme")
	require.Equal(t, exitNotFound, got.code)
	require.Contains(t, got.err, "starter start verify acme")
	require.Equal(t, exitUsage, h.run(t, "start verify acme --kind deal").code)
	h.Sandbox.GoHighLevel.Load([]gohighleveltest.Contact{{LastName: "Unheard", Email: "unheard@example.com", DateAdded: time.Now().AddDate(-1, 0, 0)}})

	drifted := h.run(t, "start verify acme --kind contact --wait")
	require.Equal(t, exitFailed, drifted.code, drifted.out)
	require.Contains(t, drifted.err, "has drifted: 1 difference; `starter start verify acme --repair --watch`")
	require.Contains(t, drifted.out, "IN GOHIGHLEVEL")
	var c record.Certificate
	h.mustRun(t, &c, "start verify acme --kind contact --repair --wait")
	require.Equal(t, 1, c.Repaired)
	require.Len(t, c.Kinds, 1)

	var shown record.Certificate
	h.mustRun(t, &shown, "verify show acme")
	require.Equal(t, c, shown)
	var all []record.Certificate
	h.mustRun(t, &all, "verify show acme --list")
	require.Equal(t, c, all[0])
	require.Equal(t, 1, all[1].Drift)
	list := h.run(t, "verify show acme --list")
	require.Len(t, strings.Split(strings.TrimSpace(list.out), "\n"), 3)
}

// startTask starts a task's sync, once the one that the task's own webhook began is over.
func (h *house) startTask(t *testing.T, task record.Link, flags string) (got outcome) {
	t.Helper()
	require.Eventually(t, func() bool {
		got = h.run(t, "start sync acme --kind task --link %d%s", task.ID, flags)
		return !strings.Contains(got.err, "is running already")
	}, 30*time.Second, 50*time.Millisecond)
	return got
}

// contest lets both sides change a task's title, and waits until it waits for a person.
func (h *house) contest(t *testing.T, task record.Link) listedReview {
	t.Helper()
	require.NoError(t, h.Sandbox.GoHighLevel.EditTask(task.GoHighLevelID, map[string]any{"title": "Ring in the morning"}))
	require.NoError(t, h.Sandbox.Salesforce.Edit("Task", task.SalesforceID, map[string]any{"Subject": "Ring at noon"}))
	started := h.startTask(t, task, "")
	require.Equal(t, exitDone, started.code, started.err)
	require.Contains(t, started.out, fmt.Sprintf("task/acme/%d", task.ID))
	var list []listedReview
	require.Eventually(t, func() bool {
		h.mustRun(t, &list, "reviews list acme --reason conflict")
		return len(list) == 1
	}, 30*time.Second, 50*time.Millisecond)
	return list[0]
}

func (h *house) decidesATask(t *testing.T) {
	contact := h.pairs(t)[1]
	task := h.addTask(t, contact, "Ring")
	review := h.contest(t, task)
	require.Equal(t, record.Task, review.Kind)
	require.Equal(t, fmt.Sprintf("task/acme/%d", task.ID), review.WorkflowID)
	shown := h.run(t, "reviews show acme %d", review.ID)
	for _, text := range []string{"Everything else of the task is", `"Ring in the morning"`, `"Ring at noon"`, "title=salesforce", "TASK"} {
		require.Contains(t, shown.out, text)
	}
	var now explained
	h.mustRun(t, &now, "explain acme gohighlevel:%s title", task.GoHighLevelID)
	require.Equal(t, record.Task, now.Kind)
	require.Equal(t, task.ID, now.Link)
	require.Equal(t, activities.ValueChanged, now.Fields[0].GHL.Standing)
	require.Contains(t, h.complete(t, "explain", "acme", fmt.Sprint(task.ID), ""), "due\n")
	var out shownTimeline
	h.mustRun(t, &out, "timeline acme %d", contact.ID)
	require.Equal(t, "waits for a person: conflict", out.Entries[0].Why)

	decided := h.run(t, "reviews decide acme %d --choose gohighlevel --by Ann", review.ID)
	require.Equal(t, exitDone, decided.code, decided.err)
	h.settles(t, review.ID)
	row, there := h.Sandbox.Salesforce.Get("Task", task.SalesforceID)
	require.True(t, there)
	require.Equal(t, "Ring in the morning", row["Subject"])
	table := h.run(t, "explain acme %d", task.ID)
	for _, text := range []string{fmt.Sprintf("Task %d of acme", task.ID), "by a person's decision the value before lost", "created from what GoHighLevel held"} {
		require.Contains(t, table.out, text)
	}
}

func (h *house) replaysATask(t *testing.T) {
	task := h.addTask(t, h.pairs(t)[2], "Write")
	h.Sandbox.Salesforce.HideField("Task.Description", true)
	require.NoError(t, h.Sandbox.GoHighLevel.EditTask(task.GoHighLevelID, map[string]any{"body": "in detail"}))
	failed := h.startTask(t, task, " --wait")
	require.NotEqual(t, exitDone, failed.code)
	var list []listedRun
	require.Eventually(t, func() bool {
		h.mustRun(t, &list, "runs --failed --scenario task-sync")
		return len(list) == 1
	}, 30*time.Second, 50*time.Millisecond)
	require.Equal(t, "TaskSync", list[0].Type)
	h.Sandbox.Salesforce.HideField("Task.Description", false)
	var out []replayedRun
	h.mustRun(t, &out, "replay --failed --scenario task-sync")
	require.Len(t, out, 1)
	require.Equal(t, replayStart, out[0].Action, "a run of a single record is never reset")
	var result json.RawMessage
	h.mustRun(t, &result, "watch %s", workflows.RecordSyncID(record.Task, workflows.RecordSyncInput{Connection: "acme", LinkID: task.ID}))
	row, _ := h.Sandbox.Salesforce.Get("Task", task.SalesforceID)
	require.Equal(t, "in detail", row["Description"])
}

func (h *house) namesKindsThatAreOff(t *testing.T) {
	contact := h.pairs(t)[0]
	h.writeRules(t, h.kindRules("", record.Task))
	require.Equal(t, exitDone, h.run(t, "connections apply %s --yes", h.rules).code)
	shown := h.run(t, "timeline acme %d", contact.ID)
	require.Contains(t, shown.out, "Not synced, and not shown: notes and appointments.")
	none := h.run(t, "timeline acme %d --kind note", contact.ID)
	require.Equal(t, exitPerson, none.code)
	require.Contains(t, none.err, "`notes: {enabled: true}`")
	off := h.run(t, "start sync acme --kind note")
	require.Equal(t, exitPerson, off.code)
	require.Contains(t, off.err, "does not sync notes")

	h.writeRules(t, h.kindRules(""))
	require.Equal(t, exitDone, h.run(t, "connections apply %s --yes", h.rules).code)
	none = h.run(t, "timeline acme %d", contact.ID)
	require.Equal(t, exitPerson, none.code)
	require.Contains(t, none.err, "does not sync tasks, notes or appointments")
	var all []connectionStatus
	h.mustRun(t, &all, "status")
	require.Len(t, all, 1)
}
