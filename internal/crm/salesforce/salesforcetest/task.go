package salesforcetest

import "time"

func taskObject(statuses []TaskStatus) *object {
	status := fixed(picklist("Status"))
	status.required = true
	for _, s := range statuses {
		label := s.Label
		if label == "" {
			label = s.Name
		}
		status.values, status.labels = append(status.values, s.Name), append(status.labels, label)
	}
	priority := fixed(picklist("Priority", taskPriorities...))
	priority.required = true
	o := activityObject("Task", "00T",
		status,
		priority,
		typed("ActivityDate", "date", 0),
		createOnly(fixed(picklist("TaskSubtype", "Task", "Email", "LinkedIn", "ListEmail", "Cadence", "Call"))),
		derived(typed("IsClosed", "boolean", 0)),
		derived(typed("IsHighPriority", "boolean", 0)),
		peopleOnly(typed("CompletedDateTime", "datetime", 0)),
		picklist("CallType", "Internal", "Inbound", "Outbound"),
		typed("CallDurationInSeconds", "int", 0),
		text("CallDisposition", 255),
	)
	o.shape, o.old = shapeTask, oldTask(o)
	return o
}

var taskPriorities = []string{"High", "Normal", "Low"}

func shapeTask(d *draft) *apiError {
	for _, s := range d.w.f.options.TaskStatuses {
		if s.Default {
			d.byDefault("Status", s.Name)
		}
	}
	d.byDefault("Priority", "Normal")
	d.byDefault("TaskSubtype", "Task")
	if !d.w.person && d.was("IsRecurrence") != "" && d.gives("ActivityDate", "Status") {
		return unfit("The due date and the status of a recurring task's series cannot be changed", "ActivityDate")
	}
	closed := d.w.f.closes(d.get("Status"))
	d.setBool("IsClosed", closed)
	d.setBool("IsHighPriority", d.get("Priority") == "High")
	switch {
	case !closed:
		d.set("CompletedDateTime", "")
	case d.was("IsClosed") == "" && !d.gives("CompletedDateTime"):
		d.set("CompletedDateTime", d.modified())
	}
	return d.relate()
}

// closes tells whether a task with the status is done.
func (f *Fake) closes(status string) bool {
	for _, s := range f.options.TaskStatuses {
		if s.Name == status {
			return s.Closed
		}
	}
	return false
}

// oldTask archives closed tasks a year after they were due, or after they were made where they have no due date.
func oldTask(o *object) func(*row, time.Time) bool {
	closed, due := o.field("IsClosed").index, o.field("ActivityDate").index
	return func(r *row, now time.Time) bool {
		if r.get(closed) == "" {
			return false
		}
		if date := r.get(due); date != "" {
			return date <= now.Add(-archivedAfter).Format(dateLayout)
		}
		return int64(r.created) <= now.Add(-archivedAfter).Unix()
	}
}

// The objects that list the values of Task.Status and Task.Priority.

func taskStatusObject() *object {
	return taskValueObject("TaskStatus", "Task Status Value", "01D", typed("IsClosed", "boolean", 0))
}

func taskPriorityObject() *object {
	return taskValueObject("TaskPriority", "Task Priority Value", "01E", typed("IsHighPriority", "boolean", 0))
}

func taskValueObject(name, label, prefix string, flag *field) *object {
	o := newObject(name, label, prefix, false,
		text("MasterLabel", 255), text("ApiName", 255), typed("SortOrder", "int", 0), typed("IsDefault", "boolean", 0), flag)
	o.refuses = noCustomFields | noReplication
	return o
}

// populateTaskValues lists the values of Task.Status and Task.Priority.
func (f *Fake) populateTaskValues() {
	for i, s := range f.options.TaskStatuses {
		label := s.Label
		if label == "" {
			label = s.Name
		}
		f.Create("TaskStatus", map[string]any{
			"ApiName": s.Name, "MasterLabel": label, "SortOrder": i + 1, "IsDefault": s.Default, "IsClosed": s.Closed,
		})
	}
	for i, name := range taskPriorities {
		f.Create("TaskPriority", map[string]any{
			"ApiName": name, "MasterLabel": name, "SortOrder": i + 1, "IsDefault": name == "Normal", "IsHighPriority": name == "High",
		})
	}
}
