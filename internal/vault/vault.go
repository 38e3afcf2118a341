// Package vault encrypts what Tandem keeps at rest: tokens, the journal and Temporal payloads. It uses Tink keysets
// of AES-256-GCM keys, held in clear JSON by whoever runs Tandem.
package vault

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/tandem-sync/tandem/internal/record"
)

// ErrDoesNotOpen is what Open fails with: the sealed bytes are damaged, belong to another scope, or were sealed under
// a key that is not an enabled one of the keyset.
var ErrDoesNotOpen = errors.New("vault: the sealed value does not open")

// FingerprintKeySize is the length of a fingerprint key in bytes.
const FingerprintKeySize = 32

// Scope says what a sealed value belongs to. A value opens only under the very scope that it was sealed for.
type Scope struct {
	Connection string
	Side       record.Side
	// Purpose names what is sealed, as "credential" or "journal"; it must not be empty.
	Purpose string
}

// Vault seals and opens values. It is safe for concurrent use.
type Vault struct {
	aead   tink.AEAD
	keyIDs map[uint32]bool
}

// Seal encrypts plain for the scope under the keyset's primary key. Every call gives different bytes.
func (v *Vault) Seal(scope Scope, plain []byte) ([]byte, error) {
	if scope.Purpose == "" {
		return nil, errors.New("vault: a scope needs a purpose")
	}
	sealed, err := v.aead.Encrypt(plain, scope.associatedData())
	if err != nil {
		return nil, errors.New("vault: the value could not be sealed")
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same scope, under whichever enabled key of the keyset it was sealed. It fails
// with ErrDoesNotOpen.
func (v *Vault) Open(scope Scope, sealed []byte) ([]byte, error) {
	if scope.Purpose == "" {
		return nil, errors.New("vault: a scope needs a purpose")
	}
	plain, err := v.aead.Decrypt(sealed, scope.associatedData())
	if err == nil {
		return plain, nil
	}
	if id, ok := keyID(sealed); ok && !v.keyIDs[id] {
		return nil, fmt.Errorf("%w: it names key %d, which is not an enabled key of the keyset", ErrDoesNotOpen, id)
	}
	return nil, fmt.Errorf("%w: it is damaged or belongs to another connection, side or purpose", ErrDoesNotOpen)
}

// NewFingerprintKey returns FingerprintKeySize random bytes, the key under which a connection's fingerprints are made.
func NewFingerprintKey() ([]byte, error) {
	key := make([]byte, FingerprintKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("vault: no random bytes: %w", err)
	}
	return key, nil
}

// associatedData encodes the scope so that no two scopes share an encoding: each part is preceded by its length. The
// leading byte is the version of the encoding.
func (s Scope) associatedData() []byte {
	parts := [...]string{s.Connection, string(s.Side), s.Purpose}
	data := make([]byte, 1, 1+3*binary.MaxVarintLen64+len(s.Connection)+len(s.Side)+len(s.Purpose))
	data[0] = 1
	for _, part := range parts {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data
}

// keyID reads the key's id from the prefix that Tink puts before a ciphertext.
func keyID(sealed []byte) (uint32, bool) {
	const tinkPrefix = 1
	if len(sealed) < 5 || sealed[0] != tinkPrefix {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}
