package rules

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"
)

// The bounds of what a file may ask of each line of a note.
const (
	mostWords      = 200
	longestWord    = 40
	mostPatterns   = 20
	longestPattern = 500
)

func parseNoteToTask(v value) NoteToTask {
	s := v.section("enabled", "filter", "lists", "words", "patterns", "lines", "locale", "languages", "date_order", "due_days",
		"due_hour", "assign", "mark_done")
	usual := defaultNoteToTask
	locale, order := parseLocale(s.get("locale"))
	out := NoteToTask{
		Enabled:   s.get("enabled").boolean(usual.Enabled),
		Lists:     list(s.get("lists"), usual.Lists, "a kind of list", usual.Lists...),
		Locale:    locale,
		Languages: list(s.get("languages"), languagesOf(locale), "a language in which notes are understood", NoteLanguages...),
		DateOrder: choose(s.get("date_order"), order, "an order of dates", MonthFirst, DayFirst, YearFirst),
		DueDays:   s.get("due_days").integer(usual.DueDays, 0, 365),
		DueHour:   s.get("due_hour").integer(usual.DueHour, 0, 23),
		Assign:    list(s.get("assign"), usual.Assign, "somebody to assign to", usual.Assign...),
		MarkDone:  s.get("mark_done").boolean(usual.MarkDone),
		Patterns:  parsePatterns(s.get("patterns")),
	}
	if languages := s.get("languages"); languages.what() == "a list" && len(out.Languages) == 0 && languages.sound() {
		languages.problem("must name at least one language: %s", anyOf(NoteLanguages))
	}
	out.Words = parseWords(s.get("words"), out.Languages)
	if c := compileCondition(s.get("filter"), noteScope); c != nil {
		out.Filter = &NoteCondition{c}
	}
	if c := compileCondition(s.get("lines"), lineScope); c != nil {
		out.Lines = &LineCondition{c}
	}
	if s.given() && out.Enabled && len(out.Lists)+len(out.Words)+len(out.Patterns) == 0 && !s.get("lines").given() && s.get("lists").sound() &&
		s.get("words").sound() && s.get("patterns").sound() {
		s.problem("finds nothing, because lists, words, patterns and lines are all empty; fill one, or write enabled: false")
	}
	return out
}

// NoteLocale returns the languages and the order of dates that go with a locale, and whether the locale is one.
func NoteLocale(tag string) (languages []NoteLanguage, order DateOrder, ok bool) {
	parsed, err := language.Parse(tag)
	if err != nil {
		return nil, "", false
	}
	return languagesOf(tag), orderOf(parsed), true
}

// WordsOf returns the words that a line which becomes a task begins with in some languages.
func WordsOf(languages []NoteLanguage) []string {
	var out []string
	for _, l := range languages {
		for _, word := range itemWords[l] {
			if !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
	}
	return out
}

func parseLocale(v value) (string, DateOrder) {
	tag := v.text(defaultNoteToTask.Locale)
	if _, order, ok := NoteLocale(tag); ok {
		return tag, order
	}
	v.problem("%s is not a locale; write a language and a country, as en-US or de-DE", quoted(tag))
	return defaultNoteToTask.Locale, MonthFirst
}

// languagesOf adds English to a locale's language: people mix it in everywhere.
func languagesOf(tag string) []NoteLanguage {
	base, _ := language.Make(tag).Base()
	own := NoteLanguage(base.String())
	if own == English || !slices.Contains(NoteLanguages, own) {
		return []NoteLanguage{English}
	}
	return []NoteLanguage{own, English}
}

func orderOf(tag language.Tag) DateOrder {
	base, _ := tag.Base()
	region, _ := tag.Region()
	switch {
	case base.String() == "en" && slices.Contains([]string{"US", "PH", "PR", "GU", "VI", "AS", "FM", "PW", "MH"}, region.String()):
		return MonthFirst
	case slices.Contains([]string{"zh", "ja", "ko", "hu", "lt", "mn"}, base.String()):
		return YearFirst
	}
	return DayFirst
}

// entries returns the texts of a list, each with its place, where the file has one.
func (v value) entries(example string) (texts []string, places []value) {
	if !v.given() {
		return nil, nil
	}
	sequence, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.problem("must be a list, as [%s], but is %s", example, v.what())
		return nil, nil
	}
	for _, node := range sequence.Values {
		item := v.child(node, "", v.line, v.column)
		item.path = v.path
		if !item.given() {
			item.problem("an entry is empty; write a text, as %s", example)
			continue
		}
		before := len(v.document.problems)
		text := item.text("")
		if len(v.document.problems) == before {
			texts, places = append(texts, text), append(places, item)
		}
	}
	return texts, places
}

func parseWords(v value, languages []NoteLanguage) []string {
	if !v.given() {
		return WordsOf(languages)
	}
	texts, places := v.entries("todo")
	if len(texts) > mostWords {
		v.problem("has %d words; write at most %d", len(texts), mostWords)
	}
	out := make([]string, 0, len(texts))
	for i, text := range texts {
		word := strings.ToLower(strings.Join(strings.Fields(text), " "))
		switch {
		case word == "" || !strings.ContainsFunc(word, unicode.IsLetter):
			places[i].problem("%s is not a word that a line can begin with; write one, as todo", quoted(text))
		case len([]rune(word)) > longestWord:
			places[i].problem("%s is longer than %d characters; write the first words of the line only", quoted(text), longestWord)
		case slices.Contains(out, word):
			places[i].problem("%s is here twice; keep one", word)
		default:
			out = append(out, word)
		}
	}
	return out
}

func parsePatterns(v value) []*regexp.Regexp {
	const example = "'^AI: (.*)'"
	texts, places := v.entries(example)
	if len(texts) > mostPatterns {
		v.problem("has %d patterns; write at most %d", len(texts), mostPatterns)
	}
	var out []*regexp.Regexp
	for i, text := range texts {
		pattern, err := regexp.Compile(text)
		switch {
		case len(text) > longestPattern:
			places[i].problem("the pattern is longer than %d characters; make it simpler", longestPattern)
		case err != nil:
			places[i].problem("%s is not a regular expression: %s; write one as %s", quoted(text), complaint(err), example)
		case pattern.MatchString(""):
			places[i].problem("%s matches a line with nothing in it, so every line would become a task; write more of what such lines begin with, as %s", quoted(text), example)
		case slices.ContainsFunc(out, func(p *regexp.Regexp) bool { return p.String() == text }):
			places[i].problem("%s is here twice; keep one", quoted(text))
		default:
			out = append(out, pattern)
		}
	}
	return out
}

// complaint leaves out the expression, which the problem quotes already.
func complaint(err error) string {
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return wrong.Code.String()
	}
	return err.Error()
}

// DefaultNoteToTask returns what applies where a file says nothing of note-to-task; it is off.
func DefaultNoteToTask() NoteToTask {
	return parseNoteToTask(value{document: &document{}})
}
