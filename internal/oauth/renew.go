package oauth

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// renewSteps bounds a renewal: an agency's takes three steps at most, and each may have to be saved again.
	renewSteps = 6
	// savePause is the first pause before saving again; each further one is twice as long.
	savePause = 200 * time.Millisecond
)

// renewal is what the vendor granted and the store has not confirmed. It is kept until it is stored, for the refresh
// token that it replaces is spent.
type renewal struct {
	before, after Credential
}

// continues tells whether the stored credential is still the one that was renewed.
func (r *renewal) continues(stored *Credential) bool {
	return stored.Generation == r.before.Generation && stored.AccessToken == r.before.AccessToken &&
		stored.RefreshToken == r.before.RefreshToken && stored.AgencyAccessToken == r.before.AgencyAccessToken
}

// outcome is what the renewal comes to: an agency's takes a further step to its location's token.
func (r *renewal) outcome() outcome {
	return outcome{stored: r.after, save: true, done: r.after.Generation != r.before.Generation}
}

// outcome is what one step under the lock came to.
type outcome struct {
	stored Credential // as it is once the step is committed
	save   bool
	done   bool // there is a token that is not the refused one
	err    error
}

// renew replaces the refused token, step by step, each under the lock and committed before the next.
func (s *TokenSource) renew(ctx context.Context, refused string, early bool) (crm.Token, error) {
	var unsaved error
	for tries := range renewSteps {
		var step outcome
		err := s.store.WithCredential(ctx, s.connection, s.side, func(c *Credential) (bool, error) {
			step = s.step(ctx, *c, refused, early)
			*c = step.stored
			return step.save, nil
		})
		switch {
		case step.err != nil:
			if err == nil {
				s.remember(&step.stored, true)
			}
			return crm.Token{}, step.err
		case err != nil && s.held() == nil:
			return crm.Token{}, s.storeFailed(err)
		case err != nil:
			// What the vendor granted is lost unless it is stored: try again with what we hold.
			unsaved = err
			s.pause(ctx, savePause<<tries)
			continue
		}
		if step.save {
			s.hold(nil)
		}
		if step.done {
			s.remember(&step.stored, true)
			return step.stored.token(), nil
		}
	}
	if unsaved != nil {
		return crm.Token{}, s.storeFailed(unsaved)
	}
	return crm.Token{}, s.fail(crm.Unavailable, "the vendor gives no token that is taken", nil)
}

// step does the next thing that replaces the refused token. It runs under the lock.
func (s *TokenSource) step(ctx context.Context, c Credential, refused string, early bool) outcome {
	switch {
	case c.State == StateReconnect:
		return s.refusedBy(c, s.fail(crm.NeedsReconnect, "the grant is gone: "+connectAgain, nil), false)
	case c.bearer() != "" && c.bearer() != refused:
		return outcome{stored: c, done: true}
	case c.Flow == PrivateToken:
		return s.refusedBy(c, s.fail(crm.NeedsReconnect, "the private integration token is refused: make a new one and "+connectAgain, nil), false)
	}
	if held := s.held(); held != nil && held.continues(&c) {
		return held.outcome()
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < renewNeeds {
		return outcome{stored: c, err: s.fail(crm.Unavailable, "another worker held the credential for too long", nil)}
	}
	after, err := s.ask(ctx, c)
	if err != nil {
		return s.refusedBy(c, err, early)
	}
	after.Refusal = nil
	fresh := &renewal{before: c, after: after}
	s.hold(fresh)
	return fresh.outcome()
}

// refusedBy is what a step comes to for which the vendor gives no token. A grant that is gone is not tried again. Early tells
// that the current token is good still: then what may pass is nobody's concern yet.
func (s *TokenSource) refusedBy(c Credential, err error, early bool) outcome {
	var said *crm.Error
	if !errors.As(err, &said) || said.Kind.Class() != crm.Person {
		return outcome{stored: c, err: err}
	}
	gone := said.Kind == crm.NeedsReconnect && c.Flow == AuthorizationCode && c.State != StateReconnect
	if gone {
		c.State = StateReconnect
	}
	refusal := Refusal{State: record.RefusalSuspended, Reason: strings.TrimSuffix(said.Reason, ": "+connectAgain)}
	if said.Kind == crm.NeedsReconnect {
		refusal.State = record.RefusalReconnect
	}
	news := c.Refusal == nil || c.Refusal.State != refusal.State
	if early && !gone || !news {
		return outcome{stored: c, save: gone, err: err}
	}
	c.Refusal = &refusal
	return outcome{stored: c, save: true, err: err}
}

// ask calls the vendor for the next step of the credential's flow.
func (s *TokenSource) ask(ctx context.Context, c Credential) (Credential, error) {
	c = c.completed()
	if err := c.validate(); err != nil {
		return Credential{}, err
	}
	switch {
	case c.Side == record.GoHighLevel:
		return s.endpoint.renewGoHighLevel(ctx, c)
	case c.Flow == AuthorizationCode:
		return s.endpoint.renewSalesforce(ctx, c)
	default:
		return s.endpoint.mintSalesforce(ctx, c)
	}
}

func (s *TokenSource) held() *renewal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renewal
}

func (s *TokenSource) hold(r *renewal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renewal = r
}

func (s *TokenSource) storeFailed(err error) error {
	if errors.Is(err, ErrNoCredential) {
		return s.fail(crm.NeedsReconnect, "this side holds no credential: "+connectAgain, nil)
	}
	return s.fail(crm.Unavailable, "the credential could not be read or stored", err)
}

func (s *TokenSource) fail(kind crm.Kind, reason string, cause error) error {
	c := Credential{Side: s.side}
	return &crm.Error{Side: s.side, Operation: c.operation(), Kind: kind, Reason: reason, Cause: cause}
}
