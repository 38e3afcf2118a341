package salesforce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

// grant is a token source whose refreshed tokens are numbered.
type grant struct {
	mu         sync.Mutex
	instance   string
	generation int
	refused    []string
	err        error
	refreshErr error
}

func (g *grant) Token(context.Context) (crm.Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return crm.Token{Access: g.access(), InstanceURL: g.instance}, g.err
}

func (g *grant) Refresh(_ context.Context, refused string) (crm.Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refreshErr != nil {
		return crm.Token{}, g.refreshErr
	}
	g.refused = append(g.refused, refused)
	if refused == g.access() {
		g.generation++
	}
	return crm.Token{Access: g.access(), InstanceURL: g.instance}, nil
}

func (g *grant) access() string { return fmt.Sprintf("secret-token-%d", g.generation) }

// allowance is a limiter that remembers what it saw.
type allowance struct {
	mu       sync.Mutex
	acquired int
	observed []crm.Usage
	err      error
}

func (a *allowance) Acquire(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acquired++
	return a.err
}

func (a *allowance) Observe(u crm.Usage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observed = append(a.observed, u)
}

// sent is one request as the org received it.
type sent struct {
	method, uri, body string
	header            http.Header
}

// org is a scripted Salesforce: it gives its answers in turn, the last one for ever.
type org struct {
	*Client
	server  *httptest.Server
	grant   *grant
	limiter *allowance

	mu       sync.Mutex
	received []sent
	answers  []scripted
}

type scripted struct {
	status int
	body   string
	header map[string]string
}

func newOrg(t *testing.T, answers ...scripted) *org {
	t.Helper()
	return newOrgWith(t, Config{}, answers...)
}

func newOrgWith(t *testing.T, cfg Config, answers ...scripted) *org {
	t.Helper()
	o := &org{answers: answers, limiter: &allowance{}}
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	o.grant = &grant{instance: o.server.URL}
	cfg.Tokens, cfg.Limiter, cfg.HTTP = o.grant, o.limiter, &http.Client{}
	client, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(client.http.CloseIdleConnections)
	o.Client = client
	return o
}

func (o *org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	o.received = append(o.received, sent{r.Method, r.RequestURI, string(body), r.Header.Clone()})
	next := o.answers[0]
	if len(o.answers) > 1 {
		o.answers = o.answers[1:]
	}
	o.mu.Unlock()
	for name, value := range next.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

func (o *org) requests() []sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.received
}

func (o *org) last() sent {
	all := o.requests()
	return all[len(all)-1]
}

// refusal is the *crm.Error in err's chain.
func refusal(t *testing.T, err error) *crm.Error {
	t.Helper()
	var e *crm.Error
	require.Error(t, err)
	require.True(t, errors.As(err, &e), "not a *crm.Error: %T", err)
	return e
}

// relocating is a grant whose org has moved by the time of the refresh.
type relocating struct {
	*grant
	instance string
}

func (r relocating) Refresh(ctx context.Context, refused string) (crm.Token, error) {
	token, err := r.grant.Refresh(ctx, refused)
	token.InstanceURL = r.instance
	return token, err
}
