package gohighleveltest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// call is one API request on its way.
type call struct {
	r       *http.Request
	path    []string // the segments that stand in the places of the route's {…}
	query   url.Values
	body    map[string]any
	grant   *grant
	version string
	options *Options
	effect  effect
	scratch []byte // space for the answer
}

// v3 tells whether the request asks for the newest version of the API.
func (c *call) v3() bool { return c.version == "v3" }

// reply is an answer.
type reply struct {
	status int
	body   []byte
	kind   string // of content; JSON when empty
	to     string // Location of a redirect
}

const maxBody = 8 << 20

var versions = map[string]bool{"2021-07-28": true, "2021-04-15": true, "2023-02-21": true, "v3": true}

var scratch = sync.Pool{New: func() any { return new([]byte) }}

// Handler serves the vendor's API, the authorisation page and the admin API.
func (f *Fake) Handler() http.Handler {
	admin := f.adminHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/__admin/") {
			admin.ServeHTTP(w, r)
			return
		}
		f.serve(w, r)
	})
}

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	route, path := find(r.Method, r.URL.Path)
	f.stats.arrived(route.name, route.oauth, f.clock())
	kind, delay := f.strike(r.Method, r.URL.Path, route.oauth)
	wait(r, delay)
	if kind == FaultCutBefore {
		f.stats.answered(0, effect{})
		cut(w)
		return
	}
	c := &call{r: r, path: path, options: f.options(), version: r.Header.Get("Version")}
	space := scratch.Get().(*[]byte)
	c.scratch = *space
	answer := f.answer(route, c, kind, w.Header())
	if kind == FaultCutAfter {
		f.stats.answered(0, c.effect)
		cut(w)
		return
	}
	f.stats.answered(answer.status, c.effect)
	answer.write(w)
	if cap(answer.body) > cap(*space) {
		*space = answer.body[:0]
	}
	scratch.Put(space)
}

// answer takes a request through the gateway's checks to its operation.
func (f *Fake) answer(route *route, c *call, fault string, h http.Header) reply {
	if route.newest && !c.v3() {
		return f.noRoute(c)
	}
	if fault == FaultExpiredToken {
		return f.fail(http.StatusUnauthorized, invalidJWT)
	}
	if !route.open {
		if refused, ok := f.admit(route, c, h); !ok {
			return refused
		}
	}
	switch fault {
	case Fault429:
		return f.fail(http.StatusTooManyRequests, "Too Many Requests")
	case Fault500:
		return f.fail(http.StatusInternalServerError, "Internal server error")
	case Fault503:
		return reply{status: http.StatusServiceUnavailable, kind: "text/html; charset=UTF-8", body: []byte(unavailablePage)}
	}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return f.fail(http.StatusBadRequest, "Bad Request")
	}
	c.query = query
	if refused, ok := f.readBody(c); !ok {
		return refused
	}
	return route.handle(f, c)
}

const unavailablePage = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n" +
	"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n"

// admit checks version, token, scope and allowance.
func (f *Fake) admit(route *route, c *call, h http.Header) (reply, bool) {
	if c.version == "" {
		return f.fail(http.StatusUnauthorized, "version header was not found."), false
	}
	if !versions[c.version] {
		return f.fail(http.StatusUnauthorized, "version header is invalid"), false
	}
	g, problem := f.authenticate(c.r.Header.Get("Authorization"))
	if problem != "" {
		return f.fail(http.StatusUnauthorized, problem), false
	}
	c.grant = g
	if !route.oauth {
		if refusal := f.limits.take(g.resource(c.options), c.options, f.clock(), h); refusal != "" {
			return f.fail(http.StatusTooManyRequests, refusal), false
		}
	}
	if problem := g.mayCall(route); problem != "" {
		return f.fail(http.StatusUnauthorized, problem), false
	}
	if g.UserType == userLocation && g.LocationID != c.options.LocationID {
		return f.fail(http.StatusForbidden, wrongLocation), false
	}
	return reply{}, true
}

// readBody decodes a JSON or form body; a body of another type is not looked at, as the vendor does.
func (f *Fake) readBody(c *call) (reply, bool) {
	if c.r.Method == http.MethodGet {
		return reply{}, true
	}
	c.body = map[string]any{}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, maxBody))
	if err != nil {
		return f.fail(http.StatusRequestEntityTooLarge, "request entity too large"), false
	}
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch {
	case len(raw) == 0:
	case kind == "application/json":
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil || d.Decode(new(any)) != io.EOF {
			return f.fail(http.StatusBadRequest, "Unexpected token in JSON"), false
		}
		if object, ok := v.(map[string]any); ok {
			c.body = object
		}
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return f.fail(http.StatusBadRequest, "Bad Request"), false
		}
		for k := range form {
			c.body[k] = form.Get(k)
		}
	}
	return reply{}, true
}

func (a reply) write(w http.ResponseWriter) {
	h := w.Header()
	if a.to != "" {
		h.Set("Location", a.to)
	} else if a.kind != "" {
		h.Set("Content-Type", a.kind)
	} else {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// ok answers with a value as JSON.
func ok(status int, v any) reply { return reply{status: status, body: []byte(mustJSON(v))} }

// fail answers with the vendor's flat error.
func (f *Fake) fail(status int, message any) reply {
	name := http.StatusText(status)
	return ok(status, map[string]any{"statusCode": status, "message": message, "error": name, "traceId": f.traces.uuid()})
}

// invalid answers 422 with every problem found.
func (f *Fake) invalid(problems ...string) reply {
	return f.fail(http.StatusUnprocessableEntity, problems)
}

const wrongLocation = "The token does not have access to this location."
