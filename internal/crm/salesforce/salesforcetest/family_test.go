package salesforcetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAContactTakesItsTasksToTheRecycleBinAndBack(t *testing.T) {
	b := newBench(t, Options{})
	contact := b.create(fields{"LastName": "Lovelace"})
	kept := b.add("Task", fields{"WhoId": contact})
	before := b.add("Task", fields{"WhoId": contact})
	other := b.add("Task", fields{"Subject": "of nobody"})
	require.NoError(t, b.org.Delete("Task", before))
	b.clock.advance(10 * time.Minute)
	require.Equal(t, 204, b.do("DELETE", v67+"/sobjects/Contact/"+contact, nil).status)
	require.Equal(t, []any{other}, columnOf(b.query("SELECT Id FROM Task"), "Id"))
	now := b.clock.now()
	deleted := b.ok("GET", window("Task", "deleted", now.Add(-5*time.Minute), now.Add(time.Minute)), nil).object(t)["deletedRecords"].([]any)
	require.Len(t, deleted, 1)
	require.Equal(t, kept, deleted[0].(fields)["id"])
	require.NoError(t, b.org.Undelete("Contact", contact))
	require.Equal(t, []any{kept, other}, columnOf(b.query("SELECT Id FROM Task ORDER BY Id"), "Id"), "what was deleted by itself stays deleted")
	account := b.org.Create("Account", fields{"Name": "Acme"})
	require.NoError(t, b.org.Edit("Contact", contact, fields{"AccountId": account}))
	require.NoError(t, b.org.Delete("Account", account))
	require.Equal(t, true, b.held("Task", kept)["IsDeleted"], "an account takes its contacts' tasks along")
	require.NoError(t, b.org.Purge("Contact", contact))
	_, there := b.org.Get("Task", kept)
	require.False(t, there)
}

func TestAMergeHangsTheLosersTasksOnTheWinnerAndMovesOnlyTheirStamp(t *testing.T) {
	b := newBench(t, Options{})
	winner, loser := b.create(fields{"LastName": "A"}), b.create(fields{"LastName": "B"})
	id := b.add("Task", fields{"WhoId": loser})
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Merge(winner, loser))
	got := b.held("Task", id)
	require.Equal(t, winner, got["WhoId"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", got["LastModifiedDate"])
	require.Equal(t, "2026-11-23T17:01:00.000+0000", got["SystemModstamp"])
	require.Equal(t, b.org.APIUserID(), got["LastModifiedById"])
	require.Equal(t, []any{id}, columnOf(b.query("SELECT Id FROM Task WHERE WhoId = '"+winner+"'"), "Id"))
	require.Empty(t, b.query("SELECT Id FROM Task WHERE WhoId = '"+loser+"'"))
}

func TestDeletingASeriesDeletesItsOccurrences(t *testing.T) {
	b := newBench(t, Options{})
	series := b.org.Create("Task", fields{"Subject": "Weekly", "IsRecurrence": true})
	for range 3 {
		b.org.Create("Task", fields{"Subject": "Weekly", "RecurrenceActivityId": series})
	}
	b.ok("DELETE", v67+"/composite/sobjects?ids="+series, nil)
	require.Zero(t, b.org.Count("Task"))
}
