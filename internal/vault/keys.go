package vault

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Key is a key of a keyset, without the key itself.
type Key struct {
	ID uint32
	// Enabled keys open what was sealed under them; the one that is Primary seals.
	Enabled bool
	Primary bool
}

// ring is one state of a keyset, ready for use.
type ring struct {
	aead tink.AEAD
	keys []Key
}

func (r *ring) enabled(id uint32) bool {
	return slices.ContainsFunc(r.keys, func(k Key) bool { return k.ID == id && k.Enabled })
}

func (r *ring) primary() uint32 {
	for _, k := range r.keys {
		if k.Primary {
			return k.ID
		}
	}
	return 0 // never: Tink refuses a keyset without one
}

// keysOf lists the keys of a keyset in its own order, which is that of their making, and refuses other kinds of key.
func keysOf(handle *keyset.Handle) ([]Key, error) {
	keys := make([]Key, 0, handle.Len())
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, errors.New("holds an unreadable key")
		}
		k := Key{ID: entry.KeyID(), Enabled: entry.KeyStatus() == keyset.Enabled, Primary: entry.IsPrimary()}
		if k.Enabled {
			parameters, ok := entry.Key().Parameters().(*aesgcm.Parameters)
			if !ok || parameters.KeySizeInBytes() != 32 || parameters.Variant() != aesgcm.VariantTink {
				return nil, fmt.Errorf("holds key %d, which is not an AES-256-GCM key with Tink's prefix", k.ID)
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}
