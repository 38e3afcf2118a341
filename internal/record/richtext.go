package record

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// OneLine returns a text on one line, with its white space collapsed.
func OneLine(s string) string { return strings.Join(strings.Fields(cleanText(s)), " ") }

// PlainText brings plain text to its canonical form, in which both sides' texts are compared: NFC, lines that end in \n
// without white space before it, single spaces within a line, no control or invisible characters, and at most one blank
// line in a row. The indentation of a line stays, because it is what lists are nested by. It changes nothing the second
// time.
func PlainText(s string) string {
	lines := strings.Split(visible(s), "\n")
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		if line = spaced(line); line != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, line)
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// visible unifies line ends and spaces and drops what nobody can see.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n', r == '\r', r == '\v', r == '\f', r == '\u0085', r == '\u2028', r == '\u2029':
			b.WriteByte('\n')
		case r == '\t':
			b.WriteString("  ")
		case unicode.Is(unicode.Zs, r):
			b.WriteByte(' ')
		case unicode.IsControl(r), invisible(r):
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// invisible names the zero-width characters that editors leave behind. Joiners stay: they are part of emoji and of
// several scripts.
func invisible(r rune) bool {
	switch r {
	case '\u200b', '\ufeff', '\u2060', '\u00ad', '\ufffe', '\uffff':
		return true
	}
	return false
}

// deepestIndent is as far as any list is nested; more is no indentation but a layout.
const deepestIndent = 2 * deepestList

// spaced keeps a line's indentation, collapses the spaces within it, and cuts those behind it.
func spaced(line string) string {
	rest := strings.TrimLeft(line, " ")
	indent := line[:min(len(line)-len(rest), deepestIndent)]
	if rest = strings.Join(strings.Fields(rest), " "); rest == "" {
		return ""
	}
	return indent + rest
}

var noteEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "\n", "<br>")

// NoteHTML returns canonical text as the restricted HTML that a Salesforce ContentNote accepts: the five characters
// escaped, line ends as <br>, and every other character as it is. HTMLText gives the same text back.
func NoteHTML(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		rest := strings.TrimLeft(line, " ")
		// HTML drops spaces at the start of a line; those that do not break stay.
		lines[i] = strings.Repeat("\u00a0", len(line)-len(rest)) + rest
	}
	return noteEscapes.Replace(strings.Join(lines, "\n"))
}

// Markup returns canonical text as GoHighLevel takes it: as it is, or as HTML where GoHighLevel's reader would take it for
// HTML otherwise. MarkupText gives the same text back.
func Markup(text string) string {
	if looksLikeHTML(text) {
		return NoteHTML(text)
	}
	return text
}

// MarkupText reads a body that may be HTML, as what people type in GoHighLevel's editor is, or plain text, as what its API
// is given. The result is canonical text.
func MarkupText(raw string) string {
	if looksLikeHTML(raw) {
		return HTMLText(raw)
	}
	return PlainText(raw)
}
