package salesforcetest

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

// clock is an org's time, which tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is an org behind HTTP, with a client that has a token.
type bench struct {
	*testing.T
	org    *Fake
	clock  *clock
	server *httptest.Server
	token  string
	header http.Header
}

const v67 = "/services/data/v67.0"

func newBench(t *testing.T, options Options) *bench {
	t.Helper()
	b := &bench{T: t, clock: &clock{at: time.Date(2026, 11, 23, 17, 0, 0, 250e6, time.UTC)}, header: http.Header{}}
	if options.Clock == nil {
		options.Clock = b.clock.now
	}
	b.org = New(options)
	b.server = httptest.NewServer(b.org.Handler())
	t.Cleanup(b.server.Close)
	b.token, _ = b.org.GrantToken()
	return b
}

type answer struct {
	status int
	header http.Header
	text   string
}

func (b *bench) try(method, path string, body any) (answer, error) {
	var in io.Reader
	switch v := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(v)
	default:
		in = bytes.NewReader(marshal(v))
	}
	r, err := http.NewRequest(method, b.server.URL+path, in)
	require.NoError(b, err)
	r.Header = b.header.Clone()
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	if in != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	client := *b.server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	return answer{w.StatusCode, w.Header, string(text)}, err
}

func (b *bench) do(method, path string, body any) answer {
	b.Helper()
	a, err := b.try(method, path, body)
	require.NoError(b, err)
	return a
}

// ok is do for a call that must succeed.
func (b *bench) ok(method, path string, body any) answer {
	b.Helper()
	a := b.do(method, path, body)
	require.Less(b, a.status, 300, "%s %s: %s", method, path, a.text)
	return a
}

type fields = map[string]any

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &out), a.text)
	return out
}

func (a answer) list(t *testing.T) []map[string]any {
	t.Helper()
	var out []map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &out), a.text)
	return out
}

// code is the first error's code.
func (a answer) code(t *testing.T) string {
	t.Helper()
	list := a.list(t)
	require.NotEmpty(t, list)
	code, _ := list[0]["errorCode"].(string)
	return code
}

func (b *bench) create(fields fields) string {
	b.Helper()
	id, _ := b.ok("POST", v67+"/sobjects/Contact", fields).object(b.T)["id"].(string)
	return id
}

func soqlPathOf(path, q string) string { return v67 + path + "?q=" + url.QueryEscape(q) }

// query runs SOQL to its end and returns the rows.
func (b *bench) query(q string) []map[string]any { b.Helper(); return b.rows("/query", q) }

func (b *bench) queryAll(q string) []map[string]any { b.Helper(); return b.rows("/queryAll", q) }

func (b *bench) rows(path, q string) []map[string]any {
	b.Helper()
	var out []map[string]any
	next := soqlPathOf(path, q)
	for next != "" {
		page := b.ok("GET", next, nil).object(b.T)
		records, _ := page["records"].([]any)
		for _, r := range records {
			out = append(out, r.(map[string]any))
		}
		next, _ = page["nextRecordsUrl"].(string)
	}
	return out
}

// column returns one field of each row.
func columnOf(rows []map[string]any, name string) []any {
	var out []any
	for _, r := range rows {
		out = append(out, r[name])
	}
	return out
}

func (b *bench) refused(q string) (code, message string) {
	b.Helper()
	a := b.do("GET", soqlPathOf("/query", q), nil)
	require.Equal(b, 400, a.status, a.text)
	text, _ := a.list(b.T)[0]["message"].(string)
	return a.code(b.T), text
}
