package intake_test

import (
	"crypto/ed25519"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/intake"
)

// Whatever is sent, signed or not, the answer is one that the vendor takes as it is meant, and only what the vendor
// signed goes further.
func FuzzWebhook(f *testing.F) {
	f.Add(event(1, "ContactUpdate", "loc1", "a"), "", true)
	f.Add(event(1, "ContactDelete", "loc1", "a"), "AAAA", false)
	f.Add(`{"type":"UNINSTALL","locationId":"loc1"}`, "", true)
	f.Add(`{"type":"ContactUpdate","locationId":"loc1","data":{"id":"a"}}`, "", true)
	f.Add(`{"type":`, "", true)
	f.Add("", "\n", false)
	f.Add("\x00", strings.Repeat("A", 86)+"==", false)
	f.Add(`{"type":"ContactUpdate","locationId":"loc1","id":"`+strings.Repeat("a", 500)+`"}`, "", true)
	f.Add(`{"type":"AppointmentUpdate","locationId":"loc1","appointment":{"id":"a","contactId":"ada"}}`, "", true)
	f.Add(`{"type":"AppointmentDelete","locationId":"loc1","data":{"appointment":{"id":"a","contactId":"\u0000"}}}`, "", true)
	f.Add(`{"type":"TaskCreate","locationId":"loc1","id":"a"}`, "", true)
	vendor, kept := newSigner(f), newInbox()
	receiver, err := intake.New(intake.Config{
		Keys: intake.Keys{Current: []ed25519.PublicKey{vendor.public}}, Inbox: kept, Doorbell: &doorbell{},
		Log: zap.NewNop(), Meter: noop.Meter{}, Patience: time.Minute,
	})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body, signature string, signed bool) {
		kept.mu.Lock()
		kept.batches, kept.seen = nil, map[[16]byte]bool{}
		kept.mu.Unlock()
		if signed {
			signature = vendor.sign(body)
		}
		request := httptest.NewRequest("POST", intake.Path, strings.NewReader(body))
		request.Header.Set(current, signature)
		recorder := httptest.NewRecorder()
		receiver.ServeHTTP(recorder, request)
		if !signed {
			require.Contains(t, []int{401, 413}, recorder.Code)
			require.Empty(t, kept.all())
			return
		}
		require.Contains(t, []int{200, 413}, recorder.Code)
		for _, a := range kept.all() {
			require.NotEmpty(t, a.Location)
			require.NotContains(t, a.Location+a.Mark.RecordID+a.Mark.ContactID, "\x00")
			require.Less(t, len(a.Location)+len(a.Mark.RecordID)+len(a.Mark.ContactID), 400)
		}
	})
}
