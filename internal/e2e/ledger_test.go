package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

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
	last := int64(0)
	for _, kind := range append([]record.Kind{record.Contact}, belongings...) {
		work, err := s.Store.Links(t.Context(), connection, kind, 0, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range work {
			l.links[w.Link.ID], last = w.Link, max(last, w.Link.ID)
			for _, side := range record.Sides {
				if id := w.Link.RecordID(side); id != "" {
					l.byRecord[side][id] = w.Link
				}
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
func (l *ledger) has(side record.Side, kind record.Kind, field, value string) bool {
	return l.lost[lostKey(side, string(canonical[kind][field]), value)]
}

// about tells, for a failure, what the ledger has about a record: fields by name, no values.
func (l *ledger) about(link record.Link) string {
	out := fmt.Sprintf("link %d, a %s, is %s %s, of %q and %q", link.ID, link.Kind, link.State, link.Problem, link.GoHighLevelID, link.SalesforceID)
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
	err = db.QueryRow(ctx, `
		SELECT
		(SELECT count(*) FROM pending) + (SELECT count(*) FROM announced) + (SELECT count(*) FROM note_tasks WHERE marked > heeded)`).Scan(&n)
	return n, err
}
