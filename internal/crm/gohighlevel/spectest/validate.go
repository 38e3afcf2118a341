package spectest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

var checked, skipped atomic.Int64

// Checked returns how many exchanges have been checked in this process.
func Checked() int64 { return checked.Load() }

// Skipped returns how often Validate found no description and let everything pass.
func Skipped() int64 { return skipped.Load() }

// Validate returns a handler that passes everything to next and reports to t each exchange that breaks HighLevel's
// description, once per kind of breach. A request is checked when next takes it with a 2xx, so that a test may send
// what must be refused; an answer is checked when it is a 2xx or HighLevel's own form of an error. Paths outside the
// description pass unchecked. Without a description Validate says so in t's log, counts it, and returns next itself.
func Validate(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	described, err := load()
	return validate(t, next, described, err)
}

func validate(t testing.TB, next http.Handler, described *description, err error) http.Handler {
	t.Helper()
	if errors.Is(err, errNoDescription) {
		skipped.Add(1)
		t.Log(err)
		return next
	}
	if err != nil {
		t.Errorf("%v", err)
		return next
	}
	return &validator{described: described, next: next, report: newReport(t)}
}

type validator struct {
	described *description
	next      http.Handler
	report    *report
}

// ServeHTTP passes the exchange on and checks it afterwards.
func (v *validator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	request := r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &recorder{ResponseWriter: w, status: http.StatusOK}
	v.next.ServeHTTP(answer, r)
	if answer.hijacked || r.Header.Get("Version") == "v3" {
		return
	}
	v.check(request, body, answer)
}

func (v *validator) check(request *http.Request, body []byte, answer *recorder) {
	success := answer.status >= 200 && answer.status < 300
	path := request.URL.EscapedPath()
	found, ids, ok := v.described.find(request.Method, path)
	if !ok {
		first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if success && v.described.prefixes[first] && first != "oauth" {
			v.report.breach(request.Method+" "+path, "request", errors.New("the description has no such operation"))
		}
		return
	}
	checked.Add(1)
	input := &openapi3filter.RequestValidationInput{
		Request:    request,
		PathParams: ids,
		Route: &routers.Route{
			Spec: found.document, Path: found.template, PathItem: found.item, Method: found.method, Operation: found.operation,
		},
		Options: &openapi3filter.Options{
			MultiError: true, SkipSettingDefaults: true, AuthenticationFunc: carriesBearer, RejectWhenRequestBodyNotSpecified: true,
		},
	}
	ctx := request.Context()
	if success {
		request.Body = io.NopCloser(bytes.NewReader(body))
		v.report.breach(found.name(), "request", openapi3filter.ValidateRequest(ctx, input))
	}
	if !success && !bytes.Contains(answer.body.Bytes(), []byte(`"statusCode"`)) {
		return
	}
	v.report.breach(found.name(), fmt.Sprintf("answer %d", answer.status),
		openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input,
			Status:                 documented(found.operation, answer.status),
			Header:                 answer.Header(),
			Body:                   io.NopCloser(bytes.NewReader(answer.body.Bytes())),
			Options:                &openapi3filter.Options{MultiError: true, IncludeResponseStatus: success},
		}))
}

// documented returns the success status that the description has for an operation, where the actual one is another.
func documented(operation *openapi3.Operation, status int) int {
	if status < 200 || status > 299 || operation.Responses.Status(status) != nil {
		return status
	}
	for other := 200; other < 300; other++ {
		if operation.Responses.Status(other) != nil {
			return other
		}
	}
	return status
}

func carriesBearer(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(header, "Bearer "); !ok || token == "" {
		return errors.New("there is no bearer token")
	}
	return nil
}

// recorder keeps what a handler answers while it passes through.
type recorder struct {
	http.ResponseWriter
	status   int
	wrote    bool
	hijacked bool
	body     bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote && status >= 200 {
		r.wrote, r.status = true, status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(content []byte) (int, error) {
	r.wrote = true
	r.body.Write(content)
	return r.ResponseWriter.Write(content)
}

// report tells a test about breaches, each once and none after its end.
type report struct {
	mu   sync.Mutex
	t    testing.TB
	seen map[string]bool
	over bool
}

func newReport(t testing.TB) *report {
	r := &report{t: t, seen: map[string]bool{}}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.over = true
	})
	return r
}

func (r *report) breach(operation, part string, err error) {
	if err == nil {
		return
	}
	text := fmt.Sprintf("%s: %s breaks HighLevel's description: %s", operation, part, summary(err))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.seen[text] {
		return
	}
	r.seen[text] = true
	r.t.Errorf("%s", text)
}
