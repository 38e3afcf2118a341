package e2e

import (
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// timeline starts a system with people that is onboarded and keeps kinds beside contacts in step.
func timeline(t testing.TB, people int, kinds ...record.Kind) *system {
	t.Helper()
	s := newSystem(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond}})
	s.Sandbox.Fill(sandbox.People{Both: people, Seed: 5})
	s.connect(t, func(r *sandbox.RulesOptions) { r.IndexLag, r.Extra, r.Kinds = 300*time.Millisecond, quick, kinds })
	s.startWorker(t)
	if out := s.onboard(t); out.Verify.Drift != 0 {
		t.Fatalf("the onboarding left drift: %+v", out.Verify)
	}
	return s
}

// tasksOf returns a contact's tasks in Salesforce, by subject.
func (s *system) tasksOf(l record.Link) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, row := range s.Sandbox.Salesforce.All("Task") {
		if row["WhoId"] == l.SalesforceID && row["IsDeleted"] != true {
			subject, _ := row["Subject"].(string)
			out[subject] = row
		}
	}
	return out
}

// taskOf returns the GoHighLevel task of a contact by its title.
func (s *system) taskOf(l record.Link, title string) (gohighleveltest.Task, bool) {
	for _, task := range s.Sandbox.GoHighLevel.Tasks() {
		if task.ContactID == l.GoHighLevelID && task.Title == title {
			return task, true
		}
	}
	return gohighleveltest.Task{}, false
}

// becomes waits until something holds, and tells what is stuck where it never does.
func (s *system) becomes(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never: %s%s", what, s.stuck(t.Context()))
		case <-time.After(50 * time.Millisecond): // the pace of asking
		}
	}
}

func TestTasksStayInStepBothWays(t *testing.T) {
	s := timeline(t, 5, record.Task)
	ada := s.pair(t, 0)
	zone := time.UTC

	id, err := s.Sandbox.GoHighLevel.CreateTask(gohighleveltest.Task{
		ContactID: ada.GoHighLevelID, Title: "Send the offer", Body: "with the new prices", DueDate: time.Date(2026, 12, 4, 9, 0, 0, 0, zone),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "the task is in Salesforce", func() bool {
		row := s.tasksOf(ada)["Send the offer"]
		return row != nil && row["ActivityDate"] == "2026-12-04" && row["Status"] == "Not Started" && row["Description"] == "with the new prices"
	})
	s.Sandbox.Salesforce.Create("Task", map[string]any{
		"WhoId": ada.SalesforceID, "Subject": "Call back", "ActivityDate": "2026-12-11", "Status": "In Progress", "Priority": "Normal",
	})
	var called gohighleveltest.Task
	s.becomes(t, "the task is in GoHighLevel", func() (there bool) {
		called, there = s.taskOf(ada, "Call back")
		return there && !called.Completed
	})

	// Completed on either side, it is completed on the other.
	if err := s.Sandbox.GoHighLevel.CompleteTask(id); err != nil {
		t.Fatal(err)
	}
	row := s.tasksOf(ada)["Call back"]
	if err := s.Sandbox.Salesforce.Edit("Task", row["Id"].(string), map[string]any{"Status": "Completed"}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "both are completed on both sides", func() bool {
		task, there := s.taskOf(ada, "Call back")
		return s.tasksOf(ada)["Send the offer"]["IsClosed"] == true && there && task.Completed
	})

	// Opened again and put off, of which no webhook tells.
	if err := s.Sandbox.GoHighLevel.ReopenTask(id); err != nil {
		t.Fatal(err)
	}
	if err := s.Sandbox.GoHighLevel.EditTask(id, map[string]any{"dueDate": "2026-12-24T09:00:00.000Z"}); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "it is open again in Salesforce, later", func() bool {
		row := s.tasksOf(ada)["Send the offer"]
		return row["IsClosed"] == false && row["ActivityDate"] == "2026-12-24"
	})

	// What is deleted is deleted on the other side too.
	if err := s.Sandbox.GoHighLevel.DeleteTask(id); err != nil {
		t.Fatal(err)
	}
	if err := s.Sandbox.Salesforce.Delete("Task", row["Id"].(string)); err != nil {
		t.Fatal(err)
	}
	s.becomes(t, "neither is anywhere", func() bool {
		_, there := s.taskOf(ada, "Call back")
		return !there && len(s.tasksOf(ada)) == 0
	})
}
