package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

// CredentialStore keeps credentials, sealed. It is an oauth.Store.
type CredentialStore struct {
	store *Store
	vault *vault.Vault
}

// keepTimeout is how long a changed credential may take to be written.
const keepTimeout = 15 * time.Second

var _ oauth.Store = (*CredentialStore)(nil)

// Credentials returns the credentials, sealed and opened by the vault.
func (s *Store) Credentials(v *vault.Vault) *CredentialStore {
	return &CredentialStore{store: s, vault: v}
}

// PutCredential stores the credential of one side, in place of an earlier one. It waits for whoever holds that one
// locked. With it ends whatever the vendor refused the earlier one.
func (c *CredentialStore) PutCredential(ctx context.Context, connection string, side record.Side, credential *oauth.Credential) error {
	n, code, err := c.row(ctx, connection, side)
	if err != nil {
		return err
	}
	sealed, err := c.seal(connection, side, credential)
	if err != nil {
		return err
	}
	_, err = c.store.pool.Exec(ctx, `
		INSERT INTO credentials (connection, side, sealed, generation) VALUES ($1, $2, $3, $4)
		ON CONFLICT (connection, side) DO UPDATE
		SET sealed = excluded.sealed, generation = excluded.generation, updated_at = now(),
		    refused = NULL, refused_reason = NULL, refused_at = NULL`,
		n, code, sealed, credential.Generation)
	if err == nil {
		err = c.store.inTx(ctx, func(tx pgx.Tx) error {
			// So that workers that hold an earlier grant let it go.
			if _, err := tx.Exec(ctx, `UPDATE connections SET updated_at = clock_timestamp() WHERE number = $1`, n); err != nil {
				return err
			}
			return sweepSoon(ctx, tx, n)
		})
	}
	if err != nil {
		return fmt.Errorf("store: keep a credential: %w", err)
	}
	return nil
}

// LoadCredential reads the credential of one side without waiting for anybody. It fails with oauth.ErrNoCredential
// when there is none.
func (c *CredentialStore) LoadCredential(ctx context.Context, connection string, side record.Side) (*oauth.Credential, error) {
	n, code, err := c.row(ctx, connection, side)
	if err != nil {
		return nil, err
	}
	var sealed []byte
	err = c.store.pool.QueryRow(ctx, `SELECT sealed FROM credentials WHERE connection = $1 AND side = $2`, n, code).
		Scan(&sealed)
	if err != nil {
		return nil, credentialError(err)
	}
	return c.open(connection, side, sealed)
}

// WithCredential calls fn once with the credential of one side while its row is locked, and commits what fn changed
// where fn asks for it and does not fail. It fails with oauth.ErrNoCredential when there is none.
func (c *CredentialStore) WithCredential(
	ctx context.Context, connection string, side record.Side, fn func(*oauth.Credential) (save bool, err error),
) error {
	n, code, err := c.row(ctx, connection, side)
	if err != nil {
		return err
	}
	// Not inTx: fn is never called twice.
	tx, err := c.store.pool.Begin(ctx)
	if err != nil {
		return credentialError(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()

	var sealed []byte
	var state, reason *string
	err = tx.QueryRow(ctx, `
		SELECT sealed, refused, refused_reason FROM credentials WHERE connection = $1 AND side = $2 FOR UPDATE`, n, code).
		Scan(&sealed, &state, &reason)
	if err != nil {
		return credentialError(err)
	}
	credential, err := c.open(connection, side, sealed)
	if err != nil {
		return err
	}
	if state != nil {
		credential.Refusal = &oauth.Refusal{State: *state, Reason: *reason}
	}
	save, err := fn(credential)
	if err != nil || !save {
		return err
	}
	if sealed, err = c.seal(connection, side, credential); err != nil {
		return err
	}
	// What fn did cannot be undone, so what it changed is kept even when the caller has given up meanwhile.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	over := state != nil && credential.Refusal == nil
	if state, reason = nil, nil; credential.Refusal != nil {
		state, reason = &credential.Refusal.State, &credential.Refusal.Reason
	}
	if _, err := tx.Exec(keep, `
		UPDATE credentials
		SET sealed = $3, generation = $4, updated_at = now(), refused = $5, refused_reason = $6,
		    refused_at = CASE WHEN $5::text IS NULL THEN NULL WHEN refused = $5 THEN refused_at ELSE clock_timestamp() END
		WHERE connection = $1 AND side = $2`,
		n, code, sealed, credential.Generation, state, reason); err != nil {
		return credentialError(err)
	}
	if over {
		if err := sweepSoon(keep, tx, n); err != nil {
			return credentialError(err)
		}
	}
	if err := tx.Commit(keep); err != nil {
		return credentialError(err)
	}
	return nil
}

func (c *CredentialStore) row(ctx context.Context, connection string, side record.Side) (number int32, code int16, err error) {
	if code, err = sideCode(side); err != nil {
		return 0, 0, err
	}
	number, err = c.store.number(ctx, connection)
	return number, code, err
}

func credentialScope(connection string, side record.Side) vault.Scope {
	return vault.Scope{Connection: connection, Side: side, Purpose: "credential"}
}

func (c *CredentialStore) seal(connection string, side record.Side, credential *oauth.Credential) ([]byte, error) {
	plain, err := credential.Encode()
	if err != nil {
		return nil, errors.New("store: a credential could not be encoded")
	}
	return c.vault.Seal(credentialScope(connection, side), plain)
}

func (c *CredentialStore) open(connection string, side record.Side, sealed []byte) (*oauth.Credential, error) {
	plain, err := c.vault.Open(credentialScope(connection, side), sealed)
	if err != nil {
		return nil, fmt.Errorf("store: the %s credential of %q: %w", side, connection, err)
	}
	credential, err := oauth.DecodeCredential(plain)
	if err != nil {
		return nil, fmt.Errorf("store: the %s credential of %q: %w", side, connection, err)
	}
	return credential, nil
}

func credentialError(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return oauth.ErrNoCredential
	}
	return fmt.Errorf("store: use a credential: %w", err)
}
