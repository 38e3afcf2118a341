// Package storetest gives each test a Postgres database of its own, on a server that a package's tests share.
package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/store"
)

const (
	empty    = "template1"
	migrated = "template_tandem"
)

var (
	server    *devstack.Postgres
	databases atomic.Int64
)

// Main starts a server, runs a package's tests, and ends the program with their exit code. The rest of this package is for
// tests under it.
func Main(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := devstack.NewTempDataDir()
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{DataDir: dir, FsyncOff: true, MaxConnections: 200})
	if err != nil {
		return 0, err
	}
	defer func() { _ = server.Stop(context.Background()) }()
	if err := administer(ctx, "CREATE DATABASE "+migrated+" TEMPLATE "+empty); err != nil {
		return 0, err
	}
	s, err := store.Open(ctx, address(migrated))
	if err != nil {
		return 0, err
	}
	err = s.Migrate(ctx)
	s.Close()
	if err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// Server is what the databases are on.
func Server() *devstack.Postgres { return server }

// New returns the address of a migrated database, which goes when the test ends: hundreds would fill the disk.
func New(t testing.TB) string { return from(t, migrated) }

// Empty returns the address of a database that is not migrated, which goes when the test ends.
func Empty(t testing.TB) string { return from(t, empty) }

func from(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	require.NoError(t, administer(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template))
	t.Cleanup(func() { _ = administer(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	return address(name)
}

func administer(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

func address(database string) string {
	u, err := url.Parse(server.URL())
	if err != nil {
		panic(err) // it is what the server says of itself
	}
	u.Path = "/" + database
	return u.String()
}
