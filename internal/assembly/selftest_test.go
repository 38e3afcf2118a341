package assembly

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	keyset, err := vault.Generate()
	require.NoError(t, err)
	v, err := vault.Load(vault.Source{Value: string(keyset)})
	require.NoError(t, err)
	return v
}

// closed is an inbox into which nothing may come.
type closed struct{ t *testing.T }

func (c closed) TakeWebhooks(context.Context, []record.Announced) (record.Taken, error) {
	c.t.Error("a self-test brought data in")
	return record.Taken{}, nil
}

func (c closed) Ring(context.Context, string) error { return nil }

// publicAddress is a worker's, of a deployment with a vault.
func publicAddress(t *testing.T, v *vault.Vault) *httptest.Server {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	receiver, err := intake.New(intake.Config{
		Keys: intake.Keys{Current: []ed25519.PublicKey{public}}, Inbox: closed{t}, Doorbell: closed{t}, Log: zap.NewNop(),
		Meter: noop.Meter{}, Prove: NewSelfTest(v, &url.URL{}).Prove,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, receiver.Close(context.Background())) })
	return serve(t, receiver.Mux())
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func reach(t *testing.T, v *vault.Vault, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	at, problem := NewSelfTest(v, u).Reach(t.Context())
	require.Equal(t, strings.TrimSuffix(address, "/")+"/webhooks/gohighlevel", at)
	return problem
}

func TestThePublicAddressIsKnownToReachAWorkerOfThisDeployment(t *testing.T) {
	v := newVault(t)
	server := publicAddress(t, v)
	require.Empty(t, reach(t, v, server.URL))
	require.Empty(t, reach(t, v, server.URL+"/"))
	prefixed := http.NewServeMux()
	prefixed.Handle("/tandem/", http.StripPrefix("/tandem", server.Config.Handler))
	require.Empty(t, reach(t, v, serve(t, prefixed).URL+"/tandem"))
}

func TestWhoeverElseAnswersThePublicAddressIsTold(t *testing.T) {
	v := newVault(t)
	require.Contains(t, reach(t, v, publicAddress(t, newVault(t)).URL), "another keyset")
	answering := func(h http.HandlerFunc) string { return reach(t, v, serve(t, h).URL) }
	require.Contains(t, answering(http.NotFound), "somebody else answers there (HTTP 404)")
	require.Contains(t, answering(func(w http.ResponseWriter, r *http.Request) { // what was asked is no answer
		_, _ = fmt.Fprint(w, r.Header.Get(intake.SelfTestHeader))
	}), "somebody else answers there (HTTP 200)")
	require.Contains(t, answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), "reaches no worker")
	require.Contains(t, answering(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusMovedPermanently)
	}), "leads elsewhere (HTTP 301)")
	gone := serve(t, http.NotFoundHandler())
	gone.Close()
	require.Equal(t, "nobody listens there", reach(t, v, gone.URL))
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	require.Equal(t, "its certificate is not accepted", reach(t, v, secure.URL))
}

func TestAnAnswerToAnEarlierChallengeIsNoProof(t *testing.T) {
	v := newVault(t)
	old := ""
	replaying := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if old == "" {
			old, _ = NewSelfTest(v, &url.URL{}).Prove(r.Header.Get(intake.SelfTestHeader))
		}
		_, _ = fmt.Fprintln(w, old)
	}))
	require.Empty(t, reach(t, v, replaying.URL))
	require.Contains(t, reach(t, v, replaying.URL), "somebody else")
}

func TestOnlyAFreshChallengeOfOursIsAnsweredAndNothingComesInByIt(t *testing.T) {
	v := newVault(t)
	server := publicAddress(t, v)
	var challenge string
	at, err := url.Parse(serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		challenge = r.Header.Get(intake.SelfTestHeader)
	})).URL)
	require.NoError(t, err)
	NewSelfTest(v, at).Reach(t.Context())

	const body = `{"type":"ContactUpdate","locationId":"loc1","id":"c1","webhookId":"w1"}`
	send := func(challenge string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+intake.Path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set(intake.SelfTestHeader, challenge)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	require.Equal(t, http.StatusOK, send(challenge), "a body beside it is not read")
	require.Equal(t, http.StatusOK, send(challenge), "again it says the same")
	for _, forged := range []string{"x", challenge[:len(challenge)-2], challenge[:40] + challenge[44:], strings.Repeat("A", 4096)} {
		require.Equal(t, http.StatusUnauthorized, send(forged))
	}
	late := NewSelfTest(v, at)
	late.now = func() time.Time { return time.Now().Add(challengeLife + time.Minute) }
	_, ok := late.Prove(challenge)
	require.False(t, ok)
}
