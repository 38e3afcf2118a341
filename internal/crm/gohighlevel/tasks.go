package gohighlevel

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
)

const largestTaskSearch = 500

// ListTasks carries out [get-all-tasks]: the tasks of a contact, all in one page. NotFound when the contact is gone.
// Safe to repeat.
//
// [get-all-tasks]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-all-tasks
func (c *Client) ListTasks(ctx context.Context, contactID string) ([]crm.Document, error) {
	result, err := c.do(ctx, call{operation: listTasks, ids: []string{contactID}})
	if err != nil {
		return nil, err
	}
	return result.recordsIn(listTasks, "tasks", taskOf(contactID))
}

// GetTask carries out [get-task]. NotFound when the task or its contact is gone, which HighLevel says with a 400. Safe to
// repeat.
//
// [get-task]: https://marketplace.gohighlevel.com/docs/ghl/contacts/get-task
func (c *Client) GetTask(ctx context.Context, contactID, id string) (crm.Document, error) {
	return c.task(ctx, call{operation: getTask, ids: []string{contactID, id}})
}

// CreateTask carries out [create-task], which requires title, dueDate (an instant) and completed. NotFound when the
// contact is gone. Not safe to repeat.
//
// [create-task]: https://marketplace.gohighlevel.com/docs/ghl/contacts/create-task
func (c *Client) CreateTask(ctx context.Context, contactID string, task crm.Document) (crm.Document, error) {
	return c.task(ctx, call{operation: createTask, ids: []string{contactID}, body: task})
}

// UpdateTask carries out [update-task]. Keys that are absent stay as they are. HighLevel has no webhook for it. Safe to
// repeat.
//
// [update-task]: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-task
func (c *Client) UpdateTask(ctx context.Context, contactID, id string, changes crm.Document) (crm.Document, error) {
	return c.task(ctx, call{operation: updateTask, ids: []string{contactID, id}, body: changes})
}

// SetTaskCompleted carries out [update-task-completed], which completes a task or reopens it. Safe to repeat.
//
// [update-task-completed]: https://marketplace.gohighlevel.com/docs/ghl/contacts/update-task-completed
func (c *Client) SetTaskCompleted(ctx context.Context, contactID, id string, completed bool) (crm.Document, error) {
	return c.task(ctx, call{operation: setTaskCompleted, ids: []string{contactID, id}, body: crm.Document{"completed": completed}})
}

// DeleteTask carries out [delete-task]; a task that is gone already, or whose contact is, counts as deleted. After a
// merge the task lives on with the contact that was kept, under its old id. Safe to repeat.
//
// [delete-task]: https://marketplace.gohighlevel.com/docs/ghl/contacts/delete-task
func (c *Client) DeleteTask(ctx context.Context, contactID, id string) error {
	return c.remove(ctx, call{operation: deleteTask, ids: []string{contactID, id}})
}

func (c *Client) task(ctx context.Context, call call) (crm.Document, error) {
	result, err := c.do(ctx, call)
	if err != nil {
		return nil, err
	}
	return result.recordIn(call.operation, taskOf(call.ids[0]), "task")
}

// SearchTasks carries out [get-location-task]: one page of the location's tasks, at most 500 (which is also what a Limit
// of 0 means), from an index that lags behind writes. It is answered with 201. SearchAfter is the last row's own cursor;
// it is empty when the page is not full. Safe to repeat.
//
// [get-location-task]: https://marketplace.gohighlevel.com/docs/ghl/locations/get-location-task
func (c *Client) SearchTasks(ctx context.Context, q crm.TaskSearch) (crm.TaskPage, error) {
	if q.Limit == 0 {
		q.Limit = largestTaskSearch
	}
	result, err := c.do(ctx, call{operation: searchTasks, ids: []string{c.locationID}, body: q})
	if err != nil {
		return crm.TaskPage{}, err
	}
	tasks, err := result.recordsIn(searchTasks, "tasks", taskOf(""))
	if err != nil {
		return crm.TaskPage{}, err
	}
	page := crm.TaskPage{Tasks: tasks}
	if len(tasks) == 0 || len(tasks) < q.Limit {
		return page, nil
	}
	page.SearchAfter, _ = tasks[len(tasks)-1]["searchAfter"].([]any)
	if len(page.SearchAfter) == 0 {
		// Taking this for the last page would lose every task after it without a word.
		return crm.TaskPage{}, unreadable(searchTasks, result.status, codePageWithoutCursor, "the page does not say where the next begins")
	}
	return page, nil
}
