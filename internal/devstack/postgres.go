package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	databaseUser = "tandem"
	databaseName = "tandem"
)

// PostgresOptions says how to run the private Postgres.
type PostgresOptions struct {
	DataDir string    // keeps the cluster (postgres/) and the log; created where needed
	Port    int       // 0 means a free one
	Log     io.Writer // receives the server's messages besides the log file; may be nil
	// FsyncOff trades safety against power cuts for speed. Data still survives the death of any process.
	FsyncOff       bool
	MaxConnections int // 0 means Postgres's default
}

// Postgres is a running private Postgres server, reachable on 127.0.0.1 by password only.
type Postgres struct {
	opts    PostgresOptions
	cluster *cluster
	log     *os.File
	lock    *os.File

	mu      sync.Mutex
	process *Process
}

// StartPostgres starts Postgres on the data directory, making the cluster and the database `tandem` where they are
// missing, and returns when a query has been answered. Called by root, it runs Postgres as user postgres, else nobody,
// who must be able to pass through every directory above the data. A server that a killed supervisor left behind on
// the same data is stopped first. The context bounds the start only.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	dir, err := makeDataDir(o.DataDir)
	if err != nil {
		return nil, err
	}
	o.DataDir = dir
	p := &Postgres{opts: o}
	if err := p.open(ctx); err != nil {
		return nil, err
	}
	if p.cluster, err = openCluster(ctx, dir); err == nil {
		err = p.startOnFreePort(ctx)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// startOnFreePort chooses a port where none was asked for, and another one if somebody else takes it first.
func (p *Postgres) startOnFreePort(ctx context.Context) error {
	asked := p.opts.Port
	for attempt := 1; ; attempt++ {
		if asked == 0 {
			var err error
			if p.opts.Port, err = freePort(loopback); err != nil {
				return err
			}
		}
		err := p.launch(ctx)
		if err == nil || asked != 0 || attempt == 3 || !errors.Is(err, errPortTaken) {
			return err
		}
	}
}

// launch starts the server and waits until it answers. The last processes of a killed one may hold its shared memory
// for a moment; until they are gone it tries again.
func (p *Postgres) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := stopOrphan(ctx, p.cluster.pidFile(), p.cluster.data()); err != nil {
		return err
	}
	if err := disownPIDFile(p.cluster.pidFile()); err != nil {
		return err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		process, err := StartProcess(ctx, p.processOptions())
		if err != nil {
			return err
		}
		if err = poll(ctx, process, p.answers); err == nil {
			p.mu.Lock()
			p.process = process
			p.mu.Unlock()
			return nil
		}
		err = errors.Join(err, process.Kill())
		switch {
		case process.out.contains("pre-existing shared memory block"):
		case process.out.contains("Address already in use"):
			return fmt.Errorf("%w: %w", errPortTaken, err)
		default:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

func (p *Postgres) processOptions() ProcessOptions {
	settings := []string{
		"listen_addresses=" + loopback,
		"unix_socket_directories=",
		"timezone=UTC", "log_timezone=UTC",
		// Statements and details of errors can hold customers' data.
		"log_min_error_statement=panic", "log_error_verbosity=terse",
	}
	if p.opts.FsyncOff {
		// Not synchronous_commit: without it a killed server forgets its last commits.
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	if p.opts.MaxConnections > 0 {
		settings = append(settings, "max_connections="+strconv.Itoa(p.opts.MaxConnections))
	}
	args := []string{"-D", p.cluster.data(), "-p", strconv.Itoa(p.opts.Port)}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	var log io.Writer = p.log
	if p.opts.Log != nil {
		log = io.MultiWriter(p.log, p.opts.Log)
	}
	return ProcessOptions{
		Name:       "Postgres",
		Path:       filepath.Join(p.cluster.bin.dir, "postgres"),
		Args:       args,
		Env:        postgresEnv(),
		Dir:        "/",
		Log:        log,
		Grace:      20 * time.Second,
		stopSignal: syscall.SIGINT, // the fast shutdown
		user:       p.cluster.runAs,
	}
}

// answers is nil once a query is answered and the database exists.
func (p *Postgres) answers(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return errors.New("no connection yet")
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", databaseName).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+databaseName)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42P04" { // duplicate_database
		return nil
	}
	return err
}

// URL returns the database's address with user and password, as postgres://...
func (p *Postgres) URL() string { return p.url(databaseName) }

// Role makes a role of a name that may log in and nothing more, or gives the one that is there a new password, and returns
// the database's address with it.
func (p *Postgres) Role(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	role, password := pgx.Identifier{name}.Sanitize(), rand.Text()
	_, err = conn.Exec(ctx, "CREATE ROLE "+role)
	var pgErr *pgconn.PgError
	if err != nil && !(errors.As(err, &pgErr) && pgErr.Code == "42710") { // duplicate_object
		return "", err
	}
	// The password consists of letters and digits.
	_, err = conn.Exec(ctx, "ALTER ROLE "+role+" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '"+password+"'")
	return p.urlOf(name, password, databaseName), err
}

func (p *Postgres) url(database string) string {
	return p.urlOf(databaseUser, p.cluster.password, database)
}

func (p *Postgres) urlOf(user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(p.opts.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// PID returns the id of the postmaster.
func (p *Postgres) PID() int { return p.current().PID() }

// Done is closed when the server that runs now has ended; after Restart ask again.
func (p *Postgres) Done() <-chan struct{} { return p.current().Done() }

// Err says how the server ended; nil while it runs and after Stop or Kill.
func (p *Postgres) Err() error { return p.current().Err() }

// Stop ends the server by its fast shutdown, and by force when its grace or ctx is over. Stopping twice is harmless.
// Stop, Kill and Restart wait for nobody else: call one at a time.
func (p *Postgres) Stop(ctx context.Context) error {
	err := p.current().Stop(ctx)
	p.close()
	return err
}

// Kill ends every process of the server at once, as a crash of the machine would. Restart brings it back.
func (p *Postgres) Kill() error {
	process := p.current()
	// The postmaster's children are not in its process group.
	backends := childrenOf(process.PID())
	err := process.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, killAll(ctx, backends, "postgres"))
}

// Restart stops the server if it runs and starts it again on the same port and data; it returns when a query has been
// answered.
func (p *Postgres) Restart(ctx context.Context) error {
	if err := p.current().Stop(ctx); err != nil {
		return err
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.launch(ctx)
}

func (p *Postgres) current() *Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

// open takes the data directory and starts a log, unless both are there from before.
func (p *Postgres) open(ctx context.Context) (err error) {
	if p.lock != nil {
		return nil
	}
	if p.lock, err = lockServer(ctx, p.opts.DataDir, "postgres"); err != nil {
		return err
	}
	if p.log, err = openLog(p.opts.DataDir, "postgres.log"); err != nil {
		p.close()
	}
	return err
}

func (p *Postgres) close() {
	_ = p.log.Close()
	_ = p.lock.Close()
	p.log, p.lock = nil, nil
}

// disownPIDFile clears the way for a start where the process id of a dead postmaster has passed to another program, for
// which Postgres would take that program for itself. Its own parent it never does. The rest of the file stays: with it
// Postgres finds out whether the dead server's last processes are gone.
func disownPIDFile(path string) error {
	pid, err := readPID(path)
	if err != nil || pid <= 0 || !alive(pid) {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(b), "\n")
	return os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600)
}
