package salesforcetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestEachPlanFindsTheActivitiesAndNotesThatALookAtEveryRowFinds does for references, and for the notes' one stamp, what
// the same test of contacts does.
func TestEachPlanFindsTheActivitiesAndNotesThatALookAtEveryRowFinds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		f := New(Options{Clock: c.now, VisibilityLag: time.Duration(rapid.IntRange(0, 3).Draw(rt, "lag")) * time.Second, VisibilityLagRate: 0.5})
		people := []string{
			f.Create("Contact", fields{"LastName": "A"}), f.Create("Contact", fields{"LastName": "B"}), f.Create("Lead", fields{"LastName": "C"}),
		}
		var tasks, notes []string
		for range rapid.IntRange(5, 40).Draw(rt, "writes") {
			who := rapid.SampledFrom(append(people, "")).Draw(rt, "who")
			var one string
			if len(tasks) > 0 && len(notes) > 0 {
				one = rapid.SampledFrom(append(tasks, notes...)).Draw(rt, "one")
			}
			object := "Task"
			if len(one) > 0 && one[:3] == "069" {
				object = "ContentNote"
			}
			switch do := rapid.IntRange(0, 9).Draw(rt, "do"); {
			case do < 3 || len(tasks) == 0:
				tasks = append(tasks, f.Create("Task", fields{"Subject": "S", "WhoId": who}))
			case do < 5 || len(notes) == 0:
				notes = append(notes, f.Create("ContentNote", fields{"Title": "T", "Content": "x"}))
			case do == 5:
				_ = f.Delete(object, one)
			case do == 6:
				_ = f.Archive("Task", one)
			case do == 7:
				_ = f.Purge(object, one)
			case do == 8:
				_ = f.Edit("ContentNote", one, fields{"Title": "U"})
			default:
				_ = f.Edit("Task", one, fields{"WhoId": who, "Status": "Completed"})
			}
			c.advance(time.Duration(rapid.IntRange(0, 2).Draw(rt, "half")) * 500 * time.Millisecond)
		}
		ask := func(object, order string, parts ...string) {
			part := rapid.SampledFrom(parts)
			where := part.Draw(rt, "where")
			for range rapid.IntRange(0, 2).Draw(rt, "joints") {
				where = "(" + where + ") " + rapid.SampledFrom([]string{"AND", "OR"}).Draw(rt, "joint") + " (" + part.Draw(rt, "more") + ")"
			}
			parsed, err := parseSOQL("SELECT Id FROM " + object + " WHERE " + where + " ORDER BY " + order)
			require.Nil(rt, err)
			samePlanAndScan(rt, f, c.now(), parsed)
		}
		at := time.Unix(1_800_000_000, 0).Add(time.Duration(rapid.IntRange(-2, 40).Draw(rt, "at")) * 500 * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z")
		for range 10 {
			ask("Task", rapid.SampledFrom([]string{"Id", "SystemModstamp, Id", "Subject, Id"}).Draw(rt, "order"),
				"WhoId = '"+people[0]+"'", "WhoId IN ('"+people[1]+"','"+people[2][:15]+"')", "Who.Type = 'Lead'", "WhoId = null", "WhoId != '"+people[0]+"'",
				"IsArchived = true", "IsClosed = false", "SystemModstamp >= "+at)
			ask("ContentNote", rapid.SampledFrom([]string{"Id", "LastModifiedDate, Id", "LastModifiedDate DESC, Id DESC", "Title, Id"}).Draw(rt, "order"),
				"LastModifiedDate >= "+at, "LastModifiedDate < "+at, "Title = 'U'", "IsDeleted = true", "CreatedDate > "+at)
		}
	})
}

func TestActiveUsersAreFoundWithTheirTimeZones(t *testing.T) {
	b := newBench(t, Options{})
	gone := b.org.Create("User", fields{
		"LastName": "Gone", "Username": "gone@x.co", "Email": "sam@x.co", "UserType": "Standard", "IsActive": true, "TimeZoneSidKey": "Europe/Berlin",
	})
	const active = "SELECT Id, Username, Email, Name, IsActive, UserType, TimeZoneSidKey FROM User WHERE IsActive = true AND UserType = 'Standard' ORDER BY Id"
	rows := b.query(active)
	require.Len(t, rows, 3)
	require.Equal(t, "Europe/Berlin", rows[2]["TimeZoneSidKey"])
	require.NoError(t, b.org.Edit("User", gone, fields{"IsActive": false}))
	require.Len(t, b.query(active), 2)
	require.Equal(t, "INACTIVE_OWNER_OR_USER", b.do("POST", v67+"/sobjects/Task", fields{"OwnerId": gone}).code(t))
	require.NotEmpty(t, b.org.Create("Task", fields{"Subject": "of old", "OwnerId": gone}))
}
