// Package plaindate finds the days that a text names in plain words: "by Friday", "in two weeks", "on 3 May",
// "12.05.2026", in English, German, Spanish and French. It is pure.
package plaindate

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-sync/tandem/internal/notetask"
	"github.com/tandem-sync/tandem/internal/rules"
)

// Finder finds days. It is safe for concurrent use, and the same text always gives the same days.
type Finder struct {
	order     rules.DateOrder
	languages []language
}

// language is a vocabulary, ready to search.
type language struct {
	code  string
	words vocabulary
	forms []form
	lead  *regexp.Regexp // what stands before a day: a preposition
	due   *regexp.Regexp // of them, those by which something is due
	dueAt *regexp.Regexp // the same at the front of several
	past  *regexp.Regexp // before a day that is over
	tail  *regexp.Regexp // behind one
	off   *regexp.Regexp // before "tomorrow" where it means the morning
	next  *regexp.Regexp // before a weekday of the following week
	this  *regexp.Regexp // before a weekday that may be the day of writing
	maybe *regexp.Regexp // a month that is another word as well
	then  *regexp.Regexp // behind "end of the day": the day it is the end of
	named *regexp.Regexp // the weekday in front of a date
	ahead *regexp.Regexp // behind a span of time

	numbers []number
}

// number is a word for a number.
type number struct {
	re     *regexp.Regexp
	digits string
}

// New returns a finder for some languages; in doubt, a text is in the first one of them. Order says how a date in digits is
// read.
func New(languages []rules.NoteLanguage, order rules.DateOrder) *Finder {
	f := &Finder{order: order}
	for _, code := range languages {
		if v, ok := vocabularies[code]; ok {
			f.languages = append(f.languages, compile(string(code), v))
		}
	}
	return f
}

// Find returns the days that a text names, in its order. They count from when it was written, in the zone it was written
// in:
//   - a weekday is the first one after the day of writing; "this Friday" may be that day itself; English "next Friday" is
//     that of the following week, which begins on Monday;
//   - a day without a year is the next one that comes, the day of writing included;
//   - a month alone, and "end of the month", mean its last day; "this week" and "end of the week" mean Friday, or the last
//     day of the week from Saturday on; "next week" means its Friday;
//   - a day with its year is that day, even one that is over;
//   - a date in digits that cannot be in the finder's order is read in the other one.
//
// Days that are said to be over ("last Friday", "two weeks ago") are left out, and so are times of the day.
//
// Of a text that is longer than a paragraph, only the beginning is read.
func (f *Finder) Find(text string, written time.Time) []notetask.DateInText {
	lower := lowered(text[:min(len(text), longestText)])
	var all []match
	for rank, l := range f.languages {
		all = append(all, l.find(lower, rank)...)
	}
	slices.SortStableFunc(all, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.rank, b.rank), cmp.Compare(a.kind, b.kind))
	})
	var out []notetask.DateInText
	end := 0
	for _, m := range all {
		if m.start < end {
			continue
		}
		day, ok := f.resolve(m, written)
		if !ok {
			continue
		}
		out = append(out, notetask.DateInText{Start: m.lead, End: m.end, Day: day, Deadline: m.deadline})
		end = m.end
	}
	return out
}

// longestText is how much of a text is read, in bytes.
const longestText = 2000

// lowered folds case without moving a byte: a letter whose small form has another length stays.
func lowered(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		small := unicode.ToLower(r)
		if r == utf8.RuneError || utf8.RuneLen(small) != size {
			b.WriteString(text[:size])
		} else {
			b.WriteRune(small)
		}
		text = text[size:]
	}
	return b.String()
}

// longestFirst sorts alternatives, because the first one that fits is taken.
func longestFirst(all []string) []string {
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return all
}
