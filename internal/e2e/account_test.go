package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// account holds that everybody is accounted for at the end.
type account struct {
	*system
	seed   uint64
	tapes  map[record.Side]*tape
	ledger *ledger
	now    map[record.Side]shown
	taken  map[int64][]record.Choice
	wrong  int
}

func (a *account) report(t *testing.T, format string, args ...any) {
	t.Helper()
	if a.wrong++; a.wrong <= 15 {
		t.Errorf("seed %d: %s", a.seed, fmt.Sprintf(format, args...))
	}
}

// mustBeQuiet holds that nobody writes any more.
func (a *account) mustBeQuiet(t *testing.T, writes int, since time.Time) {
	t.Helper()
	if writes == 0 {
		return
	}
	a.report(t, "%d writes came after one sweep had found nothing to do", writes)
	for _, side := range record.Sides {
		told := map[string]bool{}
		for _, x := range a.tapes[side].strokes {
			if !x.person && x.at.After(since) && !told[x.id] {
				told[x.id] = true
				a.report(t, "among them one to %s in %s\n    %s", x.id, side, a.whole(t, a.ledger.byRecord[side][x.id]))
			}
		}
	}
}

// mustAddUp holds that whoever is linked in step agrees field by field, and that whoever stands alone does so by a decision.
func (a *account) mustAddUp(t *testing.T) {
	t.Helper()
	now := map[record.Side]map[string]map[string]string{
		record.GoHighLevel: a.now[record.GoHighLevel][record.Contact], record.Salesforce: a.now[record.Salesforce][record.Contact],
	}
	inStep := 0
	for _, link := range a.ledger.links {
		if link.Kind != record.Contact || link.State != record.LinkInStep {
			continue
		}
		g, f := now[record.GoHighLevel][link.GoHighLevelID], now[record.Salesforce][link.SalesforceID]
		if g == nil || f == nil {
			a.report(t, "a contact is called in step, but is in GoHighLevel: %t, in Salesforce: %t\n    %s", g != nil, f != nil, a.ledger.about(link))
			continue
		}
		inStep++
		for _, field := range slices.Sorted(maps.Keys(canonical[record.Contact])) {
			if g[field] != f[field] && !canOnlyDiffer(field, g[field], f[field]) {
				a.report(t, "%s is %q in GoHighLevel and %q in Salesforce\n    %s\n    %s", field, g[field], f[field], a.ledger.about(link),
					a.story(link, field))
			}
		}
	}
	for _, side := range record.Sides {
		for id, fields := range now[side] {
			a.mustBeExplained(t, side, id, fields, now[side.Other()])
		}
		a.mustBeUnique(t, side, now[side])
	}
	t.Logf("%d contacts are in step, of %d in GoHighLevel and %d in Salesforce", inStep, len(now[record.GoHighLevel]), len(now[record.Salesforce]))
}

// canOnlyDiffer tells whether an API cannot empty a field that the other side has empty: GoHighLevel's the postal code,
// Salesforce's the last name. A merge may bring that about.
func canOnlyDiffer(field, ghl, sf string) bool {
	return field == "zip" && sf == "" || field == "last" && ghl == ""
}

// mustBeExplained holds that a contact is in step, or that a decision lets it stand alone.
func (a *account) mustBeExplained(t *testing.T, side record.Side, id string, fields map[string]string, others map[string]map[string]string) {
	t.Helper()
	link, there := a.ledger.byRecord[side][id]
	switch {
	case !there:
		a.report(t, "%s in %s, %q, belongs to no link\n    %s", id, side, fields["email"], a.storyOf(side, id))
	case link.State == record.LinkInStep:
	case link.State == record.LinkParted && a.decidedOn(link.ID, record.ChooseIgnore, record.ChooseKeep):
		if link.Problem == record.ProblemKept && others[link.RecordID(side.Other())] != nil {
			a.report(t, "%s in %s is kept without its other half, which is there\n    %s", id, side, a.ledger.about(link))
		}
	default:
		a.report(t, "%s in %s, %q, stands alone\n    %s\n    %s", id, side, fields["email"], a.ledger.about(link), a.storyOf(side, id))
	}
}

func (a *account) decidedOn(link int64, choices ...record.Choice) bool {
	return slices.ContainsFunc(a.taken[link], func(c record.Choice) bool { return slices.Contains(choices, c) })
}

// mustBeUnique holds that nobody is there twice, save whom a decision leaves alone.
func (a *account) mustBeUnique(t *testing.T, side record.Side, now map[string]map[string]string) {
	t.Helper()
	for _, field := range []string{"email", "phone"} {
		held := map[string][]string{}
		for id, fields := range now {
			if link := a.ledger.byRecord[side][id]; fields[field] != "" && link.State != record.LinkParted && !a.decidedOn(link.ID, record.ChooseSeparate) {
				held[fields[field]] = append(held[fields[field]], id)
			}
		}
		for value, ids := range held {
			if len(ids) > 1 {
				about := ""
				for _, id := range ids {
					about += "\n    " + a.ledger.about(a.ledger.byRecord[side][id]) + "\n    " + a.storyOf(side, id)
				}
				a.report(t, "%d contacts in %s have the %s %q%s", len(ids), side, field, value, about)
			}
		}
	}
}

// mustKeepWhatWasReplaced holds that every value that the API replaced or took away is in the journal, save what people
// typed after the API had read the record and before it wrote. It tells how many of those there were.
func (a *account) mustKeepWhatWasReplaced(t *testing.T) {
	t.Helper()
	for _, side := range record.Sides {
		tape := a.tapes[side]
		replaced, deleted, unseen := 0, 0, 0
		lastByPerson := map[string]time.Time{}
		for _, x := range tape.strokes {
			place := x.id + " " + x.field
			if x.person {
				lastByPerson[place] = x.at
				continue
			}
			if canonical[x.kind][x.field] == "" || x.gone && a.wentWithIts(tape, x) || isNoteToTask(tape, x) {
				continue
			}
			for _, value := range vanished(x) {
				if x.gone {
					deleted++
				} else {
					replaced++
				}
				switch since := tape.readBefore(x.id, x.at); {
				case a.ledger.has(side, x.kind, x.field, value):
				case lastByPerson[place].After(since):
					unseen++
				default:
					a.report(t, "%s of %s in %s was %q, which the API replaced by %q at %s and the journal does not have\n    %s\n    %s", x.field, x.id,
						side, value, x.after, x.at.Format("15:04:05.000"), a.ledger.about(a.ledger.byRecord[side][x.id]), a.storyOf(side, x.id))
				}
			}
		}
		t.Logf("in %s the API replaced %d values and took %d away with their contacts; %d were typed between its reading and its writing",
			side, replaced, deleted, unseen)
	}
}

// vanished are the values that a stroke took away: of a set, its elements.
func vanished(x stroke) []string {
	if x.before == "" {
		return nil
	}
	if x.field != "tags" {
		return []string{x.before}
	}
	after := strings.Split(x.after, ";")
	return slices.DeleteFunc(strings.Split(x.before, ";"), func(tag string) bool { return slices.Contains(after, tag) })
}
