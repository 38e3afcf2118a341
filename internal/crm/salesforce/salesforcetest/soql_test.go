package salesforcetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestEachPlanFindsWhatALookAtEveryRowFinds compares the planner with plain evaluation on random orgs and conditions.
func TestEachPlanFindsWhatALookAtEveryRowFinds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, c, ids := randomOrg(rt)
		for range 25 {
			where := condition(ids).Draw(rt, "where")
			for range rapid.IntRange(0, 2).Draw(rt, "joints") {
				where = "(" + where + ") " + rapid.SampledFrom([]string{"AND", "OR"}).Draw(rt, "joint") + " (" + condition(ids).Draw(rt, "more") + ")"
			}
			order := rapid.SampledFrom([]string{"Id", "Id DESC", "SystemModstamp, Id", "SystemModstamp DESC, Id DESC", "LastName, Id"}).Draw(rt, "order")
			parsed, err := parseSOQL("SELECT Id FROM Contact WHERE " + where + " ORDER BY " + order)
			require.Nil(rt, err)
			samePlanAndScan(rt, f, c.now(), parsed)
		}
	})
}

// randomOrg is an org with contacts that were created, edited, deleted and purged over some seconds.
func randomOrg(rt *rapid.T) (*Fake, *clock, []string) {
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	f := New(Options{Clock: c.now, VisibilityLag: time.Duration(rapid.IntRange(0, 3).Draw(rt, "lag")) * time.Second, VisibilityLagRate: 0.5})
	var ids []string
	for range rapid.IntRange(5, 40).Draw(rt, "writes") {
		mail := rapid.SampledFrom([]string{"a@x.co", "b@x.co", "C@x.co", ""}).Draw(rt, "mail")
		switch do := rapid.IntRange(0, 9).Draw(rt, "do"); {
		case do < 5 || len(ids) == 0:
			ids = append(ids, f.Create("Contact", fields{"LastName": rapid.SampledFrom([]string{"L", "M"}).Draw(rt, "name"), "Email": mail}))
		case do < 8:
			_ = f.Edit("Contact", rapid.SampledFrom(ids).Draw(rt, "id"), fields{"Email": mail})
		case do == 8:
			_ = f.Delete("Contact", rapid.SampledFrom(ids).Draw(rt, "id"))
		default:
			_ = f.Purge("Contact", rapid.SampledFrom(ids).Draw(rt, "id"))
		}
		c.advance(time.Duration(rapid.IntRange(0, 2).Draw(rt, "half")) * 500 * time.Millisecond)
	}
	return f, c, ids
}

func condition(ids []string) *rapid.Generator[string] {
	return rapid.Custom(func(rt *rapid.T) string {
		op := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">="}).Draw(rt, "op")
		switch rapid.IntRange(0, 5).Draw(rt, "leaf") {
		case 0, 1:
			at := time.Unix(1_800_000_000, 0).Add(time.Duration(rapid.IntRange(-2, 40).Draw(rt, "half")) * 500 * time.Millisecond)
			return "SystemModstamp " + op + " " + at.UTC().Format("2006-01-02T15:04:05.000Z")
		case 2, 3:
			return "Id " + op + " '" + rapid.SampledFrom(append(ids, "003000000000000", "003zzzzzzzzzzzz")).Draw(rt, "id") + "'"
		case 4:
			return rapid.SampledFrom([]string{"Email = 'a@x.co'", "Email = null", "Email IN ('b@x.co','c@x.co')", "Email NOT IN ('a@x.co')"}).Draw(rt, "email")
		}
		return rapid.SampledFrom([]string{"LastName = 'l'", "NOT LastName = 'l'", "IsDeleted = true"}).Draw(rt, "other")
	})
}

func samePlanAndScan(rt *rapid.T, f *Fake, now time.Time, parsed *soqlQuery) {
	f.rlock(now)
	defer f.mu.RUnlock()
	bound, err := f.bind(parsed)
	require.Nil(rt, err)
	bound.deleted = rapid.Bool().Draw(rt, "queryAll")
	var want []uint32
	for i := range bound.table.rows {
		if r := bound.table.seen(uint32(i)); r != nil && (bound.deleted || !r.deleted && !bound.table.object.archives(r, now)) && f.matches(bound.table, uint32(i), r, bound.where) {
			want = append(want, uint32(i))
		}
	}
	f.sort(bound, want)
	require.True(rt, slices.Equal(want, f.run(bound, now)), parsed.text)
	bound.limit, bound.offset = rapid.IntRange(0, 10).Draw(rt, "limit"), rapid.IntRange(0, 5).Draw(rt, "offset")
	want = want[min(bound.offset, len(want)):]
	require.True(rt, slices.Equal(want[:min(bound.limit, len(want))], f.run(bound, now)), parsed.text)
}

func FuzzSOQLNeverPanics(f *testing.F) {
	for _, q := range []string{
		"SELECT Id, Account.Name FROM Contact WHERE (A = 'x' OR B != null) AND NOT C LIKE '%\\'_' ORDER BY D DESC NULLS LAST LIMIT 10 OFFSET 5",
		"SELECT COUNT() FROM Contact WHERE SystemModstamp >= 2026-11-23T17:00:00.123+00:00 AND Birthdate = 2000-01-01",
		"SELECT Id FROM Contact WHERE Id IN ('003000000000000AAA', null) AND DoNotCall = TRUE AND LastName NOT IN ('a')",
		"SELECT", "", "((((", "SELECT COUNT(", "SELECT Id FROM Contact WHERE a = '\\", "SELECT \xff FROM \x00", "SELECT a FROM b LIMIT",
		"SELECT Who.Type, Owner.Name FROM Task WHERE (Who.Id = '003000000000000AAA' OR WhoId IN ('00Q000000000000', null)) AND ActivityDate < 2026-11-23",
		"SELECT ContentDocument.Title FROM ContentDocumentLink WHERE LinkedEntityId = '003000000000000AAA' AND NOT ShareType = 'V'",
		"SELECT Content, TextPreview FROM ContentNote WHERE LastModifiedDate >= 2026-11-23T17:00:00Z ORDER BY LastModifiedDate, Id",
		"SELECT Id FROM Contact WHERE Id < '003zzzzzzzzzzzz' AND SystemModstamp = 1969-12-31T23:59:59Z",
	} {
		f.Add(q)
	}
	org := New(Options{})
	contact := org.Create("Contact", fields{"LastName": "A", "Email": "a@x.co"})
	org.Create("Task", fields{"WhoId": contact})
	if err := org.LinkNote(org.Create("ContentNote", fields{"Content": "x"}), contact); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, q string) {
		parsed, err := parseSOQL(q)
		if err != nil {
			if err.code == "" || err.message == "" {
				t.Fatal("an error without code or message")
			}
			return
		}
		org.mu.RLock()
		defer org.mu.RUnlock()
		if bound, err := org.bind(parsed); err == nil {
			for _, pos := range org.run(bound, org.now()) {
				org.appendRecord(nil, v67, bound.projection, bound.table, pos, bound.table.seen(pos))
			}
		}
	})
}
