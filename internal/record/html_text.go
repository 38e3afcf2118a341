package record

import (
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// deepestList bounds how far lists are indented; hostile HTML nests without end.
const deepestList = 12

// HTMLText returns the canonical text of HTML: paragraphs and breaks as lines, lists as "- item" and "1. item" with two
// spaces per level, check lists as "[x] item", links as "text (address)", entities decoded. Tags that are none of HTML are
// text. It takes time and memory in proportion to its input, whatever that is.
func HTMLText(s string) string {
	w := &textWriter{source: strings.ToLower(s)}
	tokens := html.NewTokenizer(strings.NewReader(s))
	for {
		kind := tokens.Next()
		raw := string(tokens.Raw()) // before the token is decoded in place
		switch kind {
		case html.ErrorToken:
			w.text(raw) // a tag that never ends
			w.breakLine()
			return PlainText(strings.Join(w.lines, "\n"))
		case html.TextToken:
			w.text(tokens.Token().Data)
		case html.CommentToken:
			w.comment(raw)
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			w.tag(tokens.Token(), raw, kind != html.EndTagToken)
		}
	}
}

// textWriter lays out text as a browser would, in lines.
type textWriter struct {
	source string // the whole, in lower case
	lines  []string
	line   strings.Builder
	// marker stands before the next text of the line: the bullet of a list item.
	marker  string
	space   bool // white space was read that shows only between two words
	content bool // the line has more than its marker
	lists   []list
	link    *link // the open one
	hidden  string
	pre     int
}

type list struct {
	ordered bool
	count   int
}

// link is an anchor and where its text begins. A text that goes over several lines counts from the last one.
type link struct {
	address    string
	line, from int
}

func (w *textWriter) text(s string) {
	if w.hidden != "" {
		return
	}
	for _, r := range s {
		switch {
		case r == '\n' && w.pre > 0:
			w.newLine()
		case r == ' ' && w.pre > 0:
			w.put("\u00a0")
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f':
			w.space = true
		default:
			w.put(string(r))
		}
	}
}

func (w *textWriter) put(s string) {
	if w.marker != "" {
		w.line.WriteString(w.marker)
		w.marker = ""
	}
	if w.space && w.content {
		w.line.WriteByte(' ')
	}
	w.space, w.content = false, true
	w.line.WriteString(s)
}

// newLine ends the line, be it empty.
func (w *textWriter) newLine() {
	w.lines = append(w.lines, w.line.String()+w.marker)
	w.line.Reset()
	w.marker, w.space, w.content = "", false, false
}

// breakLine ends the line if there is something on it. The marker of an item stays for the paragraph within the item.
func (w *textWriter) breakLine() {
	if w.content {
		w.newLine()
	}
	w.space = false
}

// comment drops what is a comment; the tokenizer takes all sorts of text for one.
func (w *textWriter) comment(raw string) {
	whole := strings.HasPrefix(raw, "<!--") && strings.HasSuffix(raw, "-->")
	if !whole && !strings.HasPrefix(raw, "<![") && !strings.HasPrefix(raw, "<?") {
		w.text(raw)
	}
}

func (w *textWriter) tag(token html.Token, raw string, start bool) {
	name := token.Data
	if w.hidden != "" {
		if name == w.hidden && !start {
			w.hidden = ""
		}
		return
	}
	switch shape := elementShapes[name]; {
	case shape == 0 && !namespaced.MatchString(name),
		// Where it never ends, it is no element but a word of somebody who writes about HTML.
		shape == hiddenElement && start && !strings.Contains(w.source, "</"+name):
		w.text(raw)
		return
	case shape == hiddenElement && start && token.Type != html.SelfClosingTagToken:
		w.hidden = name
		return
	case shape == blockElement:
		w.breakLine()
	}
	switch name {
	case "br", "hr":
		if start || name == "br" { // browsers take </br> for a break
			w.newLine()
		}
	case "ul", "ol", "menu", "dir":
		w.enterList(name == "ol", start)
	case "li":
		w.item(token, start)
	case "a":
		w.anchor(attribute(token, "href"), start)
	case "img":
		w.put("[" + strings.TrimSpace("image "+OneLine(attribute(token, "alt"))) + "]")
	case "input":
		w.checkbox(token)
	case "td", "th":
		if start && w.content {
			w.space = true
			w.put("|")
			w.space = true
		}
	case "pre":
		if start {
			w.pre++
		} else {
			w.pre = max(0, w.pre-1)
		}
	}
}

func (w *textWriter) enterList(ordered, start bool) {
	if w.marker != "" { // the item holds nothing but a list
		w.newLine()
	}
	switch {
	case start && len(w.lists) < deepestList:
		w.lists = append(w.lists, list{ordered: ordered})
	case !start && len(w.lists) > 0:
		w.lists = w.lists[:len(w.lists)-1]
	}
}

// item begins or ends a list item. The editors of both vendors also mark lists by attributes.
func (w *textWriter) item(token html.Token, start bool) {
	if w.marker != "" {
		w.newLine()
	}
	if !start {
		return
	}
	depth, ordered, count := max(0, len(w.lists)-1), false, 0
	if len(w.lists) > 0 {
		at := &w.lists[len(w.lists)-1]
		at.count++
		ordered, count = at.ordered, at.count
	}
	mark := "- "
	if kind := attribute(token, "data-list"); ordered && (kind == "" || kind == "ordered") {
		mark = strconv.Itoa(count) + ". "
	}
	switch {
	case attribute(token, "data-list") == "checked", attribute(token, "data-checked") == "true":
		mark += "[x] "
	case attribute(token, "data-list") == "unchecked", attribute(token, "data-checked") == "false":
		mark += "[ ] "
	}
	for class := range strings.FieldsSeq(attribute(token, "class")) {
		if indent, ok := strings.CutPrefix(class, "ql-indent-"); ok && len(indent) == 1 && indent[0] >= '0' && indent[0] <= '9' {
			depth += int(indent[0] - '0')
		}
	}
	w.marker = strings.Repeat("\u00a0", 2*depth) + mark
}

func (w *textWriter) checkbox(token html.Token) {
	if attribute(token, "type") != "checkbox" || strings.Contains(w.marker, "[") {
		return
	}
	mark := "[ ]"
	for _, a := range token.Attr {
		if a.Key == "checked" {
			mark = "[x]"
		}
	}
	w.put(mark)
	w.space = true
}

// anchor writes a link's address behind its text, unless the text is the address. Anchors do not nest: one that begins
// ends the one before.
func (w *textWriter) anchor(address string, start bool) {
	if open := w.link; open != nil && open.address != "" {
		text := w.line.String()
		if open.line == len(w.lines) {
			text = text[open.from:]
		}
		switch text = strings.TrimSpace(PlainText(text)); {
		case text == "":
			w.put(open.address)
		case sameAddress(text, open.address):
		default:
			behind := w.space
			w.space = true
			w.put("(" + open.address + ")")
			w.space = behind
		}
	}
	w.link = nil
	if start {
		w.link = &link{address: linkAddress(address), line: len(w.lines), from: w.line.Len()}
	}
}

// linkAddress returns the address of a link that leads anywhere outside the page it stands on; "" for others.
func linkAddress(href string) string {
	href = strings.TrimSpace(visible(href))
	u, err := url.Parse(href)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https", "mailto", "tel", "sms", "ftp":
		return strings.ReplaceAll(strings.ReplaceAll(href, " ", "%20"), "\n", "")
	}
	return ""
}

// sameAddress tells whether a link's text says its address already.
func sameAddress(text, address string) bool {
	bare := func(s string) string {
		for _, scheme := range []string{"https://", "http://", "mailto:", "tel:", "sms:", "ftp://"} {
			s = strings.TrimPrefix(s, scheme)
		}
		return strings.ToLower(strings.TrimSuffix(s, "/"))
	}
	return bare(text) == bare(address)
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
