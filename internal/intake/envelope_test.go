package intake

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seeds are bodies as the vendor sends and documents them, and as nobody should.
var seeds = []string{
	`{"type":"ContactUpdate","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0","webhookId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","timestamp":"2026-11-26T08:00:00.000Z","tags":["a"],"customFields":[{"id":"x","value":1}]}`,
	`{"type":"ContactDelete","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0"}`,
	`{"type":"ContactDndUpdate","data":{"locationId":"l","id":"c","dndSettings":{"SMS":{"status":"active"}}}}`,
	`{"type":"UNINSTALL","appId":"ve9EPM428h8vShlRW1KT","locationId":"otg8dTQqGLh3Q6iQI55w"}`,
	`{"type":"INSTALL","appId":"a","companyId":"b","trial":{"onTrial":true}}`,
	`{"type":"ContactUpdate","locationId":"l","id":"a\u0000b","webhookId":"3F2504E0-4F89-41D3-9A0C-0305E82C330-"}`,
	`{"type":7,"data":null}`, `{"data":"x"}`, `{"data":{"data":{"data":{}}}}`, `[]`, `null`, `"`, ``, `{"type":"\ud800"}`,
	"\xff\xfe", `{"TYPE":"ContactCreate","LocationID":"l","Id":"c"}`, `{"type":"ContactCreate","type":"UNINSTALL","locationId":"l","id":"c"}`,
}

func TestAWebhookIDIsTheKeyWhateverItsLetters(t *testing.T) {
	now := time.Now()
	lower := envelope{WebhookID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
	upper := envelope{WebhookID: "3F2504E0-4F89-41D3-9A0C-0305E82C3301"}
	require.Equal(t, lower.key([]byte("x"), now), upper.key([]byte("y"), now))
	keys := map[[16]byte]bool{}
	for _, e := range []envelope{
		lower, {WebhookID: "3f2504e04f8941d39a0c0305e82c3301"}, {WebhookID: "3f2504e0-4f89-41d3-9a0c-0305e82c330"},
		{WebhookID: "3f2504e0+4f89-41d3-9a0c-0305e82c3301"}, {WebhookID: "3f2504e0-4f89-41d3-9a0c-0305e82c33-1"}, {},
	} {
		keys[e.key([]byte("body"), now)] = true
	}
	require.Len(t, keys, 6)
}

// Whatever a body holds, what is taken of it is fit for the database and for a metric.
func FuzzEnvelope(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	now := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		e, ok := parse(body)
		if !ok {
			return
		}
		require.True(t, json.Valid(body))
		if name := e.event(); name != other {
			require.True(t, catalogue[name], name)
		}
		a, take, o := e.announced(body, now, "")
		require.Contains(t, answers, o)
		if !take {
			return
		}
		require.Equal(t, accepted, o)
		require.True(t, isID(a.Location))
		require.NotEqual(t, a.Uninstall, a.Mark.RecordID != "")
		require.True(t, a.Uninstall || isID(a.Mark.RecordID))
		again, _ := parse(body)
		require.Equal(t, a.Key, again.key(body, now))
	})
}
