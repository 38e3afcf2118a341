package assembly

import (
	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/vault"
)

// FingerprintPurpose is the vault purpose of a connection's fingerprint key.
const FingerprintPurpose = "fingerprint-key"

// NewCipher returns the cipher of a connection, for whoever opens what its workers have sealed.
func NewCipher(v *vault.Vault, connection string) activities.Cipher {
	return cipher{vault: v, connection: connection}
}

// cipher binds the vault to one connection.
type cipher struct {
	vault      *vault.Vault
	connection string
}

func (c cipher) Seal(side record.Side, purpose string, plain []byte) ([]byte, error) {
	return c.vault.Seal(vault.Scope{Connection: c.connection, Side: side, Purpose: purpose}, plain)
}

func (c cipher) Open(side record.Side, purpose string, sealed []byte) ([]byte, error) {
	return c.vault.Open(vault.Scope{Connection: c.connection, Side: side, Purpose: purpose}, sealed)
}
