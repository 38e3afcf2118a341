package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
)

// narrow is how wide a terminal is at least.
const narrow = 80

// showEntry says where an entry lives, and why where it is not as it should be.
func showEntry(e activities.TimelineEntry) shownEntry {
	out := shownEntry{TimelineEntry: e}
	switch {
	case e.SalesforceID == "":
		out.Only = record.GoHighLevel
	case e.GoHighLevelID == "":
		out.Only = record.Salesforce
	}
	out.Why = whyApart(out)
	return out
}

// whyApart says in words why an entry is on one side only, or is not in step; "" where it is.
func whyApart(e shownEntry) string {
	kind := string(e.Kind)
	switch {
	case e.State == record.LinkFailed:
		return "a CRM refuses it: " + e.Problem
	case e.State == record.LinkInReview:
		return "waits for a person: " + strings.ReplaceAll(e.Problem, "_", " ")
	case e.State == record.LinkParted && e.Problem == record.ProblemIgnored:
		return "a person decided to leave it alone"
	case e.State == record.LinkParted:
		return "the other half was deleted, and this one was to stay"
	case e.State == record.LinkExcluded && e.Problem == record.ProblemNoContact:
		return "its contact is not in step"
	case e.State == record.LinkExcluded && e.Problem == record.ProblemWithdrawn:
		return "it does not take place, and the rules want no event of it"
	case e.LeftOut:
		return "the rules leave it out"
	case e.Only != "" && e.NotMade:
		return fmt.Sprintf("the rules make no %ss in %s", kind, sideName(e.Only.Other()))
	case e.State == record.LinkExcluded:
		return "the rules leave it out"
	case e.Lost:
		return "it is not to be found in " + sideName(e.Only.Other()) + " any more, and the next sync looks into it"
	case e.Only != "" && e.LinkID == 0:
		return "nothing has told of it yet; the next sweep finds it"
	case e.Only != "" || e.State == record.LinkNew:
		return "waits for its sync"
	case len(e.Differs) > 0:
		return "the sides differ in " + fieldList(e.Differs) + " until its next sync"
	}
	return ""
}

func (a *app) showTimeline(t shownTimeline) error {
	standing := strings.ReplaceAll(string(t.State), "_", " ")
	if t.Problem != "" {
		standing += " (" + t.Problem + ")"
	}
	say(a.out, "Timeline of contact %d of %s: %s", t.Link, t.Connection, standing)
	say(a.out, "  GoHighLevel  %s", orDash(t.GoHighLevelID))
	say(a.out, "  Salesforce   %s", orDash(t.SalesforceID))
	say(a.out, "  Time zone    %s\n", t.TimeZone)
	zone, err := time.LoadLocation(t.TimeZone)
	if err != nil {
		zone = time.UTC // the worker knows zones that this machine does not
		say(a.out, "This machine does not know that time zone: times are in UTC.\n")
	}
	if t.Older > 0 {
		say(a.out, "%d older ones are left out.", t.Older)
	}
	if len(t.Entries) == 0 {
		say(a.out, "Neither side holds any %s of it.", kindList(t.Kinds, "or"))
	} else {
		say(a.out, "%s", entryLine("WHEN", "KIND", "STATUS", "TITLE"))
	}
	for _, e := range t.Entries {
		say(a.out, "%s", entryLine(when(e.TimelineEntry, zone), string(e.Kind), orDash(e.Status), orDash(e.Title)))
		for _, line := range whereLines(e) {
			say(a.out, "    %s", line)
		}
		if e.Note != "" {
			say(a.out, "    made of the note %s", e.Note)
		}
	}
	for _, gap := range t.Unread {
		say(a.out, "! The %ss in %s could not be read: %s", gap.Kind, sideName(gap.Side), gap.Problem)
	}
	if len(t.Off) > 0 {
		say(a.out, "\nNot synced, and not shown: %s.", kindList(t.Off, "and"))
		say(a.out, "%s", turnOn(t.Off...))
	}
	return nil
}

// entryLine is one line of the list; the title is cut so that the line fits.
func entryLine(when, kind, status, title string) string {
	line := fmt.Sprintf("%-16s  %-11s  %-10s  ", when, kind, status)
	return strings.TrimRight(line+shortened(printable(title), narrow-len([]rune(line))), " ")
}

// when is the day that a task is due, and else a time, in the location's zone.
func when(e activities.TimelineEntry, zone *time.Location) string {
	switch {
	case e.Due != "":
		return e.Due
	case e.Kind == record.Task || e.At.IsZero():
		return "-"
	}
	return e.At.In(zone).Format("2006-01-02 15:04")
}

// whereLines say where an entry lives on both sides, in lines that fit below it.
func whereLines(e shownEntry) []string {
	var where string
	switch e.Only {
	case record.GoHighLevel:
		where = "only in GoHighLevel " + e.GoHighLevelID
	case record.Salesforce:
		where = "only in Salesforce " + e.SalesforceID
	default:
		where = fmt.Sprintf("GoHighLevel %s, Salesforce %s", e.GoHighLevelID, e.SalesforceID)
	}
	if e.Why == "" {
		return []string{where}
	}
	why := e.Why
	if e.LinkID != 0 {
		why = fmt.Sprintf("link %d, %s", e.LinkID, why)
	}
	if both := where + ": " + why; len([]rune(both)) <= narrow-4 {
		return []string{both}
	}
	return append([]string{where + ":"}, broken(why, narrow-6, "  ")...)
}

// broken breaks a text into lines of so many characters, each behind an indentation.
func broken(text string, most int, indent string) (out []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > most {
			out, line = append(out, indent+line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(out, indent+line)
}

// kindList is kinds in words, each in the plural.
func kindList(kinds []record.Kind, and string) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind) + "s"
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}
