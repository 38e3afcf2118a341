package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/rules"
)

func (a *app) showTriedNote(n triedNote, r rules.NoteToTask) error {
	if len(n.Plan.Tasks) == 0 {
		say(a.out, "This note becomes no task: %s.", noTask(n.Plan.Reason, r))
		return nil
	}
	tasks := n.Plan.Tasks
	if n.Plan.Parent() {
		parent := n.Shown[0]
		say(a.out, "%d tasks under one parent: %s", len(tasks), printable(parent.Title))
		say(a.out, "The parent is due %s, at %s, and goes to %s.", weekday(parent.Due), dueHour(r, n.Zone), orNobody(n.Plan.Assignee))
	} else {
		say(a.out, "One task, due at %s.", dueHour(r, n.Zone))
	}
	say(a.out, "")
	rows := make([][]string, len(tasks))
	for i, t := range tasks {
		done := ""
		if t.Done {
			done = "done"
		}
		rows[i] = []string{strconv.Itoa(i + 1), printable(shortText(t.Text)), weekday(t.Due), whyDue(t, r), orNobody(t.Assignee), whyAssigned(t.Assignee), whyFound(t), orDash(done)}
	}
	if err := a.table([]string{"#", "TASK", "DUE", "BECAUSE OF", "ASSIGNEE", "BECAUSE OF", "FOUND BY", "STATE"}, rows); err != nil {
		return err
	}
	for i, t := range tasks {
		for _, detail := range t.Details {
			say(a.out, "%d: %s", i+1, printable(detail))
		}
		if len(t.Unknown) > 0 {
			say(a.out, "%d: nobody is known, or more than one, as @%s; name them with --user", i+1, printable(strings.Join(t.Unknown, ", @")))
		}
	}
	if !n.Enabled {
		say(a.out, "\nThe rules have note-to-task turned off: with enabled: true under note_to_task it would be so.")
	}
	return nil
}

// noTask says in words why a note becomes no task.
func noTask(reason notetask.Reason, r rules.NoteToTask) string {
	switch reason {
	case notetask.ReasonFiltered:
		return "the rules leave it out (" + r.Filter.Source() + ")"
	case notetask.ReasonDone:
		return "everything in it is ticked off already"
	case notetask.ReasonTooMany:
		return "it has more items than a note that somebody wrote by hand"
	default:
		return "nothing in it is a list's item, or begins with a word like todo, call or send"
	}
}

func dueHour(r rules.NoteToTask, zone string) string {
	return fmt.Sprintf("%d:00 (%s)", r.DueHour, zone)
}

// weekday is a day with the name that people know it by.
func weekday(d notetask.Day) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return t.Format("Mon 2006-01-02")
}

func whyDue(t notetask.Task, r rules.NoteToTask) string {
	if t.DueText != "" {
		return strconv.Quote(t.DueText)
	}
	return fmt.Sprintf("no day named: %d days", r.DueDays)
}

func orNobody(who notetask.Assignee) string {
	switch {
	case who.Name != "":
		return printable(who.Name)
	case who.ID != "":
		return printable(who.ID)
	}
	return "nobody"
}

func whyAssigned(who notetask.Assignee) string {
	switch who.By {
	case notetask.ByMention:
		return "mentioned"
	case notetask.ByHeading:
		return "mentioned above"
	case notetask.ByAuthor:
		return "wrote the note"
	case notetask.ByOwner:
		return "owns the contact"
	case notetask.ByDefault:
		return "the default"
	}
	return "-"
}

func whyFound(t notetask.Task) string {
	switch t.Found {
	case notetask.FoundWord, notetask.FoundHeading, notetask.FoundPattern, notetask.FoundExpression:
		return string(t.Found) + " " + strconv.Quote(shortText(t.FoundBy))
	case notetask.FoundTitle:
		return "the title, word " + strconv.Quote(t.FoundBy)
	}
	return string(t.Found)
}

// shortText fits a text into a table's column.
func shortText(text string) string {
	const longest = 48
	if runes := []rune(text); len(runes) > longest {
		return strings.TrimSpace(string(runes[:longest-1])) + "…"
	}
	return text
}

// printable leaves nothing of a text to a terminal's interpretation.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, text)
}
