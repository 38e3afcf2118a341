package oauth

import (
	"context"
	"fmt"
	"net/http"
)

// Receiver receives the answer of the vendor's page.
type Receiver interface {
	// RedirectURL is the address that the vendor sends the browser back to.
	RedirectURL() string
	// Expect comes before the page is shown: from then on the answer that carries the state is received.
	Expect(ctx context.Context, state string) error
	// Wait returns the authorisation code of the one answer that carries the state. It fails when access was refused, in
	// words for a person, and when the context ends. It is called once, and ends the receiving.
	Wait(ctx context.Context, state string) (code string, err error)
	// Close ends the receiving where Wait is not called.
	Close() error
}

// Authorize lets a person grant access (flow authorization_code): it listens for the callback on a loopback address
// ("" means a free port of 127.0.0.1), has open show the vendor's page, waits, and exchanges the code. The credential's
// RedirectURL, where it has one, must lead to that address; else the address itself is the redirect. It fails with
// *crm.Error, or in words for a person.
func Authorize(ctx context.Context, client *http.Client, c Credential, listen string, open func(url string) error) (Credential, error) {
	c, err := asked(c)
	if err != nil {
		return Credential{}, err
	}
	loopback, err := Listen(listen)
	if err != nil {
		return Credential{}, err
	}
	if c.RedirectURL == "" {
		c.RedirectURL = loopback.RedirectURL()
	}
	return authorize(ctx, client, c, loopback, open)
}

// AuthorizeAt is Authorize with another receiver, whose address is the redirect whatever the credential says.
func AuthorizeAt(ctx context.Context, client *http.Client, c Credential, receiver Receiver, open func(url string) error) (Credential, error) {
	c, err := asked(c)
	if err != nil {
		return Credential{}, err
	}
	c.RedirectURL = receiver.RedirectURL()
	return authorize(ctx, client, c, receiver, open)
}

// asked completes what is asked of a person, and holds that it can be: before anybody types a password into a page that is
// not the vendor's.
func asked(c Credential) (Credential, error) {
	c = c.completed()
	c.Flow = AuthorizationCode
	return c, c.validate()
}

func authorize(ctx context.Context, client *http.Client, c Credential, receiver Receiver, open func(url string) error) (Credential, error) {
	state, verifier := NewState(), NewVerifier()
	if err := receiver.Expect(ctx, state); err != nil {
		_ = receiver.Close() // nothing was received
		return Credential{}, err
	}
	shown := make(chan error, 1)
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		err := open(AuthorizeURL(c, state, verifier))
		shown <- err
		if err != nil {
			cancel()
		}
	}()
	code, err := receiver.Wait(waiting, state)
	if err != nil {
		select {
		case failed := <-shown:
			if failed != nil {
				return Credential{}, fmt.Errorf("oauth: the authorisation page cannot be shown: %w", failed)
			}
		default:
		}
		return Credential{}, err
	}
	return Exchange(ctx, client, c, code, verifier)
}
