package oauth

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// loadLimit bounds the reading of a credential, and renewLimit a whole renewal with its wait for the lock. Both run
	// on when the caller gives up: a renewal that stops half-way loses the grant.
	loadLimit  = 30 * time.Second
	renewLimit = 2 * time.Minute
	// renewNeeds is the time that a renewal must still have once it holds the lock, or it does not begin.
	renewNeeds = 2*tryTimeout + 10*time.Second
	// earlyRetry is how long a token that is still good is used on after an early renewal failed.
	earlyRetry = time.Minute
)

// TokenSource gives the clients of one side of one connection their token. Many may exist over one store, in as many
// processes: an access token that the vendor refuses is renewed once by all of them together. It implements
// crm.TokenSource; its methods fail with *crm.Error.
type TokenSource struct {
	store      Store
	connection string
	side       record.Side
	endpoint   endpoint
	pause      func(ctx context.Context, d time.Duration)

	flights singleflight.Group

	mu         sync.Mutex
	cached     *Credential // never changed once it is here
	renewal    *renewal
	earlyAfter time.Time
}

var _ crm.TokenSource = (*TokenSource)(nil)

// Option changes a TokenSource.
type Option func(*TokenSource)

// WithHTTPClient sets the client that calls the token endpoint; nil means one that reaches the
// side's own hosts only. Its redirect policy and cookies are not used.
func WithHTTPClient(client *http.Client) Option {
	return func(s *TokenSource) { s.endpoint = newEndpoint(client, s.endpoint.now) }
}

// WithClock sets the clock that tells when a token is due to be renewed.
func WithClock(now func() time.Time) Option {
	return func(s *TokenSource) { s.endpoint.now = now }
}

// NewTokenSource returns the token source of one side of a connection. It reads nothing yet.
func NewTokenSource(store Store, connection string, side record.Side, options ...Option) *TokenSource {
	s := &TokenSource{
		store: store, connection: connection, side: side, endpoint: newEndpoint(nil, time.Now), pause: pause,
	}
	for _, option := range options {
		option(s)
	}
	return s
}

// Format prints whose tokens the source gives, without any secret.
func (s *TokenSource) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "token source (%s, %s)", s.connection, s.side)
}

// Token returns the current token. A token that has lived four fifths of its life is renewed first; when that fails
// without need, the token is used on for a while.
func (s *TokenSource) Token(ctx context.Context) (crm.Token, error) {
	c, err := s.current(ctx)
	if err != nil {
		return crm.Token{}, err
	}
	if c.State == StateReconnect {
		return s.refresh(ctx, c.bearer(), false)
	}
	now := s.endpoint.now()
	good := c.bearer() != "" && now.Before(c.ExpiresAt)
	if c.bearer() != "" && (now.Before(c.dueAt()) || now.Before(s.earlyHeldUntil()) && good) {
		return c.token(), nil
	}
	token, err := s.refresh(ctx, c.bearer(), good)
	if err != nil && crm.KindOf(err) != crm.NeedsReconnect && ctx.Err() == nil && good {
		s.mu.Lock()
		s.earlyAfter = now.Add(earlyRetry)
		s.mu.Unlock()
		return c.token(), nil
	}
	return token, err
}

// Refresh returns the token that replaces the refused one: one that somebody fetched meanwhile, or a fresh one, which
// is stored before anybody uses it. It fails with kind NeedsReconnect when the grant is gone, and then calls the vendor
// no more until a person has connected the side again. Given the current token it renews it, which keeps an idle
// grant alive. Why the vendor gives none is kept with the credential, for all to see, until it gives one.
func (s *TokenSource) Refresh(ctx context.Context, refused string) (crm.Token, error) {
	return s.refresh(ctx, refused, false)
}

// refresh is Refresh; early tells that the current token is good still, so that nothing is lost yet where there is no other.
func (s *TokenSource) refresh(ctx context.Context, refused string, early bool) (crm.Token, error) {
	s.mu.Lock()
	c := s.cached
	s.mu.Unlock()
	if c != nil && c.State != StateReconnect && c.bearer() != "" && c.bearer() != refused {
		return c.token(), nil
	}
	flight := s.flights.DoChan(fmt.Sprint("renew ", early, refused), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewLimit)
		defer cancel()
		return s.renew(ctx, refused, early)
	})
	return s.await(ctx, flight)
}

// KeepAlive renews the grant where it was not renewed for longer than an age: vendors end grants that lie idle, and a token
// that never runs out would let one. It tells whether it did, with dry whether it would, and fails as Refresh does. What has
// no grant that could lie idle, as a private token, is left alone. Safe to repeat.
func (s *TokenSource) KeepAlive(ctx context.Context, age time.Duration, dry bool) (due bool, err error) {
	c, err := s.current(ctx)
	if err != nil {
		return false, err
	}
	switch due = c.Flow == AuthorizationCode && s.endpoint.now().Sub(c.IssuedAt) >= age; {
	case c.State == StateReconnect:
		return false, s.fail(crm.NeedsReconnect, "the grant is gone: "+connectAgain, nil)
	case !due || dry:
		return due, nil
	}
	_, err = s.refresh(ctx, c.bearer(), s.endpoint.now().Before(c.ExpiresAt))
	return err == nil, err
}

// Works notes that the vendor takes the token that the side has: where it was refused before, that is over. What only a
// person can end stays. Safe to repeat.
func (s *TokenSource) Works(ctx context.Context) error {
	err := s.store.WithCredential(ctx, s.connection, s.side, func(c *Credential) (bool, error) {
		over := c.Refusal != nil && c.State != StateReconnect
		if over {
			c.Refusal = nil
		}
		return over, nil
	})
	if err != nil {
		return s.storeFailed(err)
	}
	return nil
}

// current returns the cached credential. One that needs a person is read again each time, for the person may have
// come.
func (s *TokenSource) current(ctx context.Context) (*Credential, error) {
	s.mu.Lock()
	c := s.cached
	s.mu.Unlock()
	if c != nil && c.State != StateReconnect {
		return c, nil
	}
	flight := s.flights.DoChan("load", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadLimit)
		defer cancel()
		loaded, err := s.store.LoadCredential(ctx, s.connection, s.side)
		if err != nil {
			return nil, s.storeFailed(err)
		}
		return s.remember(loaded, false), nil
	})
	select {
	case result := <-flight:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Credential), nil
	case <-ctx.Done():
		return nil, s.fail(crm.Unavailable, "the wait for the credential was given up", ctx.Err())
	}
}

func (s *TokenSource) await(ctx context.Context, flight <-chan singleflight.Result) (crm.Token, error) {
	select {
	case result := <-flight:
		if result.Err != nil {
			return crm.Token{}, result.Err
		}
		return result.Val.(crm.Token), nil
	case <-ctx.Done():
		return crm.Token{}, s.fail(crm.Unavailable, "the wait for a new token was given up", ctx.Err())
	}
}

// remember caches a copy of what is stored. One that was only loaded, without the lock, may be older than one in use.
func (s *TokenSource) remember(stored *Credential, locked bool) *Credential {
	own := *stored
	s.mu.Lock()
	defer s.mu.Unlock()
	if !locked && s.cached != nil && s.cached.State != StateReconnect {
		return s.cached
	}
	s.cached = &own
	return s.cached
}

func (s *TokenSource) earlyHeldUntil() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.earlyAfter
}

// dueAt is when four fifths of the token's life are over; never, as far as one can see, where its life is unknown.
func (c *Credential) dueAt() time.Time {
	if c.ExpiresAt.IsZero() || c.Flow == PrivateToken {
		return time.Unix(1<<40, 0)
	}
	return c.ExpiresAt.Add(-c.ExpiresAt.Sub(c.IssuedAt) / 5)
}

// pause waits for d, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
