package rules

import (
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

// readConflict reads who wins a conflict, and who wins it where newest cannot tell: the second word of conflict, or tie.
func (e *fieldEntry) readConflict() {
	conflict, tie := e.source.get("conflict"), e.source.get("tie")
	sides := []record.Side{record.Salesforce, record.GoHighLevel}
	e.rule.Tie = choose(tie, record.Salesforce, "a side", sides...)
	words := []string(nil)
	if conflict.given() && conflict.what() == "text" {
		words = strings.Fields(conflict.text(""))
	}
	if len(words) < 2 || !slices.Contains(resolutions, reconcile.Resolution(words[0])) {
		e.rule.Conflict = choose(conflict, reconcile.Newest, "a way to settle a conflict", resolutions...)
		return
	}
	e.rule.Conflict = reconcile.Resolution(words[0])
	second := record.Side(strings.Join(words[1:], " "))
	switch {
	case e.rule.Conflict != reconcile.Newest:
		conflict.problem("%s takes no second word; use %s, or newest with the side that wins a tie, as newest gohighlevel", words[0], words[0])
	case !slices.Contains(sides, second):
		conflict.problem("%s is not a side; after newest use %s", quoted(string(second)), anyOf(sides))
	case tie.given() && tie.sound() && e.rule.Tie != second:
		tie.problem("%s contradicts conflict, which says %s; keep one of them", e.rule.Tie, strings.Join(words, " "))
	default:
		e.rule.Tie = second
	}
}

// checkSet reports what has no meaning for a set.
func (e *fieldEntry) checkSet() {
	for _, name := range []string{"conflict", "tie"} {
		if idle := e.source.get(name); e.rule.Set && idle.given() {
			idle.problem("has no meaning for a set, which is merged element by element and so never conflicts; leave it out")
		}
	}
}
