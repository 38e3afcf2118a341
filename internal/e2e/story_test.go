package e2e

import (
	"fmt"

	"github.com/tandem-sync/tandem/internal/record"
)

// story tells what became of one field of a contact on both sides.
func (a *account) story(link record.Link, field string) string {
	out := ""
	for _, side := range record.Sides {
		out += a.strokes(side, link.RecordID(side), field)
	}
	return out
}

func (a *account) storyOf(side record.Side, id string) string { return a.strokes(side, id, "") }

func (a *account) strokes(side record.Side, id, field string) string {
	out := fmt.Sprintf("%s %s:", side, id)
	for _, x := range a.tapes[side].strokes {
		if x.id != id || field != "" && x.field != field {
			continue
		}
		who := "the API"
		if x.person {
			who = "a person"
		}
		out += fmt.Sprintf("\n      %s %s: %s %q -> %q", x.at.Format("15:04:05.000"), who, x.field, x.before, x.after)
		if x.gone {
			out += " (gone)"
		}
	}
	return out + "\n    "
}
