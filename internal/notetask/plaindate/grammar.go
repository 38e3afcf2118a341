package plaindate

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a form names.
type kind int

const (
	ofSpan     kind = iota // "end of the month"
	ofISO                  // 2026-05-03
	ofDigits               // 12/05/2026
	ofShort                // 12/05
	ofDayMonth             // 3 May 2026, May 3rd
	ofMonth                // March, March 2027
	ofRelative             // in two weeks
	ofNear                 // tomorrow
	ofWeekday              // Friday
)

// form is one way to name a day. Where it must be led, it counts only after a preposition.
type form struct {
	kind kind
	span span
	led  bool
	re   *regexp.Regexp
}

// match is a place where a text names a day.
type match struct {
	form
	language   *language
	rank       int
	lead       int // where its preposition begins
	start, end int
	text       string // in small letters, without the preposition
	deadline   bool
	next       bool
	this       bool
}

func compile(code string, v vocabulary) language {
	re := func(parts ...string) *regexp.Regexp { return regexp.MustCompile(strings.Join(parts, "")) }
	before := func(words string) *regexp.Regexp {
		if words == "" {
			return nil
		}
		return re(`(?:^|[^\p{L}\p{N}])(`, words, `)\s*$`)
	}
	year := `(?:(?:,|\s(?:` + v.of + `))?\s(?:20)\d{2})?`
	day := `(?:0?[1-9]|[12]\d|3[01])`
	ordinal := `(?:` + v.ordinal + `)?`
	weekday := `(?:(?:` + v.weekdays + or(v.cut) + `)\.?,?\s+)?`
	l := language{
		code: code, words: v, lead: before(v.deadline + `|` + v.at), due: before(v.deadline), dueAt: re(`^(?:`, v.deadline, `)(?:\s|$)`),
		past: before(v.past), off: before(v.notNear), next: before(v.next), this: before(v.this), maybe: whole(v.maybe),
		then:  re(`^\s+(?:(?:`, v.at, `)\s+)?(?:`, v.weekdays, or(v.cut), `|`, v.near, `)(?:[^\p{L}]|$)`),
		named: re(`^(?:`, v.weekdays, or(v.cut), `)\.?,?\s+`),
	}
	if v.pastTail != "" {
		l.tail = re(`^\s*(?:`, v.pastTail, `)(?:[^\p{L}]|$)`)
	}
	if v.ahead != "" {
		l.ahead = re(`\s(?:`, v.ahead, `)$`)
	}
	for _, word := range longestFirst(slices.Collect(maps.Keys(v.numbers))) {
		l.numbers = append(l.numbers, number{re: re(`(^|\s)`, word, `\s`), digits: v.numbers[word]})
	}
	for _, phrase := range slices.Sorted(maps.Keys(v.spans)) {
		l.forms = append(l.forms, form{kind: ofSpan, span: v.spans[phrase], re: re(phrase)})
	}
	quantity := `(?:\d{1,3}|` + v.numberWords() + `)`
	l.forms = append(l.forms,
		form{kind: ofISO, re: re(`20\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.]`, day)},
		form{kind: ofDigits, re: re(`\d{1,2}([./-])\s?\d{1,2}[./-]\s?(?:20\d{2}|\d{2})`)},
		form{kind: ofShort, led: true, re: re(`\d{1,2}(?:/\d{1,2}|\.\s?\d{1,2}\.?)`)},
		form{kind: ofDayMonth, re: re(weekday, day, ordinal, `(?:\s(?:`, v.of, `))?\s*(?:`, v.months, `)\.?`, year)},
		form{kind: ofDayMonth, re: re(weekday, `(?:`, v.months, `)\.?\s`, day, `(?:`, v.ordinal, `)?`, `(?:,?\s20\d{2})?`)},
		form{kind: ofMonth, led: true, re: re(`(?:`, v.months, `)(?:\s(?:(?:`, v.of, `)\s)?20\d{2})?`)},
		form{kind: ofRelative, re: re(`(?:`, v.within, `)\s(?:the next\s|los próximos\s|las próximas\s|les\s)?`, quantity, `\s(?:`, v.units, `)`)},
		form{kind: ofNear, re: re(`(?:`, v.near, `)`)},
		form{kind: ofWeekday, re: re(`(?:`, v.weekdays, `)`)},
	)
	if v.ahead != "" {
		l.forms = append(l.forms, form{kind: ofRelative, re: re(quantity, `\s(?:`, v.units, `)\s(?:`, v.ahead, `)`)})
	}
	if v.cut != "" {
		l.forms = append(l.forms, form{kind: ofWeekday, led: true, re: re(`(?:`, v.cut, `)`)})
	}
	for _, f := range l.forms {
		f.re.Longest()
	}
	return l
}

func whole(words string) *regexp.Regexp {
	if words == "" {
		return nil
	}
	return regexp.MustCompile(`^(?:` + words + `)$`)
}

func or(words string) string {
	if words == "" {
		return ""
	}
	return "|" + words
}

// longestLead is how many bytes around a day are looked at.
const longestLead = 60

// find returns the places where a text in small letters may name a day; they may overlap.
func (l *language) find(text string, rank int) []match {
	var out []match
	hasDigits := strings.ContainsAny(text, "0123456789")
	for _, f := range l.forms {
		if !hasDigits && f.kind >= ofISO && f.kind <= ofDayMonth {
			continue
		}
		for at := 0; at < len(text); {
			found := f.re.FindStringIndex(text[at:])
			if found == nil {
				break
			}
			m := match{form: f, language: l, rank: rank, start: at + found[0], end: at + found[1]}
			m.text = text[m.start:m.end]
			if l.stands(text, &m) {
				out = append(out, m)
				at = m.end
			} else {
				_, size := utf8.DecodeRuneInString(text[m.start:])
				at = m.start + max(size, 1)
			}
		}
	}
	return out
}

// stands tells whether a match stands by itself, and fills in what its surroundings say.
func (l *language) stands(text string, m *match) bool {
	if m.start == m.end || !wordEnds(text[:m.start], text[m.end:]) {
		return false
	}
	window := max(0, m.start-longestLead)
	before, after := text[window:m.start], text[m.end:min(len(text), m.end+longestLead)]
	m.lead = m.start
	// several words may lead: "by the end of", "no later than next"
	for {
		at := lastGroup(l.lead, text[window:m.lead])
		if at < 0 || window+at >= m.lead {
			break
		}
		m.lead = window + at
	}
	lead := strings.TrimSpace(text[m.lead:m.start])
	m.deadline = l.due.MatchString(before) || l.dueAt.MatchString(lead)
	switch {
	case m.led && lead == "":
		return false
	case l.past != nil && l.past.MatchString(before) && m.kind != ofDigits && m.kind != ofISO:
		return false
	case l.tail != nil && l.tail.MatchString(after):
		return false
	case m.kind == ofNear && l.off != nil && l.off.MatchString(before):
		return false
	case strings.HasPrefix(after, "'s") || strings.HasPrefix(after, "’s"):
		return false // "Friday's call"
	case m.kind == ofSpan && m.span == endOfDay && l.then.MatchString(after):
		return false // "by EOD Thursday" is Thursday
	case m.kind == ofWeekday && m.led && noWeekday.MatchString(lead):
		return false // "in the sun"
	case m.kind == ofMonth && l.maybe != nil && l.maybe.MatchString(m.text) && strings.HasSuffix(lead, "the"):
		return false
	}
	m.next = l.next != nil && l.next.MatchString(before)
	m.this = l.this != nil && l.this.MatchString(before)
	return true
}

// noWeekday is what leads to other words that look like a weekday cut down.
var noWeekday = regexp.MustCompile(`(?:^|\s)(?:the|of|in|from|around|den|der|die|das)$`)

// lastGroup returns where the first group of a match begins, -1 for no match.
func lastGroup(re *regexp.Regexp, text string) int {
	if m := re.FindStringSubmatchIndex(text); m != nil {
		return m[2]
	}
	return -1
}

// wordEnds tells whether what is between two texts is no part of a longer word or number.
func wordEnds(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, size := utf8.DecodeRuneInString(after)
	if before != "" && (inWord(last) || strings.ContainsRune("/.-$€£#@:", last)) {
		return false
	}
	if after == "" {
		return true
	}
	if inWord(next) || strings.ContainsRune("/@%_", next) {
		return false
	}
	if next == '-' || next == '.' || next == ',' || next == ':' {
		following, _ := utf8.DecodeRuneInString(after[size:])
		return next == ',' && !unicode.IsDigit(following) || len(after) == size || !inWord(following)
	}
	return true
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
