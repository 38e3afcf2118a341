// Package store keeps what Tandem remembers in Postgres: connections, credentials, links, pending changes, readings,
// reviews, the journal, and the allowances that all workers share. Times are by the database's clock.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-sync/tandem/internal/record"
)

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
	// numbers holds connection id to numbered, for as long as numberLife: one that was erased may come again under another.
	numbers sync.Map
}

// connections is how many a process opens at most, unless the address says so (pool_max_conns). A refresh of a
// credential holds one for as long as the vendor takes to answer.
const connections = 16

// Open connects to the database at url ("postgres://…") and fails where it does not answer. It changes nothing there.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("store: the database address is not valid (want postgres://user:password@host:port/name)")
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "tandem"
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, connections)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("store: open the database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("store: reach the database: %w", err)
	}
	return &Store{pool: pool}, nil
}

// Close ends all connections to the database, once the calls that use them have returned.
func (s *Store) Close() { s.pool.Close() }

// attempts is how often a transaction is tried that Postgres ends in favour of another one.
const attempts = 4

// inTx carries out fn in a transaction, again where Postgres ended it in favour of another one: fn must have no effect
// outside of it.
func (s *Store) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	var err error
	for range attempts {
		err = pgx.BeginFunc(ctx, s.pool, fn)
		if !yielded(err) {
			return err
		}
	}
	return err
}

// yielded tells whether a transaction failed only because of others at the same time.
func yielded(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "23505": // unique_violation: the next attempt sees the row that stands in the way
		return true
	case "23503": // foreign_key_violation: a link went away meanwhile, which the next attempt sees
		return true
	default:
		return false
	}
}

// number returns the number by which the tables know a connection.
func (s *Store) number(ctx context.Context, connection string) (int32, error) {
	if held, ok := s.numbers.Load(connection); ok && time.Since(held.(numbered).at) < numberLife {
		return held.(numbered).number, nil
	}
	var n int32
	err := s.pool.QueryRow(ctx, `SELECT number FROM connections WHERE id = $1`, connection).Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("store: %w: %q", record.ErrNoConnection, connection)
	}
	if err != nil {
		return 0, fmt.Errorf("store: look up a connection: %w", err)
	}
	s.numbers.Store(connection, numbered{n, time.Now()})
	return n, nil
}

// numberLife is how long a connection's number is taken to stay: no longer than it takes to make a connection again that was
// erased.
const numberLife = 2 * time.Second

// numbered is a connection's number, and when it was looked up.
type numbered struct {
	number int32
	at     time.Time
}

// scope is what most statements are about.
type scope struct {
	number int32
	kind   int16
}

func (s *Store) scope(ctx context.Context, connection string, kind record.Kind) (scope, error) {
	k, err := kindCode(kind)
	if err != nil {
		return scope{}, err
	}
	n, err := s.number(ctx, connection)
	return scope{number: n, kind: k}, err
}

// Matching changes links by the million in one transaction, whereas claims and commits change a few each. They take
// turns on an advisory lock, of this class and the connection's number, which spares both from checking at every step
// whether the other got in between.
const matchLock = 0x7A4D

func lockForMatch(ctx context.Context, tx pgx.Tx, sc scope) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, matchLock+int32(sc.kind), sc.number)
	return err
}

func lockAgainstMatch(ctx context.Context, tx pgx.Tx, sc scope) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1, $2)`, matchLock+int32(sc.kind), sc.number)
	return err
}
