package rules

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatTheRulesDoNotSayAboutNotesIsTheDefaultWhichIsOff(t *testing.T) {
	r := parse(t, ids)
	assert.Equal(t, DefaultNoteToTask(), r.NoteToTask)
	assert.False(t, r.NoteToTask.Enabled)
	assert.Equal(t, MonthFirst, r.NoteToTask.DateOrder)
	assert.Equal(t, []NoteLanguage{English}, r.NoteToTask.Languages)
	assert.Contains(t, r.NoteToTask.Words, "follow up")
	assert.NotContains(t, r.NoteToTask.Words, "anrufen")
}

func TestEverySettingOfNoteToTaskCanBeGiven(t *testing.T) {
	n := parse(t, ids+`
note_to_task:
  enabled: true
  filter: 'title contains "Call" && author != "" && author_email == "" && text != ""'
  lists: [check]
  words: [Todo, "  follow   up "]
  patterns: ['^AI: (.*)', 'URGENT']
  lines: 'heading == "Homework" && list == "" && line != ""'
  locale: de-AT
  languages: [de]
  date_order: year_first
  due_days: 0
  due_hour: 9
  assign: [owner, author]
  mark_done: true
`).NoteToTask
	require.NotNil(t, n.Filter)
	require.NotNil(t, n.Lines)
	matches, err := n.Filter.Match(NoteFacts{Title: "Call with Ann", Text: "x", Author: "Ben"})
	require.NoError(t, err)
	assert.True(t, matches)
	matches, err = n.Lines.Match(LineFacts{Line: "read the offer", Heading: "Homework"})
	require.NoError(t, err)
	assert.True(t, matches)
	n.Filter, n.Lines = nil, nil
	assert.Equal(t, NoteToTask{
		Enabled: true, Lists: []ListKind{CheckList}, Words: []string{"todo", "follow up"},
		Patterns: []*regexp.Regexp{regexp.MustCompile(`^AI: (.*)`), regexp.MustCompile(`URGENT`)}, Locale: "de-AT",
		Languages: []NoteLanguage{German}, DateOrder: YearFirst, DueHour: 9, Assign: []AssigneeSource{AssignOwner, AssignAuthor}, MarkDone: true,
	}, n)
}

func TestALocaleGivesTheLanguagesAndTheOrderOfDates(t *testing.T) {
	for locale, want := range map[string]struct {
		languages []NoteLanguage
		order     DateOrder
	}{
		"en-US": {[]NoteLanguage{English}, MonthFirst},
		"en":    {[]NoteLanguage{English}, MonthFirst},
		"en-GB": {[]NoteLanguage{English}, DayFirst},
		"en-AU": {[]NoteLanguage{English}, DayFirst},
		"de-DE": {[]NoteLanguage{German, English}, DayFirst},
		"es-MX": {[]NoteLanguage{Spanish, English}, DayFirst},
		"fr-CA": {[]NoteLanguage{French, English}, DayFirst},
		"ja-JP": {[]NoteLanguage{English}, YearFirst},
		"pl-PL": {[]NoteLanguage{English}, DayFirst},
	} {
		n := parse(t, ids+"\nnote_to_task: {locale: "+locale+"}\n").NoteToTask
		assert.Equal(t, want.languages, n.Languages, locale)
		assert.Equal(t, want.order, n.DateOrder, locale)
	}
}

func TestEveryMistakeAboutNotesIsReportedAtOnceWithItsLine(t *testing.T) {
	assert.Equal(t, []string{
		`4: note_to_task: "enabld" is not a key here; did you mean enabled?`,
		`5: note_to_task.filter: at column 1: there is no titel; did you mean title?`,
		`6: note_to_task.lists: "bulet" is not a kind of list; use check, bullet or numbered`,
		`7: note_to_task.words: "" is not a word that a line can begin with; write one, as todo`,
		`7: note_to_task.words: "12" is not a word that a line can begin with; write one, as todo`,
		`7: note_to_task.words: todo is here twice; keep one`,
		`9: note_to_task.patterns: "(" is not a regular expression: missing closing ); write one as '^AI: (.*)'`,
		`10: note_to_task.patterns: ".*" matches a line with nothing in it, so every line would become a task; write more of what such lines begin with, as '^AI: (.*)'`,
		`11: note_to_task.patterns: must be text; write it in quotes: "5"`,
		`12: note_to_task.lines: at column 1: it must give true or false, but gives text; compare it, as email != ""`,
		`13: note_to_task.locale: "English!" is not a locale; write a language and a country, as en-US or de-DE`,
		`14: note_to_task.languages: "tlh" is not a language in which notes are understood; use en, de, es or fr`,
		`15: note_to_task.date_order: "mdy" is not an order of dates; use month_first, day_first or year_first`,
		`16: note_to_task.due_days: -1 is out of range; use a whole number from 0 to 365`,
		`17: note_to_task.due_hour: 24 is out of range; use a whole number from 0 to 23`,
		`18: note_to_task.assign: "boss" is not somebody to assign to; use mention, author or owner`,
		`19: note_to_task.mark_done: must be true or false, without quotes`,
	}, problemsOf(t, ids+`note_to_task:
  enabld: true
  filter: 'titel == "x"'
  lists: [bulet]
  words: ["", "12", todo, Todo]
  patterns:
    - '('
    - '.*'
    - 5
  lines: 'line'
  locale: English!
  languages: [tlh]
  date_order: mdy
  due_days: -1
  due_hour: 24
  assign: [boss]
  mark_done: "yes"
`))
}

func TestRulesThatCanFindNothingInNotesAreAProblem(t *testing.T) {
	assert.Equal(t, []string{
		`3: note_to_task: finds nothing, because lists, words, patterns and lines are all empty; fill one, or write enabled: false`,
	}, problemsOf(t, ids+"note_to_task: {enabled: true, lists: [], words: []}\n"))
	assert.Equal(t, []string{
		`3: note_to_task.languages: must name at least one language: en, de, es or fr`,
		`3: note_to_task.words: must be a list, as [todo], but is text`,
	}, problemsOf(t, ids+"note_to_task: {languages: [], words: todo}\n"))
}
