package gohighleveltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// newWebhookClient makes a client that reaches nothing but 127.0.0.1, and follows no redirect: to the vendor one is a
// failure like any other.
func newWebhookClient() *http.Client {
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil || !local(host) {
			return fmt.Errorf("webhooks are not delivered to %s", address)
		}
		return nil
	}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: 5 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deliver tries a delivery once, and queues its next try where there is one.
func (w *webhooks) deliver(d *delivery, faults WebhookFaults) {
	defer w.flying.Done()
	status := w.post(d, faults)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	if w.ctx.Err() != nil {
		return // Close has taken the queue away; nobody knows whether the try arrived
	}
	w.settle(d, status)
	w.advance()
}

// settle counts a try, and queues the next. The caller holds the lock.
func (w *webhooks) settle(d *delivery, status int) {
	if d.forged {
		w.counts.ForgedByStatus[status]++
		return
	}
	w.counts.ByStatus[status]++
	d.tries++
	if status >= 200 && status < 300 {
		return
	}
	wait, again := w.faults.again(status, d.tries, d.fate.float())
	if !again {
		w.counts.GivenUp++
		return
	}
	w.counts.Retried++
	w.wait(d, wait)
}

// post sends a delivery and returns the status of the answer, 0 when there was none.
func (w *webhooks) post(d *delivery, faults WebhookFaults) int {
	ctx, cancel := context.WithTimeout(w.ctx, faults.timeout())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	w.keys.sign(request.Header, faults.Signatures, d.how, d.event.body, d.body)
	response, err := w.client.Do(request)
	if err != nil {
		return 0
	}
	// The connection can be used again only when the answer was read; what it says does not matter to the vendor.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
	return response.StatusCode
}

// Replay delivers again, as the vendor's dashboard does, every logged event since an instant of the Fake's clock, also
// those that were dropped. Payloads and webhookIds are the old ones; nothing is dropped, duplicated or forged. It
// returns the number of events; the log holds the latest 20,000.
func (f *Fake) Replay(since time.Time) int {
	w := f.webhooks
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx.Err() != nil {
		return 0
	}
	n := 0
	for _, e := range w.log[max(0, len(w.log)-maxLogged):] {
		url := w.url(e.name)
		if url == "" || e.at.Before(since) {
			continue
		}
		n++
		w.replays++
		w.counts.Replayed++
		w.queue(&delivery{event: e, url: url, body: e.body, fate: w.fate(^w.replays, 0)})
	}
	w.advance()
	return n
}

// DrainWebhooks waits until no delivery waits or runs, retries included, and returns ctx's error when that is done
// first. Deliveries that are queued meanwhile are waited for, too.
func (f *Fake) DrainWebhooks(ctx context.Context) error {
	for {
		f.webhooks.mu.Lock()
		drained := f.webhooks.drained
		f.webhooks.mu.Unlock()
		if drained == nil {
			return nil
		}
		select {
		case <-drained:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close stops the deliveries of webhooks for good: what is queued is forgotten, what runs is cut off and waited for. All
// else goes on working. Closing twice is harmless.
func (f *Fake) Close() {
	w := f.webhooks
	w.mu.Lock()
	w.stop()
	w.on.Store(false)
	w.waiting = nil
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.drained != nil {
		close(w.drained)
		w.drained = nil
	}
	w.mu.Unlock()
	w.flying.Wait()
	w.client.CloseIdleConnections()
}
