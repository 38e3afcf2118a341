package salesforcetest

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The elements that a note may have. Of attributes only a link's address and the address of an image of the org stay.
var (
	noteInline = []string{"b", "i", "u", "strike", "a"}
	noteBlocks = []string{"p", "ul", "ol", "li"}
)

var (
	noteTag = regexp.MustCompile(`^<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?)/?>`)
	// noteEntity are the only entities that the API takes. It gives more.
	noteEntity    = regexp.MustCompile(`^&(amp|lt|gt|quot|#39);`)
	noteAddress   = regexp.MustCompile(`(?i)\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	plainAddress  = regexp.MustCompile(`^(https?://|mailto:)[^\s"'<>]+$`)
	ownImage      = regexp.MustCompile(`^/[^/\s"'<>][^\s"'<>]*$`)
	noteTextCodes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "\u00a0", "&nbsp;")
)

func isNoteElement(name string) bool {
	return name == "br" || name == "img" || slices.Contains(noteInline, name) || slices.Contains(noteBlocks, name)
}

// acceptable tells whether the API takes HTML as a note's content: it holds no elements, entities or characters but
// those that notes may have.
func acceptable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for len(s) > 0 {
		switch r, size := utf8.DecodeRuneInString(s); {
		case r == '<':
			m := noteTag.FindStringSubmatch(s)
			if m == nil || !isNoteElement(strings.ToLower(m[2])) {
				return false
			}
			s = s[len(m[0]):]
		case r == '&':
			m := noteEntity.FindString(s)
			if m == "" {
				return false
			}
			s = s[len(m):]
		case r == '>' || r == '"' || r == '\'' || unicode.IsControl(r) && !isLineSpace(r):
			return false
		default:
			s = s[size:]
		}
	}
	return true
}

func isLineSpace(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }

// rewritten is a note's HTML as the org keeps it, which is not as it was sent: elements that notes cannot have are
// gone, text stands in paragraphs, one to a line, and its line breaks are spaces.
func rewritten(s string) string {
	w := &noteWriter{}
	for len(s) > 0 {
		if m := noteTag.FindStringSubmatch(s); m != nil {
			w.element(strings.ToLower(m[2]), m[1] != "", m[3])
			s = s[len(m[0]):]
			continue
		}
		end := strings.IndexByte(s[1:], '<') + 1
		if end == 0 {
			end = len(s)
		}
		w.text(html.UnescapeString(s[:end]))
		s = s[end:]
	}
	w.closeTo(0)
	return w.out.String()
}

type noteWriter struct {
	out  strings.Builder
	open []string
}

// above returns the place on the stack of the innermost open element with one of the names, looking no further down
// than an element that stops the search; -1 for none.
func (w *noteWriter) above(names []string, stops ...string) int {
	for i, name := range slices.Backward(w.open) {
		if slices.Contains(names, name) {
			return i
		}
		if slices.Contains(stops, name) {
			break
		}
	}
	return -1
}

func (w *noteWriter) start(name, attributes string) {
	w.out.WriteString("<" + name + attributes + ">")
	w.open = append(w.open, name)
}

// closeTo closes elements until depth of them are open.
func (w *noteWriter) closeTo(depth int) {
	for len(w.open) > depth {
		last := len(w.open) - 1
		w.out.WriteString("</" + w.open[last] + ">")
		w.open = w.open[:last]
		if last == 0 {
			w.out.WriteByte('\n')
		}
	}
}

// inline makes sure that what comes next stands in a block.
func (w *noteWriter) inline() {
	if len(w.open) == 0 {
		w.start("p", "")
	}
}

func (w *noteWriter) element(name string, closing bool, attributes string) {
	switch {
	case !isNoteElement(name), closing && (name == "br" || name == "img"):
	case closing:
		w.end(name)
	case name == "br":
		w.inline()
		w.out.WriteString("<br>")
	case name == "img":
		if address := addressIn(attributes); ownImage.MatchString(address) {
			w.inline()
			w.out.WriteString(`<img src="` + noteTextCodes.Replace(address) + `">`)
		}
	case name == "a":
		w.inline()
		if address := addressIn(attributes); plainAddress.MatchString(address) {
			w.start("a", ` href="`+noteTextCodes.Replace(address)+`"`)
		} else {
			w.start("a", "")
		}
	case slices.Contains(noteInline, name):
		w.inline()
		w.start(name, "")
	case name == "li":
		if list := w.above([]string{"ul", "ol"}); list >= 0 {
			w.closeTo(list + 1)
			w.start("li", "")
		}
	default:
		w.closeTo(w.above([]string{"li"}) + 1)
		w.start(name, "")
	}
}

// end closes the innermost open element of the name, if it may be closed from here.
func (w *noteWriter) end(name string) {
	var stops []string
	switch {
	case slices.Contains(noteInline, name):
		stops = noteBlocks
	case name == "p":
		stops = []string{"li"}
	case name == "li":
		stops = []string{"ul", "ol"}
	}
	if at := w.above([]string{name}, stops...); at >= 0 {
		w.closeTo(at)
	}
}

func (w *noteWriter) text(s string) {
	s = strings.Map(func(r rune) rune {
		switch {
		case isLineSpace(r):
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	inList := len(w.open) > 0 && (w.open[len(w.open)-1] == "ul" || w.open[len(w.open)-1] == "ol")
	if s == "" || (len(w.open) == 0 || inList) && strings.Trim(s, " ") == "" {
		return
	}
	w.inline()
	w.out.WriteString(noteTextCodes.Replace(s))
}

func addressIn(attributes string) string {
	m := noteAddress.FindStringSubmatch(attributes)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1] + m[2])
}

var (
	anyTag    = regexp.MustCompile(`<[^>]*>`)
	anySpaces = regexp.MustCompile(`[\s\x{00a0}]+`)
)

// preview is the beginning of a rewritten note's text.
func preview(content string) string {
	text := html.UnescapeString(anyTag.ReplaceAllString(content, " "))
	return cutUnits(strings.TrimSpace(anySpaces.ReplaceAllString(text, " ")), previewLength)
}

// cutUnits shortens a text to a number of UTF-16 units.
func cutUnits(s string, units int) string {
	for i, r := range s {
		if units--; r > 0xffff {
			units--
		}
		if units < 0 {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}
