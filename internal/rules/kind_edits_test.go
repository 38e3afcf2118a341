package rules_test

import (
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

var texts = []string{"", "Call Ada", "[High] Call", "[Cancelled] no, [Confirmed] yes", "R&D <b>bold</b>", "- a\n  - b", "(1/3)\nx", "x > y 'z'"}

func drawWords(t *rapid.T, label string) string {
	if rapid.IntRange(0, 3).Draw(t, "any") == 0 {
		return rapid.String().Draw(t, label)
	}
	text := rapid.SampledFrom(texts).Draw(t, label)
	return strings.Repeat(text+" ", rapid.SampledFrom([]int{1, 1, 1, 1, 30, 400}).Draw(t, "times"))
}

func drawInstant(t *rapid.T, label string) time.Time {
	return time.Unix(rapid.Int64Range(1_750_000_000, 1_850_000_000).Draw(t, label), 0).UTC()
}

// edits are what people can do to a document of a kind on a side.
func edits(kind record.Kind, side record.Side) map[string]func(*rapid.T, map[string]any) {
	set := func(key string, draw func(*rapid.T) any) func(*rapid.T, map[string]any) {
		return func(t *rapid.T, doc map[string]any) { doc[key] = draw(t) }
	}
	goHighLevel := side == record.GoHighLevel
	words := func(t *rapid.T) any { return drawWords(t, "words") }
	title := func(t *rapid.T) any {
		text := record.OneLine("t " + drawWords(t, "title"))
		if rapid.Bool().Draw(t, "bracketed") {
			text = record.OneLine(strings.TrimPrefix(text, "t ") + " t")
		}
		if goHighLevel {
			return text
		}
		return record.Shorten(text, 255)
	}
	one := func(of ...any) func(*rapid.T) any {
		return func(t *rapid.T) any { return rapid.SampledFrom(of).Draw(t, "one of") }
	}
	instant := func(layout string) func(*rapid.T) any {
		return func(t *rapid.T) any { return drawInstant(t, "at").In(setting.Zone).Format(layout) }
	}
	times := func(start, end, layout string) func(*rapid.T, map[string]any) {
		return func(t *rapid.T, doc map[string]any) {
			at := drawInstant(t, "start").In(setting.Zone)
			doc[start] = at.Format(layout)
			doc[end] = at.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "minutes")) * time.Minute).Format(layout)
		}
	}
	users := one("ghlAda", "ghlBob", "ghlLone", "ghlNew", nil)
	if !goHighLevel {
		users = one("005000000000AdaAAA", "005000000000BobAAA", "005000000000OldAAA", "00G000000000Que")
	}
	switch {
	case kind == record.Task && goHighLevel:
		return map[string]func(*rapid.T, map[string]any){
			"title": set("title", title), "body": set("body", words), "completed": set("completed", one(true, false)),
			"due": set("dueDate", instant("2006-01-02T15:04:05.000Z07:00")), "user": set("assignedTo", users),
		}
	case kind == record.Task:
		return map[string]func(*rapid.T, map[string]any){
			"title": set("Subject", title), "body": set("Description", words), "user": set("OwnerId", users),
			"status":   set("Status", one("Not Started", "In Progress", "Completed", "Deferred")),
			"priority": set("Priority", one("Low", "Normal", "High")),
			"due": func(t *rapid.T, doc map[string]any) {
				doc["ActivityDate"] = nil
				if rapid.Bool().Draw(t, "dated") {
					doc["ActivityDate"] = drawInstant(t, "due").Format(time.DateOnly)
				}
			},
		}
	case kind == record.Note && goHighLevel:
		return map[string]func(*rapid.T, map[string]any){
			"title": set("title", one("", nil, "A title")), "body": set("body", func(t *rapid.T) any { return "b " + drawWords(t, "words") }),
		}
	case kind == record.Note:
		return map[string]func(*rapid.T, map[string]any){
			"title": set("Title", title), "body": set("Content", func(t *rapid.T) any { return "<p>" + record.NoteHTML(drawWords(t, "words")) + "</p>" }),
		}
	case goHighLevel:
		return map[string]func(*rapid.T, map[string]any){
			"title": set("title", title), "body": set("description", words), "user": set("assignedUserId", users),
			"status": set("appointmentStatus", one("new", "confirmed", "cancelled", "showed", "noshow", "invalid", "active")),
			"times":  times("startTime", "endTime", "2006-01-02 15:04:05"), "address": set("address", words),
		}
	}
	return map[string]func(*rapid.T, map[string]any){
		"title": set("Subject", title), "body": set("Description", words), "user": set("OwnerId", users),
		"times": times("StartDateTime", "EndDateTime", "2006-01-02T15:04:05.000-0700"), "address": set("Location", words),
	}
}
