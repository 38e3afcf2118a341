package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// awaited keeps authorisations in memory.
type awaited struct {
	mu      sync.Mutex
	answers map[string]*Answer // nil while there is none
	fails   error
}

func (a *awaited) Await(_ context.Context, _ string, _ record.Side, state string, _ time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[state] = nil
	return nil
}

func (a *awaited) Answer(_ context.Context, state string, answer Answer) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, known := a.answers[state]
	if a.fails != nil || !known || got != nil {
		return false, a.fails
	}
	a.answers[state] = &answer
	return true, nil
}

func (a *awaited) Take(_ context.Context, state string) (*Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, known := a.answers[state]
	if !known {
		return nil, ErrNotAwaited
	}
	if got != nil {
		delete(a.answers, state)
	}
	return got, nil
}

func (a *awaited) Forget(_ context.Context, state string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.answers, state)
	return nil
}

func publicCallback(t *testing.T) (*awaited, string) {
	t.Helper()
	a := &awaited{answers: map[string]*Answer{}}
	server := httptest.NewServer(CallbackHandler(a, func(error) {}))
	t.Cleanup(server.Close)
	return a, server.URL + CallbackPath
}

func TestThePublicAddressTakesTheAnswerThatIsAwaitedAndRefusesAllOthersAlike(t *testing.T) {
	a, address := publicCallback(t)
	p := &Public{Authorisations: a, Side: record.Salesforce, Redirect: address}
	require.NoError(t, p.Expect(t.Context(), "right"))
	head, err := http.Head(address + "?state=right&code=c")
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, head.StatusCode, "a preview uses nothing up")

	status, refusal := visit(t, address, url.Values{"state": {"wrong"}, "code": {"c"}})
	require.Equal(t, http.StatusBadRequest, status)
	for _, query := range []url.Values{{}, {"code": {"c"}}, {"state": {"right"}}, {"state": {""}, "code": {"c"}}, {"state": {"wrong"}, "error": {"access_denied"}}} {
		status, page := visit(t, address, query)
		require.Equal(t, http.StatusBadRequest, status, query)
		require.Equal(t, refusal, page, query)
	}
	status, page := visit(t, address, url.Values{"state": {"right"}, "code": {"the code"}})
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, page, "the code")
	status, page = visit(t, address, url.Values{"state": {"right"}, "code": {"the code"}})
	require.Equal(t, http.StatusBadRequest, status, "a replay")
	require.Equal(t, refusal, page)
	code, err := p.Wait(t.Context(), "right")
	require.NoError(t, err)
	require.Equal(t, "the code", code)
	status, _ = visit(t, address, url.Values{"state": {"right"}, "code": {"the code"}})
	require.Equal(t, http.StatusBadRequest, status, "a replay after it was taken")
}

func TestARefusalComesBackByThePublicAddressInWords(t *testing.T) {
	a, address := publicCallback(t)
	p := &Public{Authorisations: a, Redirect: address}
	require.NoError(t, p.Expect(t.Context(), "s"))
	_, page := visit(t, address, url.Values{"state": {"s"}, "error": {"access_denied"}, "error_description": {"<script>"}})
	require.Contains(t, page, "declined")
	require.NotContains(t, page, "<script>")
	_, err := p.Wait(t.Context(), "s")
	require.ErrorContains(t, err, "declined")
}

func TestWhoWaitsAtThePublicAddressIsToldWhenNothingCanComeAnyMore(t *testing.T) {
	a, address := publicCallback(t)
	p := &Public{Authorisations: a, Redirect: address}
	require.NoError(t, p.Expect(t.Context(), "s"))
	require.NoError(t, a.Forget(t.Context(), "s"))
	_, err := p.Wait(t.Context(), "s")
	require.ErrorContains(t, err, "nobody came back")
	require.ErrorContains(t, err, address)

	require.NoError(t, p.Expect(t.Context(), "s"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Wait(ctx, "s")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, a.answers, "what nobody waits for any more is forgotten")
}

func TestAnAnswerThatCannotBeKeptMayComeAgain(t *testing.T) {
	a, address := publicCallback(t)
	p := &Public{Authorisations: a, Redirect: address}
	require.NoError(t, p.Expect(t.Context(), "s"))
	a.fails = errors.New("no database")
	status, _ := visit(t, address, url.Values{"state": {"s"}, "code": {"c"}})
	require.Equal(t, http.StatusServiceUnavailable, status)
	a.fails = nil
	status, _ = visit(t, address, url.Values{"state": {"s"}, "code": {"c"}})
	require.Equal(t, http.StatusOK, status)
}
