package salesforcetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one request to the data API, from a client or from inside a composite request.
type call struct {
	f       *Fake
	now     time.Time
	method  string
	path    []string // below the version, unescaped
	query   url.Values
	header  http.Header
	body    []byte
	origin  string // "https://host"
	base    string // "/services/data/v67.0"
	version int
	user    uint32 // position in the User table
	// shared is the writer of the composite request that this is a part of; the write lock is held then.
	shared *writer
	// allOrNone is what that request says, which holds for its collections too, whatever they say.
	allOrNone bool
}

// reply is an answer.
type reply struct {
	status int
	header map[string]string
	kind   string // content type
	body   []byte
	failed bool // a collection of which a record failed
}

const jsonType = "application/json;charset=UTF-8"

func json200(body []byte) *reply { return &reply{status: 200, kind: jsonType, body: body} }

func jsonReply(status int, body []byte) *reply {
	return &reply{status: status, kind: jsonType, body: body}
}

func noContent() *reply { return &reply{status: 204} }

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("salesforcetest: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (e *apiError) reply() *reply { return errorReply([]*apiError{e}) }

func errorReply(errs []*apiError) *reply {
	status := errs[0].status
	if status == 0 {
		status = 400
	}
	return jsonReply(status, appendErrors(nil, "errorCode", errs))
}

// read takes the read lock, unless the call is part of one that holds the write lock.
func (c *call) read() (unlock func()) {
	if c.shared != nil {
		return func() {}
	}
	c.f.rlock(c.now)
	return c.f.mu.RUnlock
}

func (c *call) write() (unlock func()) {
	if c.shared != nil {
		return func() {}
	}
	c.f.mu.Lock()
	c.f.publishDue(c.now)
	return c.f.mu.Unlock
}

// writer returns what carries out the call's writes. The caller holds the write lock.
func (c *call) writer(single bool) *writer {
	rule := c.header.Get("Sforce-Duplicate-Rule-Header")
	w := c.shared
	if w == nil {
		w = &writer{f: c.f, now: c.now, user: c.user}
	}
	w.single, w.base, w.operation = single, c.base, c.method+" "+c.base+"/"+strings.Join(c.path, "/")
	w.allowSave = headerOption(rule, "allowSave") == "true"
	w.details = headerOption(rule, "includeRecordDetails") == "true"
	return w
}

// finish counts a writer's work, once it can no longer be taken back.
func (c *call) finish(w *writer) {
	if c.shared == nil {
		c.f.stats.wrote(w)
	}
}

// headerOption reads one option of a header like "allowSave=true; runAsCurrentUser=true".
func headerOption(header, name string) string {
	for option := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ';' || r == ',' }) {
		key, value, _ := strings.Cut(option, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.ToLower(strings.TrimSpace(value))
		}
	}
	return ""
}

// decode reads the body as JSON.
func (c *call) decode(into any) *apiError { return decodeJSON(c.body, into) }

func decodeJSON(body []byte, into any) *apiError {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fail("JSON_PARSER_ERROR", "The HTTP entity body cannot be read: it is empty, or not the JSON that is expected here")
	}
	if _, err := d.Token(); err != io.EOF {
		return fail("JSON_PARSER_ERROR", "Unexpected content after the JSON value")
	}
	return nil
}

// methodNotAllowed is the answer to a method that a resource does not have.
func (c *call) methodNotAllowed(allowed string) *reply {
	r := failWith(405, "METHOD_NOT_ALLOWED", "HTTP Method '"+c.method+"' not allowed. Allowed are "+allowed).reply()
	r.header = map[string]string{"Allow": allowed}
	return r
}

// route answers the call. It returns an answer or an error, never both.
func (c *call) route() *reply {
	r, err := c.dispatch()
	if err != nil {
		return err.reply()
	}
	return r
}

func (c *call) dispatch() (*reply, *apiError) {
	p := append(append([]string(nil), c.path...), "", "", "", "")
	get, post := c.method == "GET" || c.method == "HEAD", c.method == "POST"
	depth := len(c.path)
	switch {
	case depth == 0:
		return c.only("GET", get, c.resources)
	case p[0] == "limits" && depth == 1:
		return c.only("GET", get, c.limits)
	case (p[0] == "query" || p[0] == "queryAll") && depth == 1:
		return c.only("GET", get, func() (*reply, *apiError) { return c.soql(p[0] == "queryAll") })
	case (p[0] == "query" || p[0] == "queryAll") && depth == 2:
		return c.only("GET", get, func() (*reply, *apiError) { return c.more(p[1]) })
	case p[0] == "sobjects" && depth == 1:
		return c.only("GET", get, c.listObjects)
	case p[0] == "sobjects":
		return c.dispatchObject(p[1], p[2], p[3], depth)
	case p[0] == "tooling" && p[1] == "sobjects" && p[2] == "CustomField" && depth == 3:
		return c.only("POST", post, c.createField)
	case p[0] == "composite" && depth == 1:
		return c.only("POST", post, c.composite)
	case p[0] == "composite" && p[1] == "batch" && depth == 2:
		return c.only("POST", post, c.batch)
	case p[0] == "composite" && p[1] == "sobjects":
		return c.dispatchCollection(p[2], p[3], depth)
	}
	return nil, notFound()
}

func (c *call) only(allowed string, is bool, handle func() (*reply, *apiError)) (*reply, *apiError) {
	if !is {
		return c.methodNotAllowed(allowed), nil
	}
	return handle()
}

func (c *call) dispatchObject(object, key, value string, depth int) (*reply, *apiError) {
	t := c.f.table(object)
	if t == nil {
		return nil, notFound()
	}
	switch {
	case depth == 2 && c.method == "GET":
		return c.objectInfo(t)
	case depth == 2 && c.method == "POST":
		return c.createRow(t)
	case depth == 2:
		return c.methodNotAllowed("GET,HEAD,POST"), nil
	case depth == 3 && key == "describe":
		return c.only("GET", c.method == "GET", func() (*reply, *apiError) { return c.describe(t) })
	case depth == 3 && key == "updated":
		return c.only("GET", c.method == "GET", func() (*reply, *apiError) { return c.updated(t) })
	case depth == 3 && key == "deleted":
		return c.only("GET", c.method == "GET", func() (*reply, *apiError) { return c.deletedRows(t) })
	case depth > 4:
		return nil, notFound()
	}
	switch c.method {
	case "GET", "HEAD":
		return c.getRow(t, key, value, depth == 4)
	case "PATCH":
		if depth == 4 {
			return c.upsertRow(t, key, value)
		}
		return c.updateRow(t, key)
	case "DELETE":
		return c.deleteRow(t, key, value, depth == 4)
	}
	return c.methodNotAllowed("DELETE,GET,HEAD,PATCH"), nil
}

func (c *call) dispatchCollection(object, externalID string, depth int) (*reply, *apiError) {
	switch {
	case depth == 2 && c.method == "POST":
		return c.collection(false)
	case depth == 2 && c.method == "PATCH":
		return c.collection(true)
	case depth == 2 && c.method == "DELETE":
		return c.deleteCollection()
	case depth == 2:
		return c.methodNotAllowed("DELETE,PATCH,POST"), nil
	case depth == 3:
		return c.only("GET,POST", c.method == "GET" || c.method == "POST", func() (*reply, *apiError) { return c.retrieve(object) })
	case depth == 4:
		return c.only("PATCH", c.method == "PATCH", func() (*reply, *apiError) { return c.upsertCollection(object, externalID) })
	}
	return nil, notFound()
}

// inner makes a call out of a subrequest's URL, which starts with /services/data/ or, in a batch, with the version.
func (c *call) inner(method, rawURL string, header http.Header, body []byte) (*call, *apiError) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, notFound()
	}
	path := strings.TrimPrefix(strings.TrimPrefix(u.EscapedPath(), "/"), "services/data/")
	version, segments, fault := c.f.splitPath(path)
	if fault != nil {
		return nil, fault
	}
	in := *c
	in.method, in.path, in.query, in.header, in.body = method, segments, u.Query(), header, body
	in.version, in.base = version, "/services/data/v"+strconv.Itoa(version)+".0"
	return &in, nil
}

// splitPath takes apart "v67.0/sobjects/Contact".
func (f *Fake) splitPath(escaped string) (version int, segments []string, err *apiError) {
	parts := strings.Split(strings.TrimSuffix(escaped, "/"), "/")
	for _, v := range f.options.APIVersions {
		if parts[0] == "v"+v {
			version, _ = strconv.Atoi(strings.TrimSuffix(v, ".0"))
		}
	}
	if version == 0 {
		return 0, nil, notFound()
	}
	for _, part := range parts[1:] {
		segment, err := url.PathUnescape(part)
		if err != nil {
			return 0, nil, notFound()
		}
		segments = append(segments, segment)
	}
	return version, segments, nil
}
