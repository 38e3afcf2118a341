package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/secret"
)

const token = "0123456789abcdef0123456789abcdef"

// asked asks a handler for a path, from a remote address and with a token.
func asked(h http.Handler, path, from, presented string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = from
	if presented != "" {
		r.Header.Set("Authorization", presented)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func private(t *testing.T, token string) http.Handler {
	t.Helper()
	metrics, err := platform.NewMetrics()
	require.NoError(t, err)
	return secured(guarded(program{metrics: metrics}.private(), secret.New(token)))
}

func TestThePrivateAddressAnswersOnlyWhoPresentsTheToken(t *testing.T) {
	h := private(t, token)
	const here, elsewhere = "127.0.0.1:40000", "192.0.2.7:40000"
	for _, c := range []struct {
		path, from, presented string
		want                  int
	}{
		{"/metrics", here, "", http.StatusUnauthorized},
		{"/metrics", elsewhere, "", http.StatusUnauthorized},
		{"/metrics", elsewhere, "Bearer " + token[1:], http.StatusUnauthorized},
		{"/metrics", elsewhere, "Bearer " + token + "0", http.StatusUnauthorized},
		{"/metrics", elsewhere, "Bearer ", http.StatusUnauthorized},
		{"/metrics", elsewhere, "Basic " + token, http.StatusUnauthorized},
		{"/metrics", elsewhere, "Bearer " + token, http.StatusOK},
		{"/healthz", here, "", http.StatusOK},
		{"/healthz", "[::1]:40000", "", http.StatusOK},
		{"/healthz", "[::ffff:127.0.0.1]:40000", "", http.StatusOK},
		{"/healthz", elsewhere, "", http.StatusUnauthorized},
		{"/healthz", "nonsense", "", http.StatusUnauthorized},
		{"/healthz", elsewhere, "Bearer " + token, http.StatusOK},
		{"/other", here, "", http.StatusUnauthorized},
	} {
		got := asked(h, c.path, c.from, c.presented)
		require.Equal(t, c.want, got.Code, "%+v", c)
		require.NotContains(t, got.Body.String(), token)
		require.Equal(t, "nosniff", got.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", got.Header().Get("Cache-Control"))
	}
}

func TestOnLoopbackThePrivateAddressNeedsNoToken(t *testing.T) {
	require.Equal(t, http.StatusOK, asked(private(t, ""), "/metrics", "127.0.0.1:40000", "").Code)
}

func TestAServerTakesNoHeadersWithoutBound(t *testing.T) {
	server, err := bounded("private", private(t, ""), zap.NewNop())
	require.NoError(t, err)
	l, err := listen("127.0.0.1:0", server, mostPrivate, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.stop()) })
	for size, want := range map[int]int{1 << 10: http.StatusOK, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.address+"/healthz", nil)
		require.NoError(t, err)
		request.Header.Set("X-Padding", strings.Repeat("x", size))
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, answer.StatusCode)
	}
	for _, limit := range []time.Duration{server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout} {
		require.Positive(t, limit)
	}
}

func TestAnAddressThatAsksTooOftenIsRefusedAndNobodyElse(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	p := newPace(10, func() time.Time { return now })
	h := p.limit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	answers := func(from string, times int) map[int]int {
		got := map[int]int{}
		for range times {
			got[asked(h, "/", from, "").Code]++
		}
		return got
	}
	require.Equal(t, map[int]int{http.StatusOK: 20, http.StatusTooManyRequests: 30}, answers("192.0.2.7:1", 50))
	require.Equal(t, map[int]int{http.StatusTooManyRequests: 1}, answers("192.0.2.7:2", 1), "another port is no other address")
	require.Equal(t, map[int]int{http.StatusOK: 20}, answers("192.0.2.8:1", 20))
	require.Equal(t, map[int]int{http.StatusOK: 20}, answers("[2001:db8::1]:1", 20))
	require.Equal(t, map[int]int{http.StatusTooManyRequests: 1}, answers("[2001:db8::ffff:1]:1", 1), "a /64 is one caller's")
	require.Equal(t, map[int]int{http.StatusOK: 1}, answers("[2001:db8:0:1::1]:1", 1))
	now = now.Add(time.Second)
	require.Equal(t, map[int]int{http.StatusOK: 10, http.StatusTooManyRequests: 5}, answers("192.0.2.7:1", 15))
}

func TestNoNumberOfAddressesTakesMemoryWithoutBound(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	p := newPace(10, func() time.Time { return now })
	address := func(i int) string { return fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&0xff, i&0xff) }
	allowed := 0
	for i := range 3 * mostAddresses {
		if p.allow(address(i)) {
			allowed++
		}
	}
	require.Len(t, p.known, mostAddresses)
	require.Equal(t, mostAddresses+20, allowed, "those beyond share one allowance")
	now = now.Add(forgottenAfter + time.Second)
	require.True(t, p.allow("192.0.2.7:1"))
	require.Len(t, p.known, 1, "who is not heard of is forgotten")
}

// BenchmarkAllow shows what the allowance costs a request: at 500 requests a second, far below a thousandth of it.
func BenchmarkAllow(b *testing.B) {
	p := newPace(mostPerAddress, time.Now)
	for b.Loop() {
		p.allow("192.0.2.7:1")
	}
}
