// The worker executes Tandem's workflows and activities.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// version is set when the worker is built.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "worker: %v\n", err)
		os.Exit(1)
	}
}

const usage = `The worker executes Tandem's workflows and activities until it is told to stop (SIGTERM or Ctrl-C).

It takes its settings from the environment:
  TANDEM_DATABASE_URL    Tandem's Postgres (required)
  TANDEM_KEYSET_FILE     the keyset that protects data at rest, or TANDEM_KEYSET with its content (one is required)
  TANDEM_LISTEN          address of /healthz, /readyz and /metrics (default 127.0.0.1:9464)
  TANDEM_SWEEP_EVERY     how often connections are looked over for due polls (default 30s; 0: this worker makes no Schedules)
  TANDEM_SWEEP_SHARDS    over how many Schedules the connections are spread (default 4; the same for all workers)
  TANDEM_LOG_LEVEL       debug, info, warn or error (default info)
  TANDEM_LOG_FORMAT      json or console (default json)
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, TEMPORAL_PROFILE
                         Temporal, as its own command line takes them (default localhost:7233, namespace default)
`

func run(ctx context.Context, args []string) error {
	for _, arg := range args {
		switch arg {
		case "-h", "--help":
			fmt.Print(usage)
			return nil
		case "--version":
			fmt.Println(version)
			return nil
		default:
			return fmt.Errorf("unknown argument %q; see worker --help", arg)
		}
	}
	settings := platform.SettingsFromEnv(os.LookupEnv)
	source, keyset := vault.SourceFromEnv(os.LookupEnv)
	if err := errors.Join(settings.Validate(), keyset); err != nil {
		return err
	}
	log, err := platform.NewLogger(settings.LogLevel, settings.LogFormat)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // standard error cannot be synced everywhere, and it does not matter
	keys, err := vault.Load(source)
	if err != nil {
		return err
	}
	ledger, err := store.Open(ctx, settings.DatabaseURL)
	if err != nil {
		return err
	}
	defer ledger.Close()
	if err := ledger.CheckVersion(ctx); err != nil {
		return err
	}
	metrics, err := platform.NewMetrics()
	if err != nil {
		return err
	}
	options, err := platform.TemporalOptions(platform.TemporalSettings{}, platform.TemporalLogger(log))
	if err != nil {
		return err
	}
	options.MetricsHandler = metrics.Temporal(log)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", options.HostPort, err)
	}
	defer temporal.Close()
	return serve(ctx, log, settings, temporal, ledger, keys, metrics)
}

// serve works until the context ends, and then lets what is under way finish.
func serve(ctx context.Context, log *zap.Logger, settings platform.Settings, temporal client.Client, ledger *store.Store, keys *vault.Vault, metrics *platform.Metrics) error {
	connections := assembly.NewConnections(ledger, keys)
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		assembly.FlushEvery(ctx, connections, 2*time.Second, log)
	}()
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("%s: %w", platform.EnvListen, err)
	}
	server := &http.Server{Handler: private(temporal, ledger, metrics), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("health and metrics are not served any more", zap.Error(err))
		}
	}()
	staleness, err := assembly.NewStaleness(ledger, metrics.Meter())
	if err != nil {
		return err
	}
	w := assembly.NewWorker(temporal, connections, ledger)
	if err := w.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := sweep(ctx, settings, temporal); err != nil && ctx.Err() == nil {
		w.Stop()
		return err
	}
	go staleness.CountEvery(ctx, 30*time.Second, log)
	log.Info("working", zap.String("version", version), zap.String("private", listener.Addr().String()))
	<-ctx.Done()
	log.Info("stopping: what is under way may finish")
	w.Stop()
	<-flushed
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(closing)
}

// sweep makes the Schedules that poll the connections, unless that is left to other workers.
func sweep(ctx context.Context, settings platform.Settings, temporal client.Client) error {
	shards, every, err := settings.Sweeps()
	if err != nil || every == 0 {
		return err
	}
	return assembly.EnsureSweeps(ctx, temporal, shards, every)
}

// private serves what operators and Prometheus ask for.
func private(temporal client.Client, ledger *store.Store, metrics *platform.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok") // a caller that hangs up does not matter
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if _, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
			http.Error(w, "Temporal does not answer", http.StatusServiceUnavailable)
			return
		}
		if err := ledger.CheckVersion(ctx); err != nil {
			http.Error(w, "Postgres does not answer, or its schema is not this version's", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	return mux
}
