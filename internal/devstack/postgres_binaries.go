package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// postgresBinaries is one installation of the Postgres server.
type postgresBinaries struct {
	dir   string // holds initdb and postgres
	major int
}

// ErrNoPostgres means that this machine has no Postgres server programs; the text says how to install them.
var ErrNoPostgres = errors.New("no Postgres server programs (initdb, postgres) found: " +
	"on Debian or Ubuntu `apt-get install postgresql`, on Fedora `dnf install postgresql-server`, " +
	"on macOS `brew install postgresql@17`; or put their directory on PATH")

// FindPostgres returns the directory of the Postgres server programs StartPostgres would make a new cluster with, or
// ErrNoPostgres.
func FindPostgres(ctx context.Context) (string, error) {
	b, err := findPostgres(ctx, 0)
	return b.dir, err
}

// findPostgres looks on PATH, where distributions put versions side by side (newest first), and where pg_config points.
// A major other than 0 asks for that version.
func findPostgres(ctx context.Context, major int) (postgresBinaries, error) {
	var others []string
	for _, dir := range postgresDirs(ctx) {
		if !isFile(filepath.Join(dir, "initdb")) || !isFile(filepath.Join(dir, "postgres")) {
			continue
		}
		v, err := postgresMajor(ctx, filepath.Join(dir, "postgres"))
		if err != nil {
			continue
		}
		if major == 0 || v == major {
			return postgresBinaries{dir: dir, major: v}, nil
		}
		others = append(others, fmt.Sprintf("%d in %s", v, dir))
	}
	if len(others) > 0 {
		return postgresBinaries{}, fmt.Errorf("the data was made by Postgres %d, but this machine has only %s: install version %d, or start on another data directory",
			major, strings.Join(others, ", "), major)
	}
	return postgresBinaries{}, ErrNoPostgres
}

func postgresDirs(ctx context.Context) []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		matches, _ := filepath.Glob(pattern)
		found = append(found, matches...)
	}
	slices.SortStableFunc(found, func(a, b string) int { return -cmp.Compare(versionInPath(a), versionInPath(b)) })
	dirs = append(dirs, found...)
	if b, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(b)))
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

func versionInPath(dir string) int {
	v, _ := strconv.Atoi(digits.FindString(dir))
	return v
}

// postgresMajor asks the server program for its version: "postgres (PostgreSQL) 15.14 (Debian ...)".
func postgresMajor(ctx context.Context, path string) (int, error) {
	b, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(digits.FindString(string(b)))
}

// clusterMajor returns the version that made a cluster.
func clusterMajor(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}
