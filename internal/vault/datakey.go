package vault

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrErased is what whoever keeps data keys fails with where there is none: it was destroyed, or there never was one. What
// was sealed under it is lost for good.
var ErrErased = errors.New("vault: the key was destroyed")

// DataKeySize is the length of a data key in bytes.
const DataKeySize = 32

// DataKey seals very many values of one owner by AES-256-GCM, where all of them are to become unreadable at once: by
// destroying the key. It is kept sealed under the keyset. Its nonces are random, so that one key must not seal more than
// four thousand million values. It is safe for concurrent use.
type DataKey struct {
	id    int64
	owner string
	aead  tink.AEAD
}

// NewDataKey returns DataKeySize random bytes for OpenDataKey.
func NewDataKey() ([]byte, error) {
	key := make([]byte, DataKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("vault: no random bytes: %w", err)
	}
	return key, nil
}

// OpenDataKey makes a data key usable. What it seals opens only under the same key, id and owner.
func OpenDataKey(id int64, owner string, key []byte) (*DataKey, error) {
	if len(key) != DataKeySize {
		return nil, errors.New("vault: a data key has the wrong length")
	}
	aead, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, errors.New("vault: a data key does not make a cipher")
	}
	return &DataKey{id: id, owner: owner, aead: aead}, nil
}

// ID tells apart the keys that an owner had one after the other.
func (k *DataKey) ID() int64 { return k.id }

// Seal encrypts plain. Every call gives different bytes.
func (k *DataKey) Seal(plain []byte) ([]byte, error) {
	sealed, err := k.aead.Encrypt(plain, k.associatedData())
	if err != nil {
		return nil, errors.New("vault: the value could not be sealed")
	}
	return sealed, nil
}

// Open decrypts what Seal made. It fails with ErrDoesNotOpen.
func (k *DataKey) Open(sealed []byte) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, k.associatedData())
	if err != nil {
		return nil, fmt.Errorf("%w: it is damaged, or was sealed for another owner", ErrDoesNotOpen)
	}
	return plain, nil
}

// associatedData begins with the version of this encoding; the id has a fixed length, so that no two pairs share one.
func (k *DataKey) associatedData() []byte {
	data := binary.BigEndian.AppendUint64([]byte{1}, uint64(k.id))
	return append(data, k.owner...)
}
