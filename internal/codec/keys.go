package codec

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tandem-sync/tandem/internal/vault"
)

// KeyLife is how long a process takes a key as read. For as long a worker may still read what was erased.
const KeyLife = 30 * time.Second

// patience is how long the reading of a key may take.
const patience = 5 * time.Second

// Source is where keys are kept.
type Source interface {
	// PayloadKey returns the key of a connection, or with "" that of what is about none. It fails with vault.ErrErased where
	// the connection has none.
	PayloadKey(ctx context.Context, connection string) (*vault.DataKey, error)
}

// Keys keeps the keys that were read in memory. It is safe for concurrent use.
type Keys struct {
	source Source
	life   time.Duration
	now    func() time.Time

	mu      sync.Mutex
	held    map[string]held
	reading singleflight.Group
}

type held struct {
	key *vault.DataKey
	at  time.Time
}

// NewKeys takes where keys are kept, and for how long one is taken as read; 0 reads one whenever it is needed.
func NewKeys(source Source, life time.Duration) *Keys {
	return &Keys{source: source, life: life, now: time.Now, held: map[string]held{}}
}

// Check reads the key of what is about no connection, so that a program with another keyset, or without Postgres, ends when
// it starts and not in the middle of its work.
func (k *Keys) Check() error {
	_, err := k.current("")
	return err
}

// current returns the key under which a connection's payloads are encrypted now.
func (k *Keys) current(connection string) (*vault.DataKey, error) {
	k.mu.Lock()
	h, ok := k.held[connection]
	k.mu.Unlock()
	if ok && k.now().Sub(h.at) < k.life {
		return h.key, nil
	}
	key, err := k.read(connection)
	if err != nil && ok && !errors.Is(err, vault.ErrErased) {
		// While Postgres does not answer nothing is erased either, and the work goes on.
		k.hold(connection, h.key)
		return h.key, nil
	}
	return key, err
}

// withID returns the key of a connection that has an id. It fails with vault.ErrErased where the connection has another one
// by now.
func (k *Keys) withID(connection string, id int64) (*vault.DataKey, error) {
	key, err := k.current(connection)
	if err == nil && key.ID() != id {
		key, err = k.read(connection) // this process may be the last to hear of a new one
	}
	if err == nil && key.ID() != id {
		return nil, vault.ErrErased
	}
	return key, err
}

func (k *Keys) read(connection string) (*vault.DataKey, error) {
	read, err, _ := k.reading.Do(connection, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		key, err := k.source.PayloadKey(ctx, connection)
		if err == nil {
			k.hold(connection, key)
		}
		if errors.Is(err, vault.ErrErased) {
			k.mu.Lock()
			delete(k.held, connection)
			k.mu.Unlock()
		}
		return key, err
	})
	if err != nil {
		return nil, err
	}
	return read.(*vault.DataKey), nil
}

func (k *Keys) hold(connection string, key *vault.DataKey) {
	if k.life == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[connection] = held{key: key, at: k.now()}
}
