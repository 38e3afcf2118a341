package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/vault"
)

// heldFor is how long a process is taken to live on after it said last which keys it holds. It says so far more often.
const heldFor = time.Minute

// keysetLock is the class of the advisory lock of whoever changes the keyset.
const keysetLock = 0x7A4C

// ErrKeysetBusy is what LockKeyset fails with while somebody else changes the keyset.
var ErrKeysetBusy = errors.New("somebody else is changing the keyset")

// KeyHolder is a running process and the keys that it seals and opens with.
type KeyHolder struct {
	Name    string
	Primary uint32
	Enabled []uint32
}

// Knows tells whether the process opens what is sealed under a key.
func (h KeyHolder) Knows(key uint32) bool { return slices.Contains(h.Enabled, key) }

// HoldKeys notes which keys a process holds. A process says so when they change, and every so often while it lives. Safe to
// repeat.
func (s *Store) HoldKeys(ctx context.Context, holder string, keys []vault.Key) error {
	var primary int64
	enabled := []int64{}
	for _, k := range keys {
		if k.Primary {
			primary = int64(k.ID)
		}
		if k.Enabled {
			enabled = append(enabled, int64(k.ID))
		}
	}
	_, err := s.pool.Exec(ctx, `
		WITH gone AS (DELETE FROM key_holders WHERE seen_at < clock_timestamp() - $4::interval AND holder <> $1)
		INSERT INTO key_holders (holder, primary_key, enabled) VALUES ($1, $2, $3)
		ON CONFLICT (holder) DO UPDATE
		SET primary_key = excluded.primary_key, enabled = excluded.enabled, seen_at = excluded.seen_at`,
		holder, primary, enabled, heldFor)
	if err != nil {
		return fmt.Errorf("store: note who holds which keys: %w", err)
	}
	return nil
}

// ReleaseKeys notes that a process has ended. Safe to repeat.
func (s *Store) ReleaseKeys(ctx context.Context, holder string) error {
	if _, err := s.pool.Exec(ctx, `DELETE FROM key_holders WHERE holder = $1`, holder); err != nil {
		return fmt.Errorf("store: note who holds which keys: %w", err)
	}
	return nil
}

// KeyHolders lists the processes that run, as far as they say so, by name.
func (s *Store) KeyHolders(ctx context.Context) ([]KeyHolder, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT holder, primary_key, enabled FROM key_holders WHERE seen_at >= clock_timestamp() - $1::interval ORDER BY holder`, heldFor)
	var out []KeyHolder
	if err == nil {
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (KeyHolder, error) {
			var h KeyHolder
			var primary int64
			var enabled []int64
			err := row.Scan(&h.Name, &primary, &enabled)
			h.Primary = uint32(primary)
			for _, id := range enabled {
				h.Enabled = append(h.Enabled, uint32(id))
			}
			return h, err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("store: list who holds which keys: %w", err)
	}
	return out, nil
}

// BeginReign notes that everybody seals under a key by now, and returns since when: the first time that it was said of this
// key after another one. Safe to repeat.
func (s *Store) BeginReign(ctx context.Context, key uint32) (since time.Time, err error) {
	err = s.pool.QueryRow(ctx, `
		INSERT INTO key_reign AS r (key) VALUES ($1)
		ON CONFLICT (one) DO UPDATE
		SET key = excluded.key, since = CASE WHEN r.key = excluded.key THEN r.since ELSE excluded.since END
		RETURNING since`, int64(key)).Scan(&since)
	if err != nil {
		return since, fmt.Errorf("store: note which key seals: %w", err)
	}
	return since, nil
}

// LockKeyset calls fn while nobody else can be in LockKeyset. It fails with ErrKeysetBusy where somebody is. The lock ends
// with the process, whatever becomes of it.
func (s *Store) LockKeyset(ctx context.Context, fn func() error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("store: lock the keyset: %w", err)
	}
	defer conn.Release()
	var ours bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, 0)`, keysetLock).Scan(&ours); err != nil {
		return fmt.Errorf("store: lock the keyset: %w", err)
	}
	if !ours {
		return ErrKeysetBusy
	}
	defer func() {
		// A connection that cannot give the lock back must not go back to the pool with it.
		unlock, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := conn.Exec(unlock, `SELECT pg_advisory_unlock($1, 0)`, keysetLock); err != nil {
			_ = conn.Conn().Close(unlock)
		}
	}()
	return fn()
}
