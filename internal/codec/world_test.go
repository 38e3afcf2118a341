package codec

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/tandem-sync/tandem/internal/vault"
)

// shelf keeps keys in memory.
type shelf struct {
	mu   sync.Mutex
	keys map[string]*vault.DataKey
	last int64
	down error
	read int // how often
}

func (s *shelf) PayloadKey(_ context.Context, connection string) (*vault.DataKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	if s.down != nil {
		return nil, s.down
	}
	if key := s.keys[connection]; key != nil {
		return key, nil
	}
	return nil, vault.ErrErased
}

// add gives a connection a key, in place of one that it has.
func (s *shelf) add(t *testing.T, connection string) {
	t.Helper()
	plain, err := vault.NewDataKey()
	require.NoError(t, err)
	s.last++
	s.keys[connection], err = vault.OpenDataKey(s.last, connection, plain)
	require.NoError(t, err)
}

func (s *shelf) forget(connection string) { delete(s.keys, connection) }

// world is a codec on a shelf with the keys of the house and of two connections.
type world struct {
	*shelf
	*Codec
	clock time.Time
}

func newWorld(t *testing.T, life time.Duration) *world {
	t.Helper()
	w := &world{shelf: &shelf{keys: map[string]*vault.DataKey{}}, clock: time.Unix(1, 0)}
	for _, connection := range []string{"", "acme", "bare"} {
		w.add(t, connection)
	}
	keys := NewKeys(w.shelf, life)
	keys.now = func() time.Time { return w.clock }
	w.Codec = New(keys, func(workflowID string) string {
		_, connection, _ := strings.Cut(workflowID, "/")
		return connection
	})
	return w
}

// in returns the converter of a run about a connection.
func (w *world) in(connection string) converter.DataConverter {
	return converter.WithDataConverterSerializationContext(w.Converter(), converter.WorkflowSerializationContext{WorkflowID: "run/" + connection})
}

func (w *world) encrypt(t *testing.T, connection, text string) *common.Payload {
	t.Helper()
	p, err := w.in(connection).ToPayload(text)
	require.NoError(t, err)
	return p
}

var errDown = errors.New("no answer")
