package salesforcetest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// headMax is how long the request line and the headers together may be.
	headMax = 16_384
	bodyMax = 50 << 20
	// gzipFrom is the size from which on answers are compressed for clients that accept it.
	gzipFrom = 1024
)

// Handler serves the org: OAuth, the identity URL, the data API, and below /__admin/ the Go methods of Fake over HTTP.
func (f *Fake) Handler() http.Handler { return http.HandlerFunc(f.serve) }

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if strings.HasPrefix(path, "/__admin/") {
		f.serveAdmin(w, r)
		return
	}
	data := strings.HasPrefix(path, "/services/data/v")
	operation := f.operation(r.Method, path)
	latency, fault := f.faults.draw(r.Method+" "+path, data)
	if !pause(r, latency) {
		return
	}
	if fault == "cut_before" {
		f.stats.answered(operation, 0, data)
		cut(w)
		return
	}
	answer := f.faulty(fault, bearerToken(r.Header))
	if answer == nil {
		answer = f.answer(r, path, data)
	}
	if fault == "cut_after" {
		f.stats.answered(operation, 0, data)
		cut(w)
		return
	}
	f.stats.answered(operation, answer.status, data)
	f.write(w, r, answer)
}

// operation names a request for the statistics.
func (f *Fake) operation(method, path string) string {
	if below, ok := strings.CutPrefix(path, "/services/data/"); ok {
		if _, segments, err := f.splitPath(below); err == nil {
			return operationOf(method, segments)
		}
		if below == "" {
			return method + " /services/data"
		}
		return method + " /services/data/{unknown}"
	}
	if strings.HasPrefix(path, "/id/") {
		return method + " /id"
	}
	return method + " " + strings.TrimPrefix(path, "/services")
}

// pause waits for a late answer; false when the client has gone meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// cut resets the connection, as far as the server lets it.
func cut(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// faulty is the answer of a fault that keeps the call from being carried out; nil for the others.
func (f *Fake) faulty(kind, token string) *reply {
	switch kind {
	case "429":
		return failWith(429, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.").reply()
	case "500":
		return failWith(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (-1234567890)").reply()
	case "503":
		return &reply{status: 503, kind: pageType, body: []byte("<html><head><title>Down for maintenance</title></head><body>We are down for maintenance. Sorry for the inconvenience.</body></html>")}
	case "expired_token":
		f.endSession(token)
		return sessionExpired().reply()
	}
	return nil
}

// answer carries a request out.
func (f *Fake) answer(r *http.Request, path string, data bool) *reply {
	if n := len(r.RequestURI); n > headMax {
		return failWith(http.StatusRequestURITooLong, "URI_TOO_LONG", "The length of the URI exceeds the limit").reply()
	} else if n+headerSize(r.Header) > headMax {
		return failWith(http.StatusRequestHeaderFieldsTooLarge, "HEADERS_TOO_LONG", "The combined length of the URI and headers exceeds the limit").reply()
	}
	body, err := readBody(r)
	if err != nil {
		return fail("JSON_PARSER_ERROR", "The HTTP entity body cannot be read").reply()
	}
	origin := "http://" + r.Host
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		origin = "https://" + r.Host
	}
	switch {
	case data:
		return f.data(r, path, origin, body)
	case path == "/services/data/" || path == "/services/data":
		return f.versions()
	case strings.HasPrefix(path, "/services/oauth2/"):
		return f.oauth(r, origin, strings.TrimPrefix(path, "/services/oauth2/"), body)
	case strings.HasPrefix(path, "/id/"):
		return f.identity(r, origin, path)
	case path == "/.well-known/openid-configuration":
		return f.discovery(origin)
	}
	return &reply{status: 404, kind: pageType, body: []byte("<html><body>URL No Longer Exists</body></html>")}
}

func headerSize(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v) + 4
		}
	}
	return n
}

func readBody(r *http.Request) ([]byte, error) {
	var in io.Reader = io.LimitReader(r.Body, bodyMax)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = io.LimitReader(unzipped, bodyMax)
	}
	if r.ContentLength > 0 && r.ContentLength < 1<<20 {
		b := bytes.NewBuffer(make([]byte, 0, r.ContentLength+bytes.MinRead))
		_, err := b.ReadFrom(in)
		return b.Bytes(), err
	}
	return io.ReadAll(in)
}

// data answers the data API: session first, then edition, then allowance, then the call itself.
func (f *Fake) data(r *http.Request, path, origin string, body []byte) *reply {
	if r.Header.Get("Authorization") != "" && bearerToken(r.Header) == "" {
		return failWith(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE").reply()
	}
	s, ok := f.session(bearerToken(r.Header))
	if !ok {
		return sessionExpired().reply()
	}
	if f.options.APIDisabled {
		return failWith(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.").reply()
	}
	now := f.now()
	if !f.usage.spend(now, f.dailyMax()) {
		return failWith(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").reply()
	}
	answer := f.call(r, path, origin, body, s, now)
	if answer.header == nil {
		answer.header = map[string]string{}
	}
	answer.header["Sforce-Limit-Info"] = f.limitInfo(now)
	return answer
}

func (f *Fake) call(r *http.Request, path, origin string, body []byte, s session, now time.Time) *reply {
	version, segments, err := f.splitPath(strings.TrimPrefix(path, "/services/data/"))
	if err != nil {
		return err.reply()
	}
	query := r.URL.Query()
	method := r.Method
	if override := query.Get("_HttpMethod"); method == http.MethodPost && override != "" {
		method = override
	}
	if kind := r.Header.Get("Content-Type"); len(body) > 0 && !strings.HasPrefix(strings.ToLower(kind), "application/json") {
		return failWith(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Content type "+strconv.Quote(kind)+" not supported").reply()
	}
	c := &call{
		f: f, now: now, method: method, path: segments, query: query, header: r.Header, body: body,
		origin: origin, base: fmt.Sprintf("/services/data/v%d.0", version), version: version, user: s.User,
	}
	return c.route()
}

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(errors.New("salesforcetest: gzip level"))
	}
	return w
}}

func (f *Fake) write(w http.ResponseWriter, r *http.Request, answer *reply) {
	h := w.Header()
	h.Set("Date", f.now().Format(http.TimeFormat))
	for name, value := range answer.header {
		h.Set(name, value)
	}
	if answer.kind != "" {
		h.Set("Content-Type", answer.kind)
	}
	body := answer.body
	if len(body) >= gzipFrom && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		b.Grow(len(body) / 4)
		z := gzipWriters.Get().(*gzip.Writer)
		z.Reset(&b)
		_, _ = z.Write(body)
		_ = z.Close()
		gzipWriters.Put(z)
		body = b.Bytes()
		h.Set("Content-Encoding", "gzip")
		h.Set("Vary", "Accept-Encoding")
	}
	if answer.status != http.StatusNoContent && answer.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.status)
	if r.Method != http.MethodHead && len(body) > 0 {
		_, _ = w.Write(body)
	}
}
