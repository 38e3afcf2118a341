package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrSchema is what CheckVersion fails with.
var ErrSchema = errors.New("the database schema does not fit this build")

// Waiting for another process that migrates: tried every second, for ten minutes.
const (
	lockEverySeconds = 1
	lockTries        = 600
)

// Migrate brings the schema to the version of this code, or leaves it as it is where it is that far already.
// Processes that call it at the same time take turns. There is no way back to an older version.
func (s *Store) Migrate(ctx context.Context) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockEverySeconds, lockTries))
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	db := stdlib.OpenDBFromPool(s.pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return nil
}

// Version returns the version of the database's schema; 0 where it was never migrated.
func (s *Store) Version(ctx context.Context) (int64, error) {
	var present bool
	var version int64
	err := s.pool.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&present)
	if err == nil && present {
		err = s.pool.QueryRow(ctx,
			`SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("store: read the schema's version: %w", err)
	}
	return version, nil
}

// CheckVersion fails with ErrSchema, saying what to do, where the database's schema is older or newer than this code.
func (s *Store) CheckVersion(ctx context.Context) error {
	have, err := s.Version(ctx)
	if err != nil {
		return err
	}
	want, err := codeVersion()
	if err != nil {
		return err
	}
	switch {
	case have < want:
		return fmt.Errorf("%w: it is at version %d, this build needs %d: run `starter migrate`", ErrSchema, have, want)
	case have > want:
		return fmt.Errorf("%w: it is at version %d, this build knows %d: use the build that migrated it, or a newer one",
			ErrSchema, have, want)
	default:
		return nil
	}
}

// codeVersion returns the version that the embedded migrations lead to.
func codeVersion() (int64, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	var last int64
	for _, name := range names {
		digits, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("store: migration %s is not numbered", name)
		}
		last = max(last, version)
	}
	return last, nil
}
