package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// AuthorisationLife is how long a person may take at the vendor's page where the answer comes to the public address.
const AuthorisationLife = 10 * time.Minute

// lookEvery is how often it is looked whether an answer has come.
const lookEvery = 500 * time.Millisecond

// ErrNotAwaited is what Take fails with where an answer is not awaited any more: it was taken, or its time is over.
var ErrNotAwaited = errors.New("oauth: the answer of the authorisation page is not awaited any more")

// Authorisations pass the answers of authorisation pages from the public address, where a worker receives them, to whoever
// asked for them. A state is good for one answer, and an answer for one taker.
type Authorisations interface {
	// Await lets the answer that carries a state be received once within a time. The connection may be stored or not.
	Await(ctx context.Context, connection string, side record.Side, state string, within time.Duration) error
	// Answer keeps an answer, and tells whether it is awaited. A state that is unknown, over or used is all the same.
	Answer(ctx context.Context, state string, answer Answer) (awaited bool, err error)
	// Take returns the answer and forgets it; nil while there is none. It fails with ErrNotAwaited once none can come.
	Take(ctx context.Context, state string) (*Answer, error)
	// Forget lets nothing be received for a state any more. Safe to repeat.
	Forget(ctx context.Context, state string) error
}

// Public is the receiver at the workers' public address. Where Life is zero it is AuthorisationLife.
type Public struct {
	Authorisations Authorisations
	Connection     string
	Side           record.Side
	// Redirect is the public address with CallbackPath.
	Redirect string
	Life     time.Duration

	state string
}

var (
	_ Receiver = (*Public)(nil)
	_ Receiver = (*Loopback)(nil)
)

// RedirectURL implements Receiver.
func (p *Public) RedirectURL() string { return p.Redirect }

// Expect implements Receiver.
func (p *Public) Expect(ctx context.Context, state string) error {
	if p.Life == 0 {
		p.Life = AuthorisationLife
	}
	p.state = state
	return p.Authorisations.Await(ctx, p.Connection, p.Side, state, p.Life)
}

// Close implements Receiver.
func (p *Public) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return p.Authorisations.Forget(ctx, p.state)
}

// Wait implements Receiver.
func (p *Public) Wait(ctx context.Context, state string) (string, error) {
	defer func() { _ = p.Close() }() // what is left of it is forgotten once its time is over
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		answer, err := p.Authorisations.Take(ctx, state)
		switch {
		case errors.Is(err, ErrNotAwaited):
			return "", fmt.Errorf("oauth: nobody came back from the authorisation page within %s: does %s lead to a worker, and does the worker know it?", p.Life, p.Redirect)
		case ctx.Err() != nil:
		case err != nil:
			return "", err
		case answer != nil:
			return answer.outcome()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return "", fmt.Errorf("oauth: nobody came back from the authorisation page: %w", ctx.Err())
		}
	}
}

// CallbackHandler receives, at CallbackPath of the public address, the answers that are awaited. All others are refused in the
// same way, whether they carry no state, a wrong one, one whose time is over, or one that was used.
func CallbackHandler(awaited Authorisations, failed func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet { // a HEAD is somebody's preview, and must not use the answer up
			w.Header().Set("Allow", http.MethodGet)
			onlyGet(w)
			return
		}
		query := r.URL.Query()
		answer, ok := answerOf(query)
		state := query.Get("state")
		if ok && state != "" {
			var err error
			if ok, err = awaited.Answer(r.Context(), state, answer); err != nil {
				failed(err)
				page(w, http.StatusServiceUnavailable, "Try again", "The answer could not be kept. Load this page again.")
				return
			}
		}
		if !ok || state == "" {
			page(w, http.StatusBadRequest, "Not the authorisation we wait for",
				"This answer belongs to another attempt. Start again from the address that Tandem printed.")
			return
		}
		thanks(w, answer)
	})
}
