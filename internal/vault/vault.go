// Package vault encrypts what Tandem keeps at rest: tokens, the journal and Temporal payloads. It uses Tink keysets
// of AES-256-GCM keys, held in JSON by whoever runs Tandem, in clear or encrypted by a key management service.
package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

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

// Vault seals and opens values. It is safe for concurrent use, also while its keyset changes.
type Vault struct {
	source Source
	ring   atomic.Pointer[ring]

	mu   sync.Mutex // of those that look whether the keyset has changed
	read [sha256.Size]byte
}

// Seal encrypts plain for the scope under the keyset's primary key. Every call gives different bytes.
func (v *Vault) Seal(scope Scope, plain []byte) ([]byte, error) {
	if scope.Purpose == "" {
		return nil, errors.New("vault: a scope needs a purpose")
	}
	sealed, err := v.ring.Load().aead.Encrypt(plain, scope.associatedData())
	if err != nil {
		return nil, errors.New("vault: the value could not be sealed")
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same scope, under whichever enabled key of the keyset it was sealed. It fails
// with ErrDoesNotOpen. Where a value names a key that the vault does not know, it looks first whether the keyset has changed.
func (v *Vault) Open(scope Scope, sealed []byte) ([]byte, error) {
	if scope.Purpose == "" {
		return nil, errors.New("vault: a scope needs a purpose")
	}
	id, named := keyID(sealed)
	r := v.ring.Load()
	if named && !r.enabled(id) {
		if _, err := v.Reload(); err != nil {
			return nil, fmt.Errorf("%w: it names key %d, and %w", ErrDoesNotOpen, id, err)
		}
		if r = v.ring.Load(); !r.enabled(id) {
			return nil, fmt.Errorf("%w: it names key %d, which is not an enabled key of the keyset", ErrDoesNotOpen, id)
		}
	}
	plain, err := r.aead.Decrypt(sealed, scope.associatedData())
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged or belongs to another connection, side or purpose", ErrDoesNotOpen)
	}
	return plain, nil
}

// Keys lists the keys of the keyset as it was read last, the oldest first.
func (v *Vault) Keys() []Key { return slices.Clone(v.ring.Load().keys) }

// Primary is the id of the key that Seal uses.
func (v *Vault) Primary() uint32 { return v.ring.Load().primary() }

// Reload takes over the keyset's file where it has changed, and tells whether it has. A keyset given by value never changes.
// It fails, and the vault goes on with the keys that it has, where the file cannot be used or lacks a key that the vault
// seals or opens with: what is sealed under one must not become unreadable by a wrong file. Cheap where nothing has changed,
// and safe to repeat.
func (v *Vault) Reload() (changed bool, err error) {
	if v.source.File == "" {
		return false, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	content, err := v.source.read()
	if err != nil {
		return false, err
	}
	read := sha256.Sum256(content)
	if read == v.read {
		return false, nil
	}
	fresh, err := v.source.ring(content)
	if err != nil {
		return false, err
	}
	for _, held := range v.ring.Load().keys {
		there := slices.ContainsFunc(fresh.keys, func(k Key) bool { return k.ID == held.ID })
		if held.Enabled && !there {
			return false, fmt.Errorf("vault: %s lacks key %d, which is in use: it is not taken", v.source.place(), held.ID)
		}
	}
	v.ring.Store(fresh)
	v.read = read
	return true, nil
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

// PrefixSize is the length of what stands before each sealed value and names its key.
const PrefixSize = 5

// Prefix is what stands before each value that is sealed under a key.
func Prefix(key uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{tinkPrefix}, key)
}

// KeyOf tells the id of the key that a sealed value, or the prefix of one, names.
func KeyOf(sealed []byte) (key uint32, ok bool) { return keyID(sealed) }

const tinkPrefix = 1

// keyID reads the key's id from the prefix that Tink puts before a ciphertext.
func keyID(sealed []byte) (uint32, bool) {
	if len(sealed) < PrefixSize || sealed[0] != tinkPrefix {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}
