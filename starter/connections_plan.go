package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/rules"
)

// differenceWords says in words how rules differ.
var differenceWords = map[activities.DifferenceKind]string{
	activities.NewWrite:    "written, and was not",
	activities.NoWrite:     "written no more",
	activities.OtherWinner: "written to the other side",
	activities.OtherValue:  "written with another value",
	activities.NowAsks:     "asks a person",
	activities.AsksNoMore:  "asks nobody any more",
	activities.NowExcluded: "left out by the filter",
	activities.NowIncluded: "let in by the filter",
}

// showDifference shows what rules would decide otherwise.
func (a *app) showDifference(loaded *rules.Rules, d activities.RulesDifference) error {
	say(a.out, "\nOf %d links, %d were decided under both rules, and %d would be decided otherwise.", d.Looked, d.Compared, d.Differing)
	if d.Differing == 0 {
		return nil
	}
	var rows [][]string
	for _, c := range d.Counts {
		what := string(c.Field)
		if what == "" {
			what = "the contact"
		}
		rows = append(rows, []string{what, differenceWords[c.Kind], strconv.Itoa(c.Links)})
	}
	say(a.out, "")
	if err := a.table([]string{"WHAT", "WOULD BE", "LINKS"}, rows); err != nil {
		return err
	}
	if len(d.Samples) == 0 {
		return nil
	}
	rows = nil
	for _, sample := range d.Samples {
		var how []string
		for _, f := range sample.Differences {
			how = append(how, strings.TrimSpace(fmt.Sprintf("%s %s", f.Field, differenceWords[f.Kind])))
		}
		rows = append(rows, []string{strconv.FormatInt(sample.LinkID, 10), strings.Join(how, "; ")})
	}
	say(a.out, "")
	if err := a.table([]string{"CONTACT", "WOULD BE"}, rows); err != nil {
		return err
	}
	say(a.out, "\n`starter explain %s <contact>` shows what both sides hold of one.", loaded.Connection)
	return nil
}
