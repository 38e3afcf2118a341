package gohighleveltest

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/spectest"
)

// received is one delivery as it arrived.
type received struct {
	header http.Header
	raw    []byte
	body   object
}

func (r received) text(key string) string {
	s, _ := r.body[key].(string)
	return s
}

// receiver is an app's webhook server that remembers what came.
type receiver struct {
	t      testing.TB
	server *httptest.Server
	answer func(r received, n int) int // the status, given how many came before

	mu  sync.Mutex
	all []received
}

func receive(t testing.TB, answer func(r received, n int) int) *receiver {
	t.Helper()
	x := &receiver{t: t, answer: answer}
	x.server = httptest.NewServer(x)
	t.Cleanup(x.server.Close)
	return x
}

// ServeHTTP takes a delivery.
func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	got := received{header: r.Header, raw: raw}
	_ = json.Unmarshal(raw, &got.body)
	spectest.ValidateWebhook(x.t, raw)
	x.mu.Lock()
	n := len(x.all)
	x.all = append(x.all, got)
	x.mu.Unlock()
	status := http.StatusOK
	if x.answer != nil {
		status = x.answer(got, n)
	}
	w.WriteHeader(status)
}

// got returns what came so far.
func (x *receiver) got() []received {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]received(nil), x.all...)
}

func (x *receiver) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all = nil
}

// names returns the types that came, and the ids they are about.
func (x *receiver) names() (names []string) {
	for _, r := range x.got() {
		names = append(names, r.text("type")+" "+r.text("id"))
	}
	return names
}

// listening starts a Fake that delivers to a new receiver.
func listening(t testing.TB, o Options, answer func(r received, n int) int) (*caller, *receiver) {
	t.Helper()
	x := receive(t, answer)
	o.Webhooks = append(o.Webhooks, WebhookEndpoint{URL: x.server.URL + "/webhooks"})
	if o.WebhookFaults.Backoff == 0 {
		o.WebhookFaults.Backoff = Duration(time.Millisecond)
	}
	c := start(t, o)
	t.Cleanup(c.fake.Close)
	return c, x
}

func (c *caller) drain() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(c.t, c.fake.DrainWebhooks(ctx))
}

// verified tells whether X-GHL-Signature is the Fake's over the raw body.
func verified(t testing.TB, f *Fake, r received) bool {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(f.WebhookPublicKey())
	require.NoError(t, err)
	require.Len(t, der, 44)
	key, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	signature, err := base64.StdEncoding.DecodeString(r.header.Get("X-GHL-Signature"))
	return err == nil && ed25519.Verify(key.(ed25519.PublicKey), r.raw, signature)
}

func verifiedLegacy(t testing.TB, f *Fake, r received) bool {
	t.Helper()
	block, _ := pem.Decode([]byte(f.WebhookLegacyPublicKey()))
	require.NotNil(t, block)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	signature, err := base64.StdEncoding.DecodeString(r.header.Get("X-WH-Signature"))
	sum := sha256.Sum256(r.raw)
	return err == nil && rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) == nil
}
