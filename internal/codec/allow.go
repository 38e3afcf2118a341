package codec

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Allow decides whether whoever sent a request may see what is decrypted; nil is yes.
type Allow func(r *http.Request) error

var (
	errNoToken = errors.New("no token that is allowed")
	errNotNow  = errors.New("tokens cannot be checked now")
)

// Anybody lets everybody see. It is for a server that only the person can reach whose machine it is.
func Anybody(*http.Request) error { return nil }

// Token lets those see who send a bearer token.
func Token(token string) Allow {
	want := sha256.Sum256([]byte(token))
	return func(r *http.Request) error {
		got := sha256.Sum256([]byte(bearer(r, "Authorization")))
		if token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return errNoToken
		}
		return nil
	}
}

// Claim is what a token must say of whoever has it: a claim of that name which is the value, or a list that has it. A name with
// dots leads into what a claim holds, as realm_access.roles, where no claim has just that name. The zero Claim asks for nothing.
type Claim struct{ Name, Value string }

// in tells whether a token's claims have it.
func (c Claim) in(claims map[string]any) bool {
	if c == (Claim{}) {
		return true
	}
	held, known := claims[c.Name]
	for name, rest, more := "", c.Name, true; !known && more; {
		name, rest, more = strings.Cut(rest, ".")
		if held = claims[name]; more {
			claims, _ = held.(map[string]any)
		}
	}
	if list, ok := held.([]any); ok {
		return slices.Contains(list, any(c.Value))
	}
	return held == any(c.Value)
}

// OIDC lets those see who send a token that an issuer signed for an audience, and that has a claim: the access token that the
// Web UI passes on, or the ID token beside it. The issuer is asked for its keys with the first request, so that its absence keeps nothing else from
// starting.
func OIDC(issuer, audience string, claim Claim) Allow {
	o := &openID{issuer: issuer, audience: audience, claim: claim}
	return o.allow
}

type openID struct {
	issuer, audience string
	claim            Claim

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

func (o *openID) allow(r *http.Request) error {
	var tokens []string
	for _, header := range []string{"Authorization", "Authorization-Extras"} {
		if token := bearer(r, header); token != "" {
			tokens = append(tokens, token)
		}
	}
	if len(tokens) == 0 {
		return errNoToken
	}
	verifier, err := o.ready()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotNow, err)
	}
	for _, token := range tokens {
		verified, err := verifier.Verify(r.Context(), token)
		var claims map[string]any
		if err == nil && verified.Claims(&claims) == nil && o.claim.in(claims) {
			return nil
		}
	}
	return errNoToken
}

func (o *openID) ready() (*oidc.IDTokenVerifier, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.verifier != nil {
		return o.verifier, nil
	}
	// What the provider fetches later, it fetches under this client too.
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: patience})
	provider, err := oidc.NewProvider(ctx, o.issuer)
	if err != nil {
		return nil, err
	}
	o.verifier = provider.Verifier(&oidc.Config{ClientID: o.audience})
	return o.verifier, nil
}

// bearer returns the token of a header, with "Bearer " before it or without.
func bearer(r *http.Request, header string) string {
	value := strings.TrimSpace(r.Header.Get(header))
	if scheme, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(rest)
	}
	if header == "Authorization" {
		return ""
	}
	return value
}
