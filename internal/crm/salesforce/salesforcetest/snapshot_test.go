package salesforcetest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASnapshotBringsEverythingBack(t *testing.T) {
	b := newBench(t, Options{VisibilityLag: 10 * time.Second, DailyRequests: 100})
	b.org.AddCustomField("Contact", "Score__c", "Number")
	b.header.Set("Sforce-Query-Options", "batchSize=200")
	rows := make([]map[string]any, 250)
	for i := range rows {
		rows[i] = fields{"LastName": fmt.Sprint("N", i), "Score__c": i, "GHL_Id__c": fmt.Sprint("g", i), "Email": fmt.Sprintf("n%d@x.co", i)}
	}
	ids := b.org.Load("Contact", rows)
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Delete("Contact", ids[0]))
	require.NoError(t, b.org.Purge("Contact", ids[1]))
	b.clock.advance(time.Minute)
	b.org.LockRow(ids[2], b.clock.now().Add(time.Minute))
	require.NoError(t, b.org.Edit("Contact", ids[3], fields{"LastName": "Unseen"}))
	page := b.ok("GET", soqlPathOf("/query", "SELECT Id FROM Contact"), nil).object(t)
	_, refresh := b.org.GrantToken()
	var saved bytes.Buffer
	require.NoError(t, b.org.Save(&saved))

	other := newBench(t, Options{VisibilityLag: 10 * time.Second, DailyRequests: 100, Clock: b.clock.now})
	other.org.AddCustomField("Contact", "Other__c", "Text")
	require.NoError(t, other.org.Restore(&saved))
	other.token = b.token
	require.Equal(t, "api-usage=2/100", other.ok("GET", page["nextRecordsUrl"].(string), nil).header.Get("Sforce-Limit-Info"))
	require.Equal(t, b.org.All("Contact")[10]["Score__c"], other.org.All("Contact")[10]["Score__c"])
	require.Equal(t, 248, other.org.Count("Contact"))
	require.Equal(t, "UNABLE_TO_LOCK_ROW", other.do("PATCH", v67+"/sobjects/Contact/"+ids[2], fields{"Title": "x"}).code(t))
	seen := "SELECT LastName FROM Contact WHERE Id = '" + ids[3] + "'"
	require.Equal(t, []any{"N3"}, names(other.query(seen)))
	b.clock.advance(10 * time.Second)
	require.Equal(t, []any{"Unseen"}, names(other.query(seen)))
	require.Equal(t, []any{"N9"}, names(other.query("SELECT LastName FROM Contact WHERE GHL_Id__c = 'g9' AND Email = 'N9@x.co'")))
	now := b.clock.now()
	deleted := other.ok("GET", window("Contact", "deleted", now.Add(-time.Hour), now), nil).object(t)["deletedRecords"].([]any)
	require.Len(t, deleted, 2)
	require.Equal(t, 200, other.form("token", other.client("grant_type", "refresh_token", "refresh_token", refresh)...).status)
	require.NotContains(t, append(ids, ""), other.create(fields{"LastName": "New"}), "ids are never used twice")
	require.Error(t, New(Options{OrgID: "00D000000000001"}).Restore(bytes.NewReader(saved.Bytes())))
	require.Error(t, other.org.Restore(bytes.NewReader([]byte("nonsense"))))
}
