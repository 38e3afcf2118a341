package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
)

type devOptions struct {
	prepare, fresh                                      bool
	temporalAddress                                     string
	temporalPort, uiPort, postgresPort, ghlPort, sfPort int
}

func newDevCommand(a *app) *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use:   "dev",
		Short: "Start Temporal, Postgres, the two fake CRMs and a worker on this machine",
		Long: `Starts everything that Tandem needs on this machine, on loopback addresses only, and stays up until Ctrl-C, which stops
all of it. State survives a restart unless --fresh. Other starter commands find the running stack by themselves.

Temporal is the official server, built from source the first time (some minutes) and kept in a cache. Postgres comes from
the binaries on this machine.`,
		Example: `  starter dev
  starter dev --fresh --ui-port 8233
  starter dev --temporal-address localhost:7233   use a Temporal that runs already
  starter dev --prepare                           build what is needed, and exit`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			o.temporalAddress = a.temporal.Address
			return runDev(c.Context(), a, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.prepare, "prepare", false, "build and check what is needed, and exit")
	f.BoolVar(&o.fresh, "fresh", false, "forget the state of earlier runs")
	f.IntVar(&o.temporalPort, "temporal-port", 0, "Temporal's port (default: a free one)")
	f.IntVar(&o.uiPort, "ui-port", 0, "the Web UI's port (default: a free one)")
	f.IntVar(&o.postgresPort, "postgres-port", 0, "Postgres's port (default: a free one)")
	f.IntVar(&o.ghlPort, "gohighlevel-port", 0, "the fake GoHighLevel's port (default: a free one)")
	f.IntVar(&o.sfPort, "salesforce-port", 0, "the fake Salesforce's port (default: a free one)")
	return c
}

func runDev(ctx context.Context, a *app, o devOptions) error {
	if o.prepare {
		_, temporal := devstack.EnsureTemporal(ctx, a.errOut)
		_, postgres := devstack.FindPostgres(ctx)
		return errors.Join(temporal, postgres)
	}
	dir, err := devstack.DefaultDataDir()
	if err != nil {
		return err
	}
	if o.fresh {
		if err := forget(dir); err != nil {
			return err
		}
	}
	worker, err := findWorker(ctx, a)
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, stack.Options{
		DataDir: dir, TemporalAddress: o.temporalAddress, TemporalPort: o.temporalPort, UIPort: o.uiPort, PostgresPort: o.postgresPort,
		GoHighLevelAddress: onLoopback(o.ghlPort), SalesforceAddress: onLoopback(o.sfPort), WorkerPath: worker, Out: a.errOut,
		Sandbox: sandbox.Realistic(),
	})
	if err != nil {
		return err
	}
	w, err := s.StartWorker(ctx)
	if err == nil {
		err = a.showStack(s, dir)
	}
	if err == nil {
		select {
		case <-ctx.Done():
			a.say("Stopping ...")
		case <-w.Done():
			err = fmt.Errorf("the worker ended; its log is %s: %w", filepath.Join(dir, "worker.log"), w.Err())
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, s.Close(closing))
}

func (a *app) showStack(s *stack.Stack, dir string) error {
	if a.json() {
		return a.printJSON(s.State)
	}
	rows := [][]string{
		{"Web UI", s.State.UIAddress}, {"Temporal", s.State.TemporalAddress}, {"Postgres", s.State.DatabaseURL},
		{"GoHighLevel (fake)", s.State.GoHighLevelURL}, {"Salesforce (fake)", s.State.SalesforceURL},
		{"webhooks", s.State.WebhookURL},
		{"keyset", s.State.KeysetFile}, {"data and logs", dir},
	}
	if err := a.table([]string{"WHAT", "WHERE"}, rows); err != nil {
		return err
	}
	a.say("\nReady. Ctrl-C stops everything; state stays for the next time.")
	return nil
}

// forget removes the state of earlier runs, under the lock: never that of a running stack.
func forget(dir string) error {
	lock, err := devstack.TakeLock(dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "lock" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func onLoopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// findWorker finds the worker program: by TANDEM_WORKER_BIN, beside the starter, or built from the source at hand.
func findWorker(ctx context.Context, a *app) (string, error) {
	if path, ok := a.lookup("TANDEM_WORKER_BIN"); ok && path != "" {
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		if path := filepath.Join(filepath.Dir(self), "worker"); isFile(path) {
			return path, nil
		}
	}
	if !isFile("go.mod") || !isFile("worker/main.go") {
		return "", usageError{errors.New("the worker program is not beside the starter: run `make build`, or set TANDEM_WORKER_BIN")}
	}
	path := filepath.Join(".build", "worker")
	a.say("Building the worker ...")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./worker")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the worker: %w\n%s", err, out)
	}
	return filepath.Abs(path)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func newSandboxCommand(a *app) *cobra.Command {
	var ghl, sf string
	var people int
	var seed uint64
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve only the two fake CRMs, for other people's clients to be pointed at",
		Long: `Serves a strict, stateful GoHighLevel and a Salesforce over HTTP until Ctrl-C, with people in them. Everything is in memory.
Both take OAuth with the printed client ids; their admin APIs under /__admin/ act as a person in the CRM and inject faults.`,
		Example: `  starter sandbox
  starter sandbox --people 0 --gohighlevel 127.0.0.1:8801`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runSandbox(c.Context(), a, ghl, sf, people, seed) },
	}
	c.Flags().StringVar(&ghl, "gohighlevel", "127.0.0.1:7701", "where GoHighLevel listens")
	c.Flags().StringVar(&sf, "salesforce", "127.0.0.1:7702", "where Salesforce listens")
	c.Flags().IntVar(&people, "people", 300, "people in both; each has a third as many again by itself")
	c.Flags().Uint64Var(&seed, "seed", 1, "the same seed gives the same people")
	return c
}

func runSandbox(ctx context.Context, a *app, ghlAddress, sfAddress string, people int, seed uint64) error {
	s := sandbox.New(sandbox.Realistic())
	if people > 0 {
		s.Fill(sandbox.People{Both: people, OnlyGoHighLevel: people / 3, OnlySalesforce: people / 3, Messy: true, Seed: seed})
	}
	ghl, err := devstack.ServeHTTP(ctx, ghlAddress, s.GoHighLevel.Handler())
	if err != nil {
		return err
	}
	sf, err := devstack.ServeHTTP(ctx, sfAddress, s.Salesforce.Handler())
	if err != nil {
		return errors.Join(err, ghl.Close())
	}
	ghlApp, sfApp := sandbox.Apps()
	ids := map[string]string{
		"gohighlevel": ghl.URL(), "gohighlevel_location": s.GoHighLevel.LocationID(),
		"gohighlevel_client_id": ghlApp.ClientID, "gohighlevel_client_secret": ghlApp.ClientSecret,
		"salesforce": sf.URL(), "salesforce_org": s.Salesforce.OrgID(),
		"salesforce_client_id": sfApp.ClientID, "salesforce_client_secret": sfApp.ClientSecret,
	}
	if a.json() {
		err = a.printJSON(ids)
	} else {
		err = a.table([]string{"", "GOHIGHLEVEL", "SALESFORCE"}, [][]string{
			{"address", ids["gohighlevel"], ids["salesforce"]},
			{"location / org", ids["gohighlevel_location"], ids["salesforce_org"]},
			{"client id", ids["gohighlevel_client_id"], ids["salesforce_client_id"]},
			{"client secret", ids["gohighlevel_client_secret"], ids["salesforce_client_secret"]},
		})
	}
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, ghl.Close(), sf.Close())
}
