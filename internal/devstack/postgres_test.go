package devstack_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

func startPostgres(t *testing.T, dir string) *devstack.Postgres {
	t.Helper()
	p, err := devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: dir, FsyncOff: true, MaxConnections: 20})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, p.Stop(context.Background()))
		requireGone(t, p.PID())
	})
	return p
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(testContext(t), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var out string
	require.NoError(t, conn.QueryRow(testContext(t), sql).Scan(&out))
	return out
}

func execSQL(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(testContext(t), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(testContext(t), sql)
	require.NoError(t, err)
}

func TestPostgresKeepsItsDataOverARestartAndAKill(t *testing.T) {
	p := startPostgres(t, dataDir(t))
	first, url := p.PID(), p.URL()
	execSQL(t, url, "CREATE TABLE kept (v text)")
	execSQL(t, url, "INSERT INTO kept VALUES ('before the restart')")

	require.NoError(t, p.Restart(testContext(t)))
	requireGone(t, first)
	require.Equal(t, url, p.URL())
	require.Equal(t, "before the restart", query(t, url, "SELECT v FROM kept"))

	second := p.PID()
	execSQL(t, url, "UPDATE kept SET v = 'before the kill'")
	require.NoError(t, p.Kill())
	requireGone(t, second)
	<-p.Done()
	require.NoError(t, p.Restart(testContext(t)))
	require.Equal(t, "before the kill", query(t, url, "SELECT v FROM kept"))
}

func TestPostgresComesBackFromAKillInTheMiddleOfAQuery(t *testing.T) {
	p := startPostgres(t, dataDir(t))
	conn, err := pgx.Connect(testContext(t), p.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var backend int
	require.NoError(t, conn.QueryRow(testContext(t), "SELECT pg_backend_pid()").Scan(&backend))
	broken := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 100000000000)")
		broken <- err
	}()
	require.Eventually(t, func() bool {
		return query(t, p.URL(), fmt.Sprintf("SELECT coalesce(max(state), '') FROM pg_stat_activity WHERE pid = %d", backend)) == "active"
	}, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Kill())
	require.Error(t, <-broken)
	requireGone(t, backend)
	require.NoError(t, p.Restart(testContext(t)))
	require.Equal(t, "1", query(t, p.URL(), "SELECT '1'"))
}

func TestPostgresStartsAgainOnTheDataOfAStoppedOne(t *testing.T) {
	dir := dataDir(t)
	p := startPostgres(t, dir)
	execSQL(t, p.URL(), "CREATE TABLE kept AS SELECT 'same cluster' AS v")
	require.NoError(t, p.Stop(testContext(t)))
	require.NoError(t, p.Stop(testContext(t)), "stopping twice is harmless")

	again := startPostgres(t, dir)
	require.Equal(t, "same cluster", query(t, again.URL(), "SELECT v FROM kept"))
}

func TestAStalePIDFileWhoseNumberAnotherProgramHasNowDoesNotStopPostgres(t *testing.T) {
	dir := dataDir(t)
	p := startPostgres(t, dir)
	require.NoError(t, p.Kill())
	pidFile := filepath.Join(dir, "postgres", "data", "postmaster.pid")
	b, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(b), "\n")

	other, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{Path: "sleep", Args: []string{"600"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Kill()) })
	require.NoError(t, os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s", other.PID(), rest), 0o600))

	require.NoError(t, p.Restart(testContext(t)))
	require.True(t, running(other.PID()), "the other program is left alone")
}

func TestTheClusterIsClosedToEverybodyElse(t *testing.T) {
	dir := dataDir(t)
	p := startPostgres(t, dir)
	require.Equal(t, "127.0.0.1", query(t, p.URL(), "SHOW listen_addresses"))
	require.Empty(t, query(t, p.URL(), "SHOW unix_socket_directories"))
	require.Equal(t, "UTF8", query(t, p.URL(), "SHOW server_encoding"))
	require.Equal(t, "tandem", query(t, p.URL(), "SELECT current_database()"))

	config, err := pgx.ParseConfig(p.URL())
	require.NoError(t, err)
	config.Password = "guessed"
	_, err = pgx.ConnectConfig(testContext(t), config)
	require.ErrorContains(t, err, "password authentication failed")

	info, err := os.Stat(filepath.Join(dir, "postgres", "password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(filepath.Join(dir, "postgres"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestAFailedStatementLeavesNoCustomerDataInTheLog(t *testing.T) {
	dir := dataDir(t)
	p := startPostgres(t, dir)
	execSQL(t, p.URL(), "CREATE TABLE contacts (email text PRIMARY KEY)")
	conn, err := pgx.Connect(testContext(t), p.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	for range 2 {
		_, err = conn.Exec(testContext(t), "INSERT INTO contacts VALUES ('ada@example.com')")
	}
	require.ErrorContains(t, err, "duplicate key")
	require.NoError(t, p.Stop(testContext(t)))
	log, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	require.NoError(t, err)
	require.Contains(t, string(log), "duplicate key")
	require.NotContains(t, string(log), "ada@example.com")
}

func TestASecondPostgresOnTheSameDataIsRefused(t *testing.T) {
	dir := dataDir(t)
	p := startPostgres(t, dir)
	_, err := devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: dir})
	require.ErrorContains(t, err, "another process runs postgres on "+dir)
	require.True(t, running(p.PID()))
}

func TestAPortInUseIsReportedWithPostgresOwnWords(t *testing.T) {
	p := startPostgres(t, dataDir(t))
	config, err := pgx.ParseConfig(p.URL())
	require.NoError(t, err)
	_, err = devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: dataDir(t), Port: int(config.Port)})
	require.ErrorContains(t, err, "Address already in use")
}

func TestRootIsToldWhichDirectoryClosesTheDataToPostgres(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("an ordinary user's Postgres runs as that user")
	}
	closed := dataDir(t)
	require.NoError(t, os.Chmod(closed, 0o700))
	_, err := devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: filepath.Join(closed, "data")})
	require.ErrorContains(t, err, "may not pass through "+closed)
	require.ErrorContains(t, err, "TANDEM_DATA")
}

func TestAnUnusableClusterIsReportedAndLeftAlone(t *testing.T) {
	dir := dataDir(t)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "postgres"), 0o700))
	_, err := devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: dir})
	require.ErrorContains(t, err, "is not a cluster of ours")
}

func TestAClusterOfAnotherVersionIsReported(t *testing.T) {
	dir := dataDir(t)
	data := filepath.Join(dir, "postgres", "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("7\n"), 0o600))
	_, err := devstack.StartPostgres(testContext(t), devstack.PostgresOptions{DataDir: dir})
	require.ErrorContains(t, err, "the data was made by Postgres 7")
}
