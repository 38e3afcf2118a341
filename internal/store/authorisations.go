package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

// authorisationPurpose is what the answers of authorisation pages are sealed for.
const authorisationPurpose = "authorisation"

// Authorisations keep, for the minutes that an authorisation takes, which answers of the vendors' pages are awaited, and
// hand each to whoever awaits it. Of a state only the digest is kept, and of an answer only what the vault sealed.
type Authorisations struct {
	store *Store
	vault *vault.Vault
}

var _ oauth.Authorisations = (*Authorisations)(nil)

// Authorisations returns the authorisations that are under way, their answers sealed and opened by the vault.
func (s *Store) Authorisations(v *vault.Vault) *Authorisations {
	return &Authorisations{store: s, vault: v}
}

// answered is what is sealed: the digest binds it to its row, beside the connection and the side.
type answered struct {
	State  []byte       `json:"state"`
	Answer oauth.Answer `json:"answer"`
}

// Await lets the answer that carries a state be received once within a time. The connection is "" where it is not stored
// yet.
func (a *Authorisations) Await(ctx context.Context, connection string, side record.Side, state string, within time.Duration) error {
	code, err := sideCode(side)
	if err != nil {
		return err
	}
	_, err = a.store.pool.Exec(ctx, `
		INSERT INTO authorisations (state, connection, side, expires_at)
		VALUES ($1, (SELECT number FROM connections WHERE id = $2), $3, clock_timestamp() + $4::interval)`,
		digest(state), connection, code, within)
	if err != nil {
		return fmt.Errorf("store: await an authorisation: %w", err)
	}
	return nil
}

// Answer keeps what a vendor's page answered for whoever awaits it, and tells whether anybody does: a state that is not
// known, is over, or was answered before is all the same.
func (a *Authorisations) Answer(ctx context.Context, state string, answer oauth.Answer) (awaited bool, err error) {
	key := digest(state)
	err = a.store.inTx(ctx, func(tx pgx.Tx) error {
		awaited = false
		var connection string
		var side int16
		err := tx.QueryRow(ctx, `
			SELECT coalesce(c.id, ''), a.side FROM authorisations a LEFT JOIN connections c ON c.number = a.connection
			WHERE a.state = $1 AND a.answer IS NULL AND a.expires_at > clock_timestamp() FOR UPDATE OF a`, key).Scan(&connection, &side)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		plain, err := json.Marshal(answered{State: key, Answer: answer})
		if err != nil {
			return errors.New("an answer could not be encoded")
		}
		sealed, err := a.vault.Seal(authorisationScope(connection, side), plain)
		if err != nil {
			return err
		}
		awaited = true
		_, err = tx.Exec(ctx, `UPDATE authorisations SET answer = $2 WHERE state = $1`, key, sealed)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("store: keep the answer of an authorisation: %w", err)
	}
	return awaited, nil
}

// Take returns the answer that carries a state and forgets it, so that nobody takes it twice; nil while there is none. It
// fails with oauth.ErrNotAwaited once nothing can come any more.
func (a *Authorisations) Take(ctx context.Context, state string) (*oauth.Answer, error) {
	key := digest(state)
	var connection string
	var side int16
	var sealed []byte
	var over bool
	err := a.store.pool.QueryRow(ctx, `
		WITH taken AS (DELETE FROM authorisations WHERE state = $1 AND answer IS NOT NULL RETURNING connection, side, answer)
		SELECT coalesce(c.id, ''), t.side, t.answer, false FROM taken t LEFT JOIN connections c ON c.number = t.connection
		UNION ALL
		SELECT '', side, NULL, expires_at < clock_timestamp() FROM authorisations WHERE state = $1 AND answer IS NULL`, key).
		Scan(&connection, &side, &sealed, &over)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && over {
		return nil, oauth.ErrNotAwaited
	}
	if err != nil {
		return nil, fmt.Errorf("store: take the answer of an authorisation: %w", err)
	}
	if sealed == nil {
		return nil, nil
	}
	plain, err := a.vault.Open(authorisationScope(connection, side), sealed)
	if err != nil {
		return nil, fmt.Errorf("store: the answer of an authorisation: %w", err)
	}
	var got answered
	if err := json.Unmarshal(plain, &got); err != nil || string(got.State) != string(key) {
		return nil, errors.New("store: the answer of an authorisation is another one's")
	}
	return &got.Answer, nil
}

// Forget lets nothing be received for a state any more. Safe to repeat.
func (a *Authorisations) Forget(ctx context.Context, state string) error {
	_, err := a.store.pool.Exec(ctx, `DELETE FROM authorisations WHERE state = $1`, digest(state))
	if err != nil {
		return fmt.Errorf("store: forget an authorisation: %w", err)
	}
	return nil
}

// PurgeAuthorisations forgets what nobody can wait for any more, and returns how many there were.
func (s *Store) PurgeAuthorisations(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM authorisations WHERE expires_at < clock_timestamp()`)
	if err != nil {
		return 0, fmt.Errorf("store: purge authorisations: %w", err)
	}
	return tag.RowsAffected(), nil
}

func digest(state string) []byte {
	sum := sha256.Sum256([]byte(state))
	return sum[:]
}

func authorisationScope(connection string, side int16) vault.Scope {
	return vault.Scope{Connection: connection, Side: sideOf(side), Purpose: authorisationPurpose}
}
