package notetask

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-sync/tandem/internal/rules"
)

// Found is what made a task out of a line.
type Found string

// What makes tasks.
const (
	FoundCheck      Found = "check list"
	FoundBullet     Found = "bullet list"
	FoundNumbered   Found = "numbered list"
	FoundWord       Found = "word"       // that the line begins with
	FoundHeading    Found = "heading"    // that the line stands under
	FoundPattern    Found = "pattern"    // of the rules
	FoundExpression Found = "expression" // of the rules
	FoundTitle      Found = "title"      // of the note
)

// item is a line that becomes a task.
type item struct {
	text       string
	source     string // the line as it stands, without marks
	found      Found
	by         string // the word, heading or pattern
	heading    string // that it stands under
	done       bool
	details    []string
	start, end int
}

// finder finds the items of a note.
type finder struct {
	rules    rules.NoteToTask
	facts    rules.NoteFacts
	lines    []line
	skip     []bool
	lists    map[rules.ListKind]bool
	explicit bool // the note says which of its lists are to be done

	items   []item
	heading string
	section section
	indent  int  // of the heading, where it is a list's item; -1 elsewhere
	begun   bool // the section has lines already
	listed  bool // the section has a list
	owner   int  // the item that lines set in further belong to; -1 for none
	ownerIn int  // how far that one is set in
}

// find returns what is to be done, in the order of the note. It fails with *rules.ExpressionError.
func find(n rules.NoteFacts, lines []line, r rules.NoteToTask) ([]item, error) {
	f := &finder{rules: r, facts: n, lines: lines, skip: skipped(lines), lists: map[rules.ListKind]bool{}, owner: -1, indent: -1}
	for _, kind := range r.Lists {
		f.lists[kind] = true
	}
	for i, l := range lines {
		if !f.skip[i] && isHeading(l) && sectionOf(l.text) == actionSection {
			f.explicit = true
		}
	}
	for i, l := range lines {
		if f.skip[i] {
			f.owner = -1
			continue
		}
		if err := f.read(i, l); err != nil {
			return nil, err
		}
	}
	return f.items, nil
}

func (f *finder) read(i int, l line) error {
	switch {
	case l.blank():
		f.owner = -1
		if f.begun && f.indent < 0 && !f.listed && f.section == actionSection {
			f.leave() // a paragraph ends what stands under a heading; a list may have blank lines in it
		}
		return nil
	case f.owner >= 0 && l.indent > f.ownerIn && (!l.item() || l.indent >= f.ownerIn+leastIndent) && l.list != rules.CheckList && !isHeading(l):
		f.items[f.owner].details = append(f.items[f.owner].details, l.text)
		return nil
	case isHeading(l) && (!l.item() || f.hasBelow(i)):
		f.enter(l)
		return nil
	}
	if f.indent >= 0 && l.indent <= f.indent {
		f.leave() // a list's item was the heading, and this is its sibling
	}
	if f.listed && !l.item() && l.indent == 0 {
		f.leave() // text after a list is not under the list's heading
	}
	found, by, text, err := f.judge(l)
	if err != nil {
		return err
	}
	f.begun, f.listed, f.owner = true, f.listed || l.item(), -1
	if found == "" || saysNothing(text) {
		return nil
	}
	f.items = append(f.items, item{
		text: text, source: l.text, found: found, by: by, heading: f.heading, done: l.done, start: l.start, end: l.end,
	})
	f.owner, f.ownerIn = len(f.items)-1, l.indent
	return nil
}

// leastIndent is how much further than an item another one is set in that belongs to it; less is a slip of the hand.
const leastIndent = 2

func (f *finder) enter(l line) {
	f.heading, f.section, f.begun, f.listed, f.owner, f.indent = strings.TrimRight(l.text, ": "), sectionOf(l.text), false, false, -1, -1
	if l.item() {
		f.indent = l.indent
	}
}

func (f *finder) leave() {
	f.heading, f.section, f.begun, f.listed, f.indent = "", plainSection, false, false, -1
}

// hasBelow tells whether lines below an item are set in further than it.
func (f *finder) hasBelow(i int) bool {
	for j := i + 1; j < len(f.lines); j++ {
		if !f.lines[j].blank() {
			return f.lines[j].indent > f.lines[i].indent
		}
	}
	return false
}

// judge tells what makes a task of a line, and what is left of the line to say; "" for a line that is none.
func (f *finder) judge(l line) (found Found, by, text string, err error) {
	for _, p := range f.rules.Patterns {
		if m := p.FindStringSubmatch(l.text); m != nil {
			text := l.text
			if len(m) > 1 && m[1] != "" {
				text = m[1]
			}
			return FoundPattern, p.String(), strings.TrimSpace(text), nil
		}
	}
	if f.rules.Lines != nil {
		yes, err := f.rules.Lines.Match(rules.LineFacts{Note: f.facts, Line: l.text, List: string(l.list), Heading: f.heading})
		if err != nil {
			return "", "", "", err
		}
		if yes {
			return FoundExpression, f.rules.Lines.Source(), l.text, nil
		}
	}
	text = l.text
	_, rest, labelled := cutLabel(l.text)
	if labelled {
		text = rest
	}
	word := f.wordOf(l.text)
	switch {
	case f.lists[l.list] && (l.list == rules.CheckList || f.section == actionSection || f.section == plainSection && !f.explicit):
		return listFound[l.list], "", text, nil
	case word != "" && (f.section != otherSection || l.item()):
		return FoundWord, word, text, nil
	case !l.item() && f.section == actionSection && !f.listed:
		return FoundHeading, f.heading, text, nil
	}
	return "", "", "", nil
}

var listFound = map[rules.ListKind]Found{
	rules.CheckList: FoundCheck, rules.BulletList: FoundBullet, rules.NumberedList: FoundNumbered,
}

// wordOf returns the longest of the rules' words that a line begins with as something to do; "" where there is none.
func (f *finder) wordOf(text string) string {
	lower := strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	best := ""
	for _, word := range f.rules.Words {
		if len(word) > len(best) && strings.HasPrefix(lower, word) && toDo(word, lower[len(word):]) {
			best = word
		}
	}
	if best == "" {
		return ""
	}
	for _, word := range f.rules.Words { // "call notes" is none, and neither is "follow-up call notes"
		if len(word) < len(best) && strings.HasPrefix(best, word+" ") && !toDo(word, lower[len(word):]) {
			return ""
		}
	}
	return best
}

// toDo tells whether what follows a word leaves it something to do.
func toDo(word, rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	if rest == "" || unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '/' || r == '\'' || r == '_' || r == '.' {
		return false
	}
	after := strings.TrimLeft(rest, " ")
	labelled := strings.HasPrefix(after, ":") || strings.HasPrefix(after, "-") || strings.HasPrefix(after, "–")
	after = strings.TrimLeft(after, ":-–— ")
	if after == "" || labelled && (contactData.MatchString(after) || !labels[word] && isData(after)) {
		return false
	}
	if labels[word] && labelled || bareLabels[word] {
		return true
	}
	if labels[word] && !strings.HasPrefix(word, "follow") && !strings.HasPrefix(after, "@") && word != "reminder" {
		return false // "to do this we need", "action was taken"
	}
	next, _, _ := strings.Cut(after, " ")
	next = strings.Trim(next, ",.;:!?()")
	if strings.HasPrefix(word, "follow") {
		return !nounsAfterFollowUp[next]
	}
	number := strings.Trim(next, "0123456789.:#/") == ""
	return !nounsAfter[next] && !(number && len(next) <= 2)
}

// isData tells whether what follows "Phone:" or "Schedule:" begins with a number or an address.
func isData(after string) bool {
	first, _, _ := strings.Cut(after, " ")
	return strings.ContainsAny(first[:1], "0123456789+(") || strings.Contains(first[1:], "@")
}

// cutLabel takes off the word at the front of a line that only says that something is to be done.
func cutLabel(text string) (label, rest string, ok bool) {
	lower := strings.ToLower(text)
	for known := range labels {
		if len(known) > len(label) && strings.HasPrefix(lower, known) && len(lower) == len(text) {
			after := strings.TrimLeft(text[len(known):], " ")
			trimmed := strings.TrimLeft(after, ":-–—] ")
			bare := bareLabels[known] && strings.HasPrefix(text[len(known):], " ")
			if (bare || strings.HasPrefix(after, ":") || strings.HasPrefix(after, "- ") || strings.HasPrefix(after, "– ")) && trimmed != "" {
				label, rest, ok = known, trimmed, true
			}
		}
	}
	return label, rest, ok
}
