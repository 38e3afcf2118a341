package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const callbackPath = "/oauth/callback"

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
	return &Loopback{listener: listener, redirect: "http://" + net.JoinHostPort(host, port) + callbackPath}, nil
}

// RedirectURL is the address to send the browser back to. A tunnel that ends here must keep its path.
func (l *Loopback) RedirectURL() string { return l.redirect }

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
	mux.HandleFunc("GET "+callbackPath, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if r.Method != http.MethodGet {
			page(w, http.StatusMethodNotAllowed, "Nothing to see", "This address takes the answer of an authorisation page.")
			return
		}
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1 {
			page(w, http.StatusBadRequest, "Not the authorisation we wait for",
				"This answer belongs to another attempt. Start again from the address that Tandem printed.")
			return
		}
		code, failure := query.Get("code"), query.Get("error")
		if code == "" && failure == "" {
			page(w, http.StatusBadRequest, "Nothing arrived", "The authorisation page sent neither a code nor a reason.")
			return
		}
		if failure != "" {
			description := query.Get("error_description")
			reason := refusedInWords(failure, description)
			if !take(callback{err: fmt.Errorf("oauth: access was not granted: %s", reason)}) {
				page(w, http.StatusGone, "Used already", "This answer arrived before. You can close this window.")
				return
			}
			page(w, http.StatusOK, "Access was not granted", reason+". "+description)
			return
		}
		if !take(callback{code: code}) {
			page(w, http.StatusGone, "Used already", "This answer arrived before. You can close this window.")
			return
		}
		page(w, http.StatusOK, "Connected", "Tandem has what it needs. You can close this window.")
	})
	return mux
}

// refusedInWords says what an authorisation page's refusal means.
func refusedInWords(code, description string) string {
	description = strings.ToLower(description)
	for _, known := range []struct{ code, words, meaning string }{
		{"", "app must be installed into org", "the app is not installed in the org: an administrator must install it and allow it for you"},
		{"oauth_approval_error_generic", "", "the org does not allow the app: an administrator must install it and allow it for you"},
		{"access_denied", "", "you, or your administrator, declined"},
		{"invalid_client_id", "", "the client id is unknown: check it, and the login host"},
		{"invalid_client", "", "the client id is unknown or the app is blocked: check both, and the login host"},
		{"redirect_uri_mismatch", "", "the redirect address is not one of the app's callback addresses"},
		{"invalid_scope", "", "the app does not have the scopes that were asked for"},
		{"error.noversionid", "", "the app's address lacks its version_id: take the address from the app's settings"},
		{"temporarily_unavailable", "", "the authorisation page is out of order: try again later"},
		{"server_error", "", "the authorisation page is out of order: try again later"},
	} {
		if (known.code == "" || strings.EqualFold(code, known.code)) && strings.Contains(description, known.words) {
			return known.meaning
		}
	}
	if code = printable(code); code != "" {
		return "the authorisation page answered " + code
	}
	return "the authorisation page gave an unknown reason"
}

func page(w http.ResponseWriter, status int, title, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tandem: %[1]s</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:18vh auto;padding:0 1em}</style></head>
<body><h1>%[1]s</h1><p>%[2]s</p></body></html>
`, html.EscapeString(title), html.EscapeString(text))
}
