package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/secret"
)

// mostPrivate is how many connections the private address takes at the same time, mostAsked how many bytes a request of it
// may bring, which needs none.
const (
	mostPrivate = 128
	mostAsked   = 4 << 10
)

// servePrivate serves what operators and Prometheus ask for.
func (p program) servePrivate() (*listening, error) {
	token, err := p.settings.PrivateToken()
	if err != nil {
		return nil, err
	}
	server, err := bounded("private", guarded(p.private(), token), p.log)
	if err != nil {
		return nil, err
	}
	l, err := listen(p.settings.Listen, server, mostPrivate, p.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", platform.EnvListen, err)
	}
	return l, nil
}

func (p program) private() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok") // a caller that hangs up does not matter
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if _, err := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			http.Error(w, "Temporal does not answer", http.StatusServiceUnavailable)
			return
		}
		if err := p.ledger.CheckVersion(ctx); err != nil {
			http.Error(w, "Postgres does not answer, or its schema is not this version's", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	return mux
}

// guarded lets callers pass that present the token. Health is told without it to this machine alone, where what looks
// after the worker runs; it tells no more than whether the worker works. Without a token all pass: the settings allow that
// on loopback only.
func guarded(next http.Handler, token secret.Text) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		presented, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !token.Empty() && !token.Is(presented) && !(health[r.URL.Path] && local(r.RemoteAddr)) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "present the token of "+platform.EnvListenToken, http.StatusUnauthorized)
			return
		}
		http.MaxBytesHandler(next, mostAsked).ServeHTTP(w, r)
	})
}

var health = map[string]bool{"/healthz": true, "/readyz": true}

// local tells whether a caller is on this machine.
func local(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	return err == nil && at.Addr().Unmap().IsLoopback()
}
