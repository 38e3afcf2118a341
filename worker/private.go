package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tandem-sync/tandem/internal/platform"
)

// servePrivate serves what operators and Prometheus ask for.
func (p program) servePrivate() (*listening, error) {
	l, err := listen(p.settings.Listen, &http.Server{Handler: p.private(), ReadHeaderTimeout: 5 * time.Second}, p.log)
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
