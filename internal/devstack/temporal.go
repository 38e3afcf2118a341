package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Namespace is the Temporal namespace of the dev stack.
const Namespace = "default"

// SearchAttributes are the search attributes of Tandem's workflows, by name, with their types.
func SearchAttributes() map[string]string {
	return map[string]string{"ConnectionId": "Keyword", "Kind": "Keyword", "Scenario": "Keyword", "ProblemKind": "Keyword"}
}

// TemporalOptions says how to run the Temporal server.
type TemporalOptions struct {
	Binary   string // the Temporal CLI, from EnsureTemporal
	DataDir  string // keeps the database and the log; created where needed
	IP       string // where it listens; "" means 127.0.0.1
	Port     int    // of the frontend; 0 means a free one
	UIPort   int    // of the Web UI; 0 means a free one
	Headless bool   // no Web UI
	// CodecEndpoint is where the Web UI has payloads decrypted; "" for nowhere.
	CodecEndpoint string
	// SearchAttributes are registered, name to type; nil means Tandem's own.
	SearchAttributes map[string]string
	Log              io.Writer // receives the server's errors besides the log file; may be nil
	// DynamicConfig adds to and overrides the server's settings; the values are JSON.
	DynamicConfig map[string]string
}

// Temporal is a running Temporal server with its Web UI, one process on one SQLite file.
type Temporal struct {
	opts  TemporalOptions
	flags []string // optional flags this CLI knows
	log   *os.File
	lock  *os.File

	mu      sync.Mutex
	process *Process
}

// StartTemporal starts a Temporal server on the data directory and returns when its frontend is healthy, the namespace
// is there and the search attributes are registered. A server that a killed supervisor left behind on the same data
// is stopped first. The context bounds the start only.
func StartTemporal(ctx context.Context, o TemporalOptions) (*Temporal, error) {
	dir, err := makeDataDir(o.DataDir)
	if err != nil {
		return nil, err
	}
	o.DataDir = dir
	if o.IP == "" {
		o.IP = loopback
	}
	if o.SearchAttributes == nil {
		o.SearchAttributes = SearchAttributes()
	}
	t := &Temporal{opts: o}
	if t.flags, err = startDevFlags(ctx, o.Binary, "--ui-disable-news-fetch"); err != nil {
		return nil, err
	}
	if err := t.open(ctx); err != nil {
		return nil, err
	}
	if err := t.startOnFreePorts(ctx, o.Port, o.UIPort); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// startOnFreePorts chooses the ports that were not asked for; between choosing and listening somebody else can take
// one, so it chooses again a few times.
func (t *Temporal) startOnFreePorts(ctx context.Context, port, uiPort int) error {
	for attempt := 1; ; attempt++ {
		var err error
		if t.opts.Port = port; port == 0 {
			if t.opts.Port, err = freePort(t.opts.IP); err != nil {
				return err
			}
		}
		if t.opts.UIPort = uiPort; uiPort == 0 && !t.opts.Headless {
			if t.opts.UIPort, err = freePort(t.opts.IP); err != nil {
				return err
			}
		}
		err = t.launch(ctx)
		if err == nil {
			return nil
		}
		chosen := port == 0 || (uiPort == 0 && !t.opts.Headless)
		if !chosen || attempt == 3 || !errors.Is(err, errPortTaken) {
			return err
		}
	}
}

var errPortTaken = errors.New("a port is taken")

// launch starts the process and waits until it is ready; a process that never gets ready is killed.
func (t *Temporal) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	pidFile := filepath.Join(t.opts.DataDir, "temporal.pid")
	if err := stopOrphan(ctx, pidFile, t.databaseFile()); err != nil {
		return err
	}
	var log io.Writer = t.log
	if t.opts.Log != nil {
		log = io.MultiWriter(t.log, t.opts.Log)
	}
	p, err := StartProcess(ctx, ProcessOptions{
		Name: "Temporal",
		Path: t.opts.Binary,
		Args: t.args(),
		Env:  serverEnv(t.opts.DataDir),
		Dir:  t.opts.DataDir,
		Log:  log,
	})
	if err != nil {
		return err
	}
	err = os.WriteFile(pidFile, []byte(strconv.Itoa(p.PID())), 0o600)
	if err == nil {
		err = t.awaitReady(ctx, p)
	}
	if err != nil {
		if p.out.contains("address already in use") {
			err = fmt.Errorf("%w: %w", errPortTaken, err)
		}
		return errors.Join(err, p.Kill())
	}
	t.mu.Lock()
	t.process = p
	t.mu.Unlock()
	return nil
}

// databaseFile is keyed by the server's version: SQLite files have no schema migrations.
func (t *Temporal) databaseFile() string {
	return filepath.Join(t.opts.DataDir, "temporal-"+temporalServerVersion+".db")
}

func (t *Temporal) args() []string {
	args := []string{
		"server", "start-dev", "--ip", t.opts.IP, "--port", strconv.Itoa(t.opts.Port),
		"--namespace", Namespace,
		"--db-filename", t.databaseFile(),
		// About three times the throughput of SQLite's defaults; a power cut may lose the last moments, never the file.
		"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL",
		"--log-level", "error",
	}
	if t.opts.Headless {
		args = append(args, "--headless")
	} else {
		args = append(args, "--ui-port", strconv.Itoa(t.opts.UIPort))
		if t.opts.CodecEndpoint != "" {
			args = append(args, "--ui-codec-endpoint", t.opts.CodecEndpoint)
		}
	}
	args = append(args, t.flags...)
	config := map[string]string{
		"frontend.enableServerVersionCheck": "false", "matching.enableFairness": "true",
		// What a worker's own step asks for comes back with the answer to that step. Temporal 1.32 does so by itself.
		"system.enableActivityEagerExecution": "true",
	}
	maps.Copy(config, t.opts.DynamicConfig)
	for _, k := range slices.Sorted(maps.Keys(config)) {
		args = append(args, "--dynamic-config-value", k+"="+config[k])
	}
	for _, k := range slices.Sorted(maps.Keys(t.opts.SearchAttributes)) {
		args = append(args, "--search-attribute", k+"="+t.opts.SearchAttributes[k])
	}
	return args
}

// serverEnv is the caller's environment without what would reconfigure the CLI, and with a home for its lookups.
func serverEnv(home string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TEMPORAL_") && !strings.HasPrefix(kv, "HOME=") && !strings.HasPrefix(kv, "XDG_") {
			env = append(env, kv)
		}
	}
	return append(env, "HOME="+home)
}

// Address returns the frontend's host:port.
func (t *Temporal) Address() string {
	return reachable(net.JoinHostPort(t.opts.IP, strconv.Itoa(t.opts.Port)))
}

// UIAddress returns the Web UI's address as http://host:port, "" when it runs without one.
func (t *Temporal) UIAddress() string {
	if t.opts.Headless {
		return ""
	}
	return "http://" + reachable(net.JoinHostPort(t.opts.IP, strconv.Itoa(t.opts.UIPort)))
}

// PID returns the id of the server process.
func (t *Temporal) PID() int { return t.current().PID() }

// Done is closed when the server process that runs now has ended; after Restart ask again.
func (t *Temporal) Done() <-chan struct{} { return t.current().Done() }

// Err says how the server process ended; nil while it runs and after Stop or Kill.
func (t *Temporal) Err() error { return t.current().Err() }

// Stop ends the server gracefully, and by force when its grace or ctx is over. Stopping twice is harmless.
// Stop, Kill and Restart wait for nobody else: call one at a time.
func (t *Temporal) Stop(ctx context.Context) error {
	err := t.current().Stop(ctx)
	t.close()
	return err
}

// Kill ends the server as a crash would. Restart brings it back.
func (t *Temporal) Kill() error { return t.current().Kill() }

// Restart stops the server if it runs and starts it again on the same ports and data; it returns when the server is
// ready.
func (t *Temporal) Restart(ctx context.Context) error {
	if err := t.current().Stop(ctx); err != nil {
		return err
	}
	if err := t.open(ctx); err != nil {
		return err
	}
	return t.launch(ctx)
}

func (t *Temporal) current() *Process {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.process
}

// open takes the data directory and starts a log, unless both are there from before.
func (t *Temporal) open(ctx context.Context) (err error) {
	if t.lock != nil {
		return nil
	}
	if t.lock, err = lockServer(ctx, t.opts.DataDir, "temporal"); err != nil {
		return err
	}
	if t.log, err = openLog(t.opts.DataDir, "temporal.log"); err != nil {
		t.close()
	}
	return err
}

func (t *Temporal) close() {
	_ = t.log.Close()
	_ = t.lock.Close()
	t.log, t.lock = nil, nil
}
