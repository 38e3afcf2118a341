package gohighlevel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/outbound"
)

// How much of a body is read: the largest page with room to spare, and more than any error says.
const (
	answerLimit = 32 << 20
	errorLimit  = 1 << 20
)

// call is one request to make.
type call struct {
	operation *operation
	ids       []string // of the path
	query     url.Values
	body      any // nil sends none
}

// answer is a vendor's 2xx.
type answer struct {
	status int
	body   map[string]any
}

// do makes one call: an allowance, a token, a request. Where the vendor refuses the token as spent, it asks for a
// fresh one, once, and makes the call again; a refused call was not carried out, so that is safe for every operation.
func (c *Client) do(ctx context.Context, call call) (answer, error) {
	var body []byte
	if call.body != nil {
		encoded, err := json.Marshal(call.body)
		if err != nil {
			return answer{}, refuse(call.operation, "the request cannot be written as JSON")
		}
		body = encoded
	}
	for _, id := range call.ids {
		if id == "" || id == "." || id == ".." {
			return answer{}, refuse(call.operation, "the id is empty or no id")
		}
	}
	if err := c.limiter.Acquire(ctx); err != nil {
		return answer{}, beforehand(call.operation, "waiting for the API allowance failed", err)
	}
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return answer{}, beforehand(call.operation, "no token could be had", err)
	}
	result, err := c.send(ctx, call, body, token.Access)
	var failure *crm.Error
	if !errors.As(err, &failure) || failure.Code != codeTokenInvalid {
		return result, err
	}
	fresh, err := c.tokens.Refresh(ctx, token.Access)
	if err != nil {
		return answer{}, beforehand(call.operation, "the refused token could not be refreshed", err)
	}
	if fresh.Access == token.Access {
		return answer{}, failure
	}
	if err := c.limiter.Acquire(ctx); err != nil {
		return answer{}, beforehand(call.operation, "waiting for the API allowance failed", err)
	}
	return c.send(ctx, call, body, fresh.Access)
}

func (c *Client) send(ctx context.Context, call call, body []byte, token string) (answer, error) {
	op := call.operation
	// A connection in hand counts as sent: from then on nobody can tell how many bytes went out.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	request, err := c.request(ctx, call, body, token)
	if err != nil {
		return answer{}, refuse(op, "the request cannot be built")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, unanswered(op, sent.Load(), err, token)
	}
	defer response.Body.Close()
	c.limiter.Observe(UsageFrom(response.StatusCode, response.Header, c.now()))

	success := response.StatusCode >= 200 && response.StatusCode < 300
	limit := int64(errorLimit)
	if success {
		limit = answerLimit
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if !success {
		if err != nil && response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests {
			// Which refusal it is stands in the part that is missing.
			failure := unanswered(op, true, err, token)
			failure.Status = response.StatusCode
			return answer{}, failure
		}
		return answer{}, check(op, response.StatusCode, response.Header, content[:min(int64(len(content)), limit)], c.now())
	}
	switch {
	case err != nil:
		return answer{}, unanswered(op, true, err, token)
	case int64(len(content)) > limit:
		return answer{}, unreadable(op, response.StatusCode, codeTooLarge, "the answer is larger than any page")
	}
	fields, ok := decodeObject(content)
	if !ok {
		return answer{}, unreadable(op, response.StatusCode, codeNotJSON, "the answer is not a JSON object")
	}
	return answer{status: response.StatusCode, body: fields}, nil
}

// request is the one builder of requests.
func (c *Client) request(ctx context.Context, call call, body []byte, token string) (*http.Request, error) {
	address := c.baseURL + call.operation.path(call.ids)
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, call.operation.method(), address, reader)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Version", versionOf(call.operation, c.versions))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// refuse is the error of a request that is not worth sending.
func refuse(op *operation, reason string) *crm.Error {
	return newError(op, crm.Invalid, 0, codeBadRequest, reason)
}

// beforehand is the error of a request that was not sent because something else failed. What another room classified
// already stands.
func beforehand(op *operation, reason string, err error) error {
	var known *crm.Error
	if errors.As(err, &known) {
		return err
	}
	failure := newError(op, crm.Unavailable, 0, "", reason)
	failure.Cause = contextCause(err)
	return failure
}

// unanswered is the error of a request whose answer did not come, or not whole.
func unanswered(op *operation, sent bool, err error, token string) *crm.Error {
	var refused *outbound.Refused
	if errors.As(err, &refused) {
		return refuse(op, refused.Reason)
	}
	reason := "the connection failed"
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		reason = "the call was cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		reason = "the call timed out"
	case !sent:
		reason = "no connection could be made"
	}
	kind := crm.Unavailable
	if sent && op.effect == creates {
		kind = crm.Ambiguous
		reason += " after the request was sent"
	}
	failure := newError(op, kind, 0, "", reason)
	failure.Cause = withoutSecrets(err, token)
	return failure
}

// unreadable is the error of a 2xx that does not say what it should.
func unreadable(op *operation, status int, code, reason string) *crm.Error {
	kind := crm.Unavailable
	if op.effect == creates {
		kind = crm.Ambiguous
	}
	return newError(op, kind, status, code, reason)
}

// withoutSecrets takes the address off a transport failure, since its query may hold an e-mail or a phone, and
// withholds a text in which the token turns up.
func withoutSecrets(err error, token string) error {
	var withAddress *url.Error
	for errors.As(err, &withAddress) && withAddress.Err != nil {
		err = withAddress.Err
	}
	if token != "" && strings.Contains(err.Error(), token) {
		return errors.New("transport failure (its text is withheld)")
	}
	return err
}

// contextCause keeps of a foreign error what is safe to keep: whether a context ended.
func contextCause(err error) error {
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return ended
		}
	}
	return nil
}
