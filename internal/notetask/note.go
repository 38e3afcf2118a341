// Package notetask reads the tasks out of a note: what is to do, by when, and who does it. It is pure: the time and the
// zone come with the note, and the same note always gives the same plan.
package notetask

import (
	"time"

	"github.com/tandem-sync/tandem/internal/rules"
)

// Note is a Salesforce note.
type Note struct {
	Title string
	Body  string
	// HTML tells that the body is HTML, as a ContentNote's is; a classic note's is plain text.
	HTML   bool
	Author Author
	// Written is when the note was created: its words for days ("tomorrow") are said from then.
	Written time.Time
}

// Author is the Salesforce user who wrote a note. What is not known is "".
type Author struct {
	SalesforceID string
	Name         string
	Email        string
}

// Setting is what a note is read under.
type Setting struct {
	Rules rules.NoteToTask
	// Zone is the location's time zone.
	Zone *time.Location
	// Dates finds the days that a text names.
	Dates     Dates
	Directory Directory
}

// Day is a day of the calendar, as 2006-01-02, with no time and no zone. Days compare as text. "" is no day.
type Day string

// DayOf returns the day that an instant falls on in its zone.
func DayOf(t time.Time) Day { return Day(t.Format(time.DateOnly)) }

// At returns the instant at which an hour of the day begins in a zone. An hour that a change of the clocks leaves out is
// the one after it. It is the zero time for what is no day.
func (d Day) At(hour int, zone *time.Location) time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return time.Date(t.Year(), t.Month(), t.Day(), hour, 0, 0, 0, zone)
}

// Add returns the day so many days later; "" for what is no day.
func (d Day) Add(days int) Day {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return ""
	}
	return DayOf(t.AddDate(0, 0, days))
}

// Dates finds the days that a text names.
type Dates interface {
	// Find returns the days in the order of the text. Written is when the text was written, in the zone it was written in.
	Find(text string, written time.Time) []DateInText
}

// DateInText is a day that a text names.
type DateInText struct {
	Start, End int // the bytes of the text that name it
	Day        Day
	// Deadline tells that a word such as "by" or "due" stands before it.
	Deadline bool
}

// dueIn returns the day by which something is due, and the words that say so; "" where the text names none. The first day
// that follows a word such as "by" counts, else the first one. A day that was over when the note was written counts only
// after such a word: others tell what has happened.
func (s Setting) dueIn(text string, written time.Time) (Day, string) {
	written = written.In(s.Zone)
	var first *DateInText
	found := s.Dates.Find(text, written)
	for i, d := range found {
		switch {
		case d.Deadline:
			return d.Day, text[d.Start:d.End]
		case first == nil && d.Day >= DayOf(written):
			first = &found[i]
		}
	}
	if first == nil {
		return "", ""
	}
	return first.Day, text[first.Start:first.End]
}
