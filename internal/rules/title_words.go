package rules

import (
	"strings"
	"unicode/utf16"
)

// titleWords show a word in brackets in front of a title: "[Cancelled] Checkup".
type titleWords struct {
	words []string // those that are recognised
	plain string   // the one that goes without saying, and is one of words
	// statuses gives the words of the statuses that are shown.
	statuses map[string]string
}

// split takes the word off a title. A title without one, or with one that nobody knows, has the plain word.
func (t titleWords) split(title string) (word, rest string) {
	if inner, ok := strings.CutPrefix(title, "["); ok {
		if said, rest, ok := strings.Cut(inner, "]"); ok {
			for _, word := range t.words {
				if strings.EqualFold(word, said) {
					return word, strings.TrimSpace(rest)
				}
			}
		}
	}
	return t.plain, title
}

// join puts a word in front of a title. The plain one is left out, unless the title begins as if it had one.
func (t titleWords) join(word, title string) string {
	if _, rest := t.split(title); word == t.plain && rest == title {
		return title
	}
	return strings.TrimSpace("[" + word + "] " + title)
}

// ofStatus returns the word for a status; the plain one for those that are not shown.
func (t titleWords) ofStatus(status string) string {
	if word, shown := t.statuses[status]; shown {
		return word
	}
	return t.plain
}

// room is how long a title may be next to a word in a Salesforce subject.
func (t titleWords) room(word, title string) int {
	units := func(s string) int { return len(utf16.Encode([]rune(s))) }
	return longestSubject - units(t.join(word, title)) + units(title)
}
