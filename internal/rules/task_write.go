package rules

import (
	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// Write returns the document of a task.
func (m *TaskMapper) Write(to record.Side, c Change) Write {
	if to == record.Salesforce {
		return Write{Doc: m.toSalesforce(c)}
	}
	return m.toGoHighLevel(c)
}

// toGoHighLevel fills in what a create must have, also where the rules let it travel the other way only.
func (m *TaskMapper) toGoHighLevel(c Change) Write {
	doc := map[string]any{}
	for _, w := range c.Writes {
		switch w.Field {
		case record.Body:
			doc["body"] = markup(c.wrapped(record.GoHighLevel, nil, longestSubject, noLimit, record.HTMLCost)[0])
		case record.Status:
			doc["completed"] = w.After.Text() == TaskCompleted
		case record.Due:
			if at, ok := record.DueAt(w.After.Text(), m.rules.DueHour, m.zone); ok {
				doc["dueDate"] = record.Instant(at)
			}
		case record.Assignee:
			if id := m.people.id(record.GoHighLevel, w.After); id != "" {
				doc["assignedTo"] = id
			}
		}
	}
	shown := len(m.rules.ShowPriority) > 0
	if c.create() || c.writes(record.Title) || shown && c.writes(record.Priority) {
		title := c.after(record.Title).Text()
		if title == "" && c.Other != nil {
			title = titleStandIn(c.Other, "Task").Text()
		}
		if shown {
			priority := m.priorities.plain
			if v := c.after(record.Priority); m.shows(v.Text()) {
				priority = v.Text()
			}
			title = m.priorities.join(priority, title)
		}
		doc["title"] = title
	}
	if _, given := doc["dueDate"]; c.create() && !given && c.Other != nil {
		if at, ok := record.DueAt(m.projectDue(c.Other, c.Other.Fields[record.Due]).Text(), m.rules.DueHour, m.zone); ok {
			doc["dueDate"] = record.Instant(at)
		}
	}
	out := Write{Doc: doc}
	if _, given := doc["completed"]; c.create() && !given {
		doc["completed"] = false
	} else if completed, only := doc["completed"].(bool); only && len(doc) == 1 {
		out.Completed = &completed
	}
	return out
}

// markup returns a body as GoHighLevel takes it; null where it is empty.
func markup(text string) any {
	if text == "" {
		return nil
	}
	return record.Markup(text)
}

func (m *TaskMapper) toSalesforce(c Change) map[string]any {
	doc := m.writeActivity(c, nil)
	for _, w := range c.Writes {
		switch w.Field {
		case record.Status:
			doc["Status"] = m.status(c, w)
		case record.Due:
			doc["ActivityDate"] = typed(record.TypeDate, w.After)
		case record.Priority:
			doc["Priority"] = typed(record.TypeText, w.After)
		}
	}
	return doc
}

func (m *TaskMapper) status(c Change, w reconcile.Write) string {
	switch {
	case w.After.Text() == TaskCompleted:
		return m.completeAs
	case c.create():
		return m.openAs
	}
	return m.reopenAs
}
