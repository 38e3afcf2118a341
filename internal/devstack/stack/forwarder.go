package stack

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxForwarded bounds the body of a webhook; HighLevel's are far smaller.
const maxForwarded = 1 << 20

// forwarder stands at the one address that the fake GoHighLevel delivers to and passes each delivery on to one of the
// workers that are alive, in turn. It is the load balancer of a real installation.
type forwarder struct {
	client *http.Client

	mu      sync.Mutex
	targets []target
	next    int
}

// target is where a worker takes webhooks; it is forgotten when done is closed.
type target struct {
	address string // host:port
	done    <-chan struct{}
}

func newForwarder() *forwarder {
	return &forwarder{client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// add makes a worker one of those that get deliveries.
func (f *forwarder) add(t target) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.targets = append(f.targets, t)
}

// turn returns the workers that are alive, beginning with the one whose turn it is.
func (f *forwarder) turn() []target {
	f.mu.Lock()
	defer f.mu.Unlock()
	var alive []target
	for _, t := range f.targets {
		select {
		case <-t.done:
		default:
			alive = append(alive, t)
		}
	}
	f.targets = alive
	if len(alive) == 0 {
		return nil
	}
	f.next = (f.next + 1) % len(alive)
	return append(append([]target(nil), alive[f.next:]...), alive[:f.next]...)
}

// ServeHTTP passes a delivery on and answers what the worker answers: 429 when no worker can be reached, so that it is
// tried again under each of the vendor's regimes, and 502 when one went away with the delivery, which under the older
// regime is lost as it would be behind a real load balancer.
func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForwarded))
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	for _, t := range f.turn() {
		answer, err := f.pass(r, t, body)
		if refused(err) {
			continue
		}
		if err != nil {
			http.Error(w, "the worker went away", http.StatusBadGateway)
			return
		}
		copyAnswer(w, answer)
		return
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, "no worker takes webhooks", http.StatusTooManyRequests)
}

func (f *forwarder) pass(r *http.Request, t target, body []byte) (*http.Response, error) {
	url := *r.URL
	url.Scheme, url.Host = "http", t.address
	request, err := http.NewRequestWithContext(r.Context(), r.Method, url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = r.Header.Clone()
	request.Header.Del("Connection")
	return f.client.Do(request)
}

// refused tells whether a worker was never reached: it starts, or is gone.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func copyAnswer(w http.ResponseWriter, answer *http.Response) {
	defer func() { _ = answer.Body.Close() }() // read below as far as it can be
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body) // the status is what the sender goes by
}

// addresses returns where the workers that are alive take webhooks.
func (f *forwarder) addresses() []string {
	var all []string
	for _, t := range f.turn() {
		all = append(all, t.address)
	}
	return all
}

// close gives the connections to the workers back.
func (f *forwarder) close() { f.client.CloseIdleConnections() }
