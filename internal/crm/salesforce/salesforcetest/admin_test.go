package salesforcetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheAdminPathsDoWhatTheMethodsDo(t *testing.T) {
	b := newBench(t, Options{})
	b.token = ""
	id := b.ok("POST", "/__admin/records/Contact", fields{"LastName": "A"}).object(t)["id"].(string)
	b.ok("PATCH", "/__admin/records/Contact/"+id, fields{"Title": "x"})
	require.Equal(t, "x", b.ok("GET", "/__admin/records/Contact/"+id, nil).object(t)["Title"])
	var loaded []string
	require.NoError(t, jsonInto(b.ok("POST", "/__admin/load/Contact", []fields{{"LastName": "B"}, {"LastName": "C"}}).text, &loaded))
	b.ok("POST", "/__admin/merge", fields{"winner": id, "losers": []string{loaded[0]}})
	b.ok("DELETE", "/__admin/records/Contact/"+loaded[1], nil)
	b.ok("POST", "/__admin/records/Contact/"+loaded[1]+"/undelete", nil)
	b.ok("POST", "/__admin/records/Contact/"+loaded[0]+"/purge", nil)
	require.Len(t, b.ok("GET", "/__admin/records/Contact", nil).list(t), 2)
	require.EqualValues(t, 2, b.ok("GET", "/__admin/count/Contact", nil).object(t)["count"])
	b.ok("POST", "/__admin/fields", fields{"object": "Contact", "name": "X__c", "type": "Text", "length": 18, "externalId": true})
	b.ok("POST", "/__admin/lock", fields{"id": id, "until": b.clock.now().Add(time.Minute)})
	b.ok("PUT", "/__admin/faults", []fields{{"kind": "500", "count": 1}, {"kind": "latency", "latency": "1ns"}})
	grant := b.ok("POST", "/__admin/grant", nil).object(t)
	b.token = grant["access_token"].(string)
	require.Equal(t, 500, b.do("GET", v67+"/limits", nil).status)
	require.Equal(t, "UNABLE_TO_LOCK_ROW", b.do("PATCH", v67+"/sobjects/Contact/"+id, fields{"X__c": "1"}).code(t))
	require.EqualValues(t, 2, b.ok("GET", "/__admin/stats", nil).object(t)["dataRequests"])
	saved := b.ok("GET", "/__admin/snapshot", nil).text
	b.ok("DELETE", "/__admin/records/Contact/"+id, nil)
	b.ok("PUT", "/__admin/snapshot", saved)
	require.Equal(t, 2, b.org.Count("Contact"))
	b.ok("DELETE", "/__admin/stats", nil)
	require.Zero(t, b.org.Requests())
	b.ok("DELETE", "/__admin/sessions", nil)
	b.ok("DELETE", "/__admin/grant", nil)
	require.Equal(t, 401, b.do("GET", v67+"/limits", nil).status)
	for _, wrong := range []string{"GET /__admin/nowhere 404", "GET /__admin/records/Contact/x 404", "POST /__admin/records/Nothing 400", "PUT /__admin/faults 400"} {
		var method, path string
		var status int
		_, err := fmt.Sscan(wrong, &method, &path, &status)
		require.NoError(t, err)
		require.Equal(t, status, b.do(method, path, map[string]any{}).status, wrong)
	}
}

func jsonInto(text string, into any) error {
	if err := decodeJSON([]byte(text), into); err != nil {
		return err
	}
	return nil
}
