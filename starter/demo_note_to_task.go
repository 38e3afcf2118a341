package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// demoNoteToTask are rules under which Salesforce notes become GoHighLevel tasks.
const demoNoteToTask = "note_to_task: {enabled: true, mark_done: true}\n"

// noteToTaskResult is what became of notes that became tasks, in `starter demo --output json`. A note counts as one thing
// made, and a completed task as one change.
type noteToTaskResult struct {
	kindResult
	Notes     int `json:"notes"`     // that became tasks
	Tasks     int `json:"tasks"`     // that came of them, the one above the others with them
	Completed int `json:"completed"` // of those
}

// noteToTask is the kind under which the demo counts notes that become tasks.
const noteToTask record.Kind = "note_to_task"

// minutes is the note that becomes tasks, and what it asks for.
const minutes = "Kick-off meeting"

var minutesItems = []string{"Send the contract", "Book a room"}

// playNoteToTask shows a Salesforce note becoming GoHighLevel tasks, which are tasks in Salesforce as well, and one of them
// being completed in GoHighLevel.
func (l *live) playNoteToTask(ctx context.Context, c *cast, _ bool) error {
	l.title("A Salesforce note becomes tasks, and the rules say `note_to_task: {enabled: true}`")
	who, err := c.next(record.Email)
	if err != nil {
		return err
	}
	l.made[noteToTask] = append(l.made[noteToTask], made{who, minutes})
	return l.scene(ctx, []beat{
		{acts: []*act{l.writesMinutes(who, who.on(record.Salesforce).Name())}},
		{quiet: true, acts: []*act{l.completesItem(who, minutesItems[0])}},
	})
}

func (l *live) writesMinutes(who couple, name string) *act {
	return &act{
		side: record.Salesforce, kind: noteToTask, about: minutes, brief: "note: " + minutes,
		text: fmt.Sprintf("writes about %s: %s, with %d things to do", name, minutes, len(minutesItems)),
		do: func() error {
			_, err := l.box.AddList(who.SalesforceID, minutes, minutesItems...)
			return err
		},
		settled: func(context.Context) (upshot, bool) {
			n := len(l.ofMinutes(record.GoHighLevel, who))
			return upshot{fate: arrived}, n == 1+len(minutesItems) && n == len(l.ofMinutes(record.Salesforce, who))
		},
	}
}

// completesItem is the act of completing one of the tasks in GoHighLevel.
func (l *live) completesItem(who couple, item string) *act {
	done := func(side record.Side) bool {
		counts, task := false, false
		for _, e := range l.ofMinutes(side, who) {
			counts = counts || strings.Contains(e.Title, fmt.Sprintf("(1 of %d done)", len(minutesItems)))
			task = task || e.Done && strings.Contains(e.Title, item)
		}
		return counts && task
	}
	return &act{
		side: record.GoHighLevel, kind: noteToTask, change: true, text: "completes the task: " + item, about: item,
		do: func() error {
			for _, e := range l.ofMinutes(record.GoHighLevel, who) {
				if strings.Contains(e.Title, item) {
					return l.box.CompleteTask(record.GoHighLevel, e.ID)
				}
			}
			return nil // it has not come, as was shown, and so nobody can complete it
		},
		settled: func(context.Context) (upshot, bool) {
			return upshot{fate: arrived}, done(record.GoHighLevel) && done(record.Salesforce)
		},
	}
}

// ofMinutes returns the tasks of a side that came of the note.
func (l *live) ofMinutes(side record.Side, who couple) (out []sandbox.Entry) {
	for _, e := range l.box.Entries(record.Task, side, who.RecordID(side)) {
		if strings.Contains(e.Title, minutes) {
			out = append(out, e)
		}
	}
	return out
}

// noteToTaskResult adds up what became of notes that became tasks. Drift counts the tasks that only one side has, or tells
// otherwise.
func (l *live) noteToTaskResult(ctx context.Context) (noteToTaskResult, error) {
	counts, err := l.store.CountNotes(ctx, demoConnection)
	out := noteToTaskResult{kindResult: l.kinds[noteToTask], Notes: counts.Notes, Tasks: counts.Tasks, Completed: counts.Completed}
	out.Drift = l.minutesDrift()
	return out, err
}

func (l *live) minutesDrift() int {
	sides := map[sandbox.Entry]int{}
	for _, m := range l.made[noteToTask] {
		for _, side := range record.Sides {
			for _, e := range l.ofMinutes(side, m.who) {
				e.ID = ""
				sides[e]++
			}
		}
	}
	drift := 0
	for _, n := range sides {
		if n != len(record.Sides) {
			drift++
		}
	}
	return drift
}
