package gohighleveltest

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// taskObject is a task as all operations but the search show it: without its dates.
type taskObject struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Body       string `json:"body,omitempty"`
	AssignedTo string `json:"assignedTo,omitempty"`
	DueDate    string `json:"dueDate"`
	Completed  bool   `json:"completed"`
	ContactID  string `json:"contactId"`
}

func showTask(t *Task) taskObject {
	return taskObject{t.ID, t.Title, t.Body, t.AssignedTo, iso(t.DueDate.UnixMilli()), t.Completed, t.ContactID}
}

func (f *Fake) taskReply(status int, t *Task) reply {
	return ok(status, map[string]any{"task": showTask(t), "traceId": f.traces.uuid()})
}

// missing answers what an operation of a contact's records failed with.
func (f *Fake) missing(err error, contact, kind, id string) reply {
	if errors.Is(err, ErrNoContact) {
		return f.notFound(contact)
	}
	return f.fail(http.StatusBadRequest, fmt.Sprintf("%s with id %s not found", kind, id))
}

func (f *Fake) listTasks(c *call) reply {
	out := []taskObject{}
	err := f.underContact(c.path[0], func(l *timeline) error {
		for _, t := range l.tasks.of(c.path[0]) {
			out = append(out, showTask(t))
		}
		return nil
	})
	if err != nil {
		return f.notFound(c.path[0])
	}
	return ok(http.StatusOK, map[string]any{"tasks": out, "traceId": f.traces.uuid()})
}

// withTask calls an operation with the task that the path names, under its lock.
func (f *Fake) withTask(c *call, do func(*Task) reply) (answer reply) {
	err := f.underContact(c.path[0], func(l *timeline) error {
		t, there := l.tasks.under(c.path[0], c.path[1])
		if !there {
			return ErrNoRecord
		}
		answer = do(t)
		return nil
	})
	if err != nil {
		return f.missing(err, c.path[0], "Task", c.path[1])
	}
	return answer
}

func (f *Fake) getTask(c *call) reply {
	return f.withTask(c, func(t *Task) reply { return f.taskReply(http.StatusOK, t) })
}

// taskWriteForm is what a body says about a task; nil is not said.
type taskWriteForm struct {
	title, body, assignedTo *string
	dueDate                 *time.Time
	completed               *bool
}

func (w *taskWriteForm) apply(t *Task) {
	set(&t.Title, w.title)
	set(&t.Body, w.body)
	set(&t.AssignedTo, w.assignedTo)
	set(&t.DueDate, w.dueDate)
	set(&t.Completed, w.completed)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// parseTask validates the body of a write. Nothing can be null; an empty text clears, but a title cannot be empty.
func parseTask(v *validator, p presence) taskWriteForm {
	w := taskWriteForm{
		title: v.given("title"), body: v.given("body"), assignedTo: v.given("assignedTo"), dueDate: v.instant("dueDate", p),
		completed: v.flag("completed", p),
	}
	if w.title != nil && *w.title == "" || w.title == nil && p == required {
		v.fail("title should not be empty")
	}
	v.only("title", "body", "assignedTo", "dueDate", "completed")
	return w
}

func (f *Fake) createTask(c *call) reply {
	v := &validator{body: c.body}
	w := parseTask(v, required)
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	t := Task{ContactID: c.path[0]}
	w.apply(&t)
	x, err := f.prepareTask(t)
	if err != nil {
		return f.invalid(err.Error())
	}
	if f.underContact(c.path[0], func(*timeline) error { f.addTask(x); return nil }) != nil {
		return f.notFound(c.path[0])
	}
	c.effect.tasks.Created++
	return f.taskReply(http.StatusCreated, x)
}

func (f *Fake) updateTask(c *call) reply {
	v := &validator{body: c.body}
	w := parseTask(v, optional)
	return f.writeTask(c, v, w)
}

func (f *Fake) setTaskCompleted(c *call) reply {
	v := &validator{body: c.body}
	w := taskWriteForm{completed: v.flag("completed", required)}
	v.only("completed")
	return f.writeTask(c, v, w)
}

func (f *Fake) writeTask(c *call, v *validator, w taskWriteForm) reply {
	if len(v.problems) > 0 {
		return f.invalid(v.problems...)
	}
	return f.withTask(c, func(old *Task) reply {
		t := *old
		w.apply(&t)
		c.effect.tasks.Updated++
		return f.taskReply(http.StatusOK, f.changeTask(old, t))
	})
}

func (f *Fake) deleteTask(c *call) reply {
	return f.withTask(c, func(t *Task) reply {
		f.deleteTaskOf(t)
		c.effect.tasks.Deleted++
		return ok(http.StatusOK, succeeded(c, map[string]any{"traceId": f.traces.uuid()}))
	})
}
