package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tandem-sync/tandem/internal/record"
)

// ErrConnectionExists is what AddConnection fails with where the id is taken.
var ErrConnectionExists = errors.New("the connection exists already")

// Connection is one GoHighLevel location paired with one Salesforce org.
type Connection struct {
	ID             string // a slug: lower-case letters, digits and dashes
	Number         int    // given by AddConnection
	Rules          string // YAML, as it was applied
	RulesVersion   int    // 1 for the first rules
	State          string
	Location       string // the GoHighLevel location that the rules name, by which webhooks find the connection
	FingerprintKey []byte // sealed by the caller
	CreatedAt      time.Time
	// UpdatedAt is when its rules, its state or what it was granted were changed last by somebody, renewals aside.
	UpdatedAt time.Time
	// Refusals are the sides that refuse Tandem a token; none while both work.
	Refusals []record.Refusal
}

const connectionColumns = `id, number, rules, rules_version, state, coalesce(location, ''), fingerprint_key, created_at, updated_at, ` + refusalsOf

// AddConnection stores a new connection with its first rules, gives it a key for Temporal's payloads, and returns it as
// stored. It fails with ErrConnectionExists where the id is taken.
func (s *Store) AddConnection(ctx context.Context, c Connection) (Connection, error) {
	var added Connection
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			INSERT INTO connections (id, rules, state, location, fingerprint_key, unchecked) VALUES ($1, $2, $3, nullif($4, ''), $5, $6)
			RETURNING `+connectionColumns, c.ID, c.Rules, c.State, c.Location, c.FingerprintKey, c.State == record.ConnectionUnchecked)
		if err != nil {
			return err
		}
		if added, err = pgx.CollectExactlyOneRow(rows, scanConnection); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `INSERT INTO connection_rules (connection, version, rules) VALUES ($1, $2, $3)`,
			added.Number, added.RulesVersion, added.Rules); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO payload_keys (connection) VALUES ($1)`, added.Number)
		return err
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.ConstraintName {
		case "connections_id_is_unique":
			return Connection{}, fmt.Errorf("store: %w: %q", ErrConnectionExists, c.ID)
		case "connections_id_is_a_slug":
			return Connection{}, fmt.Errorf("store: the connection id %q must be lower-case letters, digits and dashes", c.ID)
		}
	}
	if err != nil {
		return Connection{}, fmt.Errorf("store: add a connection: %w", err)
	}
	s.numbers.Store(added.ID, numbered{int32(added.Number), time.Now()})
	return added, nil
}

// GetConnection returns a connection. It fails with record.ErrNoConnection where there is none of that id.
func (s *Store) GetConnection(ctx context.Context, id string) (Connection, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+connectionColumns+` FROM connections WHERE id = $1`, id)
	if err != nil {
		return Connection{}, fmt.Errorf("store: read a connection: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanConnection)
	if errors.Is(err, pgx.ErrNoRows) {
		s.numbers.Delete(id)
		return Connection{}, fmt.Errorf("store: %w: %q", record.ErrNoConnection, id)
	}
	if err != nil {
		return Connection{}, fmt.Errorf("store: read a connection: %w", err)
	}
	s.numbers.Store(id, numbered{int32(c.Number), time.Now()})
	return c, nil
}

// ListConnections returns all connections in the order of their ids.
func (s *Store) ListConnections(ctx context.Context) ([]Connection, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+connectionColumns+` FROM connections ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("store: list connections: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanConnection)
	if err != nil {
		return nil, fmt.Errorf("store: list connections: %w", err)
	}
	return list, nil
}

// UpdateRules replaces a connection's rules, and the GoHighLevel location that they name, keeps the earlier version, and
// returns the number of the new one. The rules that are in force already make no new version.
func (s *Store) UpdateRules(ctx context.Context, id, rules, location string) (version int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var number int
		var current string
		err := tx.QueryRow(ctx, `SELECT number, rules, rules_version FROM connections WHERE id = $1 FOR UPDATE`, id).
			Scan(&number, &current, &version)
		if err != nil {
			return err
		}
		if current == rules {
			_, err = tx.Exec(ctx, `
				UPDATE connections SET location = nullif($2, '') WHERE number = $1 AND coalesce(location, '') <> $2`, number, location)
			return err
		}
		version++
		if _, err := tx.Exec(ctx, `
			UPDATE connections SET rules = $2, rules_version = $3, location = nullif($4, ''), updated_at = now()
			WHERE number = $1`, number, rules, version, location); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO connection_rules (connection, version, rules) VALUES ($1, $2, $3)`,
			number, version, rules)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("store: %w: %q", record.ErrNoConnection, id)
	}
	if err != nil {
		return 0, fmt.Errorf("store: update rules: %w", err)
	}
	return version, nil
}

// Rules returns the rules of a connection as they were at a version.
func (s *Store) Rules(ctx context.Context, id string, version int) (string, error) {
	n, err := s.number(ctx, id)
	if err != nil {
		return "", err
	}
	var rules string
	err = s.pool.QueryRow(ctx, `SELECT rules FROM connection_rules WHERE connection = $1 AND version = $2`, n, version).
		Scan(&rules)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("store: connection %q has no rules of version %d", id, version)
	}
	if err != nil {
		return "", fmt.Errorf("store: read rules: %w", err)
	}
	return rules, nil
}

// SetConnectionState says where a connection stands. The word is the caller's. One that is being erased counts as gone.
func (s *Store) SetConnectionState(ctx context.Context, id, state string) error {
	tag, err := s.pool.Exec(ctx, `UPDATE connections SET state = $2, updated_at = now() WHERE id = $1 AND state <> $3`, id, state, record.ConnectionErasing)
	if err != nil {
		return fmt.Errorf("store: set a connection's state: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("store: %w: %q", record.ErrNoConnection, id)
	}
	return nil
}

func scanConnection(row pgx.CollectableRow) (Connection, error) {
	var c Connection
	var refusals refusalRows
	err := row.Scan(&c.ID, &c.Number, &c.Rules, &c.RulesVersion, &c.State, &c.Location, &c.FingerprintKey, &c.CreatedAt, &c.UpdatedAt, (*[]byte)(&refusals))
	if err == nil {
		c.Refusals, err = refusals.refusals()
	}
	return c, err
}
