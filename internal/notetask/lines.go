package notetask

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/tandem-sync/tandem/internal/rules"
)

// longestNote is how much of a note is read, in bytes. It is far more than anybody writes by hand.
const longestNote = 256 << 10

// Text returns a note's body as the plain text that plans are read from, and that their spans count in.
func Text(n Note) string {
	body := strings.ToValidUTF8(n.Body, "\ufffd")
	if n.HTML {
		body = plainHTML(body)
	}
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u00a0", " ", "\u200b", "", "\ufeff", "").Replace(body)
	if len(body) > longestNote {
		body = strings.ToValidUTF8(body[:longestNote], "")
	}
	return body
}

// line is a line of a note, taken apart.
type line struct {
	text       string // without the marks of lists, boxes, headings and emphasis
	list       rules.ListKind
	indent     int
	number     int // of a numbered item
	done       bool
	heading    bool
	quoted     bool
	start, end int // the bytes of the text without indent
}

func (l line) blank() bool { return l.text == "" }

// item tells whether the line is the item of a list.
func (l line) item() bool { return l.list != "" }

var (
	checkMark  = regexp.MustCompile(`^(?:[-*+•◦‣▪·●○–—]\s*|\d{1,3}[.)]\s*)?(?:\[\s?\]|\[[xX✓✔]\]|[☐☑☒✅✔✓□◻⬜🔲])\x{fe0f}?\s*`)
	doneMark   = regexp.MustCompile(`\[[xX✓✔]\]|[☑☒✅✔✓]`)
	bulletMark = regexp.MustCompile(`^(?:[•◦‣▪·●○➢→➔►]\s*|[-*+–—]\s+|[a-h]\)\s+)`)
	closeMark  = regexp.MustCompile(`^[-*]`)
	numberMark = regexp.MustCompile(`^\(?(\d{1,3})[.)]\)?\s+`)
	hashes     = regexp.MustCompile(`^#{1,6}\s+`)
	ruler      = regexp.MustCompile(`^[-=_~*]{3,}$`)
	emphasis   = regexp.MustCompile(`^(\*\*|__|\*|_)(\S.*?\S|\S)(\*\*|__|\*|_)(:?)$`)
)

// longestHeading is how long a line may be that counts as a heading, in characters.
const longestHeading = 70

// readLines takes a note's text apart.
func readLines(text string) []line {
	var out []line
	numbered := 0
	for start := 0; start <= len(text); {
		end := strings.IndexByte(text[start:], '\n')
		if end < 0 {
			end = len(text)
		} else {
			end += start
		}
		l := readLine(text[start:end], start)
		switch {
		case l.list == rules.NumberedList && l.number != 1 && l.number != numbered+1:
			l = l.withoutNumber(text) // "3. May" begins with a date, not with a number of a list
		case l.list == rules.NumberedList:
			numbered = l.number
		}
		if n := len(out); n > 0 && ruler.MatchString(l.text) && l.list == "" {
			if !out[n-1].blank() && !out[n-1].item() && len(out[n-1].text) <= longestHeading {
				out[n-1].heading = true
			}
			l.text = ""
		}
		out = append(out, l)
		start = end + 1
	}
	return out
}

func readLine(raw string, offset int) line {
	l := line{}
	body := strings.TrimLeftFunc(raw, func(r rune) bool {
		if r == '\t' {
			l.indent += 4
			return true
		}
		l.indent++
		return unicode.IsSpace(r)
	})
	if body != "" {
		l.indent-- // the character that ended the indent was counted too
	}
	l.start = offset + len(raw) - len(body)
	body = strings.TrimRightFunc(body, unicode.IsSpace)
	l.end = l.start + len(body)
	if rest, ok := strings.CutPrefix(body, ">"); ok {
		l.quoted, body = true, strings.TrimLeft(rest, "> ")
	}
	l.text = body
	l.readMark()
	l.readHeading()
	return l
}

func (l *line) readMark() {
	body := l.text
	if mark := checkMark.FindString(body); mark != "" && !strings.HasPrefix(body[len(mark):], "(") {
		l.list, l.text, l.done = rules.CheckList, body[len(mark):], doneMark.MatchString(mark)
		return
	}
	if ruler.MatchString(body) {
		return
	}
	if mark := bulletMark.FindString(body); mark != "" {
		l.list, l.text = rules.BulletList, body[len(mark):]
	} else if mark := closeMark.FindString(body); mark != "" && !emphasis.MatchString(body) && beginsWithLetter(body[len(mark):]) {
		l.list, l.text = rules.BulletList, body[len(mark):]
	} else if mark := numberMark.FindStringSubmatch(body); mark != nil {
		l.number, _ = strconv.Atoi(mark[1]) // three digits at most
		l.list, l.text = rules.NumberedList, body[len(mark[0]):]
	}
	if rest, struck := strings.CutPrefix(l.text, "~~"); l.list != "" && struck && strings.HasSuffix(rest, "~~") {
		l.text, l.done = strings.TrimSuffix(rest, "~~"), true
	}
}

func (l *line) readHeading() {
	if mark := hashes.FindString(l.text); mark != "" && l.list == "" {
		l.heading, l.text = true, l.text[len(mark):]
	}
	if m := emphasis.FindStringSubmatch(l.text); m != nil && m[1] == m[3] {
		l.text = m[2] + m[4]
		l.heading = l.heading || l.list == "" && len([]rune(l.text)) <= longestHeading
	}
	if strings.HasSuffix(l.text, ":") && l.list != rules.CheckList && len([]rune(l.text)) <= longestHeading {
		l.heading = true
	}
}

// withoutNumber puts the number back that was taken for a list's.
func (l line) withoutNumber(text string) line {
	l.list, l.number, l.heading = "", 0, false
	l.text = text[l.start:l.end]
	if l.quoted {
		l.text = strings.TrimLeft(l.text, "> ")
	}
	l.readHeading()
	return l
}

func beginsWithLetter(s string) bool {
	for _, r := range s {
		return unicode.IsLetter(r)
	}
	return false
}
