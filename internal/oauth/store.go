package oauth

import (
	"context"
	"errors"

	"github.com/tandem-sync/tandem/internal/record"
)

// ErrNoCredential is what a Store fails with when the side of the connection holds no credential.
var ErrNoCredential = errors.New("oauth: no credential is stored")

// Store keeps the credentials, sealed.
type Store interface {
	// LoadCredential reads the credential of one side, without waiting for anybody who holds it locked. It fails with
	// ErrNoCredential when there is none.
	LoadCredential(ctx context.Context, connection string, side record.Side) (*Credential, error)
	// WithCredential locks the credential of one side against every other WithCredential in the cluster, reads it, and
	// calls fn with it once at most: fn may spend a single-use token, so it is never called again. Where fn asks to
	// save and does not fail, the changed credential is committed before WithCredential returns nil; otherwise nothing
	// is changed, and fn's error is returned. What the credential says is refused is kept beside it, for others to see, and
	// ends where a credential is saved without. It fails with ErrNoCredential when there is none.
	WithCredential(ctx context.Context, connection string, side record.Side, fn func(c *Credential) (save bool, err error)) error
}
