package gohighleveltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// caller talks to a Fake over HTTP as an integration does.
type caller struct {
	t       testing.TB
	fake    *Fake
	server  *httptest.Server
	clock   *clock
	token   string
	version string
}

type object = map[string]any

func start(t testing.TB, o Options) *caller {
	t.Helper()
	c := &caller{t: t, version: "2021-07-28"}
	if o.Clock == nil {
		c.clock = newClock()
		o.Clock = c.clock.Now
	}
	c.fake = New(o)
	c.server = httptest.NewServer(c.fake.Handler())
	t.Cleanup(c.server.Close)
	c.token, _ = c.fake.GrantToken()
	return c
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   object
	raw    string
}

func (a answer) message() string {
	switch m := a.body["message"].(type) {
	case string:
		return m
	case []any:
		var all []string
		for _, x := range m {
			all = append(all, x.(string))
		}
		return strings.Join(all, "; ")
	}
	return ""
}

func (a answer) contact() object { return a.body["contact"].(object) }

func (a answer) rows() []object {
	out := []object{}
	for _, x := range a.body["contacts"].([]any) {
		out = append(out, x.(object))
	}
	return out
}

func ids(rows []object) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r["id"].(string))
	}
	return out
}

func (c *caller) request(method, path string, body any) *http.Request {
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(c.t, err)
		r = bytes.NewReader(raw)
	}
	q, err := http.NewRequest(method, c.server.URL+path, r)
	require.NoError(c.t, err)
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if c.version != "" {
		q.Header.Set("Version", c.version)
	}
	q.Header.Set("Authorization", "Bearer "+c.token)
	return q
}

func (c *caller) send(q *http.Request) (answer, error) {
	client := *c.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := client.Do(q)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: r.StatusCode, header: r.Header, raw: string(raw)}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && raw[0] == '{' {
		require.NoError(c.t, json.Unmarshal(raw, &a.body), a.raw)
	}
	return a, nil
}

// do sends a request that must be answered.
func (c *caller) do(method, path string, body any) answer {
	c.t.Helper()
	a, err := c.send(c.request(method, path, body))
	require.NoError(c.t, err)
	return a
}

// want sends a request that must be answered with the status.
func (c *caller) want(status int, method, path string, body any) answer {
	c.t.Helper()
	a := c.do(method, path, body)
	require.Equal(c.t, status, a.status, a.raw)
	return a
}

// create creates a contact over the API.
func (c *caller) create(fields object) string {
	c.t.Helper()
	fields["locationId"] = c.fake.LocationID()
	return c.want(201, "POST", "/contacts/", fields).contact()["id"].(string)
}

func (c *caller) search(body object) answer {
	c.t.Helper()
	body["locationId"] = c.fake.LocationID()
	if body["pageLimit"] == nil {
		body["pageLimit"] = 100
	}
	return c.do("POST", "/contacts/search", body)
}

// form posts to the token endpoint.
func (c *caller) form(path string, fields map[string]string) answer {
	c.t.Helper()
	values := url.Values{}
	for k, v := range fields {
		values.Set(k, v)
	}
	q, err := http.NewRequest("POST", c.server.URL+path, strings.NewReader(values.Encode()))
	require.NoError(c.t, err)
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Version", c.version)
	q.Header.Set("Authorization", "Bearer "+c.token)
	a, err := c.send(q)
	require.NoError(c.t, err)
	return a
}

func (c *caller) refresh(token string) answer {
	c.t.Helper()
	return c.form("/oauth/token", map[string]string{
		"client_id": DefaultClientID, "client_secret": DefaultClientSecret, "grant_type": "refresh_token", "refresh_token": token,
	})
}

func ptr[T any](v T) *T { return &v }
