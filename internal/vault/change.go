package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Keyset is a keyset that is about to be changed. It is not safe for concurrent use: who changes one sees to it that nobody
// else does.
type Keyset struct {
	source Source
	handle *keyset.Handle
	keys   []Key
}

// ReadKeyset reads the keyset of a source, as Load does.
func ReadKeyset(source Source) (*Keyset, error) {
	content, err := source.read()
	if err != nil {
		return nil, err
	}
	handle, err := source.handle(content)
	if err != nil {
		return nil, err
	}
	k := &Keyset{source: source}
	return k, k.take(handle)
}

func (k *Keyset) take(handle *keyset.Handle) error {
	keys, err := keysOf(handle)
	if err != nil {
		return fmt.Errorf("vault: %s %w", k.source.place(), err)
	}
	k.handle, k.keys = handle, keys
	return nil
}

// Keys lists the keys, the oldest first.
func (k *Keyset) Keys() []Key { return slices.Clone(k.keys) }

// Primary is the id of the key that seals.
func (k *Keyset) Primary() uint32 { return (&ring{keys: k.keys}).primary() }

// Standby is the key that was added last and does not seal yet; ok is false where there is none.
func (k *Keyset) Standby() (id uint32, ok bool) {
	last := slices.IndexFunc(k.keys, func(key Key) bool { return key.Primary })
	for _, key := range k.keys[last+1:] {
		if key.Enabled {
			id, ok = key.ID, true
		}
	}
	return id, ok
}

// Add adds a new key on standby: it opens, but does not seal before it is promoted.
func (k *Keyset) Add() (id uint32, err error) {
	err = k.change(func(m *keyset.Manager) error {
		id, err = m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
	return id, err
}

// Promote makes an enabled key the one that seals.
func (k *Keyset) Promote(id uint32) error {
	return k.change(func(m *keyset.Manager) error { return m.SetPrimary(id) })
}

// Disable ends a key other than the primary: what is sealed under it does not open any more. The key itself stays in the
// keyset, so that it can be enabled again.
func (k *Keyset) Disable(id uint32) error {
	return k.change(func(m *keyset.Manager) error { return m.Disable(id) })
}

func (k *Keyset) change(by func(*keyset.Manager) error) error {
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := by(manager); err != nil {
		return errors.New("vault: the keyset cannot be changed so: the key is not there, or seals")
	}
	handle, err := manager.Handle()
	if err != nil {
		return errors.New("vault: the keyset cannot be changed so")
	}
	return k.take(handle)
}

// Save replaces the file that the keyset was read from, whole or not at all, and leaves it to the owner that it had. It
// fails for a keyset that was given by value.
func (k *Keyset) Save() error {
	if k.source.File == "" {
		return fmt.Errorf("vault: a keyset in %s cannot be changed from here", EnvValue)
	}
	content, err := k.source.encode(k.handle)
	if err != nil {
		return err
	}
	path, err := filepath.EvalSymlinks(k.source.File)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return put(path, content, func(from, to string) error {
		if err := keepOwner(from, to); err != nil {
			return err
		}
		return os.Rename(from, to)
	})
}

// SaveNew writes the keyset to a new file, as WriteNew does, and leaves the one that it was read from as it is.
func (k *Keyset) SaveNew(path string) error {
	content, err := k.source.encode(k.handle)
	if err != nil {
		return err
	}
	return put(path, content, os.Link)
}
