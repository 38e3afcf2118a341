package gohighlevel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestEverythingWrongWithAConfigurationIsSaidAtOnce(t *testing.T) {
	_, err := New(Config{
		BaseURL: "ftp://someone:pw@host/?q", LocationID: " ", UserAgent: "a\nb",
		Versions: map[string]string{"GET /nowhere": "v3", AllOperations: "latest", "GET /users/": "v3"},
	})
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for _, problem := range []string{"https://host", "a user, a query", "location id", "token source", "user agent", `"GET /nowhere"`, `"*"`, "company id"} {
		if !strings.Contains(err.Error(), problem) {
			t.Errorf("%q does not say %q", err, problem)
		}
	}
	if strings.Contains(err.Error(), "pw") {
		t.Error("the error quotes a password")
	}
	if _, err := New(Config{LocationID: "loc1", Tokens: &tokens{}}); err != nil {
		t.Errorf("the least configuration is refused: %v", err)
	}
}

func TestEachRequestCarriesTokenVersionAndAgent(t *testing.T) {
	s := serve(t, func(c *Config) {
		c.Versions = map[string]string{AllOperations: "2023-02-21", "PUT /contacts/{id}": "v3"}
		c.UserAgent = "tandem/1.2"
	}, storedContact)
	if _, err := s.client.GetContact(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.UpdateContact(t.Context(), "c1", crm.Document{"city": "Bath"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2023-02-21", "v3"} {
		h := s.got[i].header
		if h.Get("Version") != want || h.Get("Authorization") != "Bearer token-0" || h.Get("User-Agent") != "tandem/1.2" || h.Get("Accept") != "application/json" {
			t.Errorf("request %d carries %v", i, h)
		}
	}
	if s.got[0].header.Get("Content-Type") != "" || s.got[1].header.Get("Content-Type") != "application/json" {
		t.Error("the content type goes with a body and only with one")
	}
	if s.meter.acquired != 2 || len(s.meter.observed) != 2 {
		t.Errorf("acquired %d, observed %d", s.meter.acquired, len(s.meter.observed))
	}
}

func TestASpentTokenIsRefreshedOnceAndTheCallMadeAgain(t *testing.T) {
	s := serve(t, nil, tokenSpent, reply{201, storedContact.body, nil})
	stored, err := s.client.CreateContact(t.Context(), crm.Document{"email": "a@b.c"})
	if err != nil || stored["id"] != "c1" {
		t.Fatalf("got %v, %v", stored, err)
	}
	if len(s.got) != 2 || s.got[1].header.Get("Authorization") != "Bearer token-1" || s.got[1].body != s.got[0].body || s.got[0].body == "" {
		t.Errorf("requests: %+v", s.got)
	}
	if s.meter.acquired != 2 || len(s.tokens.refused) != 1 || s.tokens.refused[0] != "token-0" {
		t.Errorf("acquired %d, refused %q", s.meter.acquired, s.tokens.refused)
	}
}

func TestASecondRefusedTokenNeedsReconnecting(t *testing.T) {
	s := serve(t, nil, tokenSpent)
	_, err := s.client.GetContact(t.Context(), "c1")
	if got := failureOf(t, err); got.Kind != crm.NeedsReconnect || got.Code != "token_invalid" {
		t.Errorf("got %v", got)
	}
	if len(s.got) != 2 || len(s.tokens.refused) != 1 {
		t.Errorf("%d requests, %d refreshes", len(s.got), len(s.tokens.refused))
	}
}

func TestATokenThatCannotBeReplacedIsNotSentAgain(t *testing.T) {
	s := serve(t, nil, tokenSpent)
	s.tokens.fixed = true // a private integration token
	_, err := s.client.GetContact(t.Context(), "c1")
	if got := failureOf(t, err); got.Kind != crm.NeedsReconnect || len(s.got) != 1 {
		t.Errorf("got %v after %d requests", got, len(s.got))
	}
}

func TestARefusalThatIsNotAboutTheTokenIsNeverRefreshed(t *testing.T) {
	for _, message := range []string{"The token is not authorized for this scope.", "version header is invalid", "Token's user type mismatch!"} {
		s := serve(t, nil, reply{401, `{"message":"` + message + `"}`, nil})
		if _, err := s.client.GetContact(t.Context(), "c1"); err == nil {
			t.Error("no error")
		}
		if len(s.tokens.refused) != 0 || len(s.got) != 1 {
			t.Errorf("%q: %d refreshes, %d requests", message, len(s.tokens.refused), len(s.got))
		}
	}
}

func TestWhatOtherRoomsClassifiedPassesThrough(t *testing.T) {
	gone := &crm.Error{Kind: crm.NeedsReconnect, Reason: "revoked"}
	later := &crm.Error{Kind: crm.RateLimited}
	for name, c := range map[string]struct {
		breaks func(*server)
		want   *crm.Error
	}{
		"the token source":       {func(s *server) { s.tokens.tokenErr = gone }, gone},
		"the refresh":            {func(s *server) { s.tokens.refresh = gone }, gone},
		"the limiter":            {func(s *server) { s.meter.err = later }, later},
		"a wrapped token source": {func(s *server) { s.tokens.tokenErr = fmt.Errorf("vault: %w", gone) }, gone},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, tokenSpent)
			c.breaks(s)
			_, err := s.client.GetContact(t.Context(), "c1")
			if failureOf(t, err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAForeignErrorIsNotQuoted(t *testing.T) {
	s := serve(t, nil, storedContact)
	s.tokens.tokenErr = errors.New("refresh_token=SECRET")
	_, err := s.client.GetContact(t.Context(), "c1")
	if got := failureOf(t, err); got.Kind != crm.Unavailable || strings.Contains(fmt.Sprintf("%+v", *got), "SECRET") {
		t.Errorf("got %+v", *got)
	}
	s.tokens.tokenErr, s.meter.err = nil, context.Canceled
	if _, err := s.client.GetContact(t.Context(), "c1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error in the chain", err)
	}
	if len(s.got) != 0 {
		t.Error("a request was sent")
	}
}

func TestARedirectIsNotFollowedWithTheToken(t *testing.T) {
	elsewhere := serve(t, nil, storedContact)
	s := serve(t, func(c *Config) { c.HTTP = &http.Client{} }, reply{302, "", http.Header{"Location": {elsewhere.address + "/contacts/c1"}}})
	_, err := s.client.GetContact(t.Context(), "c1")
	if got := failureOf(t, err); got.Code != "redirected" || len(elsewhere.got) != 0 {
		t.Errorf("got %v; %d requests went elsewhere", got, len(elsewhere.got))
	}
}

func TestAnAnswerThatCannotBeReadLeavesACreateOpen(t *testing.T) {
	for name, body := range map[string]string{
		"a page": "<html>", "nothing": "", "a list": "[]", "no contact": "{}", "half": `{"contact":{"id":"c1"`,
		"too much": `{"contact":{"id":"c1"}} trailing`, "no id": `{"contact":{"firstName":"x"}}`, "null": `{"contact":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, reply{200, body, nil})
			_, err := s.client.CreateContact(t.Context(), crm.Document{})
			if got := failureOf(t, err); got.Kind != crm.Ambiguous || got.Status != 200 {
				t.Errorf("create: %v", got)
			}
			_, err = s.client.GetContact(t.Context(), "c1")
			if got := failureOf(t, err); got.Kind != crm.Unavailable {
				t.Errorf("read: %v", got)
			}
		})
	}
}

func TestAnAnswerLargerThanAnyPageIsNotHeldInMemory(t *testing.T) {
	s := serve(t, nil, reply{200, `{"x":"` + strings.Repeat("x", answerLimit) + `"}`, nil})
	_, err := s.client.GetContact(t.Context(), "c1")
	if got := failureOf(t, err); got.Code != "answer_too_large" || got.Kind != crm.Unavailable {
		t.Errorf("got %v", got)
	}
}

func TestOneClientServesManyCallersAtOnce(t *testing.T) {
	var mu sync.Mutex
	spent := map[string]bool{"Bearer token-0": true}
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		refuse := spent[r.Header.Get("Authorization")]
		mu.Unlock()
		if refuse {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, tokenSpent.body)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"contact": map[string]any{"id": strings.TrimPrefix(r.URL.Path, "/contacts/")}})
	}))
	defer listening.Close()
	source := &tokens{}
	client, err := New(Config{BaseURL: listening.URL, LocationID: "loc1", Tokens: source, HTTP: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			id := fmt.Sprintf("c%d", i)
			contact, err := client.GetContact(t.Context(), id)
			if err != nil || contact["id"] != id {
				t.Errorf("%s: got %v, %v", id, contact, err)
			}
		})
	}
	wait.Wait()
	if source.refreshes != 1 {
		t.Errorf("the token was refreshed %d times", source.refreshes)
	}
}

func TestATokenGoesToHighLevelsOwnHostsOnlyUnlessTheCallerSaysOtherwise(t *testing.T) {
	client, err := New(Config{BaseURL: "https://services.leadconnectorhq.com.evil.invalid", LocationID: "loc1", Tokens: &tokens{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateContact(t.Context(), crm.Document{"email": "ada@example.com"})
	if failure := failureOf(t, err); failure.Kind != crm.Invalid || !strings.Contains(failure.Reason, "TANDEM_ALLOW_HOSTS") {
		t.Errorf("got %+v", failure)
	}
}
