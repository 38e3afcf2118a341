// Package stack puts the dev stack together: Temporal with its Web UI, Postgres with the schema, a keyset, the two fakes
// and workers. `starter dev`, the demo, the benchmarks and the whole-system tests all start it from here.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// Options says what to start. The zero value starts everything on free ports, without a worker.
type Options struct {
	DataDir string // state survives here
	// TemporalAddress is a Temporal that runs already; "" starts one.
	TemporalAddress string
	TemporalPort    int // 0 means a free one, as for all ports
	UIPort          int
	PostgresPort    int
	// GoHighLevelAddress and SalesforceAddress are where the fakes listen; "" means a free port of 127.0.0.1.
	GoHighLevelAddress string
	SalesforceAddress  string
	Sandbox            sandbox.Options
	// WatchGoHighLevel and WatchSalesforce are put around the fakes' handlers, to look at what passes; nil looks at nothing.
	WatchGoHighLevel, WatchSalesforce func(http.Handler) http.Handler
	// Ephemeral trades safety against power cuts for speed, and keeps no snapshot of the fakes.
	Ephemeral bool
	// WorkerPath is the worker program; "" means that no worker can be started.
	WorkerPath string
	// NoWebhooks leaves GoHighLevel's webhooks out: the fake delivers none, and no worker listens for any.
	NoWebhooks bool
	// SweepEvery is how often workers look for changes that no webhook told of; 0 means every second on an Ephemeral
	// stack, and the worker's own default otherwise. SweepShards is over how many sweeps the connections are spread; 0
	// means the worker's default.
	SweepEvery  time.Duration
	SweepShards int
	// Out tells what is being done; nil says nothing.
	Out io.Writer
}

// Stack is a running dev stack.
type Stack struct {
	Options
	Sandbox  *sandbox.Sandbox
	Temporal *devstack.Temporal // nil where one runs elsewhere
	Postgres *devstack.Postgres
	Store    *store.Store
	Vault    *vault.Vault
	State    devstack.State

	goHighLevel, salesforce *devstack.HTTPServer
	forwarder               *forwarder // nil without webhooks
	decoder                 decoder
	lock                    *devstack.Lock
	mu                      sync.Mutex
	workers                 []*devstack.Process
	closers                 []func(context.Context) error
}

// Start starts the stack and returns when it can be used. A second stack on the same data directory is refused with
// *devstack.HeldError. Close ends it.
func Start(ctx context.Context, o Options) (s *Stack, err error) {
	if o.Out == nil {
		o.Out = io.Discard
	}
	s = &Stack{Options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
			s = nil
		}
	}()
	if s.lock, err = devstack.TakeLock(o.DataDir); err != nil {
		return s, err
	}
	s.onClose(func(context.Context) error { s.lock.Release(); return nil })
	for _, step := range []struct {
		what  string
		start func(context.Context) error
	}{
		{"the decoder", s.startDecoder},
		{"Temporal", s.startTemporal},
		{"Postgres", s.startPostgres},
		{"the sandbox", s.startSandbox},
	} {
		if err := step.start(ctx); err != nil {
			return s, fmt.Errorf("start %s: %w", step.what, err)
		}
	}
	return s, s.lock.WriteState(s.State)
}

func (s *Stack) onClose(f func(context.Context) error) { s.closers = append(s.closers, f) }

// Close stops everything that was started, workers first, and returns every error at once.
func (s *Stack) Close(ctx context.Context) error {
	s.mu.Lock()
	workers := s.workers
	s.workers = nil
	s.mu.Unlock()
	var problems []error
	for _, w := range workers {
		problems = append(problems, w.Stop(ctx))
	}
	for i := len(s.closers) - 1; i >= 0; i-- {
		problems = append(problems, s.closers[i](ctx))
	}
	s.closers = nil
	return errors.Join(problems...)
}

func (s *Stack) startTemporal(ctx context.Context) error {
	s.State.Namespace = client.DefaultNamespace
	if s.TemporalAddress != "" {
		s.State.TemporalAddress = s.TemporalAddress
		return nil
	}
	binary, err := devstack.EnsureTemporal(ctx, s.Out)
	if err != nil {
		return err
	}
	s.Temporal, err = devstack.StartTemporal(ctx, devstack.TemporalOptions{
		Binary: binary, DataDir: s.DataDir, Port: s.TemporalPort, UIPort: s.UIPort, CodecEndpoint: s.State.CodecURL,
	})
	if err != nil {
		return err
	}
	s.onClose(s.Temporal.Stop)
	s.State.TemporalAddress, s.State.UIAddress = s.Temporal.Address(), s.Temporal.UIAddress()
	return nil
}

func (s *Stack) startPostgres(ctx context.Context) (err error) {
	s.Postgres, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{DataDir: s.DataDir, Port: s.PostgresPort, FsyncOff: s.Ephemeral})
	if err != nil {
		return err
	}
	s.onClose(s.Postgres.Stop)
	if s.State.DatabaseURL, err = s.Postgres.Role(ctx, role); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.Store, err = store.Open(ctx, s.State.DatabaseURL); err != nil {
		return err
	}
	s.onClose(func(context.Context) error { s.Store.Close(); return nil })
	s.State.KeysetFile = filepath.Join(s.DataDir, "keyset.json")
	if _, err := os.Stat(s.State.KeysetFile); errors.Is(err, os.ErrNotExist) {
		if err := vault.WriteNew(s.State.KeysetFile); err != nil {
			return err
		}
	}
	if s.Vault, err = vault.Load(vault.Source{File: s.State.KeysetFile}); err != nil {
		return err
	}
	if s.State.CodecURL != "" {
		s.LetSee(codec.Anybody)
	}
	return nil
}

// role is whom workers and commands work as: it owns nothing.
const role = "tandem_app"

// migrate brings the schema to this version, as its owner, and lets the role work with it.
func (s *Stack) migrate(ctx context.Context) error {
	owner, err := store.Open(ctx, s.Postgres.URL())
	if err != nil {
		return err
	}
	defer owner.Close()
	if err := owner.Migrate(ctx); err != nil {
		return err
	}
	return owner.Grant(ctx, role)
}

// startSandbox serves the two fakes as they were when the stack was last closed.
func (s *Stack) startSandbox(ctx context.Context) (err error) {
	s.Sandbox = sandbox.New(s.Options.Sandbox)
	if !s.Ephemeral {
		if err := s.Sandbox.Restore(s.DataDir); err != nil {
			return err
		}
		s.onClose(func(context.Context) error { return s.Sandbox.Save(s.DataDir) })
	}
	handler := s.Sandbox.GoHighLevel.Handler()
	if s.WatchGoHighLevel != nil {
		handler = s.WatchGoHighLevel(handler)
	}
	if s.goHighLevel, err = devstack.ServeHTTP(ctx, orFree(s.GoHighLevelAddress), handler); err != nil {
		return err
	}
	s.onClose(func(context.Context) error { return s.goHighLevel.Close() })
	if handler = s.Sandbox.Salesforce.Handler(); s.WatchSalesforce != nil {
		handler = s.WatchSalesforce(handler)
	}
	if s.salesforce, err = devstack.ServeHTTP(ctx, orFree(s.SalesforceAddress), handler); err != nil {
		return err
	}
	s.onClose(func(context.Context) error { return s.salesforce.Close() })
	s.State.GoHighLevelURL, s.State.SalesforceURL = s.goHighLevel.URL(), s.salesforce.URL()
	return s.startWebhooks(ctx)
}

func orFree(address string) string {
	if address == "" {
		return "127.0.0.1:0"
	}
	return address
}

// Env returns the environment in which the worker and the starter find this stack.
func (s *Stack) Env() []string {
	return append(os.Environ(),
		platform.EnvDatabaseURL+"="+s.State.DatabaseURL,
		vault.EnvFile+"="+s.State.KeysetFile,
		"TEMPORAL_ADDRESS="+s.State.TemporalAddress,
		"TEMPORAL_NAMESPACE="+s.State.Namespace,
		platform.EnvListen+"=127.0.0.1:0",
		platform.EnvAllowHosts+"="+devstack.FakeHosts,
	)
}

// StartWorker starts one more worker, whose log goes to the data directory, and lets it have its share of the webhooks
// while it lives. Close stops it.
func (s *Stack) StartWorker(ctx context.Context) (*devstack.Process, error) {
	if s.WorkerPath == "" {
		return nil, errors.New("no worker program: build it with `make build`")
	}
	env, webhooks, err := s.workerEnv(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(s.DataDir, "worker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w, err := devstack.StartProcess(ctx, devstack.ProcessOptions{Name: "worker", Path: s.WorkerPath, Env: env, Log: log})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if webhooks != "" {
		s.forwarder.add(target{address: webhooks, done: w.Done()})
	}
	s.mu.Lock()
	s.workers = append(s.workers, w)
	s.State.WorkerPID = w.PID()
	state := s.State
	s.mu.Unlock()
	go func() {
		<-w.Done()
		_ = log.Close() // nothing is written to it any more
	}()
	return w, s.lock.WriteState(state)
}

// Dial connects to the stack's Temporal, and encrypts as its workers do.
func (s *Stack) Dial(ctx context.Context, log *zap.Logger) (client.Client, error) {
	if log == nil {
		log = zap.NewNop()
	}
	options := client.Options{
		HostPort: s.State.TemporalAddress, Namespace: s.State.Namespace, Logger: platform.TemporalLogger(log),
		ContextPropagators: activities.Propagators(),
	}
	s.Codec().Encrypt(&options)
	return client.DialContext(ctx, options)
}
