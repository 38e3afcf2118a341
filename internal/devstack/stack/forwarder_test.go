package stack

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// taker is a worker's webhook listener that counts.
type taker struct {
	*httptest.Server
	took atomic.Int64
	done chan struct{}
}

func newTaker(t *testing.T, answer http.HandlerFunc) *taker {
	t.Helper()
	x := &taker{done: make(chan struct{})}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.took.Add(1)
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(x.Close)
	return x
}

func (x *taker) target() target {
	return target{address: x.Listener.Addr().String(), done: x.done}
}

func forwarding(t *testing.T, to ...target) *httptest.Server {
	t.Helper()
	f := newForwarder()
	t.Cleanup(f.close)
	for _, x := range to {
		f.add(x)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server
}

func post(t *testing.T, server *httptest.Server, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest("POST", server.URL+"/webhooks/gohighlevel?x=1", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-GHL-Signature", "signed")
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, string(text)
}

func TestADeliveryReachesTheWorkerUnchangedAndItsAnswerComesBack(t *testing.T) {
	worker := newTaker(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.String()+" "+r.Header.Get("X-GHL-Signature")+" "+string(body))
	})
	status, text := post(t, forwarding(t, worker.target()), `{"a": 1 }`)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, `POST /webhooks/gohighlevel?x=1 signed {"a": 1 }`, text)
}

func TestDeliveriesAreSharedByTheWorkersThatLive(t *testing.T) {
	a, b, c := newTaker(t, nil), newTaker(t, nil), newTaker(t, nil)
	server := forwarding(t, a.target(), b.target(), c.target())
	close(b.done)
	for range 10 {
		status, _ := post(t, server, "{}")
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, [3]int64{5, 0, 5}, [3]int64{a.took.Load(), b.took.Load(), c.took.Load()})
}

func TestAWorkerThatDoesNotListenYetIsPassedOver(t *testing.T) {
	a, starting := newTaker(t, nil), newTaker(t, nil)
	starting.Close()
	server := forwarding(t, starting.target(), a.target())
	for range 4 {
		status, _ := post(t, server, "{}")
		require.Equal(t, http.StatusOK, status)
	}
	require.EqualValues(t, 4, a.took.Load())
}

func TestWithoutAWorkerTheSenderIsAskedToComeAgain(t *testing.T) {
	status, _ := post(t, forwarding(t), "{}")
	require.Equal(t, http.StatusTooManyRequests, status)
	starting := newTaker(t, nil)
	starting.Close()
	status, _ = post(t, forwarding(t, starting.target()), "{}")
	require.Equal(t, http.StatusTooManyRequests, status)
}

func TestADeliveryThatWentDownWithItsWorkerIsNotGivenToAnother(t *testing.T) {
	dying := newTaker(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = connection.(*net.TCPConn).Close()
		}
	})
	status, _ := post(t, forwarding(t, dying.target()), "{}")
	require.Equal(t, http.StatusBadGateway, status)
	require.EqualValues(t, 1, dying.took.Load())
}
