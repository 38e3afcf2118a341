// The worker executes Tandem's workflows and activities.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/assembly"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/internal/vault/kms"
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
  TANDEM_KEYSET_FILE     the keyset that protects data at rest, or TANDEM_KEYSET with its content (one is required). The file is
                         taken over whenever it changes; the content needs a restart
  TANDEM_KEYSET_KMS      the key that the keyset is encrypted by, as gcp-kms://projects/... or aws-kms://arn:... (default: none,
                         the keyset is in clear)
  TANDEM_LISTEN          address of /healthz, /readyz and /metrics, for operators only (default 127.0.0.1:9464)
  TANDEM_LISTEN_TOKEN    what callers of that address must send as "Authorization: Bearer ...", at least 16 characters, or
                         TANDEM_LISTEN_TOKEN_FILE, a file with it (required where the address is not a loopback address)
  TANDEM_WEBHOOK_LISTEN  public address of /webhooks/gohighlevel, as host:port, plain HTTP behind a proxy that speaks HTTPS;
                         off receives none (default off)
  TANDEM_PUBLIC_URL      where that address is reached from outside, as https://tandem.example.com: authorisations come back to
                         /oauth/callback below it, and checks look whether it leads to a worker (default none)
  TANDEM_GHL_WEBHOOK_KEYS
                         the Ed25519 public keys that webhooks may be signed with: base64 (SPKI), separated by commas
                         (default HighLevel's own)
  TANDEM_GHL_WEBHOOK_LEGACY_KEY_FILE
                         a PEM file with the RSA key of the legacy header X-WH-Signature, which is refused otherwise
  TANDEM_GHL_APP_ID      the marketplace app's id: an uninstall of another app then has no effect (default: any app's has)
  TANDEM_SWEEP_EVERY     how often connections are looked over for due polls (default 30s; 0: this worker makes no Schedules)
  TANDEM_SWEEP_SHARDS    over how many Schedules the connections are spread (default 4; the same for all workers)
  TANDEM_MAINTENANCE_EVERY
                         how often connections are maintained: what nothing told of, orphans, expired reviews, retention, grants
                         that lie idle (default 1h; 0: this worker makes no Schedules for it)
  TANDEM_CODEC_LISTEN    address of /codec/decode, where Temporal's Web UI has decrypted what it shows; off for none (default off)
  TANDEM_CODEC_ORIGIN    the Web UI's origin, as https://temporal.example.com; several separated by commas
  TANDEM_CODEC_TOKEN     the bearer token of those who may see it, or TANDEM_CODEC_TOKEN_FILE with its content
  TANDEM_CODEC_OIDC_ISSUER, TANDEM_CODEC_OIDC_AUDIENCE
                         instead: whose tokens for which audience may see it, as the Web UI passes them on
  TANDEM_CODEC_OIDC_CLAIM
                         of these, only tokens with a claim, as groups=support or realm_access.roles=support (default all)
  TANDEM_ALLOW_HOSTS     hosts besides the two vendors' own that requests with tokens may reach, as host or host:port, separated
                         by commas: for fakes, or a proxy of yours (default none)
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
	trusted, untrusted := webhookKeys(settings.Webhooks)
	if err := errors.Join(settings.Validate(), keyset, untrusted); err != nil {
		return err
	}
	log, err := platform.NewLogger(settings.LogLevel, settings.LogFormat)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // standard error cannot be synced everywhere, and it does not matter
	if err := kms.Register(ctx, source.KMS); err != nil {
		return err
	}
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
	options.ContextPropagators = activities.Propagators()
	p := program{log: log, settings: settings, trusted: trusted, ledger: ledger, keys: keys, metrics: metrics}
	if err := p.dial(ctx, options); err != nil {
		return err
	}
	defer p.temporal.Close()
	defer p.working.Close()
	return p.serve(ctx)
}

// countRefusals is how often it is counted which connections are refused.
const countRefusals = 10 * time.Second

// program is all that is there once the worker has started.
type program struct {
	log      *zap.Logger
	settings platform.Settings
	trusted  intake.Keys
	temporal assembly.Scheduler
	working  client.Client // of the worker itself, for which see EncryptWork
	ledger   *store.Store
	keys     *vault.Vault
	metrics  *platform.Metrics
	// reach is how workers look whether the public address leads to them; nil where none is known.
	reach *assembly.SelfTest
	// namespace is Temporal's.
	namespace string
}

// dial connects to Temporal, with everything encrypted that goes there.
func (p *program) dial(ctx context.Context, options client.Options) error {
	sealing, keys := assembly.NewCodec(p.ledger, p.keys, codec.KeyLife)
	if err := keys.Check(); err != nil {
		return err
	}
	sealing.Encrypt(&options)
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return fmt.Errorf("connect to Temporal at %s: %w", options.HostPort, err)
	}
	p.temporal, p.namespace = assembly.Scheduler{Client: temporal, Converter: options.DataConverter}, options.Namespace
	sealing.EncryptWork(&options)
	if p.working, err = client.NewClientFromExistingWithContext(ctx, temporal, options); err != nil {
		temporal.Close()
		return fmt.Errorf("connect to Temporal at %s: %w", options.HostPort, err)
	}
	return nil
}

// serve works until the context ends, and then lets what is under way finish.
func (p program) serve(ctx context.Context) error {
	allowed, err := p.settings.Allowed()
	if err != nil {
		return err
	}
	connections := assembly.NewConnections(p.ledger, p.keys, allowed)
	at, err := p.settings.Public()
	if err != nil {
		return err
	}
	if at != nil {
		p.reach = assembly.NewSelfTest(p.keys, at)
		connections.Reachable(p.reach)
	}
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		assembly.FlushEvery(ctx, connections, 2*time.Second, p.log)
	}()
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		assembly.FollowKeys(ctx, p.ledger, p.keys, p.log)
	}()
	private, err := p.servePrivate()
	if err != nil {
		return err
	}
	public, err := p.servePublic()
	if err != nil {
		return err
	}
	decoder, err := p.serveCodec()
	if err != nil {
		return err
	}
	go p.purge(ctx)
	staleness, err := assembly.NewStaleness(p.ledger, p.metrics.Meter())
	if err != nil {
		return err
	}
	refusals, err := assembly.NewRefusals(p.ledger, p.metrics.Meter())
	if err != nil {
		return err
	}
	w := assembly.NewWorker(p.working, p.temporal, connections, p.ledger)
	if err := w.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := p.makeSchedules(ctx); err != nil && ctx.Err() == nil {
		w.Stop()
		return err
	}
	go staleness.CountEvery(ctx, 30*time.Second, p.log)
	go refusals.CountEvery(ctx, countRefusals, p.log)
	p.log.Info("working", zap.String("version", version), zap.String("private", private.address), zap.String("public", public.address),
		zap.String("codec", decoder.address))
	<-ctx.Done()
	p.log.Info("stopping: what is under way may finish")
	// Webhooks first, while everything that keeps them still works.
	stopped := public.stop()
	w.Stop()
	<-flushed
	<-followed
	return errors.Join(stopped, decoder.stop(), private.stop())
}

// makeSchedules makes the Schedules that poll and maintain the connections, unless that is left to other workers.
func (p program) makeSchedules(ctx context.Context) error {
	shards, every, err := p.settings.Sweeps()
	if err == nil && every != 0 {
		err = assembly.EnsureSweeps(ctx, p.temporal, shards, every)
	}
	if err != nil {
		return err
	}
	if every, err = p.settings.Maintenance(); err != nil || every == 0 {
		return err
	}
	return assembly.EnsureMaintenance(ctx, p.temporal, shards, every)
}
