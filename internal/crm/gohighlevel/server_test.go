package gohighlevel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
)

// tokens is a token source whose refreshes hand out token-1, token-2, ….
type tokens struct {
	mu        sync.Mutex
	refreshes int
	refused   []string
	tokenErr  error
	refresh   error
	fixed     bool
}

func (s *tokens) current() crm.Token {
	return crm.Token{Access: fmt.Sprintf("token-%d", s.refreshes)}
}

func (s *tokens) Token(context.Context) (crm.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current(), s.tokenErr
}

func (s *tokens) Refresh(_ context.Context, refused string) (crm.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, refused)
	if s.refresh != nil {
		return crm.Token{}, s.refresh
	}
	if !s.fixed && refused == s.current().Access {
		s.refreshes++
	}
	return s.current(), nil
}

// meter is a limiter that counts.
type meter struct {
	mu       sync.Mutex
	acquired int
	observed []crm.Usage
	err      error
}

func (m *meter) Acquire(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acquired++
	return m.err
}

func (m *meter) Observe(u crm.Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.observed = append(m.observed, u)
}

// seen is a request as the server got it.
type seen struct {
	method, uri string
	header      http.Header
	body        string
}

// server answers each request by the next of the given answers (the last for ever) and remembers the requests.
type server struct {
	client  *Client
	tokens  *tokens
	meter   *meter
	mu      sync.Mutex
	got     []seen
	address string
}

type reply struct {
	status int
	body   string
	header http.Header
}

func serve(t *testing.T, adjust func(*Config), replies ...reply) *server {
	t.Helper()
	s := &server{tokens: &tokens{}, meter: &meter{}}
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		next := replies[min(len(s.got), len(replies)-1)]
		s.got = append(s.got, seen{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
		s.mu.Unlock()
		for name, values := range next.header {
			w.Header()[name] = values
		}
		w.WriteHeader(next.status)
		_, _ = io.WriteString(w, next.body)
	}))
	t.Cleanup(listening.Close)
	s.address = listening.URL
	config := Config{BaseURL: listening.URL, LocationID: "loc1", Tokens: s.tokens, Limiter: s.meter, HTTP: &http.Client{}}
	if adjust != nil {
		adjust(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	return s
}

func failureOf(t *testing.T, err error) *crm.Error {
	t.Helper()
	var failure *crm.Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a *crm.Error", err)
	}
	return failure
}

var (
	storedContact = reply{200, `{"contact":{"id":"c1"}}`, nil}
	tokenSpent    = reply{401, `{"statusCode":401,"message":"Invalid token: access token is invalid"}`, nil}
)
