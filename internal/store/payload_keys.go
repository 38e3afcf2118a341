package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/vault"
)

// PayloadKeyStore keeps the keys of Temporal's payloads, sealed under the keyset.
type PayloadKeyStore struct {
	store *Store
	vault *vault.Vault
}

// PayloadKeys returns the keys of Temporal's payloads, sealed and opened by the vault.
func (s *Store) PayloadKeys(v *vault.Vault) *PayloadKeyStore {
	return &PayloadKeyStore{store: s, vault: v}
}

// PayloadKeyScope is what the key of a connection's payloads is sealed for; "" is the house.
func PayloadKeyScope(connection string) vault.Scope {
	return vault.Scope{Connection: connection, Purpose: "payload-key"}
}

// PayloadKey returns the key of a connection's payloads, or with "" that of payloads about no connection, and draws it where
// it was never needed before. It fails with vault.ErrErased where the connection has none, and with vault.ErrDoesNotOpen
// where the keyset is another one.
func (p *PayloadKeyStore) PayloadKey(ctx context.Context, connection string) (*vault.DataKey, error) {
	id, sealed, err := p.store.payloadKey(ctx, connection)
	if err == nil && sealed == nil {
		if err = p.draw(ctx, connection, id); err == nil {
			id, sealed, err = p.store.payloadKey(ctx, connection)
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("store: the payload key of connection %q: %w", connection, vault.ErrErased)
	}
	if err != nil {
		return nil, fmt.Errorf("store: read a payload key: %w", err)
	}
	key, err := p.vault.Open(PayloadKeyScope(connection), sealed)
	if err != nil {
		return nil, fmt.Errorf("store: the payload key of connection %q: %w", connection, err)
	}
	return vault.OpenDataKey(id, connection, key)
}

func (s *Store) payloadKey(ctx context.Context, connection string) (id int64, sealed []byte, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT k.id, k.sealed FROM payload_keys k LEFT JOIN connections c ON c.number = k.connection
		WHERE CASE WHEN $1 = '' THEN k.connection IS NULL ELSE c.id = $1 END`, connection).Scan(&id, &sealed)
	return id, sealed, err
}

// draw fills in a key that was never needed before, unless another process has done so meanwhile.
func (p *PayloadKeyStore) draw(ctx context.Context, connection string, id int64) error {
	key, err := vault.NewDataKey()
	if err != nil {
		return err
	}
	sealed, err := p.vault.Seal(PayloadKeyScope(connection), key)
	if err != nil {
		return err
	}
	_, err = p.store.pool.Exec(ctx, `UPDATE payload_keys SET sealed = $2 WHERE id = $1 AND sealed IS NULL`, id, sealed)
	return err
}

// ForgetConnectionKey destroys the key of a connection's payloads: nothing of the connection can be read any more in any
// history, nor can a run of it go on. Where there is none it does nothing. It cannot be undone.
func (s *Store) ForgetConnectionKey(ctx context.Context, connection string) error {
	_, err := s.pool.Exec(ctx, `
		DELETE FROM payload_keys k USING connections c WHERE c.number = k.connection AND c.id = $1`, connection)
	if err != nil {
		return fmt.Errorf("store: destroy a payload key: %w", err)
	}
	return nil
}
