package oauth

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

type arrival struct {
	code string
	err  error
}

func waiting(t *testing.T, state string) (*Loopback, <-chan arrival) {
	t.Helper()
	loopback, err := Listen("")
	require.NoError(t, err)
	arrived := make(chan arrival, 1)
	go func() {
		code, err := loopback.Wait(t.Context(), state)
		arrived <- arrival{code, err}
	}()
	return loopback, arrived
}

func visit(t *testing.T, address string, query url.Values) (int, string) {
	t.Helper()
	response, err := http.Get(address + "?" + query.Encode())
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestTheCallbackWithTheRightStateBringsTheCode(t *testing.T) {
	loopback, arrived := waiting(t, "state-1")
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/oauth/callback$`, loopback.RedirectURL())
	for _, forged := range []url.Values{
		{"code": {"evil"}}, {"code": {"evil"}, "state": {""}}, {"code": {"evil"}, "state": {"state-2"}},
		{"error": {"access_denied"}, "state": {"state-2"}}, {"state": {"state-1"}},
	} {
		status, _ := visit(t, loopback.RedirectURL(), forged)
		require.Equal(t, http.StatusBadRequest, status)
	}
	head, err := http.Head(loopback.RedirectURL() + "?code=code-1&state=state-1")
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, head.StatusCode, "a link preview does not use the code up")

	status, body := visit(t, loopback.RedirectURL(), url.Values{"code": {"code-1"}, "state": {"state-1"}})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "You can close this window")
	got := <-arrived
	require.NoError(t, got.err)
	require.Equal(t, "code-1", got.code)

	_, err = http.Get(loopback.RedirectURL() + "?code=code-1&state=state-1")
	require.Error(t, err, "nobody listens any more")
	_, err = loopback.Wait(t.Context(), "state-1")
	require.ErrorContains(t, err, "awaited once")
}

func TestAReplayedCallbackIsRefused(t *testing.T) {
	taken := 0
	handler := callbackHandler("state-1", func(callback) bool {
		taken++
		return taken == 1
	})
	for _, query := range []string{"code=code-1&state=state-1", "error=access_denied&state=state-1", "code=code-2&state=state-1"} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, CallbackPath+"?"+query, nil))
		want := http.StatusGone
		if query == "code=code-1&state=state-1" {
			want = http.StatusOK
		}
		require.Equal(t, want, recorder.Code)
		require.Equal(t, "no-store", recorder.Header().Get("Cache-Control"))
	}
}

func TestARefusalIsToldInPlainWords(t *testing.T) {
	for _, test := range []struct{ code, description, want string }{
		{"access_denied", "end-user denied authorization", "declined"},
		{"invalid_client", "app must be installed into org", "not installed in the org"},
		{"OAUTH_APPROVAL_ERROR_GENERIC", "", "does not allow the app"},
		{"redirect_uri_mismatch", "", "callback addresses"},
		{"brand_new_error", "<script>alert(1)</script>", "answered brand_new_error"},
		{"<b>", "", "unknown reason"},
	} {
		loopback, arrived := waiting(t, "s")
		status, body := visit(t, loopback.RedirectURL(), url.Values{"error": {test.code}, "error_description": {test.description}, "state": {"s"}})
		require.Equal(t, http.StatusOK, status)
		require.NotContains(t, body, "<script>")
		got := <-arrived
		require.ErrorContains(t, got.err, test.want)
		require.NotContains(t, got.err.Error(), "<")
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	loopback, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = loopback.Wait(ctx, "state")
	require.ErrorIs(t, err, context.Canceled)
}

func TestOnlyLoopbackAddressesAreListenedOn(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.com:80", "127.0.0.1"} {
		_, err := Listen(addr)
		require.ErrorContains(t, err, "loopback", addr)
	}
	named, err := Listen("localhost:0")
	require.NoError(t, err)
	require.Contains(t, named.RedirectURL(), "http://localhost:")
	require.NoError(t, named.Close())

	loopback, err := Listen("127.0.0.1:0")
	require.NoError(t, err)
	_, err = loopback.Wait(t.Context(), "")
	require.Error(t, err, "a callback without a state cannot be told from a forged one")
}
