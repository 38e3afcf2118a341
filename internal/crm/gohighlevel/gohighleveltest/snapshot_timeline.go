package gohighleveltest

import "time"

// savedTimeline is all that hangs on the contacts.
type savedTimeline struct {
	Tasks      []*Task
	FoundTasks []*indexedTask
	TaskQueue  []savedTaskWrite
	Notes      []*Note

	Appointments []*Appointment
	Calendars    []Calendar
}

// savedTaskWrite is a write that searches for tasks do not see yet.
type savedTaskWrite struct {
	Due  time.Time
	Task *indexedTask
}

// saveRecords takes down the contacts, whose rows it returns, and what hangs on them, at one instant.
func (f *Fake) saveRecords(state *savedState) []*row {
	f.contacts.mu.RLock()
	defer f.contacts.mu.RUnlock()
	f.timeline.mu.RLock()
	defer f.timeline.mu.RUnlock()
	f.timeline.save(&state.Timeline)
	return f.contacts.save(state)
}

func (f *Fake) restoreRecords(state *savedState, rows []*row) {
	f.contacts.mu.Lock()
	defer f.contacts.mu.Unlock()
	f.timeline.mu.Lock()
	defer f.timeline.mu.Unlock()
	f.timeline.restore(&state.Timeline)
	f.contacts.restore(state, rows)
}

func (l *timeline) save(state *savedTimeline) {
	state.Tasks = l.tasks.all()
	state.FoundTasks = l.index.rows
	state.Notes = l.notes.all()
	state.Appointments = l.appointments.all()
	for _, id := range l.calendarOrder {
		state.Calendars = append(state.Calendars, *l.calendars[id])
	}
	for _, w := range l.index.queue[l.index.head:] {
		state.TaskQueue = append(state.TaskQueue, savedTaskWrite{w.due, w.task})
	}
}

func (l *timeline) restore(state *savedTimeline) {
	l.tasks = newRecords[*Task]()
	for _, t := range state.Tasks {
		l.tasks.put(t)
	}
	l.notes = newRecords[*Note]()
	for _, n := range state.Notes {
		l.notes.put(n)
	}
	l.appointments = newRecords[*Appointment]()
	for _, a := range state.Appointments {
		l.appointments.put(a)
	}
	l.calendars, l.calendarOrder = map[string]*Calendar{}, nil
	for i := range state.Calendars {
		l.addCalendar(&state.Calendars[i])
	}
	l.index = taskIndex{rows: state.FoundTasks}
	for _, w := range state.TaskQueue {
		l.index.queue = append(l.index.queue, taskWrite{w.Due, w.Task})
	}
}
