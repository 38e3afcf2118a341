package gohighlevel_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/spectest"
)

// location is a fake location with a client of it; what passes between them is checked against HighLevel's description.
type location struct {
	fake   *gohighleveltest.Fake
	client crm.GoHighLevel
	grant  *grant
}

func open(t *testing.T, options gohighleveltest.Options, scopes ...string) location {
	t.Helper()
	fake := gohighleveltest.New(options)
	server := httptest.NewServer(spectest.Validate(t, fake.Handler()))
	t.Cleanup(server.Close)
	g := &grant{address: server.URL}
	g.access, g.refresh = fake.GrantToken(scopes...)
	client, err := gohighlevel.New(gohighlevel.Config{BaseURL: server.URL, LocationID: fake.LocationID(), Tokens: g, HTTP: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	return location{fake, client, g}
}

// grant is a token source that refreshes at the fake's token endpoint.
type grant struct {
	mu              sync.Mutex
	address         string
	access, refresh string
	refreshes       int
}

func (g *grant) Token(context.Context) (crm.Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return crm.Token{Access: g.access}, nil
}

func (g *grant) Refresh(_ context.Context, refused string) (crm.Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if refused != g.access {
		return crm.Token{Access: g.access}, nil
	}
	g.refreshes++
	response, err := http.PostForm(g.address+"/oauth/token", url.Values{
		"client_id": {gohighleveltest.DefaultClientID}, "client_secret": {gohighleveltest.DefaultClientSecret},
		"grant_type": {"refresh_token"}, "refresh_token": {g.refresh}, "user_type": {"Location"},
	})
	if err != nil {
		return crm.Token{}, err
	}
	defer response.Body.Close()
	var pair struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&pair); err != nil {
		return crm.Token{}, err
	}
	if pair.Access == "" {
		return crm.Token{}, &crm.Error{Kind: crm.NeedsReconnect}
	}
	g.access, g.refresh = pair.Access, pair.Refresh
	return crm.Token{Access: g.access}, nil
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantKind(t *testing.T, err error, kind crm.Kind) *crm.Error {
	t.Helper()
	var failure *crm.Error
	if !errors.As(err, &failure) || failure.Kind != kind {
		t.Fatalf("got %v, want %s", err, kind)
	}
	return failure
}
