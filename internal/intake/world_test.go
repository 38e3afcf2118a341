package intake_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/record"
)

// signer signs bodies as the vendor does.
type signer struct {
	public  ed25519.PublicKey
	private ed25519.PrivateKey
}

func newSigner(t testing.TB) signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return signer{public: public, private: private}
}

func (s signer) sign(body string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, []byte(body)))
}

func signLegacy(t testing.TB, key *rsa.PrivateKey, body string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(body))
	signed, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(signed)
}

// inbox remembers what it took, as the store does.
type inbox struct {
	mu        sync.Mutex
	batches   [][]record.Announced
	seen      map[[16]byte]bool
	locations map[string][]string // connections by location
	rung      map[string]bool
	// before is called before a batch is taken; an error fails the batch.
	before func(ctx context.Context, batch []record.Announced) error
	// after is the fate of the commit: after an error nobody knows whether the batch was taken.
	after error
}

func newInbox() *inbox {
	return &inbox{
		seen: map[[16]byte]bool{}, rung: map[string]bool{}, locations: map[string][]string{"loc1": {"north", "south"}, "loc2": {"west"}},
	}
}

func (b *inbox) TakeWebhooks(ctx context.Context, batch []record.Announced) (record.Taken, error) {
	if b.before != nil {
		if err := b.before(ctx, batch); err != nil {
			return record.Taken{}, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.batches = append(b.batches, batch)
	taken := record.Taken{Fates: make([]record.Fate, len(batch))}
	for i, a := range batch {
		connections := b.locations[a.Location]
		switch {
		case len(connections) == 0:
			taken.Fates[i] = record.FateNowhere
			continue
		case b.seen[a.Key]:
			taken.Fates[i] = record.FateAgain
			continue
		}
		b.seen[a.Key] = true
		if a.Uninstall {
			taken.Uninstalled += len(connections)
		}
		for _, c := range connections {
			if a.Mark.RecordID != "" && !b.rung[c] {
				b.rung[c] = true
				taken.Rang = append(taken.Rang, c)
			}
		}
	}
	if b.after != nil {
		return record.Taken{Rang: taken.Rang}, b.after
	}
	return taken, nil
}

// all returns every webhook that was given to the inbox.
func (b *inbox) all() []record.Announced {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []record.Announced
	for _, batch := range b.batches {
		out = append(out, batch...)
	}
	return out
}

// doorbell counts who was rung for.
type doorbell struct {
	mu    sync.Mutex
	rings map[string]int
	// fail decides over each ring.
	fail func(connection string, attempt int) error
}

func (d *doorbell) Ring(_ context.Context, connection string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rings == nil {
		d.rings = map[string]int{}
	}
	d.rings[connection]++
	if d.fail != nil {
		return d.fail(connection, d.rings[connection])
	}
	return nil
}

// world is a receiver with all that it works on.
type world struct {
	*intake.Receiver
	t      testing.TB
	vendor signer
	inbox  *inbox
	bell   *doorbell
	logs   *observer.ObservedLogs
	reader *sdkmetric.ManualReader
}

// newWorld starts a receiver that believes the world's vendor, unless edit says otherwise. The caller closes it, or the
// end of the test does.
func newWorld(t testing.TB, edit func(*intake.Config)) *world {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	w := &world{t: t, vendor: newSigner(t), inbox: newInbox(), bell: &doorbell{}, logs: logs, reader: sdkmetric.NewManualReader()}
	c := intake.Config{
		Keys: intake.Keys{Current: []ed25519.PublicKey{w.vendor.public}}, Inbox: w.inbox, Doorbell: w.bell, Log: zap.New(core),
		Meter:    sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.reader)).Meter("test"),
		Patience: time.Minute, // a slow machine must not look like an overload
	}
	if edit != nil {
		edit(&c)
	}
	r, err := intake.New(c)
	require.NoError(t, err)
	w.Receiver = r
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return w
}

// send posts a body with headers given as name, value, and returns the status.
func (w *world) send(body string, headers ...string) int {
	request := httptest.NewRequest(http.MethodPost, intake.Path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return w.serve(request)
}

func (w *world) serve(request *http.Request) int {
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, request)
	return recorder.Code
}

// deliver posts a body that the vendor signed.
func (w *world) deliver(body string) int { return w.send(body, current, w.vendor.sign(body)) }

const (
	current = "X-GHL-Signature"
	legacy  = "X-WH-Signature"
)

// event is the body of a contact event.
func event(n int, name, location, contact string) string {
	return fmt.Sprintf(`{"type":%q,"locationId":%q,"id":%q,"email":"ann@example.com","firstName":"Ann",
		"webhookId":"3f2504e0-4f89-41d3-9a0c-%012d","timestamp":%q}`, name, location, contact, n, time.Now().UTC().Format(time.RFC3339Nano))
}

// count returns a counter's value, by the one attribute's value.
func (w *world) count(counter string) map[string]int64 {
	w.t.Helper()
	out := map[string]int64{}
	for _, m := range w.metrics() {
		sum, ok := m.Data.(metricdata.Sum[int64])
		if m.Name != counter || !ok {
			continue
		}
		for _, p := range sum.DataPoints {
			label := ""
			for _, kv := range p.Attributes.ToSlice() {
				label = kv.Value.AsString()
			}
			out[label] = p.Value
		}
	}
	return out
}

func (w *world) metrics() []metricdata.Metrics {
	w.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(w.t, w.reader.Collect(context.Background(), &all))
	var out []metricdata.Metrics
	for _, scope := range all.ScopeMetrics {
		out = append(out, scope.Metrics...)
	}
	return out
}

func (w *world) outcomes() map[string]int64 { return w.count("tandem_webhooks") }

// logged returns everything that was logged, as text.
func (w *world) logged() string {
	var b bytes.Buffer
	for _, e := range w.logs.All() {
		fmt.Fprintln(&b, e.Message, e.ContextMap())
	}
	return b.String()
}
