package devstack

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	temporalCLIVersion    = "v1.5.1"
	temporalServerVersion = "1.29.1"
)

// The module file pair from which the official Temporal CLI is built, apart from Tandem's own so that this one stays
// small. They are named .txt because a directory with a go.mod cannot be embedded.
//
//go:embed temporalcli/go.mod.txt temporalcli/go.sum.txt
var temporalModule embed.FS

// EnsureTemporal returns the path of the Temporal CLI: $TEMPORAL_CLI where it is set, else the one built from source
// into the cache directory, building it first if it is not there (through the Go module proxy; minutes the first time).
// Progress is told in lines on progress, which may be nil. Safe to repeat and to run in several processes at once: one
// builds, the others wait for it.
func EnsureTemporal(ctx context.Context, progress io.Writer) (string, error) {
	if progress == nil {
		progress = io.Discard
	}
	if given := os.Getenv("TEMPORAL_CLI"); given != "" {
		path, err := exec.LookPath(given)
		if err != nil {
			return "", fmt.Errorf("TEMPORAL_CLI does not name a program: %w", err)
		}
		return filepath.Abs(path)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, fmt.Sprintf("temporal-%s-%s-%s", temporalCLIVersion, runtime.GOOS, runtime.GOARCH))
	if runtime.GOOS == "windows" {
		target += ".exe"
	}
	if isFile(target) {
		return target, nil
	}
	lock, err := lockFile(ctx, target+".lock", func() {
		fmt.Fprintln(progress, "Another process is building Temporal; waiting for it.")
	})
	if err != nil {
		return "", fmt.Errorf("wait to build Temporal: %w", err)
	}
	defer lock.Close()
	if isFile(target) {
		return target, nil
	}
	if err := buildTemporal(ctx, cache, target, progress); err != nil {
		return "", err
	}
	return target, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// buildTemporal builds the CLI and puts it at target in one step, so that a half-made one is never found there.
func buildTemporal(ctx context.Context, cache, target string, progress io.Writer) (err error) {
	goTool, err := findGo()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := temporalModule.ReadFile("temporalcli/" + name + ".txt")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, name), b, 0o600); err != nil {
			return err
		}
	}
	fmt.Fprintf(progress, "Building Temporal (CLI %s, server %s, with its Web UI) from source. The first time takes some minutes; later starts find it in %s.\n",
		temporalCLIVersion, temporalServerVersion, cache)
	started := time.Now()
	built := filepath.Join(work, filepath.Base(target))
	p, err := StartProcess(ctx, ProcessOptions{
		Name: "go build of the Temporal CLI",
		Path: goTool,
		Args: []string{"build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", built, "github.com/temporalio/cli/cmd/temporal"},
		Env:  buildEnv(os.Environ(), cache),
		Dir:  work,
	})
	if err != nil {
		return err
	}
	if err := waitBuilding(ctx, p, started, progress); err != nil {
		return err
	}
	if err := os.Rename(built, target); err != nil {
		return fmt.Errorf("keep the built Temporal: %w", err)
	}
	fmt.Fprintf(progress, "Temporal is built (%s).\n", elapsed(started))
	return nil
}

func waitBuilding(ctx context.Context, p *Process, started time.Time, progress io.Writer) error {
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-p.Done():
			return p.Err()
		case <-tick.C:
			fmt.Fprintf(progress, "Still building Temporal (%s).\n", elapsed(started))
		case <-ctx.Done():
			_ = p.Kill()
			return fmt.Errorf("build Temporal: %w", ctx.Err())
		}
	}
}

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(time.Second) }

// findGo returns the go command: on PATH, else where Go's own installers put it.
func findGo() (string, error) {
	if path, err := exec.LookPath("go"); err == nil {
		return filepath.Abs(path)
	}
	for _, path := range []string{"/usr/local/go/bin/go", "/usr/lib/go/bin/go"} {
		if isFile(path) {
			return path, nil
		}
	}
	return "", errors.New("building Temporal needs the go command: install Go and put it on PATH, or set TEMPORAL_CLI to a Temporal CLI")
}

// buildEnv returns the environment of the build: the caller's, less what would change what is built, and with
// directories for Go's caches where there is no home to hold them.
func buildEnv(environ []string, cache string) []string {
	set := map[string]string{}
	out := make([]string, 0, len(environ)+6)
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		set[k] = v
		switch k {
		case "GOFLAGS", "GOWORK", "GO111MODULE", "GOOS", "GOARCH":
		default:
			out = append(out, kv)
		}
	}
	out = append(out, "GOWORK=off", "GO111MODULE=on", "GOFLAGS=-buildvcs=false")
	if home, err := os.Stat(set["HOME"]); err != nil || !home.IsDir() {
		if set["GOCACHE"] == "" && set["XDG_CACHE_HOME"] == "" {
			out = append(out, "GOCACHE="+filepath.Join(cache, "go-build"))
		}
		if set["GOPATH"] == "" {
			out = append(out, "GOPATH="+filepath.Join(cache, "go"))
		}
	}
	return out
}

// startDevFlags tells which of the wanted flags a Temporal CLI's `server start-dev` knows.
func startDevFlags(ctx context.Context, binary string, wanted ...string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "server", "start-dev", "--help")
	cmd.WaitDelay = time.Second
	help, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s is not a Temporal CLI that runs here: %w", binary, err)
	}
	var known []string
	for _, flag := range wanted {
		if bytes.Contains(help, []byte(flag+" ")) {
			known = append(known, flag)
		}
	}
	return known, nil
}
