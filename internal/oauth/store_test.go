package oauth

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/record"
)

// journal notes what happened, in order.
type journal struct {
	mu     sync.Mutex
	events []string
}

func (j *journal) note(event string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event)
}

func (j *journal) list() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.events...)
}

// memoryStore keeps one credential as JSON, as the real one keeps it sealed.
type memoryStore struct {
	row       sync.Mutex
	mu        sync.Mutex
	content   []byte
	commits   chan string // the access token of each commit, if anybody listens
	journal   *journal
	failSaves int // how many commits fail before one succeeds
	failLoads int
	refusal   *Refusal // which is kept beside what is sealed
}

var errStoreDown = errors.New("the database is down")

func newMemoryStore(t testing.TB, c Credential) *memoryStore {
	t.Helper()
	s := &memoryStore{journal: &journal{}}
	s.put(t, c)
	return s
}

func (s *memoryStore) put(t testing.TB, c Credential) {
	t.Helper()
	content, err := c.Encode()
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = content
}

func (s *memoryStore) get(t testing.TB) Credential {
	t.Helper()
	c, err := s.LoadCredential(t.Context(), "", "")
	require.NoError(t, err)
	return *c
}

func (s *memoryStore) LoadCredential(ctx context.Context, _ string, _ record.Side) (*Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if s.failLoads > 0 {
		s.failLoads--
		return nil, errStoreDown
	}
	if s.content == nil {
		return nil, ErrNoCredential
	}
	return DecodeCredential(s.content)
}

func (s *memoryStore) WithCredential(ctx context.Context, connection string, side record.Side, fn func(*Credential) (bool, error)) error {
	s.row.Lock()
	defer s.row.Unlock()
	c, err := s.LoadCredential(ctx, connection, side)
	if err != nil {
		return err
	}
	c.Refusal = s.refusal
	save, err := fn(c)
	if err != nil || !save {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	content, err := c.Encode()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failSaves > 0 {
		s.failSaves--
		return errStoreDown
	}
	s.content, s.refusal = content, c.Refusal
	s.journal.note("stored " + c.AccessToken)
	if s.commits != nil {
		s.commits <- c.AccessToken
	}
	return nil
}
