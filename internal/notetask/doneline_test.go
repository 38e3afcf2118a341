package notetask_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tandem-sync/tandem/internal/notetask"
)

func TestTheLineThatAllIsDoneStandsInANoteOnce(t *testing.T) {
	const old, line = "All 4 tasks done on 2026-05-01", "All 5 tasks done on 2026-05-03"
	assert.Equal(t, line, notetask.DoneLine(5, "2026-05-03"))
	assert.Equal(t, "Task done on 2026-05-03", notetask.DoneLine(1, "2026-05-03"))
	for name, c := range map[string]struct {
		body string
		html bool
		want string
	}{
		"plain":                    {"- a\n- b\n", false, "- a\n- b\n\n" + line},
		"plain, empty":             {"", false, line},
		"plain, there already":     {"- a\n\n" + line, false, "- a\n\n" + line},
		"plain, with a full stop":  {"- a\r\n" + line + ".\r\nmore", false, "- a\r\n" + line + ".\r\nmore"},
		"plain, an older one":      {"- a\n" + old + "\nmore", false, "- a\n" + line + "\nmore"},
		"plain, two older ones":    {old + "\n- a\n" + old, false, line + "\n- a"},
		"plain, in a sentence":     {"I said: " + line + " and more", false, "I said: " + line + " and more\n\n" + line},
		"HTML":                     {"<ul><li>a</li></ul>", true, "<ul><li>a</li></ul><p>" + line + "</p>"},
		"HTML, empty":              {"", true, "<p>" + line + "</p>"},
		"HTML, there already":      {"<p>a</p><p>" + line + "</p>", true, "<p>a</p><p>" + line + "</p>"},
		"HTML, as editors have it": {"<p>a</p><p><span style=\"x\">All&nbsp;5 tasks done on 2026-05-03</span></p>", true, "<p>a</p><p><span style=\"x\">All&nbsp;5 tasks done on 2026-05-03</span></p>"},
		"HTML, an older one":       {"<p>" + old + "</p><p>a</p>", true, "<p>" + line + "</p><p>a</p>"},
		"HTML, of one task":        {"<p>Task done on 2026-05-01</p>", true, "<p>" + line + "</p>"},
		"HTML, by a break":         {"a<br>" + old + "<br>b", true, "a<br>" + line + "<br>b"},
		"HTML, in a sentence":      {"<p>Is " + line + "?</p>", true, "<p>Is " + line + "?</p><p>" + line + "</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			got := notetask.WithDoneLine(c.body, c.html, line)
			assert.Equal(t, c.want, got)
			assert.Equal(t, got, notetask.WithDoneLine(got, c.html, line), "it grew")
		})
	}
}

func TestTheLineGoesAwayWhenATaskIsOpenAgain(t *testing.T) {
	for _, c := range []struct {
		body string
		html bool
		want string
	}{
		{"- a\n- b\n\nAll 2 tasks done on 2026-05-03", false, "- a\n- b"},
		{"All 2 tasks done on 2026-05-03\n- a", false, "- a"},
		{"- a", false, "- a"},
		{"<ul><li>a</li></ul><p>All 2 tasks done on 2026-05-03</p>", true, "<ul><li>a</li></ul>"},
		{"<div>x<p>Task done on 2026-05-03</p></div>", true, "<div>x</div>"},
		{"<div><p>Task done on 2026-05-03</p>x</div>", true, "<div>x</div>"},
		{"<p>a</p>", true, "<p>a</p>"},
	} {
		assert.Equal(t, c.want, notetask.WithoutDoneLine(c.body, c.html), c.body)
	}
}

func TestOnlyTheLineItselfIsTheLine(t *testing.T) {
	for _, text := range []string{"All 5 tasks done on 2026-05-03", "  All 5 tasks done on 2026-05-03. ", "Task done on 2026-05-03", "All\u00a05 tasks done on 2026-05-03"} {
		assert.True(t, notetask.IsDoneLine(text), text)
	}
	for _, text := range []string{"All tasks done", "All 5 tasks done on Monday", "Not all 5 tasks done on 2026-05-03", "todo: Task done on 2026-05-03"} {
		assert.False(t, notetask.IsDoneLine(text), text)
	}
}
