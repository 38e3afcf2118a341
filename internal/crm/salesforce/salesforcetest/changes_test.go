package salesforcetest

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func window(object, what string, start, end time.Time) string {
	return v67 + "/sobjects/" + object + "/" + what + "/?" + url.Values{"start": {start.Format(time.RFC3339)}, "end": {end.Format(time.RFC3339)}}.Encode()
}

func TestAWriteBecomesVisibleLaterThanItsStamp(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: 10 * time.Second})
	start := b.clock.now()
	id := b.org.Create("Contact", fields{"LastName": "Late", "Email": "late@example.com"})
	path := v67 + "/sobjects/Contact/" + id
	seen := func() (n int) {
		n += len(b.query("SELECT Id FROM Contact"))
		n += len(b.queryAll("SELECT Id FROM Contact WHERE Email = 'late@example.com'"))
		n += len(b.query("SELECT Id FROM Contact WHERE SystemModstamp >= 2026-11-23T17:00:00Z ORDER BY SystemModstamp, Id"))
		if b.ok("GET", v67+"/composite/sobjects/Contact?fields=Id&ids="+id, nil).list(t)[0] != nil {
			n++
		}
		if b.do("GET", path, nil).status == 200 {
			n++
		}
		updated := b.ok("GET", window("Contact", "updated", start.Add(-time.Hour), start.Add(time.Hour)), nil).object(t)
		n += len(updated["ids"].([]any))
		return n
	}
	b.clock.advance(5 * time.Second)
	require.Zero(t, seen())
	updated := b.ok("GET", window("Contact", "updated", start.Add(-time.Hour), start.Add(time.Hour)), nil).object(t)
	require.Equal(t, "2026-11-23T17:00:00.000+0000", updated["latestDateCovered"], "the oldest write under way bounds what is covered")
	b.clock.advance(5 * time.Second)
	require.Equal(t, 6, seen())
	updated = b.ok("GET", window("Contact", "updated", start.Add(-time.Hour), start.Add(time.Hour)), nil).object(t)
	require.Equal(t, "2026-11-23T17:00:10.000+0000", updated["latestDateCovered"])
	require.Equal(t, []any{"2026-11-23T17:00:00.000+0000"}, columnOf(b.query("SELECT SystemModstamp FROM Contact"), "SystemModstamp"))

	require.NoError(t, b.org.Edit("Contact", id, fields{"LastName": "Later"}))
	require.Equal(t, []any{"Late"}, names(b.query("SELECT LastName FROM Contact")), "until then readers see the version before")
	require.NoError(t, b.org.Delete("Contact", id))
	require.Len(t, b.query("SELECT Id FROM Contact"), 1)
	b.clock.advance(10 * time.Second)
	require.Empty(t, b.query("SELECT Id FROM Contact"))
	require.Len(t, b.queryAll("SELECT Id FROM Contact WHERE IsDeleted = true"), 1)
}

func TestTheWriterSeesItsOwnLateWriteByID(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: time.Minute})
	id := b.create(fields{"LastName": "Mine"})
	require.Equal(t, "Mine", b.ok("GET", v67+"/sobjects/Contact/"+id, nil).object(t)["LastName"])
	require.Empty(t, b.query("SELECT Id FROM Contact WHERE Id = '"+id+"'"))
	require.Equal(t, 204, b.ok("PATCH", v67+"/sobjects/Contact/"+id, fields{"Title": "x"}).status)
}

func TestARollbackLeavesALateWriteLate(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: time.Minute})
	id := b.create(fields{"LastName": "Seen"})
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Edit("Contact", id, fields{"LastName": "Unseen"}))
	b.clock.advance(time.Second)
	items := b.ok("PATCH", v67+"/composite/sobjects", allOrNone(fields{"id": id, "LastName": "Mine"}, fields{"id": id, "LastName": nil})).list(t)
	require.Equal(t, "ALL_OR_NONE_OPERATION_ROLLED_BACK", itemCode(items[0]))
	q := "SELECT LastName FROM Contact WHERE SystemModstamp > 2026-01-01T00:00:00Z ORDER BY SystemModstamp"
	require.Equal(t, []any{"Seen"}, names(b.query(q)))
	b.clock.advance(time.Minute)
	require.Equal(t, []any{"Unseen"}, names(b.query(q)))
}

func TestOnlyAShareOfTheWritesIsLate(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: time.Minute, VisibilityLagRate: 0.3, Seed: 7})
	for range 200 {
		b.org.Create("Contact", fields{"LastName": "x"})
	}
	n := len(b.query("SELECT Id FROM Contact"))
	require.Greater(t, n, 100)
	require.Less(t, n, 180)
	b.clock.advance(time.Minute)
	require.Len(t, b.query("SELECT Id FROM Contact"), 200)
}

func TestGetUpdatedAndGetDeletedKeepTheirWindows(t *testing.T) {
	b := newBench(t, Options{})
	now := b.clock.now()
	for name, one := range map[string]struct {
		what       string
		start, end time.Time
		ok         bool
	}{
		"an hour":                      {"updated", now.Add(-time.Hour), now, true},
		"one minute is too short":      {"updated", now.Add(-time.Minute), now, false},
		"seconds do not count":         {"updated", now.Add(-time.Minute - 59*time.Second), now.Add(59 * time.Second), true},
		"end before start":             {"updated", now, now.Add(-time.Hour), false},
		"updated reaches back 30 days": {"updated", now.Add(-30 * 24 * time.Hour), now, true},
		"but not more":                 {"updated", now.Add(-30*24*time.Hour - time.Minute), now, false},
		"deleted reaches back 15 days": {"deleted", now.Add(-15 * 24 * time.Hour), now, true},
		"but no more":                  {"deleted", now.Add(-16 * 24 * time.Hour), now, false},
	} {
		a := b.do("GET", window("Contact", one.what, one.start, one.end), nil)
		if one.ok {
			require.Equal(t, 200, a.status, name)
		} else {
			require.Equal(t, "INVALID_REPLICATION_DATE", a.code(t), name)
		}
	}
}

func TestGetDeletedListsPurgedRowsAndNoUndeletedOnes(t *testing.T) {
	b := newBench(t, Options{})
	var ids []string
	for range 4 {
		ids = append(ids, b.create(fields{"LastName": "x"}))
	}
	b.clock.advance(10 * time.Minute)
	require.NoError(t, b.org.Delete("Contact", ids[0]))
	require.NoError(t, b.org.Delete("Contact", ids[1]))
	require.NoError(t, b.org.Undelete("Contact", ids[1]))
	require.NoError(t, b.org.Purge("Contact", ids[2]))
	now := b.clock.now()
	a := b.ok("GET", window("Contact", "deleted", now.Add(-5*time.Minute), now.Add(time.Minute)), nil).object(t)
	var got []any
	for _, d := range a["deletedRecords"].([]any) {
		got = append(got, d.(map[string]any)["id"])
		require.Equal(t, "2026-11-23T17:10:00.000+0000", d.(map[string]any)["deletedDate"])
	}
	require.Equal(t, []any{ids[0], ids[2]}, got)
	require.Equal(t, "2026-11-08T17:10:00.000+0000", a["earliestDateAvailable"])
	updated := b.ok("GET", window("Contact", "updated", now.Add(-5*time.Minute), now.Add(time.Minute)), nil).object(t)
	require.Equal(t, []any{ids[1]}, updated["ids"])
}

func TestAnAccountMergeMovesContactsAndOnlyTheirStamp(t *testing.T) {
	b := newBench(t, Options{})
	keep, drop := b.org.Create("Account", fields{"Name": "Keep"}), b.org.Create("Account", fields{"Name": "Drop"})
	id := b.create(fields{"LastName": "A", "AccountId": drop})
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Merge(keep, drop))
	got, _ := b.org.Get("Contact", id)
	require.Equal(t, keep, got["AccountId"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", got["LastModifiedDate"])
	require.Equal(t, "2026-11-23T17:01:00.000+0000", got["SystemModstamp"])
	require.NoError(t, b.org.Delete("Account", keep))
	got, _ = b.org.Get("Contact", id)
	require.Equal(t, true, got["IsDeleted"], "an account takes its contacts along")
}
