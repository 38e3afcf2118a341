package notetask

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// DoneLine is the line that a note gets once its tasks are done, on a day in the location's zone.
func DoneLine(tasks int, day Day) string {
	if tasks == 1 {
		return fmt.Sprintf("Task done on %s", day)
	}
	return fmt.Sprintf("All %d tasks done on %s", tasks, day)
}

// An editor may have put other spaces into the line.
const (
	doneSpace = `(?: |\x{a0}|&nbsp;|&#160;)+`
	doneText  = `(?:All` + doneSpace + `\d{1,3}` + doneSpace + `tasks|Task)` + doneSpace + `done` + doneSpace + `on` + doneSpace + `\d{4}-\d{2}-\d{2}`
)

var (
	doneLine = regexp.MustCompile(`^\s*` + doneText + `\.?\s*$`)
	// doneBlock is the line between tags or line breaks. Tags around it that hold nothing else belong to it.
	doneBlock = regexp.MustCompile(`(?i)((?:<(?:p|div|span|b|i|strong|em)(?:\s[^<>]*)?>\s*)*)(` + doneText + `)(\.?(?:\s*</(?:p|div|span|b|i|strong|em)\s*>)*)`)
	donePlain = regexp.MustCompile(`(?m)^[ \t]*(` + doneText + `)\.?[ \t]*\r?$`)
)

// IsDoneLine tells whether a line of a note's text is one that DoneLine made.
func IsDoneLine(text string) bool { return doneLine.MatchString(text) }

// WithDoneLine returns a note's body with the line in it, once: an older one is replaced where it stands. A body that has
// the line already comes back as it is, to the byte.
func WithDoneLine(body string, isHTML bool, line string) string {
	places := donePlaces(body, isHTML)
	if len(places) == 0 {
		switch {
		case isHTML:
			return body + "<p>" + html.EscapeString(line) + "</p>"
		case strings.TrimSpace(body) == "":
			return line
		}
		return strings.TrimRight(body, "\r\n") + "\n\n" + line
	}
	for i := len(places) - 1; i > 0; i-- {
		body = cutOut(body, places[i], isHTML)
	}
	first := places[0]
	if oneLine(html.UnescapeString(body[first.textStart:first.textEnd])) == line {
		return body
	}
	return body[:first.textStart] + line + body[first.textEnd:]
}

// WithoutDoneLine returns a note's body without the line: not all of its tasks are done any more.
func WithoutDoneLine(body string, isHTML bool) string {
	places := donePlaces(body, isHTML)
	for i := len(places) - 1; i >= 0; i-- {
		body = cutOut(body, places[i], isHTML)
	}
	return body
}

// donePlace is where a line stands in a body, with and without what surrounds it.
type donePlace struct{ start, end, textStart, textEnd int }

func donePlaces(body string, isHTML bool) []donePlace {
	var out []donePlace
	if !isHTML {
		for _, m := range donePlain.FindAllStringSubmatchIndex(body, -1) {
			out = append(out, donePlace{m[0], m[1], m[2], m[3]})
		}
		return out
	}
	for _, m := range doneBlock.FindAllStringSubmatchIndex(body, -1) {
		before, after := strings.TrimRight(body[:m[0]], " \t"), strings.TrimLeft(body[m[1]:], " \t")
		begins := m[2] < m[3] || before == "" || strings.HasSuffix(before, ">") || strings.HasSuffix(before, "\n")
		ends := m[6] < m[7] || after == "" || strings.HasPrefix(after, "<") || strings.HasPrefix(after, "\n") || strings.HasPrefix(after, "\r")
		if begins && ends {
			out = append(out, donePlace{m[0], m[1], m[4], m[5]})
		}
	}
	return out
}

// cutOut takes a line out: with its tags where they go together, else its text alone.
func cutOut(body string, p donePlace, isHTML bool) string {
	if isHTML {
		for p.opened(body) > p.closed(body) { // the outer tags close elsewhere
			p.start += strings.IndexByte(body[p.start:], '>') + 1
		}
		for p.closed(body) > p.opened(body) {
			p.end = p.textEnd + strings.LastIndex(body[p.textEnd:p.end], "</")
		}
		return body[:p.start] + body[p.end:]
	}
	before := strings.TrimRight(body[:p.start], "\r\n")
	after := body[p.end:]
	if strings.TrimSpace(after) == "" {
		return before
	}
	return body[:p.start] + strings.TrimPrefix(after, "\n")
}

func (p donePlace) opened(body string) int { return strings.Count(body[p.start:p.textStart], "<") }

func (p donePlace) closed(body string) int { return strings.Count(body[p.textEnd:p.end], "</") }
