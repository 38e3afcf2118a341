package gohighlevel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

// listen starts a server below HTTP: handle gets each connection after one whole request was read from it.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				request, err := http.ReadRequest(bufio.NewReader(connection))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				handle(connection)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func clientOf(t *testing.T, address string, with *http.Client) *Client {
	t.Helper()
	if with == nil {
		with = &http.Client{}
	}
	client, err := New(Config{BaseURL: address, LocationID: "loc1", Tokens: &tokens{}, HTTP: with})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// everyCall is each method that takes one call, with the kind that a failure after sending has.
var everyCall = map[string]struct {
	call func(context.Context, *Client) error
	kind crm.Kind
}{
	"GetContact": {func(ctx context.Context, c *Client) error { _, err := c.GetContact(ctx, "c1"); return err }, crm.Unavailable},
	"ListContacts": {func(ctx context.Context, c *Client) error {
		_, err := c.ListContacts(ctx, crm.ContactList{})
		return err
	}, crm.Unavailable},
	"ListBusinessContacts": {func(ctx context.Context, c *Client) error {
		_, err := c.ListBusinessContacts(ctx, "b1", crm.BusinessContactList{})
		return err
	}, crm.Unavailable},
	"SearchContacts": {func(ctx context.Context, c *Client) error {
		_, err := c.SearchContacts(ctx, crm.ContactSearch{})
		return err
	}, crm.Unavailable},
	"FindDuplicateContact": {func(ctx context.Context, c *Client) error {
		_, err := c.FindDuplicateContact(ctx, crm.DuplicateLookup{Email: "ada@example.com", Phone: "+15550100"})
		return err
	}, crm.Unavailable},
	"CreateContact": {func(ctx context.Context, c *Client) error {
		_, err := c.CreateContact(ctx, crm.Document{"email": "ada@example.com"})
		return err
	}, crm.Ambiguous},
	"UpdateContact": {func(ctx context.Context, c *Client) error {
		_, err := c.UpdateContact(ctx, "c1", crm.Document{"email": "ada@example.com"})
		return err
	}, crm.Unavailable},
	"UpsertContact": {func(ctx context.Context, c *Client) error {
		_, _, err := c.UpsertContact(ctx, crm.Document{"email": "ada@example.com"})
		return err
	}, crm.Ambiguous},
	"DeleteContact": {func(ctx context.Context, c *Client) error { return c.DeleteContact(ctx, "c1") }, crm.Unavailable},
	"AddContactTags": {func(ctx context.Context, c *Client) error {
		_, err := c.AddContactTags(ctx, "c1", []string{"vip"})
		return err
	}, crm.Unavailable},
	"RemoveContactTags": {func(ctx context.Context, c *Client) error {
		_, err := c.RemoveContactTags(ctx, "c1", []string{"vip"})
		return err
	}, crm.Unavailable},
	"GetLocation":      {func(ctx context.Context, c *Client) error { _, err := c.GetLocation(ctx); return err }, crm.Unavailable},
	"ListCustomFields": {func(ctx context.Context, c *Client) error { _, err := c.ListCustomFields(ctx); return err }, crm.Unavailable},
	"CreateCustomField": {func(ctx context.Context, c *Client) error {
		_, err := c.CreateCustomField(ctx, crm.Document{"name": "Plan", "dataType": "TEXT", "model": "contact"})
		return err
	}, crm.Ambiguous},
	"ListTasks": {func(ctx context.Context, c *Client) error { _, err := c.ListTasks(ctx, "c1"); return err }, crm.Unavailable},
	"GetTask":   {func(ctx context.Context, c *Client) error { _, err := c.GetTask(ctx, "c1", "t1"); return err }, crm.Unavailable},
	"CreateTask": {func(ctx context.Context, c *Client) error {
		_, err := c.CreateTask(ctx, "c1", crm.Document{"title": "Call ada@example.com"})
		return err
	}, crm.Ambiguous},
	"UpdateTask": {func(ctx context.Context, c *Client) error {
		_, err := c.UpdateTask(ctx, "c1", "t1", crm.Document{"title": "Call ada@example.com"})
		return err
	}, crm.Unavailable},
	"SetTaskCompleted": {func(ctx context.Context, c *Client) error {
		_, err := c.SetTaskCompleted(ctx, "c1", "t1", true)
		return err
	}, crm.Unavailable},
	"DeleteTask": {func(ctx context.Context, c *Client) error { return c.DeleteTask(ctx, "c1", "t1") }, crm.Unavailable},
	"SearchTasks": {func(ctx context.Context, c *Client) error {
		_, err := c.SearchTasks(ctx, crm.TaskSearch{})
		return err
	}, crm.Unavailable},
	"ListNotes": {func(ctx context.Context, c *Client) error { _, err := c.ListNotes(ctx, "c1"); return err }, crm.Unavailable},
	"GetNote":   {func(ctx context.Context, c *Client) error { _, err := c.GetNote(ctx, "c1", "n1"); return err }, crm.Unavailable},
	"CreateNote": {func(ctx context.Context, c *Client) error {
		_, err := c.CreateNote(ctx, "c1", crm.Document{"body": "ada@example.com"})
		return err
	}, crm.Ambiguous},
	"UpdateNote": {func(ctx context.Context, c *Client) error {
		_, err := c.UpdateNote(ctx, "c1", "n1", crm.Document{"body": "ada@example.com"})
		return err
	}, crm.Unavailable},
	"DeleteNote": {func(ctx context.Context, c *Client) error { return c.DeleteNote(ctx, "c1", "n1") }, crm.Unavailable},
	"ListContactAppointments": {func(ctx context.Context, c *Client) error {
		_, err := c.ListContactAppointments(ctx, "c1")
		return err
	}, crm.Unavailable},
	"ListCalendars": {func(ctx context.Context, c *Client) error { _, err := c.ListCalendars(ctx); return err }, crm.Unavailable},
	"ListCalendarEvents": {func(ctx context.Context, c *Client) error {
		_, err := c.ListCalendarEvents(ctx, crm.CalendarEventList{CalendarID: "k1", Start: time.UnixMilli(1), End: time.UnixMilli(2)})
		return err
	}, crm.Unavailable},
	"GetAppointment": {func(ctx context.Context, c *Client) error { _, err := c.GetAppointment(ctx, "a1"); return err }, crm.Unavailable},
	"CreateAppointment": {func(ctx context.Context, c *Client) error {
		_, err := c.CreateAppointment(ctx, crm.Document{"title": "With ada@example.com"})
		return err
	}, crm.Ambiguous},
	"UpdateAppointment": {func(ctx context.Context, c *Client) error {
		_, err := c.UpdateAppointment(ctx, "a1", crm.Document{"title": "With ada@example.com"})
		return err
	}, crm.Unavailable},
	"DeleteCalendarEvent": {func(ctx context.Context, c *Client) error { return c.DeleteCalendarEvent(ctx, "a1") }, crm.Unavailable},
	"ListUsers":           {func(ctx context.Context, c *Client) error { _, err := c.ListUsers(ctx); return err }, crm.Unavailable},
}

// checkTransport holds a failure against what every transport failure owes its reader.
func checkTransport(t *testing.T, err error, kind crm.Kind) {
	t.Helper()
	got := failureOf(t, err)
	if got.Kind != kind {
		t.Errorf("got %s (%s), want %s", got.Kind, got.Reason, kind)
	}
	said := fmt.Sprintf("%v %+v %v", got, *got, errors.Unwrap(got))
	for _, secret := range []string{"ada", "5550100", "token-0", "email="} {
		if strings.Contains(said, secret) {
			t.Errorf("%q holds %q", said, secret)
		}
	}
}

func TestAConnectionThatIsNeverMadeLeavesNothingOpen(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	_ = listener.Close()
	client := clientOf(t, address, nil)
	for name, c := range everyCall {
		t.Run(name, func(t *testing.T) {
			err := c.call(t.Context(), client)
			checkTransport(t, err, crm.Unavailable)
			var dial *net.OpError
			if !errors.As(err, &dial) || dial.Op != "dial" {
				t.Errorf("the cause is %v", errors.Unwrap(err))
			}
		})
	}
}

func TestAConnectionCutAfterTheRequestLeavesOnlyCreatesOpen(t *testing.T) {
	client := clientOf(t, listen(t, func(net.Conn) {}), nil)
	for name, c := range everyCall {
		t.Run(name, func(t *testing.T) { checkTransport(t, c.call(t.Context(), client), c.kind) })
	}
}

func TestAnAnswerCutInItsMiddleLeavesOnlyCreatesOpen(t *testing.T) {
	for _, status := range []string{"200 OK", "400 Bad Request"} {
		client := clientOf(t, listen(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"contact\":{\"id\"")
		}), nil)
		for name, c := range everyCall {
			t.Run(status+" "+name, func(t *testing.T) { checkTransport(t, c.call(t.Context(), client), c.kind) })
		}
	}
}

func TestATimeOutAfterTheRequestLeavesOnlyCreatesOpen(t *testing.T) {
	for name, c := range everyCall {
		t.Run(name, func(t *testing.T) {
			ctx, expire := context.WithCancelCause(t.Context())
			ctx = endingWith{ctx, context.DeadlineExceeded}
			released := make(chan struct{})
			client := clientOf(t, listen(t, func(net.Conn) { expire(nil); <-released }), nil)
			err := c.call(ctx, client)
			close(released)
			checkTransport(t, err, c.kind)
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
				t.Errorf("the context's error is not in the chain of %v", err)
			}
		})
	}
}

// endingWith is a context that says it ended for another reason than it did, so that a deadline needs no clock.
type endingWith struct {
	context.Context
	err error
}

func (c endingWith) Err() error {
	if c.Context.Err() != nil {
		return c.err
	}
	return nil
}

func (c endingWith) Deadline() (time.Time, bool) { return time.Time{}, false }

// failing is a transport that fails with an error of its own.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestATransportsTextIsWithheldWhereItHoldsASecret(t *testing.T) {
	for name, err := range map[string]error{
		"the token":    errors.New("proxy refused Bearer token-0"),
		"an address":   &url.Error{Op: "Get", URL: "http://x/?email=ada@example.com", Err: errors.New("proxy down")},
		"both, nested": fmt.Errorf("outer: %w", &url.Error{Op: "Get", URL: "http://x/?email=ada@example.com", Err: errors.New("token-0")}),
	} {
		t.Run(name, func(t *testing.T) {
			client := clientOf(t, "http://gohighlevel.invalid", &http.Client{Transport: failing{err}})
			_, err := client.FindDuplicateContact(t.Context(), crm.DuplicateLookup{Email: "ada@example.com"})
			checkTransport(t, err, crm.Unavailable)
		})
	}
}
