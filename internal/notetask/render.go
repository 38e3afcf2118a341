package notetask

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Rendered is a task as GoHighLevel is to show it.
type Rendered struct {
	Key       string `json:"key"`
	Title     string `json:"title"`
	Body      string `json:"body"`
	Due       Day    `json:"due"`
	Assignee  string `json:"assignee,omitempty"` // GoHighLevel user; "" for nobody
	Completed bool   `json:"completed"`
}

// Done tells which of a plan's tasks are completed, by their keys.
type Done map[string]bool

// How long parts of titles are at most, in characters. What is longer is whole in the body.
const (
	longestTitle      = 120
	longestParentName = 40
)

// Render returns a plan's tasks as they are to be shown once some of them are completed, the parent first where there is
// one. GoHighLevel has no subtasks: the parent's title and body count what is done, and a subtask's name the parent and its
// place in it. A subtask shows nothing of the others' progress, so that completing one changes it and the parent only.
func (p Plan) Render(done Done) []Rendered {
	var out []Rendered
	if p.Parent() {
		out = append(out, p.renderParent(done))
	}
	for i, t := range p.Tasks {
		out = append(out, p.renderTask(i, t, done[t.Key]))
	}
	return out
}

// AllDone tells whether all of a plan's tasks are completed. A plan without tasks has nothing done.
func (p Plan) AllDone(done Done) bool {
	return len(p.Tasks) > 0 && p.countDone(done) == len(p.Tasks)
}

// DoneInNote returns the tasks that are ticked off in the note itself.
func (p Plan) DoneInNote() Done {
	out := Done{}
	for _, t := range p.Tasks {
		if t.Done {
			out[t.Key] = true
		}
	}
	return out
}

func (p Plan) countDone(done Done) int {
	n := 0
	for _, t := range p.Tasks {
		if done[t.Key] {
			n++
		}
	}
	return n
}

func (p Plan) renderParent(done Done) Rendered {
	progress := fmt.Sprintf("%d of %d done", p.countDone(done), len(p.Tasks))
	lines := []string{progress, ""}
	latest := Day("")
	for i, t := range p.Tasks {
		box := "☐"
		if done[t.Key] {
			box = "☑"
		}
		lines = append(lines, fmt.Sprintf("%s %d/%d %s (due %s)", box, i+1, len(p.Tasks), t.Text, t.Due))
		latest = max(latest, t.Due)
	}
	return Rendered{
		Key: ParentKey, Title: fmt.Sprintf("%s (%s)", shorten(p.name(), longestTitle), progress),
		Body: strings.Join(append(lines, "", p.origin()), "\n"), Due: latest, Assignee: p.Assignee.ID, Completed: p.AllDone(done),
	}
}

func (p Plan) renderTask(i int, t Task, done bool) Rendered {
	var body []string
	title := shorten(t.Text, longestTitle)
	if title != t.Text {
		body = append(body, t.Text)
	}
	body = append(body, t.Details...)
	if len(body) > 0 {
		body = append(body, "")
	}
	if p.Parent() {
		title = fmt.Sprintf("%d/%d %s · %s", i+1, len(p.Tasks), title, shorten(p.name(), longestParentName))
		body = append(body, fmt.Sprintf("Part %d of %d of “%s”.", i+1, len(p.Tasks), p.name()))
	}
	return Rendered{
		Key: t.Key, Title: title, Body: strings.Join(append(body, p.origin()), "\n"), Due: t.Due, Assignee: t.Assignee.ID, Completed: done,
	}
}

// name is what the parent goes by.
func (p Plan) name() string {
	if p.Title == "" {
		return "Follow-up"
	}
	return p.Title
}

// origin says which note a task comes from.
func (p Plan) origin() string {
	note := "a Salesforce note"
	if p.Title != "" {
		note = fmt.Sprintf("the Salesforce note “%s”", p.Title)
	}
	if p.Author != "" {
		note += " by " + p.Author
	}
	return fmt.Sprintf("From %s, %s.", note, p.Written)
}

// shorten cuts a text between words, and says so.
func shorten(text string, longest int) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	runes := []rune(text)[:longest-1]
	cut := string(runes)
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ,;:.-–") + "…"
}
