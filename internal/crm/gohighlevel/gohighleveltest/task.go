package gohighleveltest

import (
	"errors"
	"time"
)

// Task is a task as the location stores it. The JSON form, used by the admin API, has the vendor's field names.
type Task struct {
	ID          string    `json:"id,omitempty"`
	ContactID   string    `json:"contactId,omitempty"`
	Title       string    `json:"title,omitempty"`
	Body        string    `json:"body,omitempty"`
	AssignedTo  string    `json:"assignedTo,omitempty"` // a user
	DueDate     time.Time `json:"dueDate,omitzero"`     // milliseconds
	Completed   bool      `json:"completed,omitempty"`
	DateAdded   time.Time `json:"dateAdded,omitzero"`   // milliseconds; now when zero
	DateUpdated time.Time `json:"dateUpdated,omitzero"` // milliseconds; DateAdded when zero
}

func (t *Task) id() string       { return t.ID }
func (t *Task) contact() string  { return t.ContactID }
func (t *Task) added() time.Time { return t.DateAdded }

// prepareTask completes a task as the vendor would on creating it.
func (f *Fake) prepareTask(t Task) (*Task, error) {
	if t.Title == "" || t.DueDate.IsZero() {
		return nil, errors.New("a task needs a title and a due date")
	}
	if t.ID == "" {
		t.ID = f.ids.id(20)
	}
	f.stamp(&t.DateAdded, &t.DateUpdated)
	t.DueDate = t.DueDate.UTC().Truncate(time.Millisecond)
	return &t, nil
}

// putTask stores a version of a task, which keeps its date added; searches see it after the lag. The caller holds the
// timeline's lock.
func (f *Fake) putTask(t *Task, lag time.Duration) {
	if old := f.timeline.tasks.byID[t.ID]; old != nil {
		t.DateAdded = old.DateAdded // by which the index finds it
	}
	f.timeline.tasks.put(t)
	f.timeline.index.write(&indexedTask{Task: *t}, f.now(), lag)
}

// dropTask deletes a task; its row in the searches is marked, late. The caller holds the timeline's lock.
func (f *Fake) dropTask(t *Task) {
	f.timeline.tasks.remove(t)
	now := f.now()
	gone := *t
	gone.DateUpdated = now
	f.timeline.index.write(&indexedTask{Task: gone, Deleted: true}, now, f.options().IndexLag)
}

// addTask stores a new task. The caller holds the timeline's lock.
func (f *Fake) addTask(t *Task) {
	f.putTask(t, f.options().IndexLag)
	f.announceTask(TaskCreate, t)
}

// changeTask stores a changed version of a task. Only that a task was completed is announced. The caller holds the
// timeline's lock.
func (f *Fake) changeTask(old *Task, t Task) *Task {
	t.DateUpdated = f.later(old.DateUpdated)
	f.putTask(&t, f.options().IndexLag)
	if t.Completed && !old.Completed {
		f.announceTask(TaskComplete, &t)
	}
	return &t
}

func (f *Fake) deleteTaskOf(t *Task) {
	f.dropTask(t)
	f.announceTask(TaskDelete, t)
}

// later is now, or the given instant when the clock stands before it.
func (f *Fake) later(than time.Time) time.Time {
	if now := f.now(); now.After(than) {
		return now
	}
	return than
}

// CreateTask adds a task as a person in the CRM would and returns its id. ErrNoContact when there is no such contact.
func (f *Fake) CreateTask(t Task) (id string, err error) {
	x, err := f.prepareTask(t)
	if err != nil {
		return "", err
	}
	return x.ID, f.underContact(t.ContactID, func(*timeline) error {
		f.addTask(x)
		return nil
	})
}

// LoadTasks adds many tasks at once: searches see them without lag where no earlier write is still queued, and no
// webhook tells of them. It returns the ids in order, and stops at the first task whose contact is missing.
func (f *Fake) LoadTasks(all []Task) (ids []string, err error) {
	for _, t := range all {
		x, err := f.prepareTask(t)
		if err != nil {
			return ids, err
		}
		if err := f.underContact(t.ContactID, func(*timeline) error { f.putTask(x, 0); return nil }); err != nil {
			return ids, err
		}
		ids = append(ids, x.ID)
	}
	return ids, nil
}

// EditTask changes title, body, assignedTo, dueDate or completed of a task as a person would. No webhook tells of it,
// unless it completes the task.
func (f *Fake) EditTask(id string, changes map[string]any) error {
	return f.editTask(id, func(t *Task) error {
		return overlay(t, changes, "title", "body", "assignedTo", "dueDate", "completed")
	})
}

// CompleteTask completes a task as a person would.
func (f *Fake) CompleteTask(id string) error {
	return f.editTask(id, func(t *Task) error { t.Completed = true; return nil })
}

// ReopenTask reopens a task as a person would, of which no webhook tells.
func (f *Fake) ReopenTask(id string) error {
	return f.editTask(id, func(t *Task) error { t.Completed = false; return nil })
}

func (f *Fake) editTask(id string, change func(*Task) error) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.tasks.byID[id]
	if old == nil {
		return ErrNoRecord
	}
	t := *old
	if err := change(&t); err != nil {
		return err
	}
	t.DueDate = t.DueDate.UTC().Truncate(time.Millisecond)
	f.changeTask(old, t)
	return nil
}

// DeleteTask deletes a task as a person would.
func (f *Fake) DeleteTask(id string) error {
	l := f.timeline
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tasks.byID[id]
	if t == nil {
		return ErrNoRecord
	}
	f.deleteTaskOf(t)
	return nil
}

// Task returns a task as it is now, however far the search index lags.
func (f *Fake) Task(id string) (Task, bool) {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	t := f.timeline.tasks.byID[id]
	if t == nil {
		return Task{}, false
	}
	return *t, true
}

// Tasks returns every task, the newest first.
func (f *Fake) Tasks() []Task {
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	return values(f.timeline.tasks.all())
}

func values[T any](all []*T) []T {
	out := make([]T, len(all))
	for i, x := range all {
		out[i] = *x
	}
	return out
}
