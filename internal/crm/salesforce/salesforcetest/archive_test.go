package salesforcetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestArchivedActivitiesHideFromQueryAndAreStillChangedByID(t *testing.T) {
	b := newBench(t, Options{})
	contact := b.create(fields{"LastName": "Lovelace"})
	day := func(ago int) string { return b.clock.now().AddDate(0, 0, -ago).Format(dateLayout) }
	task := func(name string, record fields) {
		record["Subject"], record["WhoId"] = name, contact
		b.org.Create("Task", record)
	}
	task("closed long ago", fields{"Status": "Completed", "ActivityDate": day(365)})
	task("closed not so long ago", fields{"Status": "Completed", "ActivityDate": day(364)})
	task("open since long ago", fields{"ActivityDate": day(900)})
	task("closed without a date", fields{"Status": "Completed", "CreatedDate": b.clock.now().AddDate(-2, 0, 0)})
	task("just closed without a date", fields{"Status": "Completed"})
	b.org.Create("Event", fields{"Subject": "met long ago", "StartDateTime": day(366) + "T10:00:00Z", "DurationInMinutes": 30})
	b.org.Create("Event", fields{"Subject": "met lately", "StartDateTime": day(3) + "T10:00:00Z", "DurationInMinutes": 30})
	const all = "SELECT Subject, IsArchived FROM Task WHERE IsDeleted = false ORDER BY Subject"
	require.Equal(t, []any{"closed not so long ago", "just closed without a date", "open since long ago"}, columnOf(b.query(all), "Subject"))
	require.Equal(t, []any{true, false, true, false, false}, columnOf(b.queryAll(all), "IsArchived"))
	require.Empty(t, b.query("SELECT Id FROM Task WHERE IsArchived = true"))
	archived := b.queryAll("SELECT Id, SystemModstamp FROM Task WHERE IsArchived = true AND WhoId = '" + contact + "'")
	require.Len(t, archived, 2)
	require.Equal(t, []any{"met lately"}, columnOf(b.query("SELECT Subject FROM Event"), "Subject"))
	require.Len(t, b.queryAll("SELECT Subject FROM Event"), 2)

	id := archived[0]["Id"].(string)
	require.Equal(t, 204, b.patch("Task", id, fields{"Subject": "renamed"}).status)
	require.Equal(t, true, b.ok("GET", v67+"/sobjects/Task/"+id, nil).object(t)["IsArchived"])
	require.Equal(t, "INVALID_FIELD_FOR_INSERT_UPDATE", b.patch("Task", id, fields{"IsArchived": false}).code(t))
	require.Equal(t, 204, b.do("DELETE", v67+"/sobjects/Task/"+id, nil).status)
	b.clock.advance(2 * 24 * time.Hour)
	require.NotContains(t, columnOf(b.query(all), "Subject"), "closed not so long ago", "time alone archives")
	require.NoError(t, b.org.Delete("Contact", contact))
	for _, task := range b.queryAll("SELECT IsDeleted FROM Task") {
		require.Equal(t, true, task["IsDeleted"], "archived ones go with the contact too")
	}
}

func TestTheArchiveKnobArchivesWhateverTheAge(t *testing.T) {
	b := newBench(t, Options{})
	id := b.add("Task", fields{"Subject": "A"})
	b.clock.advance(time.Minute)
	b.ok("POST", "/__admin/records/Task/"+id+"/archive", nil)
	require.Empty(t, b.query("SELECT Id FROM Task"))
	row := b.queryAll("SELECT IsArchived, SystemModstamp FROM Task")[0]
	require.Equal(t, true, row["IsArchived"])
	require.Equal(t, "2026-11-23T17:00:00.000+0000", row["SystemModstamp"])
	require.Error(t, b.org.Archive("Contact", b.create(fields{"LastName": "x"})))
	require.Error(t, b.org.Archive("Task", "00T000000000000AAA"))
	var saved bytes.Buffer
	require.NoError(t, b.org.Save(&saved))
	other := newBench(t, Options{Clock: b.clock.now})
	require.NoError(t, other.org.Restore(&saved))
	require.Equal(t, true, other.held("Task", id)["IsArchived"])
}

func TestACursorSkipsWhatIsArchivedWhileAClientPages(t *testing.T) {
	b := newBench(t, Options{})
	b.header.Set("Sforce-Query-Options", "batchSize=200")
	rows := make([]map[string]any, 300)
	for i := range rows {
		rows[i] = fields{"Subject": fmt.Sprint(i)}
	}
	ids := b.org.Load("Task", rows)
	page := b.ok("GET", soqlPathOf("/query", "SELECT Id FROM Task ORDER BY Id"), nil).object(t)
	require.NoError(t, b.org.Archive("Task", ids[299]))
	next := b.ok("GET", page["nextRecordsUrl"].(string), nil).object(t)
	require.Len(t, next["records"], 99)
}
