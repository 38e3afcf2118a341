package devstack_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

func TestAnHTTPServerAnswersOnItsURLUntilClosed(t *testing.T) {
	s, err := devstack.ServeHTTP(t.Context(), "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "here")
	}))
	require.NoError(t, err)
	resp, err := http.Get(s.URL())
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "here", string(body))

	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	<-s.Done()
	_, err = http.Get(s.URL())
	require.Error(t, err)
}

func TestAnAddressInUseIsRefused(t *testing.T) {
	s, err := devstack.ServeHTTP(t.Context(), "127.0.0.1:0", http.NotFoundHandler())
	require.NoError(t, err)
	defer s.Close()
	_, err = devstack.ServeHTTP(t.Context(), s.URL()[len("http://"):], http.NotFoundHandler())
	require.ErrorContains(t, err, "listen on 127.0.0.1:")
}
