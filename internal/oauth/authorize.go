package oauth

import (
	"context"
	"fmt"
	"net/http"
)

// Authorize lets a person grant access (flow authorization_code): it listens for the callback on a loopback address
// ("" means a free port of 127.0.0.1), has open show the vendor's page, waits, and exchanges the code. The credential's
// RedirectURL, where it has one, must lead to that address; else the address itself is the redirect. It fails with
// *crm.Error, or in words for a person.
func Authorize(ctx context.Context, client *http.Client, c Credential, listen string, open func(url string) error) (Credential, error) {
	c = c.completed()
	c.Flow = AuthorizationCode
	if err := c.validate(); err != nil {
		return Credential{}, err // before anybody types a password into a page that is not the vendor's
	}
	loopback, err := Listen(listen)
	if err != nil {
		return Credential{}, err
	}
	if c.RedirectURL == "" {
		c.RedirectURL = loopback.RedirectURL()
	}
	state, verifier := NewState(), NewVerifier()
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
	code, err := loopback.Wait(waiting, state)
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
