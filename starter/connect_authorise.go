package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/platform"
)

const listenUsage = "loopback address that receives the browser (default: the workers' public address in " + platform.EnvPublicURL +
	", else a free port of 127.0.0.1)"

// authorise has one side of a connection authorised, by a person where its flow needs one.
func (a *app) authorise(ctx context.Context, connection string, c oauth.Credential, listen string) (oauth.Credential, error) {
	client, err := a.outbound(c.Side)
	if err != nil {
		return c, err
	}
	if c.Flow != oauth.AuthorizationCode {
		return oauth.Acquire(ctx, client, c)
	}
	show := func(page string) error {
		// All at once: whoever grants access in no time must not be told afterwards that it is awaited.
		a.say("Grant access to %s in your browser; if it does not open, go to\n\n  %s\n\nWaiting for what comes back to %s; Ctrl-C gives up.",
			sideName(c.Side), page, redirectOf(page))
		if err := a.browse(page); err != nil {
			a.say("(the browser could not be opened: %v)", err)
		}
		return nil
	}
	receiver, err := a.publicReceiver(ctx, connection, c, listen)
	if err != nil {
		return c, err
	}
	if receiver == nil && listen == "" && strings.HasPrefix(c.RedirectURL, "https://") {
		return c, usageError{fmt.Errorf("the app's redirect address is %s: set %s, where it leads to the workers, or give --listen, where it leads to this machine",
			c.RedirectURL, platform.EnvPublicURL)}
	}
	if receiver == nil {
		return oauth.Authorize(ctx, client, c, listen, show)
	}
	return oauth.AuthorizeAt(ctx, client, c, receiver, show)
}

// redirectOf is the address that a vendor's page sends the browser back to.
func redirectOf(page string) string {
	address, err := url.Parse(page)
	if err != nil {
		return ""
	}
	return address.Query().Get("redirect_uri")
}

// publicReceiver returns the receiver at the workers' public address; nil where none is set, or another redirect is wanted.
func (a *app) publicReceiver(ctx context.Context, connection string, c oauth.Credential, listen string) (oauth.Receiver, error) {
	public, err := platform.SettingsFromEnv(a.lookup).Public()
	if err != nil {
		return nil, usageError{err}
	}
	if public == nil || listen != "" {
		return nil, nil
	}
	redirect := public.JoinPath(oauth.CallbackPath).String()
	if c.RedirectURL != "" && c.RedirectURL != redirect {
		return nil, nil
	}
	s, err := a.ledger(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := a.keys(ctx)
	if err != nil {
		return nil, err
	}
	return &oauth.Public{Authorisations: s.Authorisations(keys), Connection: connection, Side: c.Side, Redirect: redirect}, nil
}
