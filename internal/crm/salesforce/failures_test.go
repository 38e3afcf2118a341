package salesforce

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

// calls are one call of each effect, with the kind they have when their answer is lost.
var calls = map[string]struct {
	lost crm.Kind
	make func(context.Context, *Client) error
}{
	"a read": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		_, err := c.Query(ctx, "SELECT Id FROM Contact WHERE Email = 'ada@example.com'")
		return err
	}},
	"an update": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		return c.UpdateRecord(ctx, "Contact", "003000000000001AAA", crm.Document{"LastName": "Lovelace"})
	}},
	"a deletion": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		return c.DeleteRecord(ctx, "Contact", "003000000000001AAA")
	}},
	"an upsert": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		_, err := c.UpsertRecord(ctx, "Contact", "GHL_Id__c", "ada@example.com", crm.Document{"LastName": "Lovelace"})
		return err
	}},
	"upserts": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		_, err := c.UpsertRecords(ctx, "Contact", "GHL_Id__c", []crm.Document{{"GHL_Id__c": "a"}})
		return err
	}},
	"a creation": {crm.Ambiguous, func(ctx context.Context, c *Client) error {
		_, err := c.CreateRecord(ctx, "Contact", crm.Document{"LastName": "Lovelace"})
		return err
	}},
	"creations": {crm.Ambiguous, func(ctx context.Context, c *Client) error {
		_, err := c.CreateRecords(ctx, "Contact", []crm.Document{{"LastName": "Lovelace"}})
		return err
	}},
	"a composite creation": {crm.Ambiguous, func(ctx context.Context, c *Client) error {
		_, err := c.Composite(ctx, []crm.Subrequest{{Method: "POST", URL: "/sobjects/ContentNote", ReferenceID: "n"}})
		return err
	}},
	"a composite update": {crm.Unavailable, func(ctx context.Context, c *Client) error {
		_, err := c.Composite(ctx, []crm.Subrequest{{Method: "PATCH", URL: "/sobjects/Task/00T", ReferenceID: "n"}})
		return err
	}},
	"a batched creation": {crm.Ambiguous, func(ctx context.Context, c *Client) error {
		_, err := c.CompositeBatch(ctx, []crm.Subrequest{{Method: "POST", URL: "/sobjects/Task"}})
		return err
	}},
}

// listen answers every connection with the same bytes after it has read a whole request, then cuts it.
func listen(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if req, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
				_, _ = req.Body.Read(make([]byte, 1<<16))
				_, _ = connection.Write([]byte(answer))
			}
			_ = connection.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

func clientOf(t *testing.T, instance string) *Client {
	t.Helper()
	client, err := New(Config{Tokens: &grant{instance: instance}, HTTP: &http.Client{}})
	require.NoError(t, err)
	t.Cleanup(client.http.CloseIdleConnections)
	return client
}

func TestACutConnectionLeavesOnlyCreationsInDoubt(t *testing.T) {
	for cut, answer := range map[string]string{
		"before the answer":  "",
		"within the headers": "HTTP/1.1 201 Crea",
		"within the body":    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n[{\"id\":",
	} {
		t.Run(cut, func(t *testing.T) {
			client := clientOf(t, listen(t, answer))
			for name, call := range calls {
				e := refusal(t, call.make(t.Context(), client))
				require.Equal(t, call.lost, e.Kind, name)
				require.Error(t, e.Cause, name)
				requireNoSecrets(t, e)
			}
		})
	}
}

func TestARefusedConnectionLeavesNothingInDoubt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	client := clientOf(t, "http://"+listener.Addr().String())
	for name, call := range calls {
		e := refusal(t, call.make(t.Context(), client))
		require.Equal(t, crm.Unavailable, e.Kind, name)
		requireNoSecrets(t, e)
	}
}

func TestAnUnusableAnswerLeavesOnlyCreationsInDoubt(t *testing.T) {
	for _, body := range []string{"", "<html>", "null", "{", "[]", `{"done":false}`, `{"compositeResponse":[]}`} {
		for name, call := range calls {
			if name == "an update" || name == "a deletion" {
				continue // their answers are empty
			}
			o := newOrg(t, scripted{status: 200, body: body})
			e := refusal(t, call.make(t.Context(), o.Client))
			require.Equal(t, call.lost, e.Kind, "%s %s", name, body)
		}
	}
}

func TestACancelledCallSaysSo(t *testing.T) {
	arrived := make(chan struct{}, len(calls))
	server := newBlockingServer(t, arrived)
	for name, call := range calls {
		client := clientOf(t, server)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- call.make(ctx, client) }()
		<-arrived
		cancel()
		e := refusal(t, <-done)
		require.Equal(t, call.lost, e.Kind, name)
		require.ErrorIs(t, e, context.Canceled)
	}
}

func newBlockingServer(t *testing.T, arrived chan<- struct{}) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := make(chan struct{})
	t.Cleanup(func() { close(closed); _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = connection.Close() }()
				if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
					arrived <- struct{}{}
					<-closed
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestACallThatWasCancelledBeforeItLeftIsNotInDoubt(t *testing.T) {
	o := newOrg(t, scripted{status: 200})
	o.limiter.err = context.Canceled
	for name, call := range calls {
		e := refusal(t, call.make(t.Context(), o.Client))
		require.Equal(t, crm.Unavailable, e.Kind, name)
		require.ErrorIs(t, e, context.Canceled)
	}
	require.Empty(t, o.requests())
}

func TestAFailureOfTheLimiterOrTheTokensKeepsItsKind(t *testing.T) {
	spent := &crm.Error{Kind: crm.RateLimited}
	o := newOrg(t, scripted{status: 200})
	o.limiter.err = spent
	_, err := o.GetLimits(t.Context())
	require.Same(t, spent, err)

	revoked := &crm.Error{Kind: crm.NeedsReconnect}
	o.grant.err = revoked
	_, err = o.GetLimits(t.Context())
	require.Same(t, revoked, err)
}

func TestAnUnknownFailureOfTheTokensIsUnavailableAndKeepsNoText(t *testing.T) {
	o := newOrg(t, scripted{status: 200})
	o.grant.err = errors.New("refresh_token=secret-token-0 was refused")
	_, err := o.CreateRecord(t.Context(), "Contact", nil)
	e := refusal(t, err)
	require.Equal(t, crm.Unavailable, e.Kind)
	requireNoSecrets(t, e)
}

func requireNoSecrets(t *testing.T, e *crm.Error) {
	t.Helper()
	texts := []string{e.Error()}
	for cause := e.Cause; cause != nil; cause = errors.Unwrap(cause) {
		texts = append(texts, cause.Error())
	}
	for _, text := range texts {
		require.NotContains(t, text, "secret-token")
		require.NotContains(t, text, "ada")
		require.NotContains(t, text, "Lovelace")
		require.NotContains(t, text, "SELECT")
	}
}

// transport fails every call.
type transport struct{ err error }

func (t transport) RoundTrip(*http.Request) (*http.Response, error) { return nil, t.err }

type strangeFailure struct{}

func (strangeFailure) Error() string { return "secret-token-0 ada Lovelace SELECT" }

func TestAHostThatIsNotWhatItClaimsLeavesNothingInDoubt(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	_, err := clientOf(t, server.URL).CreateRecord(t.Context(), "Contact", nil)
	require.Equal(t, crm.Unavailable, crm.KindOf(err), "its certificate is unknown")

	unnamed, err := New(Config{Tokens: &grant{instance: "https://acme.invalid"}, HTTP: &http.Client{Transport: transport{&net.DNSError{}}}})
	require.NoError(t, err)
	_, err = unnamed.CreateRecord(t.Context(), "Contact", nil)
	require.Equal(t, crm.Unavailable, crm.KindOf(err), "its name is unknown")
}

func TestAStrangeFailureIsNamedByItsTypeOnly(t *testing.T) {
	client, err := New(Config{Tokens: &grant{instance: "https://acme.invalid"}, HTTP: &http.Client{Transport: transport{strangeFailure{}}}})
	require.NoError(t, err)
	for name, call := range calls {
		e := refusal(t, call.make(t.Context(), client))
		require.Equal(t, call.lost, e.Kind, name)
		require.EqualError(t, e.Cause, "salesforce.strangeFailure")
		requireNoSecrets(t, e)
	}
}

func TestACutAnswerStillTellsItsStatusAndWhatIsLeft(t *testing.T) {
	limiter := &allowance{}
	client, err := New(Config{Limiter: limiter, HTTP: &http.Client{}, Tokens: &grant{instance: listen(t,
		"HTTP/1.1 201 Created\r\nSforce-Limit-Info: api-usage=1/10\r\nContent-Length: 4000\r\n\r\n[{\"id\":")}})
	require.NoError(t, err)
	_, err = client.CreateRecord(t.Context(), "Contact", nil)
	require.Equal(t, 201, refusal(t, err).Status)
	require.Equal(t, []crm.Usage{{BurstRemaining: -1, DailyLimit: 10, DailyRemaining: 9}}, limiter.observed)
}
