package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"text/tabwriter"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/codec"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/platform"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/internal/vault/kms"
)

// app is what every command shares: the streams, the settings, and what is opened when first needed.
type app struct {
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	lookup func(string) (string, bool)
	browse func(url string) error
	// attended tells whether a person is there to answer.
	attended func() bool

	output      string // table or json
	temporal    platform.TemporalSettings
	databaseURL string

	running  *devstack.State // of a dev stack that runs here; nil when there is none
	client   client.Client
	store    *store.Store
	vault    *vault.Vault
	resolved client.Options

	payloadKeys  *codec.Keys // of what Temporal keeps; there once it is dialled
	cannotReveal sync.Once
}

func newApp(in io.Reader, out, errOut io.Writer, lookup func(string) (string, bool)) *app {
	return &app{in: in, out: out, errOut: errOut, lookup: lookup, browse: openBrowser, attended: func() bool { return terminalAt(in) }}
}

// devStack returns the dev stack that runs on the default data directory, nil when there is none.
func (a *app) devStack() *devstack.State {
	if a.running == nil {
		dir, err := devstack.DefaultDataDir()
		if err != nil {
			return nil
		}
		state, err := devstack.ReadState(dir)
		if err != nil {
			return nil
		}
		a.running = &state
	}
	return a.running
}

// dial connects to Temporal: by flags, the environment, the profile file, or else the dev stack that runs here.
func (a *app) dial(ctx context.Context) (client.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	settings := a.temporal
	if _, set := a.lookup("TEMPORAL_ADDRESS"); settings.Address == "" && settings.Profile == "" && !set {
		if s := a.devStack(); s != nil {
			settings.Address, settings.Namespace = s.TemporalAddress, s.Namespace
		}
	}
	options, err := platform.TemporalOptions(settings, platform.TemporalLogger(zap.NewNop()))
	if err != nil {
		return nil, usageError{err}
	}
	options.ContextPropagators = activities.Propagators()
	a.encrypt(&options)
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, unreachable{fmt.Errorf("no Temporal answers at %s: start it with `starter dev`, or name another with --temporal-address: %w", options.HostPort, err)}
	}
	a.client, a.resolved = c, options
	return c, nil
}

// namespace returns the Temporal namespace in use; dial comes first.
func (a *app) namespace() string { return a.resolved.Namespace }

// ledger opens Tandem's Postgres.
func (a *app) ledger(ctx context.Context) (*store.Store, error) {
	if a.store != nil {
		return a.store, nil
	}
	s, err := a.openStore(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.CheckVersion(ctx); err != nil {
		s.Close()
		return nil, err
	}
	a.store = s
	return s, nil
}

// openStore opens Postgres whatever the version of its schema.
func (a *app) openStore(ctx context.Context) (*store.Store, error) {
	settings := platform.SettingsFromEnv(a.lookup)
	if a.databaseURL != "" {
		settings.DatabaseURL = a.databaseURL
	}
	if settings.DatabaseURL == "" {
		if s := a.devStack(); s != nil {
			settings.DatabaseURL = s.DatabaseURL
		}
	}
	if err := settings.Validate(); err != nil {
		return nil, usageError{fmt.Errorf("%w; or start everything with `starter dev`", err)}
	}
	s, err := store.Open(ctx, settings.DatabaseURL)
	if err != nil {
		return nil, unreachable{err}
	}
	return s, nil
}

// keysetSource says where the keyset is: by the environment, or else that of the dev stack that runs here.
func (a *app) keysetSource(ctx context.Context) (vault.Source, error) {
	source, err := vault.SourceFromEnv(a.lookup)
	if s := a.devStack(); err != nil && s != nil {
		source, err = vault.Source{File: s.KeysetFile}, nil
	}
	if err != nil {
		return source, usageError{err}
	}
	if err := kms.Register(ctx, source.KMS); err != nil {
		return source, usageError{err}
	}
	return source, nil
}

// keys opens the vault.
func (a *app) keys(ctx context.Context) (*vault.Vault, error) {
	if a.vault != nil {
		return a.vault, nil
	}
	source, err := a.keysetSource(ctx)
	if err != nil {
		return nil, err
	}
	a.vault, err = vault.Load(source)
	return a.vault, err
}

// outbound returns a client that reaches a side's own hosts, those that the environment allows, and the fakes of a dev
// stack that runs here.
func (a *app) outbound(side record.Side) (*http.Client, error) {
	settings := platform.SettingsFromEnv(a.lookup)
	if settings.DatabaseURL == "" && a.databaseURL == "" && a.devStack() != nil {
		settings.AllowHosts += "," + devstack.FakeHosts
	}
	allowed, err := settings.Allowed()
	if err != nil {
		return nil, usageError{err}
	}
	return outbound.Client(side, allowed), nil
}

// close lets go of what was opened.
func (a *app) close() {
	if a.client != nil {
		a.client.Close()
	}
	if a.store != nil {
		a.store.Close()
	}
}

func (a *app) json() bool { return a.output == "json" }

// printJSON prints one value, indented.
func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// table prints rows under a header, in columns.
func (a *app) table(header []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	line := func(cells []string) {
		for i, cell := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t") // Flush reports what could not be written
			}
			_, _ = fmt.Fprint(w, cell)
		}
		_, _ = fmt.Fprintln(w)
	}
	line(header)
	for _, row := range rows {
		line(row)
	}
	return w.Flush()
}

// say tells a person something besides the result; it never mixes with JSON on standard output.
func (a *app) say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.errOut, format+"\n", args...) // what cannot be told is no reason to fail
}

// interactive tells whether a stream is a terminal.
func interactive(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// openBrowser shows a page in the person's browser.
func openBrowser(url string) error {
	command := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		command = "open"
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	}
	return exec.Command(command, url).Start()
}
