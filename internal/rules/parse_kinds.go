package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func parseTasks(v value) Tasks {
	s := v.section(taskDefaults.keys("due", "statuses", "complete_as", "reopen_as", "priority")...)
	due := s.get("due").section("hour", "without")
	priority := s.get("priority").section("default", "show")
	out := Tasks{
		Travel:     parseTravel(s, taskDefaults),
		DueHour:    due.get("hour").integer(defaultDueHour, 0, 23),
		DueAfter:   int(due.get("without").wholeDays(0, longestDueAfter)),
		Statuses:   parseStatuses(s.get("statuses")),
		CompleteAs: s.get("complete_as").word("a Salesforce status, as Completed"),
		ReopenAs:   s.get("reopen_as").word("a Salesforce status, as In Progress"),
		Priority:   priority.get("default").text(defaultPriority),
	}
	out.ShowPriority = words(priority.get("show"), "a Salesforce priority, as High")
	if slices.Contains(out.ShowPriority, out.Priority) {
		priority.get("show").problem("%s is the default, which every task has that shows none; leave it out here", quoted(out.Priority))
	}
	for key, want := range map[string]bool{"complete_as": true, "reopen_as": false} {
		name := s.get(key).text("")
		if completed, mapped := out.Statuses[name]; mapped && completed != want {
			s.get(key).problem("%s counts as %s, as statuses says; name another status", quoted(name), statusWord(completed))
		}
	}
	return out
}

func statusWord(completed bool) string {
	if completed {
		return TaskCompleted
	}
	return TaskOpen
}

func parseStatuses(v value) map[string]bool {
	s := v.section()
	out := map[string]bool{}
	for _, name := range s.names {
		out[name] = choose(s.get(name), TaskOpen, "what a status counts as", TaskOpen, TaskCompleted) == TaskCompleted
	}
	return out
}

func parseNotes(v value) Notes {
	s := v.section(noteDefaults.keys("as", "header", "part_length")...)
	return Notes{
		Travel:     parseTravel(s, noteDefaults),
		As:         choose(s.get("as"), NoteAsNote, "what a note can be in Salesforce", NoteAsNote, NoteAsTask),
		Header:     s.get("header").boolean(true),
		PartLength: s.get("part_length").integer(defaultPartLength, 1000, 1_000_000),
	}
}

func parseAppointments(v value) Appointments {
	s := v.section(appointmentDefaults.keys("calendar", "duration", "status", "cancelled", "no_show")...)
	status := s.get("status").section("show", "field", "words")
	out := Appointments{
		Calendar:    s.get("calendar").word("the id of a GoHighLevel calendar"),
		Duration:    s.get("duration").duration(defaultDuration, time.Minute, day),
		ShowStatus:  choose(status.get("show"), StatusInSubject, "a place to show the status", StatusInSubject, StatusInField, StatusNowhere),
		StatusField: parseActivityField(status.get("field"), "GHL_Status__c"),
		StatusWords: parseStatusWords(status.get("words")),
		Cancelled:   choose(s.get("cancelled"), EventShown, "what becomes of an event", EventShown, EventDeleted),
		NoShow:      choose(s.get("no_show"), EventShown, "what becomes of an event", EventShown, EventDeleted),
	}
	defaults := appointmentDefaults
	if out.ShowStatus != StatusInField {
		defaults.directions = map[record.Field]reconcile.Direction{record.Status: reconcile.ToSalesforce}
	}
	out.Travel = parseTravel(s, defaults)
	field := status.get("field")
	switch {
	case out.ShowStatus == StatusInField && out.StatusField == "" && field.sound():
		field.problem("is missing; name the field of Event that shows the status: field: GHL_Status__c")
	case out.ShowStatus != StatusInField && field.given():
		field.problem("has no effect unless the status is shown there; write show: field, or leave it out")
	case out.StatusField != "" && strings.EqualFold(out.StatusField, out.ExternalIDField):
		field.problem("%s holds the GoHighLevel id, as external_id_field says; name another field", out.StatusField)
	}
	if create := s.get("create"); out.Create.Allows(record.GoHighLevel) && out.Calendar == "" && s.get("calendar").sound() {
		create.problem("%s makes appointments in GoHighLevel, which needs the id of a calendar for them, as calendar: CVokAlI8fgw4WYWoCtQz", out.Create)
	}
	return out
}

func parseStatusWords(v value) map[AppointmentStatus]string {
	names := make([]string, len(appointmentStatuses))
	for i, status := range appointmentStatuses {
		names[i] = string(status)
	}
	s := v.section(names...)
	out := maps.Clone(defaultStatusWords)
	for _, name := range s.names {
		if word := s.get(name).word("the word for this status"); word != "" {
			out[AppointmentStatus(name)] = word
		}
	}
	taken := map[string]AppointmentStatus{}
	for _, status := range appointmentStatuses {
		folded := strings.ToLower(out[status])
		other, twice := taken[folded]
		if twice {
			at := s.get(string(status))
			if !at.given() {
				at = s.get(string(other))
			}
			at.problem("%s stands for %s already; each status needs its own word", quoted(out[status]), other)
		}
		taken[folded] = status
	}
	return out
}

var (
	userID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	salesforceID = regexp.MustCompile(`^005[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$`)
)

func parseUsers(v value) Users {
	s := v.section("map", "by_email", "default")
	defaults := s.get("default").section("gohighlevel", "salesforce")
	out := Users{
		Map:         map[string]string{},
		ByEmail:     s.get("by_email").boolean(true),
		GoHighLevel: parseUser(defaults.get("gohighlevel"), userID, "a GoHighLevel user id, as ve9EPM428h8vShlRW1KT"),
		Salesforce:  parseUser(defaults.get("salesforce"), salesforceID, "a Salesforce user id, which starts with 005 and has 15 or 18 letters and digits"),
	}
	pairs := s.get("map").section()
	for _, name := range pairs.names {
		v := pairs.get(name)
		if !userID.MatchString(name) {
			v.problem("%s is not a GoHighLevel user id, as ve9EPM428h8vShlRW1KT", quoted(name))
		}
		if id := parseUser(v, salesforceID, "a Salesforce user id, which starts with 005 and has 15 or 18 letters and digits"); id != "" {
			out.Map[name] = id
		} else if !v.given() {
			v.problem("needs the id of the Salesforce user, as %s: 0055g00000AbCdEfGh", name)
		}
	}
	return out
}

func parseUser(v value, form *regexp.Regexp, what string) string {
	id := v.text("")
	if id != "" && !form.MatchString(id) {
		v.problem("%s is not %s", quoted(id), what)
	}
	return id
}

// word reads a text of one line; what says which, with its article.
func (v value) word(what string) string {
	const longest = 255
	text := v.text("")
	switch {
	case text == "" && v.given() && v.what() == "text":
		v.problem("is empty; write %s, or leave it out", what)
	case text != record.OneLine(text) || len([]rune(text)) > longest || strings.ContainsAny(text, "[]"):
		v.problem("%s is not %s; write it in one line without brackets, without spaces around it", quoted(text), what)
	}
	return text
}

// words reads a list of different texts of one line.
func words(v value, what string) []string {
	if !v.given() {
		return nil
	}
	sequence, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.problem("must be a list, but is %s", v.what())
		return nil
	}
	var out []string
	for _, node := range sequence.Values {
		item := v.child(node, "", v.line, v.column)
		item.path = v.path
		word := item.word(what)
		switch {
		case !item.given():
			item.problem("an entry is empty; write %s", what)
		case word != "" && slices.Contains(out, word):
			item.problem("%s is here twice; keep one", quoted(word))
		case word != "":
			out = append(out, word)
		}
	}
	return out
}

// wholeDays reads a time span of whole days.
func (v value) wholeDays(fallback, most int) int64 {
	span := v.duration(time.Duration(fallback)*day, 0, time.Duration(most)*day)
	if span%day != 0 {
		v.problem("%s is not a number of whole days; write it as 7d", plain(span))
	}
	return int64(span / day)
}
