package record

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Envelope is what Tandem writes above the body of a record that it brings to the other side: where it comes from, who
// wrote it and when, its whole title where that side takes only shorter ones, and which part it is of a text that is too
// long for one record. It is read back by its fixed form and taken off again, so that it never becomes part of the body:
//
//	[From Salesforce: Ada Lovelace, 2026-05-04 14:00 +02:00]
//	[Title: A title that is too long for the other side, …]
//	(1/3 k4mz2q)
type Envelope struct {
	// From is the side that the record comes from.
	From Side
	// Author is a person's name; "" leaves it out.
	Author string
	// At is when the record was made, shown to the minute in its own zone; zero leaves it out.
	At time.Time
	// Title is the whole title; "" where the record's title is whole.
	Title string
	// Part and Of count from 1; 0 for a text in one piece.
	Part, Of int
	// Mark tells the parts of one text from those of another that is alike in all the rest: see PartMark. "" leaves it out.
	Mark string
}

// PartMark returns the mark for the parts of a record, by its id on the side that it comes from.
func PartMark(id string) string {
	sum := sha256.Sum256([]byte("part of " + id))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:6]
}

const envelopeTime = "2006-01-02 15:04 -07:00"

var sideNames = map[Side]string{GoHighLevel: "GoHighLevel", Salesforce: "Salesforce"}

// head returns the lines above the body, each with its line end.
func (e Envelope) head() string {
	var b strings.Builder
	b.WriteString("[From " + sideNames[e.From])
	if author := envelopeWords(e.Author); author != "" {
		b.WriteString(": " + author)
	}
	if !e.At.IsZero() {
		b.WriteString(", " + e.At.Format(envelopeTime))
	}
	b.WriteString("]\n")
	if title := OneLine(e.Title); title != "" {
		b.WriteString("[Title: " + title + "]\n")
	}
	if e.Of > 0 {
		fmt.Fprintf(&b, "(%d/%d", e.Part, e.Of)
		if e.Mark != "" {
			b.WriteString(" " + e.Mark)
		}
		b.WriteString(")\n")
	}
	return b.String()
}

// envelopeWords keeps a name from breaking the form.
func envelopeWords(s string) string {
	return OneLine(strings.NewReplacer("[", "(", "]", ")").Replace(s))
}

var (
	fromLine  = regexp.MustCompile(`^\[From (GoHighLevel|Salesforce)(?:: (.+?))?(?:, ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} [+-][0-9]{2}:[0-9]{2}))?\]$`)
	titleLine = regexp.MustCompile(`^\[Title: (.+)\]$`)
	partLine  = regexp.MustCompile(`^\(([1-9][0-9]{0,5})/([1-9][0-9]{0,5})(?: ([a-z2-7]{6}))?\)$`)
)

// Unwrap takes the envelope off a canonical text. Without one it returns the text and nil.
func Unwrap(text string) (*Envelope, string) {
	first, rest, _ := strings.Cut(text, "\n")
	from := fromLine.FindStringSubmatch(first)
	if from == nil {
		return nil, text
	}
	e := &Envelope{From: Salesforce, Author: from[2]}
	if from[1] == sideNames[GoHighLevel] {
		e.From = GoHighLevel
	}
	if from[3] != "" {
		at, err := time.Parse(envelopeTime, from[3])
		if err != nil {
			return nil, text
		}
		e.At = at
	}
	line, after, _ := strings.Cut(rest, "\n")
	if title := titleLine.FindStringSubmatch(line); title != nil {
		e.Title, rest = title[1], after
		line, after, _ = strings.Cut(rest, "\n")
	}
	if part := partLine.FindStringSubmatch(line); part != nil {
		e.Part, _ = strconv.Atoi(part[1])
		e.Of, _ = strconv.Atoi(part[2])
		if e.Mark = part[3]; e.Part <= e.Of {
			return e, after
		}
		e.Part, e.Of, e.Mark = 0, 0, ""
	}
	return e, strings.TrimLeft(rest, "\n")
}

// Wrap returns the texts that hold a canonical body under the envelope: one, or as many parts as it takes for each to cost
// at most limit, by Cost. Nothing is left out. Limits under 500 are too short for that and count as 500.
func (e Envelope) Wrap(body string, limit int, cost Cost) []string {
	limit = max(limit, 500)
	e.Part, e.Of = 0, 0
	if whole := e.whole(body); cost.of(whole) <= limit {
		return []string{whole}
	}
	for expected := 9; ; expected = expected*10 + 9 {
		e.Part, e.Of = expected, expected
		pieces := cut(body, max(limit-cost.of(e.head()), 100), cost)
		if len(pieces) > expected {
			continue
		}
		for i := range pieces {
			e.Part, e.Of = i+1, len(pieces)
			pieces[i] = e.head() + pieces[i]
		}
		return pieces
	}
}

// whole returns the body in one piece. A body that begins like one of the envelope's own lines stands below a blank one.
func (e Envelope) whole(body string) string {
	first, _, _ := strings.Cut(body, "\n")
	if titleLine.MatchString(first) || partLine.MatchString(first) {
		return e.head() + "\n" + body
	}
	return strings.TrimSuffix(e.head()+body, "\n")
}

// Join puts the parts of a text together again, in any order; ok is false while one is missing, or where they do not
// belong together. The envelope is that of the whole.
func Join(texts []string) (e *Envelope, body string, ok bool) {
	pieces := make([]string, len(texts))
	found := make([]bool, len(texts))
	for _, text := range texts {
		part, piece := Unwrap(text)
		if part == nil || part.Of != len(texts) || found[part.Part-1] {
			return nil, "", false
		}
		found[part.Part-1], pieces[part.Part-1] = true, piece
		part.Part, part.Of = 0, 0
		if e == nil {
			e = part
		} else if part.head() != e.head() || part.Mark != e.Mark {
			return nil, "", false
		}
	}
	if e == nil {
		return nil, "", false
	}
	return e, PlainText(uncut(pieces)), true
}

// Group sorts the texts of a contact's notes by which belong together, as the indices of each note's parts in order; a note
// in one piece is a group of one. Parts of a note whose other parts are missing are not complete: Join says so.
func Group(texts []string) [][]int {
	type key struct {
		head, mark string
		of         int
	}
	groups := map[key]int{}
	slot := map[[2]int]bool{} // group, part
	var out [][]int
	for i, text := range texts {
		e, _ := Unwrap(text)
		if e == nil || e.Of == 0 {
			out = append(out, []int{i})
			continue
		}
		part, of := e.Part, e.Of
		e.Part, e.Of = 0, 0
		k := key{e.head(), e.Mark, of}
		g, known := groups[k]
		if !known || slot[[2]int{g, part}] {
			g = len(out)
			groups[k] = g
			out = append(out, nil)
		}
		slot[[2]int{g, part}] = true
		out[g] = append(out[g], i)
	}
	return out
}

// Cost is what one character of a text counts against a limit.
type Cost func(rune) int

// PlainCost counts UTF-16 units, as both vendors do.
func PlainCost(r rune) int { return max(utf16.RuneLen(r), 1) }

// TextAreaCost counts what Salesforce makes of a character in a text of several lines: it ends lines with two.
func TextAreaCost(r rune) int {
	if r == '\n' {
		return 2
	}
	return PlainCost(r)
}

// HTMLCost counts what NoteHTML makes of a character.
func HTMLCost(r rune) int {
	switch r {
	case '&', '\'':
		return 5
	case '<', '>', '\n':
		return 4
	case '"':
		return 6
	}
	return PlainCost(r)
}

func (c Cost) of(s string) (n int) {
	for _, r := range s {
		n += c(r)
	}
	return n
}

// Shorten returns a title of at most limit UTF-16 units, cut between words where that is possible and then with an
// ellipsis.
func Shorten(title string, limit int) string {
	if Cost(PlainCost).of(title) <= limit {
		return title
	}
	used, end, space := 1, 0, 0 // the ellipsis
	for i, r := range title {
		if used += PlainCost(r); used > limit {
			break
		}
		if r == ' ' {
			space = i
		}
		end = i + len(string(r))
	}
	if space > end/2 {
		end = space
	}
	return strings.TrimRight(title[:end], " ") + "…"
}
