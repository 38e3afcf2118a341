package notetask

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainHTML returns the plain text of a note's HTML: one line per block, and lists, boxes, headings, quotes and what is
// struck out in the marks of plain text. It reads token by token, so that no nesting is too deep.
func plainHTML(body string) string {
	w := htmlWriter{}
	tokens := html.NewTokenizer(strings.NewReader(body))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			w.endLine(false)
			return strings.TrimRight(w.out.String(), "\n")
		case html.TextToken:
			w.text(tokens.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(tokens.Token())
		case html.EndTagToken:
			w.shut(tokens.Token().DataAtom)
		}
	}
}

// htmlList is a list that is open.
type htmlList struct {
	numbered bool
	count    int
}

// htmlWriter writes the line that the tokens are in, and remembers what they are in.
type htmlWriter struct {
	out   strings.Builder
	lists []htmlList
	line  strings.Builder
	mark  string // of the list item that the line begins
	box   string // "", "[ ] " or "[x] "
	depth int    // of the list item, from indents given as classes

	bold, struck, heading, quote, hidden int // how many such elements are open
	letters, boldLetters, struckLetters  int // of the line
}

func (w *htmlWriter) text(data string) {
	if w.hidden > 0 {
		return
	}
	data = strings.ReplaceAll(data, "\u00a0", " ")
	words := strings.Fields(data)
	if len(words) == 0 {
		if data != "" {
			w.space()
		}
		return
	}
	if strings.TrimLeft(data, " \t\r\n\f") != data {
		w.space()
	}
	joined := strings.Join(words, " ")
	w.line.WriteString(joined)
	n := len(joined)
	w.letters += n
	if w.bold > 0 {
		w.boldLetters += n
	}
	if w.struck > 0 {
		w.struckLetters += n
	}
	if strings.TrimRight(data, " \t\r\n\f") != data {
		w.space()
	}
}

func (w *htmlWriter) space() {
	if s := w.line.String(); s != "" && !strings.HasSuffix(s, " ") {
		w.line.WriteByte(' ')
	}
}

func (w *htmlWriter) open(t html.Token) {
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
		if t.Type == html.StartTagToken {
			w.hidden++
		}
	case atom.B, atom.Strong:
		w.bold++
	case atom.S, atom.Strike, atom.Del:
		w.struck++
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.endLine(false)
		w.heading++
	case atom.Blockquote:
		w.endLine(false)
		w.quote++
	case atom.Ul, atom.Ol:
		w.endLine(false)
		w.lists = append(w.lists, htmlList{numbered: t.DataAtom == atom.Ol})
	case atom.Li:
		w.endLine(false)
		w.item(t)
	case atom.Input:
		if attribute(t, "type") == "checkbox" {
			w.box = "[ ] "
			if has(t, "checked") {
				w.box = "[x] "
			}
		}
	case atom.Br:
		w.endLine(true)
	case atom.Td, atom.Th:
		w.space()
	default:
		if isBlock(t.DataAtom) {
			w.endLine(false)
		}
	}
}

// item begins a list item. Editors also write the kind of list and its depth as attributes of the item.
func (w *htmlWriter) item(t html.Token) {
	if len(w.lists) == 0 {
		w.lists = append(w.lists, htmlList{})
	}
	list := &w.lists[len(w.lists)-1]
	list.count++
	w.mark = "- "
	kind := attribute(t, "data-list")
	if list.numbered && kind != "bullet" && kind != "checked" && kind != "unchecked" {
		w.mark = strconv.Itoa(list.count) + ". "
	}
	switch kind {
	case "checked":
		w.box = "[x] "
	case "unchecked":
		w.box = "[ ] "
	}
	w.depth = len(w.lists) - 1
	if _, indent, ok := strings.Cut(attribute(t, "class"), "ql-indent-"); ok && indent != "" {
		w.depth += int(indent[0] - '0')
	}
}

func (w *htmlWriter) shut(tag atom.Atom) {
	less := func(n *int) { *n = max(0, *n-1) }
	switch tag {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template:
		less(&w.hidden)
	case atom.B, atom.Strong:
		less(&w.bold)
	case atom.S, atom.Strike, atom.Del:
		less(&w.struck)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.endLine(false)
		less(&w.heading)
	case atom.Blockquote:
		w.endLine(false)
		less(&w.quote)
	case atom.Ul, atom.Ol:
		w.endLine(false)
		if len(w.lists) > 0 {
			w.lists = w.lists[:len(w.lists)-1]
		}
	case atom.P, atom.Div:
		w.endLine(w.line.Len() == 0 && len(w.lists) == 0) // an empty paragraph is how editors write a blank line
	default:
		if isBlock(tag) {
			w.endLine(false)
		}
	}
}

// deepestIndent is how far a line is set in at most.
const deepestIndent = 10

// endLine writes the line out; an empty one only where it is wanted.
func (w *htmlWriter) endLine(blank bool) {
	text := strings.TrimSpace(w.line.String())
	w.line.Reset()
	whole := w.letters > 0
	bold, struck := whole && w.boldLetters == w.letters, whole && w.struckLetters == w.letters
	w.letters, w.boldLetters, w.struckLetters = 0, 0, 0
	if text == "" {
		if blank && w.mark == "" {
			w.out.WriteByte('\n')
		}
		return
	}
	if w.quote > 0 {
		w.out.WriteString("> ")
	}
	if w.mark != "" {
		w.out.WriteString(strings.Repeat("  ", min(w.depth, deepestIndent)))
	} else if len(w.lists) > 0 {
		w.out.WriteString(strings.Repeat("  ", min(len(w.lists), deepestIndent)))
	}
	if struck && w.box != "[x] " {
		w.box = "[x] "
	}
	w.out.WriteString(w.mark + w.box + text)
	if (w.heading > 0 || bold && w.mark == "" && w.box == "") && !strings.HasSuffix(text, ":") && !strings.ContainsAny(text, ".!?") {
		w.out.WriteByte(':')
	}
	w.out.WriteByte('\n')
	w.mark, w.box, w.depth = "", "", 0
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.Div, atom.Tr, atom.Table, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Pre, atom.Dl, atom.Dt,
		atom.Dd, atom.Hr, atom.Body, atom.Li, atom.Figure, atom.Address, atom.Main, atom.Aside, atom.Nav:
		return true
	}
	return false
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(t html.Token, name string) bool {
	for _, a := range t.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
