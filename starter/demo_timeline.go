package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/record"
)

// kindResult is what became of what people did with one kind beside contacts, in `starter demo --output json`.
type kindResult struct {
	Made int `json:"made"` // by people, in either CRM
	// Changed are changes of what was made, as a task that is completed.
	Changed int `json:"changed"`
	Arrived int `json:"arrived"` // of both
	// Drift counts of what was made what the two CRMs do not tell alike at the end.
	Drift int `json:"drift"`
}

// deed is something that a person makes on a contact.
type deed struct {
	kind  record.Kind
	side  record.Side
	title string
	verb  string
	make  func(contact string) error
}

// timelineDays are how far ahead of the demo people plan.
const timelineDays = 7

// playTimeline shows tasks, notes and appointments of one contact arriving, a task that is completed, and the timeline that
// comes of it.
func (l *live) playTimeline(ctx context.Context, c *cast, _ bool) error {
	l.title("Tasks, notes and appointments of one contact")
	who, err := c.next(record.Email)
	if err != nil {
		return err
	}
	name := who.on(record.GoHighLevel).Name()
	var beats []beat
	for _, d := range l.deeds(time.Now().AddDate(0, 0, timelineDays)) {
		l.made[d.kind] = append(l.made[d.kind], made{who, d.title})
		beats = append(beats, beat{acts: []*act{l.deed(who, name, d)}})
	}
	beats = append(beats, beat{quiet: true, acts: []*act{l.completes(who, "Call back about the offer")}})
	if err := l.scene(ctx, beats); err != nil {
		return err
	}
	return l.command(fmt.Sprintf("timeline %s %d", demoConnection, who.ID), func() error {
		return runTimeline(ctx, l.person, demoConnection, strconv.FormatInt(who.ID, 10), nil)
	})
}

// deeds is what people make, each in their own CRM.
func (l *live) deeds(day time.Time) []deed {
	noon := time.Date(day.Year(), day.Month(), day.Day(), 17, 0, 0, 0, time.UTC) // midday where the location is
	task := func(side record.Side, title string) deed {
		return deed{record.Task, side, title, "adds a task for", func(contact string) error {
			_, err := l.box.AddTask(side, contact, title, noon)
			return err
		}}
	}
	note := func(side record.Side, title, text string) deed {
		return deed{record.Note, side, title, "writes a note about", func(contact string) error {
			_, err := l.box.AddNote(side, contact, title, text)
			return err
		}}
	}
	return []deed{
		task(record.GoHighLevel, "Send the offer"),
		task(record.Salesforce, "Call back about the offer"),
		note(record.GoHighLevel, "Met at the trade fair", "Wants the larger model, and a date before the summer."),
		note(record.Salesforce, "Budget is settled", "The board has agreed."),
		{record.Appointment, record.GoHighLevel, "Viewing of the showroom", "books an appointment with", func(contact string) error {
			_, err := l.box.Book(contact, "Viewing of the showroom", noon.Add(2*time.Hour))
			return err
		}},
	}
}

// deed is an act that makes something on a contact.
func (l *live) deed(who couple, name string, d deed) *act {
	there := d.side.Other()
	return &act{
		side: d.side, kind: d.kind, text: fmt.Sprintf("%s %s: %s", d.verb, name, d.title), brief: string(d.kind) + ": " + d.title,
		about: d.title,
		do:    func() error { return d.make(who.RecordID(d.side)) },
		settled: func(context.Context) (upshot, bool) {
			_, is := l.find(d.kind, there, who, d.title)
			return upshot{fate: arrived}, is
		},
	}
}

// completes is the act of completing a task in GoHighLevel.
func (l *live) completes(who couple, title string) *act {
	return &act{
		side: record.GoHighLevel, kind: record.Task, change: true, text: "completes the task: " + title, about: title,
		do: func() error {
			if task, is := l.find(record.Task, record.GoHighLevel, who, title); is {
				return l.box.CompleteTask(record.GoHighLevel, task.ID)
			}
			return nil // it has not arrived, as was shown, and so nobody can complete it
		},
		settled: func(context.Context) (upshot, bool) {
			task, is := l.find(record.Task, record.Salesforce, who, title)
			return upshot{fate: arrived}, is && task.Done
		},
	}
}

// made is something that a person made on a contact.
type made struct {
	who   couple
	title string
}

// find returns what a contact has of a kind on a side under a title.
func (l *live) find(kind record.Kind, side record.Side, who couple, title string) (sandbox.Entry, bool) {
	all := l.box.Entries(kind, side, who.RecordID(side))
	i := slices.IndexFunc(all, func(e sandbox.Entry) bool { return e.Title == title })
	if i < 0 {
		return sandbox.Entry{}, false
	}
	return all[i], true
}

// kindResult adds up what became of a kind.
func (l *live) kindResult(kind record.Kind) kindResult {
	out := l.kinds[kind]
	for _, m := range l.made[kind] {
		ghl, inGHL := l.find(kind, record.GoHighLevel, m.who, m.title)
		sf, inSF := l.find(kind, record.Salesforce, m.who, m.title)
		if ghl.ID, sf.ID = "", ""; !inGHL || !inSF || ghl != sf {
			out.Drift++
		}
	}
	return out
}

// noteKind counts what became of something done with a kind beside contacts.
func (l *live) noteKind(e ending) {
	out := l.kinds[e.act.kind]
	if e.act.change {
		out.Changed++
	} else {
		out.Made++
	}
	if e.upshot.fate == arrived {
		out.Arrived++
	}
	l.kinds[e.act.kind] = out
}

// showKinds shows what became of each kind beside contacts.
func (l *live) showKinds(r demoResult) error {
	var rows [][]string
	for _, one := range []struct {
		name string
		kindResult
	}{{"tasks", r.Tasks}, {"notes", r.Notes}, {"appointments", r.Appointments}, {"notes to tasks", r.NoteToTask.kindResult}} {
		rows = append(rows, []string{
			one.name, strconv.Itoa(one.Made), strconv.Itoa(one.Changed), strconv.Itoa(one.Arrived), strconv.Itoa(one.Drift),
		})
	}
	say(l.out, "")
	return l.person.table([]string{"TIMELINE", "MADE", "CHANGED", "ARRIVED", "DRIFT"}, rows)
}
