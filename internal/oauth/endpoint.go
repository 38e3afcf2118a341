package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// tryTimeout bounds one request. Two of them fit into the 30 seconds in which GoHighLevel still honours a refresh
	// token that was spent already.
	tryTimeout = 10 * time.Second
	maxBody    = 1 << 20
)

// endpoint calls a vendor's token endpoint. It follows no redirect: the request carries secrets.
type endpoint struct {
	client *http.Client // nil means one that reaches the side's own hosts only
	now    func() time.Time
}

func newEndpoint(client *http.Client, now func() time.Time) endpoint {
	return endpoint{client: client, now: now}
}

// answer is a complete response of any status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// call runs ask, which sends one request with the client, and returns the response whole.
// It fails only when there is none. What x/oauth2 makes of the response is not used: it rejects a token response whole
// for a lifetime it cannot parse, and its errors quote the body.
func (e endpoint) call(ctx context.Context, side record.Side, operation string, ask func(ctx context.Context, client *http.Client) error) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	given := e.client
	if given == nil {
		given = outbound.Client(side, outbound.Hosts{})
	}
	capture := &capturingTransport{next: given.Transport}
	client := &http.Client{
		Transport:     capture,
		Timeout:       given.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// x/oauth2 takes its client from the context.
	err := ask(context.WithValue(ctx, oauth2.HTTPClient, client), client)
	if capture.answer != nil {
		return capture.answer, nil
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var refused *outbound.Refused
	if errors.As(err, &refused) {
		return nil, &crm.Error{Side: side, Operation: operation, Kind: crm.NeedsAccess, Reason: refused.Reason}
	}
	reason := "the token endpoint could not be reached"
	if ctx.Err() != nil {
		reason = "the token endpoint did not answer in time"
	}
	return nil, &crm.Error{Side: side, Operation: operation, Kind: crm.Unavailable, Reason: reason, Cause: err}
}

// capturingTransport keeps the last response whole.
type capturingTransport struct {
	next   http.RoundTripper
	answer *answer
}

// RoundTrip sends the request.
func (t *capturingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	t.answer = nil
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	t.answer = &answer{status: response.StatusCode, header: response.Header, body: body}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// config is the part of x/oauth2's configuration that both vendors share.
func (c *Credential) config() *oauth2.Config {
	return &oauth2.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret,
		Endpoint:     oauth2.Endpoint{AuthURL: c.AuthURL, TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
		RedirectURL:  c.RedirectURL,
		Scopes:       c.Scopes,
	}
}

// exchangeCode asks for the tokens of an authorisation code.
func (e endpoint) exchangeCode(ctx context.Context, c *Credential, operation, code string, options ...oauth2.AuthCodeOption) (*answer, error) {
	return e.call(ctx, c.Side, operation, func(ctx context.Context, _ *http.Client) error {
		_, err := c.config().Exchange(ctx, code, options...)
		return err
	})
}

// spendRefreshToken asks for the tokens that replace the refresh token's.
func (e endpoint) spendRefreshToken(ctx context.Context, c *Credential, operation string) (*answer, error) {
	return e.call(ctx, c.Side, operation, func(ctx context.Context, _ *http.Client) error {
		_, err := c.config().TokenSource(ctx, &oauth2.Token{RefreshToken: c.RefreshToken}).Token()
		return err
	})
}
