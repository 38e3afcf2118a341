package notetask

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-sync/tandem/internal/rules"
)

// mostTasks is how many tasks one note becomes at most. A note with more is a document that somebody pasted.
const mostTasks = 100

// Reason is why a note becomes no task.
type Reason string

// The reasons.
const (
	ReasonOff      Reason = "off"      // the rules have note-to-task turned off
	ReasonFiltered Reason = "filtered" // the rules' filter leaves the note out
	ReasonNothing  Reason = "nothing"  // nothing in it is to be done
	ReasonDone     Reason = "done"     // all of it was ticked off when it was first seen
	ReasonTooMany  Reason = "too_many" // it has more items than a note that was written by hand
)

// Plan is what a note becomes: nothing, one task, or a parent task with a subtask for each of Tasks. It holds customers'
// data. The zero Plan is that of a note that was never read.
type Plan struct {
	// Reason is why there are no tasks; "" where there are some.
	Reason Reason `json:"reason,omitempty"`
	// Title is what the note is called, or what it says first of itself; the parent goes by it. "" where it says nothing.
	Title   string `json:"title,omitempty"`
	Author  string `json:"author,omitempty"`  // the name of who wrote the note
	Written Day    `json:"written,omitempty"` // in the location's zone
	// Assignee is whom the parent goes to.
	Assignee Assignee `json:"assignee,omitzero"`
	Tasks    []Task   `json:"tasks,omitempty"` // in the order of the note
	// Used is how many keys were given out for the note so far. None is given twice.
	Used int `json:"used,omitempty"`
}

// ParentKey is the key of a plan's parent task.
const ParentKey = "parent"

// Task is one thing to do.
type Task struct {
	// Key names the task for as long as its item is in the note, however that is worded and wherever it stands. It says
	// nothing of the customer.
	Key      string   `json:"key"`
	Text     string   `json:"text"`              // what is to be done, in one line
	Details  []string `json:"details,omitempty"` // the lines below it
	Due      Day      `json:"due"`
	DueText  string   `json:"due_text,omitempty"` // the words that name the day; "" where the rules' default applies
	Assignee Assignee `json:"assignee,omitzero"`
	// Unknown are the names behind an @ that the directory does not have, or has more than once.
	Unknown []string `json:"unknown,omitempty"`
	// Done tells that the item is ticked off in the note.
	Done    bool   `json:"done,omitempty"`
	Found   Found  `json:"found"`
	FoundBy string `json:"found_by,omitempty"` // the word, heading or pattern that made it a task
	Heading string `json:"heading,omitempty"`  // that it stands under
	Span    Span   `json:"span"`
}

// Span is where in a note's Text a task came from.
type Span struct {
	Start int    `json:"start"` // bytes
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Parent tells whether the plan has a parent task.
func (p Plan) Parent() bool { return len(p.Tasks) > 1 }

// Make reads a note. Previous is the plan that the note became when it was last read, the zero Plan for the first time: a
// task keeps its key as long as its item can be recognised. Make fails with *rules.ExpressionError. The same arguments
// always give the same plan.
func Make(n Note, previous Plan, s Setting) (Plan, error) {
	if s.Zone == nil {
		s.Zone = n.Written.Location()
	}
	text := Text(n)
	out := Plan{Author: oneLine(n.Author.Name), Written: DayOf(n.Written.In(s.Zone)), Used: previous.Used}
	none := func(why Reason) (Plan, error) {
		return Plan{Reason: why, Used: previous.Used}, nil
	}
	if !s.Rules.Enabled {
		return none(ReasonOff)
	}
	facts := rules.NoteFacts{Title: n.Title, Text: text, Author: n.Author.Name, AuthorEmail: n.Author.Email}
	if s.Rules.Filter != nil {
		matches, err := s.Rules.Filter.Match(facts)
		if err != nil {
			return Plan{}, err
		}
		if !matches {
			return none(ReasonFiltered)
		}
	}
	lines := readLines(text)
	items, err := find(facts, lines, s.Rules)
	if err != nil {
		return Plan{}, err
	}
	title := oneLine(n.Title)
	if len(items) == 0 {
		items = titleItem(title, lines, s.Rules)
	}
	switch {
	case len(items) == 0:
		return none(ReasonNothing)
	case len(items) > mostTasks:
		return none(ReasonTooMany)
	case len(previous.Tasks) == 0 && allDone(items):
		return none(ReasonDone)
	}
	out.Title = planTitle(title, lines, items)
	for _, i := range items {
		out.Tasks = append(out.Tasks, s.task(i, n, title))
	}
	out.Assignee = s.parentAssignee(out.Tasks, title, n.Author)
	out.carryKeys(previous)
	return out, nil
}

func allDone(items []item) bool {
	for _, i := range items {
		if !i.done {
			return false
		}
	}
	return true
}

// task turns an item into a task.
func (s Setting) task(i item, n Note, title string) Task {
	out := Task{
		Details: i.details, Done: i.done, Found: i.found, FoundBy: i.by, Heading: i.heading,
		Assignee: s.assignee(i.text+"\n"+strings.Join(i.details, "\n"), []string{i.heading, title}, n.Author),
		Span:     Span{Start: i.start, End: i.end, Text: i.source},
	}
	for _, m := range s.Directory.mentions(i.text) {
		if m.id == "" {
			out.Unknown = append(out.Unknown, m.text)
		}
	}
	out.Text = s.Directory.withoutMentions(i.text)
	for _, from := range append([]string{i.text, i.heading}, i.details...) {
		if out.Due == "" {
			out.Due, out.DueText = s.dueIn(from, n.Written)
		}
	}
	if out.Due == "" {
		out.Due = DayOf(n.Written.In(s.Zone)).Add(s.Rules.DueDays)
	}
	return out
}

// parentAssignee gives the parent to whoever has all of its subtasks, else to whom the note itself belongs.
func (s Setting) parentAssignee(tasks []Task, title string, author Author) Assignee {
	all := tasks[0].Assignee
	for _, t := range tasks[1:] {
		if t.Assignee.ID != all.ID {
			return s.assignee("", []string{title}, author)
		}
	}
	return all
}

// withoutMentions takes known names off the ends of a text, where they only say who does it, and leaves the rest of them
// without their @.
func (d Directory) withoutMentions(text string) string {
	const around = " \t,;:–—-"
	found := d.mentions(text)
	for i := len(found) - 1; i >= 0; i-- {
		m := found[i]
		before, after := text[:m.start], text[m.end:]
		switch {
		case m.id != "" && strings.Trim(before, around+"[(") == "" && strings.Trim(after, around+"])") != "":
			text = strings.TrimLeft(after, around+"])")
		case m.id != "" && strings.Trim(after, around+".])") == "" && strings.Trim(before, around) != "":
			text = strings.TrimRight(before, around+"[(")
		default:
			text = before + strings.Trim(text[m.start+1:m.end], `[]"()`) + after
		}
	}
	return sentence(text)
}

// sentence is a text in one line that begins with a capital.
func sentence(text string) string {
	text = oneLine(text)
	r, size := utf8.DecodeRuneInString(text)
	if size == 0 || r == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(r)) + text[size:]
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// titleItem makes an item out of the title of a note that has no other, where it says something to do.
func titleItem(title string, lines []line, r rules.NoteToTask) []item {
	f := &finder{rules: r}
	word := f.wordOf(title)
	if word == "" {
		return nil
	}
	out := item{text: title, source: title, found: FoundTitle, by: word}
	if _, rest, ok := cutLabel(title); ok {
		out.text = rest
	}
	skip := skipped(lines)
	for i, l := range lines {
		if !skip[i] && !l.blank() {
			out.details = append(out.details, l.text)
		}
	}
	return []item{out}
}

// planTitle is what the parent goes by: the note's title, or else what the note says first of itself.
func planTitle(title string, lines []line, items []item) string {
	if title != "" && !genericTitles[strings.ToLower(title)] {
		return title
	}
	if h := items[0].heading; h != "" && sectionOf(h) == plainSection {
		return oneLine(h)
	}
	const longestOpening = 60
	skip := skipped(lines)
	for i, l := range lines {
		switch text := strings.TrimRight(oneLine(l.text), ": "); {
		case l.blank():
		case skip[i] || l.item() || l.start == items[0].start || utf8.RuneCountInString(text) > longestOpening || sectionOf(text) != plainSection:
			return ""
		default:
			return text
		}
	}
	return ""
}

// nextKey gives out a key that the note has not had.
func (p *Plan) nextKey() string {
	p.Used++
	return strconv.Itoa(p.Used)
}
