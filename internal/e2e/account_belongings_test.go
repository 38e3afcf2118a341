package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

// mustAddUpBelongings holds that every task, note and appointment is on both sides, once, told alike and with the same
// contact, or is explained.
func (a *account) mustAddUpBelongings(t *testing.T, kind record.Kind) {
	t.Helper()
	ghl, sf := a.now[record.GoHighLevel][kind], a.now[record.Salesforce][kind]
	inStep := 0
	for _, link := range a.ledger.links {
		if link.Kind != kind || link.State != record.LinkInStep {
			continue
		}
		g, f := ghl[link.GoHighLevelID], sf[link.SalesforceID]
		if g == nil || f == nil {
			a.report(t, "a %s is called in step, but is in GoHighLevel: %t, in Salesforce: %t\n    %s", kind, g != nil, f != nil, a.whole(t, link))
			continue
		}
		inStep++
		for field := range canonical[kind] {
			if g[field] != f[field] && !toldOtherwise(kind, field, g[field], f[field]) {
				a.report(t, "%s of a %s is %q in GoHighLevel and %q in Salesforce\n    %s\n    %s", field, kind, g[field], f[field],
					a.ledger.about(link), a.story(link, field))
			}
		}
		if of := a.ledger.byRecord[record.GoHighLevel][g["contact"]]; !slices.Contains(strings.Fields(f["contact"]), of.SalesforceID) && !a.keptApart(of, f["contact"]) && !a.movedAlone(link) {
			a.report(t, "a %s belongs to other contacts on the two sides: %q, of %s, and %q\n    %s", kind, g["contact"], a.ledger.about(of),
				f["contact"], a.whole(t, link))
		}
	}
	for _, side := range record.Sides {
		for id, fields := range a.now[side][kind] {
			if link := a.ledger.byRecord[side][id]; link.State != record.LinkInStep && !a.standsAlone(kind, side, fields, link) {
				of := a.ledger.byRecord[side][fields["contact"]]
				a.report(t, "%s %s in %s, %q, stands alone\n    %s\n    of %s", kind, id, side, fields["title"], a.whole(t, link),
					a.ledger.about(of))
			}
		}
		a.mustBeOnce(t, kind, side)
	}
	t.Logf("%d %ss are in step, of %d in GoHighLevel and %d in Salesforce", inStep, kind, len(ghl), len(sf))
}

// toldOtherwise tells whether the two sides cannot tell a field alike: where GoHighLevel has no title of a note the other
// side shows its first line, and a Salesforce task may be without a day.
func toldOtherwise(kind record.Kind, field, ghl, sf string) bool {
	return kind == record.Note && field == "title" && ghl == "" || field == "due" && sf == "" ||
		field == "status" && ghl == "new" && sf == "confirmed"
}

// standsAlone tells whether a record may be on one side only: because its contact is, or is not followed, or because the
// appointment does not take place.
func (a *account) standsAlone(kind record.Kind, side record.Side, fields map[string]string, link record.Link) bool {
	if kind == record.Appointment && side == record.GoHighLevel && fields["status"] == "noshow" && a.now[record.Salesforce][kind][link.SalesforceID] == nil {
		return true
	}
	for _, contact := range strings.Fields(fields["contact"]) {
		if a.ledger.byRecord[side][contact].State == record.LinkInStep {
			return false
		}
	}
	return true
}

// mustBeOnce holds that nothing that a person typed is there twice.
func (a *account) mustBeOnce(t *testing.T, kind record.Kind, side record.Side) {
	t.Helper()
	what, held := "title", map[string][]string{}
	if kind == record.Note {
		what = "body"
	}
	for id, fields := range a.now[side][kind] {
		held[fields[what]] = append(held[fields[what]], id)
	}
	for value, ids := range held {
		if len(ids) > 1 {
			about := ""
			for _, id := range ids {
				about += "\n    " + a.whole(t, a.ledger.byRecord[side][id])
			}
			a.report(t, "%d %ss in %s have the %s %q%s", len(ids), kind, side, what, value, about)
		}
	}
}

// mustHaveGone holds that what a person deleted is gone on the other side too, unless somebody edited it there that the
// deletion did not know of.
func (a *account) mustHaveGone(t *testing.T, deleted []deletion) {
	t.Helper()
	gone := 0
	for _, d := range deleted {
		side := d.side.Other()
		switch {
		case d.other == "" || !d.even:
		case a.now[side][d.kind][d.other] == nil:
			gone++
		case !slices.ContainsFunc(a.tapes[side].strokes, func(x stroke) bool { return x.person && x.id == d.other && x.at.After(d.at) }):
			a.report(t, "%s %s was deleted in %s at %s, and %s lives on in %s\n    %s", d.kind, d.id, d.side, d.at.Format("15:04:05.000"), d.other, side,
				a.whole(t, a.ledger.byRecord[side][d.other]))
		}
	}
	t.Logf("of %d tasks, notes and appointments that people deleted %d had another half that had to go, and went", len(deleted), gone)
}

// wentWithIts tells whether a record went because its contact was deleted.
func (a *account) wentWithIts(tape *tape, x stroke) bool {
	if x.kind == record.Contact {
		return false
	}
	contacts := ""
	for _, y := range tape.strokes {
		if y.id == x.id && y.field == "contact" && y.at.Equal(x.at) {
			contacts = y.before
		}
	}
	return slices.ContainsFunc(tape.strokes, func(y stroke) bool {
		return y.gone && y.kind == record.Contact && y.at.Equal(x.at) && slices.Contains(strings.Fields(contacts), y.id)
	})
}

// keptApart tells whether one of the two contacts that a record belongs to was kept, by a person's decision about a merge on
// the other side, and goes its own way: what belongs to it there stays with it.
func (a *account) keptApart(inGoHighLevel record.Link, inSalesforce string) bool {
	return inGoHighLevel.State != record.LinkInStep || !slices.ContainsFunc(strings.Fields(inSalesforce), func(id string) bool {
		return a.ledger.byRecord[record.Salesforce][id].State == record.LinkInStep
	})
}

// movedAlone tells whether people moved the Salesforce record to another contact, by a merge that was undone: GoHighLevel
// cannot move anything, and keeps its own where it is.
func (a *account) movedAlone(link record.Link) bool {
	return slices.ContainsFunc(a.tapes[record.Salesforce].strokes, func(x stroke) bool {
		return x.id == link.SalesforceID && x.person && x.field == "contact" && x.before != ""
	})
}
