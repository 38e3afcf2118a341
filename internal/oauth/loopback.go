package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// CallbackPath is where the answers of authorisation pages are received.
const CallbackPath = "/oauth/callback"

// Loopback receives the one callback of an authorisation that a person grants in a browser on this machine.
type Loopback struct {
	listener net.Listener
	redirect string
	waited   sync.Once
}

// Listen opens the receiver on a loopback address, such as 127.0.0.1:8765 or localhost:0; "" means a free port of
// 127.0.0.1. Whoever listens must Wait or Close.
func Listen(addr string) (*Loopback, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil || (host != "127.0.0.1" && host != "::1" && host != "localhost") {
		return nil, errors.New("oauth: the callback address must be a loopback address with a port, as 127.0.0.1:0")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("oauth: the callback cannot be received: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("oauth: the callback cannot be received: %w", err)
	}
	return &Loopback{listener: listener, redirect: "http://" + net.JoinHostPort(host, port) + CallbackPath}, nil
}

// RedirectURL is the address to send the browser back to. A tunnel that ends here must keep its path.
func (l *Loopback) RedirectURL() string { return l.redirect }

// Expect implements Receiver: the browser may come from Listen on.
func (l *Loopback) Expect(context.Context, string) error { return nil }

// Close stops listening without waiting.
func (l *Loopback) Close() error { return l.listener.Close() }

// callback is what the browser brought.
type callback struct {
	code string
	err  error
}

// Wait answers the browser until it brings the callback with the given state, and returns its authorisation code. A
// callback with another state changes nothing; one that repeats the first is refused. It fails when access was
// refused, in words for a person, and when the context ends. It can be called once, and closes the receiver.
func (l *Loopback) Wait(ctx context.Context, state string) (code string, err error) {
	first := false
	l.waited.Do(func() { first = true })
	if !first || state == "" {
		_ = l.listener.Close()
		return "", errors.New("oauth: a callback is awaited once, with a state")
	}
	arrived := make(chan callback, 1)
	var taken sync.Once
	server := &http.Server{
		Handler: callbackHandler(state, func(c callback) (isFirst bool) {
			taken.Do(func() {
				isFirst = true
				arrived <- c
			})
			return isFirst
		}),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l.listener) }()
	defer func() {
		// The browser still gets its page, but a connection it holds open does not keep us.
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(stopping) != nil {
			_ = server.Close()
		}
	}()
	select {
	case c := <-arrived:
		return c.code, c.err
	case err := <-served:
		return "", fmt.Errorf("oauth: the callback cannot be received: %w", err)
	case <-ctx.Done():
		return "", fmt.Errorf("oauth: nobody came back from the authorisation page: %w", ctx.Err())
	}
}

// callbackHandler hands the first callback with the right state to take, which tells whether it was the first.
func callbackHandler(state string, take func(callback) bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+CallbackPath, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet {
			onlyGet(w)
			return
		}
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			page(w, http.StatusBadRequest, "Not the authorisation we wait for",
				"This answer belongs to another attempt. Start again from the address that Tandem printed.")
			return
		}
		answer, ok := answerOf(query)
		if !ok {
			nothingArrived(w)
			return
		}
		code, err := answer.outcome()
		if !take(callback{code, err}) {
			page(w, http.StatusGone, "Used already", "This answer arrived before. You can close this window.")
			return
		}
		thanks(w, answer)
	})
	return mux
}
