package gohighlevel_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestATaskLivesItsLifeThroughTheClient(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	ctx := t.Context()
	document := must[crm.Document](t)
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})

	created := document(l.client.CreateTask(ctx, contact, crm.Document{
		"title": "Call back", "body": "About the engine", "dueDate": "2026-03-02T13:00:00+01:00", "completed": false, "assignedTo": "u1",
	}))
	id := created["id"].(string)
	for name, task := range map[string]crm.Document{
		"created": created, "read": document(l.client.GetTask(ctx, contact, id)),
		"listed": must[[]crm.Document](t)(l.client.ListTasks(ctx, contact))[0],
	} {
		for field, want := range map[string]any{
			"id": id, "contactId": contact, "title": "Call back", "body": "About the engine", "dueDate": "2026-03-02T12:00:00.000Z",
			"completed": false, "assignedTo": "u1", "dateAdded": nil, "dateUpdated": nil,
		} {
			if task[field] != want {
				t.Errorf("%s: %s is %v, want %v", name, field, task[field], want)
			}
		}
	}

	updated := document(l.client.UpdateTask(ctx, contact, id, crm.Document{"title": "Call again"}))
	if updated["title"] != "Call again" || updated["body"] != "About the engine" {
		t.Errorf("updated to %v", updated)
	}
	for _, completed := range []bool{true, true, false} {
		if got := document(l.client.SetTaskCompleted(ctx, contact, id, completed)); got["completed"] != completed || got["title"] != "Call again" {
			t.Errorf("after %v it is %v", completed, got)
		}
	}
	for range 2 {
		if err := l.client.DeleteTask(ctx, contact, id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := l.client.GetTask(ctx, contact, id)
	if got := wantKind(t, err, crm.NotFound); got.Code != "task_not_found" {
		t.Errorf("got %+v", *got)
	}
	_, err = l.client.SetTaskCompleted(ctx, contact, id, true)
	wantKind(t, err, crm.NotFound)
}

func TestATaskNeedsItsContactAndAllThatIsRequired(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	ctx := t.Context()
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	whole := crm.Document{"title": "x", "dueDate": "2026-03-02T12:00:00Z", "completed": false}
	_, err := l.client.CreateTask(ctx, "gone", whole)
	if got := wantKind(t, err, crm.NotFound); got.Code != "contact_not_found" {
		t.Errorf("got %+v", *got)
	}
	_, err = l.client.ListTasks(ctx, "gone")
	wantKind(t, err, crm.NotFound)
	for _, key := range []string{"title", "dueDate", "completed"} {
		part := crm.Document{}
		for k, v := range whole {
			if k != key {
				part[k] = v
			}
		}
		_, err := l.client.CreateTask(ctx, contact, part)
		failure := err.(*crm.Error)
		if failure.Status != 422 || !slices.Contains(failure.Fields, key) {
			t.Errorf("without %s: %v", key, err)
		}
	}
	_, err = l.client.UpdateTask(ctx, contact, "t", crm.Document{"priority": "high"})
	if got := wantKind(t, err, crm.Invalid); got.Code != "unknown_property" {
		t.Errorf("got %+v", *got)
	}
	if l.fake.Stats().Tasks.Created != 0 || len(l.fake.Tasks()) != 0 {
		t.Errorf("there are tasks: %+v", l.fake.Tasks())
	}
}

func TestEveryTaskOfTheLocationIsFoundOnce(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	var all []gohighleveltest.Task
	for i := range 1203 {
		all = append(all, gohighleveltest.Task{
			ContactID: contact, Title: fmt.Sprintf("Task %d", i), DueDate: noon, DateAdded: noon.Add(time.Duration(i/10) * time.Minute),
		})
	}
	ids := must[[]string](t)(l.fake.LoadTasks(all))
	seen := map[string]bool{}
	q := crm.TaskSearch{}
	pages, rows := 0, 0
	for more := true; more && pages < 10; pages++ {
		page := must[crm.TaskPage](t)(l.client.SearchTasks(t.Context(), q))
		for _, task := range page.Tasks {
			seen[task["id"].(string)] = true
			rows++
			if task["contactId"] != contact || task["dateUpdated"] == nil || task["deleted"] != false {
				t.Fatalf("a row reads %v", task)
			}
		}
		q.SearchAfter = page.SearchAfter
		more = len(q.SearchAfter) > 0
	}
	if len(seen) != len(ids) || rows != len(ids) || pages != 3 {
		t.Errorf("read %d rows of %d tasks by %d calls", rows, len(seen), pages)
	}
	done := true
	if page := must[crm.TaskPage](t)(l.client.SearchTasks(t.Context(), crm.TaskSearch{Completed: &done, ContactIDs: []string{contact}})); len(page.Tasks) != 0 {
		t.Errorf("found %v", page.Tasks)
	}
}

func TestACutConnectionLeavesOpenWhetherATaskWasMade(t *testing.T) {
	l := open(t, gohighleveltest.Options{})
	contact := l.fake.Create(gohighleveltest.Contact{FirstName: "Ada"})
	l.fake.SetFaults([]gohighleveltest.Fault{{Kind: gohighleveltest.FaultCutAfter}})
	_, err := l.client.CreateTask(t.Context(), contact, crm.Document{"title": "x", "dueDate": "2026-03-02T12:00:00Z", "completed": true})
	wantKind(t, err, crm.Ambiguous)
	if len(l.fake.Tasks()) != 1 {
		t.Errorf("there are %d tasks", len(l.fake.Tasks()))
	}
	_, err = l.client.SetTaskCompleted(t.Context(), contact, l.fake.Tasks()[0].ID, false)
	wantKind(t, err, crm.Unavailable)
}

func TestTheTaskSearchNamesTheScopeThatItLacks(t *testing.T) {
	l := open(t, gohighleveltest.Options{}, "contacts.readonly", "contacts.write")
	_, err := l.client.SearchTasks(t.Context(), crm.TaskSearch{})
	if got := wantKind(t, err, crm.NeedsAccess); got.Reason != "the grant lacks scope locations/tasks.readonly" {
		t.Errorf("got %+v", *got)
	}
}
