package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

// canonical are the fields that are followed, by the names under which the journal has them.
var canonical = map[string]record.Field{
	"first": record.FirstName, "last": record.LastName, "email": record.Email, "phone": record.Phone, "street": record.Street,
	"city": record.City, "state": record.State, "zip": record.PostalCode, "birth": record.BirthDate, "plan": record.Custom("plan"),
	"tags": record.Tags,
}

// goHighLevelNow and salesforceNow tell how everybody on a side stands, by id.
func (s *system) goHighLevelNow() map[string]map[string]string {
	out := map[string]map[string]string{}
	for c := range s.Sandbox.GoHighLevel.All() {
		fields := s.goHighLevelFields(c)
		delete(fields, "id")
		fields["phone"] = phoneDigits(c.Phone)
		out[c.ID] = fields
	}
	return out
}

func (s *system) salesforceNow() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, row := range s.Sandbox.Salesforce.All("Contact") {
		fields := salesforceFields(row)
		id := fields["id"]
		delete(fields, "id")
		fields["phone"] = phoneDigits(text(row, "Phone"))
		out[id] = fields
	}
	return out
}

// phoneDigits are a phone number however it is written.
func phoneDigits(phone string) string {
	return strings.TrimPrefix(notDigit.ReplaceAllString(phone, ""), "1")
}

// journaled is one entry of the journal, opened.
type journaled struct {
	link      int64
	side      record.Side
	operation record.Operation
	at        time.Time
	origin    string
	writes    []reconcile.Write
}

// ledger is everything that the ledger says at the end.
type ledger struct {
	links    map[int64]record.Link
	byRecord map[record.Side]map[string]record.Link
	journal  []journaled
	lost     map[string]bool // side, field and value of everything that the journal has as replaced
}

func (s *system) readLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{links: map[int64]record.Link{}, lost: map[string]bool{}, byRecord: map[record.Side]map[string]record.Link{
		record.GoHighLevel: {}, record.Salesforce: {},
	}}
	work, err := s.Store.Links(t.Context(), connection, record.Contact, 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for _, w := range work {
		l.links[w.Link.ID], last = w.Link, max(last, w.Link.ID)
		for _, side := range record.Sides {
			if id := w.Link.RecordID(side); id != "" {
				l.byRecord[side][id] = w.Link
			}
		}
	}
	const dropped = 500 // links that are gone keep their journal
	for id := range last + dropped {
		rows, err := s.Store.Journal(t.Context(), connection, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			l.take(t, s, row)
		}
	}
	return l
}

func (l *ledger) take(t *testing.T, s *system, row record.JournalRow) {
	t.Helper()
	plainText, err := s.Vault.Open(vault.Scope{Connection: connection, Side: row.Side, Purpose: "journal"}, row.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	j := journaled{link: row.LinkID, side: row.Side, operation: row.Operation, at: row.At, origin: row.Origin}
	if err := json.Unmarshal(plainText, &j.writes); err != nil {
		t.Fatal(err)
	}
	l.journal = append(l.journal, j)
	for _, w := range j.writes {
		for _, value := range w.Before {
			if !slices.Contains(w.After, value) {
				l.lost[lostKey(row.Side, string(w.Field), value)] = true
			}
		}
	}
}

func lostKey(side record.Side, field, value string) string {
	if field == string(record.Phone) {
		value = phoneDigits(value)
	}
	return fmt.Sprintf("%s %s %s", side, field, plain(value))
}

// has tells whether the journal knows that a value of a field was replaced or taken away on a side.
func (l *ledger) has(side record.Side, field, value string) bool {
	return l.lost[lostKey(side, string(canonical[field]), value)]
}

// about tells, for a failure, what the ledger has about a contact: fields by name, no values.
func (l *ledger) about(link record.Link) string {
	out := fmt.Sprintf("link %d is %s %s, of %q and %q", link.ID, link.State, link.Problem, link.GoHighLevelID, link.SalesforceID)
	for _, j := range l.journal {
		if j.link != link.ID {
			continue
		}
		out += fmt.Sprintf("\n      %s %s in %s by %s:", j.at.Format("15:04:05.000"), j.operation, j.side, j.origin)
		for _, w := range j.writes {
			out += fmt.Sprintf(" %s(%s)", w.Field, w.Cause)
		}
	}
	return out
}

// waitingMarks counts what is pending or announced.
func (s *system) waitingMarks(ctx context.Context) (n int, err error) {
	db, err := pgx.Connect(ctx, s.State.DatabaseURL)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close(ctx) }() // it was only read
	err = db.QueryRow(ctx, `SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM announced)`).Scan(&n)
	return n, err
}

// account holds that everybody is accounted for at the end.
type account struct {
	*system
	seed   uint64
	tapes  map[record.Side]*tape
	ledger *ledger
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
				a.report(t, "among them one to %s in %s\n    %s\n    %s", x.id, side, a.ledger.about(a.ledger.byRecord[side][x.id]), a.storyOf(side, x.id))
			}
		}
	}
}

// mustAddUp holds that whoever is linked in step agrees field by field, and that whoever stands alone does so by a decision.
func (a *account) mustAddUp(t *testing.T) {
	t.Helper()
	now := map[record.Side]map[string]map[string]string{record.GoHighLevel: a.goHighLevelNow(), record.Salesforce: a.salesforceNow()}
	inStep := 0
	for _, link := range a.ledger.links {
		if link.State != record.LinkInStep {
			continue
		}
		g, f := now[record.GoHighLevel][link.GoHighLevelID], now[record.Salesforce][link.SalesforceID]
		if g == nil || f == nil {
			a.report(t, "a contact is called in step, but is in GoHighLevel: %t, in Salesforce: %t\n    %s", g != nil, f != nil, a.ledger.about(link))
			continue
		}
		inStep++
		for _, field := range slices.Sorted(maps.Keys(canonical)) {
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
// typed after the API had read the contact and before it wrote. It tells how many of those there were.
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
			for _, value := range vanished(x) {
				if x.gone {
					deleted++
				} else {
					replaced++
				}
				switch since := tape.readBefore(x.id, x.at); {
				case a.ledger.has(side, x.field, value):
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
