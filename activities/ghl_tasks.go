package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// GoHighLevelTaskInput names one task of a contact.
type GoHighLevelTaskInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	TaskID     string `json:"task_id"`
}

// GoHighLevelTaskWriteInput names one task of a contact ("" for a new one) and what to write.
type GoHighLevelTaskWriteInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	TaskID     string `json:"task_id,omitempty"`
	Task       Sealed `json:"task"` // a crm.Document
}

// GoHighLevelTaskCompletionInput names one task of a contact, and whether it is to be completed or open.
type GoHighLevelTaskCompletionInput struct {
	Connection string `json:"connection"`
	ContactID  string `json:"contact_id"`
	TaskID     string `json:"task_id"`
	Completed  bool   `json:"completed"`
}

// GoHighLevelTask is one task as GoHighLevel holds it.
type GoHighLevelTask struct {
	TaskID string `json:"task_id"`
	Task   Sealed `json:"task"`
}

// GoHighLevelTasks is tasks as GoHighLevel holds them: all of a contact's, or one page of the location's.
type GoHighLevelTasks struct {
	TaskIDs []string `json:"task_ids"`
	Tasks   Sealed   `json:"tasks"` // a list of crm.Document
	// SearchAfter continues a search; it is empty on the last page.
	SearchAfter Sealed `json:"search_after,omitempty"`
}

// sealRecord seals one document and returns its id beside it.
func (c *Connection) sealRecord(doc crm.Document, err error) (id string, sealed Sealed, _ error) {
	if err != nil {
		return "", nil, err
	}
	id, _ = doc["id"].(string)
	sealed, err = c.seal(record.GoHighLevel, purposeHistory, doc)
	return id, sealed, err
}

// sealRecords seals a list of documents and returns their ids beside it.
func (c *Connection) sealRecords(docs []crm.Document, err error) (ids []string, sealed Sealed, _ error) {
	if err != nil {
		return nil, nil, err
	}
	for _, doc := range docs {
		id, _ := doc["id"].(string)
		ids = append(ids, id)
	}
	sealed, err = c.seal(record.GoHighLevel, purposeHistory, docs)
	return ids, sealed, err
}

// openSealed opens a connection and a document that is sealed for it.
func (a *GoHighLevel) openSealed(ctx context.Context, connection string, sealed Sealed) (*Connection, crm.Document, error) {
	c, err := a.Connections.Open(ctx, connection)
	if err != nil {
		return nil, nil, err
	}
	var doc crm.Document
	err = c.unseal(record.GoHighLevel, purposeHistory, sealed, &doc)
	return c, doc, err
}

func (c *Connection) sealTask(doc crm.Document, err error) (out GoHighLevelTask, _ error) {
	out.TaskID, out.Task, err = c.sealRecord(doc, err)
	return out, err
}

// ListGoHighLevelTasks is GET /contacts/{id}/tasks.
func (a *GoHighLevel) ListGoHighLevelTasks(ctx context.Context, in GoHighLevelContactInput) (out GoHighLevelTasks, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	out.TaskIDs, out.Tasks, err = c.sealRecords(c.GoHighLevel.ListTasks(ctx, in.ContactID))
	return out, err
}

// GetGoHighLevelTask is GET /contacts/{id}/tasks/{taskId}.
func (a *GoHighLevel) GetGoHighLevelTask(ctx context.Context, in GoHighLevelTaskInput) (GoHighLevelTask, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelTask{}, err
	}
	return c.sealTask(c.GoHighLevel.GetTask(ctx, in.ContactID, in.TaskID))
}

// CreateGoHighLevelTask is POST /contacts/{id}/tasks. Not safe to repeat: settle first.
func (a *GoHighLevel) CreateGoHighLevelTask(ctx context.Context, in GoHighLevelTaskWriteInput) (GoHighLevelTask, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Task)
	if err != nil {
		return GoHighLevelTask{}, err
	}
	return c.sealTask(c.GoHighLevel.CreateTask(ctx, in.ContactID, doc))
}

// UpdateGoHighLevelTask is PUT /contacts/{id}/tasks/{taskId}.
func (a *GoHighLevel) UpdateGoHighLevelTask(ctx context.Context, in GoHighLevelTaskWriteInput) (GoHighLevelTask, error) {
	c, doc, err := a.openSealed(ctx, in.Connection, in.Task)
	if err != nil {
		return GoHighLevelTask{}, err
	}
	return c.sealTask(c.GoHighLevel.UpdateTask(ctx, in.ContactID, in.TaskID, doc))
}

// SetGoHighLevelTaskCompleted is PUT /contacts/{id}/tasks/{taskId}/completed.
func (a *GoHighLevel) SetGoHighLevelTaskCompleted(ctx context.Context, in GoHighLevelTaskCompletionInput) (GoHighLevelTask, error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return GoHighLevelTask{}, err
	}
	return c.sealTask(c.GoHighLevel.SetTaskCompleted(ctx, in.ContactID, in.TaskID, in.Completed))
}

// DeleteGoHighLevelTask is DELETE /contacts/{id}/tasks/{taskId}.
func (a *GoHighLevel) DeleteGoHighLevelTask(ctx context.Context, in GoHighLevelTaskInput) error {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return err
	}
	return c.GoHighLevel.DeleteTask(ctx, in.ContactID, in.TaskID)
}

// SearchGoHighLevelTasksInput is one page of a search.
type SearchGoHighLevelTasksInput struct {
	Connection string `json:"connection"`
	Search     Sealed `json:"search,omitempty"` // a crm.TaskSearch; empty finds every task
	// SearchAfter is that of the page before; empty for the first.
	SearchAfter Sealed `json:"search_after,omitempty"`
}

// SearchGoHighLevelTasks is POST /locations/{id}/tasks/search.
func (a *GoHighLevel) SearchGoHighLevelTasks(ctx context.Context, in SearchGoHighLevelTasksInput) (out GoHighLevelTasks, err error) {
	c, err := a.Connections.Open(ctx, in.Connection)
	if err != nil {
		return out, err
	}
	var search crm.TaskSearch
	if len(in.Search) > 0 {
		if err := c.unseal(record.GoHighLevel, purposeHistory, in.Search, &search); err != nil {
			return out, err
		}
	}
	if len(in.SearchAfter) > 0 {
		if err := c.unseal(record.GoHighLevel, purposeHistory, in.SearchAfter, &search.SearchAfter); err != nil {
			return out, err
		}
	}
	page, err := c.GoHighLevel.SearchTasks(ctx, search)
	if out.TaskIDs, out.Tasks, err = c.sealRecords(page.Tasks, err); err != nil || len(page.SearchAfter) == 0 {
		return out, err
	}
	out.SearchAfter, err = c.seal(record.GoHighLevel, purposeHistory, page.SearchAfter)
	return out, err
}
